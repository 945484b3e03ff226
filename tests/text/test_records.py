import datetime
import decimal
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import Unreadable, read_source, source_files
from mucpt_utils.text.sources.base import plain_lines
from mucpt_utils.text.sources.encodings import GUESSED
from mucpt_utils.text.sources.files import estimate_documents
from mucpt_utils.text.sources.records import no_field, with_moved_spans

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
        ("t.parquet:2", "field 'text' is null"),
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
        ("b.parquet", no_field("columns", SETTINGS)),
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
    assert documents == [] and bad.reason == "row group 0 holds more than 10000 bytes"


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


# --- metadata never cost a text -------------------------------------------------------------------


def read_jsonl(tmp_path, *rows):
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(rows) + b"\n")
    return read(tmp_path)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b'"score": NaN', {"score": None}),
        (b'"score": -Infinity', {"score": None}),
        (b'"score": 1e999', {"score": None}),
        (b'"size": 123456789012345678901234567890', {"size": ("123456789012345678901234567890")}),
        (b'"size": NaN, "n": 18446744073709551617', {"size": None, "n": "18446744073709551617"}),
        (b'"note": "half \\ud83d"', {"note": "half \ufffd"}),
        (b'"note": "caf\xe9"', {"note": "caf\xe9", GUESSED: "cp1252"}),
        (b'"a": "\xc3\xa9", "note": "caf\xe9"', {"a": "\xe9", "note": "caf\ufffd"}),
        (b'"metadata": null', {}),
        (b'"metadata": [1]', {"metadata": [1]}),
        (b'"metadata": {"k": {"l": NaN}}', {"k": {"l": None}}),
        (b'"k": 1, "k": 2', {"k": 2}),
        (b'"filter_reason": 7', {"stated_filter_reason": 7}),
        (b'"source": null', {}),
        (b'"source": {"a": 1}', {}),
        (b'"source": ""', {}),
        (b'"source": 3', {"source": "3"}),
        (b'"source": "two\\nlines"', {"source": "two\\nlines"}),
        (b'"media": [{"x": 1}]', {}),
    ],
)
def test_odd_metadata_keep_the_text(tmp_path, field, expected):
    ((document,), bad) = read_jsonl(tmp_path, b'{"text": "the fugue", ' + field + b"}")
    assert document.text == "the fugue" and not bad
    if "size" in expected and isinstance(document.metadata["size"], float):
        expected = {"size": 123456789012345678901234567890.0}  # as orjson reads it
    assert document.metadata == {"source": tmp_path.name} | expected
    json.dumps(document.metadata, allow_nan=False).encode()


def test_identifiers_of_any_kind_stay_apart(tmp_path):
    keys = [b"null", b'""', b"12345678901234567890123", b"12345678901234567890124", b"true", b"[1]"]
    documents, bad = read_jsonl(tmp_path, *(b'{"text": "x", "id": ' + k + b"}" for k in keys))
    assert not bad and [d.id for d in documents] == [
        "a.jsonl:1",
        "a.jsonl:2",
        "12345678901234567890123",
        "12345678901234567890124",
        "True",
        "[1]",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'{"text": null}', "field 'text' is null"),
        (b'{"text": 3}', "field 'text' must be text, not int"),
        (b'{"text": ["a"]}', "field 'text' must be text, not list"),
        (b'{"text": "  "}', "field 'text' is empty"),
        (b'{"text": "a", "text": "b"}', "field 'text' is given twice"),
        (b'{"text": "caf\xe9", "a": "\xc3\xa9"}', "not JSON: broken UTF-8 at byte 13"),
        (b'{"text": "a"', "not JSON"),
        (b'"text"', "a JSON object was expected, not str"),
    ],
)
def test_a_text_that_is_none_is_quarantined_and_its_neighbours_are_not(tmp_path, row, reason):
    good = b'{"text": "good"}'
    documents, (bad,) = read_jsonl(tmp_path, good, row, good)
    assert [d.text for d in documents] == ["good", "good"]
    assert bad.place == "a.jsonl:2" and bad.reason.startswith(reason)


def test_the_text_may_stand_in_the_second_field_where_the_first_is_empty(tmp_path):
    ((document,), _) = read_jsonl(tmp_path, b'{"text": null, "body": "the rondo"}')
    assert document.text == "the rondo"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ([{"text": "a"}, {"text": "b"}], ["a", "b"]),
        ({"text": "a"}, ["a"]),
        ({"version": 1, "data": [{"text": "a"}, {"text": "b"}]}, ["a", "b"]),
        ({"tags": ["x"], "data": [{"text": "a"}, {"text": "b"}]}, ["a", "b"]),
        ({"train": [{"text": "a"}], "test": [{"text": "b"}]}, ["a", "b"]),
        ({"one": {"text": "a"}, "two": {"text": "b"}}, ["a", "b"]),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.json", "a.JSON.gz", "a.ndjson"])
def test_json_files_of_every_shape_are_read(tmp_path, name, content, texts, indent):
    raw = json.dumps(content, indent=indent).encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == texts and not bad


def test_a_json_file_may_hold_a_row_a_line(tmp_path):
    (tmp_path / "a.json").write_text('{"text": "a"}\n{cut\n{"text": "b"}\n')
    documents, (bad,) = read(tmp_path)
    assert [d.text for d in documents] == ["a", "b"] and bad.place == "a.json:2"


ROWS = ('{"text": "a"}', '{"text": "b"}')
PRETTY = [json.dumps(json.loads(row), indent=1) for row in ROWS]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize(
    "content",
    [
        "\n".join(PRETTY),
        "".join(f"\x1e{row}\n" for row in ROWS),
        ",\n".join(ROWS),
        "[\n" + ",\n".join(ROWS) + "\n]\n",
        "[" + ",\r\n".join(ROWS) + "]",
        "[\n  " + "\n,\n  ".join(ROWS) + "\n]",
    ],
)
def test_rows_one_behind_the_other_are_read_in_any_dress(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == ["a", "b"] and not bad


def test_what_is_no_json_behind_values_is_told_and_they_stay(tmp_path):
    (tmp_path / "a.json").write_text(f"{PRETTY[0]}\n{{cut")
    (tmp_path / "b.json").write_text(f"{{cut\n{ROWS[0]}\n")
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == ["a", "a"]
    assert [(b.place, b.reason.split(":")[0]) for b in bad] == [
        ("a.json:2", f"not JSON from character {len(PRETTY[0]) + 1} of the file on"),
        ("b.json:1", "not JSON"),
    ]


def test_rows_without_a_line_end_between_them_are_read_one_by_one(tmp_path):
    joined = f'{ROWS[0]}{ROWS[1]}, {{"text": 3}} {ROWS[0]}'
    (tmp_path / "a.jsonl").write_text(f"{ROWS[0]}\n{joined}\n{ROWS[1]}{{cut\n{ROWS[1]}\n")
    documents, bad = read(tmp_path)
    assert "".join(d.text for d in documents) == "aababb"
    assert len({d.id for d in documents}) == len(documents)
    assert [(b.place, b.reason.split(":")[0]) for b in bad] == [
        ("a.jsonl:2.3", "field 'text' must be text, not int"),
        ("a.jsonl:3.2", "not JSON"),
    ]


def test_a_broken_row_of_a_json_file_costs_no_row_behind_it(tmp_path):
    (tmp_path / "a.json").write_text(f'{{"version": 1}}\n{ROWS[0]}\n{{cut\n{ROWS[1]}\n')
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == ["a", "b"]
    assert [b.place for b in bad] == ["a.json:1", "a.json:3"]


def test_a_list_of_rows_larger_than_a_text_may_be_is_read_by_its_lines(tmp_path):
    (tmp_path / "a.json").write_text("[\n" + ",\n".join(ROWS * 500) + "\n]")
    documents, bad = read(tmp_path, SourceSettings(largest_text_bytes=1000))
    assert len(documents) == 1000 and not bad


# --- tables of odd types --------------------------------------------------------------------------

ODD_COLUMNS = {
    "zone": pa.array([0, 1], pa.timestamp("us", tz="Nowhere/Atlantis")),
    "nanoseconds": pa.array([1, 2], pa.timestamp("ns")),
    "long ago": pa.array([-(2**60), 2**60], pa.timestamp("us")),
    "nothing": pa.nulls(2),
    "nested": pa.array([[{"a": [1]}], []]),
    "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int32())),
    "dictionary": pa.array(["x", "y"]).dictionary_encode(),
    "large": pa.array(["x", None], pa.large_string()),
    "bytes": pa.array([b"\xff", b"\0"]),
    "duration": pa.array([1, 2], pa.duration("s")),
    "decimal": pa.array([decimal.Decimal("1.5"), None]),
    "half": pa.array([1.5, float("nan")], pa.float32()),
    "unsigned": pa.array([2**64 - 1, 0], pa.uint64()),
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_columns_of_any_type_keep_the_text(tmp_path, name):
    write(tmp_path / "t.parquet", {"text": ["one", "two"], "odd": ODD_COLUMNS[name]})
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == ["one", "two"] and not bad
    json.dumps([d.metadata for d in documents], allow_nan=False)


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int8(), pa.utf8())]
)
def test_text_in_any_type_of_text_is_read(tmp_path, kind):
    column = pa.array(["é one", "two"], pa.string()).cast(kind)
    write(tmp_path / "t.parquet", {"text": column})
    documents, bad = read(tmp_path)
    assert [d.text for d in documents] == ["é one", "two"] and not bad


def test_two_columns_of_one_name_are_told(tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path)[1][0].reason == "two columns are named 'text'"


def test_a_table_without_a_row_is_told(tmp_path):
    write(tmp_path / "t.parquet", {"text": pa.array([], pa.string())})
    documents, (bad,) = read(tmp_path)
    assert not documents and bad.reason == "the table has no row"


def test_labels_move_with_the_lines_of_a_text():
    text = "First.\r\n \t\r\n\x0bThe theme\x1fof it,\rand the end.\n  \nA coda."
    words = ["First", "theme", "of it", "and", "coda."]
    starts = {word: text.index(word) for word in words}
    spans = [{"start": at, "end": at + len(word)} for word, at in starts.items()]
    moved = with_moved_spans({"spans": spans}, text)["spans"]
    assert [plain_lines(text)[s["start"] : s["end"]] for s in moved] == words
