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


def test_replies_cut_in_their_thoughts_are_counted():
    said = ["<think>\nHm, Nas or", "<think>Hm</think>\n\nNas", "", "Nas", "<|channel|>analysis"]
    rows = answers(["not_attempted", "correct", "not_attempted", "correct", "not_attempted"])
    rows = [row | {"response": text} for row, text in zip(rows, said, strict=True)]
    assert "2 of 5 responses end in their thoughts" in summary_text(rows)
    assert "in their thoughts" not in summary_text(rows[1:4])


def without_subject(values, **more):
    grades = ["correct" if value else "incorrect" for value in values]
    return [{"id": str(i), "grade": grade, **more} for i, grade in enumerate(grades)]


@pytest.mark.parametrize("subject", [None, "", " "])
def test_answers_without_a_subject_are_each_for_themselves(subject):
    """A null subject is none, as a missing one is, and not one that all of them share."""
    values = [1, 0] * 5
    alone, null = without_subject(values), without_subject(values, subject=subject)
    assert measures(null) == measures(alone)
    assert compare(null, null[::-1]) == compare(alone, alone[::-1])
    row = measures(null)[0]
    assert (round(row.ci_low, 3), round(row.ci_high, 3)) == (0.199, 0.801)
    # with some subjects and some nulls, only those of one subject stand together
    mixed = [{**row, "subject": "Nas" if i < 4 else None} for i, row in enumerate(alone)]
    named = [{**row, "subject": "Nas" if i < 4 else f"{i}"} for i, row in enumerate(alone)]
    assert measures(mixed) == measures(named) and compare(mixed, null) == compare(named, alone)


CASE = {"question": "Who?", "answer": "Nas", "answer_type": "person", "response": "Nas"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grade": "right"}, "case 1: 'right' is none of correct"),
        ({"grade": None}, "case 1: None is none of correct"),
        ({"second_label": "right"}, "case 1: second_label 'right' is none of correct"),
        ({"judge_label": "unparsed"}, "case 1: judge_label 'unparsed' is none of correct"),
        ({"judge_label": ["correct"]}, "case 1: judge_label ['correct'] is none of correct"),
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


def test_a_case_that_a_reader_skipped_is_not_counted_for_that_reader(tmp_path, capsys):
    skipped = [{"second_label": "correct"}, {"second_label": None, "judge_label": None}]
    cases = [CASE | {"grade": "correct"} | more for more in (*skipped, {"grade": None})]
    cases[2]["label"] = "correct"  # a null label is none either
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(f"{json.dumps(case)}\n" for case in cases))
    assert agreement.main([str(path)]) == 0
    told = capsys.readouterr().out
    rows = {line[:24].strip(): line[24:].split() for line in told.splitlines()}
    assert rows["second reader, label"][:2] == ["1", "1.000"] and rows["all"][0] == "3"
    assert "judge, label" not in rows


def test_a_missing_file_of_cases_is_said_as_everywhere(tmp_path, capsys):
    assert agreement.main([str(tmp_path / "none.jsonl")]) == 2
    assert (
        capsys.readouterr().err == f"agreement: {tmp_path}/none.jsonl: no such file or directory\n"
    )
