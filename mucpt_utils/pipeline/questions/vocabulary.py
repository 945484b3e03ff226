"""The vocabulary of questions: what words mean, what they ask for, and which are empty."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from mucpt_utils import paths
from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.questions.words import fold, stem, words

RULES = paths.PACKAGE / "pipeline/rules/decontamination.yaml"


@dataclass(frozen=True)
class Vocabulary:
    """The rules for how parts may be worded: stems of words, by meaning and by kind."""

    empty: frozenset[str]
    wrapping: frozenset[str]
    categories: frozenset[str]
    optional: frozenset[str]
    forms: frozenset[str]
    pronouns: frozenset[str]
    light: frozenset[str]
    elsewhere: frozenset[str]
    describing: frozenset[str]
    strong: Mapping[str, str]
    kinds: Mapping[str, frozenset[str]]
    answer_types: Mapping[str, str]
    concepts: Mapping[str, frozenset[str]]
    heads: Mapping[tuple[str, ...], str]
    relations: Mapping[str, Sequence[str]]
    players: Mapping[str, frozenset[str]]
    peoples: Mapping[str, Sequence[str]]

    @cached_property
    def kinds_of(self) -> Mapping[str, frozenset[str]]:
        """The kinds of answer that a stem asks for."""
        return inverted(self.kinds)

    @cached_property
    def between_two(self) -> frozenset[str]:
        """What may come between an author and a work: words that describe it, but no number."""
        words_between = self.empty | self.describing | self.categories | self.wrapping
        return frozenset(s for s in words_between if not s.isdigit())

    @cached_property
    def concepts_of(self) -> Mapping[str, frozenset[str]]:
        """The meanings that a stem has."""
        return inverted(self.concepts)


def inverted(groups: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The groups that each member belongs to."""
    members: dict[str, set[str]] = {}
    for name, group in groups.items():
        for member in group:
            members.setdefault(member, set()).add(name)
    return {member: frozenset(names) for member, names in members.items()}


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the rules, each word in the form used for comparison."""
    content = read_yaml(RULES)
    names = (
        "empty",
        "wrapping",
        "categories",
        "optional",
        "forms",
        "pronouns",
        "light",
        "describing",
        "elsewhere",
    )
    return Vocabulary(
        **{name: stems(content[name]) for name in names},
        strong={stem(words(word)[0]): kind for word, kind in content["strong"].items()},
        kinds={kind: stems(group) for kind, group in content["kinds"].items()},
        answer_types=content["answer_types"],
        concepts={
            name: stems(group) - stems(content["strong"])
            for name, group in content["concepts"].items()
        },
        heads={tuple(map(stem, words(phrase))): c for phrase, c in content["heads"].items()},
        relations=content["relations"],
        players=both_ways(content["players"]),
        peoples={
            fold(country): words(" ".join(group)) for country, group in content["peoples"].items()
        },
    )


def both_ways(groups: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The stems of a group's members by the stem of its name, and the other way round."""
    of_name = {name: stems(members) for key, members in groups.items() for name in stems([key])}
    return {**inverted(of_name), **of_name}


def stems(texts: Iterable[str]) -> frozenset[str]:
    """The stems of all words of some texts."""
    return frozenset(stem(word) for text in texts for word in words(text))


def is_common(word: str) -> bool:
    """Whether a stem says nothing about what a question asks."""
    rules = vocabulary()
    return word in rules.empty or word in rules.wrapping or word in rules.categories
