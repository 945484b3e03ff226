"""Parquet files become documents, with one batch of rows in memory at a time."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow
import pyarrow.parquet

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import (
    Item,
    Malformed,
    Unreadable,
    codec_of,
    first_line,
    machine_work,
    open_source,
    reason_of,
)
from mucpt_utils.text.sources.encodings import decoded, stated_charset
from mucpt_utils.text.sources.records import (
    json_value,
    no_field,
    page_items,
    row_document,
    with_guess,
)
from mucpt_utils.text.sources.web_page import begins_page

COPY_BYTES = 1 << 20


def read_table(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Documents of a Parquet file.

    A row that is not a document becomes an Unreadable with its number, counted from 1, and so do
    damaged rows; those after them follow. Raises Malformed for a file without rows.
    """
    with seekable(path, settings) as stream:
        try:
            table = pyarrow.parquet.ParquetFile(
                stream, pre_buffer=False, page_checksum_verification=True
            )
        except (pyarrow.ArrowException, OSError) as error:
            raise Malformed(f"not a whole Parquet file: {first_line(error)}") from error
        check_columns(table.schema_arrow, settings)
        if not table.metadata.num_rows:
            raise Malformed("the table has no row")
        number = 0
        for group in range(table.num_row_groups):
            end = number + table.metadata.row_group(group).num_rows
            try:
                for row in group_rows(table, group, settings):
                    number += 1
                    yield from row_items(row, f"{name}:{number}", source, settings)
            except Malformed as error:
                place = f"{name}:{number + 1}-{end}"
                yield Unreadable(source, place, str(error), documents=end - number)
            number = end


def row_items(row: dict, place: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """The document in a row, or why there is none. An unreadable cell holds an exception."""
    guessed = None
    try:
        for field in settings.text_fields:
            if isinstance(raw := row.get(field), bytes):
                row[field], guessed = decoded(
                    raw, stated_charset(raw) if begins_page(raw) else None
                )
            if isinstance(row.get(field), Exception):
                raise row[field]
        fields = {key: json_value(value) for key, value in row.items()}
        document = row_document(fields, place, source, settings)
        yield from page_items(with_guess(document, guessed), place)
    except UnicodeDecodeError as error:
        yield Unreadable(source, place, f"broken UTF-8 at byte {error.start}")
    except Exception as error:
        yield Unreadable(source, place, reason_of(error))


@contextmanager
def seekable(path: Path, settings: SourceSettings) -> Iterator[BinaryIO]:
    """The file itself, or a temporary copy of the content of a compressed one.

    Raises MachineTrouble if there is no room for the copy.
    """
    with path.open("rb") as file:
        if codec_of(path, file) is None:
            yield file
            return
    place = f"a temporary copy of what {path.name} holds"
    with temporary_copy(place) as copy:
        with open_source(path, settings.largest_file_bytes) as stream:
            while chunk := stream.read(COPY_BYTES):
                with machine_work(place):
                    copy.write(chunk)
        with machine_work(place):
            copy.seek(0)  # also flushes the rest to disk
        yield copy


@contextmanager
def temporary_copy(place: str) -> Iterator[BinaryIO]:
    """A temporary file; a full disk is MachineTrouble on closing it, too."""
    with machine_work(place):
        copy = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        yield copy
    finally:
        with machine_work(place):
            copy.close()


def check_columns(schema: Any, settings: SourceSettings) -> None:
    """Raises Malformed if no column is named like a text field, or if none of these holds text."""
    fields = [f for f in settings.text_fields if f in schema.names]
    if not fields:
        raise Malformed(no_field("columns", settings))
    if twice := next((field for field in fields if schema.names.count(field) > 1), None):
        raise Malformed(f"two columns are named {twice!r}")
    if not any(is_text(schema.field(field).type) for field in fields):
        raise Malformed(f"column {fields[0]!r} must be text, not {schema.field(fields[0]).type}")


def is_text(kind: Any) -> bool:
    """Whether an Arrow type holds text, or the bytes of text."""
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    names = ("string", "large_string", "string_view", "binary", "large_binary")
    return any(getattr(pyarrow.types, f"is_{name}")(kind) for name in names)


def group_rows(table: Any, group: int, settings: SourceSettings) -> Iterator[dict]:
    """The rows of a group in order; of a damaged group, those of its undamaged columns.

    Raises Malformed if the text itself is damaged, or if the group is too large.
    """
    limit, count = settings.largest_file_bytes, 0
    if table.metadata.row_group(group).total_byte_size > limit:
        raise Malformed(f"row group {group} holds more than {limit} bytes")
    columns = None
    while True:
        try:
            start = 0
            for batch in table.iter_batches(
                settings.batch_rows, [group], columns=columns, use_threads=False
            ):
                yield from batch_rows(batch)[max(0, count - start) :]
                start += batch.num_rows
                count = max(count, start)
            return
        except (pyarrow.ArrowException, OSError) as error:
            damage = f"damaged after row {count} of row group {group}: {first_line(error)}"
            whole = whole_columns(table, group, settings)
            if columns is not None or not set(whole) & set(settings.text_fields):
                reason_of(error)  # raises if the machine is at fault
                raise Malformed(damage) from error
            columns = whole


def whole_columns(table: Any, group: int, settings: SourceSettings) -> list[str]:
    """The columns of a row group that can be read to its end."""
    whole = []
    for name in table.schema_arrow.names:
        try:
            for _ in table.iter_batches(
                settings.batch_rows, [group], columns=[name], use_threads=False
            ):
                pass
        except (pyarrow.ArrowException, OSError):
            continue
        whole.append(name)
    return whole


def batch_rows(batch: Any) -> list[dict]:
    """The rows of a batch; a value that Python cannot hold is given as the error it raises."""
    try:
        return batch.to_pylist()
    except Exception:
        columns = [column_values(column) for column in batch.columns]
    return [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def column_values(column: Any) -> list:
    """The values of a column; times in a zone unknown to Python are given in UTC."""
    if pyarrow.types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp(column.type.unit))
    values = []
    for value in column:
        try:
            values.append(value.as_py())
        except Exception as error:
            values.append(error)
    return values
