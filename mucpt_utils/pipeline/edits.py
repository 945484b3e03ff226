"""Every change of a document's text, recorded, so that annotations by character offset stay true.

A stage never reads annotations; it hands the edits it made to `apply_edits`, which moves whatever
offsets the document carries along. The offsets are opaque: nothing is decided by them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from datatrove.data import Document

# str.splitlines would also cut at U+0085, which is half of a letter in broken UTF-8
LINE = re.compile(r"[^\n]*\n|[^\n]+")


class Edit(NamedTuple):
    """Replace text[start:end] (offsets in the text before any edit) by `replacement`."""

    start: int
    end: int
    replacement: str


def edited_text(text: str, edits: Sequence[Edit]) -> str:
    """The text after `edits`. Raises ValueError where edits overlap or reach past the text."""
    pieces, position = [], 0
    for edit in in_order(edits, len(text)):
        pieces += [text[position : edit.start], edit.replacement]
        position = edit.end
    return "".join([*pieces, text[position:]])


def apply_edits(document: Document, edits: Iterable[Edit]) -> int:
    """Edits `document.text` in place and shifts its annotations; returns the number of edits.

    A span around an edit grows or shrinks with it; one inside a replaced stretch takes the
    replacement's place (empty after a deletion), so spans keep their number and order.
    Raises ValueError where edits overlap or reach past the text.
    """
    edits = list(edits)
    if not edits:
        return 0
    ordered = in_order(edits, len(document.text))
    document.text = edited_text(document.text, ordered)
    truth = document.metadata.get("truth")
    if isinstance(truth, dict) and truth.get("spans"):
        spans = [shift_span(span, ordered) for span in truth["spans"]]
        document.metadata["truth"] = truth | {"spans": spans}
    return len(ordered)


def shift_span(span: dict, edits: Sequence[Edit]) -> dict:
    """`span` with start and end moved to where they are after `edits` (sorted by start)."""
    start = shift_offset(span["start"], edits, to_end=False)
    end = shift_offset(span["end"], edits, to_end=True)
    return span | {"start": start, "end": max(start, end)}


def shift_offset(offset: int, edits: Sequence[Edit], to_end: bool) -> int:
    """Where an offset is after `edits` (sorted by start).

    to_end: inside a replaced stretch, whether it goes to the end of the replacement or its start.
    """
    moved = 0
    for start, end, replacement in edits:
        if start >= offset:
            break
        if end > offset:
            return start + moved + (len(replacement) if to_end else 0)
        moved += len(replacement) - (end - start)
    return offset + moved


def line_edits(text: str, repair: Callable[[str], str]) -> list[Edit]:
    """The edits that turn each line of `text` into `repair(line)`, as small as difflib finds.

    `repair` gets a line with its newline; lines that it returns unchanged cost nothing.
    """
    edits, offset = [], 0
    for line in LINE.findall(text):
        repaired = repair(line)
        if repaired != line:
            edits += [
                Edit(offset + a, offset + b, repaired[c:d])
                for tag, a, b, c, d in SequenceMatcher(None, line, repaired, False).get_opcodes()
                if tag != "equal"
            ]
        offset += len(line)
    return edits


def in_order(edits: Iterable[Edit], length: int) -> list[Edit]:
    """Edits of a text of `length` characters, sorted. Raises ValueError where they overlap."""
    ordered = sorted(edits)
    position = 0
    for edit in ordered:
        if not position <= edit.start <= edit.end <= length:
            raise ValueError(f"{edit} overlaps another edit or lies outside 0..{length}")
        position = edit.end
    return ordered
