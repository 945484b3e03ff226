"""Layouts: the weights that training has, at the places that its tokens have in the corpus."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mucpt_utils.config.arms import ARMS
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.study.layouts import layouts
from mucpt_utils.training.batches import training_sequences

CONTEXT, BEGIN = 16, 39


@pytest.fixture(params=["no begin token", "begin token"])
def store(store_of, request):
    """Tokens of some documents, which open with a begin token or do not."""
    plain = store_of([30, 9, 25, 40, 17], vocabulary=BEGIN)
    if request.param == "no begin token":
        return plain
    tokens = plain.tokens.copy()
    tokens[plain.starts[:-1]] = BEGIN
    return replace(plain, tokens=tokens, begin=BEGIN)


def test_a_layout_has_the_weights_of_training_and_its_tokens(store):
    losses = np.random.default_rng(0).uniform(0.1, 8, (2, store.tokens.size)).astype(np.float16)
    scored = Scored(store, np.ones(len(store), np.float32), *losses)

    def sequences(arm, corpus, seed):
        sizes = {"sequences": 8, "context": CONTEXT, "replay_share": 0.25}
        return training_sequences(arm, corpus, store, seed=seed, **sizes)

    study = SimpleNamespace(
        profile=SimpleNamespace(seeds=(3,)),
        arm=ARMS.__getitem__,
        scored=lambda arm, seed: scored,
        sequences=sequences,
    )
    (layout,) = layouts(study, ["soft_static"], trained=False)
    trained = sequences(ARMS["soft_static"], scored, 3)
    assert np.array_equal(layout.fixed, trained.weights[trained.scored])
    # the first token of a row, which may be a begin token that was put there, is not predicted
    assert np.array_equal(store.tokens[layout.tokens[:, 1:]], trained.tokens[trained.scored][:, 1:])
