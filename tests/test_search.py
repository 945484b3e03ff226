"""The search: development questions alone, every trial in the log, failures too."""

import csv

import pandas as pd
import pytest

from mucpt_utils.analysis import search, tables
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.config.settings import load_profile
from mucpt_utils.study import jobs


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
    assert search.beats_both(rows) is wins
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
        return tables.Run(
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
                    "log_likelihood": -1.0,
                }
                for i in range(4)
            ],
            covered=frozenset({"q0", "q1"}),
        )

    monkeypatch.setattr(tables, "read_run", read_run)
    profile = load_profile("smoke")
    found = search.search(profile, ["entropy", "surprise"], log)
    assert found == {"entropy": None, "surprise": True}
    found = search.search(profile, ["warmup"], log)
    rows = logged(log)
    assert [row["trial"] for row in rows] == ["entropy"] + ["surprise"] * 4 + ["warmup"] * 4
    assert rows[0]["problem"] == "ValueError: nothing left" and rows[1]["problem"] == ""
    assert ("surprise", search.CANDIDATES["surprise"]) in seen


def test_every_candidate_is_written_so_that_it_can_be_read_back():
    assert len({c.model_dump_json() for c in search.CANDIDATES.values()}) == len(search.CANDIDATES)
    for criterion in search.CANDIDATES.values():
        text = criterion.model_dump_json(exclude_defaults=True)
        assert Criterion.model_validate_json(text) == criterion


def test_an_unknown_trial_is_one_line(capsys):
    assert search.main(["smoke", "--only", "magic"]) == 2
    assert "unknown trials ['magic']; allowed: soft_static" in capsys.readouterr().err
