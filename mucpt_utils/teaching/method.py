"""The method as code: the study's own functions that notebooks show beside their formulas.

What is shown is what runs. Every such function fits on one screen, which a test checks.
"""

import inspect
import textwrap
from collections.abc import Callable

from IPython.display import Code

PACKAGE = "mucpt_utils."
LONGEST = 34  # lines, docstring included
# by notebook, in its order; given as names, so that no notebook imports modules it does not show
SHOWN = {
    "03": (
        "pipeline.similarity.minhash.minhashes",
        "pipeline.similarity.minhash.candidate_probability",
        "pipeline.duplicates.equal_neighbours",
    ),
    "04": (
        "scoring.losses.token_losses",
        "scoring.losses.calibrate",
        "scoring.loss_ratio.loss_ratio",
        "scoring.loss_ratio.shape",
        "scoring.loss_ratio.normalise",
        "scoring.loss_ratio.token_weights",
        "scoring.scored.Scored.chosen",
        "scoring.scored.Scored.site_ratios",
    ),
    "05": (
        "training.trainer.WeightedTrainer.compute_loss",
        "scoring.scored.Scored.weights",
    ),
    "05b": ("stats.spread_of_mean",),
    "06": ("musicsimpleqa.grading.graded_in_full",),
}


def source(function: Callable) -> Code:
    """A function's source in colour; the last line of a cell.

    Raises ValueError for a function that is not listed in `SHOWN`, or is longer than `LONGEST`.
    """
    name = f"{function.__module__}.{function.__qualname__}".removeprefix(PACKAGE)
    if not any(name in names for names in SHOWN.values()):
        raise ValueError(f"{name} is not among the functions that notebooks show")
    text = textwrap.dedent(inspect.getsource(function))
    if len(text.splitlines()) > LONGEST:
        raise ValueError(f"{name} has more than {LONGEST} lines")
    return Code(text, language="python")
