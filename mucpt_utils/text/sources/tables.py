"""Parquet files become documents, a batch of rows in memory at a time."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow
import pyarrow.parquet

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import (
    COMPRESSED,
    Item,
    Malformed,
    Unreadable,
    first_line,
    open_source,
)
from mucpt_utils.text.sources.records import json_value, row_document


def read_table(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Documents of a Parquet file.

    A row that is not a document is given as Unreadable with its number, counted from 1; a file
    that is damaged further on gives the rows before the damage. Raises Malformed for the damage.
    """
    with seekable(path, settings) as stream:
        try:
            table = pyarrow.parquet.ParquetFile(stream, pre_buffer=False)
        except (pyarrow.ArrowException, OSError) as error:
            raise Malformed(f"not a whole Parquet file: {first_line(error)}") from error
        check_columns(table.schema_arrow, settings)
        for number, row in enumerate(table_rows(table, settings), 1):
            place = f"{name}:{number}"
            try:
                if isinstance(row, Malformed):
                    raise row
                fields = {key: json_value(value) for key, value in row.items()}
                yield row_document(fields, place, source, settings)
            except Malformed as error:
                yield Unreadable(source, place, str(error))


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


def check_columns(schema: Any, settings: SourceSettings) -> None:
    """Raises Malformed where no column is named as a text field, or it does not hold text."""
    field = next((f for f in settings.text_fields if f in schema.names), None)
    if field is None:
        raise Malformed(f"none of the text columns {', '.join(settings.text_fields)}")
    kind = schema.field(field).type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    texts = ("is_string", "is_large_string", "is_string_view")
    if not any(getattr(pyarrow.types, check)(kind) for check in texts):
        raise Malformed(f"column {field!r} must be text, not {kind}")


def table_rows(table: Any, settings: SourceSettings) -> Iterator[dict | Malformed]:
    """The rows of a Parquet file in order; raises Malformed where it is damaged, or too large."""
    number = 0
    for group in range(table.num_row_groups):
        if table.metadata.row_group(group).total_byte_size > settings.largest_file_bytes:
            limit = settings.largest_file_bytes
            raise Malformed(f"row group {group} holds more than {limit} bytes")
        try:
            for batch in table.iter_batches(settings.batch_rows, [group], use_threads=False):
                yield from batch_rows(batch)
                number += batch.num_rows
        except (pyarrow.ArrowException, OSError) as error:
            raise Malformed(f"damaged after row {number}: {first_line(error)}") from error


def batch_rows(batch: Any) -> list[dict | Malformed]:
    """The rows of a batch; a value that Python cannot hold spoils its own row only."""
    try:
        return batch.to_pylist()
    except (ValueError, OverflowError):
        pass  # one of the rows: each is tried
    rows: list[dict | Malformed] = []
    for index in range(batch.num_rows):
        try:
            rows += batch.slice(index, 1).to_pylist()
        except UnicodeDecodeError as error:
            rows.append(Malformed(f"broken UTF-8 at byte {error.start}"))
        except (ValueError, OverflowError) as error:
            rows.append(Malformed(first_line(error)))
    return rows
