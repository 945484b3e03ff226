"""Checks of facts against each other and their wordings: duplicates, give-aways, years, spelling.

Each check is a pure function from facts to a list of problems in plain words.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from mucpt_utils.knowledge.authoring.disagreements import OWN_TABLES, Disagreement
from mucpt_utils.knowledge.authoring.names import contains, name_key
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.knowledge.relations import Relation

YEAR_RANGES = {
    "artist.birth_year": (1850, 2012),
    "artist.formed_year": (1840, 2024),
    "album.year": (1948, 2024),
    "song.year": (1900, 2024),
    "classical.year": (1500, 2024),
    "opera.year": (1597, 2024),
    "book.year": (1000, 2024),
    "invention.year": (1000, 2024),
}
# category -> the relation that names who made a work
MAKER_RELATIONS = {
    "album": "album.artist",
    "song": "song.artist",
    "classical": "classical.composer",
    "opera": "opera.composer",
}
YOUNGEST_DEBUT = 5  # years of age; nobody in the tables recorded before


def check_facts(facts: Sequence[Fact], relations: Mapping[str, Relation]) -> list[str]:
    """Every check of facts against each other and their wordings."""
    problems = unknown_relations(facts, relations)
    if not problems:
        problems = answers_given_away(facts, relations)
    for check in (duplicate_facts, impossible_years, spelling_clashes, mixed_popularity):
        problems += check(facts)
    return problems


def unknown_relations(facts: Iterable[Fact], relations: Mapping[str, Relation]) -> list[str]:
    """Relations of facts that have no wordings."""
    used = dict.fromkeys(fact.relation for fact in facts)
    return [f"relation {name} has no wordings" for name in used if name not in relations]


def answers_given_away(facts: Iterable[Fact], relations: Mapping[str, Relation]) -> list[str]:
    """Facts whose object, or an alias of it, appears in a question about them."""
    problems = []
    for fact in facts:
        for question in relations[fact.relation].questions:
            text = question.replace("{s}", fact.subject)
            given = [name for name in (fact.object, *fact.aliases) if contains(text, name)]
            if given:
                problems.append(f"{fact.id}: {given[0]!r} stands in the question {text!r}")
                break
    return problems


def duplicate_facts(facts: Iterable[Fact]) -> list[str]:
    """The same subject, relation and object twice, or one id for two facts."""
    facts = list(facts)
    triples = Counter((f.subject, f.relation, name_key(f.object)) for f in facts)
    ids = Counter(fact.id for fact in facts)
    problems = [f"stated {n} times: {triple}" for triple, n in triples.items() if n > 1]
    return problems + [f"{n} facts have the id {name}" for name, n in ids.items() if n > 1]


def unused_aliases(names: Collection[str], facts: Iterable[Fact]) -> list[str]:
    """Names in the alias files that are no fact's object, so that misspellings are noticed."""
    objects: set[str] = set()
    for fact in facts:
        objects |= {fact.object, f"{fact.relation}: {fact.object}", fact.id}
    return [
        f"aliases are given for {name!r}, which is not an object"
        for name in names
        if name not in objects
    ]


def mixed_popularity(facts: Iterable[Fact]) -> list[str]:
    """Subjects that are popular in one fact and less popular in another."""
    levels: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        levels[fact.subject].add(fact.popularity)
    return [f"{name!r} has several popularities" for name in levels if len(levels[name]) > 1]


def impossible_years(facts: Iterable[Fact]) -> list[str]:
    """Values that are not a year, are out of a relation's range, or precede their maker.

    A work precedes its maker if it is dated before the group was formed, or before the person was
    YOUNGEST_DEBUT years old.
    """
    facts = list(facts)
    problems = [
        f"{fact.id}: year {fact.object!r} is not within {low} to {high}"
        for fact in facts
        if (span := YEAR_RANGES.get(fact.relation))
        for low, high in [span]
        if not (re.fullmatch(r"\d{4}", fact.object) and low <= int(fact.object) <= high)
    ]
    if problems:
        return problems  # what is not a year cannot be compared
    first_year = {}
    for fact in facts:
        if fact.relation in ("artist.birth_year", "artist.formed_year"):
            age = YOUNGEST_DEBUT if fact.relation == "artist.birth_year" else 0
            first_year[name_key(fact.subject)] = int(fact.object) + age
    makers = {f.subject: f.object for f in facts if f.relation in MAKER_RELATIONS.values()}
    return [
        f"{fact.id}: {fact.object} is before {makers[fact.subject]} could have made it ({first})"
        for fact in facts
        if fact.relation in ("album.year", "song.year", "classical.year", "opera.year")
        and (first := first_year.get(name_key(makers.get(fact.subject, "")), 0)) > int(fact.object)
    ]


def spellings(facts: Iterable[Fact]) -> dict[tuple[str, str], set[str]]:
    """(relation, key of the object's name) -> the spellings of the object."""
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in facts:
        groups[fact.relation, name_key(fact.object)].add(fact.object)
    return groups


def spelling_clashes(facts: Iterable[Fact]) -> list[str]:
    """Objects of a relation in two spellings that differ only in case, accents or punctuation."""
    return [
        f"{relation}: one object, several spellings: {sorted(names)}"
        for (relation, _), names in spellings(facts).items()
        if len(names) > 1
    ]


def alias_clashes(facts: Iterable[Fact]) -> list[Disagreement]:
    """Objects that are listed as another object's alias: the same thing, or only a broader term?

    A person decides; `dollar` beside `US dollar` is right, `USA` beside `United States` is not.
    """
    facts = list(facts)
    objects = spellings(facts)
    pairs = {
        (fact.relation, key, fact.object)
        for fact in facts
        for key in {name_key(alias) for alias in fact.aliases} - {name_key(fact.object)}
    }
    return [
        Disagreement(OWN_TABLES, other, relation, name, f"{other} is an alias of {name}")
        for relation, key, name in sorted(pairs)
        for other in sorted(objects.get((relation, key), set()) - {name})
    ]
