import pytest
from results_made_up import GENERAL, QUESTIONS, run

from mucpt_utils.analysis.frames import TableError
from mucpt_utils.analysis.items import final_items, items
from mucpt_utils.analysis.runs import Run
from mucpt_utils.knowledge.invented import INVENTED


def test_a_question_counts_in_each_of_its_strata_and_in_no_other(measured):
    final = final_items(measured)
    one = final[(final["arm"] == "plain") & (final["seed"] == 0) & (final["axis"] == "main")]
    counts = one[one["metric"] == "accuracy"].groupby("stratum")["item"].nunique()
    assert counts["all"] == QUESTIONS
    assert counts["covered"] + counts["uncovered"] == QUESTIONS
    assert counts["popular"] + counts["less_popular"] == QUESTIONS
    assert counts["general"] == GENERAL


def test_what_the_base_knew_and_what_is_invented_are_strata_of_their_own():
    asked = {"old": "popular", "told": "popular", "untold": "less_popular"}
    asked |= {"made up, told": INVENTED, "made up": INVENTED}
    rows = [
        {"tokens": 1, "set": "questions", "question_id": name, "subject": name, "stratum": stratum}
        | {"grade": "correct", "log_likelihood": -1.0}
        for name, stratum in asked.items()
    ]
    told = frozenset({"old", "told", "made up, told"})
    measured = items([Run("plain", 0, rows, told, known_before=frozenset({"old"}))])
    assert {name: set(part["item"]) for name, part in measured.groupby("stratum")} == {
        "all": set(asked),
        "covered": {"told", "made up, told"},
        "uncovered": {"untold", "made up"},
        "popular": {"old", "told"},
        "less_popular": {"untold"},
        "invented": {"made up, told", "made up"},
        "known_before": {"old"},
        "new": {"told", "untold"},
    }


def test_coverage_is_that_of_the_seed(measured):
    def covered(seed):
        chosen = (measured["seed"] == seed) & (measured["stratum"] == "covered")
        return set(measured[chosen]["item"])

    assert covered(0) == {f"m:{i}" for i in range(0, QUESTIONS, 2)}
    assert covered(0).isdisjoint(covered(1))


def test_learning_curves_are_kept_for_the_main_comparison_only():
    assert set(items([run("plain", 0)])["tokens"]) == {100, 200}
    assert set(items([run("plain", 0, "metadata", "absent")])["tokens"]) == {200}


def test_without_any_measurement_there_are_no_items():
    with pytest.raises(TableError, match="no run"):
        items([])
