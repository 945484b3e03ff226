"""Which profile a notebook opens that was told none."""

import pytest

from mucpt_utils import paths
from mucpt_utils.teaching import profiles, session


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A work folder without a run, and no committed results but those of `laptop`."""
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("MUCPT_RESULTS", raising=False)
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "committed")
    return tmp_path / "work" / "results"


def finish(folder):
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")


def test_the_best_is_the_finished_run_with_most_training(work):
    assert profiles.resolved("best") == "smoke", "no run yet"
    finish(work / "smoke")
    assert profiles.resolved("best") == "smoke"
    finish(work / "laptop")
    assert profiles.resolved("best") == "laptop"
    assert profiles.resolved("surface") == "surface", "who names a profile gets it"


def test_who_only_looks_gets_the_committed_run_before_a_smaller_one_of_his_own(work):
    committed = paths.RESULTS / "laptop"
    assert profiles.folders_to_read("best") == [committed]
    finish(work / "smoke")
    assert profiles.folders_to_read("best") == [committed, work / "smoke"]
    finish(work / "laptop")
    assert profiles.folders_to_read("best") == [work / "laptop", committed, work / "smoke"]
    assert profiles.folders_to_read("smoke")[0] == work / "smoke"


def test_where_it_comes_from_is_said(work):
    committed = paths.RESULTS / "laptop"
    assert profiles.origin("best", committed) == "From the committed run of profile laptop."
    assert profiles.origin("best", work / "smoke") == "From the run of profile smoke."
    assert "gpu has not been run" in profiles.origin("gpu", committed)


def test_a_run_of_other_code_is_not_trained_anew_unasked(work, monkeypatch, capsys):
    for name in ("smoke", "laptop"):
        finish(work / name)
    monkeypatch.setattr(profiles, "trained", lambda profile: profile.name == "smoke")
    study, _ = session.open_study("best", [], "04")
    assert study.profile.name == "smoke"
    assert capsys.readouterr().out == (
        "Profile smoke: its run is finished, every stage is loaded.\n"
    )
    monkeypatch.setattr(profiles, "trained", lambda profile: False)
    assert profiles.usable("best")[0] == "smoke"
    assert "(that of laptop and smoke was made by other code)" in profiles.usable("best")[1]
    session.open_study("laptop", [], "04")
    assert capsys.readouterr().out == "", "a run says nothing that differs from run to run"


def test_settings_of_the_notebook_are_those_of_the_run(work):
    finish(work / "laptop")
    assert profiles.resolved("best", ["seeds=[7]"]) == "smoke"
    assert profiles.resolved("best", ["no.such=1"]) == "smoke"


def test_a_profile_counts_as_trained_where_its_last_run_is_found(work):
    from mucpt_utils.config.settings import load_profile

    assert not profiles.trained(load_profile("smoke"))
    left = [path.name for path in work.parent.glob("stages/*") if path.name != ".locks"]
    assert left == [], "a look makes nothing, not even the corpus"
