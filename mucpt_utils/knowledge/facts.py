"""Fact tables: from the wide CSV sources and computed theory to one fact a line.

python -m mucpt_utils facts build     # writes data_cards/{music,general}_facts/facts.jsonl
python -m mucpt_utils facts check     # runs every check of mucpt_utils.knowledge.authoring.checks
"""

import argparse
import csv
import dataclasses
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from mucpt_utils import paths
from mucpt_utils.knowledge.authoring.theory import theory_rows

DOMAINS = ("music", "general")
POPULARITY = ("popular", "less_popular")
ANSWER_TYPES = ("person", "group", "title", "place", "date", "year", "number", "term")
COMMON_COLUMNS = ("popularity", "aliases", "valid_as_of", "reference")
LIST_SEPARATOR = "; "
THEORY_VALID_AS_OF = "2025-01-01"
COUNTS_BEGIN, COUNTS_END = "<!-- counts:begin -->", "<!-- counts:end -->"

# relations that may have several objects; a member list names some members, not all of them
MULTI_VALUED = frozenset(
    {
        "artist.member",
        "album.producer",
        "song.writer",
        "award.winner",
        "award.performer",
        "opera.librettist",
    }
)
OPEN_LISTS = frozenset({"artist.member"})


@dataclass(frozen=True)
class Fact:
    """One true statement: `subject` has `object` for `relation` (`category.column`).

    `aliases` are other forms of the object, `subject_aliases` of the subject; `popularity` is one
    of POPULARITY and speaks of the subject; `valid_as_of` is an ISO date, `reference` a page.
    """

    id: str
    subject: str
    relation: str
    object: str
    aliases: tuple[str, ...]
    popularity: str
    valid_as_of: str
    reference: str
    category: str
    domain: str
    subject_aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """Wordings of a relation; `{s}` stands for the subject and `{o}` for the object.

    `label` names the metadata field, `questions[0]` is the benchmark's wording.
    """

    id: str
    label: str
    answer_type: str
    questions: tuple[str, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A source table: `columns` hold facts; `context` columns only describe the subject."""

    name: str
    category: str
    columns: tuple[str, ...]
    context: tuple[str, ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """Every column that must be there, `subject` first."""
        return ("subject", *self.context, *self.columns, *COMMON_COLUMNS)


TABLES: dict[str, tuple[Table, ...]] = {
    "music": (
        Table(
            "artists",
            "artist",
            ("country", "city", "year", "genre", "instrument", "lead_vocalist", "members"),
            ("kind",),
        ),
        Table("albums", "album", ("artist", "year", "label", "producer")),
        Table("songs", "song", ("artist", "year", "album", "writer")),
        Table("awards", "award", ("winner", "performer", "country"), ("award", "year")),
        Table("classical", "classical", ("composer", "year", "key", "catalogue", "premiere_city")),
        Table("operas", "opera", ("composer", "year", "city", "librettist")),
        Table("instruments", "instrument", ("family", "origin", "inventor")),
    ),
    "general": (
        Table("countries", "country", ("capital", "continent", "currency", "language")),
        Table("elements", "element", ("symbol", "atomic_number", "group", "discoverer")),
        Table("books", "book", ("author", "year", "language")),
        Table("inventions", "invention", ("inventor", "year", "country")),
        Table("planets", "planet", ("order", "kind")),
        Table("landmarks", "landmark", ("city", "country")),
        Table("paintings", "painting", ("painter", "museum")),
        Table("animals", "animal", ("class", "young")),
    ),
}
# columns of the artists that mean one thing for a person and another for a group
ARTIST_COLUMNS = {
    "year": {"person": "artist.birth_year", "group": "artist.formed_year"},
    "city": {"person": "artist.birthplace", "group": "artist.city"},
}


@dataclass(frozen=True)
class Row:
    """One line of a source table, with its place for messages."""

    table: Table
    path: Path
    line: int
    cells: dict[str, str] = field(repr=False)

    @property
    def subject(self) -> str:
        return self.cells["subject"]

    @property
    def aliases(self) -> tuple[str, ...]:
        return split_list(self.cells["aliases"])

    def values(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(relation, objects) of every filled fact cell, in the order of the columns."""
        for column in self.table.columns:
            if cell := self.cells[column]:
                relation = self._relation(column)
                yield relation, split_list(cell) if relation in MULTI_VALUED else (cell,)

    def _relation(self, column: str) -> str:
        if self.table.name == "artists" and column in ARTIST_COLUMNS:
            kinds, kind = ARTIST_COLUMNS[column], self.cells["kind"]
            if kind not in kinds:
                raise ValueError(f"{self.place}: kind is {kind!r}; allowed: {', '.join(kinds)}")
            return kinds[kind]
        name = "member" if column == "members" else column
        return f"{self.table.category}.{name}"

    @property
    def place(self) -> str:
        """`artists.csv:12`, for messages."""
        return f"{self.path.name}:{self.line}"


def split_list(cell: str) -> tuple[str, ...]:
    """The values of a `; `-separated cell; an empty cell has none."""
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def slug(text: str) -> str:
    """Lower-case letters and digits joined by hyphens; code points where nothing else is left.

    `Sigur Rós` gives `sigur-ros`, `!!!` gives `u21-u21-u21`.
    """
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    words = re.findall(r"[^\W_]+", bare.replace("'", "").replace("’", ""))
    return "-".join(words) or "-".join(f"u{ord(char):x}" for char in text)


def card_folder(domain: str) -> Path:
    """The dataset folder of a domain; ValueError for an unknown one."""
    if domain not in DOMAINS:
        raise ValueError(f"domain is {domain!r}; allowed: {', '.join(DOMAINS)}")
    return paths.DATA_CARDS / f"{domain}_facts"


def source_folder(domain: str) -> Path:
    """The folder of a domain's CSV sources."""
    return card_folder(domain) / "source"


def read_csv(path: Path, columns: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """(line number, cells) of every row of a UTF-8 CSV file.

    Raises ValueError with file and line for a missing column or a row of another length.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{path}:1: columns missing: {', '.join(missing)}")
        rows = []
        for cells in reader:
            if None in cells or None in cells.values():
                wanted = len(reader.fieldnames)
                raise ValueError(f"{path}:{reader.line_num}: the row has not {wanted} cells")
            rows.append((reader.line_num, cells))
    return rows


def read_rows(domain: str, folder: Path | None = None) -> list[Row]:
    """Every row of a domain's source tables, in the order of TABLES and of the files."""
    folder = folder or source_folder(domain)
    rows = []
    for table in TABLES[domain]:
        path = folder / f"{table.name}.csv"
        for line, cells in read_csv(path, table.header):
            rows.append(Row(table, path, line, cells))
    return rows


def read_aliases(domain: str, folder: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Other forms of each answer: the `aliases_*.csv` files joined, in their order."""
    aliases: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for path in sorted((folder or source_folder(domain)).glob("aliases_*.csv")):
        for _, cells in read_csv(path, ("name", "aliases")):
            aliases[cells["name"]] += split_list(cells["aliases"])
    return dict(aliases)


def build_facts(domain: str, folder: Path | None = None) -> list[Fact]:
    """The facts of a domain from its sources (`folder` replaces the committed ones).

    Music also gets the computed theory. An object takes the aliases listed for it and those of
    the subject of the same name. Raises ValueError with file and line for a malformed table.
    """
    rows = read_rows(domain, folder)
    aliases = read_aliases(domain, folder)
    for row in rows:
        aliases[row.subject] = aliases.get(row.subject, ()) + row.aliases
    facts = [fact for row in rows for fact in _row_facts(row, domain, aliases)]
    return facts + theory_facts() if domain == "music" else facts


def _row_facts(row: Row, domain: str, aliases: dict[str, tuple[str, ...]]) -> Iterator[Fact]:
    for relation, objects in row.values():
        for number, value in enumerate(objects, start=1):
            yield Fact(
                id=fact_id(domain, relation, row.subject, number),
                subject=row.subject,
                relation=relation,
                object=value,
                aliases=_without(value, aliases.get(value, ())),
                popularity=row.cells["popularity"],
                valid_as_of=row.cells["valid_as_of"],
                reference=row.cells["reference"],
                category=row.table.category,
                domain=domain,
                subject_aliases=_without(row.subject, row.aliases),
            )


def theory_facts() -> list[Fact]:
    """The computed facts of mucpt_utils.knowledge.authoring.theory."""
    return [
        Fact(
            id=fact_id("music", f"theory.{row.relation}", row.subject),
            subject=row.subject,
            relation=f"theory.{row.relation}",
            object=row.object,
            aliases=row.aliases,
            popularity="popular" if row.popular else "less_popular",
            valid_as_of=THEORY_VALID_AS_OF,
            reference=row.reference,
            category="theory",
            domain="music",
            subject_aliases=row.subject_aliases,
        )
        for row in theory_rows()
    ]


def fact_id(domain: str, relation: str, subject: str, number: int = 1) -> str:
    """`m:album.artist:nevermind`; the second and later objects of a list end in `:2`, `:3`."""
    suffix = f":{number}" if number > 1 else ""
    return f"{domain[0]}:{relation}:{slug(subject)}{suffix}"


def _without(name: str, aliases: Iterable[str]) -> tuple[str, ...]:
    """The aliases once each, without the name itself."""
    return tuple(alias for alias in dict.fromkeys(aliases) if alias != name)


def write_facts(facts: Iterable[Fact], path: Path) -> None:
    """Write one JSON object a line, in the order given."""
    lines = (json.dumps(dataclasses.asdict(fact), ensure_ascii=False) for fact in facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def load_facts(domain: str, path: Path | None = None) -> list[Fact]:
    """The committed facts of a domain ('music' or 'general').

    Raises FileNotFoundError, saying how to build them, and ValueError with the line of a
    malformed fact.
    """
    path = path or card_folder(domain) / "facts.jsonl"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; `python -m mucpt_utils facts build` writes it")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_parse_fact(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]


def _parse_fact(line: str, place: str) -> Fact:
    try:
        cells = json.loads(line)
        for name in ("aliases", "subject_aliases"):
            cells[name] = tuple(cells[name])
        return Fact(**cells)
    except (TypeError, KeyError, ValueError) as error:
        names = ", ".join(item.name for item in dataclasses.fields(Fact))
        raise ValueError(f"{place}: not a fact ({error}); its fields are {names}") from error


def by_subject(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Facts grouped by subject, both in the order met."""
    groups: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[fact.subject].append(fact)
    return dict(groups)


def askable(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that a question has one answer to.

    Those whose (subject, relation) has exactly one object; lists that name only some of the
    objects (OPEN_LISTS) are never asked.
    """
    facts = list(facts)
    objects = Counter((fact.subject, fact.relation) for fact in facts)
    return [
        fact
        for fact in facts
        if objects[fact.subject, fact.relation] == 1 and fact.relation not in OPEN_LISTS
    ]


def load_relations(folder: Path | None = None) -> dict[str, Relation]:
    """The wordings of every relation, from `relations_{music,general}.yaml`.

    Raises ValueError naming file and relation for an unknown answer type, a missing key, or a
    wording without its placeholder.
    """
    folder = folder or paths.WORDINGS
    relations: dict[str, Relation] = {}
    for domain in DOMAINS:
        path = folder / f"relations_{domain}.yaml"
        for name, cells in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            relations[name] = _relation(name, cells, f"{path.name}: {name}")
    return relations


def _relation(name: str, cells: dict, place: str) -> Relation:
    wanted = {"label", "answer_type", "questions", "statements"}
    if set(cells) != wanted:
        raise ValueError(f"{place}: keys are {sorted(cells)}; wanted: {sorted(wanted)}")
    if cells["answer_type"] not in ANSWER_TYPES:
        allowed = ", ".join(ANSWER_TYPES)
        raise ValueError(f"{place}: answer_type is {cells['answer_type']!r}; allowed: {allowed}")
    for wording in cells["questions"]:
        if "{s}" not in wording or "{o}" in wording:
            raise ValueError(f"{place}: a question needs {{s}} and no {{o}}: {wording!r}")
    for wording in cells["statements"]:
        if "{s}" not in wording or "{o}" not in wording:
            raise ValueError(f"{place}: a statement needs {{s}} and {{o}}: {wording!r}")
    questions, statements = tuple(cells["questions"]), tuple(cells["statements"])
    return Relation(name, cells["label"], cells["answer_type"], questions, statements)


def counts_table(facts: Iterable[Fact]) -> str:
    """A Markdown table: subjects and facts of each category, and their sum."""
    facts = list(facts)
    categories = list(dict.fromkeys(fact.category for fact in facts))
    groups = [(name, [f for f in facts if f.category == name]) for name in categories]
    lines = [
        "| category | subjects | popular | less popular | facts | with one answer | relations |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, group in [*groups, ("**all**", facts)]:
        popular, rare = (
            len({fact.subject for fact in group if fact.popularity == level})
            for level in POPULARITY
        )
        columns = dict.fromkeys(fact.relation.split(".")[1] for fact in group)
        relations = ", ".join(columns) if group is not facts else ""
        single = len(askable(group))
        subjects = len({fact.subject for fact in group})
        numbers = f"{subjects} | {popular} | {rare} | {len(group)} | {single}"
        lines.append(f"| {name} | {numbers} | {relations} |")
    return "\n".join(lines)


def with_counts(card: str, counts: str) -> str:
    """The card's text with `counts` between its markers; ValueError where a marker is missing."""
    before, begin, rest = card.partition(COUNTS_BEGIN)
    _, end, after = rest.partition(COUNTS_END)
    if not (begin and end):
        raise ValueError(f"the card needs the markers {COUNTS_BEGIN} and {COUNTS_END}")
    return f"{before}{begin}\n{counts}\n{end}{after}"


def build(domain: str) -> list[Fact]:
    """Write a domain's facts.jsonl and the counts of its card; returns the facts."""
    facts = build_facts(domain)
    write_facts(facts, card_folder(domain) / "facts.jsonl")
    card = card_folder(domain) / "README.md"
    card.write_text(counted_card(domain, facts), encoding="utf-8")
    return facts


def counted_card(domain: str, facts: Iterable[Fact]) -> str:
    """The text of a domain's card with the counts of `facts` and of the last comparison."""
    from mucpt_utils.knowledge.authoring.checks import comparison_table  # it imports this module

    card = (card_folder(domain) / "README.md").read_text(encoding="utf-8")
    tables = (counts_table(facts), comparison_table(domain))
    return with_counts(card, "\n\n".join(table for table in tables if table))


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code (1 where a check fails)."""
    parser = argparse.ArgumentParser(
        prog="python -m mucpt_utils facts", description="Build, check and compare the fact tables."
    )
    parser.add_argument("command", choices=tuple(COMMANDS), help="; ".join(COMMANDS.values()))
    parser.add_argument("--domain", choices=DOMAINS, action="append", help="default: both")
    options = parser.parse_args(arguments)
    run = {"build": _run_build, "check": _run_check, "compare": _run_compare}[options.command]
    return max(run(domain) for domain in options.domain or DOMAINS)


COMMANDS = {
    "build": "build: write facts.jsonl and the counts of the cards",
    "check": "check: run every check, with the reference data where it is there",
    "compare": "compare: write comparison.csv and disagreements.csv from the reference data",
}


def _run_build(domain: str) -> int:
    facts = build(domain)
    print(f"{domain}: {len(by_subject(facts))} subjects, {len(facts)} facts")
    return 0


def _run_check(domain: str) -> int:
    from mucpt_utils.knowledge.authoring.checks import check_domain

    return _report(domain, check_domain(domain))


def _run_compare(domain: str) -> int:
    from mucpt_utils.knowledge.authoring.checks import record_comparison

    open_ones = record_comparison(domain)
    return _report(domain, [f"no resolution yet: {' | '.join(item.key)}" for item in open_ones])


def _report(domain: str, problems: list[str]) -> int:
    for problem in problems:
        print(f"{domain}: {problem}", file=sys.stderr)
    print(f"{domain}: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    # one module object for `Fact`, whichever way this file was started
    from mucpt_utils.knowledge.facts import main as entry

    sys.exit(entry())
