"""What a prompt says besides the subject that it names, and what kinds of answer that asks for."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from mucpt_utils.pipeline.questions.asking import Manner, Prompt
from mucpt_utils.pipeline.questions.parts import ARTICLES
from mucpt_utils.pipeline.questions.relation_spellings import respelt
from mucpt_utils.pipeline.questions.signs import opens_clause
from mucpt_utils.pipeline.questions.subject_names import Match
from mucpt_utils.pipeline.questions.vocabulary import vocabulary
from mucpt_utils.pipeline.questions.words import stem, words

OPEN_WORDS = frozenset(
    stem(w)
    for w in ("what", "which", "whats", "name", "identify", "tell", "give", "state", "how", "wat")
)
# words of a noun phrase behind `which`
LONGEST_WANTED = 4
SHORTEST_PERSON = 5  # letters
AUXILIARIES = frozenset(map(stem, words("is was are were did does do has had should can")))
HOUSES = frozenset(
    map(stem, ("studio", "hall", "venue", "theatre", "house", "stage", "museum", "gallery"))
)


class Asked(NamedTuple):
    """What a prompt says besides the subject.

    stems, where: its other words, and their places in the prompt. strong: kinds of answer that
    `who`, `when` and `where` ask for. nouns: kinds that its nouns may ask for. is_open: whether a
    word such as `which` asks.
    """

    stems: tuple[str, ...]
    where: tuple[int, ...]
    strong: frozenset[str]
    nouns: frozenset[str]
    is_open: bool
    places: frozenset[int]

    @classmethod
    def of(cls, match: Match, prompt: Prompt, places: frozenset[int]) -> "Asked":
        """What a prompt says besides the words of a match, which are at `places`."""
        rules, forms = vocabulary(), prompt.words.forms
        # the title's own function words, such as its `where`, ask nothing
        title = words(match.subject.questions[0].subject) if places else []
        small = Counter(w for w in title if stem(w) in rules.empty)
        rest: list[str] = []
        where: list[int] = []
        nouns: set[str] = set()
        for index, word in enumerate(forms):
            if index in places or is_of_its_author(index, forms, places):
                continue
            if small[word] > 0:
                small[word] -= 1
                continue
            rest.append(stem(respelt(word) if prompt.posed else word))
            where.append(index)
            # what you land on is no land
            is_verb = index > 0 and forms[index - 1] in SPEAKING
            if (
                is_noun(word)
                and not is_verb
                and not is_category(index, forms, places)
                and not bids(index, forms)
            ):
                nouns |= rules.kinds_of.get(rest[-1], frozenset())
            if is_of_a_people(index, forms) or names_somebody(index, forms):
                nouns.add("person")
        # `what does it become when ...` asks what, not when, and so does `... is called what`
        first = next((i for i, s in enumerate(rest) if s in ("what", "which")), len(rest))
        first = 0 if 1 < first + 1 == len(rest) or bids_for_a_thing(rest) else first
        clause = 1 if opens_clause(prompt.text) else 0
        strong = frozenset(rules.strong[s] for s in rest[clause:first] if s in rules.strong)
        if asks_by_whom(rest, prompt):
            strong, nouns = strong | {"person"}, set()
        elif prompt.manner is Manner.GAP or prompt.choices and not strong:
            nouns = nouns & {"time"} if "year" in rest else set()
        is_open = not OPEN_WORDS.isdisjoint(rest)
        return cls(tuple(rest), tuple(where), strong, frozenset(nouns), is_open, places)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of answer that the prompt may ask for; empty if no word tells."""
        if self.strong and not self.is_open:
            return self.strong
        return self.strong | self.nouns


def is_of_its_author(index: int, forms: Sequence[str], places: frozenset[int]) -> bool:
    """Whether `by` leads to the author in the subject's own name, and so asks for nobody."""
    author = index + 1 + (forms[index + 1 : index + 2] == ("the",))
    return forms[index] == "by" and author in places


BY_WHOM = frozenset(("which", "what", "whom", "who"))


def asks_by_whom(rest: Sequence[str], prompt: Prompt) -> bool:
    """Whether `by` asks for a name: `by which band`, `by whom`, `who is that by`, `by ___`."""
    if any(a == "by" and b in BY_WHOM for a, b in zip(rest, rest[1:], strict=False)):
        return True
    ends = rest[-1:] == ["by"] or (rest[-2:-1] == ["by"] and rest[-1] == "again")
    return ends or (prompt.manner is Manner.GAP and BY_GAP.search(prompt.text) is not None)


BY_GAP = re.compile(r"\bby\W{1,6}(?:blank|mask|gap|answer|_|\?|$)", re.IGNORECASE)


def is_noun(word: str) -> bool:
    """Whether a word may name a kind of answer: not `recorded`, nor a word that asks by itself."""
    return not word.endswith(("ed", "ing")) and stem(word) not in vocabulary().strong


SPEAKING = frozenset(("i", "you", "we", "they", "to"))
BIDDING = frozenset(("name", "state"))
BIDDEN = ARTICLES | {"which", "what", "who", "whose", "when", "where", "how", "it", "their", "his"}


def bids(index: int, forms: Sequence[str]) -> bool:
    """Whether a word is a request, not a noun: `State the city`, but not `in which state`."""
    asks = index > 0 and stem(forms[index - 1]) in OPEN_WORDS
    return (
        forms[index] in BIDDING and not asks and not BIDDEN.isdisjoint(forms[index + 1 : index + 2])
    )


def bids_for_a_thing(told: Sequence[str]) -> bool:
    """Whether a demand says what is wanted, and `when` opens a clause: `Name the key that ...`"""
    wanted = next((s for s in told[1:3] if s not in ARTICLES), "")
    rules = vocabulary()
    names_one = wanted in rules.categories or wanted in rules.kinds_of
    return OPEN_WORDS.issuperset(told[:1]) and names_one and wanted not in rules.strong


def is_of_a_people(index: int, forms: Sequence[str]) -> bool:
    """Whether a word names a person by nationality: `the work of which American?`."""
    asks = index > 0 and forms[index - 1] in ("which", "what")
    alone = index + 1 == len(forms) or stem(forms[index + 1]) in vocabulary().empty
    return asks and alone and stem(forms[index]) in vocabulary().describing


def names_somebody(index: int, forms: Sequence[str]) -> bool:
    """Whether a word behind `which` is one for a person by its ending: `which lutenist`."""
    word = forms[index]
    is_short = len(word) <= SHORTEST_PERSON or stem(word) in vocabulary().describing
    if is_short or not word.endswith(("ist", "man", "men", "woman", "women", "smith", "ian")):
        return False
    return not {"which", "what", "this"}.isdisjoint(forms[max(0, index - LONGEST_WANTED) : index])


def is_category(index: int, forms: Sequence[str], places: frozenset[int]) -> bool:
    """Whether a word beside the subject says what the subject is: `the album Marquee Moon`."""
    beside = index + 1 in places or index - 1 in places
    asks = index > 0 and stem(forms[index - 1]) in OPEN_WORDS
    return beside and not asks and stem(forms[index]) in vocabulary().categories
