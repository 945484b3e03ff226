"""The stage that puts the whole of MusicSimpleQA to a trained arm, as the tool asks any model.

The function makes one stage: `make(folder, inputs, report, **settings)`, see `stages.Stage`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mucpt_utils.io import read_jsonl, write_jsonl
from mucpt_utils.musicsimpleqa.asking.ask import MAX_NEW_TOKENS, few_shot
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.scoring import models
from mucpt_utils.study.evaluation import respond
from mucpt_utils.training.precision import reading

if TYPE_CHECKING:  # what runs stages is not digested with this one's code
    from mucpt_utils.study.stages import Report

RESPONSES = "responses.jsonl"
AT_A_TIME = 256  # questions between two writes: what is on disk is not asked again


def ask_everything(
    folder: Path, inputs: Mapping[str, Path], report: "Report", *, shots: int, precision: str
) -> None:
    """`responses.jsonl`: a run's answer to every test question, in the rows of `respond`.

    shots: questions of the development split that are shown with their answers before each one.
    precision: that of the training settings, so that the model is loaded as it was trained.
    """
    questions, examples = load_questions("test"), few_shot(load_questions("dev"), shots)
    path = folder / RESPONSES
    rows = read_jsonl(path) if path.exists() else []  # of an interrupted run
    report(len(rows))
    model = models.load(inputs["run"] / "model", "float32")
    tokenizer = models.load_tokenizer(inputs["tokenizer"])
    with reading(model, precision):
        for start in range(len(rows), len(questions), AT_A_TIME):
            some = questions[start : start + AT_A_TIME]
            rows += respond(model, tokenizer, some, MAX_NEW_TOKENS, examples)
            write_jsonl(path, rows)
            report(len(some))
