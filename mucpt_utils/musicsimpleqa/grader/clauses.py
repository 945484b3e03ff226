"""A response split into clauses, with its answers marked, and what each clause is about."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from mucpt_utils.musicsimpleqa.grader.keys import Span
from mucpt_utils.musicsimpleqa.grader.rules import RULES, A, C, K, N
from mucpt_utils.musicsimpleqa.grader.words import lower

ANSWER = re.compile(A)
ARTICLE = re.compile(r"\A(?:the|an?) ", re.IGNORECASE)
PUNCTUATION = " .,!?;:\"'()[]-–—*#>"
RELATIVES = ("who", "which", "whom", "whose")
DEAD = str.maketrans({K: N, C: N})


RESUMED = "resumed"  # opener of the rest of a sentence after an aside


@dataclass(slots=True)
class Clause:
    """A clause of a marked text.

    opener: its first word, if that ties it to another clause (`but`, `who`).
    start: where it begins in the marked text. side: whether it is an aside: in brackets, a
    relative clause, a concession. sentence: its number; a semicolon separates sentences, too.
    """

    text: str
    start: int
    opener: str
    side: bool
    sentence: int
    small: str = ""  # the clause in lower case
    places: list[int] = field(init=False)  # of its answers

    def __post_init__(self) -> None:
        self.small = self.small or lower(self.text)
        given = K in self.text or C in self.text
        self.places = [m.start() for m in ANSWER.finditer(self.text)] if given else []

    @property
    def end_of_answer(self) -> int:
        """Where its last answer ends in the marked text, with quotation marks and the like."""
        last = self.places[-1]
        behind = self.text[last + 1 :]
        return self.start + last + 1 + len(behind) - len(behind.lstrip("\"') "))

    @property
    def answers(self) -> bool:
        """Whether an answer is given in it."""
        return bool(self.places)


def is_bare(clause: Clause) -> bool:
    """Whether a clause is an answer and nothing else, or an answer after a colon."""
    if not clause.places:
        return False
    text = clause.text.rpartition(":")[2].strip(PUNCTUATION)
    return text in (K, C) or ARTICLE.sub("", text) in (K, C)


class Marked:
    """A text in which each answer and subject is replaced by one private character.

    text: the original. marks: the same with K, C and S in place of the spans.
    """

    def __init__(self, text: str, spans: Sequence[Span]):
        self.text = text
        self.places: list[int] = []  # of the characters that stand for spans
        self.gains = [0]  # how much longer the text is than the marks, before and after each
        pieces: list[str] = []
        end = 0
        for span in spans:
            pieces += (text[end : span.start], span.mark)
            self.places.append(span.start - self.gains[-1])
            self.gains.append(self.gains[-1] + span.end - span.start - 1)
            end = span.end
        pieces.append(text[end:])
        self.marks = "".join(pieces)

    def words_at(self, start: int, end: int) -> str:
        """The original text of a part of the marked text."""
        first, last = (self.gains[bisect_left(self.places, place)] for place in (start, end))
        return self.text[start + first : end + last]


def clauses_of(marked: str) -> list[Clause]:
    """The clauses of a marked text, in order."""
    marked = RULES.parenthesis.sub(lambda m: " " * len(m[0]), marked)
    # "had to wait until 1926": no aside
    marked = RULES.waited.sub(lambda m: f"{m[1]} in   ", marked)
    # "While Munich was its home, it ..." - the comma ends the concession
    marked = RULES.initial_aside.sub(lambda m: m[0][:-1] + ";", marked)
    clauses: list[Clause] = []
    small = lower(marked)
    start, opener, side, sentence, depth = 0, "", False, 0, 0
    for boundary in RULES.boundary.finditer(marked):
        kind, word = boundary.lastgroup or "", boundary[0].strip(" ,").lower()
        if boundary.start() > start:
            piece, low = marked[start : boundary.start()], small[start : boundary.start()]
            aside = side or depth > 0 or bool(RULES.aside_opening.match(low))
            clauses.append(Clause(piece, start, opener, aside, sentence, low))
        begin, start = start, boundary.end()
        opener = word if kind in ("turn", "aside") else ""
        # "The man who came up with it was X": no aside
        restrictive = word in RELATIVES and "," not in boundary[0]
        restrictive = restrictive and not ANSWER.search(marked, begin, boundary.start())
        side = kind == "aside" and not restrictive
        if kind == "resumed":
            opener = RESUMED
        if kind == "end" or boundary[0] == ";":
            sentence, depth = sentence + 1, 0
        elif kind == "bracket":
            depth = 1
        elif kind == "closing":
            depth = 0
    piece = marked[start:]
    if piece.strip():
        aside = side or depth > 0 or bool(RULES.aside_opening.match(small[start:]))
        clauses.append(Clause(piece, start, opener, aside, sentence, small[start:]))
    return clauses
