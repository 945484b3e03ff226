"""The data dictionary: what each column of each table means, its unit and its allowed values.

`dictionary.yaml` is the one source. From it come the columns that a table must have, the types of
its Parquet file, the table `dictionary`, and `README.md` beside the tables: a dataset card, so that
`datasets.load_dataset("results/laptop/tables", "runs")` works.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import load_axes

MAIN, DEFAULT, MIXTURE = "main", "default", "mixture"
Bounds = tuple[float | None, float | None]


class DictionaryError(ValueError):
    """A dictionary that is not complete; the message names the table and column."""


class Metric(BaseModel):
    """One metric: what it is, in which unit, and between which values it lies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    meaning: str
    unit: str
    between: Bounds


class Column(BaseModel):
    """One column of a table. `values` are listed here, or by the name of the project's list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    meaning: str
    type: Literal["text", "integer", "number"]
    unit: str = ""
    values: tuple[str, ...] | Literal["arms", "axes", "levels", "metrics"] | None = None
    between: Bounds = (None, None)
    pattern: str | None = None
    empty: str | None = None
    optional: bool = False

    @property
    def allowed(self) -> tuple[str, ...] | None:
        """The values allowed, None where any of the type is."""
        return _listed(self.values) if isinstance(self.values, str) else self.values


class Table(BaseModel):
    """One table: what its rows are, the artefacts it is computed from, its columns in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    made_from: tuple[str, ...]
    columns: dict[str, Column]

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that the table must have."""
        return tuple(name for name, column in self.columns.items() if not column.optional)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    metrics: dict[str, Metric]
    columns: dict[str, Column]
    tables: dict[str, dict]


def _listed(name: str) -> tuple[str, ...]:
    axes = load_axes()
    levels = (level.name for axis in axes.values() for level in axis.levels)
    return {
        "arms": tuple(ARMS),
        "axes": (MAIN, *axes, MIXTURE),
        "levels": tuple(dict.fromkeys([DEFAULT, *levels])),
        "metrics": tuple(load_metrics()),
    }[name]


@cache
def _file() -> _File:
    text = (paths.PACKAGE / "analysis" / "schema.yaml").read_text(encoding="utf-8")
    return _File.model_validate(yaml.safe_load(text))


def load_metrics() -> dict[str, Metric]:
    """Every metric by name."""
    return _file().metrics


@cache
def load_tables() -> dict[str, Table]:
    """Every table by name, in the order of the report.

    Raises DictionaryError for a column that is named but described nowhere.
    """
    return {name: _table(name, given) for name, given in _file().tables.items()}


def _table(name: str, given: dict) -> Table:
    columns = {}
    for entry in given["columns"]:
        if isinstance(entry, dict):
            columns.update(entry)
        elif entry in _file().columns:
            columns[entry] = _file().columns[entry]
        else:
            raise DictionaryError(f"table {name}: column {entry} is described nowhere")
    return Table.model_validate({**given, "columns": columns})


def column_types(table: str) -> dict[str, str]:
    """Type by column of a table; of a table that is not described, of columns known elsewhere."""
    known = load_tables().get(table)
    described = known.columns if known else _file().columns
    return {name: column.type for name, column in described.items()}


# --- checking -------------------------------------------------------------------------------------


def problems(table: str, frame: pd.DataFrame) -> list[str]:
    """Where a table, as `tables.read_table` reads it, says what its dictionary does not allow."""
    if table not in load_tables():
        return [f"{table}: not described"]
    columns = load_tables()[table].columns
    found = [f"{table}: column {name} is not described" for name in frame if name not in columns]
    missing = [name for name in load_tables()[table].required if name not in frame]
    found += [f"{table}: no column {name}" for name in missing]
    for name in (name for name in columns if name in frame):
        found += [f"{table}.{name}: {p}" for p in _column_problems(frame[name], columns[name])]
    return found + [f"{table}: {problem}" for problem in _metric_problems(frame)]


def _column_problems(values: pd.Series, column: Column) -> Iterable[str]:
    blank = values.isna() | (values.astype(str) == "")
    if blank.any() and column.empty is None:
        yield f"row {blank.idxmax() + 2} is empty"
    values = values[~blank]
    if column.type == "text":
        yield from _text_problems(values, column)
        return
    if column.type == "integer" and (values % 1 != 0).any():
        yield f"{values[values % 1 != 0].iloc[0]} is no integer"
    yield from _outside(values, column.between)


def _text_problems(values: pd.Series, column: Column) -> Iterable[str]:
    if column.allowed is not None:
        yield from (f"{v!r} is not allowed" for v in sorted(set(values) - set(column.allowed)))
    if column.pattern is not None:
        wrong = (v for v in values if not re.fullmatch(column.pattern, v))
        yield from (f"{v!r} does not look like {column.pattern}" for v in list(wrong)[:1])


def _outside(values: pd.Series, between: Bounds) -> Iterable[str]:
    low, high = between
    wrong = values[(values < low) if low is not None else (values != values)]
    wrong = pd.concat([wrong, values[values > high]]) if high is not None else wrong
    if len(wrong):
        yield f"{wrong.iloc[0]} does not lie between {low} and {high}"


def _metric_problems(frame: pd.DataFrame) -> Iterable[str]:
    """Values and means outside what their metric can be."""
    for name in {"value", "mean", "before", "after"}.intersection(frame):
        if "metric" not in frame:
            continue
        for metric, values in frame.groupby("metric")[name]:
            if metric in load_metrics():
                found = _outside(values.dropna(), load_metrics()[metric].between)
                yield from (f"{name} of {metric}: {problem}" for problem in found)


# --- what is written beside the tables ------------------------------------------------------------


def as_table(names: Sequence[str]) -> pd.DataFrame:
    """The table `dictionary`: every column of the tables named; one that is not described says so.

    Columns as in the dictionary's own entry.
    """
    rows = [
        {"table": name, "column": column, **_cells(described)}
        for name in names
        if name in load_tables()
        for column, described in load_tables()[name].columns.items()
    ]
    return pd.DataFrame(rows, columns=list(load_tables()["dictionary"].columns))


def _cells(column: Column) -> dict[str, str]:
    return {
        "meaning": column.meaning,
        "type": column.type,
        "unit": column.unit,
        "allowed": allowed_text(column),
        "empty": column.empty or "",
    }


def allowed_text(column: Column) -> str:
    """What a column allows, in words; nothing where any value of its type is allowed."""
    if column.allowed is not None:
        return ", ".join(column.allowed)
    if column.pattern:
        return f"pattern {column.pattern}"
    low, high = column.between
    if low is None and high is None:
        return ""
    if high is None:
        return f"{low:g} or more"
    return f"{high:g} or less" if low is None else f"{low:g} to {high:g}"


def card(names: Sequence[str], profile: str) -> str:
    """`README.md`: a dataset card with one configuration a table, how to load, every column."""
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
    parts = [f"---\n{front}---\n", _HOW.format(profile=profile, example=names[0]), _metrics()]
    return "\n".join([*parts, *(_section(name) for name in names)])


_HOW = """# Tables of profile {profile}

Tidy: one observation a row. Each table is here as CSV (six significant digits), as Parquet (the
same numbers, typed), as Markdown and as LaTeX. Made from `mucpt_utils/analysis/schema.yaml`.

```python
pandas.read_parquet("results/{profile}/tables/{example}.parquet")
datasets.load_dataset("results/{profile}/tables", "{example}", split="train")
```

Where a column's unit is "the metric's", the row's `metric` says which:
"""


def _metrics() -> str:
    lines = ["| metric | meaning | unit |", "| --- | --- | --- |"]
    lines += [f"| {name} | {m.meaning} | {m.unit} |" for name, m in load_metrics().items()]
    return "\n".join([*lines, ""])


def _section(name: str) -> str:
    described = load_tables().get(name)
    if described is None:
        return f"## {name}\n\nNot described.\n"
    lines = [f"## {name}", "", described.about, ""]
    lines += ["| column | meaning | type | unit | allowed | empty |", "| --- " * 6 + "|"]
    for column, known in described.columns.items():
        cells = [column, *_cells(known).values()]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])
