"""Damage at random places in every format: nothing is lost without a record, and what is not
damaged comes out byte for byte."""

import bz2
import gzip
import io
import json
import lzma
import random

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from datatrove.data import Document
from warcio.warcwriter import WARCWriter

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.pipeline.accounting import KEPT, QUARANTINED, check_accounting
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.text.sources import Unreadable, compression, read_source

MEMBERS, ROWS = 6, 8  # of a file, and of a member
TRIALS = 12
NOUNS = ["fugue", "motet", "canon", "rondo", "gigue", "toccata"]


def text(member, row):
    rng = random.Random(member * 100 + row)
    words = " ".join(rng.choice(NOUNS) for _ in range(30))
    return f"Piece {member}-{row}: {words}"


def zstd(raw):
    return zstandard.ZstdCompressor(write_checksum=True).compress(raw)


def lines(member):
    rows = ({"id": f"{member}-{row}", "text": text(member, row)} for row in range(ROWS))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def packed(pack):
    return [pack(lines(member)) for member in range(MEMBERS)]


def web_records(pack):
    members = []
    for member in range(MEMBERS):
        out = io.BytesIO()
        body = "\n\n".join(text(member, row) for row in range(ROWS)).encode()
        writer = WARCWriter(out, gzip=False)
        uri = f"https://a.example/{member}"
        kind = {"warc_content_type": "text/plain"}
        record = writer.create_warc_record(uri, "conversion", payload=io.BytesIO(body), **kind)
        writer.write_record(record)
        members.append(pack(out.getvalue()))
    return members


FORMATS = {
    "a.jsonl": lambda: [lines(member) for member in range(MEMBERS)],
    "a.jsonl.gz": lambda: packed(gzip.compress),
    "a.jsonl.bz2": lambda: packed(bz2.compress),
    "a.jsonl.xz": lambda: packed(lzma.compress),
    "a.jsonl.zst": lambda: packed(zstd),
    "a.wet": lambda: web_records(bytes),
    "a.warc.gz": lambda: web_records(gzip.compress),
    "a.warc.zst": lambda: web_records(zstd),
}


def read(path, settings=None):
    items = list(read_source(path, path.parent, settings or SourceSettings()))
    documents = [item for item in items if isinstance(item, Document)]
    return documents, [item for item in items if isinstance(item, Unreadable)]


def texts_of(documents):
    return {line for document in documents for line in document.text.split("\n\n")}


@pytest.mark.parametrize("name", FORMATS)
def test_members_that_are_not_damaged_come_out_byte_for_byte(tmp_path, name):
    members = FORMATS[name]()
    rng = random.Random(name)
    path = tmp_path / name
    for _ in range(TRIALS):
        number = rng.randrange(MEMBERS)
        damaged = bytearray(members[number])
        start = rng.randrange(len(damaged))
        length = min(rng.randint(1, 40), len(damaged) - start)
        noise = bytes(byte ^ rng.randint(1, 255) for byte in damaged[start : start + length])
        damaged[start : start + length] = noise
        path.write_bytes(b"".join([*members[:number], bytes(damaged), *members[number + 1 :]]))
        documents, bad = read(path)
        others = [member for member in range(MEMBERS) if member != number]
        expected = {text(member, row) for member in others for row in range(ROWS)}
        missing = expected - texts_of(documents)
        # a line end that goes takes the line behind it along, and so does the end of a record
        assert len(missing) <= (1 if name == "a.jsonl" else 0), (start, length, bad)
        whole = expected | {text(number, row) for row in range(ROWS)}
        assert bad or texts_of(documents) - whole or texts_of(documents) == whole
        if name.endswith((".gz", ".bz2", ".xz", ".zst")):
            assert texts_of(documents) <= whole, "nothing of a damaged member is taken for text"


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_keeps_what_stands_before_the_cut(tmp_path, name):
    members = FORMATS[name]()
    rng = random.Random(name)
    path = tmp_path / name
    for _ in range(TRIALS):
        number = rng.randrange(MEMBERS)
        cut = rng.randrange(1, len(members[number]))
        path.write_bytes(b"".join(members[:number]) + members[number][:cut])
        documents, bad = read(path)
        expected = {text(member, row) for member in range(number) for row in range(ROWS)}
        assert expected <= texts_of(documents)
        assert bad or name == "a.jsonl" or texts_of(documents) >= expected


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
def test_rows_of_a_table_outside_the_damage_come_out_and_the_others_are_counted(
    tmp_path, compression
):
    rows = [text(member, row) for member in range(MEMBERS) for row in range(ROWS)]
    table = pyarrow.table({"text": rows, "note": [f"note {n}" * 9 for n in range(len(rows))]})
    path = tmp_path / "a.parquet"
    options = {"row_group_size": ROWS, "compression": compression, "write_page_checksum": True}
    pyarrow.parquet.write_table(table, path, use_dictionary=False, **options)
    whole = path.read_bytes()
    metadata = pyarrow.parquet.read_metadata(path)
    rng = random.Random(compression)
    for _ in range(TRIALS):
        group, column = rng.randrange(MEMBERS), rng.randrange(2)
        chunk = metadata.row_group(group).column(column)
        start = chunk.data_page_offset + rng.randrange(chunk.total_compressed_size)
        raw = bytearray(whole)
        raw[start] ^= rng.randint(1, 255)
        path.write_bytes(raw)
        documents, bad = read(path)
        assert len(documents) + sum(item.documents for item in bad) == len(rows)
        assert {d.text for d in documents} <= set(rows)
        others = rows[: group * ROWS] + rows[(group + 1) * ROWS :]
        assert set(others) <= {d.text for d in documents}
        if column == 1:
            assert len(documents) == len(rows), "damaged metadata cost no text"


def test_whatever_comes_in_goes_somewhere(tmp_path):
    """Documents in = kept + quarantined, over all formats with damage in each of them."""
    source = tmp_path / "in"
    source.mkdir()
    rng = random.Random(0)
    for name, make in FORMATS.items():
        raw = bytearray(b"".join(make()))
        for _ in range(3):
            raw[rng.randrange(len(raw))] ^= rng.randint(1, 255)
        (source / name).write_bytes(raw)
    settings = PipelineSettings(
        classifier="off",
        clean={"enabled": False},
        exact_duplicates=False,
        near_duplicates={"enabled": False},
        contained={"enabled": False},
        masking={"enabled": False},
    )
    result = run_pipeline(source, tmp_path / "out", settings)
    check_accounting(result.funnel)
    read_rows = [row for row in result.funnel if row["stage"] == "read"]
    kept = sum(row["documents"] for row in read_rows if row["reason"] == KEPT)
    lost = sum(row["documents"] for row in read_rows if row["reason"].startswith(QUARANTINED))
    assert kept == sum(1 for _ in read_documents(result.kept)) > 100
    rows = [json.loads(line) for line in result.quarantine.open()]
    assert lost == sum(row["documents"] for row in rows) >= 5
    assert all(row["place"] and row["reason"] for row in rows)


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
def test_a_member_of_many_pieces_is_read_whole(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(compression, "HELD", 1_000_000)  # this one is decompressed twice
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}[suffix]
    row = json.dumps({"text": text(0, 0) * 500}).encode() + b"\n"
    path = tmp_path / f"a.jsonl.{suffix}"
    path.write_bytes(pack(row * 200) + pack(lines(1)))
    documents, bad = read(path)
    assert len(documents) == 200 + ROWS and not bad
    assert {d.text for d in documents[:200]} == {text(0, 0) * 500}
