"""Keys that are numbers, years or dates: compared by value, not by letters."""

import re
from dataclasses import dataclass

from mucpt_utils.musicsimpleqa.names import Key, Span, replaced
from mucpt_utils.musicsimpleqa.numbers import (
    FRACTION_WORDS,
    ORDINAL_WORD,
    dates,
    first_number,
    in_digits,
    numbers,
)
from mucpt_utils.musicsimpleqa.rules import RULES, C, K
from mucpt_utils.musicsimpleqa.words import FORMS

_CLAUSE = re.compile(r"[,;.:](?= )|\b(?:and|but|while|whereas|after|before)\b|[()]")
_YEAR = re.compile(
    r"(?<![\d.,/-])(?:1\d{3}|20\d{2})(?![\ds']|[.,]\d)"
    r"|(?<=[-/. ])(?:1\d{3}|20\d{2})(?![\ds])"
    r"|(?:1\d{3}|20\d{2})(?='s )"
    r"|'\d{2}(?![\ds])"
)


@dataclass(frozen=True)
class Value:
    """A number, year or date in a text, and where it stands."""

    start: int
    end: int
    right: bool
    asked: bool = False


class ValueKey(Key):
    """A key that is a value: compared as such and not by its letters."""

    def _others(self, text, found, mentions):
        return []

    def _several(self) -> list[re.Pattern]:
        return [*RULES.hedge, *RULES.range, *RULES.list, *RULES.list_joined]

    def is_whole(self, text: str) -> bool:
        return False  # by value only: 26163 is not 261.63, 5/6/1967 not 56/1967

    def is_misspelt(self, text: str) -> bool:
        return False

    def mark(self, text: str) -> str:
        text = self.in_digits(text)
        spans = [
            Span(v.start, v.end, K if v.right else C)
            for v in self.values(text)
            if v.right or not v.asked
        ]
        return replaced(text, spans)

    def in_digits(self, text: str) -> str:
        return in_digits(text)

    def values(self, text: str) -> list[Value]:
        """Every value of the key's kind in the text."""
        raise NotImplementedError


class NumberKey(ValueKey):
    """A number: in digits or words, with any unit, to at least the key's decimals."""

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, question: str):
        number = first_number(answer)
        self.value, self.decimals = number
        self.fraction = self.value != int(self.value)
        self.given = frozenset(v for v, _, _, _ in numbers(question))
        super().__init__(answer, aliases, kind, question)

    def in_digits(self, text: str) -> str:
        if self.fraction:
            text = FRACTION_WORDS.sub(lambda m: str(FORMS["fractions"][m[0].lower()]), text)
        return in_digits(text)

    def values(self, text: str) -> list[Value]:
        return [
            Value(start, end, self._equals(value, decimals), value in self.given)
            for value, decimals, start, end in numbers(text)
        ]

    def _equals(self, value: float, decimals: int) -> bool:
        if decimals > self.decimals > 0:
            value = round(value, self.decimals)
        return abs(value - self.value) < 1e-9


class YearKey(ValueKey):
    """A year; a full date of that year is right, a decade or a range is not."""

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, question: str):
        if not re.fullmatch(r"\d{4}", answer):
            raise ValueError(f"{answer!r} is no year")
        self.year = answer
        self.event = frozenset(m.lower() for m in RULES.events.findall(question))
        self.given = frozenset(_YEAR.findall(question))
        super().__init__(answer, aliases, kind, question)

    def values(self, text: str) -> list[Value]:
        return [
            Value(m.start(), m.end(), self.year.endswith(m[0].lstrip("'")), m[0] in self.given)
            for m in _YEAR.finditer(text)
        ]

    def relevant_clauses(self, marked: str) -> str:
        """Only the clauses about what was asked, where some are and some are not."""
        if C not in marked or not self.event:
            return marked
        clauses = [c for c in _CLAUSE.split(marked) if K in c or C in c]
        about = [c for c in clauses if self.event & {m.lower() for m in RULES.events.findall(c)}]
        return " ; ".join(about) if about and len(about) < len(clauses) else marked


class DateKey(ValueKey):
    """A date; right at the key's precision or finer."""

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, question: str):
        readings = [r for _, _, rs in dates(answer) for r in rs]
        if not readings:
            raise ValueError(f"{answer!r} is no date")
        self.date = readings[0]
        super().__init__(answer, aliases, kind, question)

    def in_digits(self, text: str) -> str:
        return in_digits(ORDINAL_WORD.sub(lambda m: FORMS["ordinal_words"][m[0].lower()], text))

    def values(self, text: str) -> list[Value]:
        return [
            Value(start, end, any(self._agrees(reading) for reading in readings))
            for start, end, readings in dates(text)
        ]

    def _agrees(self, reading: tuple) -> bool:
        return all(b is None or a == b for a, b in zip(reading, self.date, strict=True))
