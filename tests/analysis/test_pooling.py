"""All profiles' runs in one table, from their committed answers."""

import numpy as np
import pytest
from results_made_up import runs

from mucpt_utils.analysis import schema
from mucpt_utils.analysis.comparisons import differences
from mucpt_utils.analysis.frames import TableError
from mucpt_utils.analysis.items import items, items_of_answers
from mucpt_utils.analysis.pooling import has_its_own_compute, poolable, pooled
from mucpt_utils.analysis.single_runs import answers_table

MEASURED = ("accuracy", "log_likelihood")


def test_a_reader_can_recompute_every_difference_from_the_answers(answered):
    table = answers_table(runs())
    assert schema.problems("answers", table) == []
    ours, theirs = differences(answered), differences(items(runs()))
    keys = ["arm", "compared_to", "stratum", "metric"]
    # how many tokens plain's accuracy took needs the whole curve; answers are of the end
    ours, theirs = (part[part["metric"].isin(MEASURED)] for part in (ours, theirs))
    both = ours.merge(theirs, on=keys, suffixes=("", "_there"))
    assert len(both) == len(ours) > 20
    for column in ("difference",):  # intervals need the subjects, which the questions hold
        assert np.allclose(both[column], both[f"{column}_there"], equal_nan=True), column


def test_answers_without_log_likelihoods_are_refused():
    old = answers_table(runs()).drop(columns=["log_likelihood", "covered"])
    with pytest.raises(TableError, match="no log-likelihoods"):
        items_of_answers(old)


def test_seeds_of_two_profiles_are_other_runs_and_narrow_the_interval(answered, value):
    table = pooled({"one": answered, "two": answered.assign(seed=answered["seed"])})
    assert schema.problems("pooled", table) == []
    assert set(table["stratum"]) == {"covered", "uncovered"}
    where = {"arm": "soft_dynamic", "compared_to": "plain", "stratum": "covered"}
    where |= {"metric": "accuracy"}
    rows = table[(table[list(where)] == list(where.values())).all(axis=1)]
    assert rows["pooled"].tolist() == ["yes", "no", "no"]
    assert rows["profiles"].tolist() == ["one, two", "one", "two"]
    assert rows["seeds"].tolist() == [4, 2, 2]
    assert rows["difference"].nunique() == 1


def test_an_arm_of_one_profile_is_pooled_over_that_one(answered):
    short = answered[answered["arm"] != "soft_dynamic"]
    table = pooled({"one": answered, "two": short})
    for side in ("arm", "compared_to"):
        rows = table[(table[side] == "soft_dynamic") & (table["pooled"] == "yes")]
        assert set(rows["profiles"]) == {"one"}, side


def test_a_profile_without_the_setting_has_the_usual_compute():
    assert not has_its_own_compute({"settings": {}})
    assert not has_its_own_compute({"settings": {"compute_of": "selection_soft"}})
    assert has_its_own_compute({"settings": {"compute_of": "start_reference"}})


def test_only_profiles_trained_from_scratch_on_test_questions_are_pooled():
    run = {"profile": "laptop", "settings": {"world": {"split": "test"}}}
    assert poolable(run)
    assert not poolable({**run, "profile": "smoke"})
    assert not poolable({"profile": "laptop", "settings": {"world": {"split": "dev"}}})
    real = {"world": {"split": "test"}, "pretrained": {"name": "package:smollm2-135m"}}
    assert not poolable({"profile": "real", "settings": real})
    of_prose = {"world": {"split": "test"}, "text": {"name": "a corpus of real text"}}
    assert not poolable({"profile": "prose", "settings": of_prose})
