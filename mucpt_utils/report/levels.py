"""Levels of data composition for readers: the unchanged one is named by the profile's own value.

Tables call it `default`, because its runs are those of the main comparison.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mucpt_utils.config.axes import DEFAULT, Axis, load_axes

LEVELS = ("level", "compared_to")  # columns that hold levels, in a table with an axis


def own_settings(axis: Axis | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The profile's own value of each setting that an axis changes, by the setting's last name.

    axis: None for one that the study does not have. settings: the profile's, as in `run.json`.
    """
    own: dict[str, Any] = {}
    changed = axis.changed if axis else ()
    for key in dict.fromkeys(key for level in changed for key in level.set):
        value: Any = settings
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            own[key.rpartition(".")[2].replace("_", " ")] = value
    return own


def own_value(axis: Axis | None, settings: Mapping[str, Any]) -> str:
    """The same as the name of a level: `0.2`, or `wrong fact = 0.2, bad sites = 0.4`."""
    own = own_settings(axis, settings)
    if len(own) == 1:
        return str(*own.values())
    return ", ".join(f"{name} = {value}" for name, value in own.items()) or DEFAULT


def with_own_values(table: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """A table in which the level that changes nothing is named by the profile's own value."""
    columns = [name for name in LEVELS if name in table] if {"axis", "level"} <= set(table) else []
    axes = load_axes()
    named = {
        name: [
            own_value(axes.get(axis), settings) if level == DEFAULT else level
            for axis, level in zip(table["axis"], table[name], strict=True)
        ]
        for name in columns
    }
    return table.assign(**named)
