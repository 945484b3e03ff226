"""Answers as the notebooks show them, on made-up runs."""

import pandas as pd
import pytest
from results_made_up import GENERAL, SKILL, answers, questions

from mucpt_utils.analysis import benchmark as shown
from mucpt_utils.analysis import tables
from mucpt_utils.analysis.tables import Run


@pytest.fixture(scope="module")
def asked():
    """40 music questions, four about each subject, in two categories; 20 general ones."""
    music = [
        {"set": "questions", "question_id": id_, "subject": f"s{i // 4}", "answer": f"key {i}"}
        | {"question": f"q{i}?", "category": "song" if i < 8 else "album", "stratum": "popular"}
        for i, id_ in enumerate(questions(0)[0])
    ]
    general = [
        {"set": "general", "question_id": f"g:{i}", "subject": f"g{i}", "answer": "key"}
        | {"question": f"g{i}?", "category": "country", "stratum": "popular"}
        for i in range(GENERAL)
    ]
    return pd.DataFrame(music + general)


@pytest.fixture(scope="module")
def final(asked):
    runs = [Run(arm, seed, answers(arm, seed)) for arm in SKILL for seed in (0, 1)]
    return shown.final_answers(runs, asked)


def test_final_answers_are_those_of_the_last_point(final):
    assert len(final) == len(SKILL) * 2 * 60
    assert set(final[final["arm"] == "plain"]["tokens"]) == {200}
    assert list(final["accuracy"]) == list((final["grade"] == "correct").astype(float))


def test_the_stratum_is_that_of_the_answer(final):
    assert set(final["stratum"]) == {"popular", "less_popular"}
    assert final["category"].notna().all()


def test_accuracy_by_stratum_agrees_with_the_main_comparison(final):
    table = shown.rows(shown.by_stratum(final), metric="accuracy")
    assert list(dict.fromkeys(table["arm"])) == list(SKILL)
    means = table.set_index(["arm", "stratum"])
    assert means.loc[("plain", "all"), "mean"] == pytest.approx(0.5)
    assert means.loc[("base", "general"), "mean"] == pytest.approx(0.9)
    runs = [Run(arm, seed, answers(arm, seed)) for arm in SKILL for seed in (0, 1)]
    ours = tables.estimates(tables.final_items(tables.items(runs)), ["arm"])
    theirs = shown.rows(ours, metric="accuracy").set_index(["arm", "stratum"])
    shared = means.index.intersection(theirs.index)
    assert len(shared) == len(means)
    columns = ["mean", "ci_low", "ci_high", "seeds"]
    pd.testing.assert_frame_equal(means.loc[shared, columns], theirs.loc[shared, columns])


def test_questions_are_counted_once_whatever_the_seeds(final):
    table = shown.by_stratum(final)
    counts = table[table["arm"] == "plain"].groupby("stratum")["n"].first()
    assert counts["all"] == 40 and counts["general"] == 20
    assert counts["popular"] == counts["less_popular"] == 20


def test_categories_hold_music_questions_only(final):
    table = shown.by_category(final)
    assert set(table["category"]) == {"song", "album"}
    assert dict(table.groupby("category")["n"].first()) == {"song": 8, "album": 32}
    by_hand = final[(final["arm"] == "rho1") & (final["category"] == "song")]["accuracy"].mean()
    found = shown.rows(table, arm="rho1", category="song", metric="accuracy")
    assert found["mean"].iloc[0] == pytest.approx(by_hand, abs=5e-4)


def test_side_by_side_has_a_question_a_row_and_an_arm_a_column(final):
    table = shown.side_by_side(final, seed=0, count=3)
    assert list(table.columns) == ["question", "answer", *SKILL]
    assert list(table["question"]) == ["q0?", "q4?", "q8?"]
    given = final[(final["seed"] == 0) & (final["arm"] == "plain")].set_index("question")
    marks = {"correct": "✓", "incorrect": "✗"}
    for row in table.itertuples():
        said = given.loc[row.question]
        assert row.plain == f"{marks[said['grade']]} {said['response']}"


def test_rows_leave_out_what_is_fixed_and_keep_what_varies():
    table = pd.DataFrame({"arm": ["a", "a", "b"], "metric": ["x", "y", "x"], "value": [1 / 3] * 3})
    assert list(shown.rows(table, metric="x").columns) == ["arm", "value"]
    found = shown.rows(table, metric=["x", "y"], arm="a")
    assert list(found["metric"]) == ["x", "y"] and list(found["value"]) == [0.333, 0.333]


def test_graded_cases_come_with_grade_and_reason():
    case = {"question": "Which group?", "answer": "Yes", "answer_type": "group"}
    table = shown.graded([{**case, "response": r} for r in ("yes.", "The Who", "")])
    assert list(table["grade"]) == ["correct", "incorrect", "not_attempted"]
    assert table["reason"].str.len().min() > 0


def test_wide_shows_means_with_intervals_in_the_order_of_the_table():
    values = {"mean": [0.5, 0.25, 1.0, 0.0], "ci_low": [0.4] * 4, "ci_high": [0.6] * 4}
    places = {"arm": ["plain", "plain", "base", "base"], "stratum": ["uncovered", "covered"] * 2}
    table = shown.wide(pd.DataFrame({**places, **values}), "stratum")
    assert list(table.index) == ["plain", "base"] and list(table) == ["uncovered", "covered"]
    assert table.loc["plain", "covered"] == "0.25 (0.40 to 0.60)"
