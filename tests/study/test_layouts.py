"""Layouts: the weights that training has, at the places that its tokens have in the corpus."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mucpt_utils.config.arms import ARMS
from mucpt_utils.io import write_jsonl
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.study.layouts import layouts
from mucpt_utils.study.runs import RESPONSES
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


@dataclass
class MadeUpStudy:
    """A study of one arm and one seed: eight rows, two of which are replay."""

    store: object
    folder: Path
    profile = SimpleNamespace(seeds=(3,), evaluation=SimpleNamespace(keep_weights=True))
    arm = ARMS.__getitem__

    def scored(self, arm, seed):
        losses = np.random.default_rng(0).uniform(0.1, 8, (2, self.store.tokens.size))
        weights = np.ones(len(self.store), np.float32)
        return Scored(self.store, weights, *losses.astype(np.float16))

    def sequences(self, arm, corpus, seed):
        sizes = {"sequences": 8, "context": CONTEXT, "replay_share": 0.25}
        return training_sequences(arm, corpus, self.store, seed=seed, **sizes)

    def run(self, name, seed):
        return SimpleNamespace(path=lambda file: self.folder / file)


def test_a_layout_has_the_weights_of_training_and_its_tokens(store, tmp_path):
    study = MadeUpStudy(store, tmp_path)
    (layout,) = layouts(study, ["soft_static"], trained=False)
    arm = ARMS["soft_static"]
    trained = study.sequences(arm, study.scored(arm, 3), 3)
    assert np.array_equal(layout.fixed, trained.weights[trained.scored])
    # the first token of a row, which may be a begin token that was put there, is not predicted
    assert np.array_equal(store.tokens[layout.tokens[:, 1:]], trained.tokens[trained.scored][:, 1:])


def test_a_row_belongs_to_the_point_of_the_learning_curve_that_it_leads_to(store, tmp_path):
    """Measured after three rows and after all eight; rows of replay, 3 and 7, are left out."""
    study = MadeUpStudy(store, tmp_path)
    kept = np.arange(8.0)[:, None] * np.ones(CONTEXT - 1)
    np.save(tmp_path / "weights.npy", kept.astype(np.float16))
    write_jsonl(tmp_path / RESPONSES, [{"tokens": rows * CONTEXT} for rows in (3, 3, 8)])
    (layout,) = layouts(study, ["soft_static"])
    assert layout.given[:, 0].tolist() == [0, 1, 2, 4, 5, 6]
    assert layout.seen.tolist() == [3 * CONTEXT] * 3 + [8 * CONTEXT] * 3
