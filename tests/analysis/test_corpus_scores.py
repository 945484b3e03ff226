"""What the scores say of the corpus: losses by coverage, selection, the weights of some tokens."""

import numpy as np
import pandas as pd
import pytest

from mucpt_utils.analysis import scores
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.study.labels import kept_documents


def document(title, kinds=(), in_domain=True, **truth):
    spans = [{"kind": kind} for kind in kinds]
    return {
        "metadata": {"title": title, "truth": {"in_domain": in_domain, "spans": spans, **truth}}
    }


def test_a_mean_loss_is_that_of_documents_told_apart_by_what_the_seeds_model_knows(store_of):
    """A and B are under test; each document counts once, however long it is."""
    documents = [document(title) for title in ("A", "B", "A", "elsewhere")]
    base = np.array([1.0, 3, *[5, 5, 5], *[6, 6, 6, 6], 99])
    corpus = Scored(store_of([2, 3, 4, 1]), np.ones(4), base, base / 2)
    knows = {0: {"A"}, 1: {"B"}}
    found = scores.mean_losses(documents, {"A", "B"}, {0: corpus, 1: corpus}, knows)
    expected = [
        (0, "covered", 4.0, 2.0, 2),
        (0, "uncovered", 5.0, 2.5, 1),
        (1, "covered", 5.0, 2.5, 1),
        (1, "uncovered", 4.0, 2.0, 2),
    ]
    columns = ["seed", "text", "base", "reference", "documents"]
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected, columns=columns))


def test_documents_are_in_the_groups_that_their_labels_say():
    documents = [
        document("A", ["fact"], reliable=True),
        document("A", ["fact", "wrong_fact"], reliable=False),
        document("B", ["spam"]),
        document("B", ["wrong_fact"]),
        document("elsewhere", ["fact"], in_domain=False),
        document("A"),
    ]
    groups = scores.document_groups(documents, {"A", "B"}, {"A"})
    assert {name: np.flatnonzero(members).tolist() for name, members in groups.items()} == {
        "all": [0, 1, 2, 3, 4, 5],
        "about a subject that the RM knows": [0, 1, 5],
        "about one that it does not know": [2, 3],
        "true facts only": [0, 4],
        "with a wrong fact": [1, 3],
        "known subject, true facts only": [0],
        "known subject, with a wrong fact": [1],
        "unknown subject, with a wrong fact": [3],
        "from a reliable site": [0],
        "from an unreliable site": [1],
        "off the domain": [4],
    }


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
