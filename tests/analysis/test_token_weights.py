"""Committed tables of weights: what is fixed before training is what training gave."""

import numpy as np
import pandas as pd
import pytest

from mucpt_utils import paths
from mucpt_utils.analysis import token_weights
from mucpt_utils.study.layouts import Layout

PROFILES = sorted(path.parent.parent for path in paths.RESULTS.glob("*/tables/token_weights.csv"))

# a profile whose arms carry no weights, or none that stand before training, has tables without rows
FIXED, WEIGHTED = (
    [path for path in PROFILES if len(pd.read_csv(path / "tables" / f"{table}.csv"))]
    for table in ("fixed_weights", "token_weights")
)


def test_the_profiles_with_static_arms_are_looked_at():
    assert {"evidence"} <= {path.name for path in FIXED}


@pytest.mark.parametrize("results", FIXED, ids=lambda path: path.name)
def test_static_arms_were_given_what_was_fixed_before(results):
    given, fixed = (
        pd.read_csv(results / "tables" / f"{name}.csv").set_index(["arm", "kind"])
        for name in ("token_weights", "fixed_weights")
    )
    assert set(fixed.index) <= set(given.index)
    given = given.loc[fixed.index]
    np.testing.assert_allclose(given["weight"], fixed["weight"], atol=1e-3)
    assert (given["tokens"] == fixed["tokens"]).all()


@pytest.mark.parametrize("results", WEIGHTED, ids=lambda path: path.name)
def test_the_parts_of_training_add_up_to_the_table(results):
    whole = pd.read_csv(results / "tables" / "token_weights.csv").set_index(["arm", "kind"])
    parts = pd.read_csv(results / "tables" / "token_weights_over_training.csv")
    parts["sum"] = parts["weight"] * parts["n"]
    summed = parts.groupby(["arm", "kind"])[["sum", "n"]].sum()
    means = (summed["sum"] / summed["n"]).loc[whole.index]
    np.testing.assert_allclose(means, whole["weight"], rtol=1e-4)


def test_a_mean_is_over_tokens_and_the_first_of_a_row_has_no_weight():
    """Worked by hand: two documents of three tokens, one row of context 6."""
    kinds = np.array([0, 1, 1, 0, 1, 0], np.int8)
    starts = np.array([0, 3, 6])
    places = np.array([[0, 1, 2, 3, 4, 5]])
    given = np.array([[3.0, 1.0, 0.5, 5.0, 0.0]])  # of the tokens 1 to 5
    layout = Layout("arm", 0, places, np.ones((1, 6)), given, np.array([6]))
    table = token_weights.given_in_training([layout], kinds, starts).set_index("kind")
    assert table.loc["fact", "weight"] == pytest.approx((3 + 1 + 5) / 3)
    assert table.loc["other", "weight"] == pytest.approx((0.5 + 0) / 2)
    assert table["tokens"].to_dict() == {"other": 2, "fact": 3}
    fixed = token_weights.fixed_before_training([layout], kinds, starts)
    assert (fixed["weight"] == 1).all() and list(fixed["tokens"]) == [2, 3]


def test_the_parts_of_training_have_means_of_their_own():
    """Three rows of context 3, of which the second part of training reads the last alone."""
    kinds = np.array([0, 1, 0, 1, 1, 0, 0, 0, 1], np.int8)
    given = np.array([[2.0, 0.0], [3.0, 1.0], [0.5, 4.0]])
    layout = Layout(
        "arm", 0, np.arange(9).reshape(3, 3), np.ones((3, 3)), given, np.array([6, 6, 9])
    )
    table = token_weights.over_training([layout], kinds)
    assert table[["tokens", "kind", "weight", "n"]].to_numpy().tolist() == [
        [6, "other", 0.5, 2],
        [6, "fact", 2.5, 2],
        [9, "other", 0.5, 1],
        [9, "fact", 4.0, 1],
    ]
