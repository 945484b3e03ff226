"""Every figure of a results folder: how it is drawn, from which table, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from mucpt_utils.report.figures.benchmarks import benchmark, bits_per_byte, forgetting
from mucpt_utils.report.figures.comparison import difference_to_plain, main_comparison
from mucpt_utils.report.figures.curves import learning_curves
from mucpt_utils.report.figures.data_composition import composition, reference_surface
from mucpt_utils.report.figures.pipeline import funnel, pipeline_quality
from mucpt_utils.report.figures.scores import fixed_weights, temperature, token_weights
from mucpt_utils.report.figures.style import Drawn, NothingToDraw, save_figure
from mucpt_utils.report.table_files import read_table


@dataclass(frozen=True)
class FigureInfo:
    """A figure of the report.

    draw: from the rows of `table`; None for a figure that a notebook draws from what is not in any
    table. reading: how to read it, for the caption and for those who cannot see it.
    """

    draw: Callable[[pd.DataFrame], Drawn] | None
    table: str
    title: str
    reading: str


FIGURES: dict[str, FigureInfo] = {
    "main_comparison": FigureInfo(
        main_comparison,
        "main_comparison",
        "Accuracy by arm, on facts the reference model knows and does not know",
        "One bar an arm with its 95 % interval over seeds and subjects. Every arm but the base is "
        "trained on the same number of tokens; the dotted line is the base before training, the "
        "solid line plain continued pretraining.",
    ),
    "difference_to_plain": FigureInfo(
        difference_to_plain,
        "differences",
        "Each arm's difference to plain continued pretraining",
        "Left accuracy, right the log-likelihood of the answer, each paired by seed and question "
        "with its 95 % interval; right of zero is better than plain. Filled markers: facts the "
        "reference model knows; open markers: facts it does not know.",
    ),
    "benchmark_by_stratum": FigureInfo(
        partial(benchmark, by="stratum"),
        "benchmark_by_stratum",
        "Accuracy by popularity, and on general knowledge",
        "One panel a stratum with its number of questions in brackets, every arm of the main "
        "comparison in it; 95 % intervals over seeds and subjects.",
    ),
    "benchmark_by_category": FigureInfo(
        partial(benchmark, by="category"),
        "benchmark_by_category",
        "Accuracy by category of question",
        "One panel a category with its number of questions in brackets, every arm of the main "
        "comparison in it; 95 % intervals over seeds and subjects, wide where subjects are few.",
    ),
    "learning_curves": FigureInfo(
        learning_curves,
        "learning_curves",
        "Accuracy along training, by arm",
        "One panel an arm, from the base at 0 tokens to the end of the budget. Solid: facts the "
        "reference model knows; dashed: facts it does not know. Lines are means over seeds, bands "
        "reach from the lowest to the highest seed; grey lines are plain continued pretraining.",
    ),
    "composition": FigureInfo(
        composition,
        "composition",
        "Data composition, one axis at a time",
        "One panel an axis; everything but that axis stays as in the profile. Filled: all music "
        "questions; open: general questions, on which forgetting shows. 95 % intervals over seeds "
        "and subjects.",
    ),
    "composition_covered": FigureInfo(
        partial(composition, strata=("covered", "uncovered")),
        "composition",
        "Data composition, facts the reference model knows and does not know",
        "The same runs as in the figure on data composition. Filled: facts the reference model "
        "knows; open: facts it does not know. Along an axis that changes what the reference model "
        "knows, the two kinds hold other questions at each level.",
    ),
    "reference_surface": FigureInfo(
        reference_surface,
        "reference_surface",
        "Soft weighting minus plain, by what the reference model knows and how sure it is",
        "Difference in the log-likelihood of the answer, in nats per token. Violet: better than "
        "plain; orange: worse. Each tile shows the difference and its 95 % interval, paired by "
        "seed and question.",
    ),
    "forgetting": FigureInfo(
        forgetting,
        "main_comparison",
        "What each arm forgets",
        "Accuracy on general questions, which are not about music, and bits per byte on text never "
        "trained on, each with its 95 % interval; the dotted line is the base before training.",
    ),
    "bits_per_byte": FigureInfo(
        bits_per_byte,
        "bits_per_byte",
        "Real prose: bits per byte by arm",
        "On files never trained on, with 95 % intervals over seeds. Left of the dotted line, which "
        "is the base before training, text of that kind is predicted better than before; right of "
        "it, worse.",
    ),
    "reliability": FigureInfo(
        None,
        "classifier",
        "Reliability of the domain classifier",
        "Share of documents that are music, by the probability that the classifier gave them; on "
        "the dotted line both are equal. The area of a dot grows with its documents.",
    ),
    "funnel": FigureInfo(
        funnel,
        "funnel",
        "From the raw corpus to the training text",
        "Left: documents kept after each stage. Right: documents that a stage dropped or "
        "quarantined, by reason; each is written beside the corpus with its reason.",
    ),
    "pipeline_quality": FigureInfo(
        pipeline_quality,
        "pipeline_quality",
        "What each stage of the pipeline finds",
        "Diamonds: precision; dots: recall, against the labels of the rendered lane, which no "
        "stage reads; n is what should be found.",
    ),
    "temperature": FigureInfo(
        temperature,
        "temperature",
        "Calibration of the reference model",
        "Its loss on clean text about subjects that it does not know and that are not under test, "
        "by temperature, one line a seed. The large marker is the lowest, used where an arm "
        "sets none of its own.",
    ),
    "token_weights": FigureInfo(
        token_weights,
        "token_weights",
        "Weights given in training, by kind of token",
        "Mean weight that tokens of each labelled kind were given in training, as the runs kept "
        "it, with its 95 % interval over seeds and documents; replayed general text is left out. "
        "Weights are scaled to mean 1: right of the line a kind was weighed up, left of it down.",
    ),
    "fixed_weights": FigureInfo(
        fixed_weights,
        "fixed_weights",
        "Weights fixed before training, by kind of token",
        "Of arms whose weights do not depend on the model in training: the mean weight of the "
        "tokens of each labelled kind, as it will be given, with its 95 % interval over seeds and "
        "documents; 1 is the mean.",
    ),
}


def draw_all(results: Path) -> list[str]:
    """Draw every figure whose table lies in `results/tables` into `results/figures`.

    Returns the names drawn. A table without the rows that a figure needs leaves it out.
    """
    drawn = []
    for name, info in FIGURES.items():
        if info.draw is None or not (results / "tables" / f"{info.table}.csv").is_file():
            continue
        try:
            fig, frame = info.draw(read_table(results / "tables", info.table))
        except NothingToDraw:
            continue
        save_figure(fig, frame, results / "figures", name)
        drawn.append(name)
    return drawn
