"""Plots of one's own: what is chosen is drawn and exported, what cannot be drawn is told."""

import base64
import shutil
import time

import pandas as pd
import pytest
from results_made_up import all_tables

from mucpt_utils import paths
from mucpt_utils.report import figures, table_files
from mucpt_utils.report.figures import NothingToDraw
from mucpt_utils.teaching import explorer
from mucpt_utils.teaching.explorer import Choice

ACCURACY = {"metric": ["accuracy"]}


@pytest.fixture
def explored(tmp_path, monkeypatch):
    """Made-up results of `smoke`, loaded."""
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path))
    monkeypatch.setattr(figures.style, "DPI", 40)
    for name, frame in all_tables().items():
        table_files.write_table(frame, tmp_path / "smoke" / "tables", name)
    return explorer.load("smoke")


def test_a_profile_that_was_not_run_gets_the_committed_tables_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path))
    start = time.perf_counter()
    panel = explorer.panel("smoke")
    assert time.perf_counter() - start < 10
    assert (
        panel.explored.origin
        == "Profile smoke has not been run: this is the committed run, laptop."
    )
    assert len(panel.explored.tables["runs"]) == len(
        table_files.read_table(paths.ROOT / "results" / "laptop" / "tables", "runs")
    )
    assert bytes(panel.picture.value).startswith(b"\x89PNG")


def test_own_tables_come_first(explored):
    assert explored.origin == "From the run of profile smoke."
    assert set(explored.tables["main_comparison"]["arm"]) == set(all_tables()["runs"]["arm"])


def test_without_any_tables_the_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path))
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"`./run_all.sh smoke` makes them"):
        explorer.load("smoke")


def test_chosen_rows_are_those_of_the_table(explored):
    where = {**ACCURACY, "stratum": ["covered"]}
    frame = explorer.choose(explored, Choice("main_comparison", "arm", where=where))
    means = dict(zip(frame["arm"], frame["mean"], strict=True))
    assert means == pytest.approx(
        {"base": 0, "plain": 0.5, "rho1": 0.6, "soft_dynamic": 0.9, "selection_soft": 0.95}
    )


def test_runs_become_mean_lowest_and_highest_seed(explored):
    where = {"axis": ["main"], "metric": ["bits_per_byte"], "stratum": ["music"]}
    frame = explorer.choose(explored, Choice("runs", "arm", where=where)).set_index("arm")
    assert frame.loc["plain", ["value", "ci_low", "ci_high"]].tolist() == [1.005, 1.0, 1.01]
    assert frame.loc["plain", "seeds"] == 2


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("main_comparison", "arm", "stratum"), "metrics have different units"),
        (Choice("main_comparison", "arm", where=ACCURACY), "fall on one mark: choose one stratum"),
        (Choice("runs", "arm", where={"axis": ["mine"]}), "no axis of mine; there are: main, meta"),
        (Choice("runs", "arm", where={"axis": []}), "no axis of none; there are: main"),
    ],
)
def test_what_cannot_be_drawn_says_why(explored, choice, message):
    with pytest.raises(NothingToDraw, match=message):
        explorer.draw(explored, choice)


def test_every_table_starts_with_a_plot(explored):
    panel = explorer.Panel(explored, None)
    for name in explored.tables:
        panel.table.value = name
        assert panel.message.value == "", name
        drawn = explorer.draw(explored, panel.choice)[1]
        assert panel.choice.table == name and len(drawn) > 0


def test_a_change_of_a_control_changes_the_picture_and_a_bad_one_is_told(explored):
    panel = explorer.Panel(
        explored, None, Choice("main_comparison", "arm", "stratum", None, ACCURACY)
    )
    before = bytes(panel.picture.value)
    boxes = {box.column: box for box in panel.where.children}
    boxes["stratum"].value = ("covered", "uncovered")
    assert bytes(panel.picture.value) != before
    assert panel.choice.where["stratum"] == ["covered", "uncovered"]
    panel.columns["series"].value = explorer.NONE
    assert "choose one stratum" in panel.message.value


def test_the_panel_bears_its_class_and_shows_a_figure_without_a_browser(explored):
    panel = explorer.Panel(explored, None)
    assert "mucpt-explore" in panel.widget._dom_classes
    bundle = panel._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "text/plain" not in bundle  # it would name every widget
    assert repr(panel) == "Panel(composition)"
    again = explorer.Panel(explored, None)._repr_mimebundle_()
    assert again["image/png"] == bundle["image/png"]


def test_the_button_exports_what_is_shown_and_refuses_a_bad_name(explored, tmp_path):
    panel = explorer.Panel(explored, tmp_path / "explored")
    panel.button.click()
    there = {path.suffix for path in (tmp_path / "explored").glob("mine.*")}
    assert there == {".png", ".pdf", ".csv", ".parquet"}
    kept = pd.read_parquet(tmp_path / "explored" / "mine.parquet")
    drawn = explorer.draw(explored, panel.choice)[1]
    assert kept["mean"].tolist() == pytest.approx(drawn["mean"].tolist(), rel=1e-5)
    panel.name.value = "../mine"
    panel.button.click()
    assert "letters, digits, - and _ are allowed" in panel.message.value


def test_an_export_is_the_same_to_the_byte(explored, tmp_path):
    for folder in ("one", "two"):
        explorer.export(explored, explorer.FIRST, tmp_path / folder, "x")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_tables_missing_in_a_folder_leave_the_others(explored, tmp_path, monkeypatch):
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path / "other"))
    kept = tmp_path / "other" / "smoke" / "tables"
    kept.mkdir(parents=True)
    shutil.copy(tmp_path / "smoke" / "tables" / "runs.csv", kept)
    panel = explorer.panel("smoke")
    assert list(panel.explored.tables) == ["runs"] and panel.message.value == ""
