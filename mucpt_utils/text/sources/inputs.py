"""What a run reads: a folder, books of Project Gutenberg, a dataset of the Hub.

    corpus/crawl                 a folder
    corpus/crawl/part.warc.gz    one file
    gutenberg:5724,12254         books of Project Gutenberg by number
    hub:NAME[:SPLIT]             a dataset of the Hub (or a local dataset folder), streamed

Every kind gives units of work; what reading one gives depends on the input alone, so that units
may be dealt to any number of tasks.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import files, gutenberg
from mucpt_utils.text.sources.base import Item, NoSource, PassedOver, Unreadable, path_name
from mucpt_utils.text.sources.folders import survey
from mucpt_utils.text.sources.library import root_name, stated_in_table

if TYPE_CHECKING:
    from mucpt_utils.text.sources.hub import HubInput

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,30}://", re.IGNORECASE)
Unit: TypeAlias = Callable[[], Iterator[Item]]


class Size(NamedTuple):
    """About how large an input is; None if that is unknown before reading it."""

    what: str
    bytes: float | None
    documents: float | None


class Input(Protocol):
    """Something that can be read in units."""

    def key(self) -> object:
        """What identifies the content, as a JSON value."""

    def units(self, unit_bytes: int) -> Sequence[Unit]:
        """Units of about `unit_bytes`, each read by calling it."""
        ...


@dataclass(frozen=True)
class FolderInput:
    """Files under a folder.

    missing: what should be there and is not. passed_over: what is there and is not read.
    """

    root: Path
    paths: Sequence[Path]
    settings: SourceSettings
    missing: Sequence[Unreadable] = field(default=())
    passed_over: Sequence[PassedOver] = field(default=())

    @classmethod
    def open(
        cls, path: Path, settings: SourceSettings, leave_out: Path | None = None
    ) -> "FolderInput":
        """A folder, except one inside it, or a single file.

        Raises NoSource if there is nothing to read.
        """
        try:
            if path.is_file():
                return cls(path.parent, [path], settings)
            view = survey(path, leave_out)
        except ValueError as error:  # a name that no file can have
            raise NoSource(f"source {str(path)!r}: {error}") from error
        return cls(path, view.paths, settings, passed_over=view.passed_over)

    def key(self) -> object:
        """Names and checksums of the files, what is missing and what is skipped; and what a text's
        metadata also come from: the name of the folder, and the rows of BOOKS.tsv."""
        prints = [
            (path_name(p, self.root), files.fingerprint(p), stated_in_table(p)) for p in self.paths
        ]
        missing, passed = ([item.__dict__ for item in x] for x in (self.missing, self.passed_over))
        name = root_name(self.root)
        return {"name": name, "files": prints, "missing": missing, "passed over": passed}

    def units(self, unit_bytes: int) -> list[Unit]:
        """Groups of files, and one unit of what is not read."""
        groups = file_units(self.paths, unit_bytes)
        units: list[Unit] = [partial(read_files, g, self.root, self.settings) for g in groups]
        rest = [*self.missing, *self.passed_over]
        return units + ([partial(iter, rest)] if rest else [])

    def size(self) -> Size:
        """Files, bytes, and about how many documents."""
        total = sum(map(file_bytes, self.paths))
        documents = files.estimate_documents(self.paths, self.settings)
        return Size(f"{len(self.paths)} files", total, documents)


def read_files(paths: Sequence[Path], root: Path, settings: SourceSettings) -> Iterator[Item]:
    """The documents, and whatever is unreadable, in some files, in order."""
    for path in paths:
        yield from files.read_source(path, root, settings)


def file_units(paths: Sequence[Path], unit_bytes: int) -> list[list[Path]]:
    """Consecutive files grouped until a group holds `unit_bytes`; a larger file is alone."""
    units: list[list[Path]] = []
    size = unit_bytes
    for path in paths:
        if size >= unit_bytes:
            units.append([])
            size = 0
        units[-1].append(path)
        size += file_bytes(path)
    return units


def file_bytes(path: Path) -> int:
    """A file's size in bytes; 0 for a folder and for what cannot be looked at."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def open_input(
    source: str | Path, settings: SourceSettings, cache: Path, leave_out: Path | None = None
) -> Input:
    """The input that `source` names; books of Project Gutenberg are fetched into `cache` first.

    leave_out: a folder that is not part of it, wherever it is. Raises SourceError for a name that
    means nothing, NoSource for a folder that is missing or empty, SourceFailed if a mirror
    does not answer.
    """
    kind, name = split_name(source)
    if not str(source).strip():
        raise NoSource("--source is empty; name a folder or a file")
    if kind == "gutenberg":
        folder = cache / "gutenberg"
        books = gutenberg.fetch_books(gutenberg.book_numbers(name), folder, settings.gutenberg)
        return FolderInput(folder, books.paths, settings, books.missing)
    if kind == "hub":
        return open_hub(name, settings)
    return FolderInput.open(local_path(name), settings, leave_out)


def local_path(name: str) -> Path:
    """The path that a source names. Raises NoSource for an address, which is not fetched."""
    if ADDRESS.match(name) and not os.path.exists(name):
        raise NoSource(
            f"source {name}: addresses are not fetched; save the text and name its file or folder"
        )
    return Path(name)


def open_hub(name: str, settings: SourceSettings) -> "HubInput":
    """A dataset of the Hub; `datasets`, which takes long to import, is imported here."""
    from mucpt_utils.text.sources.hub import HubInput

    return HubInput.open(name, settings)


def input_size(source: str | Path, settings: SourceSettings) -> Size:
    """About how large an input is, without fetching it."""
    kind, name = split_name(source)
    if kind == "gutenberg":
        books = len(gutenberg.book_numbers(name))
        size = books * gutenberg.BYTES_A_BOOK
        words = files.PROSE_BYTES_A_WORD * settings.passage_words
        return Size(f"{books} books to fetch", size, size / words)
    if kind == "hub":
        return Size(f"dataset {name}, streamed", None, open_hub(name, settings).rows())
    return FolderInput.open(local_path(name), settings).size()


def split_name(source: str | Path) -> tuple[str, str]:
    """`gutenberg:12` as (`gutenberg`, `12`); a path as (`path`, path)."""
    kind, colon, name = str(source).partition(":")
    return (kind, name) if colon and kind in ("gutenberg", "hub") else ("path", str(source))
