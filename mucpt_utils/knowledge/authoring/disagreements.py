"""Disagreements of facts with other sets, or among themselves, each to be judged by a person."""

from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from mucpt_utils.knowledge.authoring.tables import card_folder, read_csv, write_csv

OWN_TABLES = "own tables"


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


HEADER = tuple(column.name for column in fields(Disagreement))


def disagreements_path(domain: str) -> Path:
    """The file with the committed disagreements and their resolutions."""
    return card_folder(domain) / "disagreements.csv"


def read_disagreements(path: Path) -> list[Disagreement]:
    """The committed disagreements; none if there is no file."""
    if not path.exists():
        return []
    return [Disagreement(**{n: cells[n] for n in HEADER}) for _, cells in read_csv(path, HEADER)]


def write_disagreements(disagreements: Iterable[Disagreement], path: Path) -> None:
    """Write the sorted list, in which a person fills in the missing resolutions."""
    write_csv(path, HEADER, map(astuple, sorted(disagreements, key=lambda item: item.key)))


def unresolved(
    current: Iterable[Disagreement], judged: Iterable[Disagreement], sets: Collection[str]
) -> list[str]:
    """Disagreements without a resolution, and resolutions of what no longer disagrees.

    current: the disagreements now. judged: the committed list. sets: the reference sets that were
    compared; resolutions about others are left alone.
    """
    current = list(current)
    resolutions = {item.key: item.resolution.strip() for item in judged}
    problems = [
        f"{d.reference_set}: {d.subject}: {d.relation} is {d.ours!r}, theirs {d.theirs!r}: "
        "mend the source or write a resolution into disagreements.csv"
        for d in current
        if not resolutions.get(d.key)
    ]
    keys = {item.key for item in current}
    stale = [key for key in resolutions if key[0] in sets and key not in keys]
    return problems + [f"disagreements.csv: no longer a disagreement: {key}" for key in stale]
