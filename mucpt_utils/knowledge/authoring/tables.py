"""Source tables: wide CSV files, one subject per row, which become one fact per line."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import chain
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import write_jsonl, write_text
from mucpt_utils.knowledge.authoring.theory import theory_rows
from mucpt_utils.knowledge.facts import DOMAINS, Fact, FactError, slug

SOURCES = {
    "music": "data_cards/music_facts/source",
    "general": "data_cards/general_facts/source",
}
COMMON_COLUMNS = ("popularity", "aliases", "valid_as_of", "reference")
THEORY_VALID_AS_OF = "2025-01-01"
# relations that may have several objects
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
# columns of the artists that mean one thing for a person and another for a group
ARTIST_COLUMNS = {
    "year": {"person": "artist.birth_year", "group": "artist.formed_year"},
    "city": {"person": "artist.birthplace", "group": "artist.city"},
}


class TableError(MuCPTError, ValueError):
    """A malformed source table; the message names file and line."""


@dataclass(frozen=True)
class Table:
    """A source table: `columns` hold facts, `context` columns only describe the subject."""

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


@dataclass(frozen=True)
class Row:
    """One line of a source table, with its file and number for messages."""

    table: Table
    path: Path
    line: int
    cells: dict[str, str] = field(repr=False)

    @property
    def subject(self) -> str:
        """What the row is about."""
        return self.cells["subject"]

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names of the subject."""
        return split_list(self.cells["aliases"])

    @property
    def location(self) -> str:
        """`artists.csv:12`, for messages."""
        return f"{self.path.name}:{self.line}"

    def values(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(relation, objects) of every filled fact cell, in the order of the columns.

        Raises TableError for an artist that is neither person nor group.
        """
        for column in self.table.columns:
            if not (cell := self.cells[column]):
                continue
            relation = f"{self.table.category}.{'member' if column == 'members' else column}"
            if self.table.name == "artists" and column in ARTIST_COLUMNS:
                kinds, kind = ARTIST_COLUMNS[column], self.cells["kind"]
                if kind not in kinds:
                    allowed = ", ".join(kinds)
                    raise TableError(f"{self.location}: kind is {kind!r}; allowed: {allowed}")
                relation = kinds[kind]
            yield relation, split_list(cell) if relation in MULTI_VALUED else (cell,)

    def facts(self, domain: str, aliases: dict[str, tuple[str, ...]]) -> Iterator[Fact]:
        """The facts of the row. aliases: other forms of objects, by object."""
        for relation, objects in self.values():
            for number, value in enumerate(objects, start=1):
                identity = fact_id(domain, relation, self.subject, number)
                names = (value, f"{relation}: {value}", identity)
                forms = chain.from_iterable(aliases.get(name, ()) for name in names)
                yield Fact(
                    id=identity,
                    subject=self.subject,
                    relation=relation,
                    object=value,
                    aliases=other_names(value, forms),
                    popularity=self.cells["popularity"],
                    valid_as_of=self.cells["valid_as_of"],
                    reference=self.cells["reference"],
                    category=self.table.category,
                    domain=domain,
                    subject_aliases=other_names(self.subject, self.aliases),
                )


def split_list(cell: str) -> tuple[str, ...]:
    """The values of a `; `-separated cell; an empty cell has none."""
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def other_names(name: str, aliases: Iterable[str]) -> tuple[str, ...]:
    """The aliases, each once, without the name itself."""
    return tuple(alias for alias in dict.fromkeys(aliases) if alias != name)


def fact_id(domain: str, relation: str, subject: str, number: int = 1) -> str:
    """`m:album.artist:nevermind`; the second and later objects of a list end in `:2`, `:3`."""
    suffix = f":{number}" if number > 1 else ""
    return f"{domain[0]}:{relation}:{slug(subject)}{suffix}"


def source_folder(domain: str) -> Path:
    """The folder of a domain's CSV sources. Raises FactError for an unknown domain."""
    if domain not in SOURCES:
        raise FactError(f"domain is {domain!r}; allowed: {', '.join(DOMAINS)}")
    return paths.ROOT / SOURCES[domain]


def card_folder(domain: str) -> Path:
    """The dataset folder of a domain. Raises FactError for an unknown one."""
    return source_folder(domain).parent


def read_csv(path: Path, columns: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """(line number, cells) of every row of a UTF-8 CSV file.

    Raises TableError, with file and line, for a missing column or a row of the wrong length.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        header = reader.fieldnames or ()
        missing = [column for column in columns if column not in header]
        if missing:
            raise TableError(f"{path}:1: columns missing: {', '.join(missing)}")
        rows = []
        for cells in reader:
            if None in cells or None in cells.values():
                raise TableError(f"{path}:{reader.line_num}: the row has not {len(header)} cells")
            rows.append((reader.line_num, cells))
    return rows


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Write a UTF-8 CSV file, whole or not at all."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, buffer.getvalue())


def read_rows(domain: str, folder: Path | None = None) -> list[Row]:
    """Every row of a domain's source tables, in the order of TABLES and of the files."""
    folder = folder or source_folder(domain)
    files = [(table, folder / f"{table.name}.csv") for table in TABLES[domain]]
    return [
        Row(table, path, line, cells)
        for table, path in files
        for line, cells in read_csv(path, table.header)
    ]


def read_aliases(domain: str, folder: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Other forms of each answer: the `aliases_*.csv` files joined, in their order.

    A name with several meanings is given with the relation that its forms belong to
    (`artist.genre: electronic`); forms that are right for a single fact, with its id.
    """
    aliases: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for path in sorted((folder or source_folder(domain)).glob("aliases_*.csv")):
        for _, cells in read_csv(path, ("name", "aliases")):
            aliases[cells["name"]] += split_list(cells["aliases"])
    return dict(aliases)


def build_facts(domain: str, folder: Path | None = None) -> list[Fact]:
    """The facts of a domain from its sources (`folder` replaces the committed ones).

    Music also gets the computed theory. An object takes the aliases listed for it and those of
    the subject of the same name. Raises TableError with file and line for a malformed table.
    """
    rows = read_rows(domain, folder)
    aliases = read_aliases(domain, folder)
    for row in rows:
        aliases[row.subject] = aliases.get(row.subject, ()) + row.aliases
    facts = [fact for row in rows for fact in row.facts(domain, aliases)]
    return facts + theory_facts() if domain == "music" else facts


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


def write_facts(facts: Iterable[Fact], path: Path) -> None:
    """Write one JSON object per line, in the order given."""
    write_jsonl(path, (fact.as_json() for fact in facts))
