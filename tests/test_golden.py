"""The golden numbers: a run that has them passes, one that parts from them is told where."""

import json

import golden
import pandas as pd
import pytest


@pytest.fixture
def results(tmp_path):
    """A results folder that holds the golden numbers and nothing else."""
    build, kept = golden.read()
    rows = {}
    for number, value in kept:
        row = rows.setdefault((number.table, *number.where.items()), dict(number.where))
        row[number.column] = value
    (tmp_path / "tables").mkdir()
    for table in {number.table for number, _ in kept}:
        frame = pd.DataFrame([row for (name, *_), row in rows.items() if name == table])
        frame.to_csv(tmp_path / "tables" / f"{table}.csv", index=False)
    torch, instructions = build.removeprefix("torch ").split(", ", 1)
    run = {"versions": {"torch": torch}, "machine": {"instructions": instructions}}
    (tmp_path / "run.json").write_text(json.dumps(run))
    return tmp_path


def change(results, table, column, row, factor):
    path = results / "tables" / f"{table}.csv"
    frame = pd.read_csv(path).astype({column: float})
    frame.loc[row, column] *= factor
    frame.to_csv(path, index=False)


def test_the_golden_numbers_are_those_listed_and_pass(results):
    assert [number for number, _ in golden.read()[1]] == golden.numbers()
    assert len(golden.numbers()) >= 20
    assert golden.differences(results) == []


def test_a_count_must_be_the_same(results):
    change(results, "funnel", "documents", 0, 1.0001)
    (told,) = golden.differences(results)
    assert told.startswith("funnel, read, kept: documents")


def test_a_models_number_has_less_room_on_the_same_build_than_elsewhere(results):
    change(results, "main_comparison", "mean", 0, 1.01)
    assert len(golden.differences(results)) == 1
    run = {"versions": {"torch": "other"}, "machine": {"instructions": "AVX2"}}
    (results / "run.json").write_text(json.dumps(run))
    assert golden.differences(results) == []
    change(results, "main_comparison", "mean", 0, 1.02)
    assert len(golden.differences(results)) == 1


def test_a_missing_row_is_an_error(results):
    (results / "tables" / "temperature.csv").write_text("seed,temperature,loss\n")
    with pytest.raises(KeyError, match="temperature: no row"):
        golden.differences(results)
