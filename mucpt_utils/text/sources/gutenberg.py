"""Books of Project Gutenberg by number, from a mirror, once each.

Beside the books stand `SHA256SUMS` (as `sha256sum` writes and checks them) and `BOOKS.tsv` with
the address each came from. A book whose checksum is right is not asked for again.
"""

import csv
import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx

from mucpt_utils.config.text import GutenbergSettings
from mucpt_utils.text.sources.base import Unreadable

BYTES_A_BOOK = 400_000  # about the mean of the plain-text books
SUMS, TABLE = "SHA256SUMS", "BOOKS.tsv"
NOT_THERE = {401, 403, 404, 410, 451}
LONGEST_PAUSE = 300.0
HEADERS = {"User-Agent": "mucpt-utils (corpus research; one request at a time)"}


class Fetched(NamedTuple):
    """Books that are there, in the order asked for, and those that could not be had, with why."""

    paths: list[Path]
    missing: list[Unreadable]


class _Refused(Exception):
    """A book that will not come, however often it is asked for."""


def book_numbers(text: str) -> list[int]:
    """`5724,12254` as numbers, each once. Raises ValueError for anything else."""
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise ValueError(f"gutenberg:{text}: numbers of books with commas were expected")
    return list(dict.fromkeys(int(number) for number in text.split(",")))


def fetch_books(numbers: Sequence[int], folder: Path, settings: GutenbergSettings) -> Fetched:
    """Fetches the books that `folder` does not hold yet, as `NUMBER.txt`.

    A book that the mirror does not have is missing, with the reason; raises ConnectionError where
    the mirror itself fails, after the retries, since a later run may do better.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sums, addresses = _read_sums(folder / SUMS), _read_addresses(folder / TABLE)
    found = Fetched([], [])
    mirror = _Mirror(settings)
    for number in numbers:
        path = folder / f"{number}.txt"
        try:
            if path.name not in sums or _sha256(path) != sums[path.name]:
                addresses[number] = _fetch(number, path, mirror, settings)
                sums[path.name] = _sha256(path)
                _write(folder / TABLE, _address_lines(addresses))
                _write(folder / SUMS, (f"{v}  {k}\n" for k, v in sorted(sums.items())))
            _check(number, sums[path.name], settings)
            found.paths.append(path)
        except _Refused as error:
            found.missing.append(Unreadable("gutenberg", f"gutenberg:{number}", str(error)))
    return found


def _fetch(number: int, path: Path, mirror: "_Mirror", settings: GutenbergSettings) -> str:
    """Writes a book to `path`; returns the address it came from. Raises _Refused."""
    reason = "no address"
    for layout in settings.layouts:
        address = layout.format(
            mirror=settings.mirror.rstrip("/"), number=number, folders=_folders(number)
        )
        try:
            content = mirror.get(address)
        except _Refused as error:
            reason = str(error)
            continue
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)
        return address
    raise _Refused(reason)


class _Mirror:
    """One request at a time, with a pause before each but the first."""

    def __init__(self, settings: GutenbergSettings) -> None:
        self.settings, self.first = settings, True

    def get(self, address: str) -> bytes:
        """The text at an address. Raises _Refused where there is none, ConnectionError."""
        problem = ""
        for attempt in range(self.settings.retries + 1):
            self._pause(attempt)
            try:
                return self._ask(address)
            except httpx.HTTPStatusError as error:
                status = error.response.status_code
                if status in NOT_THERE:
                    raise _Refused(f"the mirror answers {status}") from error
                problem = f"answers {status}"
                self._wait(error.response.headers.get("Retry-After", ""))
            except httpx.TransportError as error:
                problem = str(error) or type(error).__name__
        tried = self.settings.retries + 1
        raise ConnectionError(f"{address}: {problem} ({tried} requests); a later run goes on")

    def _ask(self, address: str) -> bytes:
        settings = self.settings
        options = {"timeout": settings.timeout, "follow_redirects": True, "headers": HEADERS}
        with httpx.stream("GET", address, **options) as response:
            response.raise_for_status()
            parts, size = [], 0
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > settings.largest_book_bytes:
                    raise _Refused(f"longer than {settings.largest_book_bytes} bytes")
                parts.append(chunk)
        content = b"".join(parts)
        if re.match(rb"\s*<(!doctype html|html)", content, re.IGNORECASE):
            raise _Refused("the mirror answers with a web page")
        return content

    def _pause(self, attempt: int) -> None:
        if not self.first:
            time.sleep(min(LONGEST_PAUSE, self.settings.seconds_between * 2**attempt))
        self.first = False

    def _wait(self, asked: str) -> None:
        """As long as the mirror asks for, beside the pause that is made anyway."""
        if asked.isdigit():
            time.sleep(min(LONGEST_PAUSE, int(asked)))


def _folders(number: int) -> str:
    """The folders of a mirror that a book lies in: 5/7/2 for 5724, 0 for 1 to 9."""
    return "/".join(str(number)[:-1]) or "0"


def _check(number: int, sha256: str, settings: GutenbergSettings) -> None:
    wanted = settings.sha256.get(number, sha256)
    if wanted.lower() != sha256:
        raise _Refused(f"its checksum is {sha256}, the settings want {wanted}")


def _sha256(path: Path) -> str:
    if not path.is_file():
        return "missing"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_sums(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {name: value for value, _, name in (line.partition("  ") for line in lines) if name}


def _read_addresses(path: Path) -> dict[int, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["id"]): row["address"] for row in csv.DictReader(file, delimiter="\t")}


def _address_lines(addresses: dict[int, str]) -> Iterator[str]:
    yield "id\taddress\n"
    for number, address in sorted(addresses.items()):
        yield f"{number}\t{address}\n"


def _write(path: Path, lines: Iterator[str]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(path)
