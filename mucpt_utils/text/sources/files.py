"""Readers: a folder of documents or of real text becomes datatrove Documents with metadata.

What cannot be read is never lost and never stops a run: it comes out as `Unreadable`, with its
place (`file:line` where there is a line) and the reason.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import (
    COMPRESSED,
    Item,
    Malformed,
    NoSource,
    Unreadable,
    open_source,
    reason_of,
)
from mucpt_utils.text.sources.library import source_of
from mucpt_utils.text.sources.prose import read_prose
from mucpt_utils.text.sources.records import read_lines
from mucpt_utils.text.sources.tables import read_table, seekable
from mucpt_utils.text.sources.warc import read_warc

PROSE = {".txt", ".md", ".rst", ".html", ".htm"}
ROW_READERS = {
    ".jsonl": read_lines,
    ".parquet": read_table,
    ".warc": read_warc,
    ".wet": read_warc,
}
# files beside a source that describe it
SIDECARS = {"BOOKS.tsv", "MANIFEST.tsv", "SHA256SUMS", "LICENSE", "LICENSE.txt", "record.json"}
DAMAGED = (Malformed, OSError, EOFError, zlib.error)

# for an estimate
PROSE_BYTES_A_WORD = 6.0
COMPRESSION = 3.0
SAMPLE_BYTES = 200_000
# a line feed ends a line of JSON; a record of a web archive begins with its version
MARKS = {".jsonl": b"\n", ".warc": b"WARC/1.", ".wet": b"WARC/1."}


def source_files(folder: Path) -> list[Path]:
    """Everything to be read or quarantined under `folder`, sorted by path.

    Raises NoSource where the folder is missing or holds nothing.
    """
    if not folder.is_dir():
        raise NoSource(f"source {folder} is not a folder")
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.name not in SIDECARS
        and not path.name.startswith(".")
        and (not path.is_dir() or kind_of(path) is not None or is_closed(path))
    )
    if not files:
        raise NoSource(f"source {folder} holds no file to read")
    return files


def is_closed(folder: Path) -> bool:
    """Whether this user may not look into a folder."""
    effective = os.access in os.supports_effective_ids
    return not os.access(folder, os.R_OK | os.X_OK, effective_ids=effective)


def kind_of(path: Path) -> str | None:
    """The suffix that says how to read a file, without its compression; None for unknown ones."""
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in PROSE | set(ROW_READERS) else None


def read_source(path: Path, root: Path, settings: SourceSettings) -> Iterator[Item]:
    """Documents and unreadable pieces of one file, in the order in which they stand in it.

    path: a file under `root`; identifiers and places are relative to `root`.
    """
    name, source, kind = path.relative_to(root).as_posix(), source_of(path, root), kind_of(path)
    try:
        if path.is_dir() and is_closed(path):
            raise Malformed("a folder without permission to read it")
        if path.is_dir():
            raise Malformed("a folder with the name of a file")
        if kind is None:
            raise Malformed(f"unknown file type {path.suffix or 'without suffix'}")
        if kind in PROSE:
            yield from read_prose(path, root, kind, settings)
        else:
            yield from ROW_READERS[kind](path, name, source, settings)
    except DAMAGED as error:
        yield Unreadable(source, name, reason_of(error))


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes; what cannot be read has the fingerprint `unreadable`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def estimate_documents(files: Sequence[Path], settings: SourceSettings) -> int:
    """About how many documents reading `files` will give, from their sizes and first bytes.

    What cannot be read counts nothing.
    """
    return round(sum(estimate(path, settings) for path in files))


def estimate(path: Path, settings: SourceSettings) -> float:
    """About how many documents one file gives; 0 for what cannot be read."""
    kind = kind_of(path)
    if kind is None or not path.is_file():
        return 0
    size = path.stat().st_size * (COMPRESSION if path.suffix in COMPRESSED else 1)
    if kind in PROSE:
        return size / (PROSE_BYTES_A_WORD * settings.passage_words)
    try:
        if kind == ".parquet":
            with seekable(path, settings) as stream:
                return pyarrow.parquet.read_metadata(stream).num_rows
        with open_source(path, settings.largest_file_bytes) as stream:
            sample = stream.read(SAMPLE_BYTES)
    except (*DAMAGED, pyarrow.ArrowException):
        return 0
    return size * sample.count(MARKS[kind]) / max(1, len(sample))
