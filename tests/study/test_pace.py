"""The pace of this machine: real training steps, real scoring, real answers, a real start."""

import pytest

from mucpt_utils.config.settings import load_profile
from mucpt_utils.study import pace
from mucpt_utils.training import trainer

DOCUMENT = 100  # tokens


@pytest.fixture
def quick_start(monkeypatch):
    monkeypatch.setattr(pace, "seconds_to_start", lambda: 1.0)


def test_the_machine_is_measured_with_a_model_of_the_profiles_size(quick_start):
    small = pace.measure(load_profile("smoke"), DOCUMENT, seconds=1.0)
    assert all(rate > 0 for rate in small)
    wider = load_profile("smoke", ["model.hidden_size=256", "model.intermediate_size=688"])
    assert pace.measure(wider, DOCUMENT, seconds=1.0).training < small.training


def test_a_fresh_python_that_imports_the_study_is_timed():
    assert 0.5 < pace.seconds_to_start() < 300


def test_a_run_ends_when_it_was_long_enough(quick_start, monkeypatch):
    steps = []
    real = trainer.train

    def counted(*arguments, report, **named):
        def both(tokens):
            steps.append(tokens)
            report(tokens)

        return real(*arguments, report=both, **named)

    monkeypatch.setattr(trainer, "train", counted)
    pace.measure(load_profile("smoke"), DOCUMENT, seconds=0.2)
    assert pace.WARM_UP + 1 < len(steps) < 500


def test_repetitions_fill_the_time_and_the_first_is_not_counted(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(pace.time, "perf_counter", lambda: clock[0])
    calls = []

    def work():
        calls.append(clock[0])
        clock[0] += 10.0 if len(calls) == 1 else 1.0

    assert pace.repeated(work, seconds=3.0, amount=8) == pytest.approx(8.0)
    assert len(calls) == 4


def test_a_loaded_model_is_measured_in_a_worker_as_runs_are(monkeypatch):
    asked = []

    def run_jobs(function, jobs, **options):
        asked.append((function, jobs, options))
        return [pace.Pace(1.0, 1.0, 1.0, 1.0)]

    monkeypatch.setattr(pace, "run_jobs", run_jobs)
    real = load_profile("real")
    assert pace.measure(real, DOCUMENT, seconds=2.0).training == 1.0
    ((_, [(profile, length, seconds)], options),) = asked
    assert type(real).model_validate_json(profile) == real
    assert (length, seconds) == (DOCUMENT, 20.0)
    assert options["threads"] == pace.sharing(real.pretrained.parameters)[1]
