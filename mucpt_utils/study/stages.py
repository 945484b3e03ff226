"""Stages that run once: a folder per stage, named by what went in, with a record of what came out.

A stage's folder is `<name>-<key>`, where the key is a hash of its settings, of the source of the
modules that make it, and of its inputs' contents. A finished stage is loaded, a half-finished one
finds what it had left in its working folder, a damaged one is rebuilt and says so.
"""

import fcntl
import gzip
import hashlib
import importlib.metadata
import json
import logging
import shutil
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RECORD = "record.json"
SCRATCH = "logs"  # a folder of this name inside a stage may differ from run to run
VERSIONS = ("torch", "transformers", "datatrove", "datasets", "tokenizers", "numpy", "pandas")

# a record that is missing or no record, a compressed file that was cut off or overwritten; any
# other OSError may pass, so it is raised and the stage kept
UNREADABLE = (
    FileNotFoundError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
)

log = logging.getLogger(__name__)
_only_look = False


class NotMade(LookupError):
    """A stage is not there and, inside `looking`, is not to be made."""


@contextmanager
def looking() -> Iterator[None]:
    """Inside, `build` finds finished stages and raises NotMade instead of making one."""
    global _only_look
    _only_look, before = True, _only_look
    try:
        yield
    finally:
        _only_look = before


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

    def read_json(self, name: str) -> object:
        """The parsed JSON file `name` of the artefact."""
        return json.loads(self.path(name).read_text(encoding="utf-8"))


def digest(value: object) -> str:
    """SHA-256 of a value's canonical JSON. Raises TypeError for what JSON cannot hold."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def content_digest(folder: Path) -> str:
    """SHA-256 over names and contents of a folder's files.

    Compressed files count by what they hold, since gzip stamps the time into its bytes.
    """
    total = hashlib.sha256()
    for path in output_files(folder):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0")
        total.update(_file_digest(path))
    return total.hexdigest()


def output_files(folder: Path) -> list[Path]:
    """Files of a stage that count as its output, in a fixed order."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != RECORD
        and SCRATCH not in path.relative_to(folder).parts[:-1]
    )


def _file_digest(path: Path) -> bytes:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


@cache
def code_digest(files: tuple[Path, ...]) -> str:
    """SHA-256 over the source of modules: a changed module makes a stage run again."""
    sources = sorted((path.stem, path.read_text(encoding="utf-8")) for path in files)
    return digest(sources)


def versions() -> dict[str, str]:
    """Versions of the libraries that can change a number."""
    return {name: importlib.metadata.version(name) for name in VERSIONS}


def build(
    name: str,
    make: Callable[[Path], None],
    *,
    root: Path,
    settings: Mapping[str, object],
    inputs: Sequence[Artifact] = (),
    code: Iterable[Path] = (),
    made_by: str = "",
) -> Artifact:
    """The artefact of a stage: loaded when it is there and sound, otherwise made.

    make: called with a working folder that survives a kill, so that it may resume.
    root: the folder that holds stages. code: the source files that make it.
    made_by: the notebook that asks first.
    """
    key = stage_key(name, settings, inputs, code)
    folder = root / f"{name}-{key[:12]}"
    with _only_one(root, folder.name):
        found = load(folder)
        if found is not None:
            return found
        if _only_look:
            raise NotMade(folder.name)
        partial = root / f"{folder.name}.partial"
        partial.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        make(partial)
        seconds = round(time.perf_counter() - start, 1)
        record = {
            "name": name,
            "sha256": content_digest(partial),
            "made_by": made_by,
            "settings": dict(settings),
            "inputs": [
                {"name": i.name, "sha256": i.sha256, "folder": i.folder.name} for i in inputs
            ],
            "versions": versions(),
            "seconds": seconds,
        }
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        (partial / RECORD).write_text(text, encoding="utf-8")
        partial.replace(folder)
        return Artifact(folder, record)


def stage_key(
    name: str,
    settings: Mapping[str, object],
    inputs: Sequence[Artifact],
    code: Iterable[Path],
) -> str:
    """What identifies a stage: its settings, its code, its inputs' contents."""
    return digest(
        {
            "name": name,
            "settings": dict(settings),
            "inputs": [i.sha256 for i in inputs],
            "code": code_digest(tuple(code)),
        }
    )


def load(folder: Path) -> Artifact | None:
    """A finished artefact, or None where there is none. A damaged one is removed and reported."""
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
    """Two processes that want the same stage: one makes it, the other waits and loads it."""
    locks = root / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
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
