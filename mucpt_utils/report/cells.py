"""Cells and tables of Markdown: differences, means and verdicts as the statements show them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import Effect, first_row
from mucpt_utils.report.measures import KINDS, MEASURES, Tables, difference_of, verdict_of
from mucpt_utils.report.numbers import ends, plain_number, signed

STRATA = {"covered": "known facts", "uncovered": "unknown facts"}
COMPARED_HEADS = (
    *("minus", "known, nats", "known, accuracy", "unknown, nats", "unknown, accuracy"),
    *("detectable, nats", "verdict", "cost"),
)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; "" without rows."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) if rows else ""


def interval(value: float, low: float, high: float) -> str:
    """A difference with its interval: `+0.31 [+0.17, +0.46]`."""
    return f"{signed(value)} [{', '.join(ends(low, high))}]"


def effect_cell(effect: Effect | None) -> str:
    """A difference with its interval, in bold if the verdict is better or worse; "–" for none.

    Without a verdict, an interval that excludes zero is bold.
    """
    if effect is None:
        return "–"
    text = interval(effect.value, effect.low, effect.high)
    clear = effect.verdict in verdicts.OPPOSITE if effect.verdict else effect.state != "open"
    return f"**{text}**" if clear else text


def level_cell(row: Mapping, value: str = "mean") -> str:
    """A number with its interval: `0.23 [0.13, 0.35]`. value: the column that holds it."""
    mean, low, high = (plain_number(row[column]) for column in (value, "ci_low", "ci_high"))
    return f"{mean} [{low}, {high}]"


def detectable_cell(effects: Sequence[Effect | None]) -> str:
    """Minimum detectable effects, one after the other: `0.06, 0.14`; "–" for none."""
    told = [
        "–" if effect is None or pd.isna(effect.mde) else plain_number(effect.mde)
        for effect in effects
    ]
    return "–" if set(told) == {"–"} else ", ".join(told)


def compared_cells(tables: Tables, arm: str, other: str) -> list[str]:
    """An arm minus another on both kinds of facts, the differences in nats that runs can detect,
    the verdict and the cost; [] if they were not compared."""
    effects = [
        difference_of(tables, arm, other, kind, metric) for kind in KINDS for metric in MEASURES
    ]
    if arm == other or all(effect is None for effect in effects):
        return []
    detectable = detectable_cell(effects[:: len(MEASURES)])
    cost = first_row(tables.get("costs"), arm=arm)
    told = "–" if cost is None else f"{cost['relative_to_plain']:.2f}"
    verdict = verdict_of(tables, arm, other) or "–"
    judged_by = first_row(tables.get("verdicts"), arm=arm, compared_to=other, headline="yes")
    verdict = verdict if judged_by is None else f"**{verdict}**"
    return [f"`{other}`", *map(effect_cell, effects), detectable, verdict, told]
