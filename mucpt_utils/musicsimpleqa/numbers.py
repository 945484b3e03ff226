"""Numbers and dates in a text: in digits, in words, in the usual notations."""

import re

from mucpt_utils.musicsimpleqa.words import FORMS

FRACTION_WORDS = re.compile(
    "|".join(
        rf"\b{re.escape(f)}\b(?! (?:note|step|rest|tone))"
        for f in sorted(FORMS["fractions"], key=len, reverse=True)
    ),
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![\w.,/#♯♭])(?:(\d+)/(\d+)|(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+))"
    r"(?!\d|[.,/]\d|(?:st|nd|rd|th)\b)(?![a-gi-zA-GI-Z])"
)
_NUMBER_RUN = re.compile(
    r"\b(?:{0})(?:(?:[\s-]+(?:and\s+)?)(?:{0}))*\b(?!-?(?:th|st|nd|rd)\b)".format(
        "|".join(sorted(FORMS["number_words"], key=len, reverse=True))
    ),
    re.IGNORECASE,
)


def numbers(text: str) -> list[tuple[float, int, int, int]]:
    """(value, decimals, start, end) of each number in digits."""
    found = []
    for match in _NUMBER.finditer(text):
        top, bottom, plain = match.groups()
        if plain is None:
            if int(bottom):
                found.append((int(top) / int(bottom), 6, *match.span()))
            continue
        digits = plain.replace(",", "")
        found.append((float(digits), len(digits.partition(".")[2]), *match.span()))
    return found


def first_number(answer: str) -> tuple[float, int]:
    """Value and decimals of the first number in a text; ValueError where there is none."""
    found = numbers(in_digits(answer))
    if not found:
        raise ValueError(f"{answer!r} is no number")
    return found[0][:2]


def in_digits(text: str) -> str:
    """Numbers written in words, as digits: `nineteen ninety-one` gives `1991`."""
    return _NUMBER_RUN.sub(lambda match: str(_spoken(match[0])), text)


def _spoken(run: str) -> str:
    """The number that a run of number words says."""
    values = [FORMS["number_words"][w] for w in re.split(r"[\s-]+", run.lower()) if w != "and"]
    if len(values) > 1 and 10 <= values[0] <= 20 and 10 <= values[1] < 100:
        return f"{values[0]}{sum(values[1:]):02d}"  # a year, as in nineteen ninety-one
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


ORDINAL_WORD = re.compile(rf"\b(?:{'|'.join(FORMS['ordinal_words'])})\b", re.IGNORECASE)
_MONTH = r"({})[a-z]*\.?".format("|".join(month[:3] for month in FORMS["months"]))
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"\b{_DAY}(?:\s*[-–]\s*{_DAY})?\s+(?:of\s+)?{_MONTH}(?:,?\s+(\d{{4}}))?"
    rf"|\b{_MONTH}\s+{_DAY}(?!\d)(?:\s*[-–]\s*{_DAY}(?!\d))?(?:,?\s+(\d{{4}}))?"
    rf"|\b{_MONTH},?\s+(?:of\s+)?(\d{{4}})"
    r"|\b(\d{4})-(\d{1,2})(?:-(\d{1,2}))?\b"
    r"|\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b"
    r"|\b(\d{1,2})/(\d{4})\b"
    r"|\b(\d{4})\b",
    re.IGNORECASE,
)


def dates(text: str) -> list[tuple[int, int, list[tuple]]]:
    """(start, end, possible readings) of each date; a reading is (year, month, day) or None for
    what is not said. A date without a year takes that of a later one."""
    found = [(*match.span(), _readings(match.groups())) for match in _DATE.finditer(text)]
    year = None
    for index in range(len(found) - 1, -1, -1):
        start, end, readings = found[index]
        year = next((r[0] for r in readings if r[0]), year)
        found[index] = (start, end, [(r[0] or year, *r[1:]) for r in readings])
    return found


def _readings(groups: tuple) -> list[tuple]:
    d1, d1_end, m1, y1, m2, d2, d2_end, y2, m3, y3, iy, im, i_d, a, b, y4, m5, y5, y6 = groups
    if m1:
        return [_date(y1, m1, None if d1_end else d1)]
    if m2:
        return [_date(y2, m2, None if d2_end else d2)]
    if m3:
        return [_date(y3, m3, None)]
    if iy:
        return [(int(iy), int(im), int(i_d) if i_d else None)]
    if a:  # both the day first and the month first
        return [(int(y4), int(m), int(d)) for d, m in ((a, b), (b, a)) if int(m) <= 12]
    if m5:
        return [(int(y5), int(m5), None)]
    return [(int(y6), None, None)]


def _date(year: str | None, month: str, day: str | None) -> tuple:
    number = next(i for i, name in enumerate(FORMS["months"], 1) if name.startswith(month.lower()))
    return (int(year) if year else None, number, int(day) if day else None)
