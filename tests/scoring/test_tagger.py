"""The tagger: it finds the tokens that carry facts, from matches with a table alone."""

import numpy as np
import pytest
import torch

from mucpt_utils.config.scoring import Criterion, ModelSettings
from mucpt_utils.scoring import models
from mucpt_utils.scoring.tagger import (
    AFTER,
    BEFORE,
    FEATURES,
    Tagger,
    focus_factors,
    gained,
    tag,
    train_tagger,
    window_features,
)

SMALL = ModelSettings(hidden_size=32, layers=1, heads=2, intermediate_size=32, context=32)


@pytest.fixture(scope="module")
def model():
    return models.from_scratch(SMALL, 300, seed=0)


@pytest.fixture
def marked(store_of):
    """Documents in which every token after token 7 carries a fact."""
    store = store_of([20] * 40)
    tokens = np.random.default_rng(0).integers(10, 300, store.tokens.size).astype(np.uint16)
    before = np.arange(tokens.size) % 20 == 4
    tokens[before] = 7
    tokens[store.starts[1:] - 1] = 0
    carries = np.zeros(tokens.size, bool)
    carries[np.flatnonzero(before) + 1] = True
    return type(store)(tokens, store.starts, store.ids), carries


@pytest.mark.parametrize("reads", FEATURES)
def test_it_learns_where_facts_stand(model, marked, tmp_path, reads):
    store, carries = marked
    tagger = train_tagger(model, store, carries, reads)
    chances = tag(model, store, 32, tagger)
    assert chances.dtype == np.float16 and chances.shape == store.tokens.shape
    assert chances[carries].mean() > 0.8 and chances[~carries].mean() < 0.05
    tagger.save(tmp_path)
    np.testing.assert_array_equal(tag(model, store, 32, Tagger.load(tmp_path)), chances)


def test_a_window_holds_the_embeddings_around_a_token_and_zeros_beyond_the_text(model):
    ids = torch.arange(10, 22)[None]
    features = window_features(model, ids).view(11, BEFORE + 1 + AFTER, -1)
    table = model.get_input_embeddings().weight
    for row, place in [(0, 0), (0, BEFORE), (5, BEFORE - 2), (8, BEFORE + AFTER), (10, BEFORE)]:
        at = row + 1 + place - BEFORE  # of the text; row t is of token t + 1
        expected = table[ids[0, at]] if 0 <= at < 12 else torch.zeros_like(table[0])
        torch.testing.assert_close(features[row, place], expected)


@pytest.mark.parametrize("reads", FEATURES)
def test_a_begin_token_is_read_once_and_taught_as_nothing(model, marked, reads):
    """Training reads a document as `tag` does: else the features of its first tokens differ."""
    store, carries = marked
    begin = 5  # no other token
    rows = [np.append(begin, store.document(index)) for index in range(len(store))]
    starts = np.cumsum([0, *map(len, rows)])
    opened = type(store)(np.concatenate(rows).astype(np.uint16), starts, store.ids, begin)
    told = np.zeros(opened.tokens.size, bool)
    told[opened.learnt] = carries
    read = []

    features = FEATURES[reads]

    def noted(model, ids):
        read.append(ids[0].tolist())
        return features(model, ids)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FEATURES, reads, noted)
        tagger = train_tagger(model, opened, told, reads)
    assert read == [opened.document(index).tolist() for index in range(len(opened))]
    chances = tag(model, opened, 32, tagger)
    assert (chances[starts[:-1]] == 0).all()
    assert chances[told].mean() > 0.8 and chances[~told].mean() < 0.05


def test_chances_are_those_of_standardised_features():
    tagger = Tagger(np.array([2.0, -1.0]), 0.5, np.array([1.0, 0.0]), np.array([2.0, 0.5]))
    by_hand = 1 / (1 + np.exp(-(2.0 * (3 - 1) / 2 - 1.0 * (1 / 0.5) + 0.5)))
    assert abs(tagger.chances(torch.tensor([3.0, 1.0])).item() - by_hand) < 1e-6


def test_nothing_to_learn_from_is_refused(model, marked):
    store, carries = marked
    with pytest.raises(ValueError, match="tokens that carry facts, and tokens that do not"):
        train_tagger(model, store, np.zeros_like(carries))


def test_factors_go_from_one_to_the_dose():
    assert focus_factors(np.array([0.0, 0.5, 1.0], np.float16), 4.0).tolist() == [1.0, 2.5, 4.0]


def test_what_a_reference_model_gained_is_the_soft_weight_of_what_is_new(store_of):
    """By hand: rho = 6.1 / 1.1, 1, 6.1 / .1 clipped to 1; the pair (7, 8) comes twice."""
    store = store_of([6, 3])
    tokens = np.array([7, 8, 9, 7, 8, 0, 7, 8, 0], np.uint16)
    store = type(store)(tokens, store.starts, store.ids)
    base = np.array([6, 6, 6, 6, 6, 1, 6, 6, 1], np.float16)
    reference = np.array([1, 6, 0, 1, 0, 1, 1, 0, 1], np.float16)
    criterion = Criterion(scale=6.0, floor=0.1)
    first = np.log(6.1 / 1.1) / np.log(6)
    worth = gained(store, base, reference, criterion)
    wanted = [first, 0, 1, first, 0, 0, first, 1, 0]  # a document begins anew
    np.testing.assert_allclose(worth, wanted, atol=1e-3)


def test_shares_are_learnt_as_shares(model, marked):
    store, carries = marked
    chances = tag(model, store, 32, train_tagger(model, store, 0.5 * carries, "window"))
    assert abs(chances[carries].mean() - 0.5) < 0.1 and chances[~carries].mean() < 0.05
