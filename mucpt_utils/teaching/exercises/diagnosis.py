"""What is wrong with an answer that is no known slip, by kind: a shape, a sign, a factor.

    diagnosed(cases, outcomes) -> one sentence, or None

Each rule looks at all cases and answers only if it is sure; the first answer counts.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mucpt_utils.teaching.exercises.judging import Case, Outcome, as_numbers

# what a constant factor between all answers and the wanted values means
FACTORS = {
    -1.0: "has the wrong sign: check which of the two is subtracted",
    100.0: "is a percentage: return a share between 0 and 1",
    0.01: "is a hundredth of what is wanted: return a share, not a share of a percentage",
    1 / math.log(2): "is in bits where nats are wanted: leave out the division by math.log(2)",
    math.log(2): "is in nats where bits are wanted: divide by math.log(2)",
    math.log(2) ** 2: "multiplies by math.log(2) where it should divide",
    2.0: "is twice as large as it should be: is something counted twice?",
    0.5: "is half as large as it should be",
}
ERRORS: dict[type[Exception], str] = {
    ZeroDivisionError: "something is divided by 0: which input makes the divisor 0, and what "
    "should come out then?",
    NameError: "a name is used that this cell does not define: import it, or check the spelling",
    IndexError: "an index lies outside a list: the cases have other lengths than the example",
    KeyError: "a dictionary is asked for a key that it does not hold",
    AttributeError: "a method is called that this kind of value does not have: look at what the "
    "arguments are",
    ValueError: "a function got a value that it cannot take: print the arguments of this case",
    RecursionError: "the function calls itself without an end",
    OverflowError: "a number grows beyond what a float can hold",
}


def diagnosed(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """The first rule's sentence about the outcomes of a wrong function, or None."""
    rules: tuple[Callable[[Sequence[Case], Sequence[Outcome]], str | None], ...] = (
        *(about_returning, about_errors, about_arguments, about_kind, about_shape),
        *(about_not_numbers, about_order, about_rounding, about_factor, about_complement),
        about_one_value,
    )
    for rule in rules:
        if sentence := rule(cases, done):
            return sentence
    return None


def about_returning(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """Nothing comes back: printed in place of returned, or a branch without a return."""
    nothing = [o for o in done if o.error is None and o.value is None]
    if any(o.printed.strip() for o in nothing):
        return "it prints its answer and returns nothing: end with `return ...`"
    if nothing and len(nothing) < len(done):
        return "for some inputs nothing is returned: give every branch its `return`"
    return None


def about_errors(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """What the first error means, by its kind."""
    error = next((o.error for o in done if o.error is not None), None)
    if error is None:
        return None
    if isinstance(error, UnboundLocalError):
        return "a variable is read before it has a value: set it before the branch or the loop"
    if isinstance(error, TypeError):
        return about_type_error(str(error))
    if "math domain" in str(error):
        return "a logarithm of 0 or less, or a root of less than 0: what is it taken of?"
    if "not in list" in str(error):
        return "a list is searched for something that it need not hold: what should come out then?"
    return next((said for kind, said in ERRORS.items() if isinstance(error, kind)), None)


def about_type_error(text: str) -> str:
    """What a TypeError means: a list used as a number, wrong arguments, a helper without return."""
    if re.search(r"positional argument|unexpected keyword|missing \d", text):
        return "it takes other arguments than the stub: keep the line that begins with `def`"
    if "NoneType" in text:
        return "a value inside is None: a call before has returned nothing"
    if "for ^" in text:
        return "^ is no power in Python: write **"
    if "list" in text or "tuple" in text:
        return "a list is no number: go through it with a loop or a comprehension, or use numpy"
    return "two kinds of values are mixed: look at what each argument is"


def about_arguments(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """The caller's lists are changed."""
    if any(o.spoilt for o in done):
        return "it changes the lists that it was given: build a new list instead"
    return None


def about_kind(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """A word where a number is wanted, or the other way round; a word spelt differently."""
    for case, outcome in zip(cases, done, strict=True):
        wanted, value = case.wanted, outcome.value
        if isinstance(wanted, str):
            allowed = ", ".join(dict.fromkeys(repr(c.wanted) for c in cases))
            if not isinstance(value, str):
                return f"a {type(value).__name__} comes back; allowed are {allowed}"
            if all(value != other.wanted for other in cases):
                return f"{value!r} is none of the words that are allowed: {allowed}"
        elif isinstance(value, str):
            return "a text comes back where a number is wanted"
        elif isinstance(value, dict | set):
            return f"a {type(value).__name__} comes back where {shape_in_words(wanted)} is wanted"
        elif as_numbers(value) is None and isinstance(value, list | tuple):
            return "the list that comes back holds something else than numbers"
        elif as_numbers(value) is None:
            return f"a {type(value).__name__} comes back where {shape_in_words(wanted)} is wanted"
    return None


def about_shape(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """One number where a list is wanted, a list where a number is wanted, or another length."""
    for case, outcome in zip(cases, done, strict=True):
        ours, theirs = as_numbers(outcome.value), as_numbers(case.wanted)
        if ours is None or theirs is None or ours.shape == theirs.shape:
            continue
        if ours.ndim > theirs.ndim:
            return f"a list comes back where {shape_in_words(case.wanted)} is wanted"
        if ours.ndim < theirs.ndim:
            return f"one number comes back where {shape_in_words(case.wanted)} is wanted"
        found = "1 number comes" if len(ours) == 1 else f"{len(ours)} numbers come"
        return f"{found} back where {shape_in_words(case.wanted)} is wanted"
    return None


def shape_in_words(wanted: Any) -> str:
    """`a number`, `a list of 3 numbers`."""
    numbers = as_numbers(wanted)
    if numbers is None or numbers.ndim == 0:
        return "a number"
    return f"a list of {len(numbers)} numbers"


def pairs(cases: Sequence[Case], done: Sequence[Outcome]) -> tuple[np.ndarray, np.ndarray] | None:
    """All cases' numbers, returned and wanted; None if some are no numbers or differ in shape."""
    ours, theirs = [], []
    for case, outcome in zip(cases, done, strict=True):
        one, other = as_numbers(outcome.value), as_numbers(case.wanted)
        if one is None or other is None or one.shape != other.shape:
            return None
        ours.append(one.ravel())
        theirs.append(other.ravel())
    return np.concatenate(ours), np.concatenate(theirs)


def about_not_numbers(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """NaN or infinity."""
    both = pairs(cases, done)
    if both is None:
        return None
    if np.isnan(both[0]).any():
        return "NaN comes back: 0 was divided by 0 somewhere"
    if (np.isinf(both[0]) & ~np.isinf(both[1])).any():
        if np.isinf(both[1]).any():  # infinity is a right answer in this exercise
            return "infinity comes back where it should not: is everything looked at before?"
        return "infinity comes back: something was divided by 0, or a logarithm taken of 0"
    return None


def about_order(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """The right numbers in the opposite order."""
    turned = False
    for case, outcome in zip(cases, done, strict=True):
        ours, theirs = as_numbers(outcome.value), as_numbers(case.wanted)
        if ours is None or theirs is None or ours.shape != theirs.shape or ours.ndim != 1:
            return None
        if not np.allclose(ours[::-1], theirs, atol=1e-3):
            return None
        turned |= not np.allclose(ours, theirs, atol=1e-3)
    return "the numbers are right and their order is not: turn them round" if turned else None


def about_rounding(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """The right numbers with too few decimals, or with none."""
    both = pairs(cases, done)
    if both is None:
        return None
    for digits in (1, 2, 3):
        if np.allclose(both[0], np.round(both[1], digits), atol=1e-9):
            return "the numbers are rounded: return them with all their digits"
    finite = np.isfinite(both[1])
    ours = both[0][finite]
    if len(set(ours)) > 1 and np.array_equal(ours, np.floor(both[1][finite])):
        return "// divides and drops the rest: use /"
    return None


def about_factor(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """All answers are off by one factor."""
    both = pairs(cases, done)
    if both is None:
        return None
    ours, theirs = both
    there = np.isfinite(theirs) & (np.abs(theirs) > 1e-9)
    if not there.any() or not np.allclose(ours[~there], theirs[~there], atol=1e-6):
        return None
    factors = ours[there] / theirs[there]
    if not np.allclose(factors, factors[0], rtol=1e-3) or abs(factors[0]) < 1e-9:
        return None
    said = next((said for f, said in FACTORS.items() if np.isclose(f, factors[0], rtol=1e-3)), None)
    missing = f"is {factors[0]:.3g} times what it should be: which factor is missing?"
    if abs(factors[0] - 1) < 0.02:
        missing = "is right to a few digits: let Python compute a constant, do not type it"
    return f"every answer {said or missing}"


def about_complement(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """One minus what is wanted, or one over it."""
    both = pairs(cases, done)
    if both is None or len(both[0]) < 2:
        return None
    if np.allclose(both[0], 1 - both[1], atol=1e-4):
        return "every answer is 1 minus what it should be: the opposite event is measured"
    if np.allclose(both[0] * both[1], 1.0, atol=1e-4):
        return "every answer is 1 over what it should be: a fraction is upside down"
    return None


def about_one_value(cases: Sequence[Case], done: Sequence[Outcome]) -> str | None:
    """The same answer to different inputs."""
    values = {repr(outcome.value) for outcome in done}
    if len(values) == 1 and len({repr(case.wanted) for case in cases}) > 1:
        return "the answer is the same for every input: does it use its arguments?"
    return None
