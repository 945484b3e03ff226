"""Numbers as text for sentences; they are rounded here and only here."""

import math
from collections.abc import Iterable, Mapping

from mucpt_utils.analysis.effects import Effect


def signed(value: float, decimals: int = 2) -> str:
    """A number with its sign (a real minus sign); a rounded zero has none."""
    text = f"{value:+.{decimals}f}".replace("-", "−")
    return text[1:] if float(f"{value:.{decimals}f}") == 0 else text


def ends(low: float, high: float, decimals: int = 2) -> tuple[str, str]:
    """The ends of an interval, each with its sign.

    One that excludes zero keeps as many decimals as show it.

    >>> ends(-0.116, -0.003)
    ('−0.12', '−0.003')
    """
    first, second = (signed(end, decimals_of(end, decimals, low, high)) for end in (low, high))
    return first, second


def decimals_of(end: float, decimals: int, low: float, high: float) -> int:
    """The decimals with which an end of an interval without zero does not look like zero."""
    enough = (d for d in range(decimals, decimals + 7) if float(f"{end:.{d}f}") != 0)
    return next(enough, decimals) if low * high > 0 else decimals


def ends_in_words(low: float, high: float) -> str:
    """The same in a sentence: `−0.12 to −0.003`."""
    return " to ".join(ends(low, high))


def with_ends(effect: Effect) -> str:
    """A difference with its interval in a sentence: `+0.10 (+0.05 to +0.15)`."""
    return f"{signed(effect.value)} ({ends_in_words(effect.low, effect.high)})"


def plain_number(value: float, decimals: int = 2) -> str:
    """A number with a real minus sign if it is negative."""
    return signed(value, decimals).removeprefix("+")


def percent(share: float) -> str:
    """A share in whole percent; what is not nothing or all is not rounded to it.

    >>> percent(0.356), percent(0.002), percent(0.997), percent(1)
    ('36 %', 'under 1 %', 'over 99 %', '100 %')
    """
    if 0 < share < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 seed`, `1,000 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def enumerated(words: Iterable[str]) -> str:
    """Words as a list in a sentence: `a, b and c`; "" for none."""
    *before, last = list(words) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def mean_with_interval(row: Mapping, unit: str = "") -> str:
    """`0.23 (0.13 to 0.35)` from a row with mean, ci_low and ci_high."""
    mean, low, high = (plain_number(row[column]) for column in ("mean", "ci_low", "ci_high"))
    return f"{mean}{unit} ({low} to {high})"


def change(effect: Effect, unit: str = "") -> str:
    """What a difference says, with its interval; one around zero says nothing either way, and
    is given with the true difference that such runs would detect."""
    interval = ends_in_words(effect.low, effect.high)
    if effect.state == "open":
        seen = "" if math.isnan(effect.mde) else f", detectable {plain_number(effect.mde)}"
        return f"shows no clear change ({signed(effect.value)}{unit}, {interval}{seen})"
    verb = "rises" if effect.state == "stands" else "falls"
    return f"{verb} by {abs(effect.value):.2f}{unit} ({interval})"
