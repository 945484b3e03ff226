"""Folders are where the variables say, for every process of a run."""

import pytest

from mucpt_utils import paths


@pytest.mark.parametrize("given", ["", "a work", "./a work", "/elsewhere/a work"])
def test_folders_are_the_same_wherever_a_process_stands(given, monkeypatch):
    """Notebooks run in theirs; a name of nothing is no name."""
    monkeypatch.setenv("MUCPT_WORK", given)
    monkeypatch.setenv("MUCPT_RESULTS", given and f"{given}/of a run")
    found = set()
    for place in (paths.ROOT, paths.NOTEBOOKS):
        monkeypatch.chdir(place)
        found.add((paths.work(), paths.results("laptop")))
    work = paths.ROOT / (given or ".work")
    assert found == {(work, work / ("of a run" if given else "results") / "laptop")}
