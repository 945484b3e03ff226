"""Rows become documents: lines of JSON, rows of a Parquet file."""

import datetime
import decimal
import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson
import pyarrow
import pyarrow.parquet
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import COMPRESSED, Malformed, Unreadable, excerpt, open_source

Item = Document | Unreadable


def read_lines(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Documents of a JSON Lines file; a line that is none is given as Unreadable.

    Raises Malformed for a file without a line.
    """
    number = 0
    with open_source(path, settings.largest_file_bytes) as stream:
        for number, line in _bounded_lines(stream, settings.longest_line_bytes):
            place = f"{name}:{number}"
            try:
                if line is None:
                    raise Malformed(f"line longer than {settings.longest_line_bytes} bytes")
                if line.strip():
                    yield parse_document(line, place, source, settings)
            except Malformed as error:
                yield Unreadable(source, place, str(error), excerpt(line))
    if not number:
        raise Malformed("the file is empty")


def parse_document(
    line: bytes, place: str, source: str, settings: SourceSettings | None = None
) -> Document:
    """A Document from one JSON line. Raises Malformed with the reason where it is none.

    Fields that are neither text, id nor metadata join the metadata. place: default identifier.
    source: what `metadata.source` is when the line does not say.
    """
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg if hasattr(error, 'msg') else error}") from error
    if not isinstance(row, dict):
        raise Malformed(f"a JSON object was expected, not {type(row).__name__}")
    document = row_document(row, place, source, settings or SourceSettings())
    if line.count(b"[") + line.count(b"{") > FEWEST_LEVELS:
        _check_depth(document)
    return document


# JSON is read to 1024 levels and written to 254; no stage adds more than a few
FEWEST_LEVELS = 200
STAGES_ADD = 4


def _check_depth(document: Document) -> None:
    """Raises Malformed for metadata that are nested too deeply to be written again."""
    value = document.metadata
    for _ in range(STAGES_ADD):
        value = [value]
    try:
        orjson.dumps(value)
    except TypeError as error:
        raise Malformed(f"nested too deeply: {error}") from error


def row_document(row: dict, place: str, source: str, settings: SourceSettings) -> Document:
    """A Document from the fields of one row, as `parse_document` does; `row` is used up."""
    field = next((f for f in settings.text_fields if f in row), None)
    if field is None:
        raise Malformed(f"none of the text fields {', '.join(settings.text_fields)}")
    text, identifier = row.pop(field), row.pop("id", None)
    metadata = row.pop("metadata", None)
    if not isinstance(text, str):
        raise Malformed(f"field {field!r} must be text, not {type(text).__name__}")
    if not text.strip():
        raise Malformed(f"field {field!r} is empty")
    if "\0" in text:
        raise Malformed(f"field {field!r} has a NUL at {text.index(chr(0))}")
    if metadata is not None and not isinstance(metadata, dict):
        raise Malformed(f"field 'metadata' must be an object, not {type(metadata).__name__}")
    row.pop("media", None)
    metadata = {"source": source, **row, **(metadata or {})}
    if not isinstance(metadata["source"], str):
        raise Malformed("field 'metadata.source' must be text")
    key = place if identifier is None else str(identifier)
    return Document(text=text, id=key, metadata=metadata)


def _bounded_lines(stream: BinaryIO, longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines; a line longer than `longest` bytes is skipped over and given as None."""
    number = 0
    while line := stream.readline(longest + 1):
        number += 1
        if len(line) <= longest or line.endswith(b"\n"):
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(longest)
        yield number, None


# --- Parquet ------------------------------------------------------------------------------------


def read_table(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Documents of a Parquet file, a batch of rows in memory at a time.

    A row that is no document is given as Unreadable with its number, counted from 1; a file that
    is damaged further on gives the rows before the damage. Raises Malformed for the damage.
    """
    with seekable(path, settings) as stream:
        try:
            table = pyarrow.parquet.ParquetFile(stream, pre_buffer=False)
        except (pyarrow.ArrowException, OSError) as error:
            raise Malformed(f"not a whole Parquet file: {_first_line(error)}") from error
        _check_columns(table.schema_arrow, settings)
        number = 0
        for group in range(table.num_row_groups):
            for rows in _batches(table, group, number, settings):
                for row in rows:
                    number += 1
                    yield _table_document(row, f"{name}:{number}", source, settings)


@contextmanager
def seekable(path: Path, settings: SourceSettings) -> Iterator[BinaryIO]:
    """The file itself, or a temporary copy of what a compressed one holds."""
    if path.suffix not in COMPRESSED:
        with path.open("rb") as file:
            yield file
        return
    with (
        tempfile.TemporaryFile() as copy,
        open_source(path, settings.largest_file_bytes) as stream,
    ):
        shutil.copyfileobj(stream, copy, 1 << 20)
        copy.seek(0)
        yield copy


def _check_columns(schema: pyarrow.Schema, settings: SourceSettings) -> None:
    field = next((f for f in settings.text_fields if f in schema.names), None)
    if field is None:
        raise Malformed(f"none of the text columns {', '.join(settings.text_fields)}")
    kind = schema.field(field).type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    texts = ("is_string", "is_large_string", "is_string_view")
    if not any(getattr(pyarrow.types, check)(kind) for check in texts):
        raise Malformed(f"column {field!r} must be text, not {kind}")


def _batches(
    table: pyarrow.parquet.ParquetFile, group: int, before: int, settings: SourceSettings
) -> Iterator[list[dict | Malformed]]:
    size = table.metadata.row_group(group).total_byte_size
    if size > settings.largest_file_bytes:
        raise Malformed(f"row group {group} holds more than {settings.largest_file_bytes} bytes")
    try:
        for batch in table.iter_batches(settings.batch_rows, [group], use_threads=False):
            yield _rows(batch)
            before += batch.num_rows
    except (pyarrow.ArrowException, OSError) as error:
        raise Malformed(f"damaged after row {before}: {_first_line(error)}") from error


def _rows(batch: pyarrow.RecordBatch) -> list[dict | Malformed]:
    """The rows of a batch; a value that Python cannot hold spoils its own row only."""
    try:
        return batch.to_pylist()
    except (ValueError, OverflowError):
        return [_row(batch, index) for index in range(batch.num_rows)]


def _row(batch: pyarrow.RecordBatch, index: int) -> dict | Malformed:
    try:
        return batch.slice(index, 1).to_pylist()[0]
    except UnicodeDecodeError as error:
        return Malformed(f"broken UTF-8 at byte {error.start}")
    except (ValueError, OverflowError) as error:
        return Malformed(_first_line(error))


def _table_document(
    row: dict | Malformed, place: str, source: str, settings: SourceSettings
) -> Item:
    try:
        if isinstance(row, Malformed):
            raise row
        return row_document({k: json_value(v) for k, v in row.items()}, place, source, settings)
    except Malformed as error:
        return Unreadable(source, place, str(error))


def json_value(value: object) -> object:
    """A value of a table as JSON can hold it: times as ISO text, decimals as text, no bytes."""
    if isinstance(value, dict):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(inner) for inner in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | datetime.timedelta):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    return None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
