"""Rows turned into the frames that the contract of their table requires, in a fixed order."""

from collections.abc import Container, Hashable, Iterable, Mapping

import pandas as pd

from mucpt_utils.analysis.schema import COLUMNS, STRATA, load_metrics, load_tables
from mucpt_utils.config.arms import ARMS
from mucpt_utils.errors import MuCPTError

# by which columns rows are sorted, the earlier ones first
SORT_KEYS = (
    *("coverage", "confidence", "axis", "level", "compared_to"),
    *("arm", "seed", "tokens", "stratum", "metric"),
)
DECLARED = {"arm": tuple(ARMS), "stratum": STRATA, "metric": tuple(load_metrics())}


class TableError(MuCPTError, ValueError):
    """Rows that do not fit their table; the message names the table and what is wrong."""


def frame_of(rows: Iterable[Mapping], name: str) -> pd.DataFrame:
    """Rows as a frame with the columns of table `name`, in the order in which they come.

    Optional columns are included if the first row has them. Raises TableError for a
    row without one of the others.
    """
    rows = list(rows)
    for number, row in enumerate(rows):
        missing = [column for column in COLUMNS[name] if column not in row]
        if missing:
            raise TableError(f"{name}: row {number} has no {', '.join(missing)}")
    return pd.DataFrame(rows, columns=columns_of(name, rows[0] if rows else ()))


def columns_of(name: str, there: Container) -> list[str]:
    """Columns of table `name` in order: the required ones, and those optional ones in `there`."""
    return [c for c in load_tables()[name].columns if c in COLUMNS[name] or c in there]


def in_order(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The columns of table `name`, rows sorted by `SORT_KEYS`.

    Arms, strata and metrics are in their declared order; axes, and the levels of each, in the
    order in which they come: that of the profile and of `axes.yaml`. Optional columns
    that the frame has are kept.
    """
    columns = columns_of(name, frame)
    keys = [column for column in SORT_KEYS if column in columns]
    # sorted by ranks, not by names: the order of arms and strata is declared, not alphabetical
    ranks = pd.DataFrame({key: sort_ranks(frame, key) for key in keys}, frame.index)
    rows = ranks.sort_values(keys, kind="stable").index
    return frame.loc[rows, columns].reset_index(drop=True)


def sort_ranks(frame: pd.DataFrame, column: str) -> list[int]:
    """Sort key of each row: a number itself; else the name's declared order, then appearance."""
    values: list[Hashable] = list(frame[column])
    if column in ("seed", "tokens"):
        return values  # type: ignore[return-value]
    if column == "level":  # two axes may have levels of one name
        values = list(zip(frame["axis"], values, strict=True))
    names = dict.fromkeys([*DECLARED.get(column, ()), *values])
    ranks = {name: rank for rank, name in enumerate(names)}
    return [ranks[value] for value in values]


def concat(parts: Iterable[pd.DataFrame], name: str) -> pd.DataFrame:
    """Parts of table `name` in one frame, in order; an empty table without parts."""
    parts = list(parts)
    if not parts:
        return frame_of([], name)
    return in_order(pd.concat(parts, ignore_index=True), name)


def rows_where(table: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    """Rows of a tidy table with these values.

    wanted: column=value, whose column is then left out, or column=[values].
    """
    for column, value in wanted.items():
        if isinstance(value, list):
            table = table[table[column].isin(value)]
        else:
            table = table[table[column] == value].drop(columns=column)
    return table.reset_index(drop=True)
