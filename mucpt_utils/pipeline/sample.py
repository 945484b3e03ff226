"""A small copy of a folder of text, in proportion: what a forecast is measured on.

Pieces are drawn at even distances over the bytes of all files, so that each format comes in as it
is frequent; of a large file the beginning is taken.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet

from mucpt_utils.text.sources.compression import CODECS
from mucpt_utils.text.sources.files import kind_of
from mucpt_utils.text.sources.inputs import file_bytes

PIECES = 24
LARGEST_WHOLE = 64_000_000  # bytes of a file that is read whole in order to cut it


class Piece(NamedTuple):
    """The beginning of a file that is taken, in bytes of that file."""

    path: Path
    bytes: int


def readable_files(paths: Sequence[Path]) -> list[Piece]:
    """The files of a known format that hold something, whole."""
    sizes = ((path, file_bytes(path)) for path in paths if kind_of(path))
    return [Piece(path, size) for path, size in sizes if size]


def draw(files: Sequence[Piece], wanted: int) -> list[Piece]:
    """Pieces of about `wanted` bytes in all, at even distances; every file if there are no more.

    Several pieces of one file are its beginning, as long as they are together.
    """
    total = sum(file.bytes for file in files)
    if total <= wanted:
        return list(files)
    length, step = wanted / PIECES, total / PIECES

    def taken(position: int) -> float:
        """Bytes that lie in pieces, of so many from the beginning on."""
        number, rest = divmod(position, step)
        return number * length + min(rest, length)

    drawn, start = [], 0
    for file in files:
        end = start + file.bytes
        drawn.append(Piece(file.path, round(taken(end) - taken(start))))
        start = end
    return [piece for piece in drawn if piece.bytes]


def copy_pieces(pieces: Sequence[Piece], folder: Path) -> int:
    """Writes pieces as files of their formats into a folder; returns the bytes they stand for.

    What cannot be read counts as nothing: the run will say what is wrong with it.
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
    except (PermissionError, ValueError, pyarrow.ArrowException):  # a closed file, a damaged one
        return 0
    place.write_bytes(content)
    return piece.bytes


def cut_table(piece: Piece, target: Path) -> int:
    """The first rows of a Parquet file, as many as the piece has a share of its bytes."""
    with piece.path.open("rb") as file:
        table = pyarrow.parquet.ParquetFile(file)
        total, size = table.metadata.num_rows, file_bytes(piece.path)
        rows = max(1, total * piece.bytes // size)
        batch = next(table.iter_batches(rows))
        pyarrow.parquet.write_table(pyarrow.Table.from_batches([batch]), str(target))
    return size * batch.num_rows // total


def cut_array(piece: Piece, target: Path) -> int:
    """The first objects of a JSON file, as many as the piece has a share of its bytes."""
    size = file_bytes(piece.path)
    value = json.loads(piece.path.read_bytes())
    lists = [v for v in value.values() if isinstance(v, list)] if isinstance(value, dict) else []
    rows = lists[0] if len(lists) == 1 else value if isinstance(value, list) else [value]
    taken = rows[: max(1, len(rows) * piece.bytes // size)]
    target.write_text(json.dumps(taken), encoding="utf-8")
    return size * len(taken) // len(rows)
