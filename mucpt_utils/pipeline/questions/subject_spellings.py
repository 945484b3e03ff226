"""Names in other spellings: `Porkpie Hat` and `mrdangam` read as the benchmark spells them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from mucpt_utils.pipeline.questions.parts import Name
from mucpt_utils.pipeline.questions.vocabulary import is_common, vocabulary
from mucpt_utils.pipeline.questions.words import FORM, MOST_FORMS, stem, words

# fewest letters of a word that is still recognised with one letter wrong
SHORTEST_SPELT = 7
# the same for one with two neighbouring letters swapped, which no other word is like
SHORTEST_SWAPPED = 6
LONG_WORD = re.compile(rf"[^\W\d_]{{{SHORTEST_SWAPPED},}}")
# letters and groups that are written for the same sound
SOUNDS = (
    *(("tsch", "ch"), ("sch", "sh"), ("ph", "f"), ("ck", "k"), ("ou", "u"), ("c", "k")),
    *(("w", "v"), ("y", "i"), ("j", "i"), ("z", "s")),
)
VOWEL = re.compile(r"[aeiou]")
DOUBLED = re.compile(r"(.)\1+")


class Spellings:
    """The words of names, for reading texts in which these are misspelt or run together."""

    def __init__(self, names: Sequence[Name]) -> None:
        phrases = [words(name.text) for name in names]
        self.known = {word for phrase in phrases for word in phrase}
        capitals = {word for name in names for word in name.capitals}
        self.small = self.known - capitals
        self.joined = {
            first + second: f"{first} {second}"
            for phrase in phrases
            for first, second in zip(phrase, phrase[1:], strict=False)
            if min(len(first), len(second)) >= 3 and is_spelt(first + second)
        }
        spelt = [word for word in self.known if is_spelt(word) and not is_known(word)]
        self.whole = grouped((form, word) for word in spelt for form in whole(sound(word)))
        self.less = grouped((form, word) for word in spelt for form in less(sound(word)))
        self.ends = {(word[0], word[-1]) for word in spelt}
        self.spelt = lru_cache(MOST_FORMS)(self.find)

    def read(self, text: str) -> str:
        """The text with the words of names in the benchmark's spelling.

        In a paragraph with capitals a small word is no misspelt name that has them: `meaning` is
        not `Moanin'`.
        """
        found = {w: spelt for w in set(LONG_WORD.findall(text)) if (spelt := self.spelt(w))}
        if not found:
            return text
        word = re.compile(rf"\b(?:{'|'.join(found)})\b")

        def spelt_in(paragraph: str) -> str:
            typed = paragraph.islower()

            def spelling(match: re.Match) -> str:
                raw, name = match[0], found[match[0]]
                return name if typed or raw[0].isupper() or name in self.small else raw

            return word.sub(spelling, paragraph)

        return "\n\n".join(map(spelt_in, text.split("\n\n")))

    def find(self, raw: str) -> str:
        """A word as the benchmark spells it, with its capital letter; empty if it is another."""
        word = FORM[raw]
        joined = self.joined.get(word, "")
        if word in self.known or len(word) < SHORTEST_SWAPPED or is_known(word):
            return ""
        swapped = {other for other in swaps(word) if other in self.known and not is_known(other)}
        if len(swapped) == 1:
            return cased(swapped.pop(), raw)
        if not is_spelt(word):
            return ""
        near = self.near(word) if not joined and (word[0], word[-1]) in self.ends else set()
        found = joined or (near.pop() if len(near) == 1 else "")
        return cased(found, raw)

    def near(self, word: str) -> set[str]:
        """The words that differ by a vowel, or by one letter that one of them lacks."""
        heard = sound(word)
        near = self.less.get(heard, set()).union(
            *(self.whole.get(form, ()) for form in (*whole(heard), *less(heard)))
        )
        ends = word[0], word[-1]
        return {w for w in near if (w[0], w[-1]) == ends and is_close(sound(w), heard)}


def swaps(word: str) -> Iterator[str]:
    """The word with each two neighbouring letters swapped, the first one aside."""
    for i in range(1, len(word) - 1):
        yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def cased(word: str, raw: str) -> str:
    """The word with a capital letter if it is written with one."""
    return word.title() if raw[0].isupper() else word


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """The words of each form."""
    groups: dict[str, set[str]] = {}
    for form, word in pairs:
        groups.setdefault(form, set()).add(word)
    return groups


def is_spelt(word: str) -> bool:
    """Whether a word is long enough, and of letters alone."""
    return len(word) >= SHORTEST_SPELT and word.isalpha()


def is_known(word: str) -> bool:
    """Whether a word is one of those that questions are made of."""
    rules, root = vocabulary(), stem(word)
    return is_common(root) or any(
        root in group
        for group in (rules.concepts_of, rules.kinds_of, rules.describing, rules.elsewhere)
    )


def sound(word: str) -> str:
    """A word with one spelling for each sound, and no doubled letters."""
    for written, same in SOUNDS:
        word = word.replace(written, same)
    return DOUBLED.sub(r"\1", word)


def whole(heard: str) -> tuple[str, str]:
    """A word as it sounds, and with any vowel for each of its own."""
    return heard, VOWEL.sub("*", heard)


def is_close(heard: str, other: str) -> bool:
    """Whether two words, if of one length, differ by one letter at most."""
    return len(heard) != len(other) or sum(map(str.__ne__, heard, other)) <= 1


def less(heard: str) -> Iterator[str]:
    """The forms of a word that lack one of the letters inside it."""
    for index in range(1, len(heard) - 1):
        yield heard[:index] + heard[index + 1 :]
