"""The same runs made twice, and how far their differences moved."""

import numpy as np
import pandas as pd
import pytest

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.analysis.repeats import is_repeat, made_twice, movement, repeated
from mucpt_utils.analysis.verdicts import load_rule
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import read_json

SETTINGS = {"name": "one", "purpose": "a", "arms": ["plain"], "seeds": [0, 1], "replay": 0.2}


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


def test_a_setting_that_came_after_the_first_run_has_the_value_of_before():
    today = load_profile("crosscheck").model_dump(mode="json")
    before = {**today, "name": "evidence"}
    before["world"] = {key: value for key, value in today["world"].items() if key != "invented"}
    assert is_repeat({"settings": before}, {"settings": today})
    invented = {**today, "world": {**today["world"], "invented": 3}}
    assert not is_repeat({"settings": before}, {"settings": invented})
    unknown = {**before, "setting_of_long_ago": 1}  # which today's program does not know
    assert is_repeat({"settings": unknown}, {"settings": unknown})
    assert not is_repeat({"settings": unknown}, {"settings": today})


def test_the_committed_evidence_is_what_crosscheck_runs_again():
    evidence = read_json(paths.committed("evidence") / "run.json")
    laptop = read_json(paths.committed("laptop") / "run.json")
    again = {"settings": load_profile("crosscheck").model_dump(mode="json")}
    assert is_repeat(evidence, again) and not is_repeat(laptop, again)


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


def test_a_verdict_needs_more_than_what_the_repeat_of_the_answer_moved():
    table = pd.read_csv(paths.RESULTS / "pooled/tables/repeats.csv", keep_default_na=False)
    answer = table[
        (table["profile"] == "evidence") & table["stratum"].isin(["covered", "uncovered"])
    ]
    moved = movement(answer).set_index("metric")["reach"]
    rule = load_rule().measures
    assert set(rule) <= set(moved.index)
    for metric, measure in rule.items():
        assert moved[metric] <= measure.margin < moved[metric] + 0.01


def test_a_profile_made_twice_is_the_one_that_comes_later():
    settings = {"seeds": [1], "name": "x"}
    runs = {"evidence": settings, "crosscheck": settings | {"name": "y"}, "laptop": {"seeds": [2]}}
    records = {name: {"settings": own} for name, own in runs.items()}
    assert made_twice({**records, "of before": {}, "and this": {}}) == {"crosscheck": "evidence"}
