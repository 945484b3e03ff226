"""Verification: a planted change fails, other machines get tolerances, nothing passes unread."""

import json

import pytest
from results_made_up import all_tables

from mucpt_utils import paths
from mucpt_utils.report import page, table_files, verify
from mucpt_utils.study import stages
from mucpt_utils.teaching import runner


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Committed results of `laptop` and a run just like them."""
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path / "committed"))
    frames = all_tables()
    frames["funnel"]["tokens"] = frames["funnel"]["tokens"].astype(int)
    folders = paths.results("laptop"), tmp_path / "fresh"
    for folder in folders:
        for name, frame in frames.items():
            table_files.write_table(frame, folder / "tables", name, ("csv",))
        run = {"machine": page.machine(), "versions": stages.versions()}
        (folder / "run.json").write_text(json.dumps(run))
    return folders


def change(folder, name, column, row, by):
    frame = table_files.read_table(folder / "tables", name)
    frame.loc[row, column] += by
    table_files.write_table(frame, folder / "tables", name, ("csv",))


def elsewhere(committed):
    """Make the committed results those of another machine."""
    run = json.loads((committed / "run.json").read_text())
    run["machine"]["cpu"] = "another processor"
    (committed / "run.json").write_text(json.dumps(run))


def told(results, capsys, code):
    assert verify.main(["laptop", "--against", str(results[1])]) == code
    return capsys.readouterr().out


def test_equal_runs_pass(results, capsys):
    out = told(results, capsys, 0)
    assert "FAIL" not in out and "0 do not agree" in out
    assert out.count("pass") == len(list((results[0] / "tables").glob("*.csv"))) + 1
    assert out.startswith("machine and versions of run.json: tables must be the same byte for byte")


@pytest.mark.parametrize("name", ["main_comparison", "funnel", "runs"])
def test_one_planted_number_fails(results, capsys, name):
    column = {"main_comparison": "mean", "funnel": "documents", "runs": "value"}[name]
    change(results[0], name, column, 1, 0.001 if column != "documents" else 1)
    out = told(results, capsys, 1)
    assert f"FAIL  {name}: 1 cells differ; row 3, {column}" in out
    assert "1 do not agree" in out


def test_another_machine_gets_a_tolerance_and_no_more(results, capsys):
    elsewhere(results[0])
    change(results[0], "main_comparison", "mean", 0, 0.01)
    out = told(results, capsys, 0)
    assert "pass  main_comparison: within tolerance" in out and out.startswith("another machine")
    change(results[0], "main_comparison", "mean", 0, 0.5)
    assert "FAIL  main_comparison: row 2, mean" in told(results, capsys, 1)


@pytest.mark.parametrize(
    ("name", "column", "by"),
    [("runs", "value", 0.25), ("main_comparison", "ci_high", 0.25)],
)
def test_one_run_and_the_end_of_an_interval_may_differ_by_twice_as_much(
    results, capsys, name, column, by
):
    elsewhere(results[0])
    frame = table_files.read_table(results[0] / "tables", name)
    row = int((frame["metric"] == "accuracy").to_numpy().argmax())
    change(results[0], name, column, row, by)
    assert f"pass  {name}" in told(results, capsys, 0)
    change(results[0], name, column, row, 0.1)
    assert f"FAIL  {name}: row {row + 2}, {column}" in told(results, capsys, 1)


def test_what_was_trained_on_must_be_the_same_on_every_machine(results, capsys):
    elsewhere(results[0])
    change(results[0], "learning_curves", "tokens", 0, 1)
    assert "FAIL  learning_curves: row 2, tokens" in told(results, capsys, 1)


def test_the_corpus_must_be_the_same_on_every_machine(results, capsys):
    elsewhere(results[0])
    change(results[0], "funnel", "documents", 0, 1)
    assert "FAIL  funnel" in told(results, capsys, 1)


def test_a_missing_table_and_missing_rows_fail(results, capsys):
    (results[1] / "tables" / "runs.csv").unlink()
    answers = table_files.read_table(results[1] / "tables", "answers")
    table_files.write_table(answers.iloc[:-1], results[1] / "tables", "answers", ("csv",))
    out = told(results, capsys, 1)
    assert "FAIL  runs: missing in the new run" in out
    assert "FAIL  answers" in out and "2 do not agree" in out


@pytest.mark.parametrize("suffix", table_files.FORMATS[1:])
def test_another_format_that_says_something_else_fails(results, capsys, suffix):
    frame = table_files.read_table(results[0] / "tables", "main_comparison")
    table_files.write_table(frame, results[0] / "tables", "main_comparison", (suffix,))
    assert "FAIL" not in told(results, capsys, 0)
    frame.loc[1, "mean"] += 0.01
    table_files.write_table(frame, results[0] / "tables", "main_comparison", (suffix,))
    said = f"FAIL  main_comparison: main_comparison.{suffix} says something else"
    assert said in told(results, capsys, 1)


def test_every_table_is_checked_once_in_whatever_formats(results, capsys):
    for folder in results:
        for name, frame in all_tables().items():
            table_files.write_table(frame, folder / "tables", name)
        table_files.describe(folder / "tables")
    lines = told(results, capsys, 0).splitlines()
    names = [line.split()[1].rstrip(":") for line in lines if line.startswith("pass  ")]
    names.remove("(settings")
    assert sorted(names) == sorted({*all_tables(), "dictionary"})


def test_answers_elsewhere_are_compared_by_grade(results, capsys):
    elsewhere(results[0])
    path = results[0] / "tables" / "answers.csv"
    path.write_text(path.read_text().replace(",correct", ",incorrect"))
    assert "of the grades are the same" in told(results, capsys, 1)


def test_other_settings_are_named(results, capsys):
    for folder, replay in zip(results, (0.2, 0.3), strict=True):
        run = json.loads((folder / "run.json").read_text())
        run["settings"] = {"name": "laptop", "replay": replay}
        (folder / "run.json").write_text(json.dumps(run))
    assert "FAIL  (settings in run.json): other values of replay" in told(results, capsys, 1)


def test_nothing_to_compare_with_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path))
    assert runner.main(["verify", "laptop"]) == 2
    assert "verify: nothing to compare with" in capsys.readouterr().err
