"""Rows that are written a part at a time are those that training makes at once."""

from dataclasses import fields, replace

import numpy as np
import pytest

from mucpt_utils.config.arms import ARMS
from mucpt_utils.scoring.scored import NotScored, Scored
from mucpt_utils.scoring.tokens import NothingToTrainOn
from mucpt_utils.study import packed_rows
from mucpt_utils.study.launch import read_sequences
from mucpt_utils.training.batches import Sequences, training_sequences

CONTEXT, BEGIN = 16, 39
TRAINED = [name for name, arm in ARMS.items() if arm.trained]


def scored_corpus(store, seed=0):
    """A corpus with random losses, weights, sites and ratings; some documents of no weight."""
    rng = np.random.default_rng(seed)
    documents, losses = len(store), rng.uniform(0.1, 8, (3, store.tokens.size)).astype(np.float16)
    weights = rng.uniform(0.5, 1, documents).astype(np.float32) * (rng.random(documents) > 0.1)
    return Scored(
        store,
        weights,
        *losses,
        sites=rng.integers(0, 5, documents),
        titles=rng.integers(0, 9, documents),
        ratings=rng.random(documents),
    )


def opened(store):
    """The store with a begin token at the head of each document."""
    tokens = np.where(store.tokens == BEGIN, 1, store.tokens)
    tokens[store.starts[:-1]] = BEGIN
    return replace(store, tokens=tokens, begin=BEGIN)


@pytest.fixture(params=["no begin token", "begin token"])
def stores(store_of, request):
    lengths = np.random.default_rng(0).integers(3, 50, 60).tolist()
    both = store_of(lengths, seed=1), store_of([70, 40, 9], seed=2)
    return both if request.param == "no begin token" else tuple(map(opened, both))


@pytest.fixture
def few(monkeypatch):
    """Few rows and documents at a time, in parts that do not come out even."""
    monkeypatch.setattr(packed_rows, "TOGETHER", 7)
    monkeypatch.setattr(packed_rows, "DOCUMENTS", 11)


@pytest.mark.parametrize("name", TRAINED)
def test_rows_on_disk_are_those_in_memory(name, stores, few, tmp_path):
    arm, (store, replay) = ARMS[name], stores
    scored = replace(scored_corpus(store), temperature=arm.temperature)
    if arm.focus is not None:
        factors = np.random.default_rng(1).uniform(0, 6, store.tokens.size).astype(np.float32)
        scored = replace(scored, factors=factors)
    settings = {"sequences": 150, "context": CONTEXT, "replay_share": 0.2, "seed": 3}
    settings["document_attention"] = True
    packed_rows.write_sequences(tmp_path, arm, scored, replay, **settings)
    written, made = read_sequences(tmp_path), training_sequences(arm, scored, replay, **settings)
    for field in fields(Sequences):
        ours, theirs = getattr(written, field.name), getattr(made, field.name)
        if theirs is None:
            assert ours is None, field.name
            continue
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), field.name
        if field.name == "weights":
            np.testing.assert_allclose(ours, theirs, rtol=2e-6)
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)


@pytest.mark.parametrize("name", ["plain", "soft_dynamic", "selection_soft"])
def test_what_is_held_does_not_grow_with_the_corpus(name, store_of, few, tmp_path, monkeypatch):
    """Tokens and values that are taken from the corpus at a time, at two sizes of it."""
    most = {}
    for documents in (60, 600):
        sizes = [0]
        held = {"gather": len, "document_means": lambda means: 40 * len(means), "pack": np.size}
        for function, size in held.items():
            monkeypatch.setattr(
                packed_rows, function, noting(getattr(packed_rows, function), size, sizes)
            )
        store = store_of([40] * documents)
        scored, settings = (
            scored_corpus(store),
            {"context": CONTEXT, "replay_share": 0.1, "seed": 0},
        )
        rows = documents * 40 // CONTEXT
        monkeypatch.setattr(Scored, "weights", None)  # which are of the whole corpus
        folder = tmp_path / str(documents)
        folder.mkdir()
        packed_rows.write_sequences(
            folder, ARMS[name], scored, store, sequences=rows, document_attention=True, **settings
        )
        assert len(read_sequences(folder)) == rows
        most[documents] = max(sizes)
    assert 0 < most[600] <= 40 * (packed_rows.DOCUMENTS + 2)
    assert most[600] == pytest.approx(most[60], abs=40)


def noting(function, size, sizes):
    """The function, which notes the size of what it gives."""

    def noted(*arguments, **keywords):
        given = function(*arguments, **keywords)
        sizes.append(size(given))
        return given

    return noted


def test_what_cannot_be_trained_on_is_refused(store_of, tmp_path):
    store = store_of([40] * 9)
    scored = scored_corpus(store)
    settings = {"sequences": 8, "context": CONTEXT, "replay_share": 0.0, "seed": 0}
    without = replace(scored, reference=None)
    with pytest.raises(NotScored):
        packed_rows.write_sequences(tmp_path, ARMS["soft_dynamic"], without, store, **settings)
    nothing = replace(scored, document_weights=np.zeros(9, np.float32))
    with pytest.raises(NothingToTrainOn, match="weight above 0"):
        packed_rows.write_sequences(tmp_path, ARMS["plain"], nothing, store, **settings)
    with pytest.raises(NothingToTrainOn, match="leaves no domain text"):
        packed_rows.write_sequences(
            tmp_path, ARMS["plain"], scored, store, **settings | {"replay_share": 1.0}
        )
