"""What the grader knows about language, places and music: its data files, read and compiled.

Most patterns are for texts in lower case (`lowered`): if a pattern ignores case,
`re` can use none of its shortcuts and takes several times as long.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from mucpt_utils import paths
from mucpt_utils.io import read_yaml
from mucpt_utils.musicsimpleqa.grader.gates import AnyOf, Gated
from mucpt_utils.musicsimpleqa.grader.readings import forms_of
from mucpt_utils.musicsimpleqa.grader.words import clean, lower, without_article

LANGUAGE = paths.PACKAGE / "musicsimpleqa/grader/grading_rules.yaml"
PLACES = paths.PACKAGE / "musicsimpleqa/grader/places.yaml"
TERMS = paths.PACKAGE / "musicsimpleqa/grader/music_terms.yaml"
# marks of the key, of other answers, of answers set aside and of the subject: private code points,
# never part of a response
K, C, N, S = "\ue000", "\ue001", "\ue002", "\ue003"
A = f"[{K}{C}]"
# of adjectives in the languages whose stems are listed
ADJECTIVE_ENDINGS = (
    "",
    "e",
    "es",
    "er",
    "en",
    "em",
    "a",
    "as",
    "o",
    "os",
    "t",
    "i",
    "y",
    "ie",
    "ne",
)


class Position(NamedTuple):
    """Patterns for the text before an answer and after it."""

    before: re.Pattern[str]
    behind: re.Pattern[str]

    def fits(self, before: str, behind: str) -> bool:
        """Whether the text before or after an answer, in lower case, matches its pattern."""
        return bool(self.before.search(before) or self.behind.match(behind))


class TermClass(NamedTuple):
    """Terms that exclude each other, and the pattern that finds them."""

    names: frozenset[str]
    pattern: re.Pattern[str]


class Rules:
    """The data files: each entry under its name, patterns compiled with their marks filled in."""

    def __init__(self) -> None:
        data = read_yaml(LANGUAGE)
        self.verbs = "|".join(data["verbs"].split())
        self.kind_words = frozenset(data["kind_words"].split())
        self.read_words(data)
        self.read_commitment(data)
        self.read_positions(data)
        self.read_places(read_yaml(PLACES))
        # by answer type
        self.shapes = [re.compile(pattern) for pattern in data["shapes"].values()]
        self.coarse_places = self.one(data["coarse_places"])
        self.genre_questions = self.one(data["genre_questions"])
        self.term_classes = [term_class(names) for names in read_yaml(TERMS).values()]

    def read_words(self, data: Mapping[str, Any]) -> None:
        """Words that are not names, words that belong to names, and forms of names."""
        self.function_words = frozenset(data["function_words"].split())
        self.openers = frozenset(data["openers"].split())
        self.foreign_articles = frozenset(data["foreign_articles"])
        self.honorifics = frozenset(data["honorifics"])
        self.suffixes: dict[str, str] = data["suffixes"]
        self.shared_family_names = frozenset(data["shared_family_names"])
        self.mononyms = frozenset(data["mononyms"])
        groups = enumerate(data["given_names"])
        self.given_names = {name: number for number, names in groups for name in names}
        self.first_names = frozenset(data["first_names"].split()) | self.given_names.keys()
        self.common_words = frozenset(data["common_words"])
        self.languages = frozenset(data["languages"])
        self.bodies = frozenset(data["bodies"])
        self.companies = frozenset(data["companies"])
        self.labels = frozenset("".join(name.split()) for name in data["labels"])
        self.exclamations = frozenset(data["exclamations"])
        self.interjections = frozenset(data["interjections"])
        self.place_prefixes = frozenset(data["place_prefixes"])
        self.place_parts = frozenset(data["place_parts"])
        self.nationality = re.compile(data["nationality"])

    def read_commitment(self, data: Mapping[str, Any]) -> None:
        """What a response does with an answer: give it, refuse one, deny it, take it back."""
        self.lead_in = self.lowered(
            rf"(?:[^\w{K}{C}{N}{S}]*(?:{'|'.join(data['lead_ins'])})\s+(?=\S))+"
        )
        self.read_refusals(data)
        self.guess = self.lowered(data["guess"])
        self.undecided = self.gated(data["undecided"])
        self.correction = self.lowered(rf"\s*[\"'(]*(?:{data['correction']})")
        self.inner_correction = self.gated(data["inner_correction"])
        self.taken_back = self.gated(data["taken_back"])
        self.final_answer = self.gated(data["final_answer"])
        self.declared = self.gated(data["declared"])
        self.subject_as_act = self.gated(data["subject_as_act"])
        self.denied = self.each(data["denied"])
        self.set_aside = self.each(data["set_aside"])
        self.outweighed = self.each(data["outweighed"])
        self.another_kind = {
            name: self.each(data["another_kind"][name]) for name in data["another_kind"]
        }
        self.beside_another = {
            name: self.each(data["beside_another"][name]) for name in data["beside_another"]
        }
        self.gap_within = self.lowered(data["gap_within"])
        self.of_list = self.gated(data["of_list"], re.IGNORECASE)
        self.latter = self.gated(data["latter"], re.IGNORECASE)
        self.former = self.gated(data["former"], re.IGNORECASE)
        self.caution = frozenset(data["caution"].split())
        self.owner = self.gated(data["owner"], re.IGNORECASE)
        self.owner_of_no_work = self.gated(data["owner_of_no_work"], re.IGNORECASE)
        self.other_name = self.gated(data["other_name"], re.IGNORECASE)
        self.part_of_place = self.gated(data["part_of_place"], re.IGNORECASE)
        self.work_of = self.gated(data["work_of"])
        self.renamed = self.gated(data["renamed"], re.IGNORECASE)
        self.left_open = self.each(data["left_open"])
        self.undecided_between = self.each(data["undecided_between"])
        self.word_or_answer = self.gated(data["word_or_answer"])
        self.slash, self.range = self.gated(data["slash"]), self.each(data["range"])
        self.lower_list = self.gated(data["lower_list"])
        self.lower_terms = self.each(data["lower_terms"])
        joined = {"person": "joined_persons", "place": "joined_places", "title": "joined_titles"}
        values = dict.fromkeys(("year", "number", "date"), "joined_values")
        kinds = ("group", "title", "term", "person", "place", *values)
        rules = {**joined, **values}
        self.joined = {k: self.lowered(f"{A}(?:{data[rules.get(k, 'joined')]}){A}") for k in kinds}
        self.steps = self.lowered(data["steps"])

    def read_refusals(self, data: Mapping[str, Any]) -> None:
        """Patterns of refusals to answer, for texts in lower case."""
        sorry = [data["sorry_elsewhere"], data["sorry_other_alphabets"]]
        self.refusal_whole = self.gated("|".join([*data["refusal_whole"], *sorry]))
        self.courtesy, self.gap = self.lowered(data["courtesy"]), self.lowered(data["gap"])
        elsewhere = "|".join(data["refusal_elsewhere"])
        plain, others = "|".join([*data["refusal"], elsewhere]), data["refusal_other_alphabets"]
        # a mark may be where a word may: "look that one up", in which `one` was read as a number
        anything = f"[\\w{K}{C}{N}{S}]"
        self.refusal = self.gated(rf"(?:\b|^)(?:{plain})|{others}".replace(r"\w", anything))
        ways = [rf"(?:\b|^)(?:{way})" for way in (*data["refusal"], elsewhere)]
        self.refusals = AnyOf(self.each(way.replace(r"\w", anything) for way in (*ways, others)))
        latin = rf"\b(?:{elsewhere}|{sorry[0]})"
        self.no_names_in_ascii = self.gated(latin)
        self.no_names = self.gated("|".join([latin, others, sorry[1]]))

    def read_positions(self, data: Mapping[str, Any]) -> None:
        """Where clauses end, what they are about, and where answers are in them."""
        self.parenthesis = self.gated(data["parenthesis"], re.IGNORECASE)
        self.waited = self.gated(data["waited"], re.IGNORECASE)
        self.initial_aside = self.gated(data["initial_aside"], re.IGNORECASE)
        self.aside_opening = self.lowered(data["aside_opening"])
        named = "|".join(f"(?P<{name}>{pattern})" for name, pattern in data["boundary"].items())
        # a single character rules out most places, since boundaries begin with few signs
        self.boundary = self.one(rf"(?=[\s.!?…,;()\[\]—])(?:{named})")
        self.read_relations(data["relations"], data["by_the_way"], data["did_it"])
        helpers = "is|was|were|are|did|has|had|does|and|or|from|featuring|feat"
        self.verb_behind = self.lowered(rf" (?:\w+ly )?(?:{helpers}|{self.verbs})\b")
        self.likely = {role: self.position(pair) for role, pair in data["likely"].items()}
        self.unlikely = {role: self.position(pair) for role, pair in data["unlikely"].items()}

    def read_relations(
        self, relations: Mapping[str, str], by_the_way: Iterable[str], did_it: str
    ) -> None:
        """The families of words for each relation, and for any, for texts in lower case."""
        self.relations = {name: self.gated(rf"\b(?:{p})") for name, p in relations.items()}
        self.did_it = self.gated(did_it)
        self.any_relation = AnyOf(p for name, p in self.relations.items() if name not in by_the_way)

    def read_places(self, data: Mapping[str, Any]) -> None:
        """Names of places in normal form."""
        self.exonyms = {level(name): levelled(others) for name, others in data["exonyms"].items()}
        self.levels = {n: kind for kind, names in data["levels"].items() for n in levelled(names)}
        demonyms = data["demonyms"].items()
        self.demonyms = {word.lower(): name for name, words in demonyms for word in words}
        elsewhere = data["adjectives_elsewhere"].items()
        stems = {stem.casefold(): name for name, words in elsewhere for stem in words}
        self.adjectives = {
            stem + end: name for stem, name in stems.items() for end in ADJECTIVE_ENDINGS
        } | self.demonyms
        people = data["people"].items()
        self.people = {word: name for name, words in people for word in words}
        self.case_endings = levelled(data["case_endings"])
        self.endings_in_hungary = levelled(data["endings_in_hungary"])
        self.in_hungary = levelled(data["places_in_hungary"])
        self.inhabitants = frozenset(data["inhabitants"])
        self.prepositions = frozenset(data["prepositions_elsewhere"])
        self.homes = {level(name): levelled(regions) for name, regions in data["homes"].items()}
        self.within = {level(name): levelled(others) for name, others in data["within"].items()}

    @lru_cache(maxsize=64)  # noqa: B019 - there is one instance, and clauses come repeatedly
    def relations_in(self, text: str, among: Iterable[str]) -> frozenset[str]:
        """Those among some relations that a text mentions: born, produced, released."""
        text = lower(text)
        return frozenset([name for name in among if self.relations[name].search(text)])

    @lru_cache(maxsize=65536)  # noqa: B019 - there is one instance
    def is_nationality(self, form: str) -> bool:
        """Whether a word precedes names without being part of them: `French`."""
        return bool(self.nationality.match(form))

    def tells_relation(self, text: str) -> bool:
        """Whether a text states any relation that is not just mentioned in passing."""
        return self.any_relation.is_in(lower(text))

    def position(self, pair: tuple[str, str]) -> Position:
        """Patterns for the text before and after an answer."""
        return Position(self.lowered(pair[0]), self.lowered(pair[1]))

    def lowered(self, pattern: str) -> re.Pattern[str]:
        """A pattern for texts in lower case."""
        return self.one(pattern, 0)

    def gated(self, pattern: str, flags: int = 0) -> Gated:
        """A pattern with a gate, for texts that are searched for many patterns."""
        return Gated(self.one(pattern, flags))

    def one(self, pattern: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
        """A pattern that ignores case by default, with its marks and words filled in."""
        kinds = "(?:" + "|".join(sorted(self.kind_words)) + ")"
        fillings = {
            "{A}": A,
            "{K}": K,
            "{C}": C,
            "{N}": N,
            "{S}": S,
            "{D}": kinds,
            "{VERB}": f"(?:{self.verbs})",
        }
        for mark, filling in fillings.items():
            pattern = pattern.replace(mark, filling)
        # `re` does not take marks for words; signs before an answer must not match other answers
        pattern = pattern.replace(r"\W*", f"[^\\w{K}{C}{N}{S}]{{0,8}}")
        return re.compile(pattern, flags)

    def each(self, patterns: Iterable[str]) -> tuple[Gated, ...]:
        """Several patterns with gates, for texts in lower case."""
        return tuple(map(self.gated, patterns))


@lru_cache(maxsize=4096)  # few places are named often
def level(name: str) -> str:
    """A name in the form for comparison: words in normal form, without article or spaces."""
    name = clean(name)
    return "".join(without_article(forms_of(name), name))


def levelled(names: Iterable[str]) -> frozenset[str]:
    """Several names in the form for comparison."""
    return frozenset(map(level, names))


def term_class(names: Iterable[str]) -> TermClass:
    """A class of terms; longer ones are found before those that they contain."""
    longest_first = sorted(names, key=len, reverse=True)
    pattern = rf"\b(?:{'|'.join(map(re.escape, longest_first))})(?:e?s)?\b"
    return TermClass(frozenset(longest_first), re.compile(pattern, re.IGNORECASE))


RULES = Rules()
