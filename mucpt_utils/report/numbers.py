"""Numbers as text for sentences; they are rounded here and only here."""

import math
from collections.abc import Iterable, Mapping

from mucpt_utils.analysis.effects import Effect


def signed(value: float, decimals: int = 2) -> str:
    """A number with its sign (a real minus sign); a rounded zero has none."""
    text = f"{value:+.{decimals}f}".replace("-", "−")
    return text[1:] if float(f"{value:.{decimals}f}") == 0 else text


def plain_number(value: float, decimals: int = 2) -> str:
    """A number with a real minus sign if it is negative."""
    return signed(value, decimals).removeprefix("+")


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{100 * share:.0f} %"


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 seed`, `1,000 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def enumerated(words: Iterable[str]) -> str:
    """Words as a list in a sentence: `a, b and c`."""
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def mean_with_interval(row: Mapping, unit: str = "") -> str:
    """`0.23 (0.13 to 0.35)` from a row with mean, ci_low and ci_high."""
    mean, low, high = (plain_number(row[column]) for column in ("mean", "ci_low", "ci_high"))
    return f"{mean}{unit} ({low} to {high})"


def change(effect: Effect, unit: str = "") -> str:
    """What a difference says, with its interval; one around zero says nothing either way, and
    is given with the true difference that such runs would detect."""
    interval = f"{signed(effect.low)} to {signed(effect.high)}"
    if effect.state == "open":
        seen = "" if math.isnan(effect.mde) else f", detectable {plain_number(effect.mde)}"
        return f"shows no clear change ({signed(effect.value)}{unit}, {interval}{seen})"
    verb = "rises" if effect.state == "stands" else "falls"
    return f"{verb} by {abs(effect.value):.2f}{unit} ({interval})"
