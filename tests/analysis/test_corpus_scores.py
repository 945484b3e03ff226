"""What the scores say of the corpus: losses by coverage, selection, the weights of some tokens."""

import numpy as np
import pytest

from mucpt_utils.analysis import scores
from mucpt_utils.study.labels import kept_documents


@pytest.fixture(scope="module")
def scored(study):
    """The corpus with its losses, by seed, and what the seed's reference model knows."""
    return {0: study.scored(study.arm("soft_static"), 0)}, {0: study.covered(0)}


@pytest.fixture(scope="module")
def texts(study):
    """The documents of the corpus, and the subjects under test."""
    return kept_documents(study.corpus().folder), {f.subject for f in study.roles.test}


def test_losses_are_told_apart_by_what_the_reference_model_knows(texts, scored):
    table = scores.mean_losses(*texts, *scored)
    assert table["text"].tolist() == ["covered", "uncovered"]
    assert (table[["base", "reference"]] > 0).all(axis=None)
    assert table["documents"].sum() <= len(texts[0])


def test_selection_keeps_the_share_that_the_arm_asks_for(study, texts, scored):
    arm = study.arm("selection_soft")
    table = scores.selected_documents(*texts, arm, *scored).set_index("documents")
    count = table.loc["all", "n"]
    assert count == len(texts[0]) == table["n"].max()
    kept = np.ceil(arm.documents.keep * count) / count
    assert table.loc["all", "share_kept"] == pytest.approx(kept)


def test_weights_of_some_tokens_are_those_of_the_corpus(study, scored):
    arms = {name: study.arm(name) for name in ("base", "plain", "soft_static", "soft_dynamic")}
    corpora = {name: study.scored(arm, 0) for name, arm in arms.items()}
    whole = np.arange(len(corpora["plain"].store.tokens))
    every = scores.weights_at_start(arms, corpora, 0, whole)
    assert list(every) == ["soft_static", "soft_dynamic"], "arms that weigh no tokens are left out"
    some = scores.weights_at_start(arms, corpora, 0, whole[5:9])
    for name, weights in every.items():
        assert weights.mean() == pytest.approx(1, abs=1e-4)
        np.testing.assert_array_equal(some[name], weights[5:9])
