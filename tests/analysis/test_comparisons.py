import numpy as np
import pandas as pd
import pytest
from results_made_up import QUESTIONS, run, runs, surface_runs

from mucpt_utils import stats
from mucpt_utils.analysis import comparisons, schema
from mucpt_utils.analysis.items import items
from mucpt_utils.analysis.runs import Run
from mucpt_utils.config.axes import DEFAULT, load_axes
from mucpt_utils.config.files import SettingsError
from mucpt_utils.config.settings import load_profile


def test_a_mean_over_the_lucky_seeds_is_not_given(value):
    measured = items([run("plain", 0), run("plain", 1), run("rho1", 0), run("rho1", 1, shift=-0.4)])
    main = comparisons.main_comparison(measured, comparisons.differences(measured))
    where = {"arm": "rho1", "stratum": "covered", "metric": "tokens_to_plain"}
    for column in ("mean", "difference_to_plain", "p_value"):
        assert np.isnan(value(main, column, **where)), column
    assert value(main, "seeds", **where) == 1


def test_intervals_are_clustered_by_seed_and_by_subject():
    """Two questions about each of six subjects, asked of three seeds."""
    rng = np.random.default_rng(0)
    seed, subject, question = (x.ravel() for x in np.indices((3, 6, 2)))
    gain = rng.normal(0, 1, 3)[seed] + rng.normal(0, 1, 6)[subject] + rng.normal(0, 0.1, 36)
    keys = {"seed": seed, "subject": subject, "item": 2 * subject + question, "value": gain}
    ours = pd.DataFrame(keys).assign(arm="ours", stratum="all", metric="log_likelihood")
    (mean,) = comparisons.estimates(ours, ["arm"]).to_dict("records")
    theirs = ours.assign(value=0.0).sample(frac=1, random_state=0)
    (difference,) = comparisons.paired(ours, theirs).to_dict("records")
    expected = pytest.approx(stats.clustered_mean(gain, seed, subject))
    assert (mean["mean"], mean["ci_low"], mean["ci_high"]) == expected
    assert tuple(difference[c] for c in ("difference", "ci_low", "ci_high")) == expected


def test_differences_are_paired_by_seed_and_question(frames, measured, value):
    table = frames["differences"]
    where = {"arm": "soft_dynamic", "compared_to": "plain", "stratum": "covered"}
    assert value(table, "difference", metric="accuracy", **where) == pytest.approx(0.4)
    assert value(table, "n", metric="accuracy", **where) == QUESTIONS  # 20 in each of 2 seeds
    # every question's likelihood differs by the same amount: paired, no spread is left
    where |= {"metric": "log_likelihood"}
    assert value(table, "ci_low", **where) == pytest.approx(value(table, "ci_high", **where))
    shuffled = comparisons.differences(measured.sample(frac=1, random_state=1))
    assert value(shuffled, "difference", **where) == pytest.approx(0.4)


def test_a_profile_names_further_arms_to_compare_with(measured):
    usual = set(comparisons.differences(measured)["compared_to"])
    assert "soft_mixed" not in usual
    named = measured.replace({"arm": {"selection_soft": "soft_mixed"}})
    more = comparisons.differences(named, others=["soft_mixed", "plain"])
    assert set(more["compared_to"]) == usual | {"soft_mixed"}
    assert not more.duplicated(["arm", "compared_to", "stratum", "metric"]).any()
    fewer = comparisons.differences(measured, others=["soft_mixed"])
    assert set(fewer["compared_to"]) == usual, "an arm that was not run"
    with pytest.raises(SettingsError, match="inverted"):
        load_profile("smoke", ["also_compared=[inverted]"])


def test_an_arm_that_costs_far_more_is_not_compared_at_equal_compute():
    named = items(runs()).replace({"arm": {"rho1": "plain_compute"}})
    costs = pd.DataFrame(
        {
            "arm": ["plain", "plain_compute", "selection_soft", "soft_dynamic"],
            "relative_to_plain": [1.0, 1.3, 1.3, 2.5],
        }
    )
    table = comparisons.differences(named, costs)
    by_other = table.groupby("compared_to")["arm"].unique()
    assert "soft_dynamic" in by_other["plain"]
    assert "soft_dynamic" not in by_other["plain_compute"]
    assert "plain_compute" not in by_other["soft_dynamic"]
    assert "selection_soft" in by_other["plain_compute"]


def test_a_run_of_plain_alone_has_a_main_comparison_without_differences():
    measured = items([run("plain", seed) for seed in (0, 1)])
    differences = comparisons.differences(measured)
    main = comparisons.main_comparison(measured, differences)
    assert differences.empty and set(main["arm"]) == {"plain"}
    assert main["difference_to_plain"].isna().all() and set(main["verdict"]) == {""}


def test_main_comparison_agrees_with_differences(frames, value):
    where = {"arm": "rho1", "stratum": "uncovered", "metric": "accuracy"}
    main, table = frames["main_comparison"], frames["differences"]
    same = {"difference_to_plain": "difference", "p_value": "p_value"}
    same |= {f"difference_to_plain_{end}": f"ci_{end}" for end in ("low", "high")}
    for column, there in same.items():
        assert value(main, column, **where) == value(table, there, compared_to="plain", **where)
    assert value(main, "ci_low", **where) <= 0.5 <= value(main, "ci_high", **where)
    plain = main[main["arm"] == "plain"]
    assert plain["difference_to_plain"].isna().all()


def test_two_values_of_one_sign_are_not_significant(frames, value):
    where = {"arm": "base", "compared_to": "plain", "stratum": "general"}
    assert value(frames["differences"], "p_value", metric="bits_per_byte", **where) == 0.5
    assert comparisons.sign_flip_p([1.0, 2.0, 3.0]) == 0.25
    assert comparisons.sign_flip_p([1.0, -1.0]) == 1.0


def test_no_sign_flip_p_is_below_the_smallest_possible_one_however_large_the_values():
    """What went wrong once: p = 0 for tokens, whose sums are rounded by more than a fixed bound."""
    for values in -3e5 * np.random.default_rng(0).random((50, 6)):
        assert comparisons.sign_flip_p(values) == 2 / 2**6


def test_composition_by_level_and_against_the_default_level(frames, value):
    where = {"axis": "metadata", "arm": "plain", "stratum": "all", "metric": "accuracy"}
    assert value(frames["composition"], "mean", level="absent", **where) == pytest.approx(0.2)
    table = frames["composition_differences"]
    assert value(table, "difference", level="absent", **where) == pytest.approx(-0.3)
    assert set(table["compared_to"]) == {"present"}
    assert "present" not in set(table["level"])


def test_arms_are_compared_with_plain_of_the_same_level(value):
    measured = items(surface_runs())
    table = comparisons.arms_by_level(measured)
    assert schema.problems("arms_by_level", table) == []
    assert set(table["compared_to"]) == {"plain"} and "plain" not in set(table["arm"])
    surface = comparisons.reference_surface(measured, 0.7)
    where = {"arm": "soft_dynamic", "stratum": "all", "metric": "accuracy"}
    for level in table["level"].unique():
        coverage, confidence = level.split(", ")
        expected = value(surface, "difference", coverage=coverage, confidence=confidence, **where)
        assert value(table, "difference", level=level, **where) == pytest.approx(expected)


def test_the_default_level_of_an_axis_is_the_one_that_changes_nothing():
    for name, level in comparisons.default_levels().items():
        (declared,) = [one for one in load_axes()[name].levels if one.name == level]
        assert not declared.set


def test_the_surface_is_the_soft_arm_minus_plain_for_each_reference_model(frames, value):
    table = frames["reference_surface"]
    assert list(dict.fromkeys(zip(table["coverage"], table["confidence"], strict=True))) == [
        ("0.3", "as trained"),
        ("1", "calibrated"),
    ]
    where = {"arm": "soft_dynamic", "stratum": "all", "metric": "accuracy"}
    low = value(table, "difference", coverage="0.3", **where)
    assert value(table, "difference", coverage="1", **where) - low == pytest.approx(0.1)
    assert set(table["arm"]) == {"soft_dynamic"}, "plain is what it is compared with"


def test_the_profiles_own_coverage_is_told_as_a_number():
    measured = items(surface_runs())
    measured["level"] = measured["level"].str.replace("0.3", DEFAULT)
    assert set(comparisons.reference_surface(measured, 0.7)["coverage"]) == {"0.7", "1"}


def test_a_study_without_axes_has_empty_tables_of_them():
    measured = items([run("plain", 0)])
    assert comparisons.reference_surface(measured, 0.7).empty
    assert comparisons.composition(measured).empty
    assert comparisons.composition_differences(measured).empty
    assert comparisons.arms_by_level(measured).empty
    assert comparisons.differences(measured).empty, "one arm has nothing to be compared with"


def tuned(arm, grades):
    """Two seeds of a run with the same few grades."""
    rows = [
        {"tokens": 10, "set": "questions", "question_id": f"q{i}", "subject": f"s{i}"}
        | {"stratum": "popular", "grade": "correct" if good else "incorrect"}
        | {"log_likelihood": -1.0 + good}
        for i, good in enumerate(grades)
    ]
    return [Run(arm, seed, rows) for seed in (0, 1)]


def test_alignment_pairs_questions_and_ranks_arms():
    still = tuned("rho1", [1, 1, 0, 0]) + tuned("rho1_calibrated", [1, 1, 0, 0])
    before = items([*tuned("plain", [1, 0, 0, 0]), *still])
    after = items([*tuned("plain", [1, 1, 1, 0]), *still])
    table = comparisons.alignment(before, after)
    rows = table[(table["stratum"] == "all") & (table["metric"] == "accuracy")].set_index("arm")
    assert rows["before"].to_dict() == {"plain": 0.25, "rho1": 0.5, "rho1_calibrated": 0.5}
    assert rows["after"].to_dict() == {"plain": 0.75, "rho1": 0.5, "rho1_calibrated": 0.5}
    assert rows.loc["plain", "difference"] == pytest.approx(0.5)
    assert rows.loc["rho1", "difference"] == 0
    assert rows["rank_before"].to_dict() == {"plain": 3, "rho1": 1, "rho1_calibrated": 1}
    assert rows["rank_after"].to_dict() == {"plain": 1, "rho1": 2, "rho1_calibrated": 2}
    assert not table["ci_low"].isna().any()
