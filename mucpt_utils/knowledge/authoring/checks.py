"""Checks of the fact tables: form, ambiguity, give-aways, years, spelling, and reference data.

Each check is a pure function from rows or facts to a list of problems in plain words; an empty
list means that nothing was found.
"""

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.knowledge.authoring.reference_sets import (
    WORKS,
    ReferenceFact,
    catalogue_numbers,
    key_name,
    name_key,
    read_reference_facts,
    surname,
)
from mucpt_utils.knowledge.facts import (
    DOMAINS,
    MULTI_VALUED,
    POPULARITY,
    Fact,
    Relation,
    Row,
    build_facts,
    by_subject,
    card_folder,
    load_relations,
    read_aliases,
    read_csv,
    read_rows,
    split_list,
)

REFERENCE_PAGE = re.compile(r"https://en\.wikipedia\.org/wiki/[^\s#?]+")
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
# the year from which each award can have been given
FIRST_AWARDS = {
    "Grammy": 1959,
    "Mercury": 1992,
    "Eurovision": 1956,
    "Academy Award": 1935,
    "Pulitzer": 1943,
    "Polar Music": 1992,
    "Brit Award": 1977,
}
MAKER_RELATIONS = {
    "album": "album.artist",
    "song": "song.artist",
    "classical": "classical.composer",
    "opera": "opera.composer",
}
OWN_TABLES = "own tables"
COMPARISON_HEADER = ("reference_set", "relation", "compared", "agreed", "explained")
YOUNGEST_DEBUT = 5  # years; nobody in the tables recorded before that age


@dataclass(frozen=True)
class Disagreement:
    """A fact that differs from a reference set, with the reason once a person has judged it."""

    reference_set: str
    subject: str
    relation: str
    ours: str
    theirs: str
    resolution: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Everything but the resolution."""
        return astuple(self)[:-1]


@dataclass(frozen=True)
class Comparison:
    """How often facts met a reference set: (set, relation) -> numbers, and what differed."""

    compared: Counter
    agreed: Counter
    disagreements: tuple[Disagreement, ...]


def tokens(text: str) -> list[str]:
    """Folded words of a text; signs count as words where there is nothing else (`!!!`)."""
    return name_key(text, keep_article=True).split()


def contains(text: str, part: str) -> bool:
    """Whether the words of `part` stand in `text` one after another.

    Up to three letters count only in the same case: `In`, a chemical symbol, is not the word
    `in`, nor is the band `Can` the word `can`. Names of signs only (`!!!`) count as they stand.
    """
    if not re.search(r"\w", part):
        return part in text
    if len(part) <= 3:
        return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None
    words, wanted = tokens(text), tokens(part)
    last = len(words) - len(wanted)
    return any(words[i : i + len(wanted)] == wanted for i in range(last + 1)) if wanted else False


# --- rows -------------------------------------------------------------------------------------


def malformed_cells(rows: Iterable[Row]) -> list[str]:
    """Stray spaces, unnormalised Unicode, bad lists, and cells every row must have."""
    problems = []
    for row in rows:
        for column, cell in row.cells.items():
            if unicodedata.normalize("NFC", " ".join(cell.split())) != cell:
                problems.append(f"{row.place}: {column} has stray spaces or is not NFC: {cell!r}")
        for column in ("subject", "popularity", "valid_as_of", "reference"):
            if not row.cells[column]:
                problems.append(f"{row.place}: {column} is empty")
        if not any(row.cells[column] for column in row.table.columns):
            problems.append(f"{row.place}: no fact cell of {row.subject!r} is filled")
        problems += _malformed_lists(row)
    return problems


def _malformed_lists(row: Row) -> list[str]:
    problems = []
    for relation, objects in row.values():
        if relation not in MULTI_VALUED and ";" in objects[0]:
            problems.append(f"{row.place}: {relation} holds one value, not a list: {objects[0]!r}")
        if len({name_key(value) for value in objects}) < len(objects):
            problems.append(f"{row.place}: {relation} names one object twice: {objects}")
    cell = row.cells["aliases"]
    if "; ".join(split_list(cell)) != cell:
        problems.append(f"{row.place}: aliases are not separated by '; ': {cell!r}")
    return problems


def malformed_marks(rows: Iterable[Row]) -> list[str]:
    """Unknown popularity, a reference that is no article, a date that is no past ISO date."""
    problems = []
    for row in rows:
        popularity, reference = row.cells["popularity"], row.cells["reference"]
        if popularity not in POPULARITY:
            allowed = ", ".join(POPULARITY)
            problems.append(f"{row.place}: popularity is {popularity!r}; allowed: {allowed}")
        if not REFERENCE_PAGE.fullmatch(reference):
            problems.append(f"{row.place}: reference is no Wikipedia article: {reference!r}")
        if not _is_past_date(row.cells["valid_as_of"]):
            problems.append(f"{row.place}: valid_as_of is no past ISO date: {row.cells!r}")
    return problems


def _is_past_date(text: str) -> bool:
    try:
        return text == date.fromisoformat(text).isoformat() and text <= date.today().isoformat()
    except ValueError:
        return False


def ambiguous_subjects(rows: Iterable[Row]) -> list[str]:
    """Two rows that one name may mean: equal but for case, accents, signs or a leading article.

    An alias that is another row's subject counts too.
    """
    problems, seen = [], {}
    rows = list(rows)
    for row in rows:
        other = seen.setdefault(name_key(row.subject), row)
        if other is not row:
            problems.append(
                f"{row.place}: {row.subject!r} is also {other.subject!r}, {other.place}"
            )
    for row in rows:
        for alias in row.aliases:
            other = seen.get(name_key(alias), row)
            if other is not row:
                problems.append(f"{row.place}: alias {alias!r} is the subject of {other.place}")
    return problems


def award_year_problems(rows: Iterable[Row]) -> list[str]:
    """Awards before their first ceremony, or whose subject names another year than the row."""
    problems = []
    for row in rows:
        if row.table.name != "awards":
            continue
        year = row.cells["year"]
        named = re.findall(r"\b(?:18|19|20)\d\d\b", row.subject)
        if not re.fullmatch(r"\d{4}", year) or (named and year not in named):
            problems.append(f"{row.place}: year {year!r} does not fit {row.subject!r}")
            continue
        first = next((y for name, y in FIRST_AWARDS.items() if name in row.cells["award"]), 1900)
        if not first <= int(year) <= int(row.cells["valid_as_of"][:4]):
            problems.append(f"{row.place}: {row.subject!r} in {year}, first given in {first}")
    return problems


# --- facts ------------------------------------------------------------------------------------


def duplicate_facts(facts: Iterable[Fact]) -> list[str]:
    """The same subject, relation and object twice, or one id for two facts."""
    facts = list(facts)
    triples = Counter((f.subject, f.relation, name_key(f.object)) for f in facts)
    ids = Counter(fact.id for fact in facts)
    problems = [f"stated {n} times: {triple}" for triple, n in triples.items() if n > 1]
    return problems + [f"{n} facts have the id {name}" for name, n in ids.items() if n > 1]


def answers_given_away(facts: Iterable[Fact], relations: dict[str, Relation]) -> list[str]:
    """Facts whose object or one of its aliases stands in a question about them."""
    problems = []
    for fact in facts:
        for question in relations[fact.relation].questions:
            text = question.replace("{s}", fact.subject)
            given = [name for name in (fact.object, *fact.aliases) if contains(text, name)]
            if given:
                problems.append(f"{fact.id}: {given[0]!r} stands in the question {text!r}")
                break
    return problems


def unused_aliases(names: Collection[str], facts: Iterable[Fact]) -> list[str]:
    """Names in the alias files that are no object, so that a misspelt one is noticed."""
    objects = {fact.object for fact in facts}
    return [
        f"aliases are given for {name!r}, which is no object"
        for name in names
        if name not in objects
    ]


def mixed_popularity(facts: Iterable[Fact]) -> list[str]:
    """Subjects that are popular in one fact and less popular in another."""
    levels: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        levels[fact.subject].add(fact.popularity)
    return [
        f"{name!r} has several popularities" for name, found in levels.items() if len(found) > 1
    ]


def unknown_relations(facts: Iterable[Fact], relations: dict[str, Relation]) -> list[str]:
    """Relations of facts that have no wordings."""
    used = dict.fromkeys(fact.relation for fact in facts)
    return [f"relation {name} has no wordings" for name in used if name not in relations]


def impossible_years(facts: Iterable[Fact]) -> list[str]:
    """Years that are no year, out of a relation's range, or before their maker's own."""
    facts = list(facts)
    problems = [
        f"{fact.id}: year {fact.object!r} is not within {low} to {high}"
        for fact in facts
        if (span := YEAR_RANGES.get(fact.relation))
        for low, high in [span]
        if not (re.fullmatch(r"\d{4}", fact.object) and low <= int(fact.object) <= high)
    ]
    return problems or _before_maker(facts)


def _before_maker(facts: Sequence[Fact]) -> list[str]:
    """Works dated before their maker was formed, or was YOUNGEST_DEBUT years old."""
    start = {}
    for fact in facts:
        if fact.relation in ("artist.birth_year", "artist.formed_year"):
            age = YOUNGEST_DEBUT if fact.relation == "artist.birth_year" else 0
            start[name_key(fact.subject)] = int(fact.object) + age
    makers = {f.subject: f.object for f in facts if f.relation in MAKER_RELATIONS.values()}
    return [
        f"{fact.id}: {fact.object} is before {makers[fact.subject]} could have made it ({first})"
        for fact in facts
        if fact.relation in ("album.year", "song.year", "classical.year", "opera.year")
        and (first := start.get(name_key(makers.get(fact.subject, "")), 0)) > int(fact.object)
    ]


def spelling_clashes(facts: Iterable[Fact]) -> list[str]:
    """One object of a relation in two spellings, which differ in case, accents or signs only."""
    return [
        f"{relation}: one object, several spellings: {sorted(names)}"
        for (relation, _), names in _spellings(facts).items()
        if len(names) > 1
    ]


def _spellings(facts: Iterable[Fact]) -> dict[tuple[str, str], set[str]]:
    spellings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in facts:
        spellings[fact.relation, name_key(fact.object)].add(fact.object)
    return spellings


def alias_clashes(facts: Iterable[Fact]) -> list[Disagreement]:
    """Objects that are listed as another object's alias: the same thing, or a broader term?

    A person decides; `dollar` beside `US dollar` is right, `USA` beside `United States` is not.
    """
    facts = list(facts)
    spellings = _spellings(facts)
    pairs = {(f.relation, name, f.object) for f in facts for name in _alias_keys(f)}
    return [
        Disagreement(OWN_TABLES, other, relation, name, f"{other} is an alias of {name}")
        for relation, key, name in sorted(pairs)
        for other in sorted(spellings.get((relation, key), set()) - {name})
    ]


def _alias_keys(fact: Fact) -> set[str]:
    return {name_key(alias) for alias in fact.aliases} - {name_key(fact.object)}


# --- reference data ---------------------------------------------------------------------------


@dataclass
class _Subject:
    """A subject as reference sets may know it."""

    name: str
    category: str
    names: set[str]
    makers: set[str]
    objects: dict[str, list[str]]  # relation -> objects and their aliases, objects first
    shown: dict[str, list[str]]  # relation -> objects only


def _index(facts: Iterable[Fact]) -> dict[str, _Subject]:
    """Subjects by name; `Beethoven's Symphony No. 5` is also `Symphony No. 5` by Beethoven."""
    subjects = {}
    for name, group in by_subject(facts).items():
        category = group[0].category
        names = {name_key(other) for other in (name, *group[0].subject_aliases)}
        makers = {
            surname(form)
            for fact in group
            if fact.relation == MAKER_RELATIONS.get(category)
            for form in (fact.object, *fact.aliases)
        }
        if category in WORKS and (found := re.fullmatch(r"(.+?)['’]s? (.+)", name)):
            makers.add(surname(found[1]))
            names.add(name_key(found[2]))
        objects, shown = defaultdict(list), defaultdict(list)
        for fact in group:
            objects[fact.relation] += [fact.object, *fact.aliases]
            shown[fact.relation].append(fact.object)
        subjects[name] = _Subject(name, category, names, makers, dict(objects), dict(shown))
    return subjects


def _matches(
    references: Iterable[ReferenceFact], subjects: dict[str, _Subject]
) -> Iterator[tuple[ReferenceFact, _Subject]]:
    """Every pair of a reference fact and one of our subjects that it may speak of."""
    named, made = defaultdict(list), defaultdict(list)
    for subject in subjects.values():
        for name in subject.names:
            named[subject.category, name].append(subject)
        for maker in subject.makers:
            made[subject.category, maker].append(subject)
    for reference in references:
        category, maker = reference.relation.split(".")[0], surname(reference.maker)
        keys = {name_key(name) for name in reference.names}
        found = [s for key in keys for s in named[category, key]] if keys else made[category, maker]
        for subject in found:
            has_answer = reference.relation in subject.objects
            if has_answer and (not maker or maker in subject.makers):
                yield reference, subject


def agrees(relation: str, ours: Sequence[str], theirs: Sequence[str]) -> bool | None:
    """Whether any of our forms means the same as any of theirs; None where they do not compare."""
    if relation == "classical.catalogue":
        return _same_catalogue(ours, theirs)
    compare = COMPARERS.get(relation, _same_name)
    return any(compare(our, their) for our in ours for their in theirs)


def _same_catalogue(ours: Sequence[str], theirs: Sequence[str]) -> bool | None:
    """Same number in a catalogue that both use; a number within an opus may be left out."""
    pairs = [
        (a, b)
        for our in ours
        for their in theirs
        for a in catalogue_numbers(our)
        for b in catalogue_numbers(their)
        if a[0] == b[0]
    ]
    if not pairs:
        return None
    return any(a[1] == b[1] and (a[2] == b[2] or not (a[2] and b[2])) for a, b in pairs)


def _same_name(ours: str, theirs: str) -> bool:
    return name_key(ours) == name_key(theirs)


def _same_surname(ours: str, theirs: str) -> bool:
    return surname(ours) == surname(theirs)


def _same_place(ours: str, theirs: str) -> bool:
    """`Tupelo` is `Tupelo, Mississippi`."""
    return name_key(ours.split(",")[0]) == name_key(theirs.split(",")[0])


def _same_key(ours: str, theirs: str) -> bool:
    return key_name(ours, plain=True) == key_name(theirs, plain=True)


def _narrower(ours: str, theirs: str) -> bool:
    """One name's words are among the other's: `rock` and `alternative rock music`."""
    idle = {"music", "records", "recordings", "record", "the", "and", "company", "entertainment"}
    mine, yours = set(tokens(ours)) - idle, set(tokens(theirs)) - idle
    return bool(mine and yours) and (mine <= yours or yours <= mine)


COMPARERS: dict[str, Callable[[str, str], bool]] = {
    "classical.composer": _same_surname,
    "opera.composer": _same_surname,
    "classical.key": _same_key,
    "artist.birthplace": _same_place,
    "artist.genre": _narrower,
    "album.label": _narrower,
    "album.artist": _narrower,
    "song.artist": _narrower,
}


def compare_with_references(facts: Iterable[Fact], folder: Path | None = None) -> Comparison:
    """Compare facts with the reference sets of `folder` (default: the reference data folder).

    Subjects are matched by folded name and, where the reference names a maker, by maker too.
    Within one set, one agreeing answer among several is agreement. Raises FileNotFoundError
    where the folder is missing.
    """
    references = read_reference_facts(folder or reference_folder())
    met: dict[tuple[str, str, str], list[ReferenceFact]] = defaultdict(list)
    subjects = _index(facts)
    for reference, subject in _matches(references, subjects):
        met[reference.source, subject.name, reference.relation].append(reference)
    compared, agreed, disagreements = Counter(), Counter(), []
    for (source, name, relation), found in met.items():
        ours = subjects[name].objects[relation]
        verdicts = [agrees(relation, ours, reference.objects) for reference in found]
        if all(verdict is None for verdict in verdicts):
            continue
        compared[source, relation] += 1
        if any(verdicts):
            agreed[source, relation] += 1
            continue
        theirs = " | ".join(sorted({reference.shown for reference in found}))
        shown = "; ".join(subjects[name].shown[relation])
        disagreements.append(Disagreement(source, name, relation, shown, theirs))
    return Comparison(compared, agreed, tuple(sorted(disagreements, key=lambda d: d.key)))


def reference_folder() -> Path:
    """Where the reference sets lie, if they do."""
    return paths.REFERENCE_DATA / "music_facts"


def disagreements_path(domain: str) -> Path:
    """The committed list of disagreements and their resolutions."""
    return card_folder(domain) / "disagreements.csv"


def comparison_path(domain: str) -> Path:
    """The committed counts of the last comparison."""
    return card_folder(domain) / "comparison.csv"


def read_disagreements(path: Path) -> list[Disagreement]:
    """The committed disagreements; an absent file holds none."""
    names = [item.name for item in fields(Disagreement)]
    if not path.exists():
        return []
    return [Disagreement(**{n: cells[n] for n in names}) for _, cells in read_csv(path, names)]


def write_disagreements(disagreements: Iterable[Disagreement], path: Path) -> None:
    """Write the list, sorted, for a person to fill in what has no resolution yet."""
    rows = sorted(disagreements, key=lambda item: item.key)
    _write_csv(path, [item.name for item in fields(Disagreement)], map(astuple, rows))


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def unresolved(
    found: Iterable[Disagreement], known: Iterable[Disagreement], sets: Collection[str]
) -> list[str]:
    """Disagreements without a resolution, and resolutions of what no longer disagrees.

    sets: the reference sets that were compared; what is known of others is left alone.
    """
    found = list(found)
    resolutions = {item.key: item.resolution.strip() for item in known}
    problems = [
        f"{d.reference_set}: {d.subject}: {d.relation} is {d.ours!r}, theirs {d.theirs!r}: "
        "mend the source or write a resolution into disagreements.csv"
        for d in found
        if not resolutions.get(d.key)
    ]
    current = {item.key for item in found}
    stale = [key for key in resolutions if key[0] in sets and key not in current]
    return problems + [f"disagreements.csv: no longer a disagreement: {key}" for key in stale]


def record_comparison(domain: str, folder: Path | None = None) -> list[Disagreement]:
    """Write comparison.csv and disagreements.csv; resolutions already written are kept.

    Returns the disagreements that still want a resolution.
    """
    facts = build_facts(domain)
    comparison = compare_with_references(facts, folder)
    path = disagreements_path(domain)
    known = {item.key: item for item in read_disagreements(path)}
    found = [*alias_clashes(facts), *comparison.disagreements]
    listed = [known.get(item.key, item) for item in found]
    write_disagreements(listed, path)
    explained = Counter((item.reference_set, item.relation) for item in comparison.disagreements)
    rows = [
        (*key, number, comparison.agreed[key], explained[key])
        for key, number in sorted(comparison.compared.items())
    ]
    _write_csv(comparison_path(domain), COMPARISON_HEADER, rows)
    return [item for item in listed if not item.resolution]


def comparison_table(domain: str) -> str:
    """A Markdown table of the committed comparison; empty where there is none."""
    path = comparison_path(domain)
    if not path.exists():
        return ""
    lines = ["| " + " | ".join(COMPARISON_HEADER) + " |", "|---|---|--:|--:|--:|"]
    for _, cells in read_csv(path, COMPARISON_HEADER):
        lines.append("| " + " | ".join(cells[name] for name in COMPARISON_HEADER) + " |")
    return "\n".join(lines)


# --- all of it --------------------------------------------------------------------------------


def check_rows(rows: Sequence[Row]) -> list[str]:
    """Every check of source rows."""
    checks = (malformed_cells, malformed_marks, ambiguous_subjects, award_year_problems)
    return [problem for check in checks for problem in check(rows)]


def check_facts(facts: Sequence[Fact], relations: dict[str, Relation]) -> list[str]:
    """Every check of facts against themselves and their wordings."""
    problems = unknown_relations(facts, relations)
    if not problems:
        problems = answers_given_away(facts, relations)
    for check in (duplicate_facts, impossible_years, spelling_clashes, mixed_popularity):
        problems += check(facts)
    return problems


def check_domain(domain: str) -> list[str]:
    """Every check of a domain's committed sources; reference data only where it is there.

    A subject that stands in the other domain too counts as ambiguous.
    """
    facts = build_facts(domain)
    problems = check_rows(read_rows(domain)) + check_facts(facts, load_relations())
    problems += unused_aliases(read_aliases(domain), facts)
    problems += [text for text in shared_subjects() if text not in problems]
    found, sets = alias_clashes(facts), {OWN_TABLES}
    folder = reference_folder()
    if folder.is_dir():
        comparison = compare_with_references(facts, folder)
        found += comparison.disagreements
        sets |= {source for source, _ in comparison.compared}
    return problems + unresolved(found, read_disagreements(disagreements_path(domain)), sets)


def shared_subjects() -> list[str]:
    """Subjects that stand in more than one row of all domains together."""
    return ambiguous_subjects(row for domain in DOMAINS for row in read_rows(domain))
