"""Stages of scores: what a model says about every token of a corpus, computed once and kept.

The function makes one stage: `make(folder, inputs, report, **settings)`, see `stages.Stage`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mucpt_utils.io import write_json
from mucpt_utils.scoring import losses, models, tokens

if TYPE_CHECKING:  # the code that runs stages is not part of what makes one
    from mucpt_utils.study.stages import Report

MEASURES: dict[str, Callable] = {
    "loss": losses.token_losses,
    "entropy": losses.token_entropies,
}


def score_tokens(
    folder: Path,
    inputs: Mapping[str, Path],
    report: "Report",
    *,
    temperature: float,
    context: int,
    measure: Literal["loss", "entropy"] = "loss",
) -> None:
    """Loss of every token, or entropy at its position, with logits divided by `temperature`.

    Leaves `losses.npy`, float16 nats aligned with the tokens, and `temperature.json`. Every model
    is read in float32: a loaded base may be kept in bfloat16, which rounds its losses by more than
    a ratio bears, and the reference model that was trained from it is in float32.
    """
    scores = losses.score(
        models.load(inputs["model"] / "model", "float32"),
        tokens.TokenStore.load(inputs["tokens"]),
        context,
        temperature,
        report,
        MEASURES[measure],
    )
    losses.save(folder, scores)
    write_json(folder / "temperature.json", {"temperature": temperature})
