"""Data composition: one axis at a time, and soft weighting's gain by its reference model."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mucpt_utils.analysis.comparisons import SURFACE
from mucpt_utils.config.axes import DEFAULT, MAIN, MIXTURE, load_axes
from mucpt_utils.report.figures.panels import (
    beside,
    better_to,
    distinct,
    key,
    label_outside,
    legend_below,
    marker_size,
    panel_grid,
    plain_words,
    say_where_it_begins,
    select,
    wrapped,
)
from mucpt_utils.report.figures.style import (
    METRIC_TITLES,
    SMALL,
    STRATUM_TITLES,
    Drawn,
    NothingToDraw,
    arm_style,
    arm_title,
    styled,
)

LESS_IS_BETTER = ("bits_per_byte", "tokens_to_plain")  # metrics for which less is better
OWN = "the profile's own"
AXES = {MIXTURE: "mixtures of your own", MAIN: "the main comparison"}


def axis_title(axis: str) -> str:
    """The axis's name for readers."""
    axes = load_axes()
    return axes[axis].title if axis in axes else AXES.get(axis, axis)


def level_title(level: str) -> str:
    """A level's name for readers: `default` is the profile's own value."""
    return OWN if level == DEFAULT else level.replace("+", " + ").replace("_", " ")


@styled
def composition(
    table: pd.DataFrame, strata: tuple[str, str] = ("all", "general"), metric: str = "accuracy"
) -> Drawn:
    """One panel per axis of data composition: its levels, each arm, two strata (filled and open).

    table: rows of `composition.csv`. Raises NothingToDraw if metric and strata are not among
    them.
    """
    frame = select(table, metric, strata)
    if frame["axis"].nunique() > 1:  # the axis of two settings has a figure of its own
        frame = frame[frame["axis"] != SURFACE].reset_index(drop=True)
    names = distinct(frame["axis"])
    columns = beside(len(names))
    rows = -(-len(names) // columns)
    title = moves_most(frame, strata[0], metric)
    size = ((5.5, 8.0, 9.6)[columns - 1], 2.75 * rows + 1.2 + 0.4 * (columns == 1))
    fig, grid = panel_grid(title, rows, columns, size, sharey=True)
    for axes, name in zip(grid.flat, names, strict=False):
        _levels(axes, frame[frame["axis"] == name], strata)
        axes.set_title(wrapped(axis_title(name), 28))
    measured = better_to(plain_words(metric), metric not in LESS_IS_BETTER, across=False)
    label_outside(grid, len(names), "", measured)
    for axes in grid.flat[: len(names)]:
        say_where_it_begins(axes, across=False)
    keys = [
        key(arm_style(arm).marker, True, arm_title(arm), arm_style(arm).colour)
        for arm in distinct(frame["arm"])
    ]
    keys += [
        key("o", True, f"filled: {STRATUM_TITLES[strata[0]]}"),
        key("o", False, f"open: {STRATUM_TITLES[strata[1]]}"),
    ]
    legend_below(fig, keys, columns=columns)
    return fig, frame


def moves_most(frame: pd.DataFrame, stratum: str, metric: str) -> str:
    """The title: along which axis the mean moves most, of which arm, and between which levels.

    It names the arm unless that is plain, and says so where the two intervals overlap.
    """
    part = frame[frame["stratum"] == stratum]
    by_arm = part.groupby(["axis", "arm"], sort=False)["mean"]
    reach = by_arm.max() - by_arm.min()
    if reach.dropna().empty:
        return f"Data composition, one axis at a time: {METRIC_TITLES[metric]}, 95 % intervals"
    axis, arm = reach.idxmax()
    rows = part[(part["axis"] == axis) & (part["arm"] == arm)]
    low, high = (rows.loc[place] for place in (rows["mean"].idxmin(), rows["mean"].idxmax()))
    whose = "" if arm == "plain" else f"; {arm_title(arm)}"
    overlap = ", which overlap" if low["ci_high"] >= high["ci_low"] else ""
    return (
        f"{plain_words(metric).capitalize()} ({STRATUM_TITLES[stratum]}{whose}) moves most along "
        f"“{axis_title(axis)}”: {low['mean']:.2f} at {level_title(low['level'])}, "
        f"{high['mean']:.2f} at {level_title(high['level'])} (95 % intervals{overlap})"
    )


def _levels(axes: Axes, frame: pd.DataFrame, strata: tuple[str, str]) -> None:
    """The levels of one axis from left to right, with arms and strata side by side at each."""
    levels = distinct(frame["level"])
    labels = [wrapped(level_title(level), 11) for level in levels]
    axes.set_xticks(range(len(levels)), labels)
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.grid(axis="x", visible=False)
    series = [(arm, stratum) for arm in distinct(frame["arm"]) for stratum in strata]
    for number, (arm, stratum) in enumerate(series):
        points = frame[(frame["arm"] == arm) & (frame["stratum"] == stratum)]
        shift = (number - (len(series) - 1) / 2) * 0.09
        mean, low, high = (points[c].to_numpy() for c in ("mean", "ci_low", "ci_high"))
        style, filled = arm_style(arm), stratum == strata[0]
        axes.errorbar(
            [levels.index(level) + shift for level in points["level"]],
            mean,
            yerr=np.clip([mean - low, high - mean], 0, None),
            color=style.colour,
            marker=style.marker,
            ls="-" if filled else "--",
            mfc=style.colour if filled else "white",
            ms=marker_size(style),
            lw=1.3,
            capsize=3,
        )


@styled
def reference_surface(table: pd.DataFrame, metric: str = "log_likelihood") -> Drawn:
    """Soft weighting minus plain: the reference model's coverage across, its confidence down.

    table: rows of `reference_surface.csv`. One panel per stratum; each tile has its interval.
    Raises NothingToDraw if no difference is known.
    """
    frame = select(table, metric, ("all", "covered", "uncovered"))
    frame = frame.dropna(subset=["difference"]).reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw("no difference of the surface is known")
    strata = [s for s in ("all", "covered", "uncovered") if s in set(frame["stratum"])]
    across, down = distinct(frame["coverage"]), distinct(frame["confidence"])
    best = frame.loc[frame["difference"].idxmax()]
    title = (
        f"Soft weighting minus plain is highest, {best['difference']:+.2f}, where the reference "
        f"model knows {best['coverage']} of the subjects, {best['confidence']} "
        f"({STRATUM_TITLES[best['stratum']]}; {METRIC_TITLES[metric]}, 95 % intervals)"
    )
    size = (1.6 + 2.9 * len(strata), 1.5 + 0.8 * len(down))
    fig, grid = panel_grid(title, 1, len(strata), size, sharey=True)
    reach = frame["difference"].abs().max()
    for axes, stratum in zip(grid[0], strata, strict=True):
        axes.set_title(wrapped(STRATUM_TITLES[stratum], 26))
        part = frame[frame["stratum"] == stratum]
        _tiles(axes, part, ("coverage", "confidence"), (across, down), reach)
        axes.set_xticks(range(len(across)), across)
        axes.set_yticks(range(len(down)), down)
    label_outside(grid, len(strata), "share of subjects it knows", "confidence")
    return fig, frame


@styled
def mixture_map(table: pd.DataFrame, metric: str = "log_likelihood") -> Drawn:
    """A heat map: each change to the data down, kinds of questions across, the difference in each.

    table: rows of `composition_differences.csv`. Violet: better than the profile's own data;
    orange: worse. Raises NothingToDraw if no difference is known.
    """
    strata = [stratum for stratum in STRATUM_TITLES if stratum in set(table["stratum"])]
    frame = select(table, metric, strata).dropna(subset="difference")
    if frame.empty:
        raise NothingToDraw("no difference along any axis is known")
    changes = [change_title(row) for row in frame.to_dict("records")]
    frame = frame.assign(change=changes).reset_index(drop=True)
    down = distinct(frame["change"])
    across = [stratum for stratum in strata if stratum in set(frame["stratum"])]
    most = frame.loc[frame["difference"].abs().idxmax()]
    title = (
        f"What one change to the data moves most: {most['change']}, {signed_tile(most)} "
        f"({STRATUM_TITLES[most['stratum']]}; {METRIC_TITLES[metric]}, 95 % intervals)"
    )
    size = (2.6 + 1.1 * len(across), 1.9 + 0.62 * len(down))
    fig, grid = panel_grid(title, 1, 1, size)
    axes, reach = grid[0][0], frame["difference"].abs().max()
    roomy = fig.get_figwidth() >= 2.4 + 0.9 * len(across)  # inches for an interval in each tile
    _tiles(axes, frame, ("stratum", "change"), (across, down), reach, intervals=roomy)
    titles = [wrapped(STRATUM_TITLES[stratum], 13 if roomy else 20) for stratum in across]
    axes.set_xticks(range(len(across)), titles, rotation=0 if roomy else 90)
    axes.set_yticks(range(len(down)), [wrapped(change, 30 if roomy else 20) for change in down])
    axes.set_xlabel("questions")
    axes.set_ylabel("change to the data")
    return fig, frame


def change_title(row: Mapping) -> str:
    """A change to the data in words, with the arm unless that is plain."""
    levels = f"{level_title(row['level'])} instead of {level_title(row['compared_to'])}"
    whose = "" if row["arm"] == "plain" else f" ({arm_title(row['arm'])})"
    return f"{axis_title(row['axis'])}: {levels}{whose}"


def signed_tile(row: Mapping) -> str:
    """A difference with its sign."""
    return f"{row['difference']:+.2f}".replace("-", "−")


def _tiles(
    axes: Axes,
    frame: pd.DataFrame,
    columns: tuple[str, str],
    order: tuple[Sequence[str], Sequence[str]],
    reach: float,
    intervals: bool = True,
) -> None:
    """Differences as coloured tiles, each with its interval. reach: the end of the colours.

    columns: those across and down; order: their values from left to right and from the top.
    """
    (across, down), (left, above) = columns, order
    values = frame.pivot(index=down, columns=across, values="difference")
    values = values.reindex(index=above, columns=left)
    axes.imshow(values, cmap="PuOr", vmin=-reach, vmax=reach, aspect="auto")
    axes.grid(visible=False)
    for row in frame.to_dict("records"):
        text = signed_tile(row)
        if intervals:
            text += f"\n[{row['ci_low']:.2f}, {row['ci_high']:.2f}]".replace("-", "−")
        # text on dark tiles is white
        colour = "white" if abs(row["difference"]) > 0.6 * reach else "#1a1a1a"
        place = (left.index(row[across]), above.index(row[down]))
        axes.text(*place, text, ha="center", va="center", color=colour, size=SMALL)
