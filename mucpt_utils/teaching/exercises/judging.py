"""What an exercise is, and how a student's function is judged.

A check calls the function on inputs that the notebook does not show and compares the results with
those of the study's own functions, so that exercise and study cannot diverge. Each exercise knows
*slips*: wrong functions that students write. An answer that equals a slip's on every case gets the
slip's hint, however it was written; any other wrong answer goes to `diagnosis`.
"""

import contextlib
import copy
import functools
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

TOLERANCE = 1e-4
LONGEST = 160  # characters of a value in a message
TAG = "exercise"  # of a notebook's cell that may define a function
LEVELS = {1: "warm-up", 2: "core", 3: "stretch"}


@dataclass(frozen=True)
class Case:
    """Arguments, and what the right function returns for them. about: what the case tests."""

    arguments: tuple
    wanted: Any
    about: str


class Slip(NamedTuple):
    """A wrong function that students write, and a hint for them."""

    hint: str
    wrong: Callable


@dataclass(frozen=True)
class Exercise:
    """notebook: its number; level: 1 to 3 (`LEVELS`); the cases; tolerance: of each number."""

    notebook: str
    level: int
    hint: str
    cases: Callable[[], Sequence[Case]]
    tolerance: float
    slips: tuple[Slip, ...]


class Verdict(NamedTuple):
    """Whether the function is right, and a message about it, in one line."""

    solved: bool
    message: str


class Outcome(NamedTuple):
    """What a function did with a case: its value or its error, what it printed, whether it agrees.

    spoilt: whether it changed its arguments.
    """

    value: Any = None
    error: Exception | None = None
    printed: str = ""
    agrees: bool = False
    spoilt: bool = False


EXERCISES: dict[str, Exercise] = {}


def exercise(
    notebook: str,
    level: int,
    hint: str,
    slips: Sequence[tuple[str, Callable]],
    tolerance: float = TOLERANCE,
) -> Callable:
    """Registers a function that returns cases as the exercise of the same name."""

    def register(cases: Callable[[], Sequence[Case]]) -> Callable[[], Sequence[Case]]:
        every = tuple(Slip(*slip) for slip in slips)
        once = functools.cache(cases)
        EXERCISES[cases.__name__] = Exercise(notebook, level, hint, once, tolerance, every)
        return cases

    return register


def outcomes(function: Callable, cases: Sequence[Case], tolerance: float) -> list[Outcome]:
    """What a function does with each case. It gets copies, and what it prints is caught."""
    every = []
    for case in cases:
        given, printed = copy.deepcopy(case.arguments), io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                value = function(*given)
        except Exception as error:  # whatever a student's code may raise is feedback, not a crash
            every.append(Outcome(error=error, printed=printed.getvalue()))
            continue
        spoilt = in_words(given) != in_words(case.arguments)
        agrees = agree(value, case.wanted, tolerance)
        every.append(Outcome(value, None, printed.getvalue(), agrees, spoilt))
    return every


def slip_of(asked: Exercise, cases: Sequence[Case], done: Sequence[Outcome]) -> Slip | None:
    """The first slip that does what the student's function did on every case; None if none does."""
    return next((slip for slip in asked.slips if all(alike(asked, slip, cases, done))), None)


def slip_where_it_fails(
    asked: Exercise, cases: Sequence[Case], done: Sequence[Outcome]
) -> Slip | None:
    """The slip that does what the student's function did on every case that the latter fails.

    A student who made a slip but handled one of its cases (a list of zeros, an empty answer) is
    helped by the same hint. Among several slips, the one that agrees with the function in most
    cases; None if there is none.
    """
    most, best = 0, None
    for slip in asked.slips:
        equal = alike(asked, slip, cases, done)
        pairs = zip(equal, done, strict=True)
        if all(one or outcome.agrees for one, outcome in pairs) and sum(equal) > most:
            most, best = sum(equal), slip
    return best


def alike(
    asked: Exercise, slip: Slip, cases: Sequence[Case], done: Sequence[Outcome]
) -> list[bool]:
    """For each case, whether a slip does what the student's function did."""
    theirs = outcomes(slip.wrong, cases, asked.tolerance)
    return [same(one, other, asked.tolerance) for one, other in zip(done, theirs, strict=True)]


def same(one: Outcome, other: Outcome, tolerance: float) -> bool:
    """Whether two functions did the same on a case: the same value, or the same error.

    On division by 0 Python raises and numpy continues with NaN: both count as the same.
    """
    if one.error is not None and other.error is not None:
        if isinstance(one.error, ZeroDivisionError):  # its wording differs for integers and floats
            return isinstance(other.error, ZeroDivisionError)
        return repr(one.error) == repr(other.error)
    if one.error is not None or other.error is not None:
        error, value = one.error or other.error, one.value if other.error else other.value
        numbers = as_numbers(value)
        undefined = numbers is not None and not np.isfinite(numbers).all()
        return isinstance(error, ZeroDivisionError) and undefined
    if one.value is None or other.value is None:
        return one.value is other.value
    return agree(one.value, other.value, tolerance, equal_nan=True)


def agree(answer: object, wanted: Any, tolerance: float, equal_nan: bool = False) -> bool:
    """Whether an answer is the wanted word, or numbers of the wanted shape within a tolerance."""
    if isinstance(wanted, str):
        return isinstance(answer, str) and answer == wanted
    ours, theirs = as_numbers(answer), as_numbers(wanted)
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return False
    return bool(np.allclose(ours, theirs, atol=tolerance, rtol=0, equal_nan=equal_nan))


def as_numbers(value: object) -> np.ndarray | None:
    """A value as an array of numbers, or None if it is none."""
    if isinstance(value, str | bytes | dict | set) or value is None:
        return None
    if hasattr(value, "detach"):  # a tensor with a gradient holds numbers, but gives numpy none
        value = value.detach()
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError, RuntimeError):
        return None


def in_words(value: object) -> str:
    """A value as a short line, with numbers rounded."""
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim):
        some = ", ".join(in_words(x) for x in list(value)[:8])
        text = f"[{some}{', …' if len(value) > 8 else ''}]"
    elif isinstance(value, set):
        text = f"{{{', '.join(sorted(map(repr, value)))}}}"
    elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
        text = f"{value:.4g}"
    else:
        text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
