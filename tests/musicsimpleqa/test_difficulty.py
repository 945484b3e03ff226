"""Difficulty: what guessers get without knowing anything, and how many models are right."""

import csv
import json

import pytest

from mucpt_utils.errors import MuCPTError
from mucpt_utils.musicsimpleqa import scores
from mucpt_utils.musicsimpleqa.difficulty import (
    DIFFICULTY,
    DifficultyError,
    beats_chance,
    difficulties,
    guesses,
    measured_difficulty,
    most_frequent,
    nearest_title,
    record_difficulty,
    summary_lines,
)
from mucpt_utils.musicsimpleqa.grading import CORRECT, grade
from mucpt_utils.musicsimpleqa.making import build
from mucpt_utils.musicsimpleqa.making.strata import STRATA, Counts
from mucpt_utils.musicsimpleqa.questions import load_questions


def question(number, answer, subject="", relation="artist.city", part="core"):
    subject = subject or f"band number {number}"
    return {
        "id": f"q:{number}",
        "question": f"In which city was {subject} formed?",
        "answer": answer,
        "aliases": [],
        "answer_type": "place",
        "relation": relation,
        "subject": subject,
        "part": part,
    }


CITIES = [question(i, "London") for i in range(12)]
CITIES += [question(i, name) for i, name in enumerate(("Oslo", "Rome", "Bonn", "Lyon"), start=12)]


def test_the_frequent_guesser_sees_other_questions_only():
    assert most_frequent(CITIES[12], CITIES[:12]) == "London"
    assert most_frequent(CITIES[0], []) == ""
    lonely = [question(1, "Oslo"), question(2, "Rome")]
    assert guesses(lonely, most_frequent) == {"q:1": "Rome", "q:2": "Oslo"}


def test_questions_about_the_same_subject_do_not_help():
    pair = [question(1, "Oslo", "A"), {**question(2, "Oslo", "A"), "id": "q:other"}]
    assert set(guesses(pair, most_frequent).values()) == {""}


def test_the_nearest_guesser_takes_the_rarest_shared_word():
    others = [
        question(1, "Oslo", "the band of Trondheim"),
        question(2, "Rome", "the band of Lazio"),
    ]
    asked = question(3, "Rome", "the choir of Lazio")
    assert nearest_title(asked, others) == "Rome"
    assert nearest_title(question(4, "x", "Zorn"), others) == ""


def test_a_guesser_that_is_no_better_than_chance_marks_nothing():
    right = {q["id"]: q["answer"] == "London" for q in CITIES}
    assert beats_chance(right, CITIES) == {"artist.city"}
    spread = [question(i, f"City {chr(65 + i)}") for i in range(16)]
    assert beats_chance({q["id"]: q["id"] == "q:3" for q in spread}, spread) == set()


def test_a_row_counts_models_and_guessers():
    answers = [{"q:0": True, "q:12": False}, {"q:0": False, "q:12": False}, {"q:0": True}]
    rows = {row.id: row for row in difficulties(CITIES, answers)}
    assert (rows["q:0"].models, rows["q:0"].right, rows["q:0"].share) == (3, 2, "0.667")
    assert (rows["q:12"].models, rows["q:12"].right, rows["q:12"].share) == (2, 0, "0.000")
    assert rows["q:1"].share == "" and rows["q:1"].frequent == rows["q:1"].guessed == 1
    assert rows["q:12"].guessed == 0


def test_answers_are_graded_anew_and_a_folder_is_its_answers(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    rows = [{"id": "q:0", "response": "It is London.", "grade": "incorrect"}]
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = measured_difficulty(CITIES, [folder])
    lines = ["core: 16 questions, models 1.000, frequent 0.750, nearest 0.750, 12 marked"]
    assert summary_lines(found) == lines
    assert (found[0].id, found[0].right, found[1].models) == ("q:0", 1, 0)
    # an answer to earlier words of a question is none to it
    rows.append({"id": "q:1", "question": "In which town?", "response": "London"})
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert measured_difficulty(CITIES, [folder]) == found


# --- what is recorded -----------------------------------------------------------------------------


def answered(path, questions, **change):
    rows = [{"id": q["id"], "question": q["question"], "response": "Oslo"} for q in questions]
    path.write_text("".join(json.dumps(row | change) + "\n" for row in rows))
    return path


@pytest.fixture
def committed():
    """A function that tells whether what is committed is as it was."""
    files = [DIFFICULTY, STRATA, build.CARD / "README.md"]
    before = [path.read_bytes() for path in files]
    return lambda: [path.read_bytes() for path in files] == before


def test_a_measurement_of_a_few_answers_is_printed_and_changes_no_file(tmp_path, committed, capsys):
    path = answered(tmp_path / "answers.jsonl", load_questions("test")[:40])
    assert build.main(["difficulty", str(path)]) == 0
    assert "core: 500 questions" in (told := capsys.readouterr().out) and "nothing written" in told
    assert build.main(["difficulty", str(path), "--write"]) == 2
    error = capsys.readouterr().err
    assert "2891 of 2931 test questions are not answered" in error and error.count("\n") == 1
    assert committed()


def test_what_is_recorded_is_named(monkeypatch, tmp_path, committed, capsys):
    path = answered(tmp_path / "answers.jsonl", CITIES)
    recorded = []
    monkeypatch.setattr(build, "load_splits", lambda: {"test": CITIES})
    monkeypatch.setattr(build, "write_counts", lambda splits: recorded.append(splits) or "CARD")
    target = tmp_path / "difficulty.csv"
    monkeypatch.setattr(build, "DIFFICULTY", target)
    assert build.main(["difficulty", str(path), "--write"]) == 0
    assert f"written: {target}, CARD" in capsys.readouterr().out
    assert len(recorded) == 1 and committed()
    rows = list(csv.DictReader(target.open()))
    assert [(row["id"], row["models"]) for row in rows] == [(q["id"], "1") for q in CITIES]


@pytest.mark.parametrize(
    ("asked", "change", "problem"),
    [
        (CITIES[1:], {}, "1 of 16 test questions are not answered, such as 'q:0'"),
        ([*CITIES, CITIES[3]], {}, "'q:3' is answered twice"),
        (CITIES, {"question": "Where?"}, "16 of 16 test questions are asked in other words"),
    ],
)
def test_only_whole_evaluations_are_recorded(tmp_path, asked, change, problem):
    whole = answered(tmp_path / "whole.jsonl", CITIES)
    path, target = answered(tmp_path / "part.jsonl", asked, **change), tmp_path / "difficulty.csv"
    with pytest.raises(MuCPTError, match=problem):
        record_difficulty(CITIES, [whole, path], target)
    assert not target.exists()


def test_one_model_does_not_count_twice(tmp_path):
    path = answered(tmp_path / "answers.jsonl", CITIES)
    with pytest.raises(DifficultyError, match="named twice"):
        measured_difficulty(CITIES, [path, tmp_path])


@pytest.mark.parametrize("command", ["build", "check", "wording"])
def test_what_writes_anyway_or_never_takes_no_write(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        build.main([command, "--write", *["answers.jsonl"] * (command == "wording")])
    assert stopped.value.code == 2 and "--write is for `strata`" in capsys.readouterr().err


def test_strata_are_written_only_when_asked(monkeypatch, committed, capsys):
    monkeypatch.setattr(build, "read_counts", lambda folder: Counts({}, {}))
    monkeypatch.setattr(build, "record_strata", lambda facts, folder: [])
    assert build.main(["strata"]) == 0 and committed()
    assert "nothing written" in capsys.readouterr().out
    assert build.main(["strata", "--write"]) == 0
    assert f"written: {STRATA}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "no answers at"),
        ('{"id": "q:elsewhere", "response": "x"}\n', "none of its answers is about a question"),
        ('{"id": "q:1"}\n', "no response"),
    ],
)
def test_answers_that_are_none_end_in_one_line(content, problem, tmp_path, capsys):
    path = tmp_path / "answers.jsonl"
    if content:
        path.write_text(content)
    assert build.main(["difficulty", str(path)]) == 2
    assert problem in capsys.readouterr().err


def test_the_committed_table_has_every_test_question_in_its_order():
    with DIFFICULTY.open(encoding="utf-8", newline="") as stream:
        ids = [row["id"] for row in csv.DictReader(stream)]
    assert ids == [question["id"] for question in load_questions("test")]


def test_the_committed_difficulty_is_what_the_committed_responses_give_by_the_grader_of_today():
    questions = load_questions("test")
    models = [
        {q["id"]: grade(q, said[q["id"]]).grade == CORRECT for q in questions}
        for entry, said in scores.entries()
        if entry["model"] not in scores.GUESSER_NAMES.values()
    ]
    with DIFFICULTY.open(encoding="utf-8", newline="") as file:
        committed = list(csv.DictReader(file))
    made = [
        {k: str(v) for k, v in row._asdict().items()} for row in difficulties(questions, models)
    ]
    assert committed == made


@pytest.mark.parametrize("command", build.MEASURED)
def test_nothing_is_measured_without_answers(command, capsys):
    before = DIFFICULTY.read_bytes()
    with pytest.raises(SystemExit) as stopped:
        build.main([command])
    assert stopped.value.code == 2 and "answers of at least one model" in capsys.readouterr().err
    assert DIFFICULTY.read_bytes() == before
