"""The corpus pipeline: what is left after each stage, what each stage finds, its classifier."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mucpt_utils.pipeline.accounting import KEPT, QUARANTINED
from mucpt_utils.report.figures.panels import (
    key,
    label_rows,
    legend_below,
    panel_grid,
    plain_words,
    thousands,
    wrapped,
)
from mucpt_utils.report.figures.style import Drawn, styled
from mucpt_utils.report.stage_words import STAGES, told

KEPT_COLOUR, DROPPED_COLOUR, QUARANTINED_COLOUR = "#0072b2", "#d55e00", "#c98500"


@styled
def funnel(table: pd.DataFrame) -> Drawn:
    """Documents left after each stage, and what each stage dropped, by reason.

    table: rows of `funnel.csv`; sources are added up.
    """
    frame = table.groupby(["stage", "reason"], sort=False, as_index=False)[
        ["documents", "tokens"]
    ].sum()
    kept = frame[frame["reason"] == KEPT]
    lost = frame[(frame["reason"] != KEPT) & (frame["documents"] > 0)]
    quarantined = [reason.startswith(QUARANTINED) for reason in lost["reason"]]

    size = (10.2, 1.7 + 0.36 * max(len(kept), len(lost), 4))
    fig, grid = panel_grid("From the raw corpus to the training text", 1, 2, size)
    stages = [STAGES.get(stage, plain_words(stage)) for stage in kept["stage"]]
    _counts(grid[0][0], stages, kept["documents"], [KEPT_COLOUR] * len(kept))
    grid[0][0].set_title("kept after each stage")
    reasons = [
        wrapped(told(str(row.stage), str(row.reason).removeprefix(QUARANTINED)), 34)
        for row in lost.itertuples()
    ]
    colours = [QUARANTINED_COLOUR if yes else DROPPED_COLOUR for yes in quarantined]
    _counts(grid[0][1], reasons, lost["documents"], colours)
    grid[0][1].set_title("dropped, and why")
    if any(quarantined):
        words = {DROPPED_COLOUR: "dropped", QUARANTINED_COLOUR: "quarantined: could not be read"}
        lines = [Line2D([], [], color=c, lw=7, alpha=0.75, label=w) for c, w in words.items()]
        legend_below(fig, lines)
    return fig, frame


def _counts(axes: Axes, labels: Sequence[str], counts: pd.Series, colours: Sequence[str]) -> None:
    """Bars of documents, one per label, each with its number."""
    heights = label_rows(axes, labels)
    axes.barh(heights, counts, 0.66, color=colours, alpha=0.75)
    axes.set_xlabel("documents")
    axes.set_xlim(0, max(counts.max() if len(counts) else 0, 1) * 1.2)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    thousands(axes.xaxis)
    for height, count in zip(heights, counts, strict=True):
        axes.annotate(
            f"{int(count):,}", (count, height), (4, 0), textcoords="offset points", va="center"
        )


@styled
def pipeline_quality(table: pd.DataFrame) -> Drawn:
    """Precision and recall of every stage by kind of flaw, against the rendered lane's labels.

    table: rows of `pipeline_quality.csv`.
    """
    frame = table.reset_index(drop=True)
    labels = [
        plain_words(f"{row.stage}: {row.kind} (n = {int(row.n):,})") for row in frame.itertuples()
    ]
    title = "What each stage finds, measured where the truth is known"
    fig, grid = panel_grid(title, 1, 1, (8.6, 1.7 + 0.36 * len(frame)))
    axes = grid[0][0]
    heights = label_rows(axes, labels)
    axes.hlines(heights, frame["precision"], frame["recall"], color="#bbbbbb", lw=2, zorder=1)
    axes.plot(frame["precision"], heights, "D", color="#0072b2", ms=8, mfc="white", mew=1.6)
    axes.plot(frame["recall"], heights, "o", color="#d55e00", ms=6)
    lowest = np.nanmin([frame["precision"].min(), frame["recall"].min(), 0.9])
    axes.set_xlim(max(-0.03, lowest - 0.08), 1.02)
    axes.set_xlabel("share (1 is best)")
    keys = [
        key("D", False, "precision: of what was removed or changed, rightly", "#0072b2"),
        key("o", True, "recall: of what should be, found", "#d55e00"),
    ]
    legend_below(fig, keys)
    return fig, frame


@styled
def reliability(
    rows: Sequence[Mapping], title: str = "Reliability of the domain classifier"
) -> Drawn:
    """Reliability diagram: the share that is in the domain, by the predicted probability.

    rows: as `pipeline.domain.calibration.reliability` gives them; the area of a dot grows with its
    documents.
    """
    frame = pd.DataFrame(rows)
    fig, grid = panel_grid(title, 1, 1, (6.2, 4.6))
    axes = grid[0][0]
    axes.plot([0, 1], [0, 1], color="#8a8a8a", ls=":", lw=1.4, label="perfectly calibrated")
    axes.plot(frame["probability"], frame["in_domain"], color="#0072b2", lw=1.4, zorder=2)
    area = 30 + 270 * frame["n"] / frame["n"].max()
    axes.scatter(
        frame["probability"], frame["in_domain"], area, "#0072b2", alpha=0.6, edgecolor="#1a1a1a",
        label="documents, in bins of probability", zorder=3,
    )  # fmt: skip
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.05, 1.08))
    axes.set_xlabel("mean probability of the bin")
    axes.set_ylabel("share in the domain")
    axes.legend(loc="lower right")
    return fig, frame
