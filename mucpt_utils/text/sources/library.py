"""Metadata of prose files: from their location, and from a table of books beside them."""

import csv
import io
import os
import re
from functools import lru_cache
from pathlib import Path

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import Malformed, path_name, reason_of
from mucpt_utils.text.sources.compression import CODECS
from mucpt_utils.text.sources.encodings import decode

TABLE = "BOOKS.tsv"
SUFFIX = re.compile(r"\.\w{1,12}[~#]?")  # anything else after a full stop is part of the name
YEAR = re.compile("[0-9]{1,4}")


def source_of(path: Path, root: Path) -> str:
    """The source a file belongs to: the first folder under `root`, or `root`'s own name."""
    folder, slash, _ = path_name(path, root).partition("/")
    return folder if slash else root_name(root)


def root_name(root: Path) -> str:
    """A folder's own name, which is the source of the files right in it."""
    whole = root.resolve()
    return path_name(whole, whole.parent)


def file_metadata(path: Path, root: Path, settings: SourceSettings) -> dict:
    """Metadata of a prose file under `root`; a row of BOOKS.tsv takes precedence over its name."""
    name = path_name(path, root)
    key = key_of(name.rpartition("/")[2])
    metadata = {
        "source": source_of(path, root),
        "register": "prose",
        "title": key.replace("_", " ").replace("-", " "),
        "creator": None,
        "year": None,
        "licence": settings.licence,
        "lane": "prose",
        "file": name,
    }
    book = library(path.parent).get(key)
    return metadata | book_metadata(book) if book else metadata


def key_of(name: str) -> str:
    """A file's name without the suffixes of its compression and of its kind."""
    base, suffix = os.path.splitext(name)
    if suffix.lower() in CODECS:
        base, suffix = os.path.splitext(base)
    return base if SUFFIX.fullmatch(suffix) else base + suffix


def book_metadata(book: dict) -> dict:
    """What a row of BOOKS.tsv states.

    A book of GITenberg is in the public domain, and its title is the repository's name:
    `GITenberg/A-Book-of-Operas_5724` is `A Book of Operas`.
    """
    repository = book.get("repo") or ""
    name = re.sub(r"_\d+$", "", repository.rpartition("/")[2])
    stated = {
        "register": "book",
        "title": book.get("title") or re.sub(r"-+", " ", name).strip(),
        "creator": book.get("author"),
        "year": int(book["year"]) if YEAR.fullmatch(book.get("year") or "") else None,
        "licence": book.get("licence") or book.get("license"),
        "library_label": book.get("label"),
        "lcc": book.get("lcc"),
        "url": book.get("address"),
    }
    if not stated["licence"] and repository.startswith("GITenberg/"):
        stated["licence"] = "Public domain in the USA"
    return {key: value for key, value in stated.items() if value}


def is_gutenberg(path: Path) -> bool:
    """Whether BOOKS.tsv says that a file is a book of Project Gutenberg, or of GITenberg."""
    book = book_of(path)
    return "tenberg" in f"{book.get('repo')} {book.get('address')}".lower()


def book_of(path: Path) -> dict:
    """The row of a file in the BOOKS.tsv beside it; empty if there is none."""
    return library(path.parent).get(key_of(path.name)) or {}


def stated_in_table(path: Path) -> list[str]:
    """What the row of a file in BOOKS.tsv says, column by column."""
    return [str(column) for column in book_of(path).items()]


def library(folder: Path) -> dict[str, dict]:
    """Rows of the BOOKS.tsv in `folder` by their `id`, which is a file's name without suffix.

    Empty if there is no such file, or if it is unreadable: that must cost no book its text.
    """
    table = folder / TABLE
    try:
        return read_books(table, table.stat().st_mtime_ns) if table.is_file() else {}
    except (Malformed, OSError):
        return {}


def table_problem(table: Path) -> str:
    """Why a BOOKS.tsv cannot be read; empty if it can."""
    try:
        read_books(table, table.stat().st_mtime_ns)
    except (Malformed, OSError) as error:
        return reason_of(error)
    return ""


@lru_cache(maxsize=64)
def read_books(table: Path, changed: int) -> dict[str, dict]:
    """The rows by `id`; cached until the time `changed` of the file differs. Raises Malformed."""
    lines = io.StringIO(decode(table.read_bytes()), newline="")
    try:
        # strict: a quote that never closes is an error, not a cell that swallows what follows
        rows = list(csv.DictReader(lines, delimiter="\t", strict=True))
    except csv.Error as error:
        raise Malformed(f"no table: {error}") from error
    if rows and "id" not in rows[0]:
        raise Malformed(f"{table.name} has no column 'id'")
    return {row["id"]: row for row in rows}
