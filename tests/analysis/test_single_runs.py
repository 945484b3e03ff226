import numpy as np
import pytest
from results_made_up import GENERAL, QUESTIONS, run

from mucpt_utils.analysis.items import items
from mucpt_utils.analysis.single_runs import first_reach, temperature_table, tokens_to_plain


def test_runs_hold_the_end_of_each_run(frames, value):
    where = {"arm": "soft_dynamic", "seed": 1, "axis": "main", "metric": "accuracy"}
    table = frames["runs"]
    assert value(table, "value", stratum="covered", **where) == pytest.approx(0.9)
    assert value(table, "value", stratum="uncovered", **where) == pytest.approx(0.2)
    assert value(table, "n", stratum="all", **where) == QUESTIONS
    assert value(table, "tokens", stratum="all", **where) == 200
    assert value(table, "value", **{**where, "metric": "bits_per_byte"}, stratum="music") == 1.01


def test_learning_curves_hold_every_point_and_the_base_at_zero(frames):
    curves = frames["learning_curves"]
    chosen = curves[(curves["stratum"] == "covered") & (curves["metric"] == "accuracy")]
    plain = chosen[(chosen["arm"] == "plain") & (chosen["seed"] == 0)]
    assert dict(zip(plain["tokens"], plain["value"], strict=True)) == {100: 0.25, 200: 0.5}
    assert list(chosen[chosen["arm"] == "base"]["tokens"]) == [0, 0]


def test_tokens_to_plain_are_interpolated(frames, value):
    table = frames["runs"]
    where = {"metric": "tokens_to_plain", "seed": 0}
    # soft_dynamic passes (0, 0), (100, .45), (200, .9) on covered facts; plain ends at .5
    expected = 100 + (0.5 - 0.45) / 0.45 * 100
    assert value(table, "value", arm="soft_dynamic", stratum="covered", **where) == pytest.approx(
        expected
    )
    assert value(table, "value", arm="plain", stratum="covered", **where) == 200
    assert np.isnan(value(table, "value", arm="soft_dynamic", stratum="uncovered", **where))
    assert np.isnan(value(table, "value", arm="base", stratum="covered", **where))


def test_plain_that_learnt_nothing_is_not_a_goal():
    measured = items([run("base", 0), run("plain", 0, shift=-0.5)])
    reached = tokens_to_plain(measured)
    assert len(reached) and reached["value"].isna().all()


def test_a_goal_that_the_start_has_reached_already_is_never_met(measured):
    curve = tokens_to_plain(measured).head(1).assign(value=0.9)
    assert np.isnan(first_reach(curve, start=0.5, goal=0.5))
    assert first_reach(curve, start=0.0, goal=0.45) == pytest.approx(curve["tokens"].iloc[0] / 2)


def test_answers_hold_final_answers_and_shared_runs_once(frames):
    answers = frames["answers"]
    assert not answers.duplicated(["run", "question_id"]).any()
    names = set(answers["run"])
    assert {"plain/seed0", "metadata=absent/plain/seed1"} <= names
    assert "metadata=present/plain/seed0" not in names  # it is plain/seed0
    assert (answers.groupby("run").size() == QUESTIONS + GENERAL).all()


def test_temperatures_stand_in_their_order_as_numbers():
    table = temperature_table({1: {"losses": {"10.0": 2.0, "1.0": 3.0}}, 0: {"losses": {"2": 1.0}}})
    assert table["temperature"].tolist() == [2.0, 1.0, 10.0]
    assert table["seed"].tolist() == [0, 1, 1] and table["loss"].tolist() == [1.0, 3.0, 2.0]
