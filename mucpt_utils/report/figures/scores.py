"""The reference model's temperature, and the weights that training gave to each kind of token."""

import pandas as pd

from mucpt_utils.analysis.effects import first_row
from mucpt_utils.report.figures import conclusions
from mucpt_utils.report.figures.panels import (
    beside,
    distinct,
    interval,
    label_outside,
    label_rows,
    panel_grid,
    plain_words,
    tall,
    wrapped,
)
from mucpt_utils.report.figures.style import Drawn, NothingToDraw, arm_style, arm_title, styled
from mucpt_utils.report.stage_words import KINDS

SEED_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#c98500")
SEED_MARKERS = "osD^vPX*"
SEED_LINES = ("-", "--", "-.", ":")


@styled
def temperature(table: pd.DataFrame) -> Drawn:
    """Loss of the reference model on subjects it does not know, by temperature, the best marked.

    table: seed,temperature,loss.
    """
    fig, grid = panel_grid(conclusions.of_temperature(table), 1, 1, (7.2, 4.2))
    axes = grid[0][0]
    for number, (seed, part) in enumerate(table.groupby("seed", sort=True)):
        points = part.sort_values("temperature")
        best = points.loc[points["loss"].idxmin()]
        colour = SEED_COLOURS[number % len(SEED_COLOURS)]
        marker = SEED_MARKERS[number % len(SEED_MARKERS)]
        axes.plot(
            points["temperature"],
            points["loss"],
            color=colour,
            ls=SEED_LINES[number % len(SEED_LINES)],
            marker=marker,
            mfc="white",
            ms=5,
            label=f"seed {seed}: {best['temperature']:g}",
        )
        axes.plot(best["temperature"], best["loss"], marker, color=colour, ms=10)
    axes.set_xlabel("temperature of the reference model's logits")
    axes.set_ylabel("loss (nats per token)")
    axes.legend(title="chosen (large marker)")
    return fig, table.reset_index(drop=True)


@styled
def token_weights(table: pd.DataFrame) -> Drawn:
    """Mean weight that tokens of each labelled kind were given in training, one panel per arm.

    table: rows of `token_weights.csv`: arm, kind, weight, ci_low, ci_high, seeds, tokens. Weights
    are scaled to mean 1, so a kind above 1 was given more weight. Raises NothingToDraw if no run
    kept its weights.
    """
    title = "Weights given in training, by kind of token"
    return _by_kind(table, title, "mean weight given\n(1 = mean of all)")


@styled
def fixed_weights(table: pd.DataFrame) -> Drawn:
    """The same for weights that are fixed before training; table: rows of `fixed_weights.csv`."""
    title = "Weights fixed before training, by kind of token"
    return _by_kind(table, title, "mean weight to be given\n(1 = mean of all)")


def _by_kind(table: pd.DataFrame, title: str, label: str) -> Drawn:
    """One panel per arm, one row per kind of token, a line at 1."""
    frame = table.reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw("no weights of any arm")
    arms, kinds = distinct(frame["arm"]), distinct(frame["kind"])
    columns = beside(len(arms))
    lines = -(-len(arms) // columns)
    words = [wrapped(KINDS.get(kind, plain_words(kind)), 22) for kind in kinds]
    size = (2.4 + 2.7 * columns, 0.8 + (1.0 + 0.3 * tall(words)) * lines)
    told = ": ".join(filter(None, (title, conclusions.of_weights(frame))))
    fig, grid = panel_grid(told, lines, columns, size, sharex=True, sharey=True)
    for axes, arm in zip(grid.flat, arms, strict=False):
        heights = label_rows(axes, words)
        axes.axvline(1, color="#1a1a1a", lw=1.2)
        axes.set_title(wrapped(arm_title(arm), 28))
        for kind, height in zip(kinds, heights, strict=True):
            row = first_row(frame, arm=arm, kind=kind)
            if row is not None:
                interval(axes, row, "weight", height, arm_style(arm))
    label_outside(grid, len(arms), label, "")
    grid.flat[0].set_xlim(left=0)
    return fig, frame
