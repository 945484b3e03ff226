"""Books of Project Gutenberg by number, each fetched once from a mirror.

Beside the books are `SHA256SUMS` (as `sha256sum` writes and checks them) and `BOOKS.tsv` with
the address each came from. A book whose checksum is right is not fetched again.
"""

import csv
import hashlib
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import httpx

from mucpt_utils.config.text import GutenbergSettings
from mucpt_utils.io import write_text
from mucpt_utils.text.sources.base import SourceError, SourceFailed, Unreadable

BYTES_A_BOOK = 400_000  # about the mean of the plain-text books
SUMS, TABLE = "SHA256SUMS", "BOOKS.tsv"
NOT_THERE = {401, 403, 404, 410, 451}
LONGEST_PAUSE = 300.0
HEADERS = {"User-Agent": "mucpt-utils (corpus research; one request at a time)"}
WEB_PAGE = re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE)


class Fetched(NamedTuple):
    """The books that are there, in the order asked for, and why the others could not be fetched."""

    paths: list[Path]
    missing: list[Unreadable]


class Refused(Exception):
    """A book that cannot be fetched, however often it is requested."""


def book_numbers(text: str) -> list[int]:
    """`5724,12254` as numbers, each once. Raises SourceError for anything else."""
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise SourceError(f"gutenberg:{text}: numbers of books with commas were expected")
    return list(dict.fromkeys(int(number) for number in text.split(",")))


def fetch_books(numbers: Sequence[int], folder: Path, settings: GutenbergSettings) -> Fetched:
    """Fetches the books that `folder` does not hold yet, as `NUMBER.txt`.

    A book that the mirror lacks is reported as missing, with the reason. Raises SourceFailed if
    the mirror itself fails after the retries, since a later run may succeed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sums, addresses = read_sums(folder / SUMS), read_addresses(folder / TABLE)
    fetched = Fetched([], [])
    mirror = Mirror(settings)
    for number in numbers:
        path = folder / f"{number}.txt"
        try:
            if sha256_of(path) != sums.get(path.name):
                addresses[number] = mirror.fetch(number, path)
                sums[path.name] = sha256_of(path)
                rows = [f"{key}\t{address}\n" for key, address in sorted(addresses.items())]
                write_text(folder / TABLE, "".join(["id\taddress\n", *rows]))
                lines = [f"{value}  {name}\n" for name, value in sorted(sums.items())]
                write_text(folder / SUMS, "".join(lines))
            wanted = settings.sha256.get(number, sums[path.name])
            if wanted.lower() != sums[path.name]:
                raise Refused(f"its checksum is {sums[path.name]}, the settings want {wanted}")
            fetched.paths.append(path)
        except Refused as error:
            fetched.missing.append(Unreadable("gutenberg", f"gutenberg:{number}", str(error)))
    return fetched


class Mirror:
    """One request at a time, with a pause before each but the first."""

    def __init__(self, settings: GutenbergSettings) -> None:
        self.settings, self.is_first = settings, True

    def fetch(self, number: int, path: Path) -> str:
        """Write a book to `path`; returns the address it came from.

        Raises Refused if it is at no address of the layouts.
        """
        reason = "no address"
        # the folders of a mirror that a book is in: 5/7/2 for 5724, 0 for 1 to 9
        folders = "/".join(str(number)[:-1]) or "0"
        for layout in self.settings.layouts:
            mirror = self.settings.mirror.rstrip("/")
            address = layout.format(mirror=mirror, number=number, folders=folders)
            try:
                content = self.get(address)
            except Refused as error:
                reason = str(error)
                continue
            partial = path.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(path)
            return address
        raise Refused(reason)

    def get(self, address: str) -> bytes:
        """The bytes at an address, requested again after a temporary failure.

        Raises Refused if there are none, SourceFailed after the last failure.
        """
        settings, problem = self.settings, ""
        for attempt in range(settings.retries + 1):
            if not self.is_first:
                time.sleep(min(LONGEST_PAUSE, settings.seconds_between * 2**attempt))
            self.is_first = False
            try:
                return self.request(address)
            except httpx.HTTPStatusError as error:
                status = error.response.status_code
                if status in NOT_THERE:
                    raise Refused(f"the mirror answers {status}") from error
                problem = f"answers {status}"
                # as long as the mirror asks for, in addition to the usual pause
                pause = error.response.headers.get("Retry-After", "")
                if pause.isdigit():
                    time.sleep(min(LONGEST_PAUSE, int(pause)))
            except (httpx.RequestError, httpx.InvalidURL) as error:
                problem = str(error) or type(error).__name__
        requests = settings.retries + 1
        raise SourceFailed(f"{address}: {problem} ({requests} requests); a later run goes on")

    def request(self, address: str) -> bytes:
        """What one request returns. Raises Refused for a web page and for anything too long."""
        with httpx.stream(
            "GET", address, timeout=self.settings.timeout, follow_redirects=True, headers=HEADERS
        ) as response:
            response.raise_for_status()
            parts, size = [], 0
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > self.settings.largest_book_bytes:
                    raise Refused(f"longer than {self.settings.largest_book_bytes} bytes")
                parts.append(chunk)
        content = b"".join(parts)
        if WEB_PAGE.match(content):
            raise Refused("the mirror answers with a web page")
        return content


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; `missing` if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def read_sums(path: Path) -> dict[str, str]:
    """The checksums of a `SHA256SUMS`, by file name; empty if there is no such file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {name: value for value, _, name in (line.partition("  ") for line in lines) if name}


def read_addresses(path: Path) -> dict[int, str]:
    """The addresses of a `BOOKS.tsv`, by book number; empty if there is no such file."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["id"]): row["address"] for row in csv.DictReader(file, delimiter="\t")}
