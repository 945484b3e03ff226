"""Rows become documents: the fields of a row, and files with a JSON object a line."""

import datetime
import decimal
import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import Item, Malformed, Unreadable, excerpt, open_source

# JSON is read to 1024 levels and written to 254; no stage adds more than a few
FEWEST_LEVELS = 200
STAGES_ADD = 4


def read_lines(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Documents of a JSON Lines file; a line that is not one is given as Unreadable.

    Raises Malformed for a file without a line.
    """
    number = 0
    with open_source(path, settings.largest_file_bytes) as stream:
        for number, line in bounded_lines(stream, settings.longest_line_bytes):
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


def bounded_lines(stream: BinaryIO, longest: int) -> Iterator[tuple[int, bytes | None]]:
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


def parse_document(
    line: bytes, place: str, source: str, settings: SourceSettings | None = None
) -> Document:
    """A Document from one JSON line. Raises Malformed with the reason where it is not one.

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
        # metadata must not be nested more deeply than can be written again
        value = document.metadata
        for _ in range(STAGES_ADD):
            value = [value]
        try:
            orjson.dumps(value)
        except TypeError as error:
            raise Malformed(f"nested too deeply: {error}") from error
    return document


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
