"""Every figure of a results folder: how to draw it, from which tables, and how to read it."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd

from mucpt_utils.report.figures.benchmarks import benchmark, bits_per_byte, forgetting
from mucpt_utils.report.figures.comparison import (
    difference_to_plain,
    every_run,
    main_comparison,
)
from mucpt_utils.report.figures.criteria import roc, selection_kinds
from mucpt_utils.report.figures.curves import learning_curves, tokens_and_compute
from mucpt_utils.report.figures.data_composition import (
    composition,
    mixture_map,
    reference_surface,
)
from mucpt_utils.report.figures.doses import dose_gain, dose_response
from mucpt_utils.report.figures.panels import sign
from mucpt_utils.report.figures.pipeline import funnel, pipeline_quality
from mucpt_utils.report.figures.scores import fixed_weights, temperature, token_weights
from mucpt_utils.report.figures.style import Drawn, NothingToDraw, save_figure
from mucpt_utils.report.figures.subjects import effect_by_subject
from mucpt_utils.report.levels import with_own_values
from mucpt_utils.report.numbers import counted
from mucpt_utils.report.profiles import Finished, every_profile, read_finished, same_difference

EVERY_RUN = "every_run"  # the figure from the tables of several profiles
Part = Literal["answer", "result", "detail", "data"]


@dataclass(frozen=True)
class FigureInfo:
    """A figure of the report.

    draw: from the rows of `table`, then those of the tables `more` (None where one is missing);
    None for a figure that a notebook draws from what is in no table. title: what it is about;
    what it shows is worded on drawing. reading: how to read it, for the caption and for those
    who cannot see it. part: its place in the report.
    """

    draw: Callable[..., Drawn] | None
    table: str
    title: str
    reading: str
    part: Part = "result"
    more: tuple[str, ...] = ()


FIGURES: dict[str, FigureInfo] = {
    "difference_to_plain": FigureInfo(
        difference_to_plain,
        "differences",
        "Each arm's difference to plain continued pretraining",
        "Log-likelihood of the answer, each arm minus plain, paired by seed and question, with its "
        "95 % interval; right of zero is better. Filled: facts the reference model knows; open: "
        "facts it does not know. Arms that are told the labels stand first: what they gain is the "
        "room that a method has. A number at the edge is a control that lies beyond it.",
        "answer",
    ),
    "difference_of_every_arm": FigureInfo(
        partial(difference_to_plain, every=True),
        "differences",
        "Every arm's difference to plain",
        "As in the first figure, which leaves out parts and variants of other arms and their blind "
        "controls where there are many arms.",
    ),
    "every_run": FigureInfo(
        every_run,
        "every_run",
        "The same difference in every run",
        "As in the figure before, one row per run: other seeds, other profiles, another processor; "
        "an empty row is a run without that comparison. "
        "Runs made again with the same seeds are marked, and not counted above. "
        "n counts pairs of seed and question, of known facts and of the others.",
        "answer",
    ),
    "main_comparison": FigureInfo(
        main_comparison,
        "main_comparison",
        "Accuracy by arm, on facts the reference model knows and does not know",
        "One bar per arm with its 95 % interval over seeds and subjects. Every arm but the base is "
        "trained on the same number of tokens, plain with a reference model's compute apart; the "
        "dotted line is the base before training, the solid line plain continued pretraining. The "
        "short mark of an arm is its chance level: what it would get right if its answers to the "
        "questions of one relation were dealt out among them.",
        more=("chance",),
    ),
    "tokens_and_compute": FigureInfo(
        tokens_and_compute,
        "learning_curves",
        "Log-likelihood of the answer against tokens and compute",
        "Means over seeds with their 95 % intervals, from the base on. Above by tokens trained on, "
        "below, where costs were counted, by floating-point operations: an arm with a reference "
        "model begins when that is trained and has scored the corpus.",
        more=("costs",),
    ),
    "accuracy_and_compute": FigureInfo(
        partial(tokens_and_compute, metric="accuracy"),
        "learning_curves",
        "Accuracy against tokens and compute",
        "Share of questions answered correctly, by tokens and by compute. Means over seeds with "
        "their 95 % intervals, from the base on.",
        "detail",
        more=("costs",),
    ),
    "dose_response": FigureInfo(
        dose_response,
        "composition",
        "Dose and response",
        "What happens along every axis of data composition that is given in doses, with 95 % "
        "intervals over seeds and subjects; marks of one dose stand beside each other.",
    ),
    "dose_gain": FigureInfo(
        dose_gain,
        "arms_by_level",
        "What each arm gains, dose by dose",
        "Each arm minus plain in the same data, along every axis of data composition that is given "
        "in doses, with 95 % intervals paired by seed and question. Above the dotted line the arm "
        "is better than plain; marks of one dose stand beside each other. Doses of a reference "
        "model's training have its price below them: all that the arm costs, by plain's.",
        more=("costs",),
    ),
    "roc": FigureInfo(
        roc,
        "roc",
        "Can a criterion tell false from merely unknown?",
        "Tokens of true statements against those of false ones, each criterion as a detector: "
        "above the dotted line it passes right tokens before wrong ones. Left: subjects that the "
        "reference model knows; right: those that it does not. In brackets the areas under both.",
        more=("criteria",),
    ),
    "selection_kinds": FigureInfo(
        selection_kinds,
        "selection_kinds",
        "Which documents selection keeps",
        "Share of documents that each selecting arm trains on, by what they are, with its 95 % "
        "interval; n counts documents over all seeds.",
    ),
    "effect_by_subject": FigureInfo(
        effect_by_subject,
        "answers",
        "Who gains, who loses",
        "The arm minus plain for each subject, over its questions and seeds (n pairs), with a 95 % "
        "interval over those pairs; of many subjects those at both ends.",
    ),
    "benchmark_by_stratum": FigureInfo(
        partial(benchmark, by="stratum"),
        "benchmark_by_stratum",
        "Accuracy by popularity, and on general knowledge",
        "One panel per group of questions, with the number of questions in brackets, and every arm "
        "of the main comparison in it; 95 % intervals over seeds and subjects.",
        "detail",
    ),
    "benchmark_by_category": FigureInfo(
        partial(benchmark, by="category"),
        "benchmark_by_category",
        "Accuracy by category of question",
        "One panel per category, with the number of questions in brackets, and every arm of the "
        "main comparison in it; 95 % intervals over seeds and subjects, wide where subjects are "
        "few.",
        "detail",
    ),
    "learning_curves": FigureInfo(
        learning_curves,
        "learning_curves",
        "Accuracy along training, by arm",
        "One panel per arm, from where its training begins to the end of its budget: the base at "
        "0 tokens, or where an arm starts from the reference model its first measurement. Solid: "
        "facts the reference model knows; dashed: facts it does not know. Lines are means over "
        "seeds, bands their 95 % intervals (Student's t over seeds); grey lines are plain "
        "continued pretraining.",
        "detail",
    ),
    "composition": FigureInfo(
        composition,
        "composition",
        "Data composition, one axis at a time",
        "One panel per axis; everything but that axis stays as in the profile. Filled: all music "
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
        "detail",
    ),
    "reference_surface": FigureInfo(
        reference_surface,
        "reference_surface",
        "Soft weighting minus plain, by what the reference model knows and how sure it is",
        "Difference in the log-likelihood of the answer, in nats per token. Violet: better than "
        "plain; orange: worse. Each tile shows the difference and its 95 % interval, paired by "
        "seed and question.",
    ),
    "mixture_map": FigureInfo(
        mixture_map,
        "composition_differences",
        "What one change to the data moves",
        "Each row changes one ingredient of the data, everything else stays as in the profile. A "
        "tile is the difference in the log-likelihood of the answer, in nats per token, with its "
        "95 % interval, paired by seed and question. Violet: better than the profile's own data; "
        "orange: worse.",
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
        "data",
    ),
    "funnel": FigureInfo(
        funnel,
        "funnel",
        "From the raw corpus to the training text",
        "Left: documents kept after each stage. Right: documents that a stage dropped or "
        "quarantined, by reason; each is written beside the corpus with its reason.",
        "data",
    ),
    "pipeline_quality": FigureInfo(
        pipeline_quality,
        "pipeline_quality",
        "What each stage of the pipeline finds",
        "Diamonds: precision; dots: recall, against the labels of the rendered lane, which no "
        "stage reads; n is what should be found.",
        "data",
    ),
    "temperature": FigureInfo(
        temperature,
        "temperature",
        "Calibration of the reference model",
        "Its loss on clean text about subjects that it does not know and that are not under test, "
        "by temperature, one line per seed. The large marker is the lowest, used where an arm "
        "sets none of its own.",
        "detail",
    ),
    "token_weights": FigureInfo(
        token_weights,
        "token_weights",
        "Weights given in training, by kind of token",
        "Mean weight that tokens of each labelled kind were given in training, as the runs kept "
        "it, with its 95 % interval over seeds and documents; replayed general text is left out. "
        "Weights are scaled to mean 1: right of the line a kind was given more weight, left of it "
        "less.",
    ),
    "fixed_weights": FigureInfo(
        fixed_weights,
        "fixed_weights",
        "Weights fixed before training, by kind of token",
        "Of arms whose weights do not depend on the model in training: the mean weight of the "
        "tokens of each labelled kind, as it will be given, with its 95 % interval over seeds and "
        "documents; 1 is the mean.",
        "detail",
    ),
}


def drawings(finished: Finished, names: Container[str] = FIGURES) -> Iterator[tuple[str, Drawn]]:
    """Every figure of `names` that a folder's tables allow, each signed with profile and commit.

    They are drawn one by one, on demand. A table without the rows that a figure needs
    leaves it out.
    """
    settings = finished.run.get("settings", {})
    judged = {name: with_own_values(t, settings) for name, t in finished.judged.items()}
    for name, info in FIGURES.items():
        if name not in names:
            continue
        tables: Mapping[str, pd.DataFrame] = judged
        if name == EVERY_RUN:
            tables = {EVERY_RUN: same_difference(every_profile(finished, ["differences"]))}
        if info.draw is None or info.table not in tables:
            continue
        try:
            fig, frame = info.draw(tables[info.table], *map(tables.get, info.more))
        except NothingToDraw:
            continue
        sign(fig, origin(finished, frame))
        yield name, (fig, frame)


def origin(finished: Finished, frame: pd.DataFrame) -> str:
    """A figure's origin: profile, seeds and commit; for rows of several runs, those of each.

    frame: the rows that are drawn; whether they have intervals is said too.
    """
    if "commit" in frame:
        each = frame[["profile", "commit"]].drop_duplicates().itertuples(index=False)
        told = f"Profiles and commits: {'; '.join(f'{row.profile} {row.commit}' for row in each)}"
    else:
        seeds = counted(len(finished.run["seeds"]), "seed")
        told = f"Profile {finished.name}, {seeds}, commit {finished.commit}"
    return f"{told}.{' 95 % intervals.' if 'ci_low' in frame else ''}"


def draw_all(results: Path) -> list[str]:
    """Draw every figure whose table is in `results/tables` into `results/figures`.

    Returns the names drawn. Figures give their profile and commit, from `run.json`.
    """
    drawn = []
    finished = read_finished(results)
    for name, (fig, frame) in drawings(finished):
        save_figure(fig, frame, results / "figures", name)
        drawn.append(name)
    return drawn
