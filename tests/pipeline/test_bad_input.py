"""Bad input through the whole pipeline: quarantined with place and reason, or one clear line."""

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import tracemalloc
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pyarrow
import pyarrow.parquet

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.errors import OUTSIDE
from mucpt_utils.pipeline.accounting import check_accounting
from mucpt_utils.pipeline.command import main
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.text.sources import read_source, source_files

# reading and masking: what is read is kept
SETTINGS = PipelineSettings(
    classifier="off",
    clean={"enabled": False},
    exact_duplicates=False,
    near_duplicates={"enabled": False},
    contained={"enabled": False},
    source={"largest_text_bytes": 1_000_000, "longest_line_bytes": 1_000_000},
)
TEXT = "The sonata for violin was heard again in the hall of the old town."


def row(key, text=TEXT, **fields):
    return json.dumps({"id": key, "text": text} | fields).encode()


def nested(levels):
    return b'{"id": "deep", "text": "a", "m": ' + b"[" * levels + b"]" * levels + b"}"


def write_bad_input(folder):
    """One file for every kind of bad input, a good row in each that can hold one."""
    good = {name: row(name) + b"\n" for name in ("gzip", "lines", "table")}
    packed = gzip.compress(good["gzip"] + os.urandom(50_000).hex().encode())
    (folder / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (folder / "broken.txt").write_bytes("Café ".encode() + b"\xc3 end")
    (folder / "nul.txt").write_bytes(b"abc\0def")
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "empty.txt").write_bytes(b"")
    lines = [row("utf8", "CAF").replace(b"CAF", b"Caf\xe9"), row("nul", "a\0b"), b"{cut"]
    lines += [nested(400), nested(4000), row("number", 7), b'["list"]', b'{"id": "no text"}']
    (folder / "lines.jsonl").write_bytes(b"\n".join(lines) + b"\n" + good["lines"])
    table = pyarrow.table({"text": [TEXT] * 100, "id": [f"t{n}" for n in range(100)]})
    pyarrow.parquet.write_table(table, folder / "cut.parquet")
    whole = (folder / "cut.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[:-50])
    pyarrow.parquet.write_table(pyarrow.table({"text": [1, 2]}), folder / "type.parquet")
    (folder / "deep.html").write_text("<div>" * 20_000)
    (folder / "bomb.html.gz").write_bytes(gzip.compress(b"a" * 30_000_000, 1))
    (folder / "bomb.jsonl.gz").write_bytes(gzip.compress(b"a" * 30_000_000, 1))
    (folder / "folder.txt").mkdir()
    (folder / "what.bin").write_bytes(b"\x00\x01")


REASONS = {
    "bomb.html.gz": "holds more than 1000000 bytes",
    "bomb.jsonl.gz:1": "line longer than 1000000 bytes",
    "broken.txt": "broken UTF-8 at byte 6",
    "cut.jsonl.gz": "damaged compression",
    "cut.parquet": "not a whole Parquet file",
    "deep.html": "HTML",
    "empty.jsonl": "the file is empty",
    "empty.txt": "the file is empty",
    "folder.txt": "a folder with the name of a file",
    "lines.jsonl:1": "not JSON: broken UTF-8 at byte",
    "lines.jsonl:2": "field 'text' has a NUL at 1",
    "lines.jsonl:3": "not JSON",
    "lines.jsonl:6": "field 'text' must be text, not int",
    "lines.jsonl:7": "a JSON object was expected, not list",
    "lines.jsonl:8": "none of the text fields",
    "nul.txt": "NUL byte at 3",
    "type.parquet": "column 'text' must be text, not int64",
    "what.bin": "unknown file type .bin",
}


def test_all_of_it_at_once_is_quarantined_and_the_good_rows_are_kept(tmp_path):
    (tmp_path / "in").mkdir()
    write_bad_input(tmp_path / "in")
    result = run_pipeline(tmp_path / "in", tmp_path / "out", SETTINGS)
    found = {r["place"]: r["reason"] for r in map(json.loads, result.quarantine.open())}
    assert found.keys() == REASONS.keys()
    wrong = {place: found[place] for place, part in REASONS.items() if part not in found[place]}
    assert not wrong
    assert Counter(d.id for d in read_documents(result.kept)) == Counter(
        ["deep", "deep", "gzip", "lines"]
    )
    check_accounting(result.funnel)
    read = [r for r in result.funnel if r["stage"] == "read"]
    assert sum(r["documents"] for r in read) == len(REASONS) + 4


def test_metadata_nested_more_deeply_than_can_be_written_cost_no_text(tmp_path):
    line = nested(250).replace(b'"a"', b'"Who wrote it? Ann."')
    (tmp_path / "a.jsonl").write_bytes(line)
    question = {"id": "q", "question": "Who wrote it?", "answer": "Ann", "subject": "it"}
    result = run_pipeline(tmp_path / "a.jsonl", tmp_path / "out", SETTINGS, None, [question])
    (rejected,) = (json.loads(x) for p in result.rejected.glob("*") for x in p.open())
    assert rejected["id"] == "deep"


def test_a_line_of_200_mb_is_passed_over_in_bounded_memory(tmp_path):
    with (tmp_path / "long.jsonl").open("wb") as file:
        file.write(row("first") + b"\n")
        file.seek(200_000_000, os.SEEK_CUR)  # a hole in the file reads as zeros
        file.write(b"\n" + row("last"))
    tracemalloc.start()
    try:
        items = list(read_source(tmp_path / "long.jsonl", tmp_path, SourceSettings()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [getattr(i, "id", None) or i.place for i in items] == ["first", "long.jsonl:2", "last"]
    assert items[1].reason == "line longer than 16000000 bytes"
    assert peak < 80_000_000


@contextmanager
def as_nobody():
    """Without root's right to read everything; a user that has no such right stays who he is."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_without_permission_a_file_and_a_folder_are_quarantined():
    # pytest's own folders are closed to everybody but the user who runs it
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "open.txt").write_text(TEXT)
        (folder / "closed.txt").write_text(TEXT)
        (folder / "closed.txt").chmod(0)
        (folder / "shut").mkdir(mode=0)
        try:
            with as_nobody():
                items = [i for p in source_files(folder) for i in _read(p, folder)]
        finally:
            (folder / "shut").chmod(0o700)
    found = {getattr(i, "place", None) or i.id: getattr(i, "reason", "read") for i in items}
    assert found == {
        "closed.txt": "permission denied",
        "open.txt#0000": "read",
        "shut": "a folder without permission to read it",
    }


def _read(path, root):
    return list(read_source(path, root, SourceSettings()))


# --- full disk ----------------------------------------------------------------------------------

RUN = "import sys; from mucpt_utils.pipeline.command import main; sys.exit(main())"


def _limit_files():
    """No file may grow past 30 kB: the kernel refuses the write, as it does on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))


def test_a_disk_that_takes_no_more_is_one_line_and_the_run_goes_on_later(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for part in range(2):
        lines = (row(f"{part}-{n}", f"{TEXT} {part} {n}") + b"\n" for n in range(300))
        (source / f"{part}.jsonl").write_bytes(b"".join(lines))
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS.model_dump_json())  # JSON is YAML
    arguments = ["--source", str(source), "--settings", str(settings), "--out"]
    command = [sys.executable, "-c", RUN, *arguments, str(tmp_path / "out")]
    failed = subprocess.run(command, capture_output=True, text=True, preexec_fn=_limit_files)
    assert failed.returncode == OUTSIDE, failed.stderr
    errors = [x for x in failed.stderr.splitlines() if x and "stage/s" not in x]
    assert len(errors) == 1 and errors[0].startswith("pipeline: "), failed.stderr
    assert "File too large" in errors[0]
    assert not (tmp_path / "out" / "pipeline.json").exists()
    assert main([*arguments, str(tmp_path / "out")]) == 0
    assert main([*arguments, str(tmp_path / "whole")]) == 0
    outcome = {p.name: p.read_bytes() for p in (tmp_path / "out" / "kept").iterdir()}
    whole = {p.name: p.read_bytes() for p in (tmp_path / "whole" / "kept").iterdir()}
    assert outcome == whole and sum(x.count(b"\n") for x in whole.values()) == 600
