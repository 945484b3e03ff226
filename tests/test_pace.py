"""The estimate of a profile's time: from what was measured here and the profile's settings."""

import pytest

from mucpt_utils.config.settings import load_profile
from mucpt_utils.study import cost, pace, parallel
from mucpt_utils.study.pace import Pace
from mucpt_utils.training import trainer

PACE = Pace(training=1000.0, scoring=4000.0, answering=50.0, start=6.0)


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)


def minutes(profile, measured=PACE):
    return pace.estimate(profile, measured).set_index("what")["minutes"]


def test_the_machine_is_measured_with_the_profiles_own_model(monkeypatch):
    monkeypatch.setattr(pace, "_start", lambda: 1.0)
    small = pace.measure(load_profile("smoke"), seconds=1.0)
    assert all(rate > 0 for rate in small)
    wider = load_profile("smoke", ["model.hidden_size=256", "model.intermediate_size=688"])
    assert pace.measure(wider, seconds=1.0).training < small.training


def test_a_fresh_python_that_imports_the_study_is_timed():
    assert 0.5 < pace._start() < 300


def test_work_is_shared_out_by_the_settings():
    profile = load_profile("laptop")
    found = minutes(profile)
    assert found["train the base"] == pytest.approx(profile.base.tokens / 1000 / 60, abs=0.05)
    turns = -(-cost.run_count(profile) // 2)
    wanted = turns * profile.train.tokens / 1000 / 60
    assert found["train arms and mixtures"] == pytest.approx(wanted, abs=0.05)
    assert found["together"] == pytest.approx(found.drop("together").sum(), abs=0.2)


def test_the_estimate_follows_measurement_and_settings():
    laptop = load_profile("laptop")
    fast = PACE._replace(training=2000.0)
    arms = "train arms and mixtures"
    assert minutes(laptop, fast)[arms] == pytest.approx(minutes(laptop)[arms] / 2, abs=0.1)
    shorter = load_profile("laptop", ["train.tokens=19000", "composition=[]"])
    assert minutes(shorter)[arms] < minutes(laptop)[arms] / 10
    assert minutes(laptop)["together"] > minutes(load_profile("smoke"))["together"]
    assert "tune" in minutes(load_profile("smoke")) and "tune" not in minutes(laptop)


def test_a_model_that_is_loaded_is_told_by_its_cost():
    table = pace.table(load_profile("hub"))
    assert "GPU hours" in set(table["unit"])


def test_a_run_ends_when_it_was_long_enough(monkeypatch):
    steps = []
    real = trainer.train

    def counted(*arguments, report, **named):
        def both(tokens):
            steps.append(tokens)
            report(tokens)

        return real(*arguments, report=both, **named)

    monkeypatch.setattr(trainer, "train", counted)
    monkeypatch.setattr(pace, "_start", lambda: 1.0)
    pace.measure(load_profile("smoke"), seconds=0.2)
    assert pace.WARM_UP + 1 < len(steps) < 500
