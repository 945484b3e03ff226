"""Dose and response: what happens along an axis of data composition whose levels are amounts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mucpt_utils.analysis.costs import REFERENCE_TOKENS, cost_with
from mucpt_utils.config.axes import load_axes
from mucpt_utils.report.figures.conclusions import (
    COVERED,
    STRATA,
    capital,
    short_title,
)
from mucpt_utils.report.figures.curves import SHORT_METRICS, most_telling
from mucpt_utils.report.figures.panels import (
    better_to,
    distinct,
    legend_below,
    panel_grid,
    say_where_it_begins,
    select,
    wrapped,
)
from mucpt_utils.report.figures.style import (
    SMALL,
    STRATUM_TITLES,
    Drawn,
    NothingToDraw,
    arm_style,
    arm_title,
    styled,
)
from mucpt_utils.report.measures import PRIMARY

LEAST_DOSES = 3
MOST_ARMS = 4


@styled
def dose_response(table: pd.DataFrame, metric: str = PRIMARY) -> Drawn:
    """One panel per axis of doses and kind of facts: every arm's mean at each dose, with intervals.

    table: rows of `composition.csv`, of which those axes are drawn whose levels are at least
    `LEAST_DOSES` numbers. Raises NothingToDraw if no axis has so many.
    """
    frame = by_dose(table, metric, "mean")
    arms = most_telling(distinct(frame["arm"]), MOST_ARMS)
    fig = _panels(frame, arms, capital(steepest(frame, arms)), SHORT_METRICS.get(metric, metric))
    return fig, frame


@styled
def dose_gain(
    table: pd.DataFrame, costs: pd.DataFrame | None = None, metric: str = PRIMARY
) -> Drawn:
    """One panel per axis of doses and kind of facts: every arm minus plain at the same dose.

    table: rows of `arms_by_level.csv`, otherwise as for `dose_response`. costs: rows of
    `costs.csv`, from which doses of the reference model's training get their price.
    """
    frame = with_costs(by_dose(table, metric, "difference"), costs)
    arms = most_telling(distinct(frame["arm"]), MOST_ARMS)
    measure = f"{SHORT_METRICS.get(metric, metric)}, minus plain"
    title = capital(steepest(frame, arms, " minus plain"))
    fig = _panels(frame, arms, title, measure, from_zero=True)
    names = np.repeat(distinct(frame["axis"]), len(STRATA))
    for axes, name in zip(fig.axes, names, strict=True):
        price_doses(axes, frame[frame["axis"] == name])
    return fig, frame


def with_costs(frame: pd.DataFrame, costs: pd.DataFrame | None) -> pd.DataFrame:
    """Rows with the arm's cost relative to plain, if doses are of its reference model's training.

    NaN if they are of something else, or if nothing was counted.
    """
    priced = [
        cost_with(costs, arm, dose) if axis == REFERENCE_TOKENS else np.nan
        for axis, arm, dose in zip(frame["axis"], frame["arm"], frame["dose"], strict=True)
    ]
    return frame.assign(cost=priced)


def price_doses(axes: Axes, rows: pd.DataFrame) -> None:
    """If doses have a price, write each under its tick: that of the first arm that has one."""
    prices = rows.dropna(subset="cost").drop_duplicates("dose").sort_values("dose")
    if prices.empty:
        return
    labels = [
        f"{dose:,.0f}\n({cost:.2f})"
        for dose, cost in zip(prices["dose"], prices["cost"], strict=True)
    ]
    axes.set_xticks(prices["dose"], labels, size=SMALL)  # doses may be close to each other
    axes.set_xlabel(f"{axes.get_xlabel()}\n(cost, by plain's)")


def axes_of_doses(table: pd.DataFrame) -> list[str]:
    """The axes of a table that have at least `LEAST_DOSES` levels that are numbers."""
    doses = table.assign(dose=pd.to_numeric(table["level"], errors="coerce")).dropna(subset="dose")
    counts = doses.groupby("axis", sort=False)["dose"].nunique()
    return [str(axis) for axis in counts.index if counts[axis] >= LEAST_DOSES]


def by_dose(table: pd.DataFrame, metric: str, value: str) -> pd.DataFrame:
    """Rows of the axes with doses: `dose` is the level as a number, `mean` the column `value`.

    Raises NothingToDraw if no axis has at least `LEAST_DOSES` doses.
    """
    frame = select(table, metric, STRATA).rename(columns={value: "mean"}).dropna(subset="mean")
    names = axes_of_doses(frame)
    if not names:
        raise NothingToDraw(f"no axis has {LEAST_DOSES} doses")
    frame = frame[frame["axis"].isin(names)].reset_index(drop=True)
    return frame.assign(dose=pd.to_numeric(frame["level"], errors="coerce")).dropna(subset="dose")


def _panels(
    frame: pd.DataFrame, arms: Sequence[str], title: str, measure: str, from_zero: bool = False
) -> Figure:
    """A line of panels for each axis, known facts beside unknown ones.

    from_zero: differences are drawn, so a line marks zero.
    """
    names = distinct(frame["axis"])
    fig, grid = panel_grid(title, len(names), 2, (8.4, 1.3 + 3.1 * len(names)))
    for line, name in zip(grid, names, strict=True):
        for axes, stratum in zip(line, STRATA, strict=True):
            rows = frame[(frame["axis"] == name) & (frame["stratum"] == stratum)]
            _doses(axes, rows, arms)
            if from_zero:
                axes.axhline(0, color="0.6", lw=0.8, ls=":")
            axes.set_title(wrapped(STRATUM_TITLES[stratum], 40))
            axes.set_xlabel(wrapped(dose_title(name), 46))
            axes.set_ylabel(better_to(wrapped(measure, 26)))
            say_where_it_begins(axes, across=False)
    legend_below(fig, [dose_key(arm) for arm in arms])
    return fig


def dose_title(axis: str) -> str:
    """What is given in doses, for readers."""
    axes = load_axes()
    return axes[axis].title if axis in axes else axis.replace("_", " ")


def dose_key(arm: str) -> Line2D:
    """The legend's entry for an arm."""
    style = arm_style(arm)
    look: dict[str, Any] = {"color": style.colour, "marker": style.marker, "ls": style.line}
    return Line2D([], [], label=arm_title(arm), **look)


def steepest(frame: pd.DataFrame, arms: Sequence[str], measured: str = "") -> str:
    """Along which axis known facts change most, from the lowest dose to the highest.

    It says so where the intervals of the two overlap: then no change is shown.
    """
    rows = frame[(frame["stratum"] == COVERED) & (frame["arm"] == arms[0])]
    ends = {}
    for axis, part in rows.groupby("axis", sort=False):
        ordered = part.sort_values("dose")
        ends[str(axis)] = (ordered.iloc[0], ordered.iloc[-1])
    if not ends:
        return "Response to each dose"
    axis = max(ends, key=lambda name: abs(ends[name][1]["mean"] - ends[name][0]["mean"]))
    first, last = ends[axis]
    least, most = (f"{end['mean']:+.2f}".replace("-", "−") for end in ends[axis])
    apart = last["ci_low"] > first["ci_high"] or last["ci_high"] < first["ci_low"]
    return (
        f"{dose_title(axis)}: {short_title(arms[0])}{measured} goes from {least} at the least to "
        f"{most} at the most on known facts{'' if apart else ', with intervals that overlap'}"
    )


def _doses(axes: Axes, rows: pd.DataFrame, arms: Sequence[str]) -> None:
    """Every arm's line along the doses, with intervals side by side."""
    doses = np.sort(rows["dose"].unique())
    step = 0.012 * (doses.max() - doses.min() if len(doses) > 1 else 1.0)
    for number, arm in enumerate(arms):
        part, style = rows[rows["arm"] == arm].sort_values("dose"), arm_style(arm)
        if part.empty:
            continue
        mean, low, high = (part[c].to_numpy() for c in ("mean", "ci_low", "ci_high"))
        errors = np.nan_to_num(np.clip([mean - low, high - mean], 0, None))
        look: dict[str, Any] = {"color": style.colour, "marker": style.marker, "ls": style.line}
        shift = (number - (len(arms) - 1) / 2) * step
        axes.errorbar(part["dose"] + shift, mean, yerr=errors, ms=6, lw=1.5, capsize=3, **look)
