"""The search: development questions alone, every trial in the log, failures too."""

import csv
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mucpt_utils import paths
from mucpt_utils.analysis import runs, search
from mucpt_utils.config.arms import load_candidates
from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.config.settings import load_profile
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study import checkout, jobs

HALF = Criterion(numerator="dynamic", compare="difference", form="step", keep=0.5)


def logged(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def items(values):
    """Final items of three arms from (arm, stratum) -> accuracy of four questions."""
    rows = [
        {"arm": a, "stratum": s, "metric": "accuracy", "seed": seed, "item": i, "subject": i}
        | {"value": float(v)}
        for (a, s), grades in values.items()
        for seed in (0, 1)
        for i, v in enumerate(grades)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "uncovered, wins", [([1, 1, 1, 0], True), ([1, 1, 0, 0], False), ([1, 0, 0, 0], False)]
)
def test_both_baselines_must_be_beaten_on_both_strata(uncovered, wins):
    values = {
        ("plain", "covered"): [1, 0, 0, 0],
        ("plain", "uncovered"): [1, 1, 0, 0],
        ("rho1", "covered"): [1, 1, 0, 0],
        ("rho1", "uncovered"): [1, 0, 0, 0],
        ("new", "covered"): [1, 1, 1, 0],
        ("new", "uncovered"): uncovered,
    }
    rows = search.compare(items(values), "new")
    assert search.beats_both(rows, "accuracy") is wins
    covered = next(row for row in rows if row["stratum"] == "covered")
    assert covered["value"] == 0.75
    assert covered["minus_plain"] == pytest.approx(0.5)
    assert covered["minus_rho1"] == pytest.approx(0.25)
    assert covered["minus_rho1_low"] <= 0.25 <= covered["minus_rho1_high"]


def test_a_candidate_without_every_stratum_does_not_win():
    assert not search.beats_both([])


def test_only_development_questions_are_asked():
    for name in ("laptop", "gpu"):
        changed = search.development(load_profile(name))
        assert changed.world.split == "dev" and changed.composition == ()


def test_failures_are_logged_and_the_rest_goes_on(tmp_path, monkeypatch):
    log = tmp_path / "log.csv"
    monkeypatch.setattr(jobs, "make", lambda jobs, description: None)
    monkeypatch.setattr(jobs, "references", lambda studies: None)
    seen = []

    def read_run(study, arm, seed):
        assert study.profile.world.split == "dev"
        seen.append((arm, study.arm(arm).tokens))
        if arm == "entropy":
            raise ValueError("nothing\nleft")
        return runs.Run(
            arm,
            seed,
            [
                {
                    "tokens": 5,
                    "set": "questions",
                    "question_id": f"q{i}",
                    "subject": f"s{i}",
                    "stratum": "popular",
                    "grade": "correct" if arm == "surprise" else "incorrect",
                    "log_likelihood": -0.5 if arm == "surprise" else -1.0,
                }
                for i in range(4)
            ],
            covered=frozenset({"q0", "q1"}),
        )

    monkeypatch.setattr(jobs, "files_of", lambda study, arm, seed: (study, arm, seed))
    monkeypatch.setattr(runs, "read_run", lambda files: read_run(*files))
    profile = load_profile("smoke")
    outcomes = search.search(profile, ["entropy", "surprise"], log)
    assert outcomes == {"entropy": None, "surprise": True}
    search.search(profile, ["warmup"], log, ["train.tokens=5", "replay=0"])
    rows = logged(log)
    assert [row["set"] for row in rows] == [""] * 5 + ["train.tokens=5 replay=0"] * 4
    assert [row["trial"] for row in rows] == ["entropy"] + ["surprise"] * 4 + ["warmup"] * 4
    assert rows[0]["problem"] == "ValueError: nothing left" and rows[1]["problem"] == ""
    assert ("surprise", load_candidates()["surprise"].tokens) in seen


def test_a_trial_says_how_strong_a_dose_it_is():
    """Four tokens, of which the candidate keeps two; plain weighs nothing and has no dose."""
    scored = Scored(
        TokenStore(np.array([5, 6, 7, 8]), np.array([0, 2, 4]), ["a", "b"]),
        np.ones(2, np.float32),
        base=np.array([3.0, 1.0, 3.0, 1.0], np.float32),
        reference=np.ones(4, np.float32),
        temperature=1.0,
    )
    arms = {"plain": Arm(title="plain"), "top": Arm(title="top", tokens=HALF)}
    study = SimpleNamespace(
        arm=arms.__getitem__,
        profile=SimpleNamespace(seeds=(0, 1)),
        scored=lambda arm, seed: scored,
    )
    assert search.dose(study, "plain") is None
    assert search.dose(study, "top") == 0.5


def test_an_unknown_trial_is_one_line(capsys):
    assert search.main(["smoke", "--only", "magic"]) == 2
    assert "--only: unknown candidates ['magic']; allowed: soft_static" in capsys.readouterr().err


@pytest.mark.parametrize("flag, folder", [([], "mine"), (["--commit-results"], "committed")])
def test_only_a_search_that_says_so_adds_to_the_committed_log(
    flag, folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path / "mine"))
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "committed")
    monkeypatch.setattr(checkout, "uncommitted", list)
    logs = []
    monkeypatch.setattr(search, "search", lambda profile, names, log, set: logs.append(log) or {})
    assert search.main(["smoke", *flag]) == 0
    assert logs == [tmp_path / folder / "search" / "log.csv"]
    assert str(logs[0]) in capsys.readouterr().out


def test_a_log_that_no_commit_could_have_written_is_not_committed(monkeypatch, capsys):
    monkeypatch.setattr(checkout, "uncommitted", lambda: [" M mucpt_utils/io.py"])
    monkeypatch.setattr(search, "search", lambda *_: pytest.fail("searched"))
    assert search.main(["smoke", "--commit-results"]) == 2
    assert "commit first what has changed: M mucpt_utils/io.py" in capsys.readouterr().err
