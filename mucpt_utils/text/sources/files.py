"""Readers: a folder of documents or of real text becomes datatrove Documents with metadata.

What cannot be read is never lost and never stops a run: it comes out as `Unreadable`, with its
place (`file:line` if there is a line) and the reason. Only trouble with the machine stops a run.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import (
    LOST_LINK,
    PRINTED,
    Item,
    MachineTrouble,
    Malformed,
    Unreadable,
    codec_of,
    is_lost_link,
    open_source,
    path_name,
    reason_of,
)
from mucpt_utils.text.sources.compression import CODECS, DAMAGE, content, sniffed
from mucpt_utils.text.sources.library import SUFFIX, TABLE, source_of, table_problem
from mucpt_utils.text.sources.prose import read_prose
from mucpt_utils.text.sources.records import read_json, read_json_lines
from mucpt_utils.text.sources.tables import read_table, seekable
from mucpt_utils.text.sources.warc import read_warc
from mucpt_utils.text.sources.web_page import BEGINNING, begins_page

PROSE = {".txt", ".md", ".rst", ".html"}
ROW_READERS = {
    ".jsonl": read_json_lines,
    ".json": read_json,
    ".parquet": read_table,
    ".warc": read_warc,
    ".wet": read_warc,
}
# other suffixes for the same kind of file
ALIASES = {
    **{".text": ".txt", ".markdown": ".md", ".rest": ".rst", ".htm": ".html", ".xhtml": ".html"},
    **{".ndjson": ".jsonl", ".jsonlines": ".jsonl", ".jl": ".jsonl", ".pq": ".parquet"},
}
READ = ", ".join(sorted({*PROSE, *ROW_READERS}))
# advice for files that hold text in another form
ADVICE = {
    ".arc": "a web archive of the old form, to be converted to .warc first",
    **dict.fromkeys(
        (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".7z", ".rar", ".jar", ".iso", ".cab", ".dmg")
        + (".wacz",),
        "an archive of files, to be unpacked first",
    ),
    **dict.fromkeys(
        (".z", ".lz4", ".lzma", ".lz", ".br", ".sz", ".lzo"),
        "a compression that is not read, to be unpacked first",
    ),
    **dict.fromkeys(
        (".pdf", ".epub", ".mobi", ".azw", ".azw3", ".fb2", ".djvu", ".ps", ".doc", ".docx")
        + (".odt", ".rtf", ".pages", ".tex", ".ipynb", ".mhtml", ".mht", ".eml", ".mbox", ".chm")
        + (".xml", ".sgml", ".tei", ".zim"),
        "a document to be converted to .txt, .md or .html first",
    ),
    **dict.fromkeys(
        (".csv", ".tsv", ".tab", ".xls", ".xlsx", ".ods", ".arrow", ".feather", ".orc", ".avro")
        + (".sqlite", ".db", ".sql", ".h5", ".pkl", ".npy", ".dta", ".sav"),
        "a table to be converted to .jsonl or .parquet first",
    ),
}
TWICE = "compressed twice, to be unpacked once first"
# what a table begins with, whatever its name says
TABLE_MARK = b"PAR1"
HEAD = 64  # bytes that are looked at
FILES = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device"}

# average, for an estimate
PROSE_BYTES_A_WORD = 6.0
COMPRESSION = 3.0
SAMPLE_BYTES = 200_000
# a line feed ends a line of JSON; a record of a web archive begins with its version
MARKS = {".jsonl": b"\n", ".json": b"\n", ".warc": b"WARC/1.", ".wet": b"WARC/1."}


def is_closed(folder: Path) -> bool:
    """Whether this user lacks permission to look into a folder."""
    effective = os.access in os.supports_effective_ids
    return not os.access(folder, os.R_OK | os.X_OK, effective_ids=effective)


def kind_of(path: Path) -> str | None:
    """The suffix that says how to read a file, without its compression; None if unknown.

    A whole web page counts as one under any name: `index.php?id=3`, `about`, `news.shtml`.
    """
    suffix = suffix_of(path)
    kind = ALIASES.get(suffix, suffix)
    if kind in PROSE or kind in ROW_READERS:
        return kind
    return ".html" if holds_page(path) else None


def holds_page(path: Path) -> bool:
    """Whether a readable file begins like a web page."""
    try:
        if path.is_file():
            with open_source(path, SAMPLE_BYTES) as stream:
                return begins_page(stream.read(BEGINNING))
    except (OSError, Malformed):
        pass
    return False


def suffix_of(path: Path) -> str:
    """The last suffix of a name in lower case, without that of its compression; "" for none."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in CODECS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def read_source(path: Path, root: Path, settings: SourceSettings) -> Iterator[Item]:
    """Documents and unreadable pieces of one file, in order.

    path: a file under `root`; identifiers and places are relative to `root`. Raises MachineTrouble
    if the machine, not the file, is at fault.
    """
    name, source = path_name(path, root), source_of(path, root)
    try:
        kind = readable_kind(path)
        if kind in PROSE:
            yield from read_prose(path, root, kind, settings)
        else:
            yield from ROW_READERS[kind](path, name, source, settings)
    except Exception as error:  # whatever a file does to its reader affects that file only
        try:
            reason = reason_of(error)
        except MachineTrouble as trouble:
            raise MachineTrouble(f"{name}: {trouble}") from error
        yield Unreadable(source, name, reason)


def readable_kind(path: Path) -> str:
    """The kind of a file, see `kind_of`. Raises Malformed for anything of an unknown kind."""
    if is_lost_link(path):
        raise Malformed(LOST_LINK)
    mode = stat.S_IFMT(path.stat().st_mode)
    if mode == stat.S_IFDIR and is_closed(path):
        raise Malformed("a folder without permission to read it")
    if mode == stat.S_IFDIR:
        raise Malformed("a folder with the name of a file")
    if mode != stat.S_IFREG:
        raise Malformed(f"{FILES.get(mode, 'something else')}, not a file")
    if path.name == TABLE:
        raise Malformed(table_problem(path))
    kind = kind_of(path)
    if kind is None:
        raise Malformed(unknown_type(path))
    return kind_of_content(path, kind)


def kind_of_content(path: Path, kind: str) -> str:
    """The kind that a file's first bytes show if they contradict its name, else `kind`.

    Raises Malformed for what is compressed twice.
    """
    head = beginning(path)
    is_table = head.startswith(TABLE_MARK) and PRINTED.fullmatch(head) is None
    is_json = head.lstrip()[:1] in (b"{", b"[")
    if is_table or (kind == ".parquet" and is_json):
        return ".parquet" if is_table else ".jsonl"
    with path.open("rb") as raw:
        if codec_of(path, raw) and sniffed(head):
            raise Malformed(TWICE)
    return kind


def beginning(path: Path) -> bytes:
    """The first bytes that a file holds, unpacked; none if they cannot be unpacked.

    Only the first piece is unpacked: `open_source` tests a whole member beforehand.
    """
    with path.open("rb") as raw:
        codec = codec_of(path, raw)
        if codec is None:
            return raw.peek(HEAD)[:HEAD]
        try:
            return next(filter(None, content(raw, codec, 0)), b"")[:HEAD]
        except DAMAGE:  # its reader says what is wrong
            return b""


def unknown_type(path: Path) -> str:
    """Why a file of an unknown kind is not read, and what would help."""
    suffix = suffix_of(path)
    if suffix in ADVICE:
        return f"a file of type {suffix}: {ADVICE[suffix]}"
    if suffix in CODECS:
        return TWICE
    if not suffix and path.suffix.lower() in CODECS:
        return f"a compressed file whose name lacks what it holds, as in .txt.gz; read are {READ}"
    named = suffix if SUFFIX.fullmatch(suffix) else "without suffix"
    return f"unknown file type {named}; read are {READ}"


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes; `unreadable` for a file that cannot be read."""
    try:
        if not path.is_file():
            return "unreadable"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def estimate_documents(files: Sequence[Path], settings: SourceSettings) -> int:
    """About how many documents reading `files` will give, from their sizes and first bytes.

    Unreadable files count as none.
    """
    return round(sum(estimate(path, settings) for path in files))


def estimate(path: Path, settings: SourceSettings) -> float:
    """About how many documents one file gives; 0 if it cannot be read."""
    try:
        kind = readable_kind(path)
        size = path.stat().st_size * (COMPRESSION if path.suffix.lower() in CODECS else 1)
        if kind in PROSE:
            return size / (PROSE_BYTES_A_WORD * settings.passage_words)
        if kind == ".parquet":
            with seekable(path, settings) as stream:
                return pyarrow.parquet.read_metadata(stream).num_rows
        with open_source(path, settings.largest_file_bytes) as stream:
            sample = stream.read(SAMPLE_BYTES)
    except Exception:  # the run itself will say what is wrong
        return 0
    return size * sample.count(MARKS[kind]) / max(1, len(sample))
