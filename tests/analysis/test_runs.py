from dataclasses import dataclass
from pathlib import Path

import pytest

from mucpt_utils.analysis.runs import Run, read_run, read_runs
from mucpt_utils.io import FileError, write_json, write_jsonl


@dataclass(frozen=True)
class Files:
    """What `study.jobs` tells of a finished run."""

    arm: str
    seed: int
    axis: str
    level: str
    folder: Path
    answers: Path
    covered: frozenset
    known_before: frozenset = frozenset()


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "run_plain-0123"
    write_json(folder / "text.json", {"bits_per_byte": {"music": 1.5}})
    rows = [{"tokens": tokens, "question_id": "q1"} for tokens in (10, 20, 20)]
    write_jsonl(tmp_path / "answers" / "answers.jsonl", rows)
    answers = tmp_path / "answers" / "answers.jsonl"
    return Files("plain", 3, "replay", "0.5", folder, answers, frozenset({"q1"}))


def test_a_run_is_read_from_where_it_lies(files):
    run = read_run(files)
    assert (run.arm, run.seed, run.axis, run.level) == ("plain", 3, "replay", "0.5")
    assert run.covered == {"q1"} and run.bits_per_byte == {"music": 1.5}
    assert run.artifact == "run_plain-0123" and len(run.answers) == 3
    assert [r.seed for r in read_runs([files, files])] == [3, 3]


def test_final_answers_are_those_of_the_last_point(files):
    run = read_run(files)
    assert run.last_tokens == 20 and len(run.final_answers) == 2
    empty = Run("plain", 0, [])
    assert empty.last_tokens == 0 and empty.final_answers == []


def test_names_tell_mixtures_from_main_runs(files):
    assert read_run(files).name == "replay=0.5/plain/seed3"
    assert Run("plain", 0, []).name == "plain/seed0"


def test_a_damaged_file_is_named(files):
    (files.folder / "text.json").write_text("{")
    with pytest.raises(FileError, match=r"text\.json"):
        read_run(files)
