"""Tables as files: CSV and Parquet that say the same, and the data dictionary beside them."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from mucpt_utils.analysis import schema
from mucpt_utils.analysis.frames import TableError
from mucpt_utils.io import write_text

FORMATS = ("csv", "parquet")
DIGITS = "%.6g"
CELL_OR_END = re.compile(r'(?P<cell>"(?:[^"]|"")*")|\r\n')  # a quoted cell, or the end of a line
ARROW_TYPES = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64()}


def write_table(
    frame: pd.DataFrame, folder: Path, name: str, formats: Sequence[str] = FORMATS
) -> Path:
    """Write `folder/name.{csv,parquet}`, the same bytes for the same frame.

    CSV has six significant digits; Parquet holds the same numbers with the types of the dictionary.
    Returns the CSV's path. Raises TableError for an unknown format, or if the frame lacks
    columns of its contract.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise TableError(f"{name}: unknown formats {unknown}; allowed: {', '.join(FORMATS)}")
    missing = [column for column in schema.COLUMNS.get(name, ()) if column not in frame]
    if missing:
        raise TableError(f"{name}: no column {', '.join(missing)}")
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in formats:
        (folder / f"{name}.{suffix}").write_bytes(written(frame, name, suffix))
    return folder / f"{name}.csv"


def written(frame: pd.DataFrame, name: str, suffix: str) -> bytes:
    """The content that `write_table` writes into one file."""
    return csv_text(frame).encode() if suffix == "csv" else parquet_bytes(frame, name)


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV with six significant digits: the same bytes on every machine."""
    # by these line ends a cell with a carriage return in it is quoted, as one with a line feed is
    text = frame.to_csv(index=False, float_format=DIGITS, lineterminator="\r\n")
    return CELL_OR_END.sub(lambda found: found["cell"] or "\n", text)


def parquet_bytes(frame: pd.DataFrame, name: str) -> bytes:
    """Parquet with the digits of the CSV, the dictionary's types and no metadata of the writer."""
    types, arrays = schema.column_types(name), []
    for column in frame:
        values, type_ = frame[column], types.get(column, "")
        # the digits of the CSV, so that both files say the same
        if pd.api.types.is_float_dtype(values):
            values = values.map(lambda value: float(DIGITS % value))
        if type_ == "text":
            values = values.where(values.notna(), "").astype(str)
        arrays.append(pa.Array.from_pandas(values, type=ARROW_TYPES.get(type_)))
    stream = io.BytesIO()
    pq.write_table(pa.table(arrays, names=list(frame)), stream, compression="zstd")
    return stream.getvalue()


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """`folder/name.csv` with numbers as numbers and text as text ("0" and "NA" stay text).

    Raises TableError if the file lacks columns of its contract.
    """
    path = folder / f"{name}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [column for column in schema.COLUMNS.get(name, ()) if column not in frame]
    if missing:
        raise TableError(f"{path}: no column {', '.join(missing)}")
    types = schema.column_types(name)
    for column in (column for column in frame if types.get(column, "text") != "text"):
        try:
            frame[column] = pd.to_numeric(frame[column].replace("", np.nan))
        except ValueError as error:
            raise TableError(f"{path}: column {column}: {error}") from None
    return frame


# --- the data dictionary --------------------------------------------------------------------------


def describe(folder: Path) -> None:
    """Write the data dictionary of the tables in `folder`: `README.md` and `dictionary.*`."""
    there = {path.stem for path in folder.glob("*.csv")} | {"dictionary"}
    names = [name for name in schema.load_tables() if name in there]
    names += sorted(there.difference(names))
    write_table(dictionary(names), folder, "dictionary")
    write_text(folder / "README.md", card(names, folder.parent.name))


def dictionary(names: Sequence[str]) -> pd.DataFrame:
    """`dictionary.csv`: every column of the named tables; undescribed tables have no entries.

    Columns as in the dictionary's own entry.
    """
    rows = [
        {"table": name, "column": column, **words(description)}
        for name in names
        if name in schema.load_tables()
        for column, description in schema.load_tables()[name].columns.items()
    ]
    return pd.DataFrame(rows, columns=list(schema.load_tables()["dictionary"].columns))


def words(column: schema.Column) -> dict[str, str]:
    """A column's description as text: meaning, type, unit, allowed, empty."""
    return {
        "meaning": column.meaning,
        "type": column.type,
        "unit": column.unit,
        "allowed": column.allowed_in_words,
        "empty": column.empty or "",
    }


HOW_TO_READ = """# Tables of profile {profile}

Tidy: one observation a row. Each table is here as CSV (six significant digits) and as Parquet (the
same numbers, typed). Made from `mucpt_utils/analysis/schema.yaml`.

```python
pandas.read_parquet("results/{profile}/tables/{example}.parquet")
datasets.load_dataset("results/{profile}/tables", "{example}", split="train")
```

Where a column's unit is "the metric's", the row's `metric` says which:

| metric | meaning | unit |
| --- | --- | --- |
{metrics}
"""


def card(names: Sequence[str], profile: str) -> str:
    """`README.md`: a dataset card with one configuration per table, its loading, every column."""
    configs = [
        {"config_name": name, "data_files": [{"split": "train", "path": f"{name}.parquet"}]}
        for name in names
    ]
    head = {
        "pretty_name": f"Music-domain continued pretraining: results of profile {profile}",
        "language": ["en"],
        "configs": configs,
    }
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    metrics = "\n".join(
        f"| {name} | {metric.meaning} | {metric.unit} |"
        for name, metric in schema.load_metrics().items()
    )
    how = HOW_TO_READ.format(profile=profile, example=names[0], metrics=metrics)
    return "\n".join([f"---\n{front}---\n", how, *(section(name) for name in names)])


def section(name: str) -> str:
    """A table's part of the card: what it is about, and one row per column."""
    table = schema.load_tables().get(name)
    if table is None:
        return f"## {name}\n\nNot described.\n"
    lines = [f"## {name}", "", table.about, ""]
    lines += ["| column | meaning | type | unit | allowed | empty |", "| --- " * 6 + "|"]
    for column, description in table.columns.items():
        cells = [column, *words(description).values()]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])
