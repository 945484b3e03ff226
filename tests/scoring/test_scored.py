"""The one road from losses to weights: what it needs, what it refuses, that it is the only one."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.io import write_json
from mucpt_utils.scoring import losses
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.scoring.scored import NotScored, Scored

SURPRISE = ARMS["soft_surprise"]


@pytest.fixture
def scored(store_of):
    rng = np.random.default_rng(0)
    store = store_of(rng.integers(5, 40, 30).tolist())
    base, reference, entropies = rng.uniform(0, 8, (3, store.tokens.size)).astype(np.float16)
    return Scored(store, np.ones(30, np.float32), base, reference, entropies, temperature=2.0)


def test_weights_are_those_of_the_criterion_with_its_entropies(scored):
    arrays = (scored.base, scored.reference, scored.entropies)
    base, reference, entropies = (torch.from_numpy(x) for x in arrays)
    everything = torch.ones(len(base))
    ours = scored.weights(SURPRISE, 0)
    by_hand = token_weights(base, reference, everything, SURPRISE.tokens, entropies)
    np.testing.assert_allclose(ours, by_hand.numpy(), atol=1e-6)
    # what went wrong once: the surprise's criterion applied to losses
    losses_alone = SURPRISE.tokens.model_copy(update={"denominator": "loss"})
    other = token_weights(base, reference, everything, losses_alone)
    assert np.abs(ours - other.numpy()).max() > 0.5


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"base": None}, "not scored by the base and the reference model"),
        ({"reference": None}, "not scored by the base and the reference model"),
        ({"entropies": None}, "needs the RM's entropies"),
        ({"temperature": 1.5}, "asks for temperature 2, the reference losses are of temp.* 1.5"),
        ({"temperature": None}, "asks for temperature 2"),
    ],
)
def test_it_refuses_what_the_criterion_needs_and_it_lacks(scored, missing, message):
    lacking = replace(scored, **missing)
    with pytest.raises(NotScored, match=message):
        lacking.weights(SURPRISE, 0)
    by_document = Arm(title="x", documents=SURPRISE.tokens)
    with pytest.raises(NotScored, match=message):
        lacking.chosen(by_document)


def test_token_weights_refuse_a_denominator_without_entropies():
    pair = torch.tensor([1.0, 2.0])
    for kind in ("entropy", "surprise"):
        with pytest.raises(ValueError, match=f"denominator={kind} needs the RM's entropies"):
            token_weights(pair, pair, torch.ones(2), Criterion(denominator=kind))


def test_tokens_that_are_not_learnt_are_not_compared(store_of):
    """By hand: of three that are, the two of largest excess loss are kept; the mean is over all."""
    criterion = Criterion(compare="difference", form="step", keep=0.5)
    excess, factors = np.array([3.0, 1, 9, 2]), np.array([1, 1, 0, 2])
    corpus = Scored(store_of([4]), np.ones(1), excess, np.zeros(4), factors=factors)
    weights = corpus.weights(Arm(title="x", tokens=criterion), 0)
    assert weights.tolist() == pytest.approx([4 / 3, 0, 0, 8 / 3])


def test_an_arm_without_a_reference_needs_no_scores(scored):
    bare = Scored(scored.store, scored.document_weights)
    assert (bare.weights(ARMS["plain"], 0) == 1).all()
    assert set(np.unique(bare.weights(ARMS["random"], 0))) > {0.0}
    assert len(bare.chosen(ARMS["plain"])) == 30


def test_dynamic_weights_are_fixed_only_at_the_start(scored):
    assert (scored.weights(ARMS["soft_dynamic"], 0) == 1).all()
    start = scored.weights(ARMS["soft_dynamic"], 0, at_start=True)
    assert start.std() > 0.1 and start.mean() == pytest.approx(1, abs=1e-5)
    static = ARMS["soft_static"]
    same = scored.weights(static, 0, at_start=True)
    np.testing.assert_array_equal(same, scored.weights(static, 0))


def test_a_criterion_that_warms_up_weighs_nothing_at_the_start(scored):
    arm = Arm(title="x", tokens=Criterion(numerator="dynamic", warmup=0.2))
    assert (scored.weights(arm, 0, at_start=True) == 1).all()


def test_it_is_read_from_folders_with_the_temperature_of_its_losses(scored, tmp_path):
    tokens = tmp_path / "tokens"
    scored.store.save(tokens)
    np.save(tokens / "weights.npy", scored.document_weights)
    for name in ("sites", "titles"):
        np.save(tokens / f"{name}.npy", np.arange(30))
    for name in ("base", "reference", "entropies"):
        losses.save(tmp_path / name, getattr(scored, name))
    write_json(tmp_path / "reference" / "temperature.json", {"temperature": 2.0})
    folders = {name: tmp_path / name for name in ("base", "reference", "entropies")}
    read = Scored.read(tokens, **folders)
    assert read.temperature == 2.0
    np.testing.assert_array_equal(read.weights(SURPRISE, 0), scored.weights(SURPRISE, 0))


# who may turn losses into weights: the road, training, and what shows single steps of a few tokens
CALLERS = {
    *("scoring/scored.py", "training/trainer.py"),
    *("teaching/show.py", "teaching/widgets.py", "teaching/exercises/scoring.py"),
}


def test_nobody_else_turns_losses_into_weights():
    callers = set()
    for path in sorted(Path(paths.PACKAGE).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name == "token_weights":
                    callers.add(path.relative_to(paths.PACKAGE).as_posix())
    assert callers == CALLERS, "weights of a corpus come from scoring.scored.Scored"


# --- sites and ratings ----------------------------------------------------------------------------


def crawl(store_of, known=(0, 1, 2), bad=(3, 4)):
    """Six subjects told by five sites, 40 documents each pair; the RM knows half of the subjects.

    Where it knows the subject its loss is low on what reliable sites say and high on what bad ones
    say; elsewhere it finds what bad sites say more familiar than the truth.
    """
    rng = np.random.default_rng(1)
    titles, sites = (x.ravel() for x in np.meshgrid(np.arange(6), np.arange(5)))
    titles, sites = np.repeat(titles, 40), np.repeat(sites, 40)
    store = store_of([10] * len(titles))
    told = np.isin(titles, known)
    wrong = np.isin(sites, bad) & (rng.random(len(titles)) < 0.6)
    loss = np.where(told, np.where(wrong, 6.0, 1.0), np.where(wrong, 3.0, 6.0))
    reference = np.repeat(loss, 10) + rng.normal(0, 0.3, store.tokens.size)
    base = np.full(store.tokens.size, 6.0)
    weights = np.ones(len(titles), np.float32)
    return Scored(
        store, weights, base, reference, temperature=1.0, sites=sites.astype(np.int32),
        titles=titles.astype(np.int32),
    )  # fmt: skip


def test_a_site_is_believed_for_what_the_reference_model_knows(store_of):
    corpus = crawl(store_of)
    kept = corpus.chosen(ARMS["sites"].model_copy(update={"documents": by_site(0.6)}))
    assert set(corpus.sites[kept]) == {0, 1, 2} and len(kept) == 720
    assert set(corpus.titles[kept]) == set(range(6)), "subjects that it does not know come along"
    # the same ratio, document by document, keeps what it knows and drops the rest
    alone = corpus.chosen(ARMS["selection"].model_copy(update={"documents": by_document(0.3)}))
    assert set(corpus.titles[alone]) <= {0, 1, 2}


def test_the_ratio_of_sites_by_hand(store_of):
    """Of five titles the RM knows two better than the median one: 0 and 3, whose means are 1 and 3.

    From these, the documents of site 0 are 3 and 2 away, those of site 1 -1, with three tokens, and
    -2. The last token of each document does not count.
    """
    told = [  # title, site, tokens that count, logarithm of the document's ratio
        *[(0, 0, 1, 4.0), (0, 1, 3, 0.0), (1, 0, 1, 0.5), (1, 1, 1, -0.5), (2, 0, 2, -1.0)],
        *[(2, 1, 2, -3.0), (3, 0, 1, 5.0), (3, 1, 1, 1.0), (4, 0, 1, -1.0), (4, 1, 1, -1.0)],
    ]
    titles, sites, sizes, logs = (np.array(column) for column in zip(*told, strict=True))
    store = store_of((sizes + 1).tolist())
    counts = np.ones(store.tokens.size, bool)
    counts[store.starts[1:] - 1] = False
    base = np.where(counts, np.repeat(np.exp(logs), sizes + 1), 50.0)
    corpus = Scored(store, np.ones(10), sites=sites, titles=titles)
    looked = replace(corpus, factors=np.where(counts, 3.0, 1.0))
    ratios = looked.site_ratios(base, np.ones_like(base), 1e-9)
    assert ratios.tolist() == pytest.approx(np.where(sites == 0, 2.5, -1.25).tolist())
    # of titles that the RM has all read about none is left out
    ratios = looked.site_ratios(base, np.ones_like(base), 1e-9, all_known=True)
    assert ratios.tolist() == pytest.approx(np.where(sites == 0, 7.5 / 6, -7.5 / 8).tolist())


def by_site(keep):
    return Criterion(form="step", keep=keep, over="site")


def by_document(keep):
    return Criterion(form="step", keep=keep)


def test_factors_tell_where_a_site_is_looked_at(store_of):
    """Only tokens above factor 1 count: the others may say anything."""
    corpus = crawl(store_of)
    chatter = np.arange(corpus.store.tokens.size) % 10 < 8
    noisy = np.where(chatter, np.random.default_rng(0).uniform(0, 40, chatter.size), 0)
    looked = replace(
        corpus,
        reference=corpus.reference + noisy,
        factors=np.where(chatter, 1.0, 3.0).astype(np.float32),
    )
    ratios = looked.site_ratios(looked.base, looked.reference, 0.1)
    means = [ratios[corpus.sites == site].mean() for site in range(5)]
    assert min(means[:3]) > max(means[3:]) + 0.1


def test_documents_without_sites_are_refused(scored):
    with pytest.raises(NotScored, match="name their sites and titles"):
        scored.chosen(Arm(title="x", documents=by_site(0.5)))


def test_the_best_rated_documents_are_kept(scored):
    rated = replace(scored, ratings=np.arange(30)[::-1].astype(np.float32))
    quality = ARMS["quality"].model_copy(update={"keep": 0.2})
    assert rated.chosen(quality).tolist() == [0, 1, 2, 3, 4, 5]
    nearest = quality.model_copy(update={"keep": 0.29})
    assert len(rated.chosen(nearest)) == 9, "8.7 of 30"
    with pytest.raises(NotScored, match="not rated"):
        scored.chosen(quality)


def test_loss_of_the_base_alone_needs_no_reference_model(scored):
    alone = replace(scored, reference=None, entropies=None, temperature=None)
    arm = ARMS["base_loss"]
    np.testing.assert_array_equal(alone.weights(arm, 0), scored.weights(arm, 0))
    order = np.argsort(scored.base)
    assert (np.diff(alone.weights(arm, 0)[order]) >= 0).all(), "the more loss, the more weight"


def test_text_is_mixed_in_only_where_nothing_is_scored(scored, store_of):
    plain = Scored(scored.store, scored.document_weights * 0.5)
    more = store_of([7, 8])
    joined = plain.joined(more)
    assert len(joined.store) == 32 and joined.store.tokens.size == joined.store.starts[-1]
    assert joined.store.document(31).tolist() == more.document(1).tolist()
    assert joined.document_weights.tolist() == [0.5] * 32
    with pytest.raises(NotScored, match="mixed in"):
        scored.joined(more)
