"""Verification: a planted change fails, another processor passes, nothing passes unread."""

import json
import subprocess

import numpy as np
import pandas as pd
import pytest
from results_made_up import all_tables

from mucpt_utils import paths
from mucpt_utils.analysis.effects import PAPER_ARM
from mucpt_utils.report import movement, table_files, verify
from mucpt_utils.study import provenance, stages
from mucpt_utils.teaching import runner


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Committed results of `laptop`, outside git, and a run just like them."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    frames = all_tables()
    frames["funnel"]["tokens"] = frames["funnel"]["tokens"].astype(int)
    folders = paths.committed("laptop"), tmp_path / "fresh"
    for folder in folders:
        for name, frame in frames.items():
            table_files.write_table(frame, folder / "tables", name, ("csv",))
        run = {"machine": provenance.machine(), "versions": stages.versions(), "commit": "c0ffee"}
        (folder / "run.json").write_text(json.dumps(run))
    return folders


@pytest.fixture
def elsewhere(results):
    """The same; the committed ones come from another machine."""
    run = json.loads((results[0] / "run.json").read_text())
    run["machine"]["cpu"] = "another processor"
    (results[0] / "run.json").write_text(json.dumps(run))
    return results


def change(folder, name, column, value, where=None):
    """Put `value` (or what it makes of the old ones) into a column of a table's rows."""
    frame = table_files.read_table(folder / "tables", name)
    rows = frame.index[:1] if where is None else frame.index[where(frame)]
    assert len(rows), f"{name} has no such row"
    frame.loc[rows, column] = value(frame.loc[rows, column]) if callable(value) else value
    table_files.write_table(frame, folder / "tables", name, ("csv",))
    return frame.loc[rows]


def rows_of(**wanted):
    """A condition for `change`: rows with these values."""
    return lambda frame: np.logical_and.reduce([frame[k] == v for k, v in wanted.items()])


def said(results, capsys, code):
    """What the command prints about the two folders; its exit code is `code`."""
    assert verify.main(["laptop", "--against", str(results[1])]) == code
    return capsys.readouterr().out


# --- the machine of the committed run -------------------------------------------------------------


def test_equal_runs_pass(results, capsys):
    out = said(results, capsys, 0)
    assert "FAIL" not in out and "0 do not agree" in out and "no conclusion changed" in out
    assert out.count("pass") == len(list((results[0] / "tables").glob("*.csv"))) + 1
    assert "tables must be the same byte for byte" in out.splitlines()[1]


@pytest.mark.parametrize(
    ("name", "column"), [("main_comparison", "mean"), ("funnel", "documents"), ("runs", "value")]
)
def test_one_planted_number_fails_on_the_same_machine(results, capsys, name, column):
    change(results[1], name, column, lambda old: old + 1)
    out = said(results, capsys, 1)
    assert f"FAIL  {name}: 1 cells differ; row 2, {column}" in out and "1 do not agree" in out


# --- another machine ------------------------------------------------------------------------------


def test_another_processor_passes_when_nothing_moves_far(elsewhere, capsys):
    """Every number of a trained model is a little another one, in units of its interval."""
    rng = np.random.default_rng(0)
    for name in sorted(all_tables()):
        frame = table_files.read_table(elsewhere[1] / "tables", name)
        if "ci_low" in frame and name != "claims":
            step = rng.normal(0, 0.15, len(frame)) * movement.units(frame)
            step[frame["ci_high"] - frame["ci_low"] < 1e-6] = 0.0  # made up without any spread
            for column in {*movement.ESTIMATES, "ci_low", "ci_high"} & set(frame):
                frame[column] += step
        elif name in ("temperature", "learning_curves"):
            column = "loss" if name == "temperature" else "value"
            frame[column] += rng.normal(0, 0.001, len(frame))
        table_files.write_table(frame, elsewhere[1] / "tables", name, ("csv",))
    out = said(elsewhere, capsys, 0)
    assert "judged by their own intervals" in out.splitlines()[1]
    assert "nine of ten moved by at most 0." in out and "single values" in out


@pytest.mark.parametrize("name", ["differences", "main_comparison", "composition_differences"])
def test_one_estimate_beyond_its_interval_fails_and_is_named(elsewhere, capsys, name):
    frame = table_files.read_table(elsewhere[0] / "tables", name)
    column = "mean" if "mean" in frame else "difference"
    half = movement.units(frame)[0]
    change(elsewhere[1], name, column, lambda old: old + 0.9 * half)
    assert f"pass  {name}" in said(elsewhere, capsys, 0)
    change(elsewhere[1], name, column, lambda old: old + 0.2 * half)
    line = next(x for x in said(elsewhere, capsys, 1).splitlines() if x.startswith("FAIL"))
    assert line.startswith(f"FAIL  {name}: ") and "by 1.10 (" in line
    assert str(frame["stratum"][0]) in line and str(frame["arm"][0]) in line


def test_many_estimates_may_not_move_by_more_than_half_a_unit(elsewhere, capsys):
    frame = table_files.read_table(elsewhere[0] / "tables", "main_comparison")
    step = 0.6 * movement.units(frame)
    for share, code in ((0.05, 0), (0.2, 1)):
        rows = np.arange(len(frame)) < share * len(frame)
        moved = frame.assign(mean=frame["mean"] + step.where(rows, 0.0))
        table_files.write_table(moved, elsewhere[1] / "tables", "main_comparison", ("csv",))
        assert ("FAIL  main_comparison" in said(elsewhere, capsys, code)) == bool(code)


def test_an_estimate_without_an_interval_is_judged_by_the_widest_of_its_measure():
    values = {"mean": [0.2, 0.3, 0.4], "ci_low": [0.1, 0.2, np.nan]}
    one = pd.DataFrame({"metric": "accuracy", **values})
    one["ci_high"] = one["mean"] + 0.1
    one.loc[2, "ci_high"] = np.nan
    for moved, passes in ((0.04, True), (5.0, False)):
        other = one.assign(mean=one["mean"] + [0, 0, moved])
        assert movement.compare_estimates("made up", one, other).passed == passes
    alone = one.assign(ci_low=np.nan, ci_high=np.nan)  # one seed: none has an interval
    assert movement.compare_estimates("made up", alone, alone).passed
    assert not movement.compare_estimates("made up", alone, alone.assign(mean=9.0)).passed


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("name", "column"),
    [
        *(("runs", "value"), ("learning_curves", "value"), ("temperature", "loss")),
        *(("main_comparison", "mean"), ("main_comparison", "ci_low"), ("differences", "ci_high")),
        ("token_weights_over_training", "weight"),
    ],
)
def test_a_number_that_only_one_run_has_fails(elsewhere, capsys, name, column, turned):
    change(elsewhere[not turned], name, column, np.nan)
    line = next(x for x in said(elsewhere, capsys, 1).splitlines() if x.startswith("FAIL"))
    assert line.startswith(f"FAIL  {name}: row 2, {column}: ")
    assert line.endswith(", now –") != turned


def test_intervals_that_are_all_wider_fail(elsewhere, capsys):
    change(elsewhere[1], "main_comparison", "ci_high", lambda old: old + 1, lambda f: f.index >= 0)
    assert "times as wide" in said(elsewhere, capsys, 1)


def test_single_runs_are_judged_by_their_mean_over_seeds(elsewhere, capsys):
    where = {"axis": "main", "arm": "plain", "stratum": "all", "metric": "accuracy"}
    means = table_files.read_table(elsewhere[0] / "tables", "main_comparison")
    where_mean = {name: where[name] for name in ("arm", "stratum", "metric")}
    half = float(movement.units(means)[rows_of(**where_mean)(means)].iloc[0])
    one = rows_of(**where, seed=0)
    change(elsewhere[1], "runs", "value", lambda old: old + 1.8 * half, one)
    assert "pass  runs" in said(elsewhere, capsys, 0), "0.9 units over two seeds"
    change(elsewhere[1], "runs", "value", lambda old: old + 0.4 * half, one)
    assert "FAIL  runs" in said(elsewhere, capsys, 1)


def test_a_point_of_a_curve_alone_does_not_fail_and_a_whole_curve_does(elsewhere, capsys):
    where = {"arm": "plain", "stratum": "all", "metric": "accuracy"}
    change(elsewhere[1], "learning_curves", "value", 1.0, rows_of(**where, seed=0, tokens=100))
    assert "pass  learning_curves" in said(elsewhere, capsys, 0)
    change(elsewhere[1], "learning_curves", "value", 1.0, rows_of(**where))
    assert "FAIL  learning_curves" in said(elsewhere, capsys, 1)


def test_what_follows_from_losses_alone_is_not_judged(elsewhere, capsys):
    """How many tokens a selecting arm read, where a curve meets another one, p-values."""
    change(elsewhere[1], "token_weights", "tokens", lambda old: old * 3)
    change(elsewhere[1], "token_weights_over_training", "n", lambda old: old * 3)
    change(elsewhere[1], "differences", "p_value", 0.9)
    meets = rows_of(metric=movement.NOT_JUDGED, arm="rho1", compared_to="plain", stratum="all")
    change(elsewhere[1], "differences", "difference", 1e6, meets)
    change(elsewhere[1], "differences", "n", 1, meets)
    said(elsewhere, capsys, 0)


@pytest.mark.parametrize(
    ("name", "column"), [("learning_curves", "tokens"), ("runs", "n"), ("differences", "seeds")]
)
def test_what_was_trained_and_asked_must_be_the_same(elsewhere, capsys, name, column):
    change(elsewhere[1], name, column, lambda old: old + 1)
    assert f"FAIL  {name}: row 2, {column}" in said(elsewhere, capsys, 1)


def test_rows_about_something_else_fail(elsewhere, capsys):
    change(elsewhere[1], "main_comparison", "arm", "inverse")
    assert "FAIL  main_comparison: row 2, arm: base, now inverse" in said(elsewhere, capsys, 1)


def test_the_corpus_must_be_the_same_on_every_machine(elsewhere, capsys):
    change(elsewhere[1], "funnel", "documents", lambda old: old + 1)
    assert "FAIL  funnel" in said(elsewhere, capsys, 1)


def test_numbers_without_an_interval_are_judged_by_their_column(elsewhere, capsys):
    change(elsewhere[1], "temperature", "loss", lambda old: old * 1.02)
    assert "pass  temperature" in said(elsewhere, capsys, 0)
    change(elsewhere[1], "temperature", "loss", lambda old: old * 1.1)
    assert "FAIL  temperature: row 2, loss" in said(elsewhere, capsys, 1)


def test_answers_are_compared_by_grade(elsewhere, capsys):
    change(elsewhere[1], "answers", "response", "another word", lambda f: f.index >= 0)
    assert "pass  answers: 100%" in said(elsewhere, capsys, 0)
    change(elsewhere[1], "answers", "grade", "incorrect", rows_of(grade="correct"))
    assert "FAIL  answers" in said(elsewhere, capsys, 1)


# --- conclusions ----------------------------------------------------------------------------------


def test_every_verdict_that_changed_is_named_and_fails(elsewhere, capsys):
    for folder in elsewhere:
        change(folder, "claims", "verdict", "not supported here", lambda f: f.index < 3)
    rows = change(
        elsewhere[1], "claims", "verdict", "supported here", rows_of(verdict="not supported here")
    )
    out = said(elsewhere, capsys, 1)
    assert len(rows) >= 3 and f"{len(rows)} conclusions contradict" in out
    for claim in rows["claim"]:
        assert f"FAIL  {claim!r}: not supported here, now supported here" in out
    assert "FAIL  claims: row 2, verdict" in out


@pytest.mark.parametrize("column", ["claim", "status_in_paper"])
def test_the_words_of_a_claim_are_compared(elsewhere, capsys, column):
    change(elsewhere[1], "claims", column, "something else")
    assert f"FAIL  claims: row 2, {column}" in said(elsewhere, capsys, 1)


def test_the_numbers_in_the_words_of_a_claim_are_not(elsewhere, capsys):
    change(elsewhere[1], "claims", "evidence", "accuracy +0.123")
    change(elsewhere[1], "claims", "our_value", 7.0)
    assert "pass  claims" in said(elsewhere, capsys, 0)


FACTS = {"arm": "selection_soft", "compared_to": "plain", "stratum": "covered"}


@pytest.mark.parametrize(
    ("low", "high", "code", "words"),
    [
        (-0.01, 0.5, 0, "told  differences: selection_soft minus plain, covered, accuracy"),
        (-0.5, -0.01, 1, "FAIL  differences: selection_soft minus plain, covered, accuracy"),
    ],
)
def test_a_zero_gained_is_told_and_an_interval_turned_round_fails(
    elsewhere, capsys, low, high, code, words
):
    accuracy = rows_of(**FACTS, metric="accuracy")
    for folder, ends in zip(elsewhere, ((0.01, 0.5), (low, high)), strict=True):
        for column, value in zip(("difference", "ci_low", "ci_high"), (0.2, *ends), strict=True):
            change(folder, "differences", column, value, accuracy)
    out = said(elsewhere, capsys, code)
    assert words in out and "+0.200 [+0.010, +0.500], now +0.200" in out
    assert ("0 conclusions contradict" in out) == (code == 0)
    assert ("; 1 are more or less certain: " in out) == (code == 0)


def test_conclusions_are_about_facts_in_accuracy_and_log_likelihood(elsewhere, capsys):
    for folder, low in zip(elsewhere, (0.001, -0.001), strict=True):
        for stratum, metric in (("general", "accuracy"), ("music", "bits_per_byte")):
            where = rows_of(arm="selection_soft", compared_to="plain", stratum=stratum)
            both = lambda frame, where=where, m=metric: where(frame) & (frame["metric"] == m)  # noqa: E731
            change(folder, "differences", "ci_low", low, both)
    assert "no conclusion changed" in said(elsewhere, capsys, 0)


def test_the_headline_turned_round_in_the_committed_results_is_noticed(tmp_path):
    """The paper's arm minus plain turned round by hand; such a change once passed unnoticed."""
    tables = paths.committed("laptop") / "tables"
    first = {"differences": table_files.read_table(tables, "differences")}
    second = {"differences": first["differences"].copy()}
    where = {"arm": PAPER_ARM, "compared_to": "plain", "stratum": "all", "metric": "accuracy"}
    row = rows_of(**where)(first["differences"])
    assert row.sum() == 1
    unit = float(movement.units(first["differences"])[row].iloc[0])
    was = float(first["differences"].loc[row, "difference"].iloc[0])
    second["differences"].loc[row, "difference"] = was - max(unit * 1.01, was + 0.03)
    check = movement.compare_closely("differences", first, second)
    assert not check.passed and f"{PAPER_ARM} minus plain, all, accuracy" in check.told


CONTRACT = ("differences", "main_comparison", "composition", "runs", "learning_curves", "claims")


def test_every_committed_profile_agrees_with_itself():
    folders = sorted(path.parent for path in paths.RESULTS.glob("*/tables/differences.csv"))
    assert len(folders) > 2
    for folder in folders:
        names = [name for name in CONTRACT if (folder / f"{name}.csv").exists()]
        tables = {name: table_files.read_table(folder, name) for name in names}
        checks = [movement.compare_closely(name, tables, tables) for name in names]
        assert [check for check in checks if not check.passed] == []
        assert list(movement.changed_conclusions(tables, tables)) == []


# --- what is compared -----------------------------------------------------------------------------


def test_committed_results_are_those_in_git_whatever_lies_in_the_folder(results, capsys):
    """A run may have written over them: a newcomer is never compared with himself."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "results"], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *command], cwd=paths.ROOT, check=True)
    for folder in results:
        change(folder, "main_comparison", "mean", lambda old: old + 1)
        table_files.write_table(all_tables()["claims"], folder / "tables", "new_table", ("csv",))
    out = said(results, capsys, 1)
    assert out.startswith("compared with results/laptop as git has it, made by commit c0ffee")
    assert "FAIL  main_comparison" in out and "FAIL  new_table: missing in the committed" in out
    assert verify.main(["smoke", "--against", str(results[1])]) == 2
    assert "results/smoke is not committed" in capsys.readouterr().err


def test_where_there_is_no_git_it_says_that_the_folder_is_compared(results, capsys):
    assert "as it lies here: this is not a git checkout" in said(results, capsys, 0)


def test_a_missing_table_and_missing_rows_fail(elsewhere, capsys):
    (elsewhere[1] / "tables" / "runs.csv").unlink()
    answers = table_files.read_table(elsewhere[1] / "tables", "answers")
    table_files.write_table(answers.iloc[:-1], elsewhere[1] / "tables", "answers", ("csv",))
    out = said(elsewhere, capsys, 1)
    assert "FAIL  runs: missing in the new run" in out
    assert "FAIL  answers" in out and "2 do not agree" in out


@pytest.mark.parametrize("suffix", table_files.FORMATS[1:])
def test_another_format_that_says_something_else_fails(results, capsys, suffix):
    frame = table_files.read_table(results[0] / "tables", "main_comparison")
    table_files.write_table(frame, results[0] / "tables", "main_comparison", (suffix,))
    assert "FAIL" not in said(results, capsys, 0)
    frame.loc[1, "mean"] += 0.01
    table_files.write_table(frame, results[0] / "tables", "main_comparison", (suffix,))
    line = f"FAIL  main_comparison: main_comparison.{suffix} says something else"
    assert line in said(results, capsys, 1)


def test_every_table_is_checked_once_in_whatever_formats(results, capsys):
    for folder in results:
        for name, frame in all_tables().items():
            table_files.write_table(frame, folder / "tables", name)
        table_files.describe(folder / "tables")
    lines = said(results, capsys, 0).splitlines()
    names = [line.split()[1].rstrip(":") for line in lines if line.startswith("pass  ")]
    names.remove("(settings")
    assert sorted(names) == sorted({*all_tables(), "dictionary"})


def test_other_settings_are_named_but_not_those_of_the_prose_lane(results, capsys):
    for folder, replay in zip(results, (0.2, 0.3), strict=True):
        run = json.loads((folder / "run.json").read_text())
        run["settings"] = {"name": "laptop", "replay": replay, "text": f"folder of {replay}"}
        (folder / "run.json").write_text(json.dumps(run))
    line = "FAIL  (settings in run.json): other values of replay\n"
    assert line in said(results, capsys, 1)


def test_nothing_to_compare_with_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    assert runner.main(["verify", "laptop"]) == 2
    assert capsys.readouterr().err.startswith("verify: nothing to compare")


def test_a_run_that_fails_fails_the_verification(results, monkeypatch, capsys):
    def spy(command, cwd, env):
        assert command[-2:] == ["run", "laptop"] and env[paths.COMMIT_RESULTS] == ""
        assert not env["MUCPT_RESULTS"].startswith(str(paths.RESULTS))
        return subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(verify.checkout, "git", lambda *command: None)
    monkeypatch.setattr(verify.subprocess, "run", spy)
    assert verify.main(["laptop"]) == 1
    assert "the run failed with exit code 7" in capsys.readouterr().err
