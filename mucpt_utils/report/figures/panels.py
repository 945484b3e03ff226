"""What the figures are built from: panels under one title, rows of arms, intervals, keys.

Functions that draw take the axes first and the rows of a table second. Within `narrow()` panels
that would be side by side are below each other, for the screen of a phone.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from mucpt_utils.analysis.effects import first_row
from mucpt_utils.report.figures.style import (
    NARROW,
    SMALL,
    WIDEST,
    ArmStyle,
    NothingToDraw,
    arm_style,
    arm_title,
)

TITLE_ROOM = 0.9  # inches above and below the panels
ORIGIN_ROOM = 0.26  # inches for the line that gives a figure's origin
TITLE_GAP = 0.1  # inches between a figure's title and what is below it
LETTER = 0.081  # inches per average letter
# with these settings a figure without a layout engine gets none
UNMANAGED: dict[Any, Any] = {"figure.autolayout": False, "figure.constrained_layout.use": False}
_is_narrow: ContextVar[bool] = ContextVar("_is_narrow", default=False)
ROWS_PER_LINE = 0.65  # rows per line of a label, since a row has some room around a line


@contextmanager
def narrow() -> Iterator[None]:
    """Figures drawn inside have the width of a phone."""
    token = _is_narrow.set(True)
    try:
        yield
    finally:
        _is_narrow.reset(token)


def panel_grid(
    title: str,
    rows: int,
    columns: int,
    size: tuple[float, float],
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, np.ndarray]:
    """A figure of `rows` x `columns` axes under one left-aligned title.

    size: width and height in inches; no figure is wider than `WIDEST`. The axes come as an array of
    shape (rows, columns), although within `narrow()` fewer of them are side by side.
    """
    width, height = min(size[0], WIDEST), size[1]
    lines, beside = rows, columns
    if _is_narrow.get():
        beside = min(columns, max(1, int(NARROW * columns / width)))
        lines = -(-rows * columns // beside)
        width, height = NARROW, TITLE_ROOM + lines * (height - TITLE_ROOM) / rows
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06, wspace=0.04, hspace=0.05)
    fig = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(fig)
    told = wrapped(title, int((width - 0.1) / 0.098))
    fig.suptitle(told, x=0.012, ha="left")
    fig.set_figheight(height + 0.18 * told.count("\n"))
    grid = fig.subplots(lines, beside, squeeze=False, sharex=sharex, sharey=sharey)
    if lines > rows:  # a shared axis has its numbers below each panel that was beside the others
        for axes in grid.flat:
            axes.tick_params(labelbottom=True)
    for spare in grid.flat[rows * columns :]:
        spare.set_visible(False)
    return fig, grid.flatten()[: rows * columns].reshape(rows, columns)


def beside(count: int, most: int = 3) -> int:
    """How many of `count` panels are side by side: if possible, none is alone in the last
    line.

    >>> [beside(count) for count in (1, 3, 4, 5, 6, 7)]
    [1, 3, 2, 3, 3, 3]
    """
    even = [columns for columns in range(most, 1, -1) if count % columns != 1]
    return min(count, even[0] if even else most)


def label_outside(grid: np.ndarray, count: int, xlabel: str, ylabel: str) -> None:
    """Hide the panels after the first `count`; label the lowest one left in each column."""
    columns = grid.flat[0].get_subplotspec().get_gridspec().ncols
    for number, axes in enumerate(grid.flat):
        axes.set_visible(number < count)
        if number + columns >= count:
            axes.set_xlabel(xlabel)
            axes.tick_params(labelbottom=True)
        if number % columns == 0:
            axes.set_ylabel(ylabel)
    leave_out(grid, count)


def leave_out(grid: np.ndarray, count: int) -> None:
    """Remove the room for lines of hidden panels from a figure."""
    first = grid.flat[0]
    cells = first.get_subplotspec().get_gridspec()
    lines = -(-count // cells.ncols)
    if lines < cells.nrows:
        cells.set_height_ratios([1.0 if line < lines else 1e-6 for line in range(cells.nrows)])
        height = first.figure.get_figheight() - TITLE_ROOM
        first.figure.set_figheight(TITLE_ROOM + height * lines / cells.nrows)


def legend_below(fig: Figure, handles: Sequence[Artist], columns: int | None = None) -> None:
    """A legend under all panels, in as many columns as its words allow.

    columns: no more than these.
    """
    whole = int((fig.get_figwidth() - 0.75) / LETTER)  # letters of a single column
    labels = [wrapped(str(handle.get_label()), whole) for handle in handles]
    longest = max(len(line) for label in labels for line in label.split("\n"))
    fitting = max(1, int((fig.get_figwidth() - 0.2) / (0.55 + LETTER * longest)))
    columns = min(columns or len(handles), fitting)
    fig.legend(handles=handles, labels=labels, loc="outside lower center", ncols=columns)
    further = sum(label.count("\n") for label in labels)
    rows = -(-len(handles) // columns) + further
    fig.set_figheight(fig.get_figheight() + 0.2 * (rows - 1))


def sign(fig: Figure, origin: str) -> None:
    """Add a small line at the bottom with a figure's origin; everything else moves up."""
    width, height = fig.get_size_inches()
    lines = textwrap.wrap(origin, int((width - 0.1) / (0.9 * LETTER)))
    room = ORIGIN_ROOM + 0.15 * (len(lines) - 1)
    # settle the layout, then make room below it
    fig.draw_without_rendering()
    with mpl.rc_context(UNMANAGED):  # "none" would keep a placeholder, for which saving draws twice
        fig.set_layout_engine(None)
    whole = height + room + max(0.0, TITLE_GAP - gap_below_title(fig))
    below = room / whole
    for axes in fig.axes:
        box = axes.get_position()
        bounds = (box.x0, (box.y0 * height + room) / whole, box.width, box.height * height / whole)
        axes.set_position(bounds)
    for legend in fig.legends:
        legend.set_bbox_to_anchor((0, below, 1, 1 - below), fig.transFigure)
    title = main_title(fig)
    if title is not None:
        title.set_y(1 - (1 - title.get_position()[1]) * height / whole)
    fig.set_figheight(whole)
    words = "\n".join(lines)
    fig.text(0.012, 0.05 / whole, words, size=SMALL, color="#5a5a5a", va="bottom")


def main_title(fig: Figure) -> Text | None:
    """The text above all panels."""
    return getattr(fig, "_suptitle", None)  # set by `suptitle`; there is no public access to it


def gap_below_title(fig: Figure) -> float:
    """Inches between a figure's title and its highest panel; infinite without one.

    The layout does not see that panels of a fixed shape end lower than their cells.
    """
    title = main_title(fig)
    panels = [axes for axes in fig.axes if axes.get_visible()]
    if title is None or not panels:
        return float("inf")
    boxes = [box for axes in panels if (box := axes.get_tightbbox()) is not None]
    highest = max((box.ymax for box in boxes), default=0.0)
    return float(title.get_window_extent().ymin - highest) / fig.dpi


def better_to(label: str, higher: bool = True, across: bool = True) -> str:
    """A label with an arrow to where values are better. across: the axis runs from left to right.

    >>> better_to("accuracy")
    'accuracy   better →'
    """
    arrow = "→" if across or higher else "↓"
    return f"{label}   better {arrow}" if higher else f"{'←' if across else arrow} better   {label}"


def say_where_it_begins(axes: Axes, across: bool = True) -> None:
    """Make a labelled axis of values without zero say where it begins and ends.

    across: the horizontal axis, else the vertical one.
    """
    low, high = sorted(axes.get_xlim() if across else axes.get_ylim())
    label = axes.get_xlabel() if across else axes.get_ylabel()
    if label and (low > 0 or high < 0):
        ends = f"from {low:.2g} to {high:.2g},".replace("-", "−")
        # a panel is often lower than it is wide
        told = f"{label}\n(axis {ends} without 0)" if across else f"{label}\n({ends}\nwithout 0)"
        (axes.set_xlabel if across else axes.set_ylabel)(told)


def key(marker: str, filled: bool, label: str, colour: str = "#444444") -> Line2D:
    """A marker for the legend, filled or open."""
    face = colour if filled else "white"
    return Line2D([], [], color=colour, marker=marker, ls="", mfc=face, ms=7, label=label)


def row_extents(labels: Sequence[str]) -> np.ndarray:
    """The height of each label's row, in rows of one line, so that longer labels do not touch."""
    return np.array([max(1.0, ROWS_PER_LINE * (label.count("\n") + 1)) for label in labels])


def tall(labels: Sequence[str]) -> float:
    """The height of all labels together, in rows of one line."""
    return float(row_extents(labels).sum())


def label_rows(axes: Axes, labels: Sequence[str]) -> np.ndarray:
    """One horizontal row per label, the first on top; returns the heights of their middles."""
    extents, total = row_extents(labels), tall(labels)
    heights = total - np.cumsum(extents) + (extents - 1) / 2
    axes.set_yticks(heights, labels)
    axes.set_ylim(-0.6, total - 0.4)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    return heights


def arm_labels(arms: Sequence[str]) -> list[str]:
    """Titles of arms for their rows, broken into lines so as to leave room for the panels."""
    return [wrapped(arm_title(arm), letters(34, 24)) for arm in arms]


def letters(wide: int, small: int) -> int:
    """Letters of a line: `wide`, or within `narrow()` `small`."""
    return small if _is_narrow.get() else wide


def arm_rows(axes: Axes, arms: Sequence[str]) -> dict[str, float]:
    """One horizontal row per arm, its title beside it; returns each arm's height."""
    return dict(zip(arms, label_rows(axes, arm_labels(arms)), strict=True))


def interval(
    axes: Axes, row: Mapping, centre: str, height: float, style: ArmStyle, filled: bool = True
) -> None:
    """A marker at `row[centre]` with its interval, if it has one, on a horizontal row."""
    value = row[centre]
    error = None
    if not np.isnan(row["ci_low"]):
        # a percentile interval need not contain its mean, but a length cannot be negative
        error = [[max(0.0, value - row["ci_low"])], [max(0.0, row["ci_high"] - value)]]
    axes.errorbar(
        value,
        height,
        xerr=error,
        fmt=style.marker,
        color=style.colour,
        ms=marker_size(style),
        capsize=3,
        elinewidth=1.4,
        mfc=style.colour if filled else "white",
    )


def arm_intervals(axes: Axes, frame: pd.DataFrame, arms: Sequence[str], centre: str) -> None:
    """One horizontal row per arm, with its interval if the frame has one row for the arm."""
    for arm, height in arm_rows(axes, arms).items():
        row = first_row(frame, arm=arm)
        if row is not None:
            interval(axes, row, centre, height, arm_style(arm))


def marker_size(style: ArmStyle) -> float:
    """Marker size in points; a star looks smaller than it is."""
    return 10.5 if style.marker == "*" else 7.0


def select(frame: pd.DataFrame, metric: str, strata: Sequence[str]) -> pd.DataFrame:
    """Rows of one metric and some strata. Raises NothingToDraw if there are none."""
    chosen = frame[(frame["metric"] == metric) & frame["stratum"].isin(strata)]
    if chosen.empty:
        raise NothingToDraw(f"no {metric} for {', '.join(strata)}")
    return chosen.reset_index(drop=True)


def distinct(values: pd.Series) -> list:
    """The values of a column, each once, in the order in which they come."""
    return list(dict.fromkeys(values))


def thousands(axis: Axis) -> None:
    """Large numbers along an axis as 10k, 2M, 1B."""

    def show(value: float, _: int) -> str:
        for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"{value / size:g}{letter}"
        return f"{value:g}"

    axis.set_major_formatter(FuncFormatter(show))


def plain_words(name: object) -> str:
    """A name from the tables as words."""
    return str(name).replace("_", " ")


def wrapped(text: str, width: int) -> str:
    """A text in lines of at most `width` characters; `n = 5` and `9 %` stay in one.

    >>> wrapped("n = 5, or 9 %", 12)
    'n = 5, or\\n9 %'
    """
    whole = text.replace(" = ", "\u00a0=\u00a0").replace(" %", "\u00a0%")
    lines = textwrap.wrap(whole, width)
    return "\n".join(lines).replace("\u00a0", " ")
