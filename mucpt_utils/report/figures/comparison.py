"""The main comparison: accuracy by arm, and each arm's difference to plain."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mucpt_utils.analysis.claims import first_row
from mucpt_utils.report.figures.panels import (
    arm_rows,
    distinct,
    interval,
    key,
    legend_below,
    panel_grid,
    select,
)
from mucpt_utils.report.figures.style import (
    STRATUM_TITLES,
    Drawn,
    NothingToDraw,
    arm_style,
    arm_title,
    styled,
)

COVERED, UNCOVERED = STRATA = ("covered", "uncovered")


@styled
def main_comparison(main: pd.DataFrame) -> Drawn:
    """Accuracy of every arm, covered beside uncovered facts, with base and plain as lines.

    main: rows of `main_comparison.csv`. Raises NothingToDraw where no accuracy is among them.
    """
    frame = select(main, "accuracy", STRATA)
    arms = distinct(frame["arm"])
    title, size = "MusicSimpleQA accuracy by arm, at equal tokens", (9.6, 1.8 + 0.42 * len(arms))
    fig, grid = panel_grid(title, 1, 2, size, sharex=True, sharey=True)
    for axes, stratum in zip(grid[0], STRATA, strict=True):
        _bars(axes, frame[frame["stratum"] == stratum], arms)
        axes.set_title(STRATUM_TITLES[stratum])
        axes.set_xlabel("accuracy (share correct), 95 % interval")
    highest = np.nanmax([frame["ci_high"].max(), frame["mean"].max(), 0.05])
    grid[0][0].set_xlim(0, highest * 1.16)
    lines = [
        Line2D([], [], color=arm_style(a).colour, ls=arm_style(a).line, label=arm_title(a))
        for a in ("base", "plain")
        if a in arms
    ]
    if lines:
        legend_below(fig, lines)
    return fig, frame


def _bars(axes: Axes, frame: pd.DataFrame, arms: list[str]) -> None:
    """One bar an arm with its interval and its number; base and plain also as lines across."""
    for arm, height in arm_rows(axes, arms).items():
        row, style = first_row(frame, arm=arm), arm_style(arm)
        if row is None:
            continue
        axes.barh(height, row["mean"], 0.62, color=style.colour, alpha=0.28, edgecolor=style.colour)
        interval(axes, row, "mean", height, style)
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


@styled
def difference_to_plain(differences: pd.DataFrame) -> Drawn:
    """Forest plot: each arm minus plain, covered (filled) and uncovered (open) facts.

    differences: rows of `differences.csv`. Raises NothingToDraw where no arm is compared with
    plain.
    """
    units = {"accuracy": "share correct", "log_likelihood": "nats per token"}
    frame = differences[
        (differences["compared_to"] == "plain")
        & differences["stratum"].isin(STRATA)
        & differences["metric"].isin(units)
        & (differences["arm"] != "base")
    ].reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw("no arm is compared with plain")
    arms = distinct(frame["arm"])
    title = "Difference to plain continued pretraining, same seeds and questions"
    fig, grid = panel_grid(title, 1, 2, (9.6, 1.9 + 0.52 * len(arms)), sharey=True)
    for axes, (metric, unit) in zip(grid[0], units.items(), strict=True):
        heights = arm_rows(axes, arms)
        axes.axvline(0, color="#1a1a1a", lw=1.2)
        for arm in arms:
            for stratum, shift in ((COVERED, 0.16), (UNCOVERED, -0.16)):
                row = first_row(frame, arm=arm, stratum=stratum, metric=metric)
                if row is not None:
                    height, filled = heights[arm] + shift, stratum == COVERED
                    interval(axes, row, "difference", height, arm_style(arm), filled)
        axes.set_title("accuracy" if metric == "accuracy" else "log-likelihood of the answer")
        axes.set_xlabel(f"arm minus plain ({unit}), 95 % interval")
    legend_below(fig, [key("o", s == COVERED, STRATUM_TITLES[s]) for s in STRATA])
    return fig, frame
