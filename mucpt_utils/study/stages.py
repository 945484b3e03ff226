"""Stages that run once: one folder per stage, named by what went in, recording what came out.

A stage is a function in a module of `study` that sees a folder to write to, its inputs and its
settings, and nothing else. So its key is a hash of exactly that: settings, contents of the inputs,
and the closure of its code with the data files that the code reads (`mucpt_utils.closure`). Its
folder is `<name>-<key>`. A finished stage is loaded, an unfinished one continues from what is in
its working folder, and a damaged one is rebuilt, with a message.
"""

import fcntl
import hashlib
import importlib.metadata
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mucpt_utils.closure import changed_since_first, code_digest
from mucpt_utils.errors import MuCPTError, OutsideError
from mucpt_utils.io import UNFINISHED, digest, read_json, write_json
from mucpt_utils.study.checkout import commit

RECORD = "record.json"
SCRATCH = "logs"  # a folder of this name inside a stage may differ from run to run
VERSIONS = ("torch", "transformers", "datatrove", "datasets", "tokenizers", "numpy", "pandas")

# a record that is missing or not a record; any other OSError may be temporary, so it is raised and
# the stage is kept
UNREADABLE = (FileNotFoundError, ValueError, KeyError, TypeError)

Report = Callable[[float], None]
log = logging.getLogger(__name__)
_only_look = False


class NotMade(LookupError):
    """A stage does not exist and, inside `looking`, must not be made."""


class NoLocks(OutsideError):
    """A file system on which no process can tell another that it makes a stage."""


class CodeChanged(MuCPTError):
    """The code of a stage on the disk has changed since this process imported it."""


@contextmanager
def looking() -> Iterator[None]:
    """Inside, `build` finds finished stages and raises NotMade instead of making one.

    Sound stages are not read again until the outermost `looking` ends, since a study asks for its
    corpus hundreds of times.
    """
    global _only_look
    _only_look, before = True, _only_look
    try:
        yield
    finally:
        _only_look = before
        if not _only_look:
            _sound.clear()
            _codes.clear()


@dataclass(frozen=True)
class Artifact:
    """A finished stage: its folder and the record of how it was made."""

    folder: Path
    record: dict

    @property
    def name(self) -> str:
        return self.record["name"]

    @property
    def sha256(self) -> str:
        return self.record["sha256"]

    def path(self, *parts: str) -> Path:
        """A file inside the artefact."""
        return self.folder.joinpath(*parts)

    def read_json(self, name: str) -> Any:
        """The parsed JSON file `name` of the artefact."""
        return read_json(self.path(name))


_sound: dict[Path, Artifact] = {}  # inside `looking`: stages that were found sound
_codes: dict[str, str] = {}  # inside `looking`: digests of code by module


def silent(amount: float) -> None:
    """A report of progress that does nothing."""


@dataclass(frozen=True)
class Stage:
    """One stage, declared in one place: what makes it, from which inputs, with which settings.

    make: a function of a module, called as `make(folder, inputs, report, **settings, **running)`;
    folder survives a kill, so that it can resume; inputs: the folder of each input, by name;
    report: called with the amount of work done since the last call. settings: pydantic models and
    JSON values; they decide the outcome, `running` only how it is made (an engine, workers).
    """

    name: str
    make: Callable[..., None]
    inputs: Mapping[str, Artifact] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    running: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # a function that closes over variables, or a method, could see more than its key covers
        if getattr(self.make, "__closure__", None) or "." in self.make.__qualname__:
            raise TypeError(f"stage {self.name}: {self.make.__qualname__} is not a plain function")

    def check_code(self) -> None:
        """Raises CodeChanged if the code on the disk is not what this process has imported."""
        if changed_since_first(self.make.__module__):
            raise CodeChanged(
                f"stage {self.name}: its code or a data file of it changed since this process "
                "began; start again, so that what is made is recorded under what made it"
            )

    def settings_as_json(self) -> dict:
        """The settings in the form of the record and the key."""
        return {name: as_json(value) for name, value in self.settings.items()}

    def key(self) -> str:
        """What identifies the stage: its settings, its inputs' contents, its code's closure."""
        return digest(
            {
                "name": self.name,
                "settings": self.settings_as_json(),
                "inputs": {name: artifact.sha256 for name, artifact in self.inputs.items()},
                "made by": self.make.__qualname__,
                "code": digest_of_code(self.make.__module__),
            }
        )


def digest_of_code(module: str) -> str:
    """The digest of a module's closure, read once inside `looking`."""
    if not _only_look:
        return code_digest(module)
    if module not in _codes:
        _codes[module] = code_digest(module)
    return _codes[module]


def as_json(value: Any) -> Any:
    """A setting as JSON: models as their fields, without titles and roles, which are only names."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude={"title", "role"})
    return list(value) if isinstance(value, tuple) else value


def build(stage: Stage, root: Path, made_by: str = "", report: Report = silent) -> Artifact:
    """The artefact of a stage: loaded if it exists and is sound, otherwise made.

    root: the folder of stages. made_by: the notebook that makes it.
    """
    folder = root / f"{stage.name}-{stage.key()[:12]}"
    if _only_look and folder in _sound:
        return _sound[folder]
    with _only_one(root, folder.name):
        finished = load(folder)
        if finished is not None:
            if _only_look:
                _sound[folder] = finished
            return finished
        if _only_look:
            raise NotMade(folder.name)
        stage.check_code()
        partial = root / f"{folder.name}.partial"
        partial.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        inputs = {name: artifact.folder for name, artifact in stage.inputs.items()}
        stage.make(partial, inputs, report, **stage.settings, **stage.running)
        record = {
            "name": stage.name,
            "sha256": content_digest(partial),
            "made_by": made_by,
            "commit": commit(),
            "settings": stage.settings_as_json(),
            "inputs": [
                {"name": a.name, "sha256": a.sha256, "folder": a.folder.name}
                for a in stage.inputs.values()
            ],
            "versions": versions(),
            "seconds": round(time.perf_counter() - start, 1),
        }
        write_json(partial / RECORD, record)
        partial.replace(folder)
        return Artifact(folder, record)


def content_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's files."""
    total = hashlib.sha256()
    for path in output_files(folder):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0")
        total.update(file_digest(path))
    return total.hexdigest()


def file_digest(path: Path) -> bytes:
    """SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def output_files(folder: Path) -> list[Path]:
    """Files of a stage that count as its output, in a fixed order.

    One that a killed process was writing does not, or what is made from it would have another key.
    """
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != RECORD
        and path.suffix != UNFINISHED
        and SCRATCH not in path.relative_to(folder).parts[:-1]
    )


def versions() -> dict[str, str]:
    """Versions of the libraries that can change a number, as far as they are installed."""
    return {name: found for name in VERSIONS if (found := version(name))}


def version(name: str) -> str | None:
    """The version of a library; None if it is not installed, since training needs few of them."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def load(folder: Path) -> Artifact | None:
    """A finished artefact; None if there is none. A damaged one is removed and reported."""
    if not folder.is_dir():
        return None
    problem = _damage(folder)
    if problem is None:
        return Artifact(folder, json.loads((folder / RECORD).read_text(encoding="utf-8")))
    log.warning("stage %s is damaged (%s): it is made again", folder.name, problem)
    shutil.rmtree(folder)
    return None


def _damage(folder: Path) -> str | None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        sound = record["sha256"] == content_digest(folder)
    except UNREADABLE as error:
        return f"{type(error).__name__}: {error}"
    return None if sound else "checksum differs from its record"


@contextmanager
def _only_one(root: Path, name: str):
    """Of two processes that need the same stage, one makes it; the other waits and loads it.

    Raises NoLocks where the file system, as some of clusters, has none.
    """
    locks = root / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            raise NoLocks(
                f"{locks}: files cannot be locked here ({error.strerror}), so two processes could "
                "make one stage at once; move the work folder: MUCPT_WORK=DIR"
            ) from None
        yield


def lineage(artifacts: Iterable[Artifact]) -> list[dict]:
    """Records of `artifacts` and of everything they were made from, inputs first, each once."""
    seen: dict[str, dict] = {}

    def visit(folder: Path) -> None:
        if folder.name in seen or not (folder / RECORD).is_file():
            return
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        for parent in record["inputs"]:
            visit(folder.parent / parent["folder"])
        seen[folder.name] = {"folder": folder.name, **record}

    for artifact in artifacts:
        visit(artifact.folder)
    return list(seen.values())
