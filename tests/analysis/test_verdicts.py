"""The rule of verdicts: what one difference, one kind of facts and one arm come to."""

import numpy as np
import pandas as pd
import pytest

from mucpt_utils import paths
from mucpt_utils.analysis import schema, verdicts
from mucpt_utils.analysis.verdicts import (
    BETTER,
    MIXED,
    NO_DIFFERENCE,
    NO_ROOM,
    UNDECIDED,
    WORSE,
)

NATS, ACCURACY = verdicts.load_rule().measures.items()
SURE = 0.001


def row(arm, value, half, metric="log_likelihood", stratum="covered", other="plain", p=None):
    low, high = value - half, value + half
    p_value = (SURE if low > 0 or high < 0 else 0.5) if p is None else p
    return {
        "arm": arm,
        "compared_to": other,
        "stratum": stratum,
        "metric": metric,
        "difference": value,
        "ci_low": low,
        "ci_high": high,
        "p_value": p_value,
        "mde": 1.4 * half,
        "seeds": 6,
        "n": 100,
    }


@pytest.mark.parametrize(
    ("value", "half", "expected"),
    [
        (0.3, 0.1, BETTER),
        (-0.3, 0.1, WORSE),
        (0.0, 0.09, NO_DIFFERENCE),
        (0.0, 0.11, UNDECIDED),
        (0.1, 0.2, UNDECIDED),
        # a bound itself: of no difference it is within, a margin it is not beyond
        (0.0, 0.1, NO_DIFFERENCE),
        (0.05, 0.04, NO_DIFFERENCE),
        # beyond zero, but by no more than a change of machine moves it
        (0.04, 0.03, NO_DIFFERENCE),
        (-0.04, 0.03, NO_DIFFERENCE),
    ],
)
def test_a_difference_needs_an_interval_and_a_margin(value, half, expected):
    assert verdicts.state(row("tagger", value, half)) == expected
    without = NO_ROOM if expected in (NO_DIFFERENCE, UNDECIDED) else expected
    assert verdicts.state(row("tagger", value, half), room=False) == without


def test_measures_without_a_rule_and_missing_numbers_have_no_verdict():
    assert verdicts.state(row("tagger", 0.3, 0.1, "bits_per_byte")) == ""
    assert verdicts.state(row("tagger", np.nan, 0.1)) == ""


def test_a_p_value_of_the_level_itself_is_not_below_it():
    level = verdicts.load_rule().level
    found = [verdicts.state(row("tagger", 0.3, 0.1, p=p)) for p in (level - 1e-9, level)]
    assert found == [BETTER, UNDECIDED]


def test_the_bounds_are_in_their_order():
    for _, bounds in (NATS, ACCURACY):
        assert 0 < bounds.margin < bounds.equivalence < bounds.room
    assert verdicts.load_rule().primary == "log_likelihood"


def test_p_values_are_corrected_over_the_methods_alone():
    arms = ["soft_static", "soft_mixed", "rho1", "oracle_clean"]
    table = pd.DataFrame([row(arm, 0.3, 0.2, p=0.03) for arm in arms])
    judged = verdicts.judged(table).set_index("arm")
    assert judged["p_holm"].to_dict() == pytest.approx(
        dict(zip(arms, [0.06, 0.06, 0.03, 0.03], strict=True))
    )
    assert judged["verdict"].to_list() == [UNDECIDED, UNDECIDED, BETTER, BETTER]


def ceilings(covered, uncovered):
    return [
        row("oracle_clean", 0.01, 0.05),
        row("oracle_focus_clean", covered, 0.05),
        row("oracle_focus_clean", uncovered, 0.05, stratum="uncovered"),
    ]


def test_without_room_a_method_is_not_told_to_make_no_difference():
    methods = [row("soft_static", 0.0, 0.05, stratum=kind) for kind in verdicts.KINDS]
    table = verdicts.judged(pd.DataFrame([*ceilings(0.3, 0.1), *methods]))
    found = table[table["arm"] == "soft_static"].set_index("stratum")["verdict"]
    assert found.to_dict() == {"covered": NO_DIFFERENCE, "uncovered": NO_ROOM}
    rooms = verdicts.room(table)
    assert schema.problems("room", rooms) == []
    assert set(rooms["arm"]) == {"oracle_focus_clean"}, "the best ceiling"
    assert verdicts.roomy(rooms) == {"covered": True, "uncovered": False}


def committed():
    """Committed tables of differences that hold verdicts."""
    files = sorted(paths.RESULTS.glob("*/tables/differences.csv"))
    return [path for path in files if "verdict" in pd.read_csv(path, nrows=0)]


@pytest.mark.parametrize("path", committed(), ids=lambda path: path.parts[-3])
def test_committed_differences_have_the_verdicts_of_todays_rule(path):
    table = pd.read_csv(path)
    again = verdicts.judged(table.drop(columns=["p_holm", "verdict"]))
    turned = table[again["verdict"].ne("") & again["verdict"].ne(table["verdict"])]
    assert turned.empty, turned[["arm", "compared_to", "stratum", "metric", "verdict"]].to_string()


def test_one_measure_with_room_is_room():
    rows = [*ceilings(0.1, 0.1), row("oracle_clean", 0.2, 0.05, "accuracy")]
    assert verdicts.roomy(verdicts.room(pd.DataFrame(rows)))["covered"]
    assert verdicts.room(pd.DataFrame([row("rho1", 0.5, 0.1)])).empty


@pytest.mark.parametrize(("half", "clear"), [(0.29, True), (0.31, False)])
def test_a_ceiling_whose_interval_holds_zero_is_no_room(half, clear):
    table = pd.DataFrame([row("oracle_clean", 0.3, half)])
    assert verdicts.roomy(verdicts.room(table)) == {"covered": clear}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([BETTER, BETTER], BETTER),
        ([BETTER, NO_DIFFERENCE], BETTER),
        ([BETTER, WORSE], MIXED),
        ([BETTER, UNDECIDED], UNDECIDED),
        ([WORSE, NO_DIFFERENCE], WORSE),
        ([BETTER, NO_ROOM], BETTER),
        ([NO_DIFFERENCE, NO_ROOM], NO_ROOM),
        ([MIXED, BETTER], MIXED),
        ([NO_DIFFERENCE, NO_DIFFERENCE], NO_DIFFERENCE),
        ([], ""),
    ],
)
def test_an_arm_is_judged_over_both_kinds_of_facts(states, expected):
    assert verdicts.over_kinds(states) == verdicts.over_kinds(reversed(states)) == expected


def test_the_first_measure_decides_unless_the_second_contradicts_it():
    assert verdicts.on_kind(BETTER, UNDECIDED) == BETTER
    assert verdicts.on_kind(BETTER, WORSE) == MIXED
    assert verdicts.on_kind(UNDECIDED, BETTER) == UNDECIDED


def test_equal_compute_is_none_for_an_arm_that_costs_far_more():
    costs = pd.DataFrame(
        {
            "arm": ["plain", "plain_compute", "near", "far"],
            "relative_to_plain": [1.0, 1.5, 1.5 * verdicts.load_rule().dear, 1.9],
        }
    )
    assert verdicts.too_dear(costs) == {"far"}
    assert verdicts.too_dear(costs[costs["arm"] != "plain_compute"]) == set()
    assert verdicts.too_dear(None) == set()


def test_a_dear_arm_is_judged_at_equal_compute():
    rows = [
        row(arm, 0.3 if other == "plain" else -0.3, 0.1, stratum=kind, other=other)
        for arm in ("tagger", "rho1", "soft_static")
        for other in ("plain", "plain_compute")
        for kind in verdicts.KINDS
    ]
    dear = verdicts.load_rule().dear
    costs = pd.DataFrame(
        {"arm": ["tagger", "rho1", "soft_static"], "relative_to_plain": [1.01, dear, 3.2]}
    )
    table = verdicts.verdicts(verdicts.judged(pd.DataFrame(rows)), costs)
    assert schema.problems("verdicts", table) == []
    headline = table[table["headline"] == "yes"].set_index("arm")
    assert headline["compared_to"].to_dict() == {
        **{"tagger": "plain", "rho1": "plain", "soft_static": "plain_compute"}
    }
    assert headline["verdict"].to_dict() == {
        **{"tagger": BETTER, "rho1": BETTER, "soft_static": WORSE}
    }
    cheap = verdicts.verdicts(verdicts.judged(pd.DataFrame(rows)))
    assert set(cheap[cheap["headline"] == "yes"]["compared_to"]) == {"plain"}, "nothing counted"
