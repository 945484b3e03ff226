"""A response cut into clauses, with its answers marked, and what each clause is about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mucpt_utils.musicsimpleqa.keys import Span
from mucpt_utils.musicsimpleqa.rules import RULES, A, C, K, N, S

ANSWER = re.compile(A)
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


def marked_text(text: str, spans: Sequence[Span]) -> str:
    """The text with one private character in place of each span."""
    pieces, end = [], 0
    for span in spans:
        pieces += (text[end : span.start], span.mark)
        end = span.end
    pieces.append(text[end:])
    return "".join(pieces)


def original(text: str, spans: Sequence[Span], marked: str, start: int, end: int) -> str:
    """What stands in the text where the marked text has a stretch."""
    marks = {K, C, N, S}
    before = sum(char in marks for char in marked[:start])
    within = sum(char in marks for char in marked[start:end])
    shift = sum(s.end - s.start - 1 for s in spans[:before])
    length = sum(s.end - s.start - 1 for s in spans[before : before + within])
    return text[start + shift : end + shift + length]


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
