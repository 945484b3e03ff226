"""One way to read and to write each kind of file: JSON Lines, JSON, YAML; whole or not at all."""

import hashlib
import json
import os
import re
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from mucpt_utils.errors import MuCPTError

try:  # ten times as fast, where libyaml is there
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader

BOOLEAN = "tag:yaml.org,2002:bool"
# half a character (a lone surrogate), as models write it, has no UTF-8: it stays a JSON escape
HALF_SIGNS = "backslashreplace"
UNFINISHED = ".new"  # ends the name of a file that is being written


class FileError(MuCPTError, ValueError):
    """A file that is not what it should be; the message names the file and the line."""


def digest(value: object) -> str:
    """SHA-256 of a value's canonical JSON. Raises TypeError for what JSON cannot hold."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors=HALF_SIGNS)).hexdigest()


def read_jsonl(path: Path, fields: Sequence[str] = ()) -> list[dict]:
    """All objects of a file, one per line; a line ends at `\\n` only, whatever characters it holds.

    Blank lines are skipped. fields: names under which every object must hold a string.
    Raises FileError, which names file and line, for anything but such objects in UTF-8, and for a
    folder or a device.
    """
    path = Path(path)
    if path.exists() and not (path.is_file() or path.is_fifo()):
        raise FileError(f"{path} is not a regular file; a file of JSON Lines is needed")
    rows = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.isspace():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                reason = getattr(error, "msg", error)
                raise FileError(f"{path}, line {number}: not JSON ({reason})") from None
            if not isinstance(row, dict):
                raise FileError(f"{path}, line {number}: not a JSON object")
            if missing := [name for name in fields if not isinstance(row.get(name), str)]:
                raise FileError(
                    f"{path}, line {number}: no {', '.join(missing)}; "
                    f"needed are the texts {', '.join(fields)}"
                )
            rows.append(row)
    return rows


def write_jsonl(path: Path, rows: Iterable[Mapping]) -> None:
    """Write one object per line; a kill leaves the old file or the new one, never part of one."""
    with (
        _beside(Path(path)) as beside,
        beside.open("w", encoding="utf-8", errors=HALF_SIGNS, newline="\n") as stream,
    ):
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file; a kill leaves the old file or the new one, never part of one."""
    with _beside(Path(path)) as beside:
        beside.write_text(text, encoding="utf-8", errors=HALF_SIGNS, newline="\n")


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The value of a JSON file. Raises FileError, which names the file, if it is not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: not JSON ({error})") from None


class YamlLoader(SafeLoader):
    """Safe YAML in which `off`, `on`, `yes`, `no` are words, as in YAML 1.2; no key may repeat."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != BOOLEAN]
        for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node, deep=False):
        """The mapping of a node. Raises YAMLError for a key that appears twice."""
        keys = [str(key.value) for key, _ in node.value]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: {twice!r} is given twice")
        return super().construct_mapping(node, deep)


YamlLoader.add_implicit_resolver(
    BOOLEAN, re.compile("(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"
)


def unpack_tar(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack an archive into `folder`. Raises FileError for a member that would lie elsewhere.

    Python has a filter for this since 3.11.4; the 3.11 of Debian 12 is older.
    """
    top = folder.resolve()
    for member in archive.getmembers():
        place = (top / member.name).resolve()
        if not place.is_relative_to(top) or not (member.isfile() or member.isdir()):
            raise FileError(f"{folder}: {member.name} is no file or folder inside it")
    with_filter: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    archive.extractall(folder, **with_filter)


def read_yaml(path: Path) -> Any:
    """The value of a YAML file. Raises FileError, which names the file and the place in it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise FileError(f"{path}: not UTF-8 ({error})") from None
    return parse_yaml(text, path)


def parse_yaml(text: str, where: object) -> Any:
    """The value of a YAML text. Raises FileError, one line that begins with `where`."""
    try:
        return yaml.load(text, YamlLoader)  # a safe loader
    except (yaml.YAMLError, ValueError) as error:  # ValueError for a date such as 2024-13-01
        raise FileError(f"{where}: not YAML ({' '.join(str(error).split())})") from None


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A path to write to; the file takes the place of `path` once all has gone well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # a name of its own: others may write the same file at the same time
    beside = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}{UNFINISHED}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
