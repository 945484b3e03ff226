"""Patterns that are tried only on texts with a word that every match needs.

The grader's patterns are long, and most texts match none of them: `don't know`, `on second
thoughts`. What every match must have is read from the pattern itself, as a set of runs of letters
and signs of which one is needed (like the prefilters of RE2, Cox 2010), so a gate never turns away
what the pattern would have found. Which gates a word opens is cached by word; a text opens
the gates that its words open.
"""

import re
import string
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import product

# the parser of `re` itself, so that a pattern is read exactly as it is matched
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

LETTERS = frozenset(string.ascii_lowercase)
EDGE = "|"  # where a run of letters begins or ends
MANY = 24  # most strings of a part that are tracked individually
# runs that are in most texts: a gate that needs one of them is always open
EVERYWHERE = frozenset(
    f"{EDGE}{word}{EDGE}"
    for word in [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "by",
        "is",
        "was",
        "are",
        "were",
        "it",
        "that",
        "this",
        "to",
        "and",
        "for",
        "from",
        "with",
        "as",
        "be",
        "i",
    ]
)
COMMON_SIGNS = frozenset("\ue000\ue001\ue003,.'")
# characters that `re` equates with a Latin letter if it ignores case
LIKE_LETTERS = "\u0130\u0131\u017f\u212a"


class Needs(NamedTuple):
    """What a match of a part of a pattern needs.

    exact: all strings that it matches, if they are few, with EDGE at the edges of words; else
    None. runs: one of them is in every match; None if nothing surely is.
    """

    exact: frozenset[str] | None
    runs: frozenset[str] | None


NOTHING_SURE = Needs(None, None)
EMPTY = frozenset({""})


def needed(pattern: str, flags: int = 0) -> frozenset[str] | None:
    """Runs of letters and signs, one of which is in every text that a pattern matches."""
    needs = of_sequence(list(parser.parse(pattern, flags)))
    runs = better(needs.runs, runs_of(needs.exact))
    if runs and flags & re.IGNORECASE and any(r.isalpha() and not r.isascii() for r in runs):
        return None  # letters of other alphabets match more than their lower case
    return runs


def of_sequence(parts: list[Any]) -> Needs:
    """What consecutive parts need: the runs that a text is least likely to contain."""
    exact: frozenset[str] | None = EMPTY
    runs: frozenset[str] | None = None
    whole = True  # whether `exact` is all of the sequence so far
    for part in parts:
        needs = of_part(*part)
        pairs = list(product(exact or (), needs.exact or ()))
        known = exact is not None and needs.exact is not None and len(pairs) <= MANY
        joined = frozenset(a + b for a, b in pairs) if known else None
        if joined is None:
            runs = better(better(runs, runs_of(exact)), needs.runs)
            whole, exact = False, needs.exact
        else:
            exact = joined
    return Needs(exact if whole else None, better(runs, runs_of(exact)))


def of_part(code: Any, value: Any) -> Needs:
    """What one part of a parsed pattern needs."""
    if code is codes.LITERAL:
        return Needs(frozenset({chr(value).lower()}), None)
    if code is codes.AT:
        at_edge = value in (codes.AT_BOUNDARY, codes.AT_BEGINNING, codes.AT_END)
        at_edge = at_edge or value in (codes.AT_BEGINNING_STRING, codes.AT_END_STRING)
        return Needs(frozenset({EDGE}) if at_edge else EMPTY, None)
    if code is codes.IN and all(one is codes.LITERAL for one, _ in value):
        return Needs(frozenset(chr(sign).lower() for _, sign in value), None)
    if code is codes.SUBPATTERN:
        return of_sequence(list(value[-1]))
    if code is codes.BRANCH:
        return of_choice([of_sequence(list(way)) for way in value[1]])
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        return of_repeat(*value)
    if code is codes.ASSERT:  # what a lookaround matches is in the text, too
        ahead = of_sequence(list(value[1]))
        return Needs(None, better(ahead.runs, runs_of(ahead.exact)))
    if code is codes.ASSERT_NOT:
        return Needs(EMPTY, None)
    return NOTHING_SURE


def of_choice(ways: list[Needs]) -> Needs:
    """What an alternative of several needs."""
    exact: frozenset[str] | None = None
    if all(way.exact is not None for way in ways):
        exact = frozenset().union(*(way.exact or () for way in ways))
        exact = exact if len(exact) <= MANY else None
    runs = [better(way.runs, runs_of(way.exact)) for way in ways]
    sure = all(run is not None for run in runs)
    return Needs(exact, frozenset().union(*(run or () for run in runs)) if sure else None)


def of_repeat(least: int, most: int, parts: Any) -> Needs:
    """What a repeated part needs."""
    needs = of_sequence(list(parts))
    if least == 0 and most == 1 and needs.exact is not None and len(needs.exact) < MANY:
        return Needs(needs.exact | EMPTY, None)
    if least == 0:
        return NOTHING_SURE
    return Needs(needs.exact if most == 1 else None, better(needs.runs, runs_of(needs.exact)))


def runs_of(exact: frozenset[str] | None) -> frozenset[str] | None:
    """For alternative strings: the run of each that is least likely in a text."""
    if exact is None:
        return None
    runs = [max(pieces(text), key=rarity, default="") for text in exact]
    return frozenset(runs) if runs and all(runs) else None


def pieces(text: str) -> Iterator[str]:
    """The runs of letters in a string, with their edges if known, and its signs."""
    for match in re.finditer(r"[a-z]+|[^a-z\s|]", text):
        first, last = match.span()
        if match[0][0] in LETTERS:
            before = EDGE if first > 0 else ""
            yield before + match[0] + (EDGE if last < len(text) else "")
        else:
            yield match[0]


def rarity(run: str) -> float:
    """How unlikely a run is in a text: by its length; low for runs that are in most texts."""
    if run in EVERYWHERE or run in COMMON_SIGNS:
        return 0.5
    return 1.5 if len(run) == 1 and run not in LETTERS else len(run)


def better(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The one of two sets whose members are less likely in a text."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=lambda runs: (min(map(rarity, runs)), -len(runs)))


class Gated:
    """A compiled pattern with its gate; without one if no run is sure to be in a match."""

    def __init__(self, pattern: re.Pattern[str]):
        self.pattern = pattern
        self.gate = GATES.add(needed(pattern.pattern, pattern.flags))

    def search(self, text: str) -> re.Match[str] | None:
        """As of a pattern."""
        return self.pattern.search(text) if opened(text) & self.gate else None

    def match(self, text: str) -> re.Match[str] | None:
        """As of a pattern."""
        return self.pattern.match(text) if opened(text) & self.gate else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """As of a pattern."""
        return self.pattern.finditer(text) if opened(text) & self.gate else iter(())

    def may_be_in(self, text: str) -> bool:
        """Whether the gate is open: False only if neither a text nor any part of it can match.

        This holds for parts that begin and end at the edges of words.
        """
        return bool(opened(text) & self.gate)

    def sub(self, new: str | Callable[[re.Match[str]], str], text: str) -> str:
        """As of a pattern."""
        return self.pattern.sub(new, text) if opened(text) & self.gate else text


class AnyOf:
    """Alternative patterns, each with a gate of its own.

    As one pattern they would share a gate, which a word of any of them opens for all.
    """

    def __init__(self, patterns: Iterable[Gated]):
        self.patterns = tuple(patterns)

    def is_in(self, text: str) -> bool:
        """Whether one of the patterns matches in a text."""
        gates = opened(text)
        ways = [one.pattern for one in self.patterns if gates & one.gate]
        return any(pattern.search(text) for pattern in ways)


def sub_each(
    patterns: Iterable[Gated], new: str | Callable[[re.Match[str]], str], text: str
) -> str:
    """A text after substitution by each of several patterns, one after the other."""
    gates = opened(text)
    for one in patterns:
        if gates & one.gate:
            text = one.pattern.sub(new, text)
            gates = opened(text)
    return text


class Gates:
    """Which gates each run opens, one bit of a number for each gate."""

    def __init__(self) -> None:
        self.opened_by: dict[str, int] = {}
        self.every, self.always = 0, 0  # all gates, and those that are never closed
        self.longest = 0
        self.tokens = re.compile("[a-z]+")

    def add(self, runs: frozenset[str] | None) -> int:
        """The bit of a new gate that these runs open; for None one that is always open."""
        gate = self.every + 1
        self.every |= gate
        if runs is None:
            self.always |= gate
            return gate
        for run in runs:
            self.opened_by[run] = self.opened_by.get(run, 0) | gate
        self.longest = max(map(len, self.opened_by))
        signs = [re.escape(run) for run in self.opened_by if run.strip(EDGE)[0] not in LETTERS]
        self.tokens = re.compile("|".join(["[a-z]+", *sorted(signs)]))
        opened.cache_clear()
        opened_by_token.cache_clear()
        return gate


@lru_cache(maxsize=65536)
def opened_by_token(token: str) -> int:
    """The gates that a word or sign opens, by the runs in it."""
    if token[0] not in LETTERS:
        return GATES.opened_by.get(token, 0)
    word, gates = EDGE + token + EDGE, 0
    for first in range(len(word)):
        for last in range(first + 1, min(len(word), first + GATES.longest) + 1):
            gates |= GATES.opened_by.get(word[first:last], 0)
    return gates


@lru_cache(maxsize=128)  # each text is searched for many patterns
def opened(text: str) -> int:
    """The gates that are open for a text."""
    if not text.isascii() and any(letter in text for letter in LIKE_LETTERS):
        return GATES.every
    gates = GATES.always
    for token in set(GATES.tokens.findall(text.lower())):
        gates |= opened_by_token(token)
    return gates


GATES = Gates()
