"""Keys that are numbers, years or dates: compared by value, not by letters."""

import re
from dataclasses import dataclass

from mucpt_utils.musicsimpleqa.keys import Key, Span, replaced
from mucpt_utils.musicsimpleqa.numbers import (
    FRACTION_WORDS,
    ORDINAL_WORD,
    dates,
    in_digits,
    numbers,
)
from mucpt_utils.musicsimpleqa.rules import RULES, C, K
from mucpt_utils.musicsimpleqa.words import FORMS

CLAUSE = re.compile(r"[,;.:](?= )|\b(?:and|but|while|whereas|after|before)\b|[()]")
YEAR = re.compile(
    r"(?<![\d.,/-])(?:1\d{3}|20\d{2})(?![\ds']|[.,]\d)"
    r"|(?<=[-/. ])(?:1\d{3}|20\d{2})(?![\ds])"
    r"|(?:1\d{3}|20\d{2})(?='s )"
    r"|'\d{2}(?![\ds])"
)


@dataclass(frozen=True)
class Value:
    """A number, year or date in a text: where it stands, and whether it is the key's.

    asked: it stands in the question, so that naming it again answers nothing.
    """

    start: int
    end: int
    right: bool
    asked: bool = False


class ValueKey(Key):
    """A key that is a value. 26163 is not 261.63, and 5/6/1967 is not 56/1967."""

    several = (*RULES.hedge, *RULES.range, *RULES.list, *RULES.list_joined)

    def mark(self, text: str) -> str:
        text = self.in_digits(text)
        return replaced(
            text,
            [
                Span(value.start, value.end, K if value.right else C)
                for value in self.values(text)
                if value.right or not value.asked
            ],
        )

    def in_digits(self, text: str) -> str:
        """The text with numbers in digits."""
        return in_digits(text)

    def values(self, text: str) -> list[Value]:
        """Every value of the key's kind in the text."""
        raise NotImplementedError


class NumberKey(ValueKey):
    """A number: in digits or words, with any unit, to at least the key's decimals."""

    def __init__(self, answer: str, question: str):
        super().__init__("number")
        written = numbers(in_digits(answer))
        if not written:
            raise ValueError(f"{answer!r} is not a number")
        self.value, self.decimals = written[0].value, written[0].decimals
        self.given = frozenset(number.value for number in numbers(question))

    def in_digits(self, text: str) -> str:
        if self.value != int(self.value):
            text = FRACTION_WORDS.sub(lambda m: str(FORMS["fractions"][m[0].lower()]), text)
        return in_digits(text)

    def values(self, text: str) -> list[Value]:
        return [
            Value(n.start, n.end, self.equals(n.value, n.decimals), n.value in self.given)
            for n in numbers(text)
        ]

    def equals(self, value: float, decimals: int) -> bool:
        """Whether a value is the key's, rounded to the key's decimals where it has more."""
        if decimals > self.decimals > 0:
            value = round(value, self.decimals)
        return abs(value - self.value) < 1e-9


class YearKey(ValueKey):
    """A year; a full date of that year is right, a decade or a range is not."""

    def __init__(self, answer: str, question: str):
        super().__init__("year")
        if not re.fullmatch(r"\d{4}", answer):
            raise ValueError(f"{answer!r} is not a year")
        self.year = answer
        self.events = events_in(question)
        self.given = frozenset(YEAR.findall(question))

    def values(self, text: str) -> list[Value]:
        return [
            Value(m.start(), m.end(), self.year.endswith(m[0].lstrip("'")), m[0] in self.given)
            for m in YEAR.finditer(text)
        ]

    def relevant_clauses(self, marked: str) -> str:
        """Only the clauses about what was asked, where some are and some are not."""
        if C not in marked or not self.events:
            return marked
        clauses = [clause for clause in CLAUSE.split(marked) if K in clause or C in clause]
        about = [clause for clause in clauses if self.events & events_in(clause)]
        return " ; ".join(about) if about and len(about) < len(clauses) else marked


class DateKey(ValueKey):
    """A date; right at the key's precision or finer."""

    def __init__(self, answer: str, question: str):
        super().__init__("date")
        readings = [reading for date in dates(answer) for reading in date.readings]
        if not readings:
            raise ValueError(f"{answer!r} is not a date")
        self.date = readings[0]

    def in_digits(self, text: str) -> str:
        ordinals = FORMS["ordinal_words"]
        return in_digits(ORDINAL_WORD.sub(lambda m: ordinals[m[0].lower()], text))

    def values(self, text: str) -> list[Value]:
        return [
            Value(date.start, date.end, any(map(self.agrees, date.readings)))
            for date in dates(text)
        ]

    def agrees(self, reading: tuple[int | None, ...]) -> bool:
        """Whether a date says at least what the key says."""
        return all(b is None or a == b for a, b in zip(reading, self.date, strict=True))


def events_in(text: str) -> frozenset[str]:
    """Stems of the verbs in a text that a year may be asked of: released, born, died."""
    return frozenset(match.lower() for match in RULES.events.findall(text))
