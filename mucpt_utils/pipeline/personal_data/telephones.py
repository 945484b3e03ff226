"""Telephone numbers: by their form, by the rules of their region, or by the words around them.

Each run of digits with the separators of telephone numbers is read once, split into
numbers, and judged by the surest sign first. Years, series, dates and catalogue numbers stay.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import phonenumbers

from mucpt_utils.config.pipeline import MaskingSettings
from mucpt_utils.pipeline.personal_data.context import (
    LONG_BEFORE,
    Window,
    matches,
    stands_after,
    stands_before,
)

# kana, Han, Hangul and Thai, in which no blank stands between a word and a number
UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
SEPARATORS = " \u00a0\u2009\u202f().\u2010-\u2013/-"
RUN = re.compile(
    rf"(?:(?<![^\W{UNSPACED}])(?<![0-9][.,:])|(?<=\\[nrt]))"
    rf"[(]?[+＋]?[(]?[0-9](?:[{SEPARATORS}]{{0,3}}[0-9])*+"
)
EXTENSION = re.compile(
    r"(?:,? ?(?:x|ext\.?|extn\.?|extension)| ?#|;ext=) ?:?[0-9]{1,7}(?!\w)", re.IGNORECASE
)
# what right behind digits makes them part of something else
COUNTED = "年月日時时分秒元円人万億亿千百個个枚曲本台部년월일원명개"  # 12345元 is a price
GLUED = re.compile(rf"[^\W{UNSPACED}]|[@=%°{COUNTED}]|:[0-9]")
# what separates two numbers in one run
WIDE = re.compile(r"[ \u00a0]+[/\u2010-\u2013-][ \u00a0]+|[ \u00a0]{2,}|/")
# groupings that are telephone numbers even if no word says so
NORTH_AMERICAN = re.compile(
    r"(?:\+?1[-. ]?|001[-. ])?\([0-9]{3}\)[ -]?[0-9]{3}[-. ][0-9]{4}"  # (212) 555-0100
    r"|(?:\+?1[-. ]|001[-. ])?[0-9]{3}([-.])[0-9]{3}\1[0-9]{4}"  # 212-555-0100
)
NATIONAL = re.compile(
    r"0[0-9]{1,4}[ ][0-9]{3,4}[ ][0-9]{3,4}"  # 020 7946 0000
    r"|0[0-9]{3,4}[ ][0-9]{5,7}"  # 01234 567890, 0171 1234567
    r"|0[0-9]{1,3}-[0-9]{3,4}-[0-9]{4}"  # 03-1234-5678
    r"|0[0-9]{2,4}[ ]?/[ ]?[0-9]{2,3}(?:[ ][0-9]{2,3}){1,3}"  # 0221 / 20 40 80
    r"|0[0-9]{2,4}/[0-9]{4,8}-[0-9]{1,4}"  # 0711/2345-67
    r"|0[0-9]{1,3}-[0-9]{3}[ ][0-9]{2}[ ][0-9]{2}"  # 020-671 83 45
    r"|0[1-9]([ .-])[0-9]{2}\1[0-9]{2}\1[0-9]{2}\1[0-9]{2}"  # 01 23 45 67 89
    r"|0[0-9]{2}[ ][0-9]{3}[ ][0-9]{2}[ ][0-9]{2}"  # 044 123 45 67
    # (030) 123456, but not two sets of pitches: (0146) 0137
    r"|\(0[0-9]{1,4}\)[ ]?(?!0[0-9]{2,5}$)[0-9]{3,8}(?:[ -][0-9]{2,8})*"
    r"|\([0-9]{2}\)[ ]?9?[0-9]{4}-[0-9]{4}"  # (11) 91234-5678
)
THOUSANDS = re.compile(r"[1-9](?: [0-9]{3}){2}|[1-9][0-9]{0,2}(?: [0-9]{3})+ 000")
MOST_DIGITS, MOST_WITH_PREFIX = 15, 17
# fewest digits of a number: after a label, after a verb, in other words about telephones
FEWEST_LABELLED, FEWEST_CALLED, FEWEST_SPOKEN = 5, 6, 7


class Number(NamedTuple):
    """A number and where it is in the text."""

    text: str
    start: int
    end: int

    @property
    def groups(self) -> list[str]:
        return re.findall("[0-9]+", self.text)

    @property
    def digits(self) -> int:
        return sum(map(len, self.groups))


def find_telephones(text: str, places: list[Window], settings: MaskingSettings) -> Iterator[Window]:
    """Telephone numbers with their extensions, in order."""
    last_end = -1
    for run in matches(RUN, text, places):
        # most runs are years and page numbers
        if run.end() - run.start() < FEWEST_LABELLED:
            continue
        for number in numbers(text, run):
            if is_telephone(text, number, settings) or follows(text, last_end, number):
                last_end = end_of(text, number)
                yield number.start, last_end


def numbers(text: str, run: re.Match) -> Iterator[Number]:
    """The numbers of a run: split between neighbours, and cut before the next word."""
    end = run.end()
    is_glued = GLUED.match(text, end)
    if is_glued and not EXTENSION.match(text, end) and not text.startswith("Office", end):
        # 020 7946 0958 2nd floor, 0958 12:30
        cut = re.search(rf"[{SEPARATORS}]+[0-9]+$", text[max(run.start(), end - 24) : end])
        end -= len(cut.group()) if cut else end - run.start()
    start = run.start()
    for wide in WIDE.finditer(text, start, end):
        halves = text[start : wide.start()], text[wide.end() : min(end, wide.end() + 40)]
        if all(sum(c.isdigit() for c in half[:40]) >= FEWEST_SPOKEN for half in halves):
            yield trimmed(text, start, wide.start())
            start = wide.end()
    if start < end:
        yield trimmed(text, start, end)


def trimmed(text: str, start: int, end: int) -> Number:
    """The number without a second one after it: 212-555-0100 24 hours, 020 7946 0958 2024.

    Nor has it a bracket that opens before it and closes behind it: (+44 20 7946 0958).
    """
    if text.count("(", start, end) > text.count(")", start, end) and text[start] == "(":
        start += 1
    number = text[start : min(end, start + 60)]
    match = NORTH_AMERICAN.match(number)
    if match and number[match.end() :].startswith((" ", "\u00a0", "")):
        return Number(match.group(), start, start + match.end())
    year = re.search(r" (?:1[5-9]|20)[0-9]{2}$", text[max(start, end - 5) : end])
    if year and sum(c.isdigit() for c in number) >= FEWEST_SPOKEN + 7:
        end -= 5
    return Number(text[start:end], start, end) if end - start <= 60 else Number("", start, end)


def end_of(text: str, number: Number) -> int:
    """Where a number ends, its extension included."""
    extension = EXTENSION.match(text, number.end)
    return extension.end() if extension else number.end


def follows(text: str, last_end: int, number: Number) -> bool:
    """Whether a number is named along with the one before: 601 234 567 or 601 234 568."""
    between = text[last_end : number.start] if 0 <= number.start - last_end <= 8 else ""
    is_joined = re.fullmatch(r"\s*(?:,|/|;|&|or|and|oder|und|ou|et)\s*", between) is not None
    return is_joined and FEWEST_CALLED <= number.digits <= MOST_DIGITS and not is_years(number)


def is_telephone(text: str, number: Number, settings: MaskingSettings) -> bool:
    """Whether a number is a telephone's, and the words before it do not say otherwise."""
    if not is_well_formed(number):
        return False
    is_labelled = stands_before(text, number.start, "telephone_labels") and not is_date(number)
    if not is_labelled and not is_likely(text, number, settings):
        return False
    return not stands_before(text, number.start, "identifiers")


def is_likely(text: str, number: Number, settings: MaskingSettings) -> bool:
    """Whether a number without a label before it is a telephone's; the surest sign first."""
    before = text[max(0, number.start - 1) : number.start]
    if before in tuple("/=#&?-$€£¥") or stands_after(text, number.end, "measures"):
        return False
    if number.text.startswith(("+", "(+", "＋")):
        return is_possible(number.text, None) or is_spoken_of(text, number)
    if is_years(number) or is_date(number):
        return False
    is_telephones = is_written_so(number, settings) or is_spoken_of(text, number)
    return is_telephones and not stands_before(text, number.start, "counters")


def is_well_formed(number: Number) -> bool:
    """Whether the number of digits fits a telephone number, and the brackets close."""
    most = MOST_WITH_PREFIX if number.text.startswith(("00", "+", "(")) else MOST_DIGITS
    is_closed = number.text.count("(") == number.text.count(")")
    return FEWEST_LABELLED <= number.digits <= most and is_closed


def is_spoken_of(text: str, number: Number) -> bool:
    """Whether the words around a number are about telephones, and it is no series."""
    if is_series(number):
        return False
    if number.digits >= FEWEST_CALLED and stands_before(
        text, number.start, "telephone_calls", LONG_BEFORE
    ):
        return True
    return number.digits >= FEWEST_SPOKEN and (
        stands_before(text, number.start, "telephone_initials")
        or (not is_count(number) and stands_before(text, number.start, "telephone_near"))
        or stands_after(text, number.end, "telephone_after")
    )


def is_written_so(number: Number, settings: MaskingSettings) -> bool:
    """Whether the grouping alone shows a telephone number, and the region's rules allow it."""
    if NORTH_AMERICAN.fullmatch(number.text):
        return is_possible(number.text, "US")
    if number.text.startswith("00") and len(number.groups) > 1 and len(number.groups[0]) > 2:
        return is_possible("+" + number.text[2:].lstrip("-. "), None)
    return bool(NATIONAL.fullmatch(number.text)) and any(
        is_possible(number.text, region) for region in settings.regions
    )


def is_years(number: Number) -> bool:
    """Whether every group is a year, perhaps shortened at the end of a range: 1970-71 1972-1973."""
    groups = number.groups
    are_years = [len(group) == 4 and 1000 <= int(group) <= 2100 for group in groups]
    return are_years[0] and all(
        is_year or (len(group) <= 2 and are_years[i])
        for i, (group, is_year) in enumerate(zip(groups[1:], are_years[1:], strict=True))
    )


def is_date(number: Number) -> bool:
    """Whether this is a day of the calendar: 12.11.1982, 1982-11-12, 12/11/82."""
    if not re.match(r"[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{2,4}(?: |$)", number.text):
        return False
    first, second, third = (int(group) for group in number.groups[:3])
    is_year = 1000 <= max(first, third) <= 2100 or max(len(g) for g in number.groups[:3]) == 2
    return is_year and 1 <= second <= 31 and min(first, third) <= 31


def is_series(number: Number) -> bool:
    """Whether groups of one length rise or fall by little or in equal steps: 432 440 442."""
    groups = number.groups
    if len(groups) < 3 or len({len(group) for group in groups}) > 1 or groups[0].startswith("0"):
        return False
    values = [int(group) for group in groups]
    steps = {b - a for a, b in zip(values, values[1:], strict=False)}
    is_monotone = all(step > 0 for step in steps) or all(step < 0 for step in steps)
    return len(steps) == 1 or (is_monotone and max(values) <= 1.25 * min(values))


def is_count(number: Number) -> bool:
    """Whether groups of three are thousands and not a telephone's: 1 500 000, 12 345 000."""
    return THOUSANDS.fullmatch(number.text) is not None


def is_possible(number: str, region: str | None) -> bool:
    """Whether the region's rules (if None, any region's) allow the number."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False
