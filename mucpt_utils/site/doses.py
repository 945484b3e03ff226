"""The levels of data composition as values: the name of a level, and its place on a scale."""

from collections.abc import Iterable, Mapping
from typing import Any

from mucpt_utils.config.axes import Axis, load_axes
from mucpt_utils.report.levels import own_settings


def axes_data(names: Iterable[str], run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For each axis, its title, and the text and the number for each level.

    names: the axes of a run's tables; one that the study no longer has keeps its own name. run:
    the content of `run.json`, from which the profile's own values are taken.
    """
    known = load_axes()
    return {
        name: axis_data(known[name], run["settings"])
        if name in known
        else {"title": name.replace("_", " "), "levels": {}}
        for name in names
    }


def axis_data(axis: Axis, settings: Mapping[str, Any]) -> dict[str, Any]:
    """One axis: its title, and text and number of each level (None if it is no dose)."""
    levels = {}
    for level in axis.levels:
        value = number(level.name)
        if value is None and not level.set:
            value = own_value(axis, settings)
        text = level.name if value is None else f"{value:g}"
        levels[level.name] = {"text": text, "dose": value}
    return {"title": axis.title, "levels": levels}


def own_value(axis: Axis, settings: Mapping[str, Any]) -> float | None:
    """The number that the profile itself has on an axis, from the setting that its levels change.

    None if they change more than one, or one that is not a number.
    """
    values = list(own_settings(axis, settings).values())
    return None if len(values) != 1 or isinstance(values[0], bool) else number(values[0])


def number(value: object) -> float | None:
    """A value as a number; None if it is not one."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
