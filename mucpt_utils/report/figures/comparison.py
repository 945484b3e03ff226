"""The main comparison: every arm minus plain, final accuracies, and the same in every run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import PAPER_ARM, first_row
from mucpt_utils.report.figures.conclusions import (
    COVERED,
    PARTS_AND_VARIANTS,
    STRATA,
    UNCOVERED,
    agreed,
    of_levels,
    of_methods,
    of_paper_arm,
    runs_of_methods,
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
    letters,
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
from mucpt_utils.report.measures import COSTS, PRIMARY

# compared with what, in the order of the panels, beginning with how arms with an RM are judged
COMPARISONS = {
    "plain_compute": "equal compute: minus plain",
    "plain": "equal tokens: minus plain",
}
# roles in the order of the forest, beginning with how much room there is
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
MOST_PANELS = 4  # in the figure over all runs
MOST_ROWS = 14  # in the first forest; the others are only in the full one


# --- the forest -----------------------------------------------------------------------------------


@styled
def difference_to_plain(
    differences: pd.DataFrame, metric: str = PRIMARY, every: bool = False
) -> Drawn:
    """Forest plot: each arm minus plain, at equal compute, if that was run, and at equal tokens.

    differences: rows of `differences.csv`. Filled marks: facts that the reference model knows; open
    marks: the others. Ceilings are on top. every: draw all arms, including parts and variants.
    Raises NothingToDraw if no arm is compared with plain, or if a full forest would be
    the same as the first one.
    """
    frame = compared_with_plain(differences, metric)
    first = frame["arm"].isin(in_first_forest(distinct(frame["arm"])))
    if every and first.all():
        raise NothingToDraw("every arm stands in the first forest")
    if every:
        return forest(frame, of_methods(frame, metric), metric)
    return forest(frame[first], of_paper_arm(frame, metric), metric)


@styled
def pooled_forest(table: pd.DataFrame, metric: str = PRIMARY) -> Drawn:
    """Forest plot over the runs of all profiles together: every arm minus plain, all arms.

    table: rows of `pooled.csv`. Raises NothingToDraw if nothing is pooled.
    """
    together = table[table["pooled"] == "yes"]
    frame = compared_with_plain(together, metric)
    least, most = (f"{count:.0f}" for count in (frame["seeds"].min(), frame["seeds"].max()))
    seeds = f"{most if least == most else f'{least} to {most}'} seeds together"
    return forest(frame, f"{of_paper_arm(frame, metric)}; {seeds}", metric)


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
    """The arms of the first figure: all of them if they fit."""
    return (
        [arm for arm in arms if arm not in PARTS_AND_VARIANTS]
        if len(arms) > MOST_ROWS
        else list(arms)
    )


def forest_rows(arms: Sequence[str]) -> list[tuple[str, str]]:
    """(role, arm) from top to bottom; a role's first row has no arm and is its heading."""
    rows = []
    for role in ROLES:
        members = [arm for arm in arms if verdicts.role(arm) == role]
        rows += [(role, arm) for arm in ("", *members)] if members else []
    return rows


def forest_labels(rows: Sequence[tuple[str, str]]) -> list[str]:
    """The labels of the rows: titles of arms, and headings."""
    titles = arm_labels([arm for _, arm in rows])
    return [title if arm else ROLES[role] for title, (role, arm) in zip(titles, rows, strict=True)]


def reach(frame: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis of differences, for zero and all arms but controls, which may be far off."""
    shown = frame[frame["arm"].map(verdicts.role) != "control"]
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
    """Every arm's two kinds of facts on its row; values beyond the axis are written at its edge."""
    labels = forest_labels(rows)
    heights = label_rows(axes, labels)
    # of panels that share their rows, only the first has labels
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
    """One difference with its interval, or its number at the edge that it exceeds."""
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
    """`n = 114` from the rows of a stratum, or its smallest and largest n."""
    numbers = frame.loc[frame["stratum"] == stratum, "n"].dropna()
    if numbers.empty:
        return ""
    low, high = int(numbers.min()), int(numbers.max())
    return f"n = {low:,}" if low == high else f"n = {low:,} to {high:,}"


def kind_key(stratum: str, count: str = "") -> Line2D:
    """The legend's entry for a kind of facts, with its `n`."""
    style = KIND_STYLES[stratum]
    label = STRATUM_TITLES[stratum] + (f" ({count})" if count else "")
    return key(style.marker, stratum == COVERED, label, style.colour)


# --- where every arm ends -------------------------------------------------------------------------


@styled
def main_comparison(main: pd.DataFrame, chance: pd.DataFrame | None = None) -> Drawn:
    """Accuracy of every arm, covered beside uncovered facts, with base and plain as lines.

    main: rows of `main_comparison.csv`; chance: rows of `chance.csv`, where an arm would be if its
    answers were permuted within a relation. Raises NothingToDraw if `main` has no accuracy.
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
    """Rows of accuracy with each arm's chance level; unchanged if none is known."""
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
    """The difference of an arm to plain in every run: one row per run, one panel per arm and cost.

    frame: rows of `profiles.same_difference`: profile, run (its name for readers), again, arm,
    compared_to, stratum, metric, difference, ci_low, ci_high, n. Raises NothingToDraw if no
    method was compared.
    """
    frame = frame[(frame["metric"] == metric) & frame["stratum"].isin(STRATA)]
    frame = frame.dropna(subset="difference").reset_index(drop=True)
    panels = most_repeated(frame)
    if not panels:
        raise NothingToDraw("no method is compared with plain in any run")
    pairs = pd.Series(list(zip(frame["arm"], frame["compared_to"], strict=True)))
    frame = frame[pairs.isin(panels)].reset_index(drop=True)
    names = distinct(frame["run"])
    labels = [with_counts(frame[frame["run"] == name], name) for name in names]
    width = letters(20, 11)
    titles = [wrapped(f"{arm_title(arm)}, {COSTS[other]}", width) for arm, other in panels]
    lines = 1 + max(title.count("\n") for title in titles)
    size = (2.9 + 1.7 * len(panels), 1.9 + 0.17 * lines + 0.34 * tall(labels))
    fig, grid = panel_grid(
        agreed(frame, *panels[0]), 1, len(panels), size, sharex=True, sharey=True
    )
    for axes, title, (arm, other) in zip(grid[0], titles, panels, strict=True):
        rows = frame[(frame["arm"] == arm) & (frame["compared_to"] == other)]
        _runs(axes, rows, dict(zip(names, labels, strict=True)))
        axes.set_title(title)
        axes.set_xlabel(better_to(f"{UNITS[metric].split('(')[-1].strip(')')}\n"))
    legend_below(fig, [kind_key(stratum) for stratum in STRATA])
    return fig, frame


def most_repeated(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Which arms to show, against plain at which cost: the paper's, then those with most runs.

    The paper's arm at equal compute comes first if several runs have it: it is judged by that.
    Others are shown at equal tokens, which more runs have. `MOST_PANELS` at most. If no method
    was in several runs and the paper's in none, only the first method is shown.
    """
    at_tokens, at_compute = (runs_of_methods(frame, other) for other in ("plain", "plain_compute"))
    repeated = [arm for arm in at_tokens.index if arm == PAPER_ARM or at_tokens[arm] > 1]
    names = sorted(repeated, key=lambda arm: (arm != PAPER_ARM, -at_tokens[arm]))
    first = [(PAPER_ARM, "plain_compute")] if at_compute.get(PAPER_ARM, 0) > 1 else []
    others = [(arm, "plain") for arm in names or list(at_tokens.index[:1])]
    return [*first, *others][:MOST_PANELS]


def _runs(axes: Axes, frame: pd.DataFrame, labels: Mapping[str, str]) -> None:
    """One row per run, with both kinds of facts. labels: those of the runs' rows."""
    axes.axvline(0, color="#1a1a1a", lw=1.2)
    heights = label_rows(axes, list(labels.values()))
    for name, height in zip(labels, heights, strict=True):
        for stratum in STRATA:
            row = first_row(frame, run=name, stratum=stratum)
            if row is not None:
                filled = stratum == COVERED
                place = height + SHIFTS[stratum]
                interval(axes, row, "difference", place, KIND_STYLES[stratum], filled)
    say_where_it_begins(axes)


def with_counts(rows: pd.DataFrame, run: str) -> str:
    """A run's name with the number of pairs behind each of its two values."""
    values = [first_row(rows, stratum=stratum) for stratum in STRATA]
    counts = " and ".join(f"{int(row['n']):,}" for row in values if row is not None)
    return "\n".join(wrapped(line, 34) for line in f"{run}\nn = {counts}".split("\n"))
