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
from mucpt_utils.report.figures.comparison import difference_to_plain, main_comparison
from mucpt_utils.report.figures.curves import learning_curves
from mucpt_utils.report.figures.data_composition import composition, reference_surface
from mucpt_utils.report.figures.explorer import tidy
from mucpt_utils.report.figures.pipeline import funnel, pipeline_quality, reliability
from mucpt_utils.report.figures.registry import FIGURES, FigureInfo, draw_all
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
    few_colours,
    save_figure,
    screen_png,
    styled,
)

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
    "draw_all",
    "few_colours",
    "fixed_weights",
    "forgetting",
    "funnel",
    "learning_curves",
    "main_comparison",
    "model_scores",
    "pipeline_quality",
    "reference_surface",
    "reliability",
    "save_figure",
    "screen_png",
    "styled",
    "temperature",
    "tidy",
    "token_weights",
]
