"""Facts of the benchmark's tail: asked of real models, stated by no document of the study.

They come from `data_cards/music_facts/source/tail.csv`, one per row. Their subjects are not in the
fact tables, so they change no study's roles (`knowledge.roles`).
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote_plus

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_yaml
from mucpt_utils.knowledge.facts import Fact, slug
from mucpt_utils.knowledge.relations import Relation

SOURCE = paths.ROOT / "data_cards/music_facts/source/tail.csv"
IDENTIFIERS = paths.ROOT / "data_cards/music_facts/source/identifiers.csv"
RELATIONS = paths.PACKAGE / "knowledge/tail_relations.yaml"
COLUMNS = (
    *("relation", "title", "maker", "detail", "object", "aliases"),
    *("confirmed_by", "identifiers", "valid_as_of"),
)
FEWEST_CONFIRMATIONS = 2
SEARCH_PAGE = "https://en.wikipedia.org/w/index.php?search="


class TailError(MuCPTError, ValueError):
    """A row of the tail that is malformed; the message names file and line."""


@dataclass(frozen=True)
class TailFact(Fact):
    """A fact with its confirmations, and its numbers in public catalogues (`catalogue:number`).

    detail: what the question names besides the subject, such as the instrument.
    """

    detail: str = ""
    confirmed_by: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


@cache
def tail_relations() -> dict[str, Mapping]:
    """answer_type, subject and questions of every relation of the tail."""
    return read_yaml(RELATIONS)


def tail_relation(fact: TailFact) -> Relation:
    """How a fact of the tail is asked about, with its detail filled in."""
    cells = tail_relations()[fact.relation]
    questions = tuple(text.replace("{d}", fact.detail) for text in cells["questions"])
    return Relation(fact.relation, fact.relation, cells["answer_type"], questions, ())


def load_tail(path: Path = SOURCE) -> list[TailFact]:
    """The facts of the tail.

    Raises TailError, with file and line, for an unknown relation, an empty object or maker, a fact
    that appears twice, and one with fewer than FEWEST_CONFIRMATIONS confirmations.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    facts: dict[str, TailFact] = {}
    for number, row in enumerate(rows, start=2):
        try:
            fact = tail_fact(row)
        except TailError as error:
            raise TailError(f"{path}:{number}: {error}") from None
        if fact.id in facts:
            raise TailError(f"{path}:{number}: {fact.id} stands twice")
        facts[fact.id] = fact
    return list(facts.values())


def tail_fact(row: Mapping[str, str]) -> TailFact:
    """The fact in one row of the source; `Lemon [2018 single]` says which of two is meant.

    Raises TailError for a missing cell or an unknown relation.
    """
    if set(row) != set(COLUMNS):
        raise TailError(f"the columns are {', '.join(COLUMNS)}")
    cells, lists = tail_relations().get(row["relation"]), split_cells(row)
    if cells is None:
        raise TailError(f"relation is {row['relation']!r}; allowed: {', '.join(tail_relations())}")
    missing = [name for name in ("title", "object", "valid_as_of") if not row[name]]
    if missing or ("{m}" in cells["subject"] and not row["maker"]):
        raise TailError(f"{', '.join(missing or ['maker'])} is empty")
    if len(set(lists["confirmed_by"])) < FEWEST_CONFIRMATIONS:
        raise TailError(f"{row['title']!r} has fewer than {FEWEST_CONFIRMATIONS} confirmations")
    title, _, note = row["title"].removesuffix("]").partition(" [")
    subject = cells["subject"].replace("{m}", row["maker"]).replace("{t}", title)
    subject += f" ({note})" if note else ""
    name = "-".join(slug(part) for part in (row["maker"], row["title"], row["detail"]) if part)
    searched = quote_plus(f"{row['maker']} {title}".strip())
    return TailFact(
        id=f"t:{row['relation']}:{name}",
        subject=subject,
        relation=row["relation"],
        object=row["object"],
        popularity="less_popular",
        valid_as_of=row["valid_as_of"],
        reference=f"{SEARCH_PAGE}{searched}",
        category=row["relation"].split(".")[0],
        domain="music",
        detail=row["detail"],
        **lists,
    )


def split_cells(row: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The cells of a row that hold lists, split at `; `."""
    lists = ("aliases", "confirmed_by", "identifiers")
    return {
        name: tuple(part.strip() for part in row[name].split(";") if part.strip()) for name in lists
    }


@cache
def load_identifiers() -> dict[str, tuple[str, ...]]:
    """Catalogue numbers of the subjects of the fact tables, for those that have any."""
    with IDENTIFIERS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {row["subject"]: tuple(row["identifiers"].split("; ")) for row in rows}


def shared_with(facts: Iterable[Fact], tail: Iterable[TailFact]) -> list[str]:
    """A problem for each subject of the tail that is also a subject of the fact tables."""
    subjects = {fact.subject.casefold() for fact in facts}
    return [
        f"tail: {fact.subject!r} is a subject of the fact tables"
        for fact in tail
        if fact.subject.casefold() in subjects
    ]
