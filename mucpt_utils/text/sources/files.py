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
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import COMPRESSED, Malformed, Unreadable, open_source, reason_of
from mucpt_utils.text.sources.library import source_of
from mucpt_utils.text.sources.prose import read_prose
from mucpt_utils.text.sources.records import read_lines, read_table, seekable
from mucpt_utils.text.sources.warc import read_warc

PROSE = {".txt", ".md", ".rst", ".html", ".htm"}
TABLES = {".parquet"}
ARCHIVES = {".warc", ".wet"}
KINDS = PROSE | {".jsonl"} | TABLES | ARCHIVES
# files beside a source that describe it
SIDECARS = {"BOOKS.tsv", "MANIFEST.tsv", "SHA256SUMS", "LICENSE", "LICENSE.txt", "record.json"}


def source_files(folder: Path) -> list[Path]:
    """Everything to be read or quarantined under `folder`, sorted by path.

    Raises FileNotFoundError where the folder is missing or holds nothing.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"source {folder} is not a folder")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.name not in SIDECARS
        and not path.name.startswith(".")
        and (not path.is_dir() or kind_of(path) is not None or _is_closed(path))
    )
    if not found:
        raise FileNotFoundError(f"source {folder} holds no file to read")
    return found


def _is_closed(folder: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return not os.access(folder, os.R_OK | os.X_OK, effective_ids=effective)


def kind_of(path: Path) -> str | None:
    """The suffix that says how to read a file, without its compression; None for unknown ones."""
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in KINDS else None


def read_source(
    path: Path, root: Path, settings: SourceSettings
) -> Iterator[Document | Unreadable]:
    """Documents and unreadable pieces of one file, in the order in which they stand in it.

    path: a file under `root`; identifiers and places are relative to `root`.
    """
    name, source, kind = path.relative_to(root).as_posix(), source_of(path, root), kind_of(path)
    try:
        if path.is_dir() and _is_closed(path):
            raise Malformed("a folder without permission to read it")
        if path.is_dir():
            raise Malformed("a folder with the name of a file")
        if kind is None:
            raise Malformed(f"unknown file type {path.suffix or 'without suffix'}")
        if kind in PROSE:
            yield from read_prose(path, root, kind, settings)
        else:
            yield from _ROW_READERS[kind](path, name, source, settings)
    except (Malformed, OSError, EOFError, zlib.error) as error:
        yield Unreadable(source, name, reason_of(error))


_ROW_READERS = {".jsonl": read_lines} | dict.fromkeys(TABLES, read_table)
_ROW_READERS |= dict.fromkeys(ARCHIVES, read_warc)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes; what cannot be read has the fingerprint `unreadable`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


PROSE_BYTES_A_WORD = 6.0
COMPRESSION = 3.0
SAMPLE_BYTES = 200_000
# a line feed ends a line of JSON; a record of a web archive begins with its version
MARKS = {".jsonl": b"\n", ".warc": b"WARC/1.", ".wet": b"WARC/1."}


def estimate_documents(files: Sequence[Path], settings: SourceSettings) -> int:
    """About how many documents reading `files` will give, from their sizes and first bytes.

    What cannot be read counts nothing.
    """
    return round(sum(_estimate(path, settings) for path in files))


def _estimate(path: Path, settings: SourceSettings) -> float:
    kind = kind_of(path)
    if kind is None or not path.is_file():
        return 0
    size = path.stat().st_size * (COMPRESSION if path.suffix in COMPRESSED else 1)
    try:
        if kind in PROSE:
            return size / (PROSE_BYTES_A_WORD * settings.passage_words)
        if kind in TABLES:
            return _rows_of(path, settings)
        with open_source(path, settings.largest_file_bytes) as stream:
            sample = stream.read(SAMPLE_BYTES)
    except (Malformed, OSError, EOFError, zlib.error):
        return 0
    return size * sample.count(MARKS[kind]) / max(1, len(sample))


def _rows_of(path: Path, settings: SourceSettings) -> int:
    try:
        with seekable(path, settings) as stream:
            return pyarrow.parquet.read_metadata(stream).num_rows
    except pyarrow.ArrowException:
        return 0
