"""Measures of graded answers with their intervals, two models compared, graders compared."""

import json

import pytest

from mucpt_utils.musicsimpleqa import agreement
from mucpt_utils.musicsimpleqa.measures import compare, measures
from mucpt_utils.musicsimpleqa.summary import summary_text


def answers(grades):
    return [
        {"id": str(i), "grade": grade, "stratum": "popular", "category": "song", "subject": i // 2}
        for i, grade in enumerate(grades)
    ]


def test_measures_by_hand():
    rows = answers(["correct"] * 3 + ["incorrect"] * 2 + ["not_attempted"] * 5)
    values = {row.metric: row for row in measures(rows) if row.by == "all"}
    assert values["accuracy"].value == pytest.approx(0.3)
    assert values["accuracy_given_attempted"].value == pytest.approx(0.6)
    assert values["harmonic_mean"].value == pytest.approx(2 * 0.3 * 0.6 / 0.9)
    for row in values.values():
        assert row.ci_low <= row.value <= row.ci_high and row.n == 10
    assert {(row.by, row.group) for row in measures(rows)} == {
        ("all", "all"),
        ("stratum", "popular"),
        ("category", "song"),
    }


def test_measures_where_nothing_is_attempted_are_zero():
    rows = {row.metric: row for row in measures(answers(["not_attempted"] * 4))}
    assert {row.value for row in rows.values()} == {0.0}
    # what would have come of attempts is not known
    assert rows["accuracy_given_attempted"].ci_high == 1
    with pytest.raises(ValueError, match="no answers"):
        measures([])


def test_comparison_is_paired():
    a = answers(["correct"] * 32 + ["incorrect"] * 8)
    b = answers(["correct"] * 8 + ["incorrect"] * 32)
    row = compare(a, b[::-1])[0]
    assert (row.a, row.b) == (0.8, 0.2)
    assert row.difference == pytest.approx(0.6) and row.ci_low > 0
    with pytest.raises(ValueError, match="1 only in the first"):
        compare(a, b[:-1])


@pytest.mark.parametrize(
    ("given", "shown"), [("correct", "1.000 [0.566, 1.000]"), ("incorrect", "0.000 [0.000, 0.434]")]
)
def test_all_right_and_all_wrong_have_intervals_with_width(given, shown):
    rows = [{"id": str(i), "grade": given, "subject": i} for i in range(5)]
    assert summary_text(rows).count(shown) == 3  # accuracy, given attempted, harmonic mean


CASE = {"question": "Who?", "answer": "Nas", "answer_type": "person", "response": "Nas"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grade": "right"}, "case 1: 'right' is none of correct"),
        ({"aliases": [1]}, "case 1: aliases are not a list of texts"),
        ({"answer_type": "animal"}, "case 1: answer_type is 'animal'"),
        ({"answer": ""}, "case 1: one of"),
        (None, "holds no cases"),
    ],
)
def test_cases_that_cannot_be_graded_are_named(tmp_path, capsys, change, message):
    path = tmp_path / "cases.jsonl"
    case = CASE | {"grade": "correct"} | (change or {})
    path.write_text("" if change is None else f"{json.dumps(case)}\n")
    assert agreement.main([str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
