"""Recorded changes of a document's text, so that annotations by character offset stay valid.

A stage never reads annotations; it passes its edits to `apply_edits`, which moves whatever
offsets the document carries along. The offsets are opaque: nothing is decided by them.
"""

import os
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from datatrove.data import Document

# str.splitlines would also split at U+0085, which is half a letter in broken UTF-8
LINE = re.compile(r"[^\n]*\n|[^\n]+")


class Edit(NamedTuple):
    """Replace text[start:end] (offsets in the text before any edit) by `replacement`."""

    start: int
    end: int
    replacement: str


def edited_text(text: str, edits: Sequence[Edit]) -> str:
    """The text after `edits`. Raises ValueError if edits overlap or reach past the text."""
    pieces, position = [], 0
    for edit in in_order(edits, len(text)):
        pieces += [text[position : edit.start], edit.replacement]
        position = edit.end
    return "".join([*pieces, text[position:]])


def apply_edits(document: Document, edits: Iterable[Edit]) -> int:
    """Edits `document.text` in place and shifts its annotations; returns the number of edits.

    A span around an edit grows or shrinks with it; one inside a replaced part takes the
    replacement's place (empty after a deletion), so that spans keep their number and order.
    Raises ValueError if edits overlap or reach past the text.
    """
    edits = list(edits)
    if not edits:
        return 0
    ordered = in_order(edits, len(document.text))
    document.text = edited_text(document.text, ordered)
    truth = document.metadata.get("truth")
    if is_labelled(truth):
        shift = Shift(ordered)
        spans = [shift.span(span) for span in truth["spans"]]
        document.metadata["truth"] = truth | {"spans": spans}
    return len(ordered)


def is_labelled(truth: object) -> bool:
    """Whether `metadata.truth` holds labelled spans and is not a foreign field of that name."""
    spans = truth.get("spans") if isinstance(truth, dict) else None
    return (
        isinstance(spans, list)
        and bool(spans)
        and all(
            isinstance(span, dict)
            and isinstance(span.get("start"), int)
            and isinstance(span.get("end"), int)
            for span in spans
        )
    )


class Shift:
    """Where offsets end up after `edits` (sorted by start); each is found by bisection."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self.edits = edits
        self.starts = [edit.start for edit in edits]
        growth = (len(edit.replacement) - (edit.end - edit.start) for edit in edits)
        self.moved = list(accumulate(growth, initial=0))

    def span(self, span: dict) -> dict:
        """`span` with start and end moved."""
        start = self.offset(span["start"], to_end=False)
        end = self.offset(span["end"], to_end=True)
        return span | {"start": start, "end": max(start, end)}

    def offset(self, offset: int, to_end: bool) -> int:
        """An offset, moved.

        to_end: inside a replaced part, whether it goes to the end of the replacement or its
        start.
        """
        before = bisect_left(self.starts, offset)  # edits that begin before the offset
        if before and self.edits[before - 1].end > offset:
            edit = self.edits[before - 1]
            at_start = edit.start + self.moved[before - 1]
            return at_start + (len(edit.replacement) if to_end else 0)
        return offset + self.moved[before]


def line_edits(text: str, repair: Callable[[str], str]) -> list[Edit]:
    """Small edits that turn each line of `text` into `repair(line)`.

    `repair` gets a line with its newline; lines that it returns unchanged cost nothing.
    """
    edits = []
    for match in LINE.finditer(text):
        line, offset = match.group(), match.start()
        repaired = repair(line)
        if repaired != line:
            edits += [
                Edit(offset + start, offset + end, replacement)
                for start, end, replacement in difference(line, repaired)
            ]
    return edits


REACH = 48  # characters within which two texts are expected to agree again
ANCHORS = (8, 3, 1)  # how many characters must agree for that, the most first
CHUNK = 4096


def difference(one: str, other: str) -> Iterator[Edit]:
    """Edits that turn one text into the other, in time linear in their length.

    Where the texts diverge, the nearest piece of the other that is within reach in the first
    is looked for. The edits are not the fewest possible, but as local as the changes.
    """
    i = j = 0
    while i < len(one) or j < len(other):
        equal = common_prefix(one, i, other, j)
        i, j = i + equal, j + equal
        if i < len(one) or j < len(other):
            to_i, to_j = meeting(one, i, other, j)
            yield Edit(i, to_i, other[j:to_j])
            i, j = to_i, to_j


def common_prefix(one: str, i: int, other: str, j: int) -> int:
    """How many characters one[i:] and other[j:] have in common."""
    length = 0
    while True:
        a, b = (
            text[start + length : start + length + CHUNK] for text, start in ((one, i), (other, j))
        )
        if a and a == b:
            length += len(a)
            continue
        return length + len(os.path.commonprefix((a, b)))


def meeting(one: str, i: int, other: str, j: int) -> tuple[int, int]:
    """Where texts that differ at i and j agree again, or else up to where they are replaced."""
    for size in ANCHORS:
        for ahead in range(j, min(j + REACH, len(other) - size + 1)):
            at = one.find(other[ahead : ahead + size], i, i + REACH + size)
            if at >= 0:
                return at, ahead
    # one of them ends, or they have nothing in common within reach
    return min(i + REACH, len(one)), min(j + REACH, len(other))


def in_order(edits: Iterable[Edit], length: int) -> list[Edit]:
    """Edits of a text of `length` characters, sorted. Raises ValueError if they overlap."""
    ordered = sorted(edits)
    position = 0
    for edit in ordered:
        if not position <= edit.start <= edit.end <= length:
            raise ValueError(f"{edit} overlaps another edit or lies outside 0..{length}")
        position = edit.end
    return ordered
