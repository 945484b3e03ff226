"""Numbers and dates in a text: in digits, in words, in the usual notations."""

import re
from functools import lru_cache
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.grader.words import FORMS

DateReading = tuple[int | None, int | None, int | None]


class Number(NamedTuple):
    """A number in digits: its value, its number of decimals, and where it is."""

    value: float
    decimals: int
    start: int
    end: int


class Date(NamedTuple):
    """A date: where it is, and its readings as (year, month, day), None for parts left out.

    3/4/1999 has two readings, with the day first and with the month first.
    """

    start: int
    end: int
    readings: list[DateReading]


# --- numbers --------------------------------------------------------------------------------------

NUMBER_WORDS = FORMS["number_words"]
NUMBER = re.compile(
    r"(?<![\w.,/#♯♭])(?:(\d+)/(\d+)|(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+))"
    r"(?!\d|[.,/]\d|(?:st|nd|rd|th)\b)(?![a-gi-zA-GI-Z])"
)
# number words in a row: nineteen ninety-one
NUMBER_RUN = re.compile(
    r"\b(?:{0})(?:(?:[\s-]+(?:and\s+)?)(?:{0}))*\b(?!-?(?:th|st|nd|rd)\b)".format(
        "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
    ),
    re.IGNORECASE,
)
OH_YEAR = re.compile(  # nineteen-oh-nine
    r"\b((?:thir|four|fif|six|seven|eigh|nine)teen|ten|eleven|twelve|twenty)"
    r"[\s-]+(?:oh|aught|ought|nought)[\s-]+"
    r"(one|two|three|four|five|six|seven|eight|nine)\b",
    re.IGNORECASE,
)
FRACTION_WORDS = re.compile(
    "|".join(
        rf"\b{re.escape(words)}\b(?! (?:note|step|rest|tone))"
        for words in sorted(FORMS["fractions"], key=len, reverse=True)
    ),
    re.IGNORECASE,
)
ORDINAL_WORD = re.compile(rf"\b(?:{'|'.join(FORMS['ordinal_words'])})\b", re.IGNORECASE)


def numbers(text: str) -> list[Number]:
    """Every number in digits; a fraction counts as a number with six decimals."""
    result = []
    for match in NUMBER.finditer(text):
        top, bottom, plain = match.groups()
        if plain is not None:
            digits = plain.replace(",", "")
            decimals = len(digits.partition(".")[2])
            result.append(Number(float(digits), decimals, *match.span()))
        elif int(bottom):
            result.append(Number(int(top) / int(bottom), 6, *match.span()))
    return result


# "that one", "one of": not numbers
PRONOUN = re.compile(
    r"\b(?:this|that|the|which|each|every|any|no|only|some|another|last|first|second|third|right"
    r"|correct|wrong|other) one(?!\w)"
    r"|\bone (?:of|might|may|would|could|can|should|must|says|thinks|reading|account|source)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=16)  # each response is read several times
def in_digits(text: str) -> str:
    """Numbers written in words, as digits: `nineteen ninety-one` gives `1991`.

    `nineteen-oh-nine` gives `1909`.
    """
    if " oh" in text or "-oh" in text or "ught" in text:
        text = OH_YEAR.sub(
            lambda match: f"{spoken_number(match[1])}0{spoken_number(match[2])}", text
        )
    return NUMBER_RUN.sub(number_or_pronoun, text)


def number_or_pronoun(match: re.Match[str]) -> str:
    """The digits of a run of number words; the pronoun `one` stays as it is."""
    around = (max(0, match.start() - 8), match.end() + 10)
    is_pronoun = PRONOUN.search(match.string, *around)
    return match[0] if is_pronoun else spoken_number(match[0])


def spoken_number(run: str) -> str:
    """The number that a run of number words says; its numbers one by one if several."""
    values = [NUMBER_WORDS[w] for w in re.split(r"[\s-]+", run.lower()) if w != "and"]
    if len(values) > 1 and 10 <= values[0] <= 20 and 10 <= values[1] < 100:
        return f"{values[0]}{sum(values[1:]):02d}"  # a year, as in nineteen ninety-one
    if len(values) > 1 and values[0] < 10 <= values[1] < 100 and max(values) < 100:
        return f"{values[0]}{sum(values[1:]):02d}"  # one eighty-two
    total = group = 0
    for value in values:
        if value == 100:
            group = (group or 1) * 100
        elif value == 1000:
            total, group = total + (group or 1) * 1000, 0
        elif group % 10 or (group and value >= 10 and group % 100):
            return " ".join(map(str, values))  # not one number: "one two"
        else:
            group += value
    return str(total + group)


# --- dates ----------------------------------------------------------------------------------------

MONTH = r"({})[a-z]*\.?".format("|".join(month[:3] for month in FORMS["months"]))
DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
DATE = re.compile(
    rf"\b{DAY}(?:\s*[-–]\s*{DAY})?\s+(?:of\s+)?{MONTH}(?:,?\s+(\d{{4}}))?"  # 24 September 1991
    rf"|\b{MONTH}\s+{DAY}(?!\d)(?:\s*[-–]\s*{DAY}(?!\d))?(?:,?\s+(\d{{4}}))?"  # September 24, 1991
    rf"|\b{MONTH},?\s+(?:of\s+)?(\d{{4}})"  # September 1991
    r"|\b(\d{4})-(\d{1,2})(?:-(\d{1,2}))?\b"  # 1991-09-24
    r"|\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b"  # 24/9/1991 or 9/24/1991
    r"|\b(\d{1,2})/(\d{4})\b"  # 9/1991
    r"|\b(\d{4})\b",
    re.IGNORECASE,
)


def dates(text: str) -> list[Date]:
    """Every date in a text. A date without a year takes that of a later one."""
    result = [Date(*match.span(), readings(match.groups())) for match in DATE.finditer(text)]
    year = None
    for index in range(len(result) - 1, -1, -1):
        date = result[index]
        year = next((reading[0] for reading in date.readings if reading[0]), year)
        dated: list[DateReading] = [(r[0] or year, r[1], r[2]) for r in date.readings]
        result[index] = date._replace(readings=dated)
    return result


def readings(groups: tuple[str | None, ...]) -> list[DateReading]:
    """The readings of a match of DATE, whichever notation matched.

    A range of days (`24-26 September`) says the month only.
    """
    day_first, month_first, month_only = groups[0:4], groups[4:8], groups[8:10]
    iso, slashes, month_year, year = groups[10:13], groups[13:16], groups[16:18], groups[18]
    if day_first[2]:
        day, last, month, year_given = day_first
        return [(number(year_given), month_number(month), None if last else number(day))]
    if month_first[0]:
        month, day, last, year_given = month_first
        return [(number(year_given), month_number(month), None if last else number(day))]
    if month_only[0]:
        return [(number(month_only[1]), month_number(month_only[0]), None)]
    if iso[0]:
        return [(number(iso[0]), number(iso[1]), number(iso[2]))]
    if slashes[0]:
        one, other, in_year = (number(group) or 0 for group in slashes)
        pairs = ((one, other), (other, one))
        return [(in_year, month, day) for day, month in pairs if month <= 12]
    if month_year[0]:
        return [(number(month_year[1]), number(month_year[0]), None)]
    return [(number(year), None, None)]


def number(digits: str | None) -> int | None:
    """The number written in digits; None for no digits."""
    return int(digits) if digits else None


def month_number(name: str | None) -> int:
    """1 to 12 for the first letters of a month's name."""
    start = (name or "").lower()
    return next(i for i, month in enumerate(FORMS["months"], 1) if month.startswith(start))
