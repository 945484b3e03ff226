"""Files read and written in one way each: JSON Lines, JSON, YAML; whole or not at all."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from mucpt_utils.errors import MuCPTError


class FileError(MuCPTError, ValueError):
    """A file that is not what it should be; the message names the file and the line."""


def read_jsonl(path: Path) -> list[dict]:
    """All objects of a file, one a line; a line ends at `\\n` only, whatever signs it holds.

    Raises FileError that names file and line for what is not JSON.
    """
    rows = []
    with Path(path).open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise FileError(f"{path}, line {number}: no JSON object ({error})") from None
    return rows


def write_jsonl(path: Path, rows: Iterable[Mapping]) -> None:
    """Write one object a line; a kill leaves the old file or the new one, never a part of it."""
    beside = _beside(Path(path))
    with beside.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    beside.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file; a kill leaves the old file or the new one, never a part of it."""
    beside = _beside(Path(path))
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(path)


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The value of a JSON file. Raises FileError that names the file for what is not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise FileError(f"{path}: not JSON ({error})") from None


def read_yaml(path: Path) -> Any:
    """The value of a YAML file. Raises FileError that names the file and the place in it."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # ValueError for a date such as 2024-13-01
        raise FileError(f"{path}: not YAML ({' '.join(str(error).split())})") from None


def _beside(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{path.name}.new")
