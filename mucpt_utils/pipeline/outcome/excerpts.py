"""Excerpts of documents for the page: bounded, with marks, and with personal data masked.

Rejected documents were rejected before masking, and the quarantine shows files as they are; nobody
should find an address or a telephone number in the page that is not in the corpus.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from mucpt_utils.config.pipeline import MaskingSettings
from mucpt_utils.pipeline.masking import Finding, find_personal_data

LENGTH = 600  # characters of an excerpt
BEFORE = 120  # characters before the first mark
MARGIN = 300  # characters around an excerpt that personal data may reach into
LONGEST_NAME = 160
LINES, LINE_END = 24, re.compile("\n")

Span = tuple[int, int]
# file names and identifiers contain long numbers that are nobody's
IN_NAMES = MaskingSettings(kinds=("URL", "EMAIL"))


class Piece(NamedTuple):
    """A piece of an excerpt: plain (``), marked (`mark`) or a placeholder (`mask`)."""

    text: str
    kind: str = ""


class Excerpt(NamedTuple):
    """The part of a text that is shown.

    more_before, more_after: whether the text continues. marks_outside: number of marks not shown.
    """

    pieces: list[Piece]
    more_before: bool = False
    more_after: bool = False
    marks_outside: int = 0

    @property
    def text(self) -> str:
        """The excerpt without its marks."""
        return "".join(piece.text for piece in self.pieces)


def excerpt(text: str, marks: Iterable[Sequence[int]] = (), length: int = LENGTH) -> Excerpt:
    """About `length` characters of a text, starting shortly before the first mark.

    marks: [start, end] in the text, in any order; invalid spans are ignored.
    """
    spans = merged(marks, len(text))
    first = spans[0][0] if spans and spans[0][1] > length else 0
    start = word_border(text, max(0, first - min(BEFORE, length // 3)))
    end = excerpt_end(text, start, length)
    inside = [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]
    outside = len(spans) - len(inside)
    return Excerpt(pieces_of(text, start, end, inside), start > 0, end < len(text), outside)


def excerpt_end(text: str, start: int, length: int) -> int:
    """Where an excerpt ends: after `length` characters, or after LINES lines."""
    end = min(len(text), start + length)
    line_ends = [match.start() for match in islice(LINE_END.finditer(text, start, end), LINES)]
    return line_ends[-1] if len(line_ends) == LINES else end


def merged(marks: Iterable[Sequence[int]], length: int) -> list[Span]:
    """Marks in order, without overlaps."""
    spans: list[Span] = []
    for start, end in sorted((max(0, a), min(b, length)) for a, b in marks):
        if spans and start < spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        elif start < end:
            spans.append((start, end))
    return spans


def word_border(text: str, position: int) -> int:
    """The beginning of the next word after a position, if there is one nearby."""
    if position == 0:
        return 0
    border = text.find(" ", position, position + 40)
    return border + 1 if border >= 0 else position


def pieces_of(text: str, start: int, end: int, spans: Sequence[Span]) -> list[Piece]:
    """text[start:end] in pieces, personal data masked. spans: marks inside, in order."""
    pieces: list[Piece] = []
    position = start
    for finding in personal_data(text, start, end):
        pieces += marked_pieces(text, position, finding.start, spans)
        pieces.append(Piece(f"[{finding.kind}]", "mask"))
        position = max(position, finding.end)
    return pieces + marked_pieces(text, position, end, spans)


def personal_data(text: str, start: int, end: int) -> list[Finding]:
    """Personal data that is in text[start:end] or extends into it, by offsets in the text."""
    first = max(0, start - MARGIN)
    findings = find_personal_data(text[first : end + MARGIN])
    placed = [Finding(f.start + first, f.end + first, f.kind) for f in findings]
    return [finding for finding in placed if finding.start < end and finding.end > start]


def marked_pieces(text: str, start: int, end: int, spans: Sequence[Span]) -> list[Piece]:
    """text[start:end] in plain and marked pieces."""
    pieces = []
    position = start
    for a, b in spans:
        a, b = max(a, position), min(b, end)
        if a < b:
            pieces += [Piece(text[position:a]), Piece(text[a:b], "mark")]
            position = b
    pieces.append(Piece(text[position:end]))
    return [piece for piece in pieces if piece.text]


def shown_name(name: object) -> str:
    """An identifier, a path or a reason as the page shows it: short, without addresses."""
    text = str(name)
    if len(text) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        text = f"{text[:half]} … {text[-half:]}"
    for finding in reversed(find_personal_data(text, IN_NAMES)):
        text = f"{text[: finding.start]}[{finding.kind}]{text[finding.end :]}"
    return text
