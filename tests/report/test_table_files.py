"""Tables as files: what is written is read back, and the data dictionary describes all of it."""

import csv

import pandas as pd
import pytest
import yaml
from results_made_up import all_tables

from mucpt_utils.analysis import schema
from mucpt_utils.analysis.frames import TableError
from mucpt_utils.report import table_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The made-up tables in every format, described."""
    folder = tmp_path_factory.mktemp("results") / "smoke" / "tables"
    for name, frame in all_tables().items():
        table_files.write_table(frame, folder, name)
    table_files.describe(folder)
    return folder


def test_files_are_the_same_byte_for_byte_and_read_back(folder, tmp_path):
    for name, frame in all_tables().items():
        table_files.write_table(frame, tmp_path, name)
    paths = sorted(tmp_path.iterdir())
    assert {path.suffix for path in paths} == {f".{suffix}" for suffix in table_files.FORMATS}
    for path in paths:
        data = path.read_bytes()
        assert data == (folder / path.name).read_bytes()
        assert path.suffix == ".parquet" or b"\r" not in data
    back, frame = table_files.read_table(folder, "main_comparison"), all_tables()["main_comparison"]
    pd.testing.assert_frame_equal(back, frame, check_dtype=False, rtol=1e-5)


def test_text_that_looks_like_a_number_or_nothing_stays_text(tmp_path):
    frame = pd.DataFrame(
        {"run": ["a", "b", "c"], "question_id": ["1", "2", "3"], "grade": "correct"}
    ).assign(response=["NA", "1999", ""])[list(schema.COLUMNS["answers"])]
    table_files.write_table(frame, tmp_path, "answers")
    assert list(table_files.read_table(tmp_path, "answers")["response"]) == ["NA", "1999", ""]


def test_a_damaged_table_is_named(tmp_path):
    (tmp_path / "funnel.csv").write_text("stage,source,reason,documents\n")
    with pytest.raises(TableError, match=r"funnel\.csv: no column tokens"):
        table_files.read_table(tmp_path, "funnel")
    (tmp_path / "funnel.csv").write_text("stage,source,reason,documents,tokens\na,b,kept,x,1\n")
    with pytest.raises(TableError, match=r"funnel\.csv: column documents"):
        table_files.read_table(tmp_path, "funnel")


def test_unknown_format_and_missing_column_are_refused(tmp_path):
    with pytest.raises(TableError, match="allowed: csv, parquet"):
        table_files.write_table(pd.DataFrame({"a": [1]}), tmp_path, "other", ("xlsx",))
    with pytest.raises(TableError, match="funnel: no column"):
        table_files.write_table(pd.DataFrame({"stage": []}), tmp_path, "funnel")


def test_csv_is_quoted_and_has_six_digits(tmp_path):
    frame = pd.DataFrame({"name": ['AC"DC, 50 %'], "p_value": [0.000412345678], "big": [123456]})
    table_files.write_table(frame, tmp_path, "t")
    with (tmp_path / "t.csv").open() as file:
        assert list(csv.reader(file))[1] == ['AC"DC, 50 %', "0.000412346", "123456"]
    assert pd.read_parquet(tmp_path / "t.parquet")["p_value"].tolist() == [0.000412346]


def test_the_card_has_a_configuration_and_a_row_for_every_column(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    configs = {c["config_name"]: c for c in yaml.safe_load(text.split("---\n")[1])["configs"]}
    assert set(configs) == {path.stem for path in folder.glob("*.csv")}
    for name in configs:
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for column in table_files.read_table(folder, name):
            assert f"\n| {column} | " in section, (name, column)
    for metric in schema.load_metrics():
        assert f"\n| {metric} | " in text.partition("\n## ")[0]


def test_the_dictionary_is_a_table_that_describes_itself(folder):
    table = table_files.read_table(folder, "dictionary")
    described = set(zip(table["table"], table["column"], strict=True))
    there = {(n, c) for n in all_tables() for c in table_files.read_table(folder, n)}
    assert there <= described and ("dictionary", "allowed") in described
    assert schema.problems("dictionary", table) == []


def test_every_table_loads_in_one_line_of_pandas_with_the_csvs_numbers(folder):
    paths = sorted(folder.glob("*.parquet"))
    assert {path.stem for path in paths} == {path.stem for path in folder.glob("*.csv")}
    for path in paths:
        table, text = pd.read_parquet(path), table_files.read_table(folder, path.stem)
        pd.testing.assert_frame_equal(table, text, check_dtype=False, check_exact=True)
        for column, kind in schema.column_types(path.stem).items():
            numeric = column in table and pd.api.types.is_numeric_dtype(table[column])
            assert column not in table or numeric == (kind != "text"), (path.stem, column)


def test_every_table_loads_as_a_dataset(folder, tmp_path):
    import datasets

    assert set(datasets.get_dataset_config_names(str(folder))) == {
        path.stem for path in folder.glob("*.csv")
    }
    for name in ("runs", "main_comparison", "answers"):
        loaded = datasets.load_dataset(str(folder), name, split="train", cache_dir=str(tmp_path))
        assert loaded.num_rows == len(table_files.read_table(folder, name))
        assert set(schema.COLUMNS[name]) <= set(loaded.column_names)


def test_tables_of_ones_own_are_listed_as_not_described(tmp_path):
    folder = tmp_path / "mine" / "tables"
    table_files.write_table(pd.DataFrame({"a": [1]}), folder, "own")
    table_files.describe(folder)
    text = (folder / "README.md").read_text()
    assert "## own\n\nNot described." in text and "config_name: own" in text
