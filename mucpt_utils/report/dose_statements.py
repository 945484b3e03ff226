"""Statements about doses: each arm's gain at each amount of an ingredient, and its cost.

Rows of `arms_by_level.csv`, in the form of the other statements (`statement_tables`).
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from mucpt_utils.analysis.costs import REFERENCE_TOKENS, cost_with
from mucpt_utils.analysis.effects import Effect
from mucpt_utils.report.cells import COMPARED_HEADS, STRATA, compared_cells, effect_cell, markdown
from mucpt_utils.report.levels import with_own_values
from mucpt_utils.report.measures import KINDS, PRIMARY, difference_of
from mucpt_utils.report.plain import value_title
from mucpt_utils.report.profiles import Finished

GROWS, SHRINKS, NOT_SHOWN = "grows", "shrinks", "not shown"


def gains_by_dose(results: Mapping[str, Finished]) -> str:
    """Every arm minus plain, at each level of every axis with arms other than plain.

    If the levels are amounts, also whether the gain grows from the least to the most.
    """
    rows, changes = [], []
    for profile, result in results.items():
        table, costs = levels_of(result), result.tables.get("costs")
        for (axis, arm), own in grouped(table, ["axis", "arm"]):
            name = [f"`{profile}`", value_title("axis", axis)]
            for (level,), group in grouped(own, ["level"]):
                cells = compared_cells({"differences": group}, arm, "plain")
                if cells:  # there were questions about facts
                    told = [*cells[1:-1], cost_at(costs, axis, arm, level)]
                    rows.append([*name, level, f"`{arm}`", *told])
            changes += [[*name, f"`{arm}`", *told] for told in change_of_gain(own, arm)]
    head = ["profile", "ingredient", "dose", "arm", *COMPARED_HEADS[1:]]
    by_amount = ["profile", "ingredient", "arm", "of", "at the least, nats", "at the most, nats"]
    tables = [markdown(head, rows), markdown([*by_amount, "its gain"], changes)]
    return "\n\n".join(table for table in tables if table)


def grouped(
    table: pd.DataFrame, keys: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Rows grouped by the values of some columns, in the order in which these come."""
    if len(table):
        for values, group in table.groupby(list(keys), sort=False):
            yield tuple(map(str, values)), group


def levels_of(result: Finished) -> pd.DataFrame:
    """`arms_by_level.csv` of a run, its own level named by its value; empty if there is none."""
    table = result.tables.get("arms_by_level")
    settings: Mapping = result.run.get("settings", {})
    return pd.DataFrame() if table is None else with_own_values(table, settings)


def cost_at(costs: pd.DataFrame | None, axis: str, arm: str, level: str) -> str:
    """The arm's cost relative to plain at a level of an axis; "–" if it was not counted."""
    if costs is None or costs.empty:
        return "–"
    dose = pd.to_numeric(level, errors="coerce")
    if axis == REFERENCE_TOKENS and not np.isnan(dose):  # the price of the reference model changes
        cost = cost_with(costs, arm, float(dose))
    else:
        own = costs.loc[costs["arm"] == arm, "relative_to_plain"]
        cost = float(own.iloc[0]) if len(own) else np.nan
    return "–" if np.isnan(cost) else f"{cost:.2f}"


def change_of_gain(rows: pd.DataFrame, arm: str) -> list[list[str]]:
    """For each kind of facts: the gain at the least and at the largest dose, and whether it grows.

    rows: of one axis and arm. Levels other than numbers are not doses; a single dose gives nothing.
    """
    doses = pd.to_numeric(rows["level"], errors="coerce")
    if doses.nunique() < 2:
        return []
    told = []
    for kind in KINDS:
        least, most = (
            difference_of({"differences": rows[doses == dose]}, arm, "plain", kind, PRIMARY)
            for dose in (doses.min(), doses.max())
        )
        if least is not None and most is not None:
            told.append([STRATA[kind], *map(effect_cell, (least, most)), judged(least, most)])
    return told


def judged(least: Effect, most: Effect) -> str:
    """Whether a gain grows with the dose: yes if intervals do not overlap, else "not shown"."""
    if most.low > least.high:
        return GROWS
    return SHRINKS if most.high < least.low else NOT_SHOWN
