"""Settings files: one YAML form for profiles, arms, candidates, axes and mixtures.

A file of entries holds `name: {setting: value, ...}`; a profile is one entry, named after its file.
An entry that says `like: OTHER` begins with the settings of another one and names only what
differs, group by group. Whatever is wrong is a `SettingsError`: one line that names the file, the
entry, the setting and what is allowed.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from mucpt_utils import paths
from mucpt_utils.errors import MEANT, MuCPTError, nearest
from mucpt_utils.io import FileError, read_yaml

LIKE = "like"  # key in an entry that names another one, whose settings it begins with
NAME = re.compile("[a-z][a-z0-9_]*")
NONE: Mapping[str, dict] = MappingProxyType({})
CHOICES = re.compile(r"\^\(([\w|]+)\)\$")  # a pattern that lists the allowed words
# pydantic's kinds of error, in the words of the files; its own would speak of Python's types
NEEDED = {
    "tuple_type": "needs a list, such as [a, b]",
    "list_type": "needs a list, such as [a, b]",
    "dict_type": "needs settings of its own, such as {name: value}",
    "model_type": "needs settings of its own, such as {name: value}",
    "string_type": "needs a text",
    "int_type": "needs a whole number",
    "int_parsing": "needs a whole number",
    "int_from_float": "needs a whole number",
    "float_type": "needs a number",
    "float_parsing": "needs a number",
    "bool_type": "needs true or false",
    "bool_parsing": "needs true or false",
}

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
Names = TypeVar("Names", tuple[str, ...], tuple[int, ...], list[str])
Settings = dict[str, Any]


class SettingsError(MuCPTError, ValueError):
    """A profile, entry, setting or value that is not allowed; the one-line message says what is."""


def read_settings(path: Path) -> Settings:
    """The settings in a file. Raises SettingsError, which names the file, for anything else."""
    try:
        data = read_yaml(path)
    except FileError as error:
        raise SettingsError(str(error)) from None
    if data is None:  # nothing but comments: every default
        return {}
    if not isinstance(data, dict):
        raise SettingsError(f"{shown(path)}: expected lines of the form `name: value`")
    return data


def read_entries(
    path: Path, model: type[Model], others: Mapping[str, BaseModel] = MappingProxyType({})
) -> dict[str, Model]:
    """Every entry of a file by its name, in the order of the file, validated as `model`.

    others: entries of another file that an entry may be `like`; they take precedence.
    """
    entries = read_settings(path)
    if not entries:
        raise SettingsError(f"{shown(path)}: no entry in it")
    for name, settings in entries.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise SettingsError(f"{shown(path)}: {name!r} is not a name; allowed: {NAME.pattern}")
        if not isinstance(settings, dict):
            raise SettingsError(f"{shown(path)}, {name!r}: expected `setting: value`")
    begun = {name: entry.model_dump(exclude_unset=True) for name, entry in others.items()}
    return {
        name: validated(
            model,
            begin_like(name, lambda other: dict(entries[other]), entries, shown(path), begun),
            f"{shown(path)}, {name!r}",
        )
        for name in entries
    }


def begin_like(
    name: str,
    read: Callable[[str], Settings],
    names: Iterable[str],
    where: str,
    others: Mapping[str, Settings] = NONE,
) -> Settings:
    """The settings of entry `name`, on top of those of the entry that it says it is like.

    read: gives a fresh copy of the settings of an entry of this file or folder; names: its entries;
    others: complete settings from elsewhere, which take precedence. Raises SettingsError for one
    that does not exist, or that would begin with itself.
    """
    layers, passed = [read(name)], [name]
    while (other := layers[-1].pop(LIKE, None)) is not None:
        allowed = [*others, *(entry for entry in names if entry not in passed)]
        if other not in allowed:
            raise SettingsError(
                f"{where}, {passed[-1]!r}, setting {LIKE!r}: {other!r} is not allowed; "
                f"allowed: {', '.join(allowed)}"
            )
        layers.append(dict(others[other]) if other in others else read(other))
        passed.append(other)
    return reduce(merged, reversed(layers))


def merged(settings: Settings, changes: Settings) -> Settings:
    """`settings` with `changes` on top, group by group; lists and values take the other's place."""
    result = dict(settings)
    for name, value in changes.items():
        groups = isinstance(value, dict) and isinstance(settings.get(name), dict)
        result[name] = merged(settings[name], value) if groups else value
    return result


def validated(model: type[Model], settings: Settings, where: str) -> Model:
    """Settings as a model. Raises SettingsError: `where`, the first wrong setting, and why."""
    for setting in switched_numbers(model, settings):
        raise SettingsError(f"{where}, setting {setting!r}: needs a number, not true or false")
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
    message = said_of(first)
    if first["type"] == "extra_forbidden":
        allowed = beside(model, first["loc"])
        near = meant(str(first["loc"][-1]), allowed)
        message = f"unknown; allowed here: {', '.join(allowed)}{near}"
    elif first["type"] == "model_type":
        message += f"; allowed: {', '.join(beside(model, (*first['loc'], '')))}"
    setting = ".".join(map(str, first["loc"]))
    raise SettingsError(f"{where}{f', setting {setting!r}' if setting else ''}: {message}")


def said_of(error: "ErrorDetails") -> str:
    """What one of pydantic's errors says is wrong, in the words of the files."""
    if error["type"] in NEEDED:
        return f"{NEEDED[error['type']]}, not {error['input']!r}"
    if choices := CHOICES.fullmatch(error.get("ctx", {}).get("pattern", "")):
        return f"{error['input']!r} is not one of the allowed: {choices[1].replace('|', ', ')}"
    return " ".join(error["msg"].removeprefix("Value error, ").split())


def switched_numbers(model: type[BaseModel], settings: Settings, place: str = "") -> Iterator[str]:
    """Names of numeric settings given as true or false, which pydantic would read as 1 and 0."""
    for name, value in settings.items():
        field = model.model_fields.get(name)
        if field is None:
            continue
        inner, types = _model_in(field.annotation), set(_types_in(field.annotation))
        if isinstance(value, dict) and inner is not None:
            yield from switched_numbers(inner, value, f"{place}{name}.")
        given = value if isinstance(value, list) else [value]
        if bool not in types and types & {int, float} and any(isinstance(v, bool) for v in given):
            yield f"{place}{name}"


def meant(name: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'tokens'?` for a name close to an allowed one, else an empty string."""
    near = nearest(name, allowed)
    return f"; {MEANT} {near!r}?" if near else ""


def beside(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The settings that are allowed beside the one at `location`, in alphabetical order."""
    for part in location[:-1]:
        if isinstance(part, str):  # a number is a position in a list of one model
            model = _model_in(model.model_fields[part].annotation) or model
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings' model in an annotation such as `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _types_in(annotation: Any) -> Iterator[Any]:
    """The types without parameters in an annotation such as `int | None` or `tuple[float, ...]`."""
    parts = get_args(annotation)
    yield from (inner for part in parts for inner in _types_in(part))
    if not parts:
        yield annotation


def all_different(names: Names) -> Names:
    """The names as they are. Raises ValueError for one that is given twice."""
    if twice := sorted({str(name) for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} given twice; give each once")
    return names


def all_known(names: Names, allowed: Iterable[str], kind: str) -> Names:
    """The names as they are. Raises ValueError, with what is allowed, for an unknown one."""
    if unknown := sorted(set(names) - set(allowed)):
        near = meant(str(unknown[0]), map(str, allowed))
        raise ValueError(f"unknown {kind} {unknown}; allowed: {', '.join(allowed)}{near}")
    return names


def chosen(only: Sequence[str], allowed: Iterable[str], kind: str) -> list[str]:
    """The names that `--only` gave, or all. Raises SettingsError for an unknown one."""
    names = list(allowed)
    try:
        return list(all_known(tuple(only), names, kind)) or names
    except ValueError as error:
        raise SettingsError(f"--only: {error}") from None


def shown(path: Path) -> str:
    """A path as messages show it: relative to the checkout where it lies in it."""
    full = Path(os.path.realpath(path))  # unlike resolve(), no error for a link to itself
    return str(full.relative_to(paths.ROOT) if full.is_relative_to(paths.ROOT) else path)
