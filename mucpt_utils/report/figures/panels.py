"""What the figures are built of: panels under one title, rows of arms, intervals, keys.

Functions that draw take the axes first and the rows of a table second.
"""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from mucpt_utils.analysis.claims import first_row
from mucpt_utils.report.figures.style import ArmStyle, NothingToDraw, arm_style, arm_title


def panel_grid(
    title: str,
    rows: int,
    columns: int,
    size: tuple[float, float],
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, np.ndarray]:
    """A figure of `rows` x `columns` axes under one title that stands at the left.

    size: width and height in inches. The axes come as an array of shape (rows, columns).
    """
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06, wspace=0.04, hspace=0.05)
    fig = Figure(figsize=size, layout=layout)
    FigureCanvasAgg(fig)
    fig.suptitle(wrapped(title, int(size[0] * 9.4)), x=0.012, ha="left")
    return fig, fig.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)


def label_outside(grid: np.ndarray, count: int, xlabel: str, ylabel: str) -> None:
    """Hide the panels behind the first `count`; label the lowest that is left in each column."""
    columns = grid.shape[1]
    for number, axes in enumerate(grid.flat):
        axes.set_visible(number < count)
        if number + columns >= count:
            axes.set_xlabel(xlabel)
            axes.tick_params(labelbottom=True)
        if number % columns == 0:
            axes.set_ylabel(ylabel)


def legend_below(fig: Figure, handles: Sequence[Artist], columns: int | None = None) -> None:
    """A legend under all panels, in one line unless `columns` are given."""
    fig.legend(handles=handles, loc="outside lower center", ncols=columns or len(handles))


def key(marker: str, filled: bool, label: str, colour: str = "#444444") -> Line2D:
    """A marker for the legend, filled or open."""
    face = colour if filled else "white"
    return Line2D([], [], color=colour, marker=marker, ls="", mfc=face, ms=7, label=label)


def label_rows(axes: Axes, labels: Sequence[str]) -> np.ndarray:
    """One horizontal row a label, the first on top; returns their heights."""
    heights = np.arange(len(labels))[::-1]
    axes.set_yticks(heights, labels)
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    return heights


def arm_rows(axes: Axes, arms: Sequence[str]) -> dict[str, float]:
    """One horizontal row an arm, its title beside it; returns each arm's height."""
    # in as many lines as leave room for the panels
    heights = label_rows(axes, [wrapped(arm_title(arm), 30) for arm in arms])
    return dict(zip(arms, heights, strict=True))


def interval(
    axes: Axes, row: Mapping, centre: str, height: float, style: ArmStyle, filled: bool = True
) -> None:
    """A marker at `row[centre]` with its interval, if it has one, on a horizontal row."""
    value = row[centre]
    error = None
    if not np.isnan(row["ci_low"]):
        # a percentile interval need not hold its own mean; a length cannot be negative
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
    """One horizontal row an arm, with its interval where the frame has one row for the arm."""
    for arm, height in arm_rows(axes, arms).items():
        row = first_row(frame, arm=arm)
        if row is not None:
            interval(axes, row, centre, height, arm_style(arm))


def marker_size(style: ArmStyle) -> float:
    """Marker size in points; a star looks smaller than it is."""
    return 10.5 if style.marker == "*" else 7.0


def select(frame: pd.DataFrame, metric: str, strata: Sequence[str]) -> pd.DataFrame:
    """Rows of one metric and some strata. Raises NothingToDraw where there are none."""
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
    """A name of the tables as words."""
    return str(name).replace("_", " ")


def wrapped(text: str, width: int) -> str:
    """A text in lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(text, width))
