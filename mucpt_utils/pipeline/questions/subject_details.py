"""Subjects that are not named but told by details: a band by its members, a prize by its winner.

One detail may belong to many; two of them, or one and the year of the subject, to few. They count
only where the key proves the rest.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.pipeline.questions.parts import YEAR, Name
from mucpt_utils.pipeline.questions.subject_names import Match, Subject
from mucpt_utils.pipeline.questions.words import Words, words

# relations whose objects, or whose subjects, are names that tell who or what is meant
PEOPLE = frozenset(("member", "performer", "lead_vocalist", "artist", "composer", "librettist"))
WORKS = frozenset(("winner", "album"))
FEWEST_DETAILS = 2
SHORTEST_FAMILY = 4

Detail = tuple[str, ...]


def details_of(facts: Iterable[Fact]) -> dict[str, set[Detail]]:
    """For each subject the names that are told of it: its people, its works."""
    told: dict[str, set[Detail]] = defaultdict(set)
    for fact in facts:
        column = fact.relation.rpartition(".")[2]
        if column in PEOPLE | WORKS:
            told[fact.subject].add(tuple(words(fact.object)))
        if column == "artist":
            told[fact.object].add(tuple(words(fact.subject)))
    return told


class Details:
    """Subjects by the last words of their details.

    is_everyday: whether a word is in many texts.
    """

    def __init__(
        self,
        subjects: Iterable[Subject],
        told: Mapping[str, Iterable[Detail]],
        is_everyday: Callable[[str], bool],
    ) -> None:
        self.by_word: dict[str, list[tuple[Subject, Detail]]] = defaultdict(list)
        for subject in subjects:
            for detail in told.get(subject.questions[0].subject, ()):
                word = detail[-1]
                if len(word) >= SHORTEST_FAMILY and not is_everyday(word):
                    self.by_word[word].append((subject, detail))

    def named_in(self, tokens: Words) -> Iterator[Match]:
        """The subjects of which enough details are among the words."""
        found: dict[int, set[int]] = defaultdict(set)
        subjects: dict[int, Subject] = {}
        for word, positions in tokens.positions.items():
            for subject, _ in self.by_word.get(word, ()):
                subjects[id(subject)] = subject
                found[id(subject)].add(positions[0])
        for key, places in found.items():
            years = years_of(subjects[key], tokens)
            if len(places) + len(years) >= FEWEST_DETAILS:
                yield Match(subjects[key], detail_name(tokens, places), frozenset(places | years))


def years_of(subject: Subject, tokens: Words) -> set[int]:
    """Where the year that a subject's name has is among the words."""
    own = [stem for stem in subject.questions[0].subject_stems if YEAR.fullmatch(stem)]
    return {tokens.positions[year][0] for year in own if year in tokens.positions}


def detail_name(tokens: Words, places: Iterable[int]) -> Name:
    """The details as a name."""
    phrase: Sequence[str] = [tokens.forms[place] for place in sorted(places)]
    return Name(" ".join(phrase), tuple(phrase), weak=True, partial=True)
