"""The stage of examples: questions shown with their answers before each one asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mucpt_utils.io import write_jsonl
from mucpt_utils.musicsimpleqa.asking.ask import few_shot
from mucpt_utils.study.text import questions_of, read_world

if TYPE_CHECKING:  # the code that runs stages is not part of what makes one
    from mucpt_utils.study.stages import Report


def choose_examples(
    folder: Path, inputs: Mapping[str, Path], report: "Report", *, shots: int
) -> None:
    """Examples of both sets of questions: `questions.jsonl`, `general.jsonl`.

    They are about practice subjects, and general ones outside the twin: none is under test.
    Raises AskingError if there are fewer questions than shots.
    """
    world = read_world(inputs["world"])
    general = [fact for fact in world.general if fact.subject not in world.general_asked]
    for name, facts in (("questions", world.practice), ("general", general)):
        write_jsonl(folder / f"{name}.jsonl", few_shot(questions_of(facts), shots))
