"""The same runs made twice, and how far their differences moved."""

import numpy as np
import pandas as pd
import pytest
from results_made_up import runs

from mucpt_utils.analysis import schema
from mucpt_utils.analysis.items import items_of_answers
from mucpt_utils.analysis.repeats import is_repeat, movement, repeated
from mucpt_utils.analysis.single_runs import answers_table

SETTINGS = {"name": "one", "purpose": "a", "arms": ["plain"], "seeds": [0, 1], "replay": 0.2}


@pytest.fixture(scope="module")
def answered():
    return items_of_answers(answers_table(runs()))


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"name": "two", "purpose": "b", "arms": ["plain", "rho1"]}, True),
        ({"seeds": [2, 3]}, False),
        ({"replay": 0.1}, False),
    ],
)
def test_a_repeat_has_the_same_seeds_and_settings_and_may_have_other_arms(changed, same):
    first, second = {"settings": SETTINGS}, {"settings": {**SETTINGS, **changed}}
    assert is_repeat(first, second) is same


def test_a_run_without_settings_repeats_nothing():
    assert not is_repeat({"settings": {}}, {"settings": {}})


def test_a_run_set_beside_itself_has_not_moved(answered):
    table = repeated(answered, answered, ("one", "two"))
    assert schema.problems("repeats", table) == []
    assert len(table) > 10 and (table["moved"].dropna() == 0).all()
    assert (table["verdict"] == table["verdict_again"]).all()
    assert set(table["profile"]) == {"one"} and set(table["again"]) == {"two"}


def test_what_one_arm_gains_in_the_second_run_is_what_its_differences_move_by(answered):
    gain = (answered["arm"] == "soft_dynamic") & (answered["metric"] == "log_likelihood")
    again = answered.assign(value=answered["value"] + 0.25 * gain)
    table = repeated(answered, again, ("one", "two"))
    rows = table[(table["compared_to"] == "plain") & (table["metric"] == "log_likelihood")]
    expected = np.where(rows["arm"] == "soft_dynamic", 0.25, 0.0)
    assert np.allclose(rows["moved"], expected)


def test_arms_of_one_run_alone_take_no_part(answered):
    short = answered[answered["arm"] != "soft_dynamic"]
    table = repeated(answered, short, ("one", "two"))
    assert "soft_dynamic" not in {*table["arm"], *table["compared_to"]}


def test_movement_is_that_of_the_differences_to_plain_by_measure():
    made = {"compared_to": "plain", "verdict": "better", "verdict_again": "better"}
    rows = [
        {**made, "metric": "accuracy", "moved": 0.03},
        {**made, "metric": "accuracy", "moved": -0.04, "verdict_again": "undecided"},
        {**made, "metric": "accuracy", "moved": 9.0, "compared_to": "rho1"},
    ]
    (told,) = movement(pd.DataFrame(rows)).to_dict("records")
    assert told["typical"] == pytest.approx(np.sqrt((0.03**2 + 0.04**2) / 2))
    assert told["largest"] == pytest.approx(0.04)
    assert told["reach"] == pytest.approx(1.96 * told["typical"])
    assert (told["comparisons"], told["same_verdict"]) == (2, 1)
