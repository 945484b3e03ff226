"""Segments: a document as a list of labelled pieces of text, so that every span is exact."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """A piece of a document: its text, and what it is.

    kind: fact, wrong_fact, boilerplate, spam, noise, pii, mojibake, or None for plain prose.
    fact: id of the fact stated; object: the false object of a wrong fact; subkind: what sort of
    noise or personal data. marks: (start, end, kind, subkind) of damage inside the text.
    """

    text: str
    kind: str | None = None
    fact: str | None = None
    subkind: str | None = None
    object: str | None = None
    marks: tuple[tuple[int, int, str, str], ...] = ()

    @property
    def words(self) -> int:
        """How many words the text has."""
        return len(self.text.split())


def join_segments(segments: Iterable[Segment]) -> tuple[str, list[dict]]:
    """The text, and the spans {start, end, kind[, fact, subkind, object]} in order of start."""
    pieces, spans, offset = [], [], 0
    for segment in segments:
        if segment.kind:
            span = {"start": offset, "end": offset + len(segment.text), "kind": segment.kind}
            for name in ("fact", "subkind", "object"):
                if (value := getattr(segment, name)) is not None:
                    span[name] = value
            spans.append(span)
        for start, end, kind, subkind in segment.marks:
            mark = {"start": offset + start, "end": offset + end, "kind": kind}
            spans.append(mark | {"subkind": subkind})
        pieces.append(segment.text)
        offset += len(segment.text)
    return "".join(pieces), spans


def joined_by(separator: str, segments: Iterable[Segment]) -> list[Segment]:
    """The segments with a plain segment of `separator` between every two."""
    between = Segment(separator)
    return [part for segment in segments for part in (between, segment)][1:]
