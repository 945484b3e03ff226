"""The data dictionary: committed tables are described, keep to it, and load in one line."""

import pandas as pd
import pytest
import yaml
from results_made_up import all_tables

from mucpt_utils import paths
from mucpt_utils.analysis import claims, schema, tables
from mucpt_utils.analysis.token_weights import KINDS
from mucpt_utils.musicsimpleqa import grading
from mucpt_utils.report import figures

COMMITTED = sorted((paths.ROOT / "results").glob("*/tables/*.csv"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The made-up tables in every format, described."""
    folder = tmp_path_factory.mktemp("results") / "smoke" / "tables"
    for name, frame in all_tables().items():
        tables.write_table(frame, folder, name)
    tables.describe(folder)
    return folder


@pytest.mark.parametrize("path", COMMITTED, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_a_committed_table_holds_what_its_dictionary_allows(path):
    assert schema.problems(path.stem, tables.read_table(path.parent, path.stem)) == []


def test_there_are_committed_tables():
    assert len(COMMITTED) > 15


def test_made_up_tables_hold_what_their_dictionary_allows(folder):
    for name in all_tables():
        if name not in ("benchmark_by_category", "funnel"):
            assert schema.problems(name, tables.read_table(folder, name)) == [], name


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("arm", "hard", "main_comparison.arm: 'hard' is not allowed"),
        ("p_value", 1.5, "main_comparison.p_value: 1.5 does not lie between 0.0 and 1.0"),
        ("seeds", 2.5, "main_comparison.seeds: 2.5 is no integer"),
        ("stratum", "", "main_comparison.stratum: row 2 is empty"),
        ("mean", 1.01, "main_comparison: mean of accuracy: 1.01 does not lie between 0.0 and 1.0"),
        ("extra", 1, "main_comparison: column extra is not described"),
    ],
)
def test_what_the_dictionary_does_not_allow_is_named(column, value, told):
    frame = all_tables()["main_comparison"].astype({"seeds": float})
    first = frame.index[frame["metric"] == "accuracy"][0]
    assert first == 0
    frame.loc[first, column] = value
    assert told in schema.problems("main_comparison", frame)


def test_a_missing_column_an_unknown_table_and_a_wrong_run_are_named():
    frame = all_tables()["answers"]
    assert schema.problems("mine", frame) == ["mine: not described"]
    assert "answers: no column grade" in schema.problems("answers", frame.drop(columns="grade"))
    wrong = schema.problems("answers", frame.assign(run="plain"))
    assert any("'plain' does not look like" in problem for problem in wrong)


def test_lists_of_values_are_those_of_the_code():
    known = schema.load_tables()
    assert known["runs"].columns["stratum"].allowed == tables.STRATA
    assert set(tables.METRICS) <= set(schema.load_metrics()) >= set(figures.METRIC_TITLES)
    assert set(known["claims"].columns["verdict"].allowed) == set(claims.VERDICTS)
    grades = {grading.CORRECT, grading.INCORRECT, grading.NOT_ATTEMPTED}
    assert set(known["answers"].columns["grade"].allowed) == grades
    assert set(known["token_weights"].columns["kind"].allowed) == set(KINDS)


def test_the_card_has_a_configuration_and_a_row_for_every_column(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    configs = {c["config_name"]: c for c in yaml.safe_load(text.split("---\n")[1])["configs"]}
    assert set(configs) == {path.stem for path in folder.glob("*.csv")}
    for name in configs:
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for column in tables.read_table(folder, name):
            assert f"\n| {column} | " in section, (name, column)


def test_the_dictionary_is_a_table_that_describes_itself(folder):
    table = tables.read_table(folder, "dictionary")
    described = set(zip(table["table"], table["column"], strict=True))
    there = {(n, c) for n in all_tables() for c in tables.read_table(folder, n)}
    assert there <= described and ("dictionary", "allowed") in described
    assert schema.problems("dictionary", table) == []


def test_every_table_loads_in_one_line_of_pandas_with_the_csvs_numbers(folder):
    for path in folder.glob("*.parquet"):
        table, csv = pd.read_parquet(path), tables.read_table(folder, path.stem)
        pd.testing.assert_frame_equal(table, csv, check_dtype=False, check_exact=True)
        for column, kind in schema.column_types(path.stem).items():
            numeric = column in table and pd.api.types.is_numeric_dtype(table[column])
            assert column not in table or numeric == (kind != "text"), (path.stem, column)


def test_every_table_loads_as_a_dataset(folder, tmp_path):
    import datasets

    assert set(datasets.get_dataset_config_names(str(folder))) == {
        path.stem for path in folder.glob("*.csv")
    }
    for name in ("runs", "classifier", "answers"):
        if not (folder / f"{name}.csv").is_file():
            continue
        loaded = datasets.load_dataset(str(folder), name, split="train", cache_dir=str(tmp_path))
        assert loaded.num_rows == len(tables.read_table(folder, name))
        assert tuple(loaded.column_names) == tables.COLUMNS[name]


def test_an_unknown_column_in_the_source_is_named():
    with pytest.raises(schema.DictionaryError, match="table t: column nothing is described"):
        schema._table("t", {"about": "", "made_from": [], "columns": ["nothing"]})


def test_tables_of_ones_own_are_listed_as_not_described(folder, tmp_path):
    tables.write_table(pd.DataFrame({"a": [1]}), tmp_path / "mine" / "tables", "own")
    tables.describe(tmp_path / "mine" / "tables")
    text = (tmp_path / "mine" / "tables" / "README.md").read_text()
    assert "## own\n\nNot described." in text and "config_name: own" in text
