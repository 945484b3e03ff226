"""Words of relations with a typing error, in a text that is posed as a question: `libretist`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.questions.subject_spellings import is_known, less, sound, swaps
from mucpt_utils.pipeline.questions.vocabulary import RULES, is_common, vocabulary
from mucpt_utils.pipeline.questions.words import MOST_FORMS, stem, words

# fewest letters of a word with an error, and of the word that was meant
SHORTEST_MEANT = 5
SILENT = {"wr": "r", "kn": "n"}


@cache
def meant_words() -> Mapping[str, frozenset[str]]:
    """The longer words of relations and kinds of answer by their sound, and with a letter less."""
    content = read_yaml(RULES)
    groups = [*content["concepts"].values(), *content["kinds"].values()]
    known = {w for group in groups for text in group for w in words(str(text))}
    forms: dict[str, set[str]] = defaultdict(set)
    for word in known:
        if len(word) >= SHORTEST_MEANT and word.isalpha():
            for form in (spoken(word), *less(word)):
                forms[form].add(word)
    return {form: frozenset(group) for form, group in forms.items()}


def spoken(word: str) -> str:
    """The word by its sound, without silent letters at its beginning."""
    return sound(SILENT.get(word[:2], word[:2]) + word[2:])


@lru_cache(MOST_FORMS)
def respelt(word: str) -> str:
    """The word of a relation that a word stands for; the word itself if it is another."""
    if len(word) < SHORTEST_MEANT - 1 or not word.isalpha() or is_explained(word):
        return word
    near = {w for form in variants(word) for w in meant_words().get(form, ())}
    near = {w for w in near if is_near(w, word)}
    return min(near, key=lambda w: (len(w), w)) if near else word


def is_explained(word: str) -> bool:
    """Whether a word is one that questions have, or a usual one."""
    return is_known(word) or is_common(stem(word)) or stem(word) in vocabulary().categories


def variants(word: str) -> Iterator[str]:
    """The forms under which a word that was meant may be found."""
    yield spoken(word)
    yield word
    yield from less(word)


def is_near(meant: str, word: str) -> bool:
    """Whether two words sound alike, or differ by one letter too many or two swapped."""
    if meant[-1] != word[-1] and abs(len(meant) - len(word)) != 0:
        return False
    longer, shorter = (meant, word) if len(meant) > len(word) else (word, meant)
    return spoken(meant) == spoken(word) or shorter in less(longer) or meant in swaps(word)
