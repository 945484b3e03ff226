"""Bad input through the whole pipeline: quarantined with place and reason, or one clear line."""

import errno
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
import pytest

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.errors import OUTSIDE, WRONG_INPUT
from mucpt_utils.pipeline.accounting import check_accounting
from mucpt_utils.pipeline.command import main
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.text.sources import MachineTrouble, files, read_source, source_files
from mucpt_utils.text.sources.records import RESERVED

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
    broken = row("utf8", "CAF").replace(b"CAF", "Café ".encode() + b"\xc3 end")
    lines = [broken, row("nul", "a\0b"), b"{cut"]
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


# --- trouble of the machine is not the file's ---------------------------------------------------


def test_a_full_folder_for_temporary_files_stops_the_run_and_the_next_one_reads_the_file(
    tmp_path, capsys, monkeypatch
):
    source = tmp_path / "in"
    source.mkdir()
    table = pyarrow.table({"text": [f"{TEXT} {n}" for n in range(3)]})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    (source / "t.parquet.gz").write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
    (source / "a.txt").write_text(TEXT)
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS.model_dump_json())  # JSON is YAML
    arguments = ["--source", str(source), "--out", str(tmp_path / "out")]
    arguments += ["--settings", str(settings)]

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", full)
        assert main(arguments) == OUTSIDE
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("pipeline: t.parquet.gz: ") and "No space left" in line
    assert main(arguments) == 0
    kept = {d.id for d in read_documents(tmp_path / "out" / "kept")}
    assert kept == {"a.txt#0000", *(f"t.parquet.gz:{n}" for n in (1, 2, 3))}
    assert not (tmp_path / "out" / "quarantine.jsonl").read_text()


def test_too_many_open_files_stop_the_run_and_are_no_fault_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text(TEXT)

    def many(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "open", many)
    with pytest.raises(MachineTrouble, match="a.txt: .*Too many open files"):
        _read(tmp_path / "a.txt", tmp_path)


@pytest.mark.parametrize("error", [KeyError("tzutc()"), MemoryError(), AssertionError("odd")])
def test_any_error_inside_a_file_quarantines_it_with_its_kind(tmp_path, monkeypatch, error):
    def trip(*_):
        raise error

    (tmp_path / "a.txt").write_text(TEXT)
    monkeypatch.setattr(files, "read_prose", trip)
    (item,) = _read(tmp_path / "a.txt", tmp_path)
    assert item.place == "a.txt" and item.reason.startswith(type(error).__name__)


# --- folders that stand in each other -----------------------------------------------------------


def test_an_output_inside_the_source_is_not_read_by_the_next_run(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    first = run_pipeline(tmp_path, tmp_path / "out", SETTINGS)
    other = SETTINGS.model_copy(update={"part_documents": 7})
    second = run_pipeline(tmp_path, tmp_path / "out", other)
    third = run_pipeline(tmp_path, tmp_path / "elsewhere", SETTINGS)
    for result in (first, second, third):
        assert [d.id for d in read_documents(result.kept)] == ["a.txt#0000"]
    passed = {r["reason"]: r["documents"] for r in third.funnel if "passed" in r["reason"]}
    assert list(passed) == ["passed over: what a run of the pipeline has written"]


@pytest.mark.parametrize("kind", ["finished", "killed", "link", "both"])
def test_the_output_of_a_run_is_no_source(tmp_path, capsys, kind):
    source, out = tmp_path / "in", tmp_path / "in" if kind == "both" else tmp_path / "out"
    source.mkdir()
    (source / "a.txt").write_text(TEXT)
    run_pipeline(source / "a.txt", out, SETTINGS.model_copy(update={"keep_stages": True}))
    if kind == "killed":
        (out / "pipeline.json").unlink()
    place = tmp_path / "link" if kind == "link" else out
    if kind == "link":
        place.symlink_to(out)
    assert main(["--source", str(place), "--out", str(tmp_path / "new")]) == WRONG_INPUT
    told = f"what a run of the pipeline has written; name {place / 'kept'}"
    assert told in capsys.readouterr().err
    kept = run_pipeline(out / "kept", tmp_path / "again", SETTINGS).kept
    assert [d.id for d in read_documents(kept)] == ["a.txt#0000"]


def test_the_card_of_a_dataset_that_a_run_wrote_is_no_text(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "s.yaml").write_text(SETTINGS.model_dump_json())
    arguments = ["--out", str(tmp_path / "out"), "--settings", str(tmp_path / "s.yaml")]
    assert main(["--source", str(tmp_path / "a.txt"), *arguments]) == 0
    result = run_pipeline(tmp_path / "out/dataset", tmp_path / "again", SETTINGS)
    assert [d.text for d in read_documents(result.kept)] == [TEXT]
    passed = {r["reason"] for r in result.funnel if "passed" in r["reason"]}
    assert passed == {"passed over: describes the source"}


@pytest.mark.parametrize("place", [".", "kept", "rejected/x.jsonl", "quarantine.jsonl", "stages"])
def test_a_source_that_the_run_would_overwrite_is_refused(tmp_path, capsys, place):
    out = tmp_path / "out"
    path = out / place
    folder = path.parent if path.suffix else path
    folder.mkdir(parents=True)
    (folder / "x.jsonl").write_text(json.dumps({"text": TEXT}))
    (out / "quarantine.jsonl").write_text(json.dumps({"text": TEXT}))
    assert main(["--source", str(path), "--out", str(out)]) == WRONG_INPUT
    assert capsys.readouterr().err.count("\n") == 1
    assert (folder / "x.jsonl").exists()


def test_a_source_beside_what_the_run_writes_is_read(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text(TEXT)
    result = run_pipeline(tmp_path / "raw", tmp_path, SETTINGS)
    assert [d.id for d in read_documents(result.kept)] == ["a.txt#0000"]


def test_a_folder_of_somebody_elses_is_not_emptied(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(TEXT)
    (tmp_path / "out" / "kept").mkdir(parents=True)
    (tmp_path / "out" / "kept" / "thesis.txt").write_text("years of work")
    arguments = ["--source", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert main(arguments) == WRONG_INPUT
    assert "--out holds kept/" in capsys.readouterr().err
    assert (tmp_path / "out" / "kept" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("source", "out"),
    [("in", "x" * 300), ("y" * 300, "out"), ("in", "in/a.txt/out"), ("two\nlines", "out")],
)
def test_names_that_no_folder_can_have_are_one_line(tmp_path, capsys, source, out):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(TEXT)
    arguments = ["--source", str(tmp_path / source), "--out", str(tmp_path / out)]
    assert main(arguments) == WRONG_INPUT
    errors = [line for line in capsys.readouterr().err.splitlines() if "stage/s" not in line]
    assert len(errors) == 1 and errors[0].startswith("pipeline: ")


def test_odd_values_under_the_names_that_stages_use_cost_no_text(tmp_path):
    odd = [5, "x", None, [], {"spans": 3}, {"spans": [{"start": "a"}]}, {"spans": ["a"]}]
    names = ("truth", "file", "passage", *RESERVED)
    rows = [
        {"id": f"{name}{n}", "text": f"{TEXT} {name}{n} Mail ann@mail.com.", name: value}
        for name in names
        for n, value in enumerate(odd)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = PipelineSettings(classifier="off")
    result = run_pipeline(tmp_path / "a.jsonl", tmp_path / "out", settings)
    check_accounting(result.funnel)
    read = [r for r in result.funnel if (r["stage"], r["reason"]) == ("read", "kept")]
    assert sum(r["documents"] for r in read) == len(rows)


@pytest.mark.parametrize("names", [("in\0", "out"), ("in", "out\0")])
def test_a_name_that_no_file_can_have_is_one_line(tmp_path, capsys, names):
    source, out = (str(tmp_path / name) for name in names)
    assert main(["--source", source, "--out", out]) == WRONG_INPUT
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("token_count", "23"), ("token_count", [1]), ("masks", "a"), ("asked_questions", 5)]
    + [("weight", 75.5), ("masked", {"EMAIL": 3}), ("holds_canary", True), ("read_from", {})],
)
def test_what_a_row_brings_under_the_name_of_a_result_is_kept_aside(tmp_path, name, value):
    rows = [{"id": 1, "text": f"{TEXT} Mail ann@mail.com.", name: value, f"stated_{name}": "old"}]
    rows += [{"id": 2, "text": "A harpsichord plucks its strings.", "metadata": {name: value}}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = SETTINGS.model_copy(update={"decontamination": "report"})
    (tmp_path / "s.yaml").write_text(settings.model_dump_json())
    arguments = ["--source", str(tmp_path / "a.jsonl"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--settings", str(tmp_path / "s.yaml")]) == 0
    first, second = (d.metadata for d in read_documents(tmp_path / "out/kept"))
    assert (first[f"stated_{name}"], first[f"stated_stated_{name}"]) == ("old", value)
    assert second[f"stated_{name}"] == value
    assert (first["masked"], second.get("masked")) == ({"EMAIL": 1}, None)
    assert not {"weight", "token_count", "asked_questions", "holds_canary"} & first.keys()
    assert [m["read_from"] for m in (first, second)] == ["a.jsonl:1", "a.jsonl:2"]


def test_a_second_run_over_what_is_kept_counts_its_own_masks_alone(tmp_path, capsys):
    (tmp_path / "a.jsonl").write_bytes(row(1, f"{TEXT} Mail ann@mail.com."))
    run_pipeline(tmp_path / "a.jsonl", tmp_path / "one", SETTINGS)
    run_pipeline(tmp_path / "one/kept", tmp_path / "two", SETTINGS)
    (document,) = read_documents(tmp_path / "two/kept")
    assert "masked" not in document.metadata
    assert document.metadata["stated_masked"] == {"EMAIL": 1}
