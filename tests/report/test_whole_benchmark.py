"""Trained arms on the whole benchmark: what is asked, how answers are told apart, the tables."""

import json
import shutil

import pandas as pd
import pytest

from mucpt_utils import paths
from mucpt_utils.io import read_jsonl, write_json
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.report import whole_benchmark as whole
from mucpt_utils.report.table_files import csv_text
from mucpt_utils.study import whole_benchmark as stage


@pytest.fixture(scope="module")
def questions():
    return load_questions("test")[:40]


def answered(questions, right, arm, likelihood=-2.0):
    """Rows of answers.csv: the first `right` questions are answered as the key says."""
    return [
        {
            "arm": arm,
            "seed": 0,
            "question_id": question["id"],
            "corpus": (whole.COVERED, whole.UNCOVERED, whole.ELSEWHERE)[number % 3],
            "response": question["answer"] if number < right else "I don't know.",
            "log_likelihood": likelihood,
        }
        for number, question in enumerate(questions)
    ]


@pytest.fixture
def folder(tmp_path, questions):
    rows = [
        *answered(questions, 10, "base"),
        *answered(questions, 20, "plain", -1.5),
        *answered(questions, 40, "rho1", -1.0),
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "answers.csv", index=False)
    write_json(tmp_path / "run.json", {"profile": "real"})
    return tmp_path


def test_the_tables_are_by_part_and_by_what_the_corpus_tells(folder, questions):
    whole.write_tables(folder)
    scores = pd.read_csv(folder / "scores.csv").set_index(["arm", "stratum", "metric"])
    assert scores.loc["base", "all", "accuracy"]["mean"] == 0.25
    assert scores.loc["plain", "all", "accuracy"]["mean"] == 0.5
    assert scores.loc["rho1", "elsewhere", "accuracy"]["mean"] == 1
    assert scores.loc["rho1", "all", "log_likelihood"]["mean"] == -1
    assert scores.loc["base", "all", "accuracy"]["n"] == len(questions)
    strata = {name for _, name, _ in scores.index}
    assert strata >= {"all", "covered", "uncovered", "elsewhere", questions[0]["part"]}
    assert scores.loc["base", "covered", "accuracy"]["n"] == 14
    low, high = scores.loc["base", "all", "accuracy"][["ci_low", "ci_high"]]
    assert 0 < low < 0.25 < high < 1
    minus = pd.read_csv(folder / "differences.csv").set_index(
        ["arm", "minus", "stratum", "metric"]
    )["difference"]
    assert minus["rho1", "plain", "all", "accuracy"] == pytest.approx(0.5)
    assert minus["plain", "base", "all", "log_likelihood"] == pytest.approx(0.5)
    assert ("plain", "plain", "all", "accuracy") not in minus.index
    graded_with = json.loads((folder / "run.json").read_text())["graded_with"]
    assert set(graded_with) == {"grader", "questions"}


def test_the_committed_tables_are_what_the_committed_answers_give_by_the_grader_of_today(tmp_path):
    committed = paths.committed("real") / whole.FOLDER
    for name in ("answers.csv", "run.json"):
        shutil.copy(committed / name, tmp_path)
    for path in whole.write_tables(tmp_path):
        assert path.read_bytes() == (committed / path.name).read_bytes(), path.name


def test_answers_to_other_questions_are_refused(folder, capsys, tmp_path):
    answers = pd.read_csv(folder / "answers.csv")
    answers.assign(question_id="q:nobody").to_csv(folder / "answers.csv", index=False)
    with pytest.raises(whole.FileError, match="1 questions that the benchmark does not have"):
        whole.write_tables(folder)
    with pytest.raises(whole.FileError, match="holds no answers.csv"):
        whole.write_tables(tmp_path / "nothing")
    assert whole.main(["smoke", "--tables"]) == 2
    assert "holds no answers.csv" in capsys.readouterr().err


def test_answers_to_questions_in_earlier_words_are_refused(folder, monkeypatch):
    """What was asked is noted with the answers; committed ones from before that are taken."""
    today = load_questions("test")
    write_json(folder / "run.json", {whole.ASKED: whole.asked_digest(today)})
    whole.write_tables(folder)
    reworded = [{**today[0], "question": "In other words?"}, *today[1:]]
    monkeypatch.setattr(whole, "load_questions", lambda name: reworded)
    with pytest.raises(whole.FileError, match="in earlier words; ask again"):
        whole.write_tables(folder)


def test_a_response_with_a_carriage_return_is_one_row(folder):
    path = folder / "answers.csv"
    answers = whole.read_answers(path)
    answers.loc[3, "response"] = 'one\rtwo, "three"'
    path.write_text(csv_text(answers), newline="")
    assert "\r\n" not in path.read_bytes().decode()
    pd.testing.assert_frame_equal(whole.read_answers(path), answers)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "answers.csv: No columns"),
        ("arm,seed\nbase,0\n", "no column question_id"),
        ("log_likelihood\nlow\n", "answers.csv: could not convert"),
    ],
)
def test_a_damaged_table_of_answers_is_one_line(folder, text, message):
    (folder / "answers.csv").write_text(text)
    with pytest.raises(whole.FileError, match=message) as caught:
        whole.write_tables(folder)
    assert "\n" not in str(caught.value)


def test_what_was_not_trained_and_unknown_arms_are_told_in_a_line(capsys):
    assert whole.main(["smoke", "--set", "seeds=[77]"]) == 2
    error = capsys.readouterr().err
    assert "runs were not trained" in error and "./run_all.sh smoke" in error
    assert error.count("\n") == 1
    assert whole.main(["smoke", "--only", "plane"]) == 2
    assert "did you mean 'plain'?" in capsys.readouterr().err


def test_the_stage_asks_what_is_missing_with_examples(study, tmp_path, monkeypatch, questions):
    run, tokenizer = study.run("base", 0), study.tokenizer()
    prompts, respond = [], stage.respond

    def counted(model, tokenizer, some, new_tokens, examples):
        prompts.extend(some)
        assert len(examples) == 1 and examples[0]["id"] not in {q["id"] for q in some}
        return respond(model, tokenizer, some, 4, examples)

    monkeypatch.setattr(stage, "respond", counted)
    monkeypatch.setattr(stage, "AT_A_TIME", 8)
    few = {"test": questions[:20], "dev": load_questions("dev")}
    monkeypatch.setattr(stage, "load_questions", few.__getitem__)
    inputs = {"run": run.folder, "tokenizer": tokenizer.folder}
    told = []
    stage.ask_everything(tmp_path, inputs, told.append, shots=1, precision="float32")
    rows = read_jsonl(tmp_path / stage.RESPONSES)
    assert [row["question_id"] for row in rows] == [q["id"] for q in questions[:20]]
    assert sum(told) == 20 and len(prompts) == 20
    # broken off after the second part: the rest alone is asked
    lines = (tmp_path / stage.RESPONSES).read_text().splitlines(keepends=True)
    (tmp_path / stage.RESPONSES).write_text("".join(lines[:16]))
    prompts.clear()
    stage.ask_everything(tmp_path, inputs, told.append, shots=1, precision="float32")
    assert len(prompts) == 4 and read_jsonl(tmp_path / stage.RESPONSES) == rows
