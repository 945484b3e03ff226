"""The benchmark by group of questions, and what is forgotten: general questions, held-out text."""

import re
from collections.abc import Mapping

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mucpt_utils.analysis.effects import first_row
from mucpt_utils.report.figures import conclusions
from mucpt_utils.report.figures.panels import (
    arm_intervals,
    arm_labels,
    better_to,
    distinct,
    label_outside,
    legend_below,
    panel_grid,
    tall,
    wrapped,
)
from mucpt_utils.report.figures.style import (
    METRIC_TITLES,
    STRATUM_TITLES,
    Drawn,
    NothingToDraw,
    arm_style,
    arm_title,
    styled,
)

NAMES = 2.6  # inches for the arms' names
BOLD_LETTER = 0.11  # inches per average letter of a panel's title
NOT_ASKED = "not asked"  # what `scores.csv` says of guessers
WAY_OF_ASKING = re.compile(r", (chat, )?(few|zero)-shot$")
GENERAL_QUESTIONS = ("accuracy", "general")
GENERAL_TEXT, MUSIC_TEXT = HELD_OUT = (("bits_per_byte", "general"), ("bits_per_byte", "music"))
PANEL_TITLES = {
    GENERAL_QUESTIONS: "general questions",
    GENERAL_TEXT: "held-out general text",
    MUSIC_TEXT: "held-out music text",
}


@styled
def benchmark(table: pd.DataFrame, by: str) -> Drawn:
    """Accuracy of every arm, one panel per stratum or category, with its number of questions.

    All panels are side by side, so that every arm is named once and compared along its row.
    table: rows of `benchmark_by_stratum.csv` or `benchmark_by_category.csv`; by: `stratum` or
    `category`. Raises NothingToDraw if the rows have no accuracy.
    """
    frame = table[table["metric"] == "accuracy"].reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw(f"no accuracy by {by}")
    groups, arms = distinct(frame[by]), distinct(frame["arm"])
    size = (NAMES + 2.1 * len(groups), 1.5 + 0.34 * tall(arm_labels(arms)))
    title = conclusions.of_accuracy(frame.assign(group=frame[by].replace(STRATUM_TITLES)))
    fig, grid = panel_grid(title, 1, len(groups), size, sharex=True, sharey=True)
    beside = grid.flat[0].get_subplotspec().get_gridspec().ncols
    letters = int((fig.get_figwidth() - NAMES) / beside / BOLD_LETTER)
    for axes, group in zip(grid.flat, groups, strict=True):
        part = frame[frame[by] == group]
        arm_intervals(axes, part, arms, "mean")
        told = f"{STRATUM_TITLES.get(group, group)} ({part['n'].iloc[0]:.0f})"
        axes.set_title(wrapped(told, letters))
    label_outside(grid, len(groups), better_to("accuracy\n"), "")
    grid.flat[0].set_xlim(left=-0.03)
    return fig, frame


@styled
def model_scores(table: pd.DataFrame) -> Drawn:
    """Accuracy of real models and guessers, one panel per part of the benchmark, with intervals.

    table: rows of `data_cards/musicsimpleqa/scores.csv`. Raises NothingToDraw for no rows.
    """
    if table.empty:
        raise NothingToDraw("no scores of models")
    names = table["model"].astype(str) + "\n" + table["asked"].astype(str)
    frame = table.assign(name=names, label=[model_label(row) for _, row in table.iterrows()])
    frame = frame.reset_index(drop=True)
    parts, rows = distinct(frame["part"]), distinct(frame["name"])
    size = (3.2 + 2.2 * len(parts), 1.2 + 0.5 * len(rows))
    title = conclusions.of_models(frame)
    fig, grid = panel_grid(title, 1, len(parts), size, sharex=True, sharey=True)
    for axes, part in zip(grid.flat, parts, strict=True):
        shown = frame[frame["part"] == part].set_index("name").loc[rows]
        heights = range(len(rows), 0, -1)
        guessed = shown["model"].str.startswith(conclusions.GUESSER)
        for height, (_, row), guess in zip(heights, shown.iterrows(), guessed, strict=True):
            colour = "#777777" if guess else "#1f5a8a"
            axes.plot([row["ci_low"], row["ci_high"]], [height] * 2, color=colour, lw=2)
            axes.plot(row["accuracy"], height, marker="o", color=colour, ms=5)
        axes.set_yticks(list(heights), shown["label"])
        axes.set_title(f"{part} ({shown['n'].iloc[0]:.0f})")
    label_outside(grid, len(parts), better_to("accuracy\n"), "")
    grid.flat[0].set_xlim(left=0)
    return fig, frame.drop(columns="label")


def model_label(row: Mapping) -> str:
    """A model's name and, on a second line, how it was asked, unless the name says so."""
    if row["asked"] == NOT_ASKED:
        return wrapped(str(row["model"]), 30)
    return f"{WAY_OF_ASKING.sub('', str(row['model']))}\n{row['asked']}"


@styled
def forgetting(main: pd.DataFrame) -> Drawn:
    """What each arm forgets: the general twin, and bits per byte on music and general text.

    main: rows of `main_comparison.csv`. Raises NothingToDraw if it has none of the three.
    """
    title = conclusions.of_forgetting(main)
    return _against_base(main, (GENERAL_QUESTIONS, *HELD_OUT), title)


@styled
def bits_per_byte(table: pd.DataFrame) -> Drawn:
    """Bits per byte by arm on general and on music text; the dotted line is the base.

    table: rows of `bits_per_byte.csv`. Raises NothingToDraw if neither text was measured.
    """
    title = "Real prose: bits per byte on files never trained on, by arm, 95 % intervals"
    fig, frame = _against_base(table.assign(metric="bits_per_byte"), HELD_OUT, title)
    return fig, frame.drop(columns="metric")


def _against_base(table: pd.DataFrame, wanted: tuple[tuple[str, str], ...], title: str) -> Drawn:
    """One panel for each metric and stratum in the table: every arm, with the base as a line."""
    groups = {
        (metric, stratum): table[(table["metric"] == metric) & (table["stratum"] == stratum)]
        for metric, stratum in wanted
    }
    groups = {name: part for name, part in groups.items() if len(part)}
    if not groups:
        raise NothingToDraw("neither general questions nor bits per byte")
    frame = pd.concat(groups.values(), ignore_index=True)
    arms = distinct(frame["arm"])
    size = (2.2 + 2.9 * len(groups), 1.7 + 0.38 * tall(arm_labels(arms)))
    fig, grid = panel_grid(title, 1, len(groups), size, sharey=True)
    for axes, (name, part) in zip(grid[0], groups.items(), strict=True):
        axes.set_title(PANEL_TITLES[name])
        higher = name == GENERAL_QUESTIONS
        axes.set_xlabel("accuracy (higher is better)" if higher else METRIC_TITLES["bits_per_byte"])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        arm_intervals(axes, part, arms, "mean")
        base = first_row(part, arm="base")
        if base is not None:
            axes.axvline(base["mean"], color=arm_style("base").colour, ls=":", lw=1.4, zorder=1)
    line = Line2D([], [], color=arm_style("base").colour, ls=":", label=arm_title("base"))
    legend_below(fig, [line])
    return fig, frame
