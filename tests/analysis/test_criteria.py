"""Criteria as detectors, on a corpus of three documents that is small enough to check by hand."""

import numpy as np
import pandas as pd
import pytest

from mucpt_utils.analysis import criteria, schema
from mucpt_utils.analysis.criteria import Weighed
from mucpt_utils.config.arms import ARMS
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.study.labels import KINDS, Labels

FACT, WRONG, RUMOUR, OTHER = (KINDS.index(k) for k in ("fact", "wrong_fact", "rumour", "other"))
# two documents about a known subject, one about an unknown one: a right, a wrong and other tokens
KIND = np.array([FACT, WRONG, OTHER, OTHER] + [FACT, RUMOUR, OTHER] + [FACT, WRONG, OTHER])
COVERED = np.array([1, 1, 1, 1, 1, 1, 1, 0, 0, 0])
LABELS = Labels(KIND, np.where(KIND == OTHER, -1, 0), np.ones(3, bool), ["f"])
WEIGHTS = np.array([2.0, 1, 0, 0] + [2, 1, 0] + [0.5, 0.5, 3])


def weighed(arm="soft_static", seed=0, weights=WEIGHTS, chosen=(True, True, False)):
    return Weighed(arm, seed, weights, np.array(chosen), COVERED)


def document(title, kinds, reliable=True):
    truth = {"in_domain": True, "reliable": reliable, "spans": [{"kind": k} for k in kinds]}
    return {"metadata": {"title": title, "truth": truth}}


def test_a_criterion_is_told_by_kind_and_stratum(value):
    table = criteria.criteria([weighed(), weighed(seed=1)], LABELS)
    assert schema.problems("criteria", table) == []
    covered = {"arm": "soft_static", "stratum": "covered"}
    assert [value(table, c, **covered) for c in ("right", "wrong", "other")] == [2, 1, 0]
    assert value(table, "auc", **covered) == 1
    assert np.isnan(value(table, "auc_low", **covered)), "both seeds have the same weights"
    assert value(table, "focus", **covered) == 1
    assert value(table, "tokens", **covered) == 14 and value(table, "seeds", **covered) == 2


def test_an_arm_that_weighs_rows_is_not_described_before_there_are_rows():
    """What went wrong once: RHO-LOSS was described by the first half of the corpus."""
    described = [name for name, arm in ARMS.items() if criteria.has_criterion(arm)]
    assert "rho1" in described and "rho_loss" not in described and "plain" not in described


def test_merely_unknown_statements_stand_against_all_false_ones(value):
    table = criteria.criteria([weighed()], LABELS)
    # .5 against 1, 1 and .5: it wins none and ties with one
    assert value(table, "auc", arm="soft_static", stratum="uncovered") == pytest.approx(0.5 / 3)
    assert np.isnan(value(table, "auc_low", arm="soft_static", stratum="uncovered"))


def test_the_effective_sample_size_is_kishs():
    assert criteria.effective_share(np.ones(7)) == 1
    assert criteria.effective_share(np.array([0, 0, 0, 1.0])) == 0.25
    assert np.isnan(criteria.effective_share(np.zeros(3)))


def test_an_auc_counts_ties_half():
    assert criteria.auc(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == 0.75
    assert np.isnan(criteria.auc(np.array([]), np.array([1.0])))


def test_a_curve_runs_from_corner_to_corner_and_has_the_area_of_its_auc():
    rng = np.random.default_rng(0)
    right, wrong = rng.normal(1, 1, 400).round(1), rng.normal(0, 1, 300).round(1)
    curve = criteria.roc_curve(right, wrong)
    assert curve[0] >= 0 and curve[-1] == 1 and (np.diff(curve) >= 0).all()
    area = np.trapezoid(curve, criteria.GRID)
    assert area == pytest.approx(criteria.auc(right, wrong), abs=0.01)
    flat = criteria.roc_curve(np.ones(5), np.ones(4))
    assert flat == pytest.approx(criteria.GRID), "equal weights tell nothing apart"


def test_the_roc_table_is_over_seeds():
    table = criteria.roc([weighed(), weighed(seed=1, weights=np.ones(10))], LABELS)
    assert schema.problems("roc", table) == []
    covered = table[table["stratum"] == "covered"]
    assert covered["right"].to_numpy() == pytest.approx((1 + criteria.GRID) / 2)


def test_selection_is_told_by_what_documents_are(value):
    documents = [document("A", ["fact"]), document("A", ["wrong_fact"], False), document("B", [])]
    rows = [weighed("selection"), weighed("plain", chosen=(True,) * 3)]
    table = criteria.selection_kinds(rows, documents, {"A", "B"}, {0: {"A"}})
    assert schema.problems("selection_kinds", table) == []
    assert set(table["arm"]) == {"selection"}, "who keeps all has nothing to tell"
    shares = table.set_index("documents")["share_kept"].to_dict()
    assert shares["all"] == pytest.approx(2 / 3)
    assert shares["about a subject that the RM knows"] == 1
    assert shares["about one that it does not know"] == 0
    assert shares["from an unreliable site"] == shares["with a wrong fact"] == 1
    assert "off the domain" not in shares
    # a second seed that keeps the same documents is no new evidence
    again = criteria.selection_kinds(
        [*rows, weighed("selection", 1)], documents, {"A", "B"}, {0: {"A"}, 1: {"A"}}
    )
    for end in ("ci_low", "ci_high"):
        assert value(again, end, documents="all") == value(table, end, documents="all")


def test_documents_left_out_have_no_weight_and_the_others_mean_one(store_of):
    corpus = Scored(store_of([3, 2]), np.ones(2, np.float32))
    weights = criteria.weights_at_start(corpus, ARMS["plain"], 0, np.array([True, False]))
    assert weights.tolist() == pytest.approx([5 / 3] * 3 + [0] * 2)


def test_an_objects_subject_decides_before_the_documents():
    labels = Labels(np.array([FACT, OTHER, OTHER]), np.array([0, -1, -1]), np.ones(2), ["of-b"])
    known = criteria.covered_tokens(
        labels, np.array([0, 2, 3]), ["A", "elsewhere"], {"of-b": "B"}, {"A"}, {"A", "B"}
    )
    assert known.tolist() == [0, 1, -1]


def test_nothing_weighed_gives_empty_tables():
    assert criteria.criteria([], LABELS).empty and criteria.roc([], LABELS).empty
    assert criteria.selection_kinds([], [], set(), {}).empty


def test_seeds_that_share_a_reference_model_are_one_weighting():
    """What went wrong once: two areas, each twice, made an interval a seventh as wide."""
    twice, once = (criteria.interval_of_auc(pd.Series(a)) for a in ([0.55, 0.6] * 2, [0.55, 0.6]))
    assert twice == once and once == pytest.approx((0.257, 0.893), abs=1e-3)
    spread = criteria.interval_of_auc(pd.Series([0.55, 0.6, 0.58]))
    assert once[0] < spread[0] < spread[1] < once[1]


def test_an_area_of_one_is_no_share_of_right_answers():
    assert np.isnan(criteria.interval_of_auc(pd.Series([1.0] * 4))).all()
    low, high = criteria.interval_of_auc(pd.Series([1.0, 0.9]))
    assert high == 1.0 and low < 0.9
    assert np.isnan(criteria.interval_of_auc(pd.Series([np.nan, 0.9]))).all()
