"""Checks of source rows: form, popularity and dates, ambiguous names, years of awards.

Each check is a pure function from rows to a list of problems in plain words.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date

from mucpt_utils.knowledge.authoring.names import name_key
from mucpt_utils.knowledge.authoring.tables import MULTI_VALUED, Row, split_list
from mucpt_utils.knowledge.facts import POPULARITY

REFERENCE_PAGE = re.compile(r"https://en\.wikipedia\.org/wiki/[^\s#?]+")
# the year from which each award can have been given
FIRST_AWARDS = {
    "Grammy": 1959,
    "Mercury": 1992,
    "Eurovision": 1956,
    "Academy Award": 1935,
    "Pulitzer": 1943,
    "Polar Music": 1992,
    "Brit Award": 1977,
}
FIRST_OF_OTHERS = 1900


def check_rows(rows: Sequence[Row]) -> list[str]:
    """Every check of source rows."""
    checks = (
        *(malformed_cells, malformed_lists, malformed_marks),
        *(ambiguous_subjects, award_year_problems),
    )
    return [problem for check in checks for problem in check(rows)]


def malformed_cells(rows: Iterable[Row]) -> list[str]:
    """Stray spaces, unnormalised Unicode, and empty cells that every row must fill."""
    problems = []
    for row in rows:
        for column, cell in row.cells.items():
            if unicodedata.normalize("NFC", " ".join(cell.split())) != cell:
                problems.append(
                    f"{row.location}: {column} has stray spaces or is not NFC: {cell!r}"
                )
        for column in ("subject", "popularity", "valid_as_of", "reference"):
            if not row.cells[column]:
                problems.append(f"{row.location}: {column} is empty")
        if not any(row.cells[column] for column in row.table.columns):
            problems.append(f"{row.location}: no fact cell of {row.subject!r} is filled")
    return problems


def malformed_lists(rows: Iterable[Row]) -> list[str]:
    """Lists where a single value is required, objects named twice, wrong separators."""
    problems = []
    for row in rows:
        for relation, objects in row.values():
            if relation not in MULTI_VALUED and ";" in objects[0]:
                problems.append(
                    f"{row.location}: {relation} holds one value, not a list: {objects[0]!r}"
                )
            if len({name_key(value) for value in objects}) < len(objects):
                problems.append(f"{row.location}: {relation} names one object twice: {objects}")
        cell = row.cells["aliases"]
        if "; ".join(split_list(cell)) != cell:
            problems.append(f"{row.location}: aliases are not separated by '; ': {cell!r}")
    return problems


def malformed_marks(rows: Iterable[Row]) -> list[str]:
    """Unknown popularity, a reference that is not an article, a date that is not past and ISO."""
    problems = []
    for row in rows:
        popularity, reference = row.cells["popularity"], row.cells["reference"]
        if popularity not in POPULARITY:
            allowed = ", ".join(POPULARITY)
            problems.append(f"{row.location}: popularity is {popularity!r}; allowed: {allowed}")
        if not REFERENCE_PAGE.fullmatch(reference):
            problems.append(f"{row.location}: reference is not a Wikipedia article: {reference!r}")
        if not is_past_date(day := row.cells["valid_as_of"]):
            problems.append(f"{row.location}: valid_as_of is not a past ISO date: {day!r}")
    return problems


def is_past_date(text: str) -> bool:
    """Whether a text is an ISO date (2025-01-31) that is not in the future."""
    try:
        return text == date.fromisoformat(text).isoformat() and text <= date.today().isoformat()
    except ValueError:
        return False


def ambiguous_subjects(rows: Iterable[Row]) -> list[str]:
    """Rows that one name may mean: equal but for case, accents, punctuation or leading article.

    An alias that is another row's subject counts too.
    """
    problems = []
    first: dict[str, Row] = {}  # the first row of each subject
    rows = list(rows)
    for row in rows:
        other = first.setdefault(name_key(row.subject), row)
        if other is not row:
            problems.append(
                f"{row.location}: {row.subject!r} is also {other.subject!r}, {other.location}"
            )
    for row in rows:
        for alias in row.aliases:
            other = first.get(name_key(alias), row)
            if other is not row:
                problems.append(
                    f"{row.location}: alias {alias!r} is the subject of {other.location}"
                )
    return problems


def award_year_problems(rows: Iterable[Row]) -> list[str]:
    """Awards before their first ceremony, or whose subject names a year other than the row's."""
    problems = []
    for row in rows:
        if row.table.name != "awards":
            continue
        year = row.cells["year"]
        named = re.findall(r"\b(?:18|19|20)\d\d\b", row.subject)
        if not re.fullmatch(r"\d{4}", year) or (named and year not in named):
            problems.append(f"{row.location}: year {year!r} does not fit {row.subject!r}")
            continue
        award = row.cells["award"]
        first = next((y for name, y in FIRST_AWARDS.items() if name in award), FIRST_OF_OTHERS)
        if not first <= int(year) <= int(row.cells["valid_as_of"][:4]):
            problems.append(f"{row.location}: {row.subject!r} in {year}, first given in {first}")
    return problems
