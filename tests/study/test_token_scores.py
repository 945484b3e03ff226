"""Scores: both losses of a ratio are read alike."""

import numpy as np
import pytest
import torch

from mucpt_utils.io import read_json
from mucpt_utils.scoring import losses, models
from mucpt_utils.study.models import calibrate
from mucpt_utils.study.scores import score_tokens
from mucpt_utils.study.stages import silent


@pytest.fixture
def inputs(tiny_model, store_of, tmp_path):
    """A model whose losses bfloat16 would round, kept in it, and tokens."""
    model = tiny_model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(20)
    model.to(torch.bfloat16).save_pretrained(tmp_path / "model" / "model")
    store_of([40, 60]).save(tmp_path / "tokens")
    folders = {"model": tmp_path / "model", "tokens": tmp_path / "tokens"}
    again = {"reference": folders["model"], "calibration_tokens": folders["tokens"]}
    return folders | again


def test_a_model_that_is_kept_in_bfloat16_is_scored_in_float32(inputs, store_of, tmp_path):
    model, store = models.load(inputs["model"] / "model", torch.float32), store_of([40, 60])
    exact = losses.score(model, store, 32)
    assert np.abs(losses.score(model.to(torch.bfloat16), store, 32) - exact).max() > 0.01
    score_tokens(tmp_path, inputs, silent, temperature=1.0, context=32)
    assert np.array_equal(losses.load(tmp_path), exact)


def test_its_temperature_is_chosen_by_the_same_losses(inputs, tmp_path):
    score_tokens(tmp_path, inputs, silent, temperature=1.0, context=32)
    mean = losses.load(tmp_path).mean(dtype=np.float64)
    calibrate(tmp_path, inputs, silent, candidates=[1.0], context=32)
    by_temperature = read_json(tmp_path / "temperature.json")["losses"]
    assert by_temperature == {"1.0": pytest.approx(mean, abs=1e-6)}
