"""A response cut into clauses, with its answers marked, and what each clause is about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mucpt_utils.musicsimpleqa.keys import Span
from mucpt_utils.musicsimpleqa.rules import RULES, A, C, K, N, S

ANSWER = re.compile(A)
MARKS = frozenset({K, C, N, S})
DEAD = str.maketrans({K: N, C: N})


@dataclass(slots=True)
class Clause:
    """A stretch of a marked text.

    opener: the word that it begins with where that word ties it to another one (`but`, `who`).
    start: where it begins in the marked text. side: whether it is an aside: in brackets, a
    relative clause, a concession. sentence: its number; a semicolon parts sentences, too.
    """

    text: str
    start: int
    opener: str
    side: bool
    sentence: int

    @property
    def answers(self) -> bool:
        """Whether an answer is given in it."""
        return K in self.text or C in self.text


class Marked:
    """A text in which one private character stands for each answer and subject.

    text: as it was. marks: the same with K, C and S in the places of the spans.
    """

    def __init__(self, text: str, spans: Sequence[Span]):
        self.text, self.spans = text, spans
        pieces: list[str] = []
        end = 0
        for span in spans:
            pieces += (text[end : span.start], span.mark)
            end = span.end
        pieces.append(text[end:])
        self.marks = "".join(pieces)

    @cached_property
    def positions(self) -> list[int]:
        """For each character of the marked text, and its end, where it stands in the text."""
        positions: list[int] = []
        end = 0
        for span in self.spans:
            positions += [*range(end, span.start), span.start]
            end = span.end
        return [*positions, *range(end, len(self.text) + 1)]

    def words_at(self, start: int, end: int) -> str:
        """What stands in the text where the marked text has a stretch."""
        return self.text[self.positions[start] : self.end_of(end - 1)]

    def end_of(self, index: int) -> int:
        """Where what a character of the marked text stands for ends in the text."""
        return self.positions[index + 1] if self.marks[index] not in MARKS else self.ends[index]

    @cached_property
    def ends(self) -> dict[int, int]:
        """Where the spans end, by the position of their characters in the marked text."""
        places = (index for index, mark in enumerate(self.marks) if mark in MARKS)
        return {index: span.end for index, span in zip(places, self.spans, strict=True)}


def clauses_of(marked: str) -> list[Clause]:
    """The clauses of a marked text, in order."""
    # "While Munich was its home, it ..." - the comma ends the concession
    marked = RULES.initial_aside.sub(lambda m: m[0][:-1] + ";", marked)
    clauses: list[Clause] = []
    start, opener, side, sentence, depth = 0, "", False, 0, 0
    for boundary in RULES.boundary.finditer(marked):
        kind, word = boundary.lastgroup or "", boundary[0].strip(" ,").lower()
        if boundary.start() > start:
            piece = marked[start : boundary.start()]
            aside = side or depth > 0 or bool(RULES.aside_opening.match(piece))
            clauses.append(Clause(piece, start, opener, aside, sentence))
        start = boundary.end()
        opener, side = (word if kind in ("turn", "aside") else ""), kind == "aside"
        if kind == "end" or boundary[0] == ";":
            sentence, depth = sentence + 1, 0
        elif kind == "bracket":
            depth = 1
        elif kind == "closing":
            depth = 0
    piece = marked[start:]
    if piece.strip():
        aside = side or depth > 0 or bool(RULES.aside_opening.match(piece))
        clauses.append(Clause(piece, start, opener, aside, sentence))
    return clauses
