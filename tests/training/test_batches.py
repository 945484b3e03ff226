"""What each arm trains on: the same budget, paired order, weights with mean one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.scoring.scored import NotScored, Scored
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.training.batches import training_sequences

CONTEXT = 16
TRAINED = [name for name, arm in ARMS.items() if arm.trained]
WITHOUT_SELECTION = [
    name for name in TRAINED if ARMS[name].documents is None and ARMS[name].chosen_by is None
]


@pytest.fixture(scope="module")
def scored(store_of):
    """60 documents with random losses and classifier weights; document i holds tokens like i."""
    rng = np.random.default_rng(0)
    store = store_of(rng.integers(5, 40, 60).tolist(), seed=1)
    size = store.tokens.size
    return Scored(
        store,
        rng.uniform(0.5, 1, 60).astype(np.float32),
        rng.uniform(0, 8, size).astype(np.float16),
        rng.uniform(0, 8, size).astype(np.float16),
        rng.uniform(0, 4, size).astype(np.float16),
        temperature=2.0,
        sites=rng.integers(0, 5, 60),
        titles=rng.integers(0, 9, 60),
        ratings=rng.uniform(0, 1, 60),
    )


@pytest.fixture(scope="module")
def replay(store_of):
    """General documents, recognisable by tokens that the domain corpus does not have."""
    store = store_of([20] * 30, seed=2)
    store.tokens[:] += 1000
    return store


def numbered(scored):
    """The same corpus with each token's own position as the token."""
    store = scored.store
    positions = np.arange(store.tokens.size, dtype=np.uint16)
    return replace(scored, store=replace(store, tokens=positions))


def sequences(arm, scored, replay, **changes):
    options = {"sequences": 50, "context": CONTEXT, "replay_share": 0.2, "seed": 0, **changes}
    if isinstance(arm, str):  # an arm of the study, scored at the temperature that it asks for
        arm = ARMS[arm]
        scored = replace(scored, temperature=arm.temperature or scored.temperature)
    return training_sequences(arm, scored, replay, **options)


@pytest.mark.parametrize("name", TRAINED)
def test_every_arm_spends_the_same_budget(name, scored, replay):
    data = sequences(name, scored, replay)
    assert data.tokens.shape == data.weights.shape == (50, CONTEXT)
    assert len(data) == 50
    assert (data.tokens >= 1000).all(axis=1).sum() == 10
    assert data.scored.sum() == 40


@pytest.mark.parametrize("name", TRAINED)
def test_weights_have_mean_one_and_replay_keeps_weight_one(name, scored, replay):
    data = sequences(name, scored, replay)
    general = (data.tokens >= 1000).all(axis=1)
    np.testing.assert_array_equal(data.scored, ~general)
    assert (data.weights[general] == 1).all()
    assert data.weights[~general].mean() == pytest.approx(1, abs=1e-5)
    assert (data.weights >= 0).all() and data.weights.dtype == np.float32


@pytest.mark.parametrize("name", WITHOUT_SELECTION)
def test_arms_without_selection_are_paired(name, scored, replay):
    plain, other = sequences("plain", scored, replay), sequences(name, scored, replay)
    np.testing.assert_array_equal(plain.tokens, other.tokens)


def test_the_seed_changes_domain_and_replay(scored, replay):
    first, second = sequences("plain", scored, replay), sequences("plain", scored, replay, seed=1)
    for rows in (first.scored, ~first.scored):
        assert (first.tokens[rows] != second.tokens[rows]).any()


def test_selection_trains_on_the_chosen_documents_only(scored, replay):
    arm = ARMS["selection_soft"]
    kept = scored.chosen(arm)
    assert len(kept) == 42, "70 % of 60"
    starts = scored.store.starts
    ratio = [
        (scored.base[a:b].astype(float).mean() + 0.1)
        / (scored.reference[a:b].astype(float).mean() + 0.1)
        for a, b in zip(starts[:-1], starts[1:], strict=True)
    ]
    assert set(kept) == set(np.argsort(ratio)[-42:])
    domain = sequences(arm, scored, replay, replay_share=0.0).tokens.ravel()
    documents = np.split(domain, np.flatnonzero(domain == 0) + 1)[:-1]
    allowed = {tuple(scored.store.document(i)) for i in kept}
    assert len(documents) > 10 and {tuple(d) for d in documents} <= allowed


def test_without_selection_every_document_is_chosen(scored):
    np.testing.assert_array_equal(scored.chosen(ARMS["soft_static"]), np.arange(60))


def test_weights_lie_on_the_tokens_they_were_made_for(scored, replay):
    """Each packed weight over its token's own weight is one constant."""
    own = scored.weights(ARMS["soft_static"], 0)
    data = sequences("soft_static", numbered(scored), replay)
    places = data.tokens[data.scored]
    found, expected = data.weights[data.scored], own[places]
    factor = found.sum() / expected.sum()
    np.testing.assert_allclose(found, expected * factor, rtol=1e-4, atol=1e-6)
    assert found.std() > 0.3


def test_plain_weights_are_the_classifiers(scored):
    weights = scored.weights(ARMS["plain"], 0)
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    for index in (0, 17, 59):
        begin, end = scored.store.starts[index : index + 2]
        assert len(set(weights[begin:end])) == 1
    firsts = weights[scored.store.starts[:-1]]
    np.testing.assert_allclose(
        firsts / firsts[0], scored.document_weights / scored.document_weights[0], rtol=1e-5
    )


def test_the_random_arm_keeps_its_share(store_of):
    store = store_of([50] * 400)
    scored = Scored(store, np.ones(400, np.float32))
    weights = scored.weights(ARMS["random"], 0)
    assert (weights > 0).mean() == pytest.approx(0.6, abs=0.015)
    kept = weights[weights > 0]
    np.testing.assert_allclose(kept, weights.size / kept.size, rtol=1e-4)
    assert (weights != scored.weights(ARMS["random"], 1)).any()


def test_only_dynamic_arms_carry_reference_losses(scored, replay):
    assert sequences("plain", scored, replay).reference is None
    assert sequences("soft_static", scored, replay).reference is None
    data = sequences("soft_dynamic", scored, replay)
    assert data.reference.shape == data.tokens.shape
    assert (data.reference[~data.scored] == 0).all()
    labels = sequences("soft_dynamic", numbered(scored), replay)
    np.testing.assert_array_equal(
        data.reference[data.scored], scored.reference[labels.tokens[labels.scored]]
    )


@pytest.mark.parametrize("share, general", [(0.0, 0), (0.2, 10), (0.5, 25), (0.98, 49)])
def test_replay_takes_its_share(share, general, scored, replay):
    data = sequences("plain", scored, replay, replay_share=share)
    assert (~data.scored).sum() == general
    assert data.weights[data.scored].mean() == pytest.approx(1, abs=1e-5)


def test_a_corpus_too_small_for_the_budget_is_read_again(scored, replay):
    data = sequences("plain", scored, replay, sequences=300, replay_share=0.0)
    assert data.tokens.size > 2 * scored.store.tokens.size


def test_an_empty_corpus_is_said(replay):
    empty = Scored(TokenStore(np.zeros(0, np.uint16), np.zeros(1, np.int64), []), np.ones(0))
    with pytest.raises(ValueError, match="everything was filtered out"):
        sequences("plain", empty, replay)


def test_no_tokens_with_weight_is_said(scored, replay):
    worthless = Scored(scored.store, np.zeros(60, np.float32))
    with pytest.raises(ValueError, match="weight"):
        sequences("plain", worthless, replay)


def test_a_budget_of_replay_alone_is_said(scored, replay):
    with pytest.raises(ValueError, match="replay"):
        sequences("plain", scored, replay, sequences=4, replay_share=0.9)


def test_static_weights_are_the_criterions_of_base_and_reference(scored):
    losses = [torch.from_numpy(x) for x in (scored.base, scored.reference)]
    weights = token_weights(*losses, torch.ones(len(losses[0])), ARMS["soft_static"].tokens).numpy()
    weights = weights * np.repeat(scored.document_weights, np.diff(scored.store.starts))
    expected = weights / weights.mean()
    found = scored.weights(ARMS["soft_static"], 0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_static_selection_by_a_step_keeps_its_share_of_tokens(scored):
    arm = Arm(title="hard", tokens=Criterion(form="step", keep=0.25))
    plain = Scored(scored.store, np.ones(60, np.float32), scored.base, scored.reference)
    weights = plain.weights(arm, 0)
    assert (weights > 0).sum() == np.ceil(0.25 * weights.size)


# --- selection alone, entropies, documents --------------------------------------------------------


def test_color_filter_keeps_the_largest_difference_of_document_means(scored):
    """Prior minus conditional loss (arXiv 2406.10670), both frozen, of whole documents."""
    starts = scored.store.starts
    gain = [
        scored.base[a:b].astype(float).mean() - scored.reference[a:b].astype(float).mean()
        for a, b in zip(starts[:-1], starts[1:], strict=True)
    ]
    assert set(scored.chosen(ARMS["color_filter"])) == set(np.argsort(gain)[-42:])


@pytest.mark.parametrize("name", ["color_filter", "selection"])
def test_selection_alone_weighs_no_token(name, scored, replay):
    data = sequences(name, replace(scored, document_weights=np.ones(60, np.float32)), replay)
    assert (data.weights == 1).all() and data.reference is None


def test_the_two_selections_differ(scored):
    chosen = [set(scored.chosen(ARMS[n])) for n in ("color_filter", "selection")]
    assert chosen[0] != chosen[1] and len(chosen[0]) == len(chosen[1]) == 42


@pytest.mark.parametrize("kind", ["entropy", "surprise"])
def test_entropies_come_along_where_the_criterion_needs_them(kind, scored, replay):
    arm = Arm(title="x", tokens=Criterion(numerator="dynamic", denominator=kind))
    with pytest.raises(NotScored, match="needs the RM's entropies"):
        sequences(arm, replace(scored, entropies=None), replay)
    data = sequences(arm, scored, replay)
    places = sequences(arm, numbered(scored), replay).tokens[data.scored]
    np.testing.assert_array_equal(data.entropies[data.scored], scored.entropies[places])
    np.testing.assert_array_equal(data.reference[data.scored], scored.reference[places])
    assert sequences("soft_dynamic", scored, replay).entropies is None


def test_base_losses_come_along_while_they_are_compared(scored, replay):
    arm = Arm(title="x", tokens=Criterion(numerator="dynamic", static_share=0.5))
    data = sequences(arm, scored, replay)
    places = sequences(arm, numbered(scored), replay).tokens[data.scored]
    np.testing.assert_array_equal(data.base[data.scored], scored.base[places])
    assert sequences("soft_dynamic", scored, replay).base is None


def test_segments_change_with_the_end_token_before_a_document(scored, replay):
    data = sequences("plain", scored, replay, document_attention=True)
    assert sequences("plain", scored, replay).segments is None
    assert data.segments.shape == data.tokens.shape
    for tokens, numbers, domain in zip(data.tokens, data.segments, data.scored, strict=True):
        end = tokens == (0 if domain else 1000)
        np.testing.assert_array_equal(np.diff(numbers[:-1]) > 0, end[1:-1])


def test_a_begin_token_heads_every_row_and_is_never_learnt(scored, replay):
    """A model with one predicts badly without it, wherever a row is cut."""
    begin = 60_000  # no other token
    flat = scored.store.tokens.copy()
    flat[scored.store.starts[:-1]] = begin
    opened = replace(scored, store=replace(scored.store, tokens=flat, begin=begin))
    general = replace(replay, begin=begin)
    data = sequences("soft_static", opened, general, document_attention=True)
    assert (data.tokens[:, 0] == begin).all()
    assert (data.weights[data.tokens == begin] == 0).all()
    assert (data.weights[~data.scored][data.tokens[~data.scored] != begin] == 1).all()
    assert data.weights[data.scored].mean() == pytest.approx(1, abs=1e-4)
    for tokens, numbers in zip(data.tokens[data.scored], data.segments[data.scored], strict=True):
        opens = tokens[2:] == begin  # the first of a row may be the one that was put there
        np.testing.assert_array_equal(np.diff(numbers[1:]) > 0, opens)
        assert numbers[0] == numbers[1]


def test_tokens_that_are_not_learnt_have_no_weight(scored, replay):
    learnt = (np.arange(scored.base.size) % 3 == 0).astype(np.float32)
    for name in ("plain", "soft_static"):
        weights = replace(scored, factors=learnt).weights(ARMS[name], 0)
        assert (weights[learnt == 0] == 0).all() and weights.mean() == pytest.approx(1, abs=1e-5)


def test_one_arm_has_one_temperature():
    hot = Criterion(temperature=2.0)
    with pytest.raises(ValueError, match="one temperature"):
        Arm(title="x", documents=Criterion(), tokens=hot)
    assert Arm(title="x", tokens=hot).temperature == 2.0
