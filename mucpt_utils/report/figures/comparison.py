"""The main comparison: every arm's difference to plain, where it ends, the same in every run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mucpt_utils.analysis.effects import PAPER_ARM, first_row
from mucpt_utils.report.figures.conclusions import (
    COVERED,
    PARTS_AND_VARIANTS,
    PRIMARY,
    STRATA,
    UNCOVERED,
    agreed,
    of_levels,
    of_methods,
    of_room,
    role_of,
)
from mucpt_utils.report.figures.panels import (
    arm_labels,
    arm_rows,
    better_to,
    distinct,
    interval,
    key,
    label_rows,
    legend_below,
    panel_grid,
    row_extents,
    say_where_it_begins,
    select,
    tall,
    wrapped,
)
from mucpt_utils.report.figures.style import (
    KIND_STYLES,
    STRATUM_TITLES,
    Drawn,
    NothingToDraw,
    arm_style,
    arm_title,
    styled,
)

# against what, in the order of the panels
COMPARISONS = {
    "plain": "equal tokens: minus plain",
    "plain_compute": "equal compute: minus plain",
}
# roles in the order of the forest: how much room there is stands first
ROLES = {
    "ceiling": "room: what the labels allow",
    "baseline": "baselines",
    "method": "methods",
    "control": "controls",
}
UNITS = {"accuracy": "accuracy", "log_likelihood": "log-likelihood\n(nats per token)"}
SHIFTS = {COVERED: 0.17, UNCOVERED: -0.17}
WIDTH_OF_LEVELS = 9.0  # inches
CHANCE = "#b2182b"  # marks of chance levels
MOST_ARMS = 3  # of the figure over all runs
MOST_ROWS = 14  # of the first forest; the rest stands in the full one alone


# --- the forest -----------------------------------------------------------------------------------


@styled
def difference_to_plain(
    differences: pd.DataFrame, metric: str = PRIMARY, every: bool = False
) -> Drawn:
    """Forest plot: each arm minus plain, at equal tokens and, where it was run, at equal compute.

    differences: rows of `differences.csv`. Filled marks: facts that the reference model knows; open
    marks: the others. Ceilings stand on top. every: draw all arms, parts and variants too.
    Raises NothingToDraw where no arm is compared with plain, and of a full forest that would be
    the first one again.
    """
    frame = compared_with_plain(differences, metric)
    first = frame["arm"].isin(in_first_forest(distinct(frame["arm"])))
    if every and first.all():
        raise NothingToDraw("every arm stands in the first forest")
    title = "; ".join(filter(None, [of_methods(frame), of_room(differences)]))
    return forest(frame if every else frame[first], title, metric)


@styled
def pooled_forest(table: pd.DataFrame, metric: str = PRIMARY) -> Drawn:
    """Forest plot over the runs of all profiles together: every arm minus plain, all arms.

    table: rows of `pooled.csv`. Raises NothingToDraw where nothing is pooled.
    """
    together = table[table["pooled"] == "yes"]
    frame = compared_with_plain(together, metric)
    least, most = (f"{count:.0f}" for count in (frame["seeds"].min(), frame["seeds"].max()))
    seeds = f"{most if least == most else f'{least} to {most}'} seeds together"
    told = filter(None, [of_methods(frame), of_room(together), seeds])
    return forest(frame, "; ".join(told), metric)


def compared_with_plain(differences: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Rows of a forest: arms minus plain at either cost. Raises NothingToDraw for none."""
    frame = differences[
        differences["compared_to"].isin(COMPARISONS)
        & differences["stratum"].isin(STRATA)
        & (differences["metric"] == metric)
        & ~differences["arm"].isin(["base", *COMPARISONS])
    ].dropna(subset="difference")
    if frame.empty:
        raise NothingToDraw("no arm is compared with plain")
    return frame


def forest(frame: pd.DataFrame, title: str, metric: str) -> Drawn:
    """One panel for each cost at which arms are compared with plain, a row for each arm."""
    compared = [name for name in COMPARISONS if name in set(frame["compared_to"])]
    rows = forest_rows(distinct(frame["arm"]))
    size = (2.9 + 2.9 * len(compared), 1.9 + 0.28 * tall(forest_labels(rows)))
    fig, grid = panel_grid(title, 1, len(compared), size, sharex=True, sharey=True)
    limits = reach(frame)
    for axes, other in zip(grid[0], compared, strict=True):
        _forest(axes, frame[frame["compared_to"] == other], rows, limits)
        axes.set_title(COMPARISONS[other])
        axes.set_xlabel(better_to(f"difference in {UNITS[metric]}"))
    legend_below(fig, [kind_key(stratum, counted_n(frame, stratum)) for stratum in STRATA])
    return fig, frame.reset_index(drop=True)


def in_first_forest(arms: Sequence[str]) -> list[str]:
    """The arms of the first figure: all where they fit."""
    return (
        [arm for arm in arms if arm not in PARTS_AND_VARIANTS]
        if len(arms) > MOST_ROWS
        else list(arms)
    )


def forest_rows(arms: Sequence[str]) -> list[tuple[str, str]]:
    """(role, arm) from top to bottom; a role's first row has no arm and is its heading."""
    rows = []
    for role in ROLES:
        members = [arm for arm in arms if role_of(arm) == role]
        rows += [(role, arm) for arm in ("", *members)] if members else []
    return rows


def forest_labels(rows: Sequence[tuple[str, str]]) -> list[str]:
    """What stands beside the rows: titles of arms, and headings."""
    titles = arm_labels([arm for _, arm in rows])
    return [title if arm else ROLES[role] for title, (role, arm) in zip(titles, rows, strict=True)]


def reach(frame: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis of differences: all but controls fit, which may lie far off, and zero."""
    shown = frame[frame["arm"].map(role_of) != "control"]
    shown = shown if len(shown) else frame
    low, high = min(shown["ci_low"].min(), 0), max(shown["ci_high"].max(), 0)
    pad = 0.06 * (high - low) or 1
    return low - pad, high + pad


def _forest(
    axes: Axes,
    frame: pd.DataFrame,
    rows: Sequence[tuple[str, str]],
    limits: tuple[float, float],
) -> None:
    """Every arm's two kinds of facts on the rows; what lies beyond the axis is told at its edge."""
    labels = forest_labels(rows)
    heights = label_rows(axes, labels)
    # panels that share their rows have labels on the first alone
    for tick, (_, arm) in zip(axes.get_yticklabels(), rows, strict=False):
        tick.set_fontweight("normal" if arm else "bold")
    axes.axvline(0, color="#1a1a1a", lw=1.2)
    axes.set_xlim(*limits)
    for height, extent, (_, arm) in zip(heights, row_extents(labels), rows, strict=True):
        if arm == PAPER_ARM:
            axes.axhspan(height - extent / 2, height + extent / 2, color="#f0f3f6", zorder=0)
        for stratum in STRATA:
            row = first_row(frame, arm=arm, stratum=stratum)
            if row is not None:
                _mark(axes, row, height + SHIFTS[stratum], stratum, limits)


def _mark(
    axes: Axes, row: pd.Series, height: float, stratum: str, limits: tuple[float, float]
) -> None:
    """One difference with its interval, or its number at the edge that it lies beyond."""
    value, style = row["difference"], KIND_STYLES[stratum]
    if limits[0] <= value <= limits[1]:
        interval(axes, row, "difference", height, style, stratum == COVERED)
        return
    left = value < limits[0]
    axes.annotate(
        f"◀ {value:+.2f}" if left else f"{value:+.2f} ▶",
        (limits[0] if left else limits[1], height),
        (3 if left else -3, 0),
        textcoords="offset points",
        ha="left" if left else "right",
        va="center",
        color=style.colour,
    )


def counted_n(frame: pd.DataFrame, stratum: str) -> str:
    """`n = 114` from the rows of a stratum, or the smallest and the largest."""
    numbers = frame.loc[frame["stratum"] == stratum, "n"].dropna()
    if numbers.empty:
        return ""
    low, high = int(numbers.min()), int(numbers.max())
    return f"n = {low:,}" if low == high else f"n = {low:,} to {high:,}"


def kind_key(stratum: str, count: str = "") -> Line2D:
    """A kind of facts for the legend, with what `n` is."""
    style = KIND_STYLES[stratum]
    label = STRATUM_TITLES[stratum] + (f" ({count})" if count else "")
    return key(style.marker, stratum == COVERED, label, style.colour)


# --- where every arm ends -------------------------------------------------------------------------


@styled
def main_comparison(main: pd.DataFrame, chance: pd.DataFrame | None = None) -> Drawn:
    """Accuracy of every arm, covered beside uncovered facts, with base and plain as lines.

    main: rows of `main_comparison.csv`; chance: rows of `chance.csv`, where an arm would be if its
    answers were permuted within a relation. Raises NothingToDraw where no accuracy is among `main`.
    """
    frame = with_chance(select(main, "accuracy", STRATA), chance)
    ordered = [arm for _, arm in forest_rows(distinct(frame["arm"])) if arm]
    size = (WIDTH_OF_LEVELS, 1.8 + 0.36 * tall(arm_labels(ordered)))
    fig, grid = panel_grid(of_levels(frame, "accuracy"), 1, 2, size, sharex=True, sharey=True)
    for axes, stratum in zip(grid[0], STRATA, strict=True):
        _bars(axes, frame[frame["stratum"] == stratum], ordered)
        axes.set_title(STRATUM_TITLES[stratum])
        axes.set_xlabel(better_to("accuracy"))
    highest = np.nanmax([frame["ci_high"].max(), frame["mean"].max(), 0.05])
    grid[0][0].set_xlim(0, highest * 1.18)
    lines = [
        Line2D([], [], color=arm_style(a).colour, ls=arm_style(a).line, label=arm_title(a))
        for a in ("base", "plain")
        if a in ordered
    ]
    if "chance" in frame:
        look: dict[str, Any] = {"color": CHANCE, "ls": "", "marker": "|", "ms": 12, "mew": 2}
        lines.append(Line2D([], [], label="chance: answers permuted within a relation", **look))
    if lines:
        legend_below(fig, lines)
    return fig, frame


def with_chance(frame: pd.DataFrame, chance: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of accuracy with each arm's chance level beside; as they are where none is known."""
    if chance is None or chance.empty:
        return frame
    keys = ["arm", "stratum", "metric"]
    level = chance[[*keys, "mean"]].rename(columns={"mean": "chance"})
    return frame.merge(level, on=keys, how="left", validate="one_to_one")


def _bars(axes: Axes, frame: pd.DataFrame, arms: list[str]) -> None:
    """One bar per arm with its interval and its number; base and plain also as lines across."""
    for arm, height in arm_rows(axes, arms).items():
        row, style = first_row(frame, arm=arm), arm_style(arm)
        if row is None:
            continue
        axes.barh(height, row["mean"], 0.62, color=style.colour, alpha=0.28, edgecolor=style.colour)
        interval(axes, row, "mean", height, style)
        if "chance" in row and not pd.isna(row["chance"]):
            axes.plot([row["chance"]], [height], "|", color=CHANCE, ms=15, mew=2)
        axes.annotate(
            f"{row['mean']:.2f}",
            (np.fmax(row["mean"], row["ci_high"]), height),
            (7, 0),
            textcoords="offset points",
            va="center",
            bbox={"fc": "white", "ec": "none", "pad": 1.2},  # a reference line may pass behind
        )
    for arm in ("base", "plain"):
        row, style = first_row(frame, arm=arm), arm_style(arm)
        if row is not None:
            axes.axvline(row["mean"], color=style.colour, ls=style.line, lw=1.3, zorder=1)


# --- the same difference in every run -------------------------------------------------------------


@styled
def every_run(frame: pd.DataFrame, metric: str = PRIMARY) -> Drawn:
    """The difference of an arm to plain in every run, one panel per arm, the paper's arm first.

    frame: rows of `profiles.same_difference`: profile, run (its name for readers), again, arm,
    stratum, metric, difference, ci_low, ci_high, n. Raises NothingToDraw where no method was
    compared.
    """
    frame = frame[(frame["metric"] == metric) & frame["stratum"].isin(STRATA)]
    frame = frame.dropna(subset="difference").reset_index(drop=True)
    arms = most_repeated(frame)
    if not arms:
        raise NothingToDraw("no method is compared with plain in any run")
    frame = frame[frame["arm"].isin(arms)].reset_index(drop=True)
    rows = [distinct(frame.loc[frame["arm"] == arm, "run"]) for arm in arms]
    lengths = [
        tall(run_labels(frame[frame["arm"] == arm], names))
        for arm, names in zip(arms, rows, strict=True)
    ]
    size = (4.7, 2.0 + 0.62 * len(arms) + 0.34 * sum(lengths))
    fig, grid = panel_grid(agreed(frame, arms), len(arms), 1, size, sharex=True)
    grid[0][0].get_subplotspec().get_gridspec().set_height_ratios([n + 0.4 for n in lengths])
    for axes, arm, names in zip(grid[:, 0], arms, rows, strict=True):
        _runs(axes, frame[frame["arm"] == arm], names)
        axes.set_title(wrapped(arm_title(arm), 34))
    grid[-1][0].set_xlabel(better_to(f"difference in {UNITS[metric]}"))
    legend_below(fig, [kind_key(stratum) for stratum in STRATA])
    return fig, frame


def most_repeated(frame: pd.DataFrame) -> list[str]:
    """The paper's arm, then the methods compared in several runs, by runs; `MOST_ARMS` at most.

    Where no method was in several runs and the paper's in none, the first method stands alone.
    """
    methods = frame[frame["arm"].map(role_of) == "method"]
    runs = methods.groupby("arm", sort=False)["profile"].nunique()
    repeated = [arm for arm in runs.index if arm == PAPER_ARM or runs[arm] > 1]
    names = sorted(repeated, key=lambda arm: (arm != PAPER_ARM, -runs[arm]))
    return (names or list(runs.index[:1]))[:MOST_ARMS]


def _runs(axes: Axes, frame: pd.DataFrame, names: Sequence[str]) -> None:
    """One row per run, both kinds of facts in it."""
    axes.axvline(0, color="#1a1a1a", lw=1.2)
    for name, height in zip(names, label_rows(axes, run_labels(frame, names)), strict=True):
        for stratum in STRATA:
            row = first_row(frame, run=name, stratum=stratum)
            if row is not None:
                filled = stratum == COVERED
                place = height + SHIFTS[stratum]
                interval(axes, row, "difference", place, KIND_STYLES[stratum], filled)
    say_where_it_begins(axes)


def run_labels(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """What stands beside the rows of runs."""
    return [with_counts(frame[frame["run"] == name], name) for name in names]


def with_counts(rows: pd.DataFrame, run: str) -> str:
    """A run's name with the number of pairs behind each of its two values."""
    values = [first_row(rows, stratum=stratum) for stratum in STRATA]
    counts = " and ".join(f"{int(row['n']):,}" for row in values if row is not None)
    return f"{run}\nn = {counts}"
