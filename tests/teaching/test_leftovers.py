"""A whole run leaves what it made and what was written by hand; a part of one removes nothing."""

import os

import pytest

from mucpt_utils import paths
from mucpt_utils.teaching import leftovers, runner

OLD = ("tables/gone.csv", "figures/gone.png", "executed/old_name.ipynb", "classroom/gone.json")
BY_HAND = ("README.md", "plan.md", "mixtures/mine/tables/runs.csv", "explored/mine.png")
NAMES = ("00_start", runner.REPORT, "09_explore")


def put(folder, names, age=0.0):
    """Files of a folder, last written so many seconds ago."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        written = path.stat().st_mtime - age
        os.utime(path, (written, written))


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_what_an_earlier_run_left_is_removed_and_nothing_else(tmp_path):
    put(tmp_path, [*OLD, *BY_HAND, "run.json", "tables/kept.csv"], age=100)
    since = leftovers.moment(tmp_path)
    new = ["tables/runs.csv", "tables/kept.csv", "figures/main.png"]
    put(tmp_path, new)
    removed = leftovers.remove(tmp_path, since)
    assert {path.relative_to(tmp_path).as_posix() for path in removed} == set(OLD)
    assert files(tmp_path) == {*BY_HAND, *new, "run.json"}
    assert leftovers.remove(tmp_path, since) == []


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Notebooks that each leave a table of their name; the results of an earlier run."""
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("MUCPT_RESULTS", raising=False)
    put(paths.NOTEBOOKS, [f"{name}.ipynb" for name in NAMES])
    results = tmp_path / "work" / "results" / "smoke"
    put(results, [*OLD, *BY_HAND], age=100)
    seen = {}

    def execute(notebook, out, parameters, progress):
        seen[notebook.stem] = files(results)
        put(results, [f"tables/{notebook.stem}.csv", f"executed/{notebook.name}"])
        return 1.0

    monkeypatch.setattr(runner, "execute", execute)
    return results, seen


def test_the_report_sees_no_file_of_an_earlier_run(shelf, capsys):
    results, seen = shelf
    assert runner.main(["smoke"]) == 0
    assert set(OLD) <= seen["00_start"], "whoever reads meanwhile finds the earlier results"
    assert not seen[runner.REPORT] & set(OLD)
    made = {f"tables/{name}.csv" for name in NAMES} | {f"executed/{name}.ipynb" for name in NAMES}
    assert files(results) == {*BY_HAND, *made}
    assert "left by an earlier run and removed: " in capsys.readouterr().err


@pytest.mark.parametrize("part", [["--from", "08"], ["--only", "08"]])
def test_a_part_of_a_run_removes_nothing(shelf, part):
    results, _ = shelf
    assert runner.main(["smoke", *part]) == 0
    assert {*OLD, *BY_HAND} <= files(results)
