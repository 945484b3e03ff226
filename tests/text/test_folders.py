"""What lies in a folder: read, quarantined, or passed over and counted; links never go round."""

import gzip
import json
import os
import socket

import pytest
import zstandard
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import Unreadable, read_source, source_files
from mucpt_utils.text.sources.base import NoSource
from mucpt_utils.text.sources.files import kind_of
from mucpt_utils.text.sources.folders import survey
from mucpt_utils.text.sources.inputs import FolderInput, open_input

TEXT = "The sonata for violin was heard again in the hall of the old town."


def write(path, content=TEXT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(root):
    items = [i for p in source_files(root) for i in read_source(p, root, SourceSettings())]
    ids = [i.id for i in items if isinstance(i, Document)]
    return ids, {i.place: i.reason for i in items if isinstance(i, Unreadable)}


def test_hidden_files_caches_and_the_output_of_a_run_are_passed_over_and_counted(tmp_path):
    write(tmp_path / "a.txt")
    for name in (".ipynb_checkpoints/a.txt", ".cache/x/b.txt", ".cache/c.txt", ".DS_Store"):
        write(tmp_path / name)
    write(tmp_path / "sub" / "__pycache__" / "d.txt")
    write(tmp_path / "run" / "kept" / "00000.jsonl", '{"text": "x"}')
    write(tmp_path / "run" / "pipeline.json", "{}")
    write(tmp_path / "out" / "stages" / "e.txt")
    view = survey(tmp_path, tmp_path / "out")
    assert view.paths == [tmp_path / "a.txt"]
    assert {(item.place, item.reason): item.documents for item in view.passed_over} == {
        (".DS_Store", "hidden"): 1,
        (".cache", "hidden"): 2,
        (".ipynb_checkpoints", "hidden"): 1,
        ("out", "what the run itself writes"): 1,
        ("run", "what a run of the pipeline has written"): 2,
        ("sub/__pycache__", "a cache"): 1,
    }


def test_links_to_folders_are_read_once_and_never_go_round(tmp_path):
    root, outside = tmp_path / "in", tmp_path / "outside"
    write(root / "sub" / "a.txt")
    write(outside / "b.txt")
    (root / "linked").symlink_to(outside)
    (root / "again").symlink_to(root / "sub")
    (root / "sub" / "round").symlink_to(root)
    (root / "nowhere.txt").symlink_to(tmp_path / "gone")
    (root / "itself").symlink_to(root / "itself")
    ids, bad = read(root)
    assert ids == ["linked/b.txt#0000", "sub/a.txt#0000"]
    assert bad == {
        "itself": "a link that leads nowhere, or to itself",
        "nowhere.txt": "a link that leads nowhere, or to itself",
    }
    passed = {item.place: item.reason for item in survey(root).passed_over}
    assert passed == dict.fromkeys(
        ["again", "sub/round"], "a link to a folder that is read already"
    )


def test_pipes_and_sockets_are_quarantined_and_not_waited_for(tmp_path):
    write(tmp_path / "a.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(tmp_path)  # the path of a socket must be short
        try:
            listener.bind("s")
        finally:
            os.chdir(here)
        ids, bad = read(tmp_path)
        assert FolderInput.open(tmp_path, SourceSettings()).key()
    assert ids == ["a.txt#0000"]
    assert bad == {"pipe.txt": "a pipe, not a file", "s": "a socket, not a file"}


def test_odd_names_are_read_and_written_on_one_line(tmp_path):
    names = [
        "two\nlines.txt",
        " space é .txt",
        "quote'\".txt",
        "a.b.c.TXT",
        "-dash.txt",
        "100%.txt",
    ]
    for name in names:
        write(tmp_path / name)
    write(tmp_path / os.fsdecode(b"latin\xe9.txt"))
    ids, bad = read(tmp_path)
    assert not bad
    expected = [name.replace("\n", "\\n") for name in names] + ["latin\\xe9.txt"]
    assert sorted(ids) == sorted(f"{name}#0000" for name in expected)
    for key in ids:
        key.encode()


def test_a_path_of_two_thousand_characters_is_read(tmp_path):
    folder = tmp_path
    for _ in range(8):
        folder = folder / ("d" * 250)
    write(folder / "a.txt")
    ids, bad = read(tmp_path)
    assert len(ids) == 1 and not bad


def test_folders_with_the_name_of_a_file_are_looked_into(tmp_path):
    write(tmp_path / "table.parquet" / "part.txt")
    (tmp_path / "empty.parquet").mkdir()
    ids, bad = read(tmp_path)
    assert ids == ["table.parquet/part.txt#0000"]
    assert bad == {"empty.parquet": "a folder with the name of a file"}


def test_a_file_that_vanishes_while_the_run_goes_is_quarantined(tmp_path):
    gone, stays = write(tmp_path / "a.txt"), write(tmp_path / "b.txt")
    (unit,) = FolderInput.open(tmp_path, SourceSettings()).units(10**6)
    gone.unlink()
    unreadable, document = unit()
    assert unreadable.reason == "no such file or directory"
    assert document.text == stays.read_text()


@pytest.mark.parametrize(
    "content",
    [b"id\xff\x00\tx\n", b"number\ttitle\n1\tx\n", b'id\ttitle\n1\t"open\n2\ty\n'],
)
def test_a_broken_table_of_books_costs_no_book(tmp_path, content):
    write(tmp_path / "1.txt")
    write(tmp_path / "BOOKS.tsv", content)
    ids, bad = read(tmp_path)
    assert ids == ["1.txt#0000"] and list(bad) == ["BOOKS.tsv"]


def test_files_that_describe_a_source_are_counted_and_a_record_of_anybodys_is_read(tmp_path):
    names = ["BOOKS.tsv", "LICENSE", "LICENSE.txt", "MANIFEST.tsv", "SHA256SUMS"]
    for name in names:
        write(tmp_path / name, "id\ttitle\n")
    write(tmp_path / "a" / "record.json", json.dumps({"text": TEXT}))
    told = {"made_by": "01", "inputs": [], "text": TEXT}
    write(tmp_path / "b" / "record.json", json.dumps(told))
    assert read(tmp_path) == (["a/record.json:1", "b/record.json:1"], {})
    passed = {item.place: item.reason for item in survey(tmp_path).passed_over}
    assert passed == dict.fromkeys(names, "describes the source")


PAGE = f"\n<!DOCTYPE html><html><body><p>{TEXT}</p></body></html>"


@pytest.mark.parametrize("name", ["index.php?id=3", "about", "news.shtml", "a.html@page=2", "b.gz"])
def test_a_page_is_one_under_any_name(tmp_path, name):
    write(tmp_path / name, gzip.compress(PAGE.encode()) if name.endswith("gz") else PAGE)
    assert read(tmp_path) == ([f"{name}#0000"], {})
    assert kind_of(tmp_path / name) == ".html"


UNKNOWN = {
    "a.zip": "a file of type .zip: an archive of files",
    "a.tar.gz": "a file of type .tar: an archive of files",
    "a.PDF": "a file of type .pdf: a document to be converted",
    "a.xml": "a file of type .xml: a document to be converted",
    "a.arc.gz": "a file of type .arc: a web archive of the old form",
    "a.wacz": "a file of type .wacz: an archive of files",
    "a.csv": "a file of type .csv: a table to be converted",
    "a.csv.gz": "a file of type .csv: a table to be converted",
    "a.wat.gz": "unknown file type .wat; read are",
    "a.txt.gz.gz": "compressed twice",
    "notes.gz": "a compressed file whose name lacks what it holds",
    "a.txt~": "unknown file type .txt~; read are",
    "Op. 5, Sonata in D": "unknown file type without suffix; read are",
    "README": "unknown file type without suffix; read are",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_files_that_are_not_read_say_what_would_help(tmp_path, name):
    write(tmp_path / name)
    assert read(tmp_path)[1][name].startswith(UNKNOWN[name])


def test_what_a_run_left_unfinished_is_passed_over(tmp_path):
    shards = tmp_path / "old" / "stages" / "0a1b" / "00-read" / "kept"
    shards.mkdir(parents=True)
    (shards / "00000-00000.jsonl").write_text('{"text": "half a run"}')
    (tmp_path / "a.txt").write_text("the whole text")
    view = survey(tmp_path)
    assert view.paths == [tmp_path / "a.txt"]
    assert [(item.place, item.documents) for item in view.passed_over] == [("old", 1)]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.gzip", "a.jsonl.zstd", "a.jsonl.zst"])
def test_files_are_unpacked_by_what_they_hold_whatever_their_name(tmp_path, name):
    raw = b'{"text": "the fugue was heard again in the old hall"}\n'
    for content in (raw, gzip.compress(raw), zstandard.ZstdCompressor().compress(raw)):
        (tmp_path / name).write_bytes(content)
        (document,) = read_source(tmp_path / name, tmp_path, SourceSettings())
        assert document.text == "the fugue was heard again in the old hall"


@pytest.mark.parametrize("source", ["", " "])
def test_a_source_without_a_name_is_refused(tmp_path, source):
    with pytest.raises(NoSource, match="--source is empty"):
        open_input(source, SourceSettings(), tmp_path)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.txt", "a.html"])
def test_a_file_of_blank_lines_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"\n \n\n")
    (item,) = read_source(tmp_path / name, tmp_path, SourceSettings())
    assert isinstance(item, Unreadable) and item.reason == "the file is empty"
