"""What works without a run, and the call that makes the rest work."""

import subprocess
import sys

import pytest

from mucpt_utils import paths
from mucpt_utils.teaching import prepare, profiles


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("MUCPT_RESULTS", raising=False)
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "committed")
    monkeypatch.setattr(profiles, "trained", lambda profile: False)
    return tmp_path


def test_what_works_is_what_results_are_there_for(work):
    rows = prepare.ready("best").set_index("notebook")
    assert rows.loc["03", "works"] == "after a run" and rows.loc["02 to 07", "works"] == "yes"
    assert rows.loc["01 to 09", "works"] == "makes smoke as you go"
    sample = work / "committed" / "laptop" / "classroom" / "rejected.json"
    sample.parent.mkdir(parents=True)
    sample.touch()
    rows = prepare.ready("best").set_index("notebook")
    assert rows.loc["03", "works"] == "yes" and "committed run" in rows.loc["03", "from"]


def test_one_call_runs_what_is_missing_and_passes_on_what_it_says(work, monkeypatch):
    calls = []
    monkeypatch.setattr(prepare, "watched", lambda command: calls.append(command[1:]))
    prepare.ready("best", ["replay=0.3"])
    assert calls == [], "nothing runs unasked"
    prepare.ready("best", ["replay=0.3"], run=True)
    assert calls == [["-m", "mucpt_utils", "run", "smoke", "--set", "replay=0.3"]]


def test_a_command_is_followed_line_by_line_and_a_failure_is_raised(capsys):
    prepare.watched([sys.executable, "-c", "import sys; print('a'); print('b', file=sys.stderr)"])
    assert sorted(capsys.readouterr().out.split()) == ["a", "b"]
    with pytest.raises(subprocess.CalledProcessError):
        prepare.watched([sys.executable, "-c", "raise SystemExit(2)"])
