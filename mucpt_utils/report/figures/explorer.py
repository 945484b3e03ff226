"""The user's own figure from the rows of any tidy table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mucpt_utils.report.figures.data_composition import LESS_IS_BETTER, axis_title, level_title
from mucpt_utils.report.figures.panels import (
    beside,
    better_to,
    distinct,
    interval,
    label_outside,
    label_rows,
    legend_below,
    panel_grid,
    plain_words,
    say_where_it_begins,
    tall,
    thousands,
    wrapped,
)
from mucpt_utils.report.figures.style import (
    METRIC_TITLES,
    STRATUM_TITLES,
    ArmStyle,
    Drawn,
    arm_style,
    arm_title,
    series_style,
    styled,
)


@styled
def tidy(
    frame: pd.DataFrame,
    *,
    centre: str,
    along: str,
    series: str | None = None,
    panels: str | None = None,
    title: str = "",
) -> Drawn:
    """Rows of any tidy table: values of `along` as rows, or along an axis if they are numbers.

    centre: the column drawn, with ci_low and ci_high if the table has them. series: what marks
    tell apart; panels: what the panels tell apart. One row of the table for each mark.
    """
    parts = list(frame.groupby(panels, sort=False)) if panels else [("", frame)]
    marks = distinct(frame[series]) if series else [None]
    styles = [arm_style(m) if series == "arm" else series_style(i) for i, m in enumerate(marks)]
    numeric = pd.api.types.is_numeric_dtype(frame[along])
    labels = [distinct(part[along]) for _, part in parts]

    # panels share the axes that can be compared: metrics differ in unit, panels may differ in rows
    one_unit = panels != "metric"
    same_rows = all(names == labels[0] for names in labels)
    share_rows = one_unit if numeric else same_rows
    columns = beside(len(parts))
    lines = -(-len(parts) // columns)
    rows = [tall([row_title(frame, along, name) for name in names]) for names in labels]
    height = 2.4 if numeric else 0.9 + max(0.3, 0.13 * len(marks)) * max(rows)
    width = 2.4 + (2.9 if share_rows else 3.4) * columns
    size = (width, 1.3 + height * lines + 0.25 * (len(marks) // 3))
    fig, grid = panel_grid(title, lines, columns, size, sharex=one_unit, sharey=share_rows)

    for axes, (name, part), names in zip(grid.flat, parts, labels, strict=False):
        axes.set_title(wrapped(value_title(panels, name), 30))
        each = [part if mark is None else part[part[series] == mark] for mark in marks]
        if numeric:
            _lines(axes, each, styles, along, centre)
        else:
            _marks(axes, each, styles, along, centre, names)
    room = int(10.5 * size[0] / (columns + 0.8))  # letters that fit side by side under a panel
    measured = wrapped(centre_title(frame, centre, across=not numeric), room if not numeric else 26)
    if numeric:
        label_outside(grid, len(parts), along, measured)
    else:
        label_outside(grid, len(parts), measured, "")
    for axes in grid.flat[: len(parts)]:
        say_where_it_begins(axes, across=not numeric)
    if series:
        keys = [
            Line2D([], [], color=s.colour, marker=s.marker, ls=s.line, label=value_title(series, m))
            for m, s in zip(marks, styles, strict=True)
        ]
        legend_below(fig, keys, min(3, len(marks)))
    return fig, frame


def _marks(
    axes: Axes,
    parts: Sequence[pd.DataFrame],
    styles: Sequence[ArmStyle],
    along: str,
    centre: str,
    labels: Sequence,
) -> None:
    """One horizontal row per label, with the series below each other in it."""
    frame = pd.concat(parts)
    heights = label_rows(axes, [row_title(frame, along, label) for label in labels])
    for number, (rows, style) in enumerate(zip(parts, styles, strict=True)):
        shift = ((len(parts) - 1) / 2 - number) * 0.7 / len(parts)
        for row in rows.to_dict("records"):
            height = heights[labels.index(row[along])] + shift
            interval(axes, {"ci_low": np.nan, "ci_high": np.nan, **row}, centre, height, style)
    if centre == "difference":
        axes.axvline(0, color="#1a1a1a", lw=1.2)


def _lines(
    axes: Axes, parts: Sequence[pd.DataFrame], styles: Sequence[ArmStyle], along: str, centre: str
) -> None:
    """One line per series, with a band if there are intervals."""
    for part, style in zip(parts, styles, strict=True):
        rows, colour = part.sort_values(along), style.colour
        axes.plot(rows[along], rows[centre], color=colour, marker=style.marker, ls=style.line, ms=5)
        if "ci_low" in rows:
            low, high = rows["ci_low"], rows["ci_high"]
            axes.fill_between(rows[along], low, high, color=colour, alpha=0.15, lw=0)
    thousands(axes.xaxis)
    axes.xaxis.set_major_locator(MaxNLocator(4))


def row_title(frame: pd.DataFrame, along: str, label: object) -> str:
    """A row's value for readers, with the number of questions or tokens that it is based on."""
    title = wrapped(value_title(along, label), 34)
    counts = frame[frame[along] == label].get("n", pd.Series(dtype=float)).dropna().unique()
    return f"{title}\nn = {counts[0]:,.0f}" if len(counts) == 1 else title


def centre_title(frame: pd.DataFrame, centre: str, across: bool = True) -> str:
    """What the values are, whether they are differences, and where they are better.

    The metric's name if there is only one. across: the axis runs from left to right.
    """
    metrics = list(frame["metric"].unique()) if "metric" in frame else []
    if len(metrics) != 1:
        return plain_words(centre)
    metric = METRIC_TITLES.get(metrics[0], plain_words(metrics[0])).replace(
        " (lower is better)", ""
    )
    title = f"difference in {metric}" if centre == "difference" else metric
    return better_to(title, metrics[0] not in LESS_IS_BETTER, across)


def conclusion(frame: pd.DataFrame, centre: str, along: str) -> str:
    """What the rows say, in a line: how many differences are clear, or the extreme values."""
    if centre == "difference" and "ci_low" in frame:
        above, below = int((frame["ci_low"] > 0).sum()), int((frame["ci_high"] < 0).sum())
        rest = len(frame) - above - below
        return (
            f"{above} of {len(frame)} differences lie above 0, {below} below, "
            f"{rest} {'is' if rest == 1 else 'are'} not distinguishable from zero"
        )
    if pd.api.types.is_numeric_dtype(frame[along]):
        last = frame[frame[along] == frame[along].max()]
        reach = f"{frame[centre].min():.3g} to {frame[centre].max():.3g}"
        return f"From {reach}, at the end {ends(last, centre)}"
    told = [f"{row_name(frame, frame.loc[place], along)}" for place in extremes(frame, centre)]
    return f"Highest: {told[0]}; lowest: {told[1]}"


def extremes(frame: pd.DataFrame, centre: str) -> tuple[int, int]:
    """The places of the highest and the lowest value."""
    return frame[centre].idxmax(), frame[centre].idxmin()


def row_name(frame: pd.DataFrame, row: pd.Series, along: str) -> str:
    """A row by what tells it apart: its value along the axis, and the columns that vary."""
    others = [
        c for c in ("axis", "stratum", "category", "kind", "arm") if c in frame and c != along
    ]
    varying = [c for c in others if frame[c].nunique() > 1]
    return ", ".join(value_title(column, row[column]) for column in (along, *varying))


def ends(last: pd.DataFrame, centre: str) -> str:
    """The values at the end of curves, from the lowest to the highest."""
    low, high = last[centre].min(), last[centre].max()
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def named_arm(arm: str) -> str:
    """An arm's title with its name in code and tables."""
    title = arm_title(arm)
    return title if title == arm else f"{title} ({arm})"


def value_title(column: str | None, value: object) -> str:
    """A value of a column for readers."""
    titles = {"arm": named_arm, "compared_to": named_arm, "axis": axis_title}
    if column == "level":
        return str(value) if " = " in str(value) else level_title(str(value))
    if column in titles:
        return titles[column](str(value))
    words = {"stratum": STRATUM_TITLES, "metric": METRIC_TITLES}.get(column or "", {})
    return words.get(str(value), plain_words(value))
