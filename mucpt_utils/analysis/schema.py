"""The contract of every table: what each column means, its type, its unit, its allowed values.

`schema.yaml` is the only source. From it come the columns that a table must have, the types of its
Parquet file and the data dictionary beside the tables.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import DEFAULT, MAIN, MIXTURE, load_axes
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_yaml

FILE = paths.PACKAGE / "analysis" / "schema.yaml"
Bounds = tuple[float | None, float | None]


class DictionaryError(MuCPTError, ValueError):
    """An incomplete dictionary; the message names the table and column."""


class Metric(BaseModel):
    """One metric: its meaning, its unit, and its bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    meaning: str
    unit: str
    between: Bounds


class Column(BaseModel):
    """One column of a table. `values`: the allowed ones, or the name of a list of the project."""

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
        """The allowed values; None if any value of the type is allowed."""
        if not isinstance(self.values, str):
            return self.values
        if self.values == "arms":
            return tuple(ARMS)
        if self.values == "axes":
            return (MAIN, *load_axes(), MIXTURE)
        if self.values == "metrics":
            return tuple(load_metrics())
        levels = (level.name for axis in load_axes().values() for level in axis.levels)
        return tuple(dict.fromkeys([DEFAULT, *levels]))

    @property
    def allowed_in_words(self) -> str:
        """What the column allows, in words; "" if any value of its type is allowed."""
        if self.allowed is not None:
            return ", ".join(self.allowed)
        if self.pattern:
            return f"pattern {self.pattern}"
        low, high = self.between
        if low is None and high is None:
            return ""
        if high is None:
            return f"{low:g} or more"
        return f"{high:g} or less" if low is None else f"{low:g} to {high:g}"


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


class Schema(BaseModel):
    """The whole file: metrics, columns with the same meaning in every table, and tables."""

    model_config = ConfigDict(extra="forbid")

    metrics: dict[str, Metric]
    columns: dict[str, Column]
    tables: dict[str, dict[str, Any]]


@cache
def load_schema() -> Schema:
    """The declarations of `schema.yaml`."""
    return Schema.model_validate(read_yaml(FILE))


def load_metrics() -> dict[str, Metric]:
    """Every metric by name."""
    return load_schema().metrics


@cache
def load_tables() -> dict[str, Table]:
    """Every table by name, in the order of the report. Raises DictionaryError if incomplete."""
    return {name: described(name, table) for name, table in load_schema().tables.items()}


def described(name: str, declared: Mapping[str, Any]) -> Table:
    """A table with its columns described: each is named (a shared column) or described in place.

    Raises DictionaryError for a column that is named but described nowhere.
    """
    shared, columns = load_schema().columns, {}
    for entry in declared["columns"]:
        if isinstance(entry, dict):
            columns.update(entry)
        elif entry in shared:
            columns[entry] = shared[entry]
        else:
            raise DictionaryError(f"table {name}: column {entry} is described nowhere")
    return Table.model_validate({**declared, "columns": columns})


# the columns that each table must have, in their order
COLUMNS: dict[str, tuple[str, ...]] = {
    name: table.required for name, table in load_tables().items()
}
# strata of questions and of text, in the order in which tables list them
STRATA = load_tables()["runs"].columns["stratum"].allowed or ()


def column_types(name: str) -> dict[str, str]:
    """The type of each column of a table; for an undescribed table, of the shared columns."""
    table = load_tables().get(name)
    columns = table.columns if table else load_schema().columns
    return {column: description.type for column, description in columns.items()}


# --- checking -------------------------------------------------------------------------------------


def problems(name: str, frame: pd.DataFrame) -> list[str]:
    """Where a table, read as numbers and text, violates its dictionary."""
    table = load_tables().get(name)
    if table is None:
        return [f"{name}: not described"]
    lines = [f"column {column} is not described" for column in frame if column not in table.columns]
    lines += [f"no column {column}" for column in table.required if column not in frame]
    lines = [f"{name}: {line}" for line in lines]
    for column, description in table.columns.items():
        if column in frame:
            wrong = column_problems(frame[column], description)
            lines += [f"{name}.{column}: {problem}" for problem in wrong]
    # a metric has bounds of its own, whatever the column allows
    for column in ("value", "mean", "before", "after"):
        measured = "metric" in frame and column in frame
        for metric, values in frame.groupby("metric")[column] if measured else ():
            if metric in load_metrics():
                wrong = outside(values.dropna(), load_metrics()[metric].between)
                lines += [f"{name}: {column} of {metric}: {problem}" for problem in wrong]
    return lines


def column_problems(values: pd.Series, column: Column) -> Iterable[str]:
    """Values that a column's description does not allow, one line per kind of problem."""
    blank = values.isna() | (values.astype(str) == "")
    if blank.any() and column.empty is None:
        yield f"row {blank.idxmax() + 2} is empty"
    values = values[~blank]
    if column.type != "text":
        if column.type == "integer" and (values % 1 != 0).any():
            yield f"{values[values % 1 != 0].iloc[0]} is not an integer"
        yield from outside(values, column.between)
        return
    if column.allowed is not None:
        yield from (f"{v!r} is not allowed" for v in sorted(set(values) - set(column.allowed)))
    if column.pattern is not None:
        unlike = [value for value in values if not re.fullmatch(column.pattern, value)]
        yield from (f"{value!r} does not look like {column.pattern}" for value in unlike[:1])


def outside(values: pd.Series, between: Bounds) -> Iterable[str]:
    """A line that names the first number outside the bounds; nothing if there is none."""
    low, high = between
    too_low = values[values < low] if low is not None else values[:0]
    too_high = values[values > high] if high is not None else values[:0]
    wrong = pd.concat([too_low, too_high])
    return [f"{wrong.iloc[0]} does not lie between {low} and {high}"] if len(wrong) else []
