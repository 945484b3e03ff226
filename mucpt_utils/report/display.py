"""Numbers and tables as people read them. Rounding happens only here."""

import numpy as np
import pandas as pd

# measured columns, whose whole numbers are shown with decimals like their neighbours
MEASURED = frozenset(
    {
        *("value", "mean", "ci_low", "ci_high", "difference", "difference_to_plain", "p_value"),
        *("precision", "recall", "our_value", "loss", "weight", "before", "after", "p_holm"),
    }
)
NO_VALUE = "–"


def shown(value: object, column: str = "", decimals: int = 3) -> str:
    """A value of a column as text: rounded, thousands grouped, a dash for no value."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not isinstance(value, int | float | np.integer | np.floating):
        return str(value)
    number = float(value)
    if np.isnan(number):
        return NO_VALUE
    if column in ("p_value", "p_holm") and number < 0.001:
        return "< 0.001"
    if number.is_integer() and column not in MEASURED:
        return f"{int(number):,}" if abs(number) >= 10_000 else str(int(number))
    text = f"{number:,.0f}" if abs(number) >= 10_000 else f"{number:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def for_reading(frame: pd.DataFrame, decimals: int = 3) -> pd.DataFrame:
    """A table with every cell as text; index and columns stay.

    A column of fractions shows decimals in every row, so that its whole numbers line up.
    """
    cells = {}
    for column in frame:
        values, name = frame[column], str(column)
        if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 != 0).any():
            name = name if name in MEASURED else "value"
        cells[column] = [shown(value, name, decimals) for value in values]
    return pd.DataFrame(cells, index=frame.index, columns=frame.columns)


def with_intervals(table: pd.DataFrame, columns: str) -> pd.DataFrame:
    """Means as text with their intervals: one row per arm, one column per value of `columns`.

    table: one row for each arm and value, such as a stratum, with mean, ci_low and ci_high.
    """
    text = [
        f"{shown(mean, 'mean', 2)} ({shown(low, 'ci_low', 2)} to {shown(high, 'ci_high', 2)})"
        for mean, low, high in zip(table["mean"], table["ci_low"], table["ci_high"], strict=True)
    ]
    cells = table.assign(text=text).pivot(index="arm", columns=columns, values="text")
    arms, names = (list(dict.fromkeys(table[column])) for column in ("arm", columns))
    return cells.loc[arms, names].rename_axis(index=None, columns=None)


def is_numeric(frame: pd.DataFrame, column: str) -> bool:
    """Whether a column is aligned as numbers."""
    return pd.api.types.is_numeric_dtype(frame[column]) and frame[column].dtype != bool
