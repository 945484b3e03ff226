"""What a forecast is measured on, and how it is drawn out."""

import json

import pyarrow as pa
import pyarrow.parquet
import pytest

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.pipeline import forecast, sample
from mucpt_utils.pipeline.forecast import Cost, Measured, Task


def test_pieces_are_drawn_in_proportion(tmp_path):
    sizes = {"small": 1000, "large": 600_000, "other": 399_000}
    files = [sample.Piece(tmp_path / name, size) for name, size in sizes.items()]
    pieces = {piece.path.name: piece.bytes for piece in sample.draw(files, 100_000)}
    assert sum(pieces.values()) == pytest.approx(100_000, rel=0.01)
    assert pieces["large"] == pytest.approx(60_000, rel=0.1)
    assert pieces["other"] == pytest.approx(39_900, rel=0.1)
    assert sample.draw(files, 2_000_000) == files


def test_tables_and_arrays_are_cut_by_rows(tmp_path):
    rows = [{"text": f"row {number}"} for number in range(100)]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "b.json").write_text(json.dumps({"data": rows}))
    (tmp_path / "c.parquet").write_bytes(b"PAR1 no table at all" * 10)
    files = sample.readable_files(sorted(tmp_path.iterdir()))
    halves = [sample.Piece(piece.path, piece.bytes // 2) for piece in files]
    stands_for = sample.copy_pieces(halves, tmp_path / "out")
    table = pyarrow.parquet.read_table(tmp_path / "out" / "00000.parquet")
    assert table.num_rows in (49, 50)
    assert len(json.loads((tmp_path / "out" / "00001.json").read_text())) in (49, 50)
    assert stands_for == pytest.approx(halves[0].bytes + halves[1].bytes, rel=0.05)


def test_costs_grow_along_the_line_and_memory_until_a_part_is_full():
    small = Measured(100, Cost(10, 2.0, 1000, 50, 20))
    large = Measured(200, Cost(20, 3.0, 1100, 90, 30))
    assert forecast.extrapolated(small, large, 1200, 40) == Cost(120, 13.0, 1300, 490, 130)
    assert forecast.extrapolated(small, large, 200, 40) == large.cost


def test_files_of_several_names_count_once(tmp_path):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "a").write_bytes(b"x" * 100)
    (tmp_path / "b").hardlink_to(tmp_path / "stages" / "a")
    (tmp_path / "stages" / "c").write_bytes(b"x" * 7)
    assert forecast.disk_use(tmp_path) == 107 and forecast.disk_use(tmp_path, "stages") == 100


def test_files_that_cannot_be_sampled_cost_no_forecast(tmp_path):
    table = pa.table({"text": [f"{number} {hash(number)}" for number in range(2000)]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", compression="zstd")
    raw = bytearray((tmp_path / "a.parquet").read_bytes())
    raw[200:800] = b"x" * 600
    (tmp_path / "a.parquet").write_bytes(raw)
    (tmp_path / "b.json").write_text(json.dumps({"text": "one text " * 200, "tags": []}))
    (tmp_path / "c.json").write_text("[" * 50_000 + "]" * 50_000)
    (tmp_path / "d.json").write_text(json.dumps({"text": "one text " * 200, "tags": ["a", "b"]}))
    files = sample.readable_files(sorted(tmp_path.iterdir()))
    sample.copy_pieces([piece._replace(bytes=piece.bytes // 2) for piece in files], tmp_path / "o")
    (one, other) = (json.loads(path.read_text()) for path in sorted((tmp_path / "o").iterdir()))
    assert "text" in one[0] and "text" in other[0]


def test_a_source_of_nothing_readable_is_forecast(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    assert forecast.forecast(Task(tmp_path, PipelineSettings(classifier="off"))).documents == 0


def test_what_must_be_fetched_is_not_measured():
    assert forecast.forecast(Task("gutenberg:1", None)) is None
    assert forecast.about(None, 1, "MB") == "an unknown number of MB"
    assert forecast.about(12_345_678, 1e6, "MB") == "about 12 MB"
