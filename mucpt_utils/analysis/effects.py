"""Differences as values: the rows of a run's tables, picked by what they compare.

A table of differences has each pair of arms in one direction only; a row requested in the other
direction is reversed.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from mucpt_utils.analysis import verdicts

PAPER_ARM = "selection_soft"
State = Literal["stands", "fails", "open"]
IN_WORDS = {"stands": "above zero", "fails": "below zero", "open": "around zero"}

Tables = Mapping[str, pd.DataFrame]


class Effect(NamedTuple):
    """A difference with its 95 % interval, its name and its verdict.

    mde: minimum detectable effect, NaN if it was not computed.
    """

    name: str
    value: float
    low: float
    high: float
    verdict: str = ""
    mde: float = np.nan

    @property
    def state(self) -> State:
        """Where the interval is: above zero, below, or around it."""
        if self.low > 0:
            return "stands"
        return "fails" if self.high < 0 else "open"

    def __str__(self) -> str:
        interval = f"[{self.low:+.3f}, {self.high:+.3f}]"
        return f"{self.name} {self.value:+.3f} {interval} ({self.verdict or IN_WORDS[self.state]})"


def first_row(table: pd.DataFrame | None, **where: Any) -> pd.Series | None:
    """The first row with these values, or None."""
    if table is None or table.empty:
        return None
    mask = np.logical_and.reduce([table[column] == value for column, value in where.items()])
    return table[mask].iloc[0] if mask.any() else None


def effect_of(
    table: pd.DataFrame | None, name: str, ours: Mapping[str, str], turned: Mapping[str, str]
) -> Effect | None:
    """The difference in the row `ours`, or that in `turned` with its sign changed, or None."""
    for where, sign in ((ours, 1), (turned, -1)):
        row = first_row(table, **where)
        if row is not None:
            low, high = sorted((sign * float(row["ci_low"]), sign * float(row["ci_high"])))
            verdict = str(row.get("verdict", "") or "")
            verdict = verdict if sign > 0 else verdicts.OPPOSITE.get(verdict, verdict)
            mde = float(row.get("mde", np.nan))
            return Effect(name, sign * float(row["difference"]), low, high, verdict, mde)
    return None


def effect_numbers(row: Mapping) -> tuple[float, float, float]:
    """A row's difference and the ends of its interval."""
    return float(row["difference"]), float(row["ci_low"]), float(row["ci_high"])


def comparison(tables: Tables, name: str, arm: str, other: str) -> pd.DataFrame:
    """All rows of `arm` minus `other` in a table of differences that has them either way round."""
    table = tables.get(name)
    if table is None or table.empty:
        return pd.DataFrame()
    rows = table[(table["arm"] == arm) & (table["compared_to"] == other)]
    if len(rows):
        return rows
    turned = table[(table["arm"] == other) & (table["compared_to"] == arm)]
    return turned.assign(
        arm=arm,
        compared_to=other,
        difference=-turned["difference"],
        ci_low=-turned["ci_high"],
        ci_high=-turned["ci_low"],
        verdict=turned["verdict"].replace(verdicts.OPPOSITE),
    )


def learnt(tables: Tables) -> bool:
    """Whether plain training beat the base at all; True where the two were not compared."""
    where = {"arm": "base", "compared_to": "plain", "stratum": "all", "metric": "accuracy"}
    row = first_row(tables.get("differences"), **where)
    return row is None or bool(row["ci_high"] < 0)
