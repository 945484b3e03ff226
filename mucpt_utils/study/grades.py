"""The stage of grades: what the models said, graded by the benchmark's rules.

The function makes one stage: `make(folder, inputs, report, **settings)`, see `stages.Stage`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mucpt_utils.io import read_jsonl, write_jsonl
from mucpt_utils.musicsimpleqa.grading import grade

if TYPE_CHECKING:  # the code that runs stages is not part of what makes one
    from mucpt_utils.study.stages import Report

ANSWERS = "answers.jsonl"


def grade_responses(folder: Path, inputs: Mapping[str, Path], report: "Report") -> None:
    """`answers.jsonl`: every response of a run with its grade."""
    questions = {
        (name, question["id"]): question
        for name in ("questions", "general")
        for question in read_jsonl(inputs["world"] / f"{name}.jsonl")
    }
    answers = []
    for row in read_jsonl(inputs["run"] / "responses.jsonl"):
        question = questions[row["set"], row["question_id"]]
        answers.append({**row, "grade": grade(question, row["response"]).grade})
    write_jsonl(folder / ANSWERS, answers)
