"""Tables as the report shows them: plain words, an id for every row, and their files.

Two kinds of file are in the page itself, so that a copy that is mailed keeps its data: small CSV as
it is, larger CSV compressed; what is too large stays outside, and the page says where.
"""

import base64
import gzip
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mucpt_utils.analysis import schema
from mucpt_utils.report.display import is_numeric, shown
from mucpt_utils.report.plain import column_title, value_title
from mucpt_utils.report.table_files import DIGITS

FOLDED = 20  # rows of a table that are shown before it is unfolded
PLAIN_BYTES = 4_000  # of the largest file that is in the page uncompressed
LARGEST_FILE = 200_000  # bytes, compressed, of one file in the page
LARGEST_TOGETHER = 480_000  # bytes of all of them
# columns that tell the rows of a table apart, in the order of an id
KEYS = (
    *("arm", "compared_to", "axis", "level", "mixture", "coverage", "confidence", "run"),
    *("question_id", "stratum", "category", "documents", "metric", "kind", "stage", "source"),
    *("reason", "seed", "tokens", "threshold", "temperature", "profiles", "table", "column"),
)


def row_ids(frame: pd.DataFrame, name: str) -> list[str]:
    """An id for every row: the table's name and the values that tell its rows apart.

    >>> row_ids(pd.DataFrame({"arm": ["plain", "plain"], "mean": [1, 2]}), "means")
    ['means:plain', 'means:plain:2']
    """
    keys = [key for key in KEYS if key in frame and (key != "documents" or is_text(frame[key]))]
    ids, seen = [], dict[str, int]()
    for values in frame[keys].itertuples(index=False, name=None):
        parts = [value if isinstance(value, str) else as_csv(value) for value in values]
        made = ":".join([name, *(re.sub(r"[^\w.+-]+", "-", part) for part in parts)])
        seen[made] = seen.get(made, 0) + 1
        ids.append(made if seen[made] == 1 else f"{made}:{seen[made]}")
    return ids


def as_csv(number: float) -> str:
    """A number as it is in the CSV."""
    if isinstance(number, int | np.integer):
        return str(number)
    return "" if pd.isna(number) else DIGITS % number


def is_text(column: pd.Series) -> bool:
    """Whether a column holds words."""
    return not pd.api.types.is_numeric_dtype(column)


def find_row(frame: pd.DataFrame | None, ids: list[str], where: Mapping[str, str]) -> str:
    """The id of the first row with these values; "" if there is none."""
    if frame is None or any(column not in frame for column in where):
        return ""
    rows = pd.Series(True, index=frame.index)
    for column, value in where.items():
        rows &= frame[column] == value
    places = [place for place, match in enumerate(rows) if match]
    return ids[places[0]] if places else ""


def columns_of(frame: pd.DataFrame) -> list[dict]:
    """Name, plain words and kind of every column."""
    return [
        {"name": str(c), "title": column_title(str(c)), "numeric": is_numeric(frame, str(c))}
        for c in frame
    ]


def cells_of(frame: pd.DataFrame, row: tuple) -> list[str]:
    """A row as text for readers."""
    return [
        value_title(str(column), value) if isinstance(value, str) else shown(value, str(column))
        for column, value in zip(frame, row, strict=True)
    ]


@dataclass
class Inside:
    """A file for the page: its name when saved, its content and its media type.

    there: whether it is in the page; else the page says where it is. home: its path in
    the results.
    """

    name: str
    data: bytes
    kind: str
    home: str = ""
    there: bool = False

    @property
    def size(self) -> str:
        """Its size in words."""
        return f"{max(1, round(len(self.data) / 1000)):,} kB"

    @property
    def address(self) -> str:
        """The file as a data address, in which four letters encode three bytes."""
        return f"data:{self.kind};base64,{base64.b64encode(self.data).decode()}"


class Luggage:
    """The files that a page carries: they are packed one by one, then as many as fit are taken."""

    def __init__(self, profile: str) -> None:
        self.profile = profile
        self.files: list[Inside] = []

    def pack(self, name: str, data: bytes, kind: str = "text/csv", home: str = "") -> Inside:
        """Add a file that the page would take; a large one is compressed.

        home: its path in the results; that of a table by default.
        """
        file = f"{self.profile}-{name}"
        if len(data) > PLAIN_BYTES:
            data, kind, file = gzip.compress(data, mtime=0), "application/gzip", f"{file}.gz"
        self.files.append(Inside(file, data, kind, home or f"tables/{name}"))
        return self.files[-1]

    def take(self, room: int) -> None:
        """Take as many files as fit, the smallest first, none larger than `LARGEST_FILE`.

        room: bytes of the page that are left for all of them.
        """
        left = LARGEST_TOGETHER
        for file in sorted(self.files, key=lambda file: len(file.data)):
            letters = len(file.address)
            file.there = len(file.data) <= min(LARGEST_FILE, left) and letters <= room
            if file.there:
                left, room = left - len(file.data), room - letters


def words_for_script(frames: Iterable[pd.DataFrame]) -> dict[str, dict[str, str]]:
    """For the page's script: by column, the plain words of those values that have some."""
    words: dict[str, dict[str, str]] = {}
    for frame in frames:
        for column in (str(name) for name in frame if is_text(frame[name])):
            values = {v for v in frame[column].unique() if isinstance(v, str)}
            if len(values) > 200:
                continue
            told = {value: value_title(column, value) for value in sorted(values)}
            changed = {value: title for value, title in told.items() if title != value}
            if changed:
                words.setdefault(column, {}).update(changed)
    return words


def about(name: str) -> str:
    """What a table is about; its name as words if the dictionary does not have it."""
    table = schema.load_tables().get(name)
    return table.about if table else f"{name[:1].upper()}{name[1:].replace('_', ' ')}."
