"""The words around a number, an address or a handle, which say whether it is personal."""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from mucpt_utils import paths
from mucpt_utils.config.pipeline import KINDS
from mucpt_utils.io import read_yaml

RULES = paths.PACKAGE / "pipeline/rules/masking.yaml"
# how far from a number the words that explain it may be, in characters
BEFORE, AFTER = 48, 48
LONG_BEFORE = 96  # if a remark in brackets may come between
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")
LONGEST = max(len(f"[{kind}]") for kind in KINDS)


# without one of these, nothing before a number says what it is
LETTER_OR_MARK = re.compile(r"[^\W\d_]|[#§№]")

Window = tuple[int, int]


def windows(signs: Iterable[re.Match], before: int, after: int) -> list[Window]:
    """Where to look: `before` and `after` characters around each sign (in order), merged."""
    joined: list[Window] = []
    for sign in signs:
        start, end = max(0, sign.start() - before), sign.end() + after
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


def matches(pattern: re.Pattern, text: str, places: Iterable[Window]) -> Iterator[re.Match]:
    """Every match of a pattern in the windows, which may look back beyond their start."""
    for start, end in places:
        yield from pattern.finditer(text, start, end)


@cache
def rules() -> dict[str, dict]:
    """`patterns`: each pattern by its name; `names`: each set of names, in lower case."""
    lists = read_yaml(RULES)
    patterns = {
        name: "|".join(f"(?:{p})" for p in them) for name, them in lists["patterns"].items()
    }
    return {
        "patterns": {name: re.compile(p, re.IGNORECASE) for name, p in patterns.items()},
        "names": {
            name: frozenset(str(value).lower() for value in them)
            for name, them in lists["names"].items()
        },
    }


def is_listed(value: str, name: str) -> bool:
    """Whether a value is in one of the lists of names, ignoring case."""
    return value.lower() in rules()["names"][name]


def words_before(text: str, start: int, reach: int = BEFORE) -> str:
    """Up to `reach` characters of text before an offset, starting after the last placeholder.

    What comes before a placeholder explains that one: `[PHONE]` is not a word for the next
    number, and a text that has been masked is not masked again.
    """
    first = max(0, start - reach)
    for placeholder in PLACEHOLDER.finditer(text, max(0, first - LONGEST), start):
        first = max(first, placeholder.end())
    return text[first:start]


def stands_before(text: str, start: int, name: str, reach: int = BEFORE) -> bool:
    """Whether one of a list's patterns matches shortly before an offset."""
    words = words_before(text, start, reach)
    return bool(LETTER_OR_MARK.search(words) and rules()["patterns"][name].search(words))


def stands_after(text: str, end: int, name: str) -> bool:
    """Whether one of a list's patterns matches right at an offset."""
    return bool(rules()["patterns"][name].match(text[end : end + AFTER]))
