"""Learning curves: what each arm knows along training."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mucpt_utils.report.figures.comparison import COVERED, STRATA, UNCOVERED
from mucpt_utils.report.figures.panels import (
    distinct,
    label_outside,
    legend_below,
    panel_grid,
    plain_words,
    select,
    thousands,
    wrapped,
)
from mucpt_utils.report.figures.style import (
    METRIC_TITLES,
    STRATUM_TITLES,
    Drawn,
    arm_style,
    arm_title,
    styled,
)


@styled
def learning_curves(curves: pd.DataFrame, metric: str = "accuracy") -> Drawn:
    """One panel an arm: covered and uncovered facts along training, plain behind in grey.

    curves: rows of `learning_curves.csv`. Lines are means over seeds, bands reach from the lowest
    to the highest seed. Raises NothingToDraw where the metric is not among the rows.
    """
    chosen = select(curves, metric, STRATA)
    grouped = chosen.groupby(["arm", "stratum", "metric", "tokens"], sort=False)["value"]
    frame = grouped.agg(mean="mean", lowest="min", highest="max", seeds="size").reset_index()

    arms = [arm for arm in distinct(frame["arm"]) if arm != "base"]
    columns = min(4, len(arms))
    rows = -(-len(arms) // columns)
    title = f"Learning curves by arm: {METRIC_TITLES[metric]}"
    size = (max(5.0, 2.5 * columns + 0.6), 2.25 * rows + 1.1)
    fig, grid = panel_grid(title, rows, columns, size, sharex=True, sharey=True)
    for axes, arm in zip(grid.flat, arms, strict=False):
        axes.set_title(wrapped(arm_title(arm), 24), fontsize=9.5)
        for stratum in STRATA:
            if arm != "plain":
                _curve(axes, frame, "plain", stratum, behind=True)
            _curve(axes, frame, arm, stratum, behind=False)
        thousands(axes.xaxis)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    label_outside(grid, len(arms), "tokens trained on", plain_words(metric))
    keys = [
        Line2D([], [], color="#444444", marker="o", label=STRATUM_TITLES[COVERED]),
        Line2D(
            [], [], color="#444444", marker="o", mfc="w", ls="--", label=STRATUM_TITLES[UNCOVERED]
        ),
        Line2D([], [], color="#aaaaaa", lw=2.5, label="plain, for comparison"),
    ]
    legend_below(fig, keys)
    return fig, frame


def _curve(axes: Axes, frame: pd.DataFrame, arm: str, stratum: str, behind: bool) -> None:
    """One arm's curve from the base's value at 0 tokens on; in grey, without band, if `behind`."""
    points = frame[frame["arm"].isin([arm, "base"]) & (frame["stratum"] == stratum)]
    points = points.sort_values("tokens")
    tokens, style = points["tokens"], arm_style(arm)
    line = "-" if stratum == COVERED else "--"
    if behind:
        axes.plot(tokens, points["mean"], color="#aaaaaa", lw=2.2, ls=line, zorder=1)
        return
    axes.fill_between(
        tokens, points["lowest"], points["highest"], color=style.colour, alpha=0.18, lw=0
    )
    axes.plot(
        tokens,
        points["mean"],
        color=style.colour,
        ls=line,
        marker=style.marker,
        mfc=style.colour if stratum == COVERED else "white",
        ms=5.5,
        lw=1.6,
    )
