import datetime
import decimal
import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import Unreadable, read_source, source_files
from mucpt_utils.text.sources.files import estimate_documents

SETTINGS = SourceSettings(batch_rows=7)


def read(root, settings=SETTINGS):
    items = [i for path in source_files(root) for i in read_source(path, root, settings)]
    documents = [i for i in items if isinstance(i, Document)]
    return documents, [i for i in items if isinstance(i, Unreadable)]


def rows(count):
    return {
        "text": [f"text {n} about the fugue" for n in range(count)],
        "title": [f"title {n}" for n in range(count)],
        "creator": ["A. Writer"] * count,
        "year": [1900 + n for n in range(count)],
        "licence": ["CC0"] * count,
    }


def write(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_rows_of_a_parquet_file_become_documents_with_their_metadata(tmp_path):
    write(tmp_path / "t.parquet", rows(20), row_group_size=8)
    documents, bad = read(tmp_path)
    assert not bad and [d.text for d in documents] == rows(20)["text"]
    assert documents[3].id == "t.parquet:4"
    assert documents[3].metadata == {
        "source": tmp_path.name,
        "title": "title 3",
        "creator": "A. Writer",
        "year": 1903,
        "licence": "CC0",
    }
    assert estimate_documents(source_files(tmp_path), SETTINGS) == 20


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_a_compressed_parquet_file_reads_the_same(tmp_path, suffix, pack):
    path = write(tmp_path / "t.parquet", rows(5))
    raw = path.read_bytes()
    path.unlink()
    (tmp_path / f"t.parquet{suffix}").write_bytes(pack(raw))
    documents, bad = read(tmp_path)
    assert len(documents) == 5 and not bad


def test_values_that_json_lacks_are_written_as_text_or_left_out(tmp_path):
    columns = {
        "text": ["one"],
        "when": [datetime.datetime(2020, 1, 2, 3)],
        "price": [decimal.Decimal("1.50")],
        "raw": [b"\0"],
        "score": [float("nan")],
        "tags": [["a", "b"]],
    }
    write(tmp_path / "t.parquet", columns)
    ((document,), _) = read(tmp_path)
    metadata = {k: v for k, v in document.metadata.items() if k != "source"}
    assert metadata == {
        "when": "2020-01-02T03:00:00",
        "price": "1.50",
        "raw": None,
        "score": None,
        "tags": ["a", "b"],
    }


def test_rows_without_text_are_quarantined_with_their_number(tmp_path):
    write(tmp_path / "t.parquet", {"text": ["one", None, " ", "four"]})
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == ["one", "four"]
    assert [(b.place, b.reason) for b in bad] == [
        ("t.parquet:2", "field 'text' must be text, not NoneType"),
        ("t.parquet:3", "field 'text' is empty"),
    ]


def test_broken_utf8_spoils_its_own_row_only(tmp_path):
    raw = pa.array([b"good", b"bad \xff", b"fine"], pa.binary())
    column = pa.StringArray.from_buffers(len(raw), raw.buffers()[1], raw.buffers()[2])
    write(tmp_path / "t.parquet", {"text": column})
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == ["good", "fine"]
    assert [(b.place, b.reason) for b in bad] == [("t.parquet:2", "broken UTF-8 at byte 4")]


def test_a_wrong_column_type_and_a_missing_column_are_named(tmp_path):
    write(tmp_path / "a.parquet", {"text": [1, 2]})
    write(tmp_path / "b.parquet", {"words": ["x"]})
    documents, bad = read(tmp_path)
    assert not documents
    assert [(b.place, b.reason) for b in bad] == [
        ("a.parquet", "column 'text' must be text, not int64"),
        ("b.parquet", "none of the text columns text, abstract, body, content"),
    ]


def test_a_parquet_file_cut_short_is_quarantined(tmp_path):
    path = write(tmp_path / "t.parquet", rows(500))
    path.write_bytes(path.read_bytes()[:-200])
    documents, (bad,) = read(tmp_path)
    assert not documents and bad.reason.startswith("not a whole Parquet file: ")
    assert estimate_documents([path], SETTINGS) == 0


def test_damage_inside_costs_the_rows_of_its_group_only(tmp_path):
    path = write(tmp_path / "t.parquet", rows(60), row_group_size=20, compression="gzip")
    raw = bytearray(path.read_bytes())
    chunk = pq.read_metadata(path).row_group(1).column(0)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    raw[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(raw)
    documents, (bad,) = read(tmp_path)
    assert [d.text for d in documents] == rows(60)["text"][:20] + rows(60)["text"][40:]
    assert (bad.place, bad.documents) == ("t.parquet:21-40", 20)
    assert bad.reason.startswith("damaged after row 0 of row group 1: ")


def test_a_row_group_over_the_limit_is_refused(tmp_path):
    write(tmp_path / "t.parquet", {"text": ["x" * 100_000] * 5})
    documents, (bad,) = read(tmp_path, SourceSettings(largest_file_bytes=10_000))
    assert not documents or bad.reason.startswith("row group 0 holds more than 10000 bytes")
    assert "10000 bytes" in bad.reason


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_zst_file_cut_short_is_quarantined_not_taken_for_whole(tmp_path, share):
    lines = b"".join(b'{"text": "line %d"}\n' % n for n in range(200_000))
    whole = zstandard.compress(lines)
    (tmp_path / "t.jsonl.zst").write_bytes(whole[: int(len(whole) * share)])
    documents, bad = read(tmp_path)
    assert 0 < len(documents) < 200_000
    assert "damaged compression" in bad[-1].reason


def test_frames_of_zst_one_after_the_other_are_all_read(tmp_path):
    frames = b"".join(zstandard.compress(b'{"text": "line %d"}\n' % n) for n in range(3))
    (tmp_path / "t.jsonl.zst").write_bytes(frames)
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == ["line 0", "line 1", "line 2"] and not bad
