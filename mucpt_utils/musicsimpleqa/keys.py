"""What every key can do: say whether a text is the key, and mark the answers in a text."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.rules import C, K


class Span(NamedTuple):
    """A stretch of the response and what it is marked as (K or C)."""

    start: int
    end: int
    mark: str


class Key:
    """The right answer of a question, as the grader looks for it in a response.

    kind: the answer type. several: patterns of marked responses that give the key as one answer
    among several. first_exempt: what may stand before the key although it reads as another answer
    ("London, England" for England). symbols: names of the key that hold no word (`!!!`).
    """

    several: tuple[re.Pattern[str], ...] = ()

    def __init__(self, kind: str):
        self.kind = kind
        self.first_exempt: re.Pattern[str] | None = None
        self.symbols: set[str] = set()

    def is_whole(self, text: str) -> bool:
        """Whether the text is the key and nothing else."""
        return False

    def is_misspelt(self, text: str) -> bool:
        """Whether the text is the key but for one slip in one long word."""
        return False

    def mark(self, text: str) -> str:
        """The text with each mention of the key replaced by K, other answers of its kind by C."""
        raise NotImplementedError

    def relevant_clauses(self, marked: str) -> str:
        """The part of a marked response that answers the question: all of it, as a rule."""
        return marked

    def another_first(self, marked: str) -> bool:
        """Whether another answer stands before the key."""
        if self.first_exempt:
            marked = self.first_exempt.sub(K, marked)
        return 0 <= marked.find(C) < marked.find(K)


def replaced(text: str, spans: Iterable[Span]) -> str:
    """The text with each span replaced by its mark; of spans that overlap, the first counts."""
    pieces, end = [], 0
    for span in sorted(spans):
        if span.start >= end:
            pieces += [text[end : span.start], span.mark]
            end = span.end
    return "".join([*pieces, text[end:]])
