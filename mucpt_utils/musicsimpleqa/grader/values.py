"""Keys that are numbers, years or dates: compared by value, not by letters."""

import re
from collections.abc import Iterator

from mucpt_utils.musicsimpleqa.grader.asked import Asked
from mucpt_utils.musicsimpleqa.grader.keys import Key, Span, in_order
from mucpt_utils.musicsimpleqa.grader.names import longest_match, stands_in_name, with_sign
from mucpt_utils.musicsimpleqa.grader.numbers import (
    FRACTION_WORDS,
    ORDINAL_WORD,
    dates,
    in_digits,
    numbers,
)
from mucpt_utils.musicsimpleqa.grader.readings import Reading, read
from mucpt_utils.musicsimpleqa.grader.rules import C, K, S
from mucpt_utils.musicsimpleqa.grader.words import FORMS
from mucpt_utils.musicsimpleqa.grader.year_words import years_in_digits

YEAR = re.compile(
    r"(?<![\d.,/-])(?:1\d{3}|20\d{2})(?![\ds']|[.,]\d)"
    r"|(?<=[-/. ])(?:1\d{3}|20\d{2})(?![\ds])"
    r"|(?:1\d{3}|20\d{2})(?='s )"
    r"|(?<![\w'])'\d{2}(?![\ds])"
)

# 1/30/68 and 30.1.68, and 1968-01, which is no range, as 1968-72 is
SHORT_DATE = re.compile(r"(?<![\d./-])\d{1,2}([/.])\d{1,2}\1(\d{2})(?![./-]?\d)")
YEAR_AND_MONTH = re.compile(r"(?<![\d./-])(\d\d(\d\d))-(0[1-9]|1[0-2])(?![./-]?\d)")

# a number of these is only another way to give the number of semitones beside it
OTHER_UNIT = re.compile(r" (?:whole[ -])(?:tone|step)s?\b|-note\b", re.IGNORECASE)
# from birth to death: "1932-1982"
LIVED = re.compile(r"\b1\d{3} ?[-–—] ?(?:1\d{3}|20\d\d)\Z")
# words for a time that is not a year
TIME = re.compile(
    r"\d{3}|'\d\d|\b(?:centur|decade|ago\b|(?:twen|thir|for|fif|six|seven|eigh|nine)ties\b|\d0s\b)",
    re.IGNORECASE,
)


class ValueKey(Key):
    """A key that is a value: 26163 is not 261.63, and 5/6/1967 is not 56/1967."""

    def prepared(self, text: str) -> str:
        return in_digits(text)

    def values(self, text: str) -> Iterator[Span]:
        """Every value of the key's kind in a text, without those that the question names."""
        raise NotImplementedError

    def answers(self, text: str) -> list[Span]:
        values = list(self.values(text))
        if not values or not self.asked.subjects:
            return values
        return in_order(values, self.subject_mentions(read(text)))

    def subject_mentions(self, reading: Reading) -> list[Span]:
        """Where the text names what the question is about."""
        subjects, longest = self.asked.subjects, self.asked.longest
        if not any(name in reading.joined for name in subjects):
            return []
        mentions = []
        for first, word in enumerate(reading.words):
            last = longest_match(reading.forms, first, subjects, longest)
            if word.form in self.asked.family and stands_in_name(reading, first):
                continue
            if last is not None:
                end = with_sign(reading.text, reading.words[last].end)
                mentions.append(Span(word.start, end, S))
        return mentions

    def names_its_kind(self, text: str) -> bool:
        return any(char.isdigit() for char in text)

    def agrees(self, text: str) -> bool:
        if self.is_whole(text):
            return True
        marks = [span.mark for span in self.values(self.prepared(text))]
        return K in marks and C not in marks


class NumberKey(ValueKey):
    """A number: in digits or words, with any unit, to at least the key's decimals."""

    def __init__(self, answer: str, asked: Asked):
        super().__init__("number", asked)
        written = numbers(in_digits(answer))
        if not written:
            raise ValueError(f"{answer!r} is not a number")
        self.value, self.decimals = written[0].value, written[0].decimals
        self.given = frozenset(number.value for number in numbers(asked.text))
        self.units = "semitones" in asked.forms

    def prepared(self, text: str) -> str:
        if self.value != int(self.value):
            text = FRACTION_WORDS.sub(lambda m: str(FORMS["fractions"][m[0].lower()]), text)
        return in_digits(text)

    def values(self, text: str) -> Iterator[Span]:
        for number in numbers(text):
            if self.equals(number.value, number.decimals):
                yield Span(number.start, number.end, K)
            elif self.units and OTHER_UNIT.match(text, number.end):
                continue  # "three whole tones or six half steps"
            elif number.value not in self.given and not self.is_year(number.value):
                yield Span(number.start, number.end, C)

    def is_year(self, value: float) -> bool:
        """Whether a number beside a much smaller key is a year."""
        return self.value < 1000 <= value <= 2100

    def equals(self, value: float, decimals: int) -> bool:
        """Whether a value is the key's, after rounding to the key's decimals."""
        if decimals > self.decimals > 0:
            value = round(value, self.decimals)
        return abs(value - self.value) < 1e-9


class TimeKey(ValueKey):
    """A year or a date."""

    def names_its_kind(self, text: str) -> bool:
        return bool(TIME.search(text))  # "the 1880s" is an attempt, "in two acts" is not


class YearKey(TimeKey):
    """A year; a full date of that year is right, a decade or a range is not."""

    def __init__(self, answer: str, asked: Asked):
        super().__init__("year", asked)
        if not re.fullmatch(r"\d{4}", answer):
            raise ValueError(f"{answer!r} is not a year")
        self.year, self.born = answer, "born" in asked.relations
        self.given = frozenset(YEAR.findall(asked.text))

    def prepared(self, text: str) -> str:
        text = SHORT_DATE.sub(r"'\2", in_digits(years_in_digits(text)))
        return YEAR_AND_MONTH.sub(lambda m: m[1] if m[3] < m[2] else m[0], text)

    def is_whole(self, text: str) -> bool:
        """A bare reply that is the year, or in words its last two digits: `ninety-four`."""
        digits = self.prepared(text).strip(" .,!'")
        return digits == self.year or (text[:1].isalpha() and digits == self.year[2:])

    def values(self, text: str) -> Iterator[Span]:
        for match in YEAR.finditer(text):
            if self.born and LIVED.search(text, max(0, match.start() - 7), match.end()):
                continue
            if self.year.endswith(match[0].lstrip("'")):
                yield Span(*match.span(), K)
            elif match[0] not in self.given:
                yield Span(*match.span(), C)


class DateKey(TimeKey):
    """A date; right at the key's precision or finer."""

    def __init__(self, answer: str, asked: Asked):
        super().__init__("date", asked)
        readings = [reading for date in dates(answer) for reading in date.readings]
        if not readings:
            raise ValueError(f"{answer!r} is not a date")
        self.date = readings[0]

    def prepared(self, text: str) -> str:
        ordinals = FORMS["ordinal_words"]
        return in_digits(ORDINAL_WORD.sub(lambda m: ordinals[m[0].lower()], text))

    def values(self, text: str) -> Iterator[Span]:
        for date in dates(text):
            right = any(map(self.agrees_with, date.readings))
            yield Span(date.start, date.end, K if right else C)

    def agrees_with(self, reading: tuple[int | None, ...]) -> bool:
        """Whether a date says at least what the key says."""
        return all(b is None or a == b for a, b in zip(reading, self.date, strict=True))
