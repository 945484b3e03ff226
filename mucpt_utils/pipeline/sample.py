"""A small, proportional copy of a folder of text, on which a forecast is measured.

Pieces are drawn at even distances over the bytes of all files, so that each format has its
share; of a large file the beginning is taken.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet

from mucpt_utils.text.sources.base import reason_of
from mucpt_utils.text.sources.compression import CODECS
from mucpt_utils.text.sources.files import kind_of
from mucpt_utils.text.sources.inputs import file_bytes

PIECES = 24
LARGEST_WHOLE = 64_000_000  # bytes of the largest file that is read whole in order to cut it


class Piece(NamedTuple):
    """The part of a file that is taken, its first `bytes` bytes."""

    path: Path
    bytes: int


def readable_files(paths: Sequence[Path]) -> list[Piece]:
    """The files of a known format that are not empty, each as a whole."""
    sizes = ((path, file_bytes(path)) for path in paths if kind_of(path))
    return [Piece(path, size) for path, size in sizes if size]


def draw(files: Sequence[Piece], wanted: int) -> list[Piece]:
    """Pieces of about `wanted` bytes in all, at even distances; every file if there are no more.

    Several pieces of one file become its beginning, of their total length.
    """
    total = sum(file.bytes for file in files)
    if total <= wanted:
        return list(files)
    length, step = wanted / PIECES, total / PIECES

    def taken(position: int) -> float:
        """How many of the first `position` bytes are in pieces."""
        number, rest = divmod(position, step)
        return number * length + min(rest, length)

    drawn, start = [], 0
    for file in files:
        end = start + file.bytes
        drawn.append(Piece(file.path, round(taken(end) - taken(start))))
        start = end
    return [piece for piece in drawn if piece.bytes]


def copy_pieces(pieces: Sequence[Piece], folder: Path) -> int:
    """Writes pieces as files of their formats into a folder; returns the bytes they represent.

    An unreadable piece counts as nothing: the run itself will say what is wrong with it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return sum(copy_piece(piece, folder / f"{i:05d}") for i, piece in enumerate(pieces))


def copy_piece(piece: Piece, target: Path) -> int:
    """Writes one piece beside `target`, with the suffix of its format; see `copy_pieces`."""
    kind, packed = kind_of(piece.path), piece.path.suffix.lower()
    name = f"{target.name}{kind}{packed if packed in CODECS else ''}"
    size, place = file_bytes(piece.path), target.with_name(name)
    try:
        if piece.bytes < size and kind == ".parquet" and packed not in CODECS:
            return cut_table(piece, place)
        if piece.bytes < size <= LARGEST_WHOLE and kind == ".json" and packed not in CODECS:
            return cut_array(piece, place)
        with piece.path.open("rb") as file:
            content = file.read(piece.bytes)
    except (OSError, ValueError, RecursionError, StopIteration, pyarrow.ArrowException) as error:
        reason_of(error)  # raises if the machine is at fault
        return 0  # no permission, damaged, or without a row
    place.write_bytes(content)
    return piece.bytes


def cut_table(piece: Piece, target: Path) -> int:
    """The first rows of a Parquet file, in proportion to the piece's share of its bytes."""
    with piece.path.open("rb") as file:
        table = pyarrow.parquet.ParquetFile(file)
        total, size = table.metadata.num_rows, file_bytes(piece.path)
        rows = max(1, total * piece.bytes // size)
        batch = next(table.iter_batches(rows))
        pyarrow.parquet.write_table(pyarrow.Table.from_batches([batch]), str(target))
    return size * batch.num_rows // total


def cut_array(piece: Piece, target: Path) -> int:
    """The first objects of a JSON file, in proportion to the piece's share of its bytes."""
    size = file_bytes(piece.path)
    value = json.loads(piece.path.read_bytes())
    fields = value.values() if isinstance(value, dict) else ()
    # a list of rows, not of the tags of a row
    lists = [v for v in fields if isinstance(v, list) and any(isinstance(row, dict) for row in v)]
    rows = (lists[0] if len(lists) == 1 else value if isinstance(value, list) else []) or [value]
    taken = rows[: max(1, len(rows) * piece.bytes // size)]
    target.write_text(json.dumps(taken), encoding="utf-8")
    return size * len(taken) // len(rows)
