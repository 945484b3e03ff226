"""What every key can do: find the answers in a text, and say whether a text is the key."""

from collections.abc import Iterable
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.grader.asked import Asked
from mucpt_utils.musicsimpleqa.grader.rules import S


class Span(NamedTuple):
    """A part of a text and what it is: K the key, C another of its kind, S the subject."""

    start: int
    end: int
    mark: str


class Key:
    """The right answer of a question, as the grader looks for it in a response.

    kind: the answer type. asked: the question. symbols: names of the key without a word (`!!!`).
    has_loose_terms: whether other answers of its kind cannot be told from other words.
    """

    def __init__(self, kind: str, asked: Asked):
        self.kind, self.asked = kind, asked
        self.symbols: set[str] = set()
        self.has_loose_terms = False

    def prepared(self, text: str) -> str:
        """The text in the notation in which the key is compared."""
        return text

    def is_whole(self, text: str) -> bool:
        """Whether the text is the key and nothing else."""
        return False

    def is_misspelt(self, text: str) -> bool:
        """Whether the text is the key except for one slip, or spelt from another alphabet."""
        return False

    def answers(self, text: str) -> list[Span]:
        """The key, other answers of its kind and the subject in a prepared text, in order."""
        raise NotImplementedError

    def marked(self, text: str) -> tuple[str, list[Span]]:
        """The text in the key's notation, and the answers in it."""
        text = self.prepared(text)
        return text, self.answers(text)

    def names_its_kind(self, text: str) -> bool:
        """Whether a text names something of the key's kind, even if the question names it too."""
        return False

    def agrees(self, text: str) -> bool:
        """Whether what a reply commits to is the key."""
        return self.is_whole(text) or self.is_misspelt(text)


def in_order(*groups: Iterable[Span]) -> list[Span]:
    """Spans by position; of overlapping spans, the one of the earlier group counts.

    Mentions of the key inside a longer name of the subject are no mentions.
    """
    spans = [span for group in groups for span in group]
    if len(spans) < 2:
        return spans
    spans.sort(key=lambda span: span.start)
    chosen = [spans[0]]
    for span in spans[1:]:
        last = chosen[-1]
        if span.start >= last.end:
            chosen.append(span)
        elif S in (span.mark, last.mark) and (span.end - span.start) != (last.end - last.start):
            chosen[-1] = max(span, last, key=lambda s: s.end - s.start)
        elif span.mark < last.mark:
            chosen[-1] = span
    return chosen
