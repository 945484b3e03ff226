"""The kept documents as a dataset fit for the Hub: Parquet files of one schema, and a card.

Columns are the same whatever metadata a source has: fields that every corpus has are columns of
one type, everything else is JSON in the column `metadata`. So a row with a number where
another has a text, or with an extra field, never breaks loading.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import orjson
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet

from mucpt_utils.pipeline.outcome.sampling import licence_of
from mucpt_utils.pipeline.run import CARD

DATA = "data"
FILE = "train-{:05d}.parquet"
SCHEMA = pa.schema(
    [
        *(("id", pa.string()), ("text", pa.string()), ("source", pa.string())),
        *(("title", pa.string()), ("creator", pa.string()), ("year", pa.string())),
        *(("licence", pa.string()), ("weight", pa.float64()), ("metadata", pa.string())),
    ]
)
DESCRIPTIONS = {
    "id": "file and passage or line, as the accounting names it",
    "text": "the document, cleaned and masked",
    "source": "the folder or source it came from",
    "title": "where the source states one",
    "creator": "author, artist or site, where the source states one",
    "year": "as the source writes it",
    "licence": "as the source states it, else `unknown`",
    "weight": "probability of being in the domain, where the classifier weighs",
    "metadata": "everything else that the source or a stage has noted, as JSON",
}
NAMED = ("source", "title", "creator", "year", "licence")
# rows, or characters of all columns, after which a row group is written; Arrow reads less
# than 2 GiB at a time
ROWS, ROW_BYTES = 1000, 8_000_000
FILE_BYTES = 256_000_000  # of the same, after which a new file begins


class DatasetWriter:
    """Writes documents into Parquet files of bounded size; a context manager.

    folder: of the dataset. What an earlier run has left of it is replaced.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / DATA
        self.rows: list[dict] = []
        self.row_bytes = self.file_bytes = 0
        self.files = 0
        self.stream: BinaryIO | None = None  # since pyarrow takes no file names but UTF-8
        self.writer: pyarrow.parquet.ParquetWriter | None = None

    def __enter__(self) -> "DatasetWriter":
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_old(self.folder.parent)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self.close_file()

    def add(self, row: Mapping) -> None:
        """Takes one kept document."""
        columns = columns_of(row)
        self.rows.append(columns)
        self.row_bytes += sum(len(value) for value in columns.values() if isinstance(value, str))
        if len(self.rows) >= ROWS or self.row_bytes >= ROW_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes the waiting rows as one group; begins a new file if this one is full."""
        if not self.rows:
            return
        if self.writer is None or self.file_bytes >= FILE_BYTES:
            self.close_file()
            self.stream = (self.folder / FILE.format(self.files)).open("wb")
            self.writer = pyarrow.parquet.ParquetWriter(self.stream, SCHEMA, compression="zstd")
            self.files += 1
            self.file_bytes = 0
        self.writer.write_table(table_of(self.rows))
        self.file_bytes += self.row_bytes
        self.rows, self.row_bytes = [], 0

    def close_file(self) -> None:
        """Finishes the open file."""
        writer, self.writer = self.writer, None
        if writer is not None and self.stream is not None:
            with self.stream:  # closed even if the disk is full
                writer.close()


def table_of(rows: list[dict]) -> pa.Table:
    """Rows as a table, by way of JSON: for Python objects Arrow would first import pandas."""
    lines = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    return pa.json.read_json(
        pa.BufferReader(lines),
        pa.json.ReadOptions(use_threads=False, block_size=len(lines)),
        pa.json.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="error"),
    )


def remove_old(folder: Path) -> None:
    """Removes what this module writes, the card first: a folder without it is not finished."""
    (folder / CARD).unlink(missing_ok=True)
    for path in (folder / DATA).glob(FILE.format(0).replace("00000", "*")):
        path.unlink()


def columns_of(row: Mapping) -> dict:
    """A kept document as the dataset's columns."""
    metadata = row["metadata"]
    weight = metadata.get("weight")
    is_weight = isinstance(weight, int | float) and not isinstance(weight, bool)
    named = {*NAMED, "weight"} if is_weight else {*NAMED}
    rest = {key: value for key, value in metadata.items() if key not in named}
    return {
        "id": str(row["id"]),
        "text": row["text"],
        **{key: text_of(metadata.get(key)) for key in NAMED},
        "licence": licence_of(metadata),
        "weight": float(weight) if is_weight else None,
        "metadata": orjson.dumps(rest).decode(),
    }


def text_of(value: object) -> str | None:
    """A field as text: a list as its members; other values that are not text as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        return "; ".join(value)
    return orjson.dumps(value).decode()
