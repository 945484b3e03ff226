"""The contract of the tables: committed tables are described, and keep to it."""

import pytest
from results_made_up import all_tables

from mucpt_utils import paths
from mucpt_utils.analysis import claims, items, schema
from mucpt_utils.analysis.token_weights import KINDS
from mucpt_utils.musicsimpleqa import grading
from mucpt_utils.report import figures, table_files

COMMITTED = sorted((paths.ROOT / "results").glob("*/tables/*.csv"))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_a_committed_table_holds_what_its_dictionary_allows(path):
    table = table_files.read_table(path.parent, path.stem)
    assert schema.problems(path.stem, table) == []


def test_there_are_committed_tables():
    assert len(COMMITTED) > 15


def test_made_up_tables_hold_what_their_dictionary_allows(tmp_path):
    for name, frame in all_tables().items():
        table_files.write_table(frame, tmp_path, name, ("csv",))
        if name not in ("benchmark_by_category", "funnel"):
            assert schema.problems(name, table_files.read_table(tmp_path, name)) == [], name


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("arm", "hard", "main_comparison.arm: 'hard' is not allowed"),
        ("p_value", 1.5, "main_comparison.p_value: 1.5 does not lie between 0.0 and 1.0"),
        ("p_value", -0.5, "main_comparison.p_value: -0.5 does not lie between 0.0 and 1.0"),
        ("seeds", 2.5, "main_comparison.seeds: 2.5 is not an integer"),
        ("stratum", "", "main_comparison.stratum: row 2 is empty"),
        ("mean", 1.01, "main_comparison: mean of accuracy: 1.01 does not lie between 0.0 and 1.0"),
        ("extra", 1, "main_comparison: column extra is not described"),
    ],
)
def test_what_the_dictionary_does_not_allow_is_named(column, value, told):
    frame = all_tables()["main_comparison"].astype({"seeds": float})
    assert frame["metric"].iloc[0] == "accuracy"
    frame.loc[0, column] = value
    assert told in schema.problems("main_comparison", frame)


def test_a_missing_column_an_unknown_table_and_a_wrong_run_are_named():
    frame = all_tables()["answers"]
    assert schema.problems("mine", frame) == ["mine: not described"]
    assert "answers: no column grade" in schema.problems("answers", frame.drop(columns="grade"))
    wrong = schema.problems("answers", frame.assign(run="plain"))
    assert any("'plain' does not look like" in problem for problem in wrong)


def test_lists_of_values_are_those_of_the_code():
    tables = schema.load_tables()
    assert set(items.QUESTION_STRATA) < set(schema.STRATA) == set(figures.STRATUM_TITLES)
    assert set(schema.load_metrics()) >= set(figures.METRIC_TITLES)
    assert set(tables["claims"].columns["verdict"].allowed) == set(claims.VERDICTS)
    grades = {grading.CORRECT, grading.INCORRECT, grading.NOT_ATTEMPTED}
    assert set(tables["answers"].columns["grade"].allowed) == grades
    assert set(tables["token_weights"].columns["kind"].allowed) == set(KINDS)


def test_an_unknown_column_in_the_source_is_named():
    with pytest.raises(schema.DictionaryError, match="table t: column nothing is described"):
        schema.described("t", {"about": "", "made_from": [], "columns": ["nothing"]})
