"""Everything in a corpus, as texts: rows with all their fields, and files of any kind.

The pipeline reads what can be trained on; a search for a benchmark must also see what that would
leave out: a table without a text column, a file of an unknown kind, the benchmark's own file.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import orjson
import pyarrow
import pyarrow.feather
import pyarrow.parquet
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.pipeline.questions.canaries import Canaries
from mucpt_utils.pipeline.questions.record_lines import fields_as_lines
from mucpt_utils.text.sources import Malformed, PassedOver, Unreadable, decode, read_source
from mucpt_utils.text.sources.base import first_line, one_line, open_source, path_name
from mucpt_utils.text.sources.compression import CODECS
from mucpt_utils.text.sources.encodings import as_utf8, is_utf8
from mucpt_utils.text.sources.folders import survey
from mucpt_utils.text.sources.inputs import local_path, open_hub, open_input, split_name

CHUNK = 1 << 20
LARGEST_FIELD = 1 << 30
LARGEST_STREAM = 1 << 40
LONGEST_COLUMN = 60  # characters of a column name


class Text(NamedTuple):
    """A text of a corpus: its document, its file, and its whole content."""

    document: str
    file: str
    content: str


def corpus_texts(source: str, cache: Path) -> Iterator[Text | Unreadable]:
    """Every text of a folder, a file, a dataset of the Hub or books of Project Gutenberg.

    cache: the folder for fetched books. Raises SourceError, NoSource or SourceFailed if the
    source cannot be opened.
    """
    kind, name = split_name(source)
    settings = SourceSettings()
    if kind == "path":
        yield from local_texts(local_path(name), settings)
        return
    opened = open_input(source, settings, cache)
    if kind == "hub":
        yield from rows_as_texts(open_hub(name, settings).stream(), name)
        return
    for unit in opened.units(CHUNK):
        yield from documents_as_texts(unit())


def local_texts(path: Path, settings: SourceSettings) -> Iterator[Text | Unreadable]:
    """The texts of a file, or of a folder, and what is left out of it. Raises NoSource."""
    if path.is_file():
        yield from file_texts(path, path.parent, settings)
        return
    view = survey(path)
    for file in view.paths:
        yield from file_texts(file, path, settings)
    for left in view.passed_over:
        yield Unreadable(left.source, left.place, left.reason)


def marked_files(path: Path, canaries: Canaries) -> list[str]:
    """Names of the files, including hidden ones, that contain a canary, compressed or not."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    root = path.parent if path.is_file() else path
    return [path_name(file, root) for file in files if holds_any(file, canaries)]


def holds_any(path: Path, canaries: Canaries) -> bool:
    """Whether a file contains one of the canaries, as it is or decompressed."""
    readers: tuple[Callable, ...] = (lambda: path.open("rb"), lambda: open_source(path, 1 << 40))
    for reader in readers if path.suffix.lower() in CODECS else readers[:1]:
        try:
            with reader() as stream:
                tail = b""
                while chunk := stream.read(CHUNK):
                    if canaries.are_in((tail + chunk).decode("utf-8", "replace")):
                        return True
                    tail = (tail + chunk)[-canaries.most_bytes :]
        except (OSError, EOFError, Malformed):
            continue  # an unreadable file is reported when its texts are read
    return False


# --- files --------------------------------------------------------------------------------------


def file_texts(path: Path, root: Path, settings: SourceSettings) -> Iterator[Text | Unreadable]:
    """The texts of one file: of its rows if it has rows, else of its documents."""
    if not path.is_file():  # a pipe would be waited for; the reason is the pipeline's
        yield from documents_as_texts(read_source(path, root, settings))
        return
    name = path_name(path, root)
    suffixes = [s.lower() for s in path.suffixes if s.lower() not in CODECS]
    reader = ROW_READERS.get(suffixes[-1] if suffixes else "")
    try:
        if reader is not None:
            with open_source(path, settings.largest_file_bytes) as stream:
                yield from rows_as_texts(reader(stream), name)
            return
        items = list(documents_as_texts(read_source(path, root, settings)))
        if any(isinstance(item, Text) for item in items):
            yield from items
        else:
            yield from plain_text(path, name, settings)
    except Exception as error:  # whatever a file does to its reader affects that file only
        yield Unreadable(name, name, first_line(error))


def plain_text(path: Path, name: str, settings: SourceSettings) -> Iterator[Text | Unreadable]:
    """A file of an unknown kind as it is, if it is text."""
    with open_source(path, settings.largest_file_bytes) as stream:
        raw = stream.read()
    if b"\0" in raw[:CHUNK] and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield Unreadable(name, name, "neither text nor a table")
    elif raw.strip():
        yield Text(name, name, decode(raw))
    else:
        yield Unreadable(name, name, "the file is empty")


def documents_as_texts(
    items: Iterable[Document | Unreadable | PassedOver],
) -> Iterator[Text | Unreadable]:
    """Documents as the pipeline reads them."""
    for item in items:
        if isinstance(item, Unreadable):
            yield item
        elif isinstance(item, Document):
            file = str(item.metadata.get("file") or item.metadata.get("source") or "")
            yield Text(str(item.id), file, item.text)


def rows_as_texts(rows: Iterable[object], name: str) -> Iterator[Text | Unreadable]:
    """Rows with all their fields; anything else becomes an Unreadable with its number."""
    for number, row in enumerate(rows, 1):
        place = f"{name}:{number}"
        if isinstance(row, Malformed):
            yield Unreadable(name, place, str(row))
        elif content := fields_as_lines(row if isinstance(row, dict) else {"": row}):
            identifier = row.get("id") if isinstance(row, dict) else None
            yield Text(one_line(str(identifier or place)), name, content)


# --- rows ---------------------------------------------------------------------------------------


def json_lines(stream: BinaryIO) -> Iterator[object]:
    """The values of JSON Lines; a Malformed in place of a line that is not JSON."""
    for line in as_utf8(stream, LARGEST_STREAM):
        if line.strip():
            try:
                yield value_of(line if is_utf8(line) else decode(line))
            except Malformed as error:
                yield error


def value_of(line: bytes | str) -> object:
    """The value of a line of JSON; NaN and half a character, as Python writes them, are taken too.

    Raises Malformed for what is not JSON.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise Malformed(f"not JSON: {error.msg}") from None


def json_rows(stream: BinaryIO) -> Iterator[object]:
    """The rows of a JSON file: of a list, or of the lists in an object; else JSON Lines."""
    raw = stream.read()
    try:
        value = json.loads(decode(raw))
    except ValueError:
        yield from json_lines(cast(BinaryIO, io.BufferedReader(cast(Any, io.BytesIO(raw)))))
        return
    lists = [v for v in value.values() if is_rows(v)] if isinstance(value, dict) else []
    if is_rows(value):
        yield from value
    elif lists:
        yield {key: inner for key, inner in value.items() if not is_rows(inner)}
        for rows in lists:
            yield from rows
    else:
        yield value


def is_rows(value: object) -> bool:
    """Whether a JSON value is a list of rows."""
    return isinstance(value, list) and any(isinstance(row, dict | list) for row in value)


def table_rows(stream: BinaryIO) -> Iterator[dict]:
    """The rows of a text table, with any separator of cells."""
    text = decode(stream.read())
    header = text.partition("\n")[0]
    csv.field_size_limit(LARGEST_FIELD)
    delimiter = max("\t;|,", key=header.count)
    first = next(csv.reader([header], delimiter=delimiter), [])
    # a first row of sentences names no columns
    names = None if are_names(first) else [f"column {n}" for n in range(1, len(first) + 1)]
    for row in csv.DictReader(io.StringIO(text), names, delimiter=delimiter, restkey=""):
        yield {key or "": value for key, value in row.items()}


def are_names(cells: Sequence[str]) -> bool:
    """Whether the first row of a table may be its column names."""
    return all("?" not in cell and len(cell) <= LONGEST_COLUMN for cell in cells)


def parquet_rows(stream: BinaryIO) -> Iterator[dict]:
    """The rows of a Parquet file."""
    for batch in pyarrow.parquet.ParquetFile(io.BytesIO(stream.read())).iter_batches(1000):
        yield from batch.to_pylist()


def arrow_rows(stream: BinaryIO) -> Iterator[dict]:
    """The rows of an Arrow file or stream, as `datasets` keeps them."""
    raw = pyarrow.BufferReader(stream.read())
    try:
        yield from pyarrow.feather.read_table(raw).to_pylist()
    except pyarrow.ArrowInvalid:
        raw.seek(0)
        yield from pyarrow.ipc.open_stream(raw).read_all().to_pylist()


ROW_READERS: dict[str, Callable[[BinaryIO], Iterator[object]]] = {
    **dict.fromkeys((".jsonl", ".ndjson", ".jsonlines", ".jl"), json_lines),
    **dict.fromkeys((".csv", ".tsv", ".tab"), table_rows),
    **dict.fromkeys((".parquet", ".pq"), parquet_rows),
    **dict.fromkeys((".arrow", ".feather"), arrow_rows),
    ".json": json_rows,
}
