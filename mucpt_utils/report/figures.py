"""The study's figures: one style, drawn from tidy tables, saved with the numbers they show.

Every arm has one colour (Okabe and Ito's palette, safe for colour-blind readers), one marker and
one line style, so that a figure can be read in grey. Each function takes rows of a table and
returns `(figure, frame)`, the frame being exactly what is shown; `save_figure` writes both.
"""

import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from mucpt_utils.analysis.tables import SURFACE, csv_text, read_table
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import load_axes
from mucpt_utils.pipeline.accounting import KEPT, QUARANTINED


class NothingToDraw(ValueError):
    """A table without the rows that a figure needs."""


Drawn = tuple[Figure, pd.DataFrame]


class ArmStyle(NamedTuple):
    """How an arm looks wherever it is drawn."""

    colour: str
    marker: str
    line: str | tuple


# "light" greys and hues differ in brightness as well, for print without colour
ARM_STYLES: dict[str, ArmStyle] = {
    "base": ArmStyle("#8a8a8a", "s", ":"),
    "plain": ArmStyle("#1a1a1a", "o", "-"),
    "random": ArmStyle("#56b4e9", "^", "--"),
    "rho1": ArmStyle("#c98500", "D", "-."),
    "color_filter": ArmStyle("#8c6d31", "<", "-."),
    "soft_static": ArmStyle("#0072b2", "v", "-"),
    "soft_mixed": ArmStyle("#006d77", "h", "--"),
    "soft_surprise": ArmStyle("#4b3fa0", "d", "-"),
    "soft_dynamic": ArmStyle("#009e73", "P", "--"),
    "selection": ArmStyle("#7a5195", ">", "--"),
    "selection_soft": ArmStyle("#cc79a7", "*", "-"),
    "inverse": ArmStyle("#d55e00", "X", ":"),
}
# arms that are added later, in the order in which they are asked for
_SPARE_COLOURS = ("#9c3848", "#4d5a2a", "#3d405b")
_SPARE_MARKERS = ("H", "p", "8")

STRATUM_TITLES = {
    "all": "all questions",
    "covered": "facts the reference model knows",
    "uncovered": "facts it does not know",
    "popular": "popular artists",
    "less_popular": "less popular artists",
    "general": "general knowledge",
    "music": "music",
}
METRIC_TITLES = {
    "accuracy": "accuracy (share correct)",
    "log_likelihood": "log-likelihood of the answer (nats per token)",
    "bits_per_byte": "bits per byte (lower is better)",
    "tokens_to_plain": "tokens to reach plain's accuracy",
}
FILLED, OPEN = "covered", "uncovered"
_RC = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # text in the PDF stays text
}
_DPI = 160
_SCREEN_DPI = 72


def arm_style(arm: str) -> ArmStyle:
    """The arm's fixed colour, marker and line; an arm unknown to the palette gets a spare one."""
    if arm in ARM_STYLES:
        return ARM_STYLES[arm]
    place = list(ARMS).index(arm) if arm in ARMS else sum(map(ord, arm))
    spare = place % len(_SPARE_COLOURS)
    return ArmStyle(_SPARE_COLOURS[spare], _SPARE_MARKERS[spare], (0, (5, 1, 1, 1)))


def arm_title(arm: str) -> str:
    """The arm's name for readers."""
    return ARMS[arm].title if arm in ARMS else arm


def save_figure(fig: Figure, frame: pd.DataFrame, folder: Path, name: str) -> Path:
    """Write `folder/name.{png,pdf,csv}`, the same bytes for the same frame; returns the PNG's path.

    frame: the numbers that the figure shows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    png = folder / f"{name}.png"
    undated = {"CreationDate": None, "Producer": None, "Creator": None}
    with mpl.rc_context(_RC):
        fig.savefig(png, dpi=_DPI, metadata={"Software": None})
        fig.savefig(folder / f"{name}.pdf", metadata=undated)
    (folder / f"{name}.csv").write_text(csv_text(frame), encoding="utf-8", newline="\n")
    return png


def screen_png(fig: Figure) -> bytes:
    """A PNG at the size of a screen, for notebooks, which stay small; the saved one is sharper."""
    drawn, small = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(_RC):
        fig.savefig(drawn, format="png", dpi=_SCREEN_DPI, metadata={"Software": None})
    # 256 colours are what a chart needs, in a third of the bytes
    picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(small, "PNG", optimize=True)
    return small.getvalue()


# --- building blocks ------------------------------------------------------------------------------


def _styled(draw: Callable[..., Drawn]) -> Callable[..., Drawn]:
    """Draw in the study's style without touching the caller's matplotlib settings."""

    def drawn(*args, **kwargs) -> Drawn:
        with mpl.rc_context(_RC):
            return draw(*args, **kwargs)

    drawn.__doc__, drawn.__name__ = draw.__doc__, draw.__name__
    return drawn


def _panels(
    title: str, rows: int, columns: int, size: tuple[float, float], **shared
) -> tuple[Figure, np.ndarray]:
    """A figure of `rows` x `columns` axes under one title that stands at the left."""
    fig = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(fig)
    fig.get_layout_engine().set(w_pad=0.08, h_pad=0.06, wspace=0.04, hspace=0.05)
    fig.suptitle(_wrapped(title, int(size[0] * 9.4)), x=0.012, ha="left")
    return fig, fig.subplots(rows, columns, squeeze=False, **shared)


def _rows_of(axes: Axes, labels: Sequence[str]) -> np.ndarray:
    """One horizontal row a label, the first on top; returns their heights."""
    heights = np.arange(len(labels))[::-1]
    axes.set_yticks(heights, labels)
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    return heights


def _arm_labels(arms: Sequence[str]) -> list[str]:
    """Arms' names beside their rows, in as many lines as leave room for the panels."""
    return [_wrapped(arm_title(arm), 30) for arm in arms]


def _interval(axes: Axes, row: Mapping, centre: str, height: float, style: ArmStyle, **kwargs):
    """A marker with its interval, if it has one, on a horizontal row."""
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
        ms=_size(style),
        capsize=3,
        elinewidth=1.4,
        **kwargs,
    )


def _size(style: ArmStyle) -> float:
    """Marker size in points; a star looks smaller than it is."""
    return 10.5 if style.marker == "*" else 7.0


def _key(marker: str, filled: bool, label: str, colour: str = "#444444") -> Line2D:
    face = colour if filled else "white"
    return Line2D([], [], color=colour, marker=marker, ls="", mfc=face, ms=7, label=label)


def _below(fig: Figure, handles: Sequence, columns: int | None = None) -> None:
    fig.legend(handles=handles, loc="outside lower center", ncols=columns or len(handles))


def _arms_in(frame: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(frame["arm"]))


def _one(frame: pd.DataFrame, **where) -> Mapping | None:
    """The single row with these values, or None."""
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame.iloc[0] if len(frame) else None


def _thousands(axis, unit: str = "") -> None:
    def show(value: float, _: int) -> str:
        for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"{value / size:g}{letter}{unit}"
        return f"{value:g}{unit}"

    axis.set_major_formatter(FuncFormatter(show))


# --- figures of the runs --------------------------------------------------------------------------


@_styled
def main_comparison(main: pd.DataFrame) -> Drawn:
    """Accuracy of every arm, covered beside uncovered facts, with base and plain as lines.

    main: rows of `main_comparison.csv`.
    """
    strata = ("covered", "uncovered")
    frame = _select(main, "accuracy", strata)
    arms = _arms_in(frame)
    size = (9.6, 1.8 + 0.42 * len(arms))
    fig, grid = _panels(
        "MusicSimpleQA accuracy by arm, at equal tokens", 1, 2, size, sharex=True, sharey=True
    )
    for axes, stratum in zip(grid[0], strata, strict=True):
        heights = _rows_of(axes, _arm_labels(arms))
        axes.set_title(STRATUM_TITLES[stratum])
        axes.set_xlabel("accuracy (share correct), 95 % interval")
        for arm, height in zip(arms, heights, strict=True):
            row = _one(frame, arm=arm, stratum=stratum)
            if row is not None:
                _bar(axes, row, height, arm)
        for arm in ("base", "plain"):
            row = _one(frame, arm=arm, stratum=stratum)
            if row is not None:
                style = arm_style(arm)
                axes.axvline(row["mean"], color=style.colour, ls=style.line, lw=1.3, zorder=1)
    highest = np.nanmax([frame["ci_high"].max(), frame["mean"].max(), 0.05])
    grid[0][0].set_xlim(0, highest * 1.16)
    lines = [
        Line2D([], [], color=arm_style(a).colour, ls=arm_style(a).line, label=arm_title(a))
        for a in ("base", "plain")
        if a in arms
    ]
    if lines:
        _below(fig, lines)
    return fig, frame


def _bar(axes: Axes, row: Mapping, height: float, arm: str) -> None:
    style = arm_style(arm)
    axes.barh(height, row["mean"], 0.62, color=style.colour, alpha=0.28, edgecolor=style.colour)
    _interval(axes, row, "mean", height, style)
    end = max(row["mean"], row["ci_high"]) if not np.isnan(row["ci_high"]) else row["mean"]
    axes.annotate(
        f"{row['mean']:.2f}",
        (end, height),
        (7, 0),
        textcoords="offset points",
        va="center",
        bbox={"fc": "white", "ec": "none", "pad": 1.2},  # a reference line may pass behind
    )


def _select(frame: pd.DataFrame, metric: str, strata: Sequence[str]) -> pd.DataFrame:
    """Rows of one metric and some strata. Raises NothingToDraw where there are none."""
    chosen = frame[(frame["metric"] == metric) & frame["stratum"].isin(strata)]
    if chosen.empty:
        raise NothingToDraw(f"no {metric} for {', '.join(strata)}")
    return chosen.reset_index(drop=True)


@_styled
def difference_to_plain(differences: pd.DataFrame) -> Drawn:
    """Forest plot: each arm minus plain, covered (filled) and uncovered (open) facts.

    differences: rows of `differences.csv`.
    """
    metrics = ("accuracy", "log_likelihood")
    chosen = differences[
        (differences["compared_to"] == "plain")
        & differences["stratum"].isin([FILLED, OPEN])
        & differences["metric"].isin(metrics)
        & (differences["arm"] != "base")
    ].reset_index(drop=True)
    if chosen.empty:
        raise NothingToDraw("no arm is compared with plain")
    arms = _arms_in(chosen)
    size = (9.6, 1.9 + 0.52 * len(arms))
    title = "Difference to plain continued pretraining, same seeds and questions"
    fig, grid = _panels(title, 1, 2, size, sharey=True)
    for axes, metric in zip(grid[0], metrics, strict=True):
        _forest(axes, chosen[chosen["metric"] == metric], arms)
        axes.set_title("accuracy" if metric == "accuracy" else "log-likelihood of the answer")
        unit = "share correct" if metric == "accuracy" else "nats per token"
        axes.set_xlabel(f"arm minus plain ({unit}), 95 % interval")
    keys = [_key("o", s == FILLED, STRATUM_TITLES[s]) for s in (FILLED, OPEN)]
    _below(fig, keys)
    return fig, chosen


def _forest(axes: Axes, frame: pd.DataFrame, arms: Sequence[str]) -> None:
    heights = _rows_of(axes, _arm_labels(arms))
    axes.axvline(0, color="#1a1a1a", lw=1.2)
    for arm, height in zip(arms, heights, strict=True):
        for stratum, shift in ((FILLED, 0.16), (OPEN, -0.16)):
            row = _one(frame, arm=arm, stratum=stratum)
            if row is not None:
                face = {} if stratum == FILLED else {"mfc": "white"}
                _interval(axes, row, "difference", height + shift, arm_style(arm), **face)


@_styled
def learning_curves(curves: pd.DataFrame, metric: str = "accuracy") -> Drawn:
    """One panel an arm: covered and uncovered facts along training, plain behind in grey.

    curves: rows of `learning_curves.csv`. Lines are means over seeds, bands reach from the lowest
    to the highest seed.
    """
    frame = _over_seeds(_select(curves, metric, (FILLED, OPEN)))
    arms = [arm for arm in _arms_in(frame) if arm != "base"]
    columns = min(4, len(arms))
    rows = -(-len(arms) // columns)
    title = f"Learning curves by arm: {METRIC_TITLES[metric]}"
    size = (max(5.0, 2.5 * columns + 0.6), 2.25 * rows + 1.1)
    fig, grid = _panels(title, rows, columns, size, sharex=True, sharey=True)
    for axes, arm in zip(grid.flat, arms, strict=False):
        axes.set_title(_wrapped(arm_title(arm), 24), fontsize=9.5)
        for stratum in (FILLED, OPEN):
            if arm != "plain":
                _curve(axes, frame, "plain", stratum, behind=True)
            _curve(axes, frame, arm, stratum, behind=False)
        _thousands(axes.xaxis)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    _only_first(grid, len(arms), "tokens trained on", metric.replace("_", " "))
    keys = [
        Line2D([], [], color="#444444", marker="o", label=STRATUM_TITLES[FILLED]),
        Line2D([], [], color="#444444", marker="o", mfc="w", ls="--", label=STRATUM_TITLES[OPEN]),
        Line2D([], [], color="#aaaaaa", lw=2.5, label="plain, for comparison"),
    ]
    _below(fig, keys)
    return fig, frame


def _only_first(grid: np.ndarray, count: int, xlabel: str, ylabel: str) -> None:
    """Hide the panels behind the first `count`; label the lowest that is left in each column."""
    columns = grid.shape[1]
    for number, axes in enumerate(grid.flat):
        axes.set_visible(number < count)
        if number + columns >= count:
            axes.set_xlabel(xlabel)
            axes.tick_params(labelbottom=True)
        if number % columns == 0:
            axes.set_ylabel(ylabel)


def _over_seeds(curves: pd.DataFrame) -> pd.DataFrame:
    keys = ["arm", "stratum", "metric", "tokens"]
    grouped = curves.groupby(keys, sort=False)["value"]
    return grouped.agg(mean="mean", lowest="min", highest="max", seeds="size").reset_index()


def _curve(axes: Axes, frame: pd.DataFrame, arm: str, stratum: str, behind: bool) -> None:
    """One arm's curve from the base's value at 0 tokens on."""
    points = frame[frame["arm"].isin([arm, "base"]) & (frame["stratum"] == stratum)]
    points = points.sort_values("tokens")
    style, dashed = arm_style(arm), stratum == OPEN
    if behind:
        line = "--" if dashed else "-"
        axes.plot(points["tokens"], points["mean"], color="#aaaaaa", lw=2.2, ls=line, zorder=1)
        return
    axes.fill_between(
        points["tokens"], points["lowest"], points["highest"], color=style.colour, alpha=0.18, lw=0
    )
    axes.plot(
        points["tokens"],
        points["mean"],
        color=style.colour,
        ls="--" if dashed else "-",
        marker=style.marker,
        mfc="white" if dashed else style.colour,
        ms=5.5,
        lw=1.6,
    )


def _plain_words(name: str) -> str:
    return str(name).replace("_", " ")


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width))


@_styled
def composition(
    table: pd.DataFrame, strata: tuple[str, str] = ("all", "general"), metric: str = "accuracy"
) -> Drawn:
    """One panel an axis of data composition: its levels, each arm, two strata (filled and open).

    table: rows of `composition.csv`.
    """
    frame = _select(table, metric, strata)
    if frame["axis"].nunique() > 1:  # the axis of two settings has a figure of its own
        frame = frame[frame["axis"] != SURFACE].reset_index(drop=True)
    axes_names = list(dict.fromkeys(frame["axis"]))
    columns = 2 if len(axes_names) == 4 else min(3, len(axes_names))
    rows = -(-len(axes_names) // columns)
    title = f"Data composition, one axis at a time: {METRIC_TITLES[metric]}, 95 % intervals"
    size = ((5.5, 8.0, 9.6)[columns - 1], 2.75 * rows + 1.2 + 0.4 * (columns == 1))
    fig, grid = _panels(title, rows, columns, size, sharey=True)
    for axes, name in zip(grid.flat, axes_names, strict=False):
        _axis_panel(axes, frame[frame["axis"] == name], strata)
        known = load_axes().get(name)
        axes.set_title(_wrapped(known.title if known else name, 30), fontsize=9.5)
    _only_first(grid, len(axes_names), "", metric.replace("_", " "))
    arms = _arms_in(frame)
    keys = [_key(arm_style(a).marker, True, arm_title(a), arm_style(a).colour) for a in arms]
    keys += [
        _key("o", True, f"filled: {STRATUM_TITLES[strata[0]]}"),
        _key("o", False, f"open: {STRATUM_TITLES[strata[1]]}"),
    ]
    _below(fig, keys, columns=columns)
    return fig, frame


def _axis_panel(axes: Axes, frame: pd.DataFrame, strata: Sequence[str]) -> None:
    levels = list(dict.fromkeys(frame["level"]))
    axes.set_xticks(
        range(len(levels)), [_wrapped(level.replace("+", " + "), 11) for level in levels]
    )
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.grid(axis="x", visible=False)
    series = [(arm, stratum) for arm in _arms_in(frame) for stratum in strata]
    for number, (arm, stratum) in enumerate(series):
        points = frame[(frame["arm"] == arm) & (frame["stratum"] == stratum)]
        shift = (number - (len(series) - 1) / 2) * 0.09
        places = [levels.index(level) + shift for level in points["level"]]
        _levels(axes, places, points, arm_style(arm), filled=stratum == strata[0])


def _levels(axes: Axes, places, points: pd.DataFrame, style: ArmStyle, filled: bool) -> None:
    mean = points["mean"].to_numpy()
    low, high = (points[column].to_numpy() for column in ("ci_low", "ci_high"))
    axes.errorbar(
        places,
        mean,
        yerr=np.clip([mean - low, high - mean], 0, None),
        color=style.colour,
        marker=style.marker,
        ls="-" if filled else "--",
        mfc=style.colour if filled else "white",
        ms=_size(style),
        lw=1.3,
        capsize=3,
    )


@_styled
def forgetting(main: pd.DataFrame) -> Drawn:
    """What each arm forgets: the general twin, and bits per byte on music and general text.

    main: rows of `main_comparison.csv`.
    """
    wanted = (("accuracy", "general"), ("bits_per_byte", "general"), ("bits_per_byte", "music"))
    kept = [(m, s) for m, s in wanted if _one(main, metric=m, stratum=s) is not None]
    if not kept:
        raise NothingToDraw("neither general questions nor bits per byte")
    parts = [main[(main["metric"] == m) & (main["stratum"] == s)] for m, s in kept]
    frame = pd.concat(parts, ignore_index=True)
    arms = _arms_in(frame)
    size = (2.2 + 2.9 * len(kept), 1.7 + 0.38 * len(arms))
    title = "What is forgotten: general questions and held-out text"
    fig, grid = _panels(title, 1, len(kept), size, sharey=True)
    names = {
        ("accuracy", "general"): ("general questions", "accuracy (higher is better)"),
        ("bits_per_byte", "general"): ("held-out general text", METRIC_TITLES["bits_per_byte"]),
        ("bits_per_byte", "music"): ("held-out music text", METRIC_TITLES["bits_per_byte"]),
    }
    for axes, place, part in zip(grid[0], kept, parts, strict=True):
        heights = _rows_of(axes, _arm_labels(arms))
        axes.set_title(names[place][0])
        axes.set_xlabel(names[place][1])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        for arm, height in zip(arms, heights, strict=True):
            row = _one(part, arm=arm)
            if row is not None:
                _interval(axes, row, "mean", height, arm_style(arm))
        base = _one(part, arm="base")
        if base is not None:
            axes.axvline(base["mean"], color=arm_style("base").colour, ls=":", lw=1.4, zorder=1)
    _below(fig, [Line2D([], [], color=arm_style("base").colour, ls=":", label=arm_title("base"))])
    return fig, frame


@_styled
def benchmark(table: pd.DataFrame, by: str) -> Drawn:
    """Accuracy of every arm, one panel a stratum or category.

    table: rows of `benchmark_by_stratum.csv` or `benchmark_by_category.csv`; by: `stratum` or
    `category`.
    """
    frame = table[table["metric"] == "accuracy"].reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw(f"no accuracy by {by}")
    groups, arms = list(dict.fromkeys(frame[by])), _arms_in(frame)
    columns = min(len(groups), 4)
    lines = -(-len(groups) // columns)
    size = (2.4 + 2.4 * columns, lines * (1.1 + 0.34 * len(arms)))
    title = f"MusicSimpleQA accuracy by {by}, at equal tokens"
    fig, grid = _panels(title, lines, columns, size, sharex=True, sharey=True)
    for axes, group in zip(grid.flat, groups, strict=False):
        heights = _rows_of(axes, _arm_labels(arms))
        for arm, height in zip(arms, heights, strict=True):
            row = _one(frame, **{"arm": arm, by: group})
            if row is not None:
                _interval(axes, row, "mean", height, arm_style(arm))
                axes.set_title(f"{STRATUM_TITLES.get(group, group)} ({row['n']:.0f})")
    _only_first(grid, len(groups), "accuracy, 95 % interval", "")
    grid.flat[0].set_xlim(left=-0.03)
    return fig, frame


# --- figures of the pipeline and the scores -------------------------------------------------------


@_styled
def funnel(table: pd.DataFrame) -> Drawn:
    """Documents left after each stage, and what each stage dropped, by reason.

    table: rows of `funnel.csv`; sources are added up.
    """
    frame = table.groupby(["stage", "reason"], sort=False, as_index=False)[
        ["documents", "tokens"]
    ].sum()
    kept = frame[frame["reason"] == KEPT]
    lost = frame[(frame["reason"] != KEPT) & (frame["documents"] > 0)]
    size = (10.2, 1.7 + 0.36 * max(len(kept), len(lost), 4))
    fig, grid = _panels("From the raw corpus to the training text", 1, 2, size)
    labels = [
        _plain_words(f"{row.stage}: {row.reason.removeprefix(QUARANTINED)}")
        for row in lost.itertuples()
    ]
    colours = [
        "#c98500" if reason.startswith(QUARANTINED) else "#d55e00" for reason in lost["reason"]
    ]
    stages = [_plain_words(stage) for stage in kept["stage"]]
    _counts(grid[0][0], stages, kept["documents"], ["#0072b2"] * len(kept))
    _counts(grid[0][1], [_wrapped(label, 34) for label in labels], lost["documents"], colours)
    grid[0][0].set_title("kept after each stage")
    grid[0][1].set_title("dropped, by stage and reason")
    if any(reason.startswith(QUARANTINED) for reason in lost["reason"]):
        handles = [
            Line2D([], [], color=c, lw=7, alpha=0.75, label=text)
            for c, text in (("#d55e00", "dropped"), ("#c98500", "quarantined: could not be read"))
        ]
        _below(fig, handles)
    return fig, frame


def _counts(axes: Axes, labels: Sequence[str], counts: pd.Series, colours: Sequence[str]) -> None:
    heights = _rows_of(axes, labels)
    axes.barh(heights, counts, 0.66, color=colours, alpha=0.75)
    axes.set_xlabel("documents")
    axes.set_xlim(0, max(counts.max() if len(counts) else 0, 1) * 1.2)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    _thousands(axes.xaxis)
    for height, count in zip(heights, counts, strict=True):
        axes.annotate(
            f"{int(count):,}", (count, height), (4, 0), textcoords="offset points", va="center"
        )


@_styled
def pipeline_quality(table: pd.DataFrame) -> Drawn:
    """Precision and recall of every stage by kind of flaw, against the rendered lane's labels.

    table: rows of `pipeline_quality.csv`.
    """
    frame = table.reset_index(drop=True)
    labels = [
        _plain_words(f"{row.stage}: {row.kind} (n = {int(row.n):,})") for row in frame.itertuples()
    ]
    fig, grid = _panels(
        "What each stage finds, measured where the truth is known",
        1,
        1,
        (8.6, 1.7 + 0.36 * len(frame)),
    )
    axes = grid[0][0]
    heights = _rows_of(axes, labels)
    axes.hlines(heights, frame["precision"], frame["recall"], color="#bbbbbb", lw=2, zorder=1)
    axes.plot(frame["precision"], heights, "D", color="#0072b2", ms=8, mfc="white", mew=1.6)
    axes.plot(frame["recall"], heights, "o", color="#d55e00", ms=6)
    lowest = np.nanmin([frame["precision"].min(), frame["recall"].min(), 0.9])
    axes.set_xlim(max(-0.03, lowest - 0.08), 1.02)
    axes.set_xlabel("share (1 is best)")
    keys = [
        _key("D", False, "precision: of what was removed or changed, rightly", "#0072b2"),
        _key("o", True, "recall: of what should be, found", "#d55e00"),
    ]
    _below(fig, keys)
    return fig, frame


@_styled
def temperature(table: pd.DataFrame) -> Drawn:
    """Loss of the reference model on subjects it does not know, by temperature; the best marked.

    table: seed,temperature,loss.
    """
    fig, grid = _panels(
        "Calibrating the reference model on subjects it does not know", 1, 1, (7.2, 4.2)
    )
    axes = grid[0][0]
    marks, lines = "osD^vPX*", ("-", "--", "-.", ":")
    for number, (seed, part) in enumerate(table.groupby("seed", sort=True)):
        points = part.sort_values("temperature")
        best = points.loc[points["loss"].idxmin()]
        colour = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#c98500")[number % 5]
        label = f"seed {seed}: {best['temperature']:g}"
        axes.plot(
            points["temperature"],
            points["loss"],
            color=colour,
            ls=lines[number % 4],
            marker=marks[number % 8],
            mfc="white",
            ms=5,
            label=label,
        )
        axes.plot(best["temperature"], best["loss"], marks[number % 8], color=colour, ms=10)
    axes.set_xlabel("temperature (the reference model's logits are divided by it)")
    axes.set_ylabel("loss (nats per token)")
    axes.legend(title="chosen (large marker)")
    return fig, table.reset_index(drop=True)


@_styled
def token_weights(table: pd.DataFrame) -> Drawn:
    """Mean training weight by kind of labelled token, one panel an arm; 1 is the corpus mean.

    table: arm,kind,weight,ci_low,ci_high,tokens (the number of tokens of that kind).
    """
    frame = table.reset_index(drop=True)
    arms, kinds = _arms_in(frame), list(dict.fromkeys(frame["kind"]))
    columns = min(3, len(arms))
    lines = -(-len(arms) // columns)
    size = (2.0 + 2.7 * columns, 0.8 + (1.0 + 0.3 * len(kinds)) * lines)
    title = "Which tokens the loss ratio weighs up and down"
    fig, grid = _panels(title, lines, columns, size, sharex=True, sharey=True)
    for axes, arm in zip(grid.flat, arms, strict=False):
        heights = _rows_of(axes, [_plain_words(kind) for kind in kinds])
        axes.axvline(1, color="#1a1a1a", lw=1.2)
        axes.set_title(_wrapped(arm_title(arm), 28))
        for kind, height in zip(kinds, heights, strict=True):
            row = _one(frame, arm=arm, kind=kind)
            if row is not None:
                _interval(axes, row, "weight", height, arm_style(arm))
    _only_first(grid, len(arms), "mean weight (1 = corpus mean)", "")
    grid.flat[0].set_xlim(left=0)
    return fig, frame


@_styled
def reference_surface(table: pd.DataFrame, metric: str = "log_likelihood") -> Drawn:
    """Soft weighting minus plain, coverage of the reference model across, its confidence down.

    table: rows of `reference_surface.csv`. One panel a stratum; each tile tells its interval.
    """
    frame = _select(table, metric, ("all", "covered", "uncovered"))
    frame = frame.dropna(subset=["difference"]).reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw("no difference of the surface is known")
    strata = [s for s in ("all", "covered", "uncovered") if s in set(frame["stratum"])]
    across, down = (list(dict.fromkeys(frame[c])) for c in ("coverage", "confidence"))
    title = (
        f"Soft weighting minus plain, by what the reference model knows: {METRIC_TITLES[metric]}"
    )
    size = (1.6 + 2.9 * len(strata), 1.5 + 0.8 * len(down))
    fig, grid = _panels(title, 1, len(strata), size, sharey=True)
    reach = frame["difference"].abs().max()
    for axes, stratum in zip(grid[0], strata, strict=True):
        part = frame[frame["stratum"] == stratum]
        values = part.pivot(index="confidence", columns="coverage", values="difference")
        axes.imshow(
            values.reindex(index=down, columns=across), cmap="PuOr", vmin=-reach, vmax=reach,
            aspect="auto",
        )  # fmt: skip
        axes.set_title(_wrapped(STRATUM_TITLES[stratum], 26), fontsize=9.5)
        axes.set_xticks(range(len(across)), across)
        axes.set_yticks(range(len(down)), down)
        axes.grid(visible=False)
        for row in part.to_dict("records"):
            _tile(axes, row, (across.index(row["coverage"]), down.index(row["confidence"])), reach)
    _only_first(grid, len(strata), "share of subjects it knows", "confidence")
    return fig, frame


def _tile(axes: Axes, row: Mapping, place: tuple[int, int], reach: float) -> None:
    """The difference and its interval, in a colour that can be read on the tile's own."""
    told = f"{row['difference']:+.2f}\n[{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
    dark = abs(row["difference"]) > 0.6 * reach
    colour = "white" if dark else "#1a1a1a"
    axes.text(*place, told, ha="center", va="center", fontsize=9, color=colour)


# --- a figure of one's own ------------------------------------------------------------------------


@_styled
def tidy(
    frame: pd.DataFrame,
    *,
    centre: str,
    along: str,
    series: str | None = None,
    panels: str | None = None,
    title: str = "",
) -> Drawn:
    """Rows of any tidy table: values of `along` as rows, or as an axis where they are numbers.

    centre: the column drawn, with ci_low and ci_high where the table has them. series: what marks
    tell apart; panels: what the panels tell apart. One row of the table for each mark.
    """
    parts = list(frame.groupby(panels, sort=False)) if panels else [("", frame)]
    marks = list(dict.fromkeys(frame[series])) if series else [None]
    numeric = pd.api.types.is_numeric_dtype(frame[along])
    labels = [list(dict.fromkeys(part[along])) for _, part in parts]
    one_scale = panels != "metric"  # units differ
    same_rows = all(names == labels[0] for names in labels)
    shared = {"sharex": one_scale, "sharey": one_scale if numeric else same_rows}
    rows = 0 if numeric else max(map(len, labels))
    fig, grid = _tidy_panels(title, len(parts), len(marks), rows, shared)
    for axes, (name, part), names in zip(grid.flat, parts, labels, strict=False):
        axes.set_title(_wrapped(_told(panels, name), 34), fontsize=9.5)
        series_rows = [part if m is None else part[part[series] == m] for m in marks]
        styles = [_series_style(series, mark, number) for number, mark in enumerate(marks)]
        if numeric:
            _lines(axes, series_rows, styles, along, centre)
        else:
            _marks(axes, series_rows, styles, along, centre, names)
    value = _value_label(frame, centre)
    _only_first(grid, len(parts), along if numeric else value, value if numeric else "")
    if series:
        _below(fig, [_series_key(series, m, i) for i, m in enumerate(marks)], min(3, len(marks)))
    return fig, frame


def _tidy_panels(
    title: str, panels: int, marks: int, rows: int, shared: Mapping[str, bool]
) -> tuple[Figure, np.ndarray]:
    """Axes for `panels` panels of `rows` rows each; none where numbers stand along an axis."""
    columns = min(3, panels)
    lines = -(-panels // columns)
    height = 0.9 + max(0.3, 0.13 * marks) * rows if rows else 2.4
    width = 2.4 + (2.9 if shared["sharey"] else 3.4) * columns
    size = (width, 1.3 + height * lines + 0.25 * (marks // 3))
    return _panels(title, lines, columns, size, **shared)


def _marks(axes: Axes, parts, styles, along: str, centre: str, labels: Sequence) -> None:
    """One horizontal row a label; the series stand below each other in it."""
    heights = _rows_of(axes, [_wrapped(_told(along, label), 36) for label in labels])
    for number, (rows, style) in enumerate(zip(parts, styles, strict=True)):
        shift = ((len(parts) - 1) / 2 - number) * 0.7 / len(parts)
        for row in rows.to_dict("records"):
            place = heights[labels.index(row[along])] + shift
            _interval(axes, {"ci_low": np.nan, "ci_high": np.nan, **row}, centre, place, style)
    if centre == "difference":
        axes.axvline(0, color="#1a1a1a", lw=1.2)


def _lines(axes: Axes, parts, styles, along: str, centre: str) -> None:
    """One line a series, with a band where there are intervals."""
    for rows, style in zip(parts, styles, strict=True):
        rows, look = rows.sort_values(along), {"color": style.colour}
        axes.plot(rows[along], rows[centre], marker=style.marker, ls=style.line, ms=5, **look)
        if "ci_low" in rows:
            axes.fill_between(
                rows[along], rows["ci_low"], rows["ci_high"], alpha=0.15, lw=0, **look
            )
    _thousands(axes.xaxis)
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _value_label(frame: pd.DataFrame, centre: str) -> str:
    """What the values are: the metric where there is one only, and whether it is a difference."""
    metrics = list(frame["metric"].unique()) if "metric" in frame else []
    if len(metrics) != 1:
        return _plain_words(centre)
    named = METRIC_TITLES.get(metrics[0], _plain_words(metrics[0]))
    return f"difference in {named}" if centre == "difference" else named


def _told(column: str | None, value: object) -> str:
    """A value of a column as a reader knows it."""
    titles = {"arm": arm_title, "compared_to": arm_title, "axis": _axis_title}
    if column in titles:
        return titles[column](value)
    named = {"stratum": STRATUM_TITLES, "metric": METRIC_TITLES}.get(column, {})
    return named.get(value, _plain_words(value))


def _axis_title(axis: str) -> str:
    known = load_axes().get(axis)
    return known.title if known else axis


# for series that are no arms: hues of Okabe and Ito that also differ in brightness
_SERIES_COLOURS = ("#0072b2", "#d55e00", "#1a1a1a", "#56b4e9", "#009e73", "#c98500", "#cc79a7")
_SERIES_MARKERS = "oDs^vPX*"
_SERIES_LINES = ("-", "--", "-.", ":")


def _series_style(series: str | None, value: object, number: int) -> ArmStyle:
    if series == "arm":
        return arm_style(value)
    return ArmStyle(
        _SERIES_COLOURS[number % len(_SERIES_COLOURS)],
        _SERIES_MARKERS[number % len(_SERIES_MARKERS)],
        _SERIES_LINES[number % len(_SERIES_LINES)],
    )


def _series_key(series: str, value: object, number: int) -> Line2D:
    style = _series_style(series, value, number)
    return Line2D(
        [], [], color=style.colour, marker=style.marker, ls=style.line, label=_told(series, value)
    )


# --- every figure of a results folder -------------------------------------------------------------


@dataclass(frozen=True)
class FigureInfo:
    """A figure of the report: how it is drawn, from which table, and what it says.

    reading: how to read it, for the caption and for those who cannot see it.
    """

    draw: Callable[[pd.DataFrame], Drawn]
    table: str
    title: str
    reading: str


FIGURES: dict[str, FigureInfo] = {
    "main_comparison": FigureInfo(
        main_comparison,
        "main_comparison",
        "Accuracy by arm, on facts the reference model knows and does not know",
        "One bar an arm with its 95 % interval over seeds and questions; the dotted line is the "
        "base before training, the solid line plain continued pretraining.",
    ),
    "difference_to_plain": FigureInfo(
        difference_to_plain,
        "differences",
        "Each arm's difference to plain continued pretraining",
        "Right of zero is better than plain. Filled markers: facts the reference model knows; "
        "open markers: facts it does not know. Pairs share seed, data order and question.",
    ),
    "benchmark_by_stratum": FigureInfo(
        partial(benchmark, by="stratum"),
        "benchmark_by_stratum",
        "Accuracy by popularity, and on general knowledge",
        "One panel a stratum, every model of the main comparison in it; intervals draw seeds and "
        "subjects.",
    ),
    "benchmark_by_category": FigureInfo(
        partial(benchmark, by="category"),
        "benchmark_by_category",
        "Accuracy by category of question",
        "One panel a category, every model of the main comparison in it. A category of few "
        "subjects has wide intervals.",
    ),
    "learning_curves": FigureInfo(
        learning_curves,
        "learning_curves",
        "Accuracy along training, by arm",
        "One panel an arm, from the base at 0 tokens to the end of the budget; bands reach from "
        "the lowest to the highest seed; grey lines are plain continued pretraining.",
    ),
    "composition": FigureInfo(
        composition,
        "composition",
        "Data composition, one axis at a time",
        "One panel an axis; everything but that axis stays as in the profile. Filled: all music "
        "questions; open: general questions, which show forgetting.",
    ),
    "composition_covered": FigureInfo(
        partial(composition, strata=("covered", "uncovered")),
        "composition",
        "Data composition, facts the reference model knows and does not know",
        "The same runs as in the figure on data composition. Filled: facts the reference model "
        "knows; open: facts it does not know.",
    ),
    "reference_surface": FigureInfo(
        reference_surface,
        "reference_surface",
        "What soft weighting gains, by what the reference model knows and how sure it is",
        "Violet: better than plain; orange: worse. Each tile tells the difference and its 95 % "
        "interval, paired by seed and question.",
    ),
    "forgetting": FigureInfo(
        forgetting,
        "main_comparison",
        "What each arm forgets",
        "General questions that the domain corpus says nothing about, and bits per byte on text "
        "never trained on; the dotted line is the base before training.",
    ),
    "funnel": FigureInfo(
        funnel,
        "funnel",
        "From the raw corpus to the training text",
        "Left: documents kept after each stage. Right: documents that a stage dropped or "
        "quarantined, by reason; all of them are kept aside with their reason.",
    ),
    "pipeline_quality": FigureInfo(
        pipeline_quality,
        "pipeline_quality",
        "What each stage of the pipeline finds",
        "Diamonds: precision; dots: recall, against the labels of the rendered lane, which no "
        "stage may read.",
    ),
    "temperature": FigureInfo(
        temperature,
        "temperature",
        "Calibration of the reference model",
        "Loss on clean text about subjects that neither the reference model nor the test knows, "
        "by temperature; the large marker is the temperature chosen.",
    ),
    "token_weights": FigureInfo(
        token_weights,
        "token_weights",
        "Weight by kind of labelled token",
        "Mean training weight of the tokens of each kind; 1 is the corpus mean.",
    ),
}


def draw_all(results: Path) -> list[str]:
    """Draw every figure whose table lies in `results/tables` into `results/figures`.

    Returns the names drawn. A table without the rows that a figure needs leaves it out.
    """
    drawn = []
    for name, info in FIGURES.items():
        if not (results / "tables" / f"{info.table}.csv").is_file():
            continue
        table = read_table(results / "tables", info.table)
        try:
            fig, frame = info.draw(table)
        except NothingToDraw:
            continue
        save_figure(fig, frame, results / "figures", name)
        drawn.append(name)
    return drawn
