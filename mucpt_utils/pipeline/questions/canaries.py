"""Canaries: the mark that a benchmark bears, found however a copy has spelt it.

A canary's unique number has no case, and on its way it is broken at line ends and its hyphens
become other dashes. What has no such number is found as it is written, case and line breaks aside.
"""

import re
from collections.abc import Iterable

# a hyphen as it is, as other signs for it, and with the end of a line behind it
DASH = "(?:[-\u2010-\u2015\u2212\ufe63\uff0d]|&#45;|\u00ad)\\s{0,8}"
NUMBER = re.compile(
    rf"(?<![0-9a-f])[0-9a-f]{{8}}(?:{DASH}[0-9a-f]{{4}}){{3}}{DASH}[0-9a-f]{{12}}(?![0-9a-f])",
    re.IGNORECASE,
)
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
MOST_SPELT = 4  # bytes for each character of a mark, the ends of lines behind hyphens included
SEPARATOR = re.compile(r"(-|\s+)")


class Canaries:
    """Those of some benchmarks. stated: each as the benchmark states it."""

    def __init__(self, stated: Iterable[str]) -> None:
        self.marks = {mark_of(canary) for canary in stated}
        self.spellings = [(first_part(mark), spelling(mark)) for mark in sorted(self.marks)]

    @property
    def most_bytes(self) -> int:
        """How long a canary may be in UTF-8, however it is spelt; at least 1."""
        return max((MOST_SPELT * len(mark) for mark in self.marks), default=1)

    def are_in(self, *texts: str) -> bool:
        """Whether one of the texts contains one of the canaries."""
        if not self.spellings:
            return False
        # the first part is never broken, and looking for it is much faster
        lowered = (text.lower() for text in texts)
        return any(
            first in text and pattern.search(text)
            for text in lowered
            for first, pattern in self.spellings
        )


def mark_of(canary: str) -> str:
    """The part by which a canary is recognised anywhere: its unique number, if it has one."""
    number = UUID.search(canary)
    return (number.group() if number else canary.strip()).lower()


def first_part(mark: str) -> str:
    """A mark up to its first hyphen or blank."""
    return SEPARATOR.split(mark)[0]


def spelling(mark: str) -> re.Pattern:
    """A mark with any hyphens and any white space in the places of its own."""
    parts = (
        DASH if part == "-" else r"\s{1,8}" if part.isspace() else re.escape(part)
        for part in SEPARATOR.split(mark)
    )
    return re.compile("".join(parts))


def numbers_in(text: str) -> list[tuple[int, int]]:
    """The places of numbers in the form of a canary's, as [start, end]."""
    return [match.span() for match in NUMBER.finditer(text)]
