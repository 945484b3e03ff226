"""A document being flawed: taken apart into segments, changed, put together again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from mucpt_utils.text.render.documents import make_document
from mucpt_utils.text.render.segments import Segment


@dataclass
class Draft:
    """A document being flawed: its segments, and the document it came from."""

    segments: list[Segment]
    source: Mapping

    @classmethod
    def of(cls, document: Mapping) -> "Draft":
        """The draft of a document whose spans do not overlap; the inverse of `join_segments`."""
        text, position, segments = document["text"], 0, []
        for span in document["metadata"]["truth"]["spans"]:
            if span["start"] > position:
                segments.append(Segment(text[position : span["start"]]))
            piece = text[span["start"] : span["end"]]
            extra = {name: span.get(name) for name in ("fact", "subkind", "object")}
            segments.append(Segment(piece, span["kind"], **extra))
            position = span["end"]
        if position < len(text):
            segments.append(Segment(text[position:]))
        return cls(segments, document)

    def insert(self, segments: Sequence[Segment], rng: Random) -> None:
        """Put a sentence after one of the sentences, or on a line of its own if there are none."""
        ends = [i + 1 for i, s in enumerate(self.segments) if s.text and s.text[-1] in ".!:"]
        position, gap = (rng.choice(ends), " ") if ends else (len(self.segments), "\n")
        self.segments[position:position] = [Segment(gap), *segments]

    def finish(self) -> dict:
        """The document with its new text, spans and the facts that it states."""
        truth = self.source["metadata"]["truth"]
        return make_document(
            self.source["id"],
            self.segments,
            {k: v for k, v in self.source["metadata"].items() if k != "truth"},
            truth["in_domain"],
            truth["doc_kind"],
            truth["duplicate_of"],
        )
