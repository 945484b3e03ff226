"""At which cost ways of training are compared: equal tokens or, if it was run, equal compute."""

from dataclasses import dataclass

import pandas as pd

from mucpt_utils.report.measures import COSTS


@dataclass(frozen=True)
class Compared:
    """Differences to plain at one cost: the cost in words, and rows indexed by their place."""

    title: str
    rows: pd.DataFrame


def compared(differences: pd.DataFrame) -> list[Compared]:
    """The differences to plain in a table, equal tokens first; empty if it has none."""
    if differences.empty:
        return []
    parts = {other: differences[differences["compared_to"] == other] for other in COSTS}
    return [Compared(COSTS[other], rows) for other, rows in parts.items() if len(rows)]
