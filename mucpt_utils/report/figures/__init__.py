"""The study's figures: one style, drawn from tidy tables, saved with the numbers they show.

Each function takes rows of a table and returns `(figure, frame)`, the frame being exactly what is
shown; `save_figure` writes both. `FIGURES` lists those of a results folder with their captions.
"""

from mucpt_utils.report.figures.benchmarks import (
    benchmark,
    bits_per_byte,
    forgetting,
    model_scores,
)
from mucpt_utils.report.figures.comparison import (
    difference_to_plain,
    every_run,
    main_comparison,
    pooled_forest,
)
from mucpt_utils.report.figures.criteria import roc, selection_kinds
from mucpt_utils.report.figures.curves import learning_curves, tokens_and_compute
from mucpt_utils.report.figures.data_composition import (
    composition,
    mixture_map,
    reference_surface,
)
from mucpt_utils.report.figures.doses import axes_of_doses, dose_gain, dose_response
from mucpt_utils.report.figures.explorer import tidy
from mucpt_utils.report.figures.panels import narrow
from mucpt_utils.report.figures.pipeline import funnel, pipeline_quality, reliability
from mucpt_utils.report.figures.registry import FIGURES, FigureInfo, draw_all, drawings
from mucpt_utils.report.figures.scores import fixed_weights, temperature, token_weights
from mucpt_utils.report.figures.style import (
    ARM_STYLES,
    METRIC_TITLES,
    STRATUM_TITLES,
    ArmStyle,
    Drawn,
    NothingToDraw,
    arm_style,
    arm_title,
    drawn_title,
    few_colours,
    save_figure,
    screen_png,
    styled,
    title_of,
)
from mucpt_utils.report.figures.subjects import effect_by_subject

__all__ = [
    "ARM_STYLES",
    "FIGURES",
    "METRIC_TITLES",
    "STRATUM_TITLES",
    "ArmStyle",
    "Drawn",
    "FigureInfo",
    "NothingToDraw",
    "arm_style",
    "arm_title",
    "benchmark",
    "bits_per_byte",
    "composition",
    "difference_to_plain",
    "pooled_forest",
    "axes_of_doses",
    "dose_gain",
    "dose_response",
    "draw_all",
    "drawings",
    "drawn_title",
    "effect_by_subject",
    "every_run",
    "few_colours",
    "fixed_weights",
    "forgetting",
    "funnel",
    "learning_curves",
    "main_comparison",
    "mixture_map",
    "model_scores",
    "narrow",
    "pipeline_quality",
    "reference_surface",
    "reliability",
    "roc",
    "save_figure",
    "screen_png",
    "selection_kinds",
    "styled",
    "temperature",
    "tidy",
    "title_of",
    "token_weights",
    "tokens_and_compute",
]
