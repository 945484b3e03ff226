"""Facts about invented subjects, which no model can have read, in the form of real facts.

Each invented subject stands in for a real one: it has as many facts, of the same relations; its
objects are those of other subjects, shuffled within each relation. So the two kinds of subject
differ only in that a model may have read about the real ones before.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_yaml
from mucpt_utils.knowledge.facts import Fact, by_subject, fold, slug

INVENTED = "invented"  # the popularity of such a subject, and so the stratum of its questions
MARK = "m:invented."  # how the ids of such facts begin
OF_PERSONS = ("artist.birth_year", "artist.birthplace")


class InventedError(MuCPTError, ValueError):
    """More invented subjects than real ones, or a category for which no names can be made."""


@cache
def name_parts() -> dict:
    """Syllables and patterns of `invented_names.yaml`."""
    return read_yaml(paths.PACKAGE / "knowledge/invented_names.yaml")


def is_invented(fact: Fact) -> bool:
    """Whether the fact is about an invented subject."""
    return fact.id.startswith(MARK)


def invented_facts(
    tested: Sequence[Fact], number: int, others: Sequence[Fact], seed: int = 0
) -> list[Fact]:
    """Facts about `number` invented subjects, in place of the first subjects of `tested`.

    others: facts whose words no invented name may contain. Equal arguments give equal facts.
    Raises InventedError if `tested` has fewer subjects, or one that no name can be made for.
    """
    groups = list(by_subject(tested).values())
    if number > len(groups):
        raise InventedError(
            f"world.invented={number}, but only {len(groups)} subjects are under test; "
            "each invented one stands in for a real one"
        )
    rng = Random(seed)
    names = invented_names(groups[:number], words_of(others), rng)
    objects = shuffled_objects([fact for group in groups[:number] for fact in group], rng)
    made: dict[
        tuple[str, str, str], Fact
    ] = {}  # an object drawn twice for one subject makes one fact
    for name, group in zip(names, groups, strict=False):
        for fact in group:
            source = objects[fact.relation].pop()
            made.setdefault((name, fact.relation, source.object), about(name, fact, source))
    return numbered(made.values())


def about(name: str, fact: Fact, source: Fact) -> Fact:
    """The fact with an invented subject and the object of another fact."""
    return replace(
        fact,
        id=f"{MARK}{fact.relation}:{slug(name)}",
        subject=name,
        subject_aliases=(),
        object=source.object,
        aliases=source.aliases,
        popularity=INVENTED,
        reference="",
    )


def numbered(facts) -> list[Fact]:
    """The facts with unique ids: the second one for a subject and relation ends in `:2`."""
    counts: dict[str, int] = defaultdict(int)
    result = []
    for fact in facts:
        counts[fact.id] += 1
        count = counts[fact.id]
        result.append(fact if count == 1 else replace(fact, id=f"{fact.id}:{count}"))
    return result


def shuffled_objects(facts: Sequence[Fact], rng: Random) -> dict[str, list[Fact]]:
    """For each relation, its facts in random order; each gives away its object once."""
    pools: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        pools[fact.relation].append(fact)
    return {relation: rng.sample(pool, len(pool)) for relation, pool in pools.items()}


def words_of(facts: Sequence[Fact]) -> set[str]:
    """Every word of the facts' subjects and objects, case and accents folded."""
    texts = (text for fact in facts for text in (fact.subject, fact.object, *fact.aliases))
    return {word for text in texts for word in fold(text).split()}


def invented_names(groups: Sequence[Sequence[Fact]], taken: set[str], rng: Random) -> list[str]:
    """A name for each group of facts about one subject; no made-up word is used twice."""
    parts, used = name_parts(), set(taken)

    def word() -> str:
        while True:
            made = "".join(rng.choice(parts[kind]) for kind in ("begins", "middles", "ends"))
            if fold(made) not in used:
                used.add(fold(made))
                return made

    names = []
    for group in groups:
        pattern = rng.choice(parts["patterns"][kind_of(group)])
        first, *rest = pattern.split("{name}")
        names.append(first + "".join(word() + text for text in rest))
    return names


def kind_of(facts: Sequence[Fact]) -> str:
    """The kind of name that fits the facts' subject. Raises InventedError if there is none."""
    kind = facts[0].category
    if kind == "artist":
        kind = "person" if any(fact.relation in OF_PERSONS for fact in facts) else "band"
    if kind not in name_parts()["patterns"]:
        raise InventedError(
            f"world.invented: no names for {kind!r}; allowed in world.categories: "
            "artist, album, song"
        )
    return kind
