"""Criteria before any training: false or merely unknown, and which documents they keep."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mucpt_utils.analysis.effects import PAPER_ARM, first_row
from mucpt_utils.report.figures.conclusions import (
    COVERED,
    STRATA,
    UNCOVERED,
    capital,
    of_selection,
    short_title,
)
from mucpt_utils.report.figures.curves import most_telling, needs
from mucpt_utils.report.figures.panels import (
    beside,
    better_to,
    distinct,
    interval,
    label_rows,
    legend_below,
    panel_grid,
    plain_words,
    wrapped,
)
from mucpt_utils.report.figures.style import Drawn, arm_style, arm_title, styled

MOST_CURVES = 8
MOST_SELECTIONS = 6
# which right statements are compared with the wrong ones
AGAINST_WRONG = {
    COVERED: "known: right against wrong",
    UNCOVERED: "merely unknown against wrong",
}


@styled
def roc(curves: pd.DataFrame, criteria: pd.DataFrame | None = None) -> Drawn:
    """ROC curves of each criterion as a detector of false statements, by knowledge of the subject.

    curves: rows of `roc.csv`; criteria: rows of `criteria.csv`, for the area under each and its
    interval. Raises NothingToDraw for no rows.
    """
    frame = needs(curves, "roc")
    arms = most_telling(distinct(frame["arm"]), MOST_CURVES)
    frame = frame[frame["arm"].isin(arms)].reset_index(drop=True)
    areas = {(a, s): area(frame, criteria, a, s) for a in arms for s in STRATA}
    fig, grid = panel_grid(blindest(areas), 1, 2, (8.6, 5.3), sharex=True, sharey=True)
    for axes, stratum in zip(grid[0], STRATA, strict=True):
        axes.plot([0, 1], [0, 1], color="#8a8a8a", ls=":", lw=1.4)
        for arm in arms:
            points = frame[(frame["arm"] == arm) & (frame["stratum"] == stratum)]
            points, style = points.sort_values(["wrong", "right"]), arm_style(arm)
            axes.plot(points["wrong"], points["right"], color=style.colour, ls=style.line, lw=1.8)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set_title(AGAINST_WRONG[stratum])
        axes.set_xlabel("share of wrong tokens passed")
        axes.set_ylabel(better_to("share of right tokens passed"))
    keys = [roc_key(arm, [areas[arm, stratum][0] for stratum in STRATA]) for arm in arms]
    legend_below(fig, keys, 2)
    return fig, with_areas(frame, areas)


def area(
    frame: pd.DataFrame, criteria: pd.DataFrame | None, arm: str, stratum: str
) -> tuple[float, float, float]:
    """Area under a curve and its interval: from `criteria`, else the curve's own area alone."""
    row = first_row(criteria, arm=arm, stratum=stratum)
    if row is not None and not pd.isna(row["auc"]):
        return row["auc"], row["auc_low"], row["auc_high"]
    points = frame[(frame["arm"] == arm) & (frame["stratum"] == stratum)]
    points = points.sort_values(["wrong", "right"])
    if points.empty:
        return np.nan, np.nan, np.nan
    return float(np.trapezoid(points["right"], points["wrong"])), np.nan, np.nan


def with_areas(frame: pd.DataFrame, areas: dict) -> pd.DataFrame:
    """Rows of the curves with the area under each."""
    keys = list(zip(frame["arm"], frame["stratum"], strict=True))
    return frame.assign(auc=[areas.get(key, (np.nan,))[0] for key in keys])


def roc_key(arm: str, areas: Sequence[float]) -> Line2D:
    """The legend's entry for a criterion, with the areas under its two curves."""
    style = arm_style(arm)
    numbers = ", ".join(f"{value:.2f}" for value in areas if not np.isnan(value))
    label = f"{arm_title(arm)} ({numbers})"
    return Line2D([], [], color=style.colour, ls=style.line, lw=2, label=label)


def blindest(areas: dict[tuple[str, str], tuple[float, float, float]]) -> str:
    """What the paper's criterion, or the first, tells from false: known and unknown statements.

    An area whose interval includes that of a coin, .5, does not say which way it errs.
    """
    arms = list(dict.fromkeys(arm for arm, _ in areas))
    arm = PAPER_ARM if PAPER_ARM in arms else arms[0]
    (known, *_), (unknown, low, high) = (areas[arm, stratum] for stratum in STRATA)
    told = [f"Area under the curve {known:.2f} on known facts"] if not np.isnan(known) else []
    if not np.isnan(unknown):
        ranks = "takes the merely unknown for false" if unknown < 0.5 else "tells it from false"
        ranks = "does not clearly tell it from false" if low <= 0.5 <= high else ranks
        told.append(f"{unknown:.2f} on unknown ones: {short_title(arm)} {ranks}")
    return ", ".join(told) or "Criteria as detectors of false statements"


@styled
def selection_kinds(table: pd.DataFrame) -> Drawn:
    """Share of documents that each selecting arm keeps, by what the documents are.

    table: rows of `selection_kinds.csv`. Raises NothingToDraw for no rows.
    """
    frame = needs(table, "selection_kinds")
    arms = most_telling(distinct(frame["arm"]), MOST_SELECTIONS)
    frame = frame[frame["arm"].isin(arms)].reset_index(drop=True)
    kinds = distinct(frame["documents"])
    columns = beside(len(arms))
    lines = -(-len(arms) // columns)
    size = (2.4 + 2.25 * columns, 1.1 + (0.9 + 0.3 * len(kinds)) * lines)
    title = capital(of_selection(frame, arms[0]) or "which documents selection keeps")
    fig, grid = panel_grid(title, lines, columns, size, sharex=True, sharey=True)
    for axes, arm in zip(grid.flat, arms, strict=False):
        _shares(axes, frame[frame["arm"] == arm], kinds, arm)
        axes.set_xlabel("share of documents kept")
    for axes in grid.flat[len(arms) :]:
        axes.set_visible(False)
    grid.flat[0].set_xlim(0, 1.02)
    return fig, frame


def _shares(axes: Axes, frame: pd.DataFrame, kinds: Sequence[str], arm: str) -> None:
    """One row per kind of document, with its number in the label."""
    labels = []
    for kind in kinds:
        row = first_row(frame, documents=kind)
        count = "" if row is None else f" (n = {int(row['n']):,})"
        labels.append(wrapped(f"{plain_words(kind)}{count}", 34))
    heights = label_rows(axes, labels)
    axes.set_title(wrapped(arm_title(arm), 24))
    for kind, height in zip(kinds, heights, strict=True):
        row = first_row(frame, documents=kind)
        if row is not None:
            interval(axes, row, "share_kept", height, arm_style(arm))
