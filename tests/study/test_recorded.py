"""Rates of a profile's model from the records of finished stages."""

import pytest

from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import write_json, write_jsonl
from mucpt_utils.scoring import packages
from mucpt_utils.study import cost, recorded
from mucpt_utils.study.pace import Pace

BASE = {"name": "base", "sha256": "b", "folder": "base-1"}


@pytest.fixture
def real():
    return load_profile("real")


@pytest.fixture
def root(tmp_path, real):
    """Finished stages: a base, its losses of 100k tokens, its answers, reference model, arms."""

    def stage(name, seconds, inputs=(BASE,), sha256="", **settings):
        made = {"sha256": sha256, "seconds": seconds, "inputs": list(inputs), "settings": settings}
        write_json(tmp_path / "stages" / name / "record.json", made)

    def trained(tokens, rows=4):
        return {"tokens": tokens, "batch_sequences": rows}

    def store(name, tokens):
        write_json(tmp_path / "stages" / f"{name}-1" / "size.json", {"tokens": tokens})
        return {"name": name, "sha256": name, "folder": f"{name}-1"}

    stage("base-1", 2.0, (), "b", identity=packages.identity(real.pretrained.name))
    stage("base-2", 2.0, (), "other", identity="another model")
    stage("base_losses-1", 100.0, (BASE, store("domain_tokens", 100_000)))
    asked = [{"set": "questions"}] * 400
    write_jsonl(tmp_path / "stages" / "run_base-1" / "responses.jsonl", asked)
    stage("run_base-1", 100.0, (BASE, store("music_held_out", 20_000)))
    stage("reference-1", 250.0, train=trained(50_000))
    stage("run_plain-1", 500.0, train=trained(80_000))
    stage("run_plain-2", 2500.0, train=trained(80_000))  # while something else ran
    # not counted: short, another batch, another model
    stage("run_rho1-1", 900.0, train=trained(2_000))
    stage("run_rho1-2", 101.0, train=trained(80_000, rows=8))
    other = {**BASE, "sha256": "other"}
    stage("run_rho1-3", 101.0, (other,), train=trained(80_000))
    return tmp_path / "stages"


def test_rates_are_medians_of_what_was_run_with_this_model(root, real):
    rates = recorded.rates(real, root)
    assert rates.scoring == 1000
    assert rates.answering == 400 / (100 - 20_000 / 1000)
    assert rates.training == 200, "of 50000 / 250, 80000 / 400 and 80000 / 2400"


def test_without_finished_runs_there_are_no_rates(root, real, tmp_path):
    assert recorded.rates(real, tmp_path / "nothing") is None
    assert recorded.rates(load_profile("smoke"), root) is None
    (root / "run_base-1" / "record.json").unlink()
    assert recorded.rates(real, root) is None


def test_a_model_from_scratch_is_told_by_its_architecture_and_vocabulary(root):
    laptop = load_profile("laptop")
    made = {
        "model": laptop.model.model_dump(mode="json"),
        "vocabulary": laptop.vocabulary,
        "train": {"tokens": 1_000_000, "batch_sequences": laptop.train.batch_sequences},
    }
    path = root / "base-1" / "record.json"
    write_json(path, {**recorded.read_json(path), "settings": made, "seconds": 1000.0})
    path = root / "run_plain-1" / "record.json"
    train = {"tokens": 80_000, "batch_sequences": laptop.train.batch_sequences}
    settings = {"train": train, "points": 3}
    write_json(path, {**recorded.read_json(path), "settings": settings})
    (root / "run_rho1-2" / "record.json").unlink()
    rates = recorded.rates(laptop, root)
    assert rates.training == (1000 + 400) / 2, "the base, and 80000 / (500 - 3 times asking)"
    other = load_profile("laptop", ["model.hidden_size=64", "model.heads=2"])
    assert recorded.rates(other, root) is None
    assert recorded.rates(load_profile("laptop", ["vocabulary=1024"]), root) is None


def test_stages_of_another_machine_do_not_tell_this_ones_pace(root, real):
    path = root / "run_base-1" / "record.json"
    write_json(path, {**recorded.read_json(path), "elsewhere": {"sha256": "x"}})
    assert recorded.rates(real, root) is None


def test_a_forecast_uses_them(root, real, monkeypatch):
    monkeypatch.setenv("MUCPT_WORK", str(root.parent))
    monkeypatch.setattr(cost, "runs_here", lambda profile: True)
    monkeypatch.setattr(cost.machine, "seconds_to_start", lambda: 6.0)
    monkeypatch.setattr(cost.machine, "measure", lambda *_: pytest.fail("measured"))
    assert cost.time_here(real).equals(cost.minutes_here(real, Pace(200, 1000, 5, 6.0)))
