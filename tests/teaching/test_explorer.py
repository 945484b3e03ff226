"""Plots of one's own: what is chosen is drawn and exported, what cannot be drawn is told."""

import base64
import shutil

import pandas as pd
import pytest
from results_made_up import RUN_EARLY, all_tables, ended_early

from mucpt_utils import paths
from mucpt_utils.config.settings import load_profile
from mucpt_utils.report import figures, table_files
from mucpt_utils.report.figures import NothingToDraw
from mucpt_utils.report.figures.explorer import conclusion
from mucpt_utils.study import provenance
from mucpt_utils.teaching import choices, explorer
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
    panel = explorer.panel("smoke")
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


def test_a_run_that_ended_early_says_so_and_opens_on_what_it_has(tmp_path, monkeypatch):
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path))
    tables, run = ended_early()
    for name, frame in tables.items():
        table_files.write_table(frame, tmp_path / "real" / "tables", name, ("csv",))
    provenance.write_run_record(tmp_path / "real", run)
    explored = explorer.load("real")
    absent = len(set(load_profile("real").arms) - set(RUN_EARLY))
    told = f"From the run of profile real. {absent} arms of the profile's list"
    assert absent > 1 and explored.origin.startswith(told)
    panel = explorer.Panel(explored, tmp_path)
    assert panel.message.value == "" and bytes(panel.picture.value).startswith(b"\x89PNG")
    assert set(explored.tables["main_comparison"]["arm"]) == set(RUN_EARLY)


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


def test_runs_become_a_mean_with_an_interval_over_seeds(explored):
    where = {"axis": ["main"], "metric": ["bits_per_byte"], "stratum": ["music"]}
    frame = explorer.choose(explored, Choice("runs", "arm", where=where)).set_index("arm")
    half = 12.7062 * 0.01 / 2  # Student's t for two values, a hundredth apart
    assert frame.loc["plain", ["value", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [1.005, 1.005 - half, 1.005 + half]
    )
    assert frame.loc["plain", "seeds"] == 2


def test_one_seed_has_no_interval():
    frame = pd.DataFrame({"arm": ["plain"], "seed": [0], "value": [0.5]})
    row = choices.over_seeds(frame, "value").iloc[0]
    assert (row["value"], row["seeds"]) == (0.5, 1) and pd.isna(row["ci_low"])


def test_curves_begin_with_the_base_which_need_not_be_chosen():
    points = [("base", 0, 0.1), ("plain", 100, 0.3), ("plain", 200, 0.4), ("rho1", 100, 0.2)]
    points += [("start_reference", 100, 0.5)]  # which did not begin with the base
    table = pd.DataFrame(
        [
            (arm, seed, tokens, "all", "accuracy", value)
            for seed in (0, 1)
            for arm, tokens, value in points
        ],
        columns=["arm", "seed", "tokens", "stratum", "metric", "value"],
    )
    begun = explorer.Explored({"learning_curves": table}, "")
    chosen = {"arm": ["plain", "rho1", "start_reference"]}
    choice = Choice("learning_curves", "tokens", "arm", None, chosen)
    rows = explorer.choose(begun, choice)
    first = rows[rows["tokens"] == 0].set_index("arm")["value"]
    assert first.to_dict() == {"plain": 0.1, "rho1": 0.1}
    assert len(rows) == 6


def test_a_level_bears_its_value_and_a_mixture_its_title():
    frame = pd.DataFrame(
        {"axis": ["replay", "replay", "mixture"], "level": ["default", "0", "mine"], "mean": 0.5}
    )
    settings = {"replay": 0.2, "render": {"wrong_fact": 0.1}}
    shown = choices.level_names(
        frame, explorer.Explored({}, "", settings, {"mine": "no rumours, more replay"})
    )
    assert list(shown["level"]) == [
        "replay = 0.2 (the profile's own)",
        "0",
        "no rumours, more replay",
    ]


def test_the_title_concludes():
    rows = pd.DataFrame({"arm": ["plain", "rho1", "random"], "difference": [0.1, 0.0, -0.2]})
    rows = rows.assign(ci_low=[0.05, -0.1, -0.3], ci_high=[0.2, 0.1, -0.1])
    assert conclusion(rows, "difference", "arm") == (
        "1 of 3 differences lie above 0, 1 below, 1 is not distinguishable from zero"
    )
    told = conclusion(rows.assign(mean=rows["difference"]), "mean", "arm")
    assert told.startswith("Highest: plain continued pretraining (plain); lowest: random")


def test_a_table_opens_on_a_plot_whatever_is_in_it():
    """Two arms at each level of one axis, as in profile `surface`."""
    rows = [
        ("coverage_calibration", level, stratum, "accuracy", arm, 0.5, 0.4, 0.6)
        for level in ("0.3 calibrated", "0.3 as trained")
        for stratum in ("covered", "uncovered")
        for arm in ("plain", "soft_dynamic")
    ]
    columns = ["axis", "level", "stratum", "metric", "arm", "mean", "ci_low", "ci_high"]
    surface = explorer.Explored({"composition": pd.DataFrame(rows, columns=columns)}, "")
    panel = explorer.Panel(surface, None)
    assert panel.message.value == "" and bytes(panel.picture.value).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("main_comparison", "arm", "stratum"), "metrics have different units"),
        (Choice("main_comparison", "arm", where=ACCURACY), "fall on one mark: choose one stratum"),
        (Choice("runs", "arm", where={"axis": ["mine"]}), "no axis of mine; there are: main, meta"),
        (Choice("runs", "arm", where={"axis": []}), "no axis of none; there are: main"),
        (Choice("runs", "arm", where={"axis": "mine"}), "no axis of mine; there are: main"),
        (Choice("run", "arm"), "unknown tables .'run'.; allowed: .*; did you mean 'runs'"),
        (Choice("runs", "arms"), "unknown columns .'arms'.; allowed: .*; did you mean 'arm'"),
        (Choice("runs", "arm", "stratums"), "unknown columns .'stratums'."),
        (Choice("runs", "arm", where={"axes": ["main"]}), "unknown columns .'axes'."),
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
    assert panel.picture.layout.display is None
    panel.columns["series"].value = explorer.NONE
    assert "choose one stratum" in panel.message.value
    assert panel.picture.layout.display == "none", "no stale figure under new controls"
    rows = panel.widget.children
    assert rows.index(panel.message) < rows.index(panel.picture) < rows.index(panel.where)
    panel.columns["series"].value = "stratum"
    assert panel.picture.layout.display is None and panel.message.value == ""


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
    assert str((tmp_path / "explored" / "mine").resolve()) in panel.written.value
    panel.name.value = "../mine"
    panel.button.click()
    assert "letters, digits, - and _ are allowed" in panel.written.value


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
