"""Exercises of the notebooks: a stub to fill in, a hint, and a check that says what is wrong.

A check calls the student's function on inputs that the notebook does not show and compares with
the study's own functions, so that exercise and study cannot part. An unsolved stub returns None:
the notebook still runs from top to bottom.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from mucpt_utils import stats
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.musicsimpleqa.grading import grade
from mucpt_utils.scoring.loss_ratio import normalise, token_weights

TOLERANCE = 1e-4
TAG = "exercise"  # of a notebook's cell that may define a function


@dataclass(frozen=True)
class Case:
    """Arguments, and what the right function returns for them. about: what the case tries."""

    arguments: tuple
    wanted: object
    about: str


@dataclass(frozen=True)
class Exercise:
    """A hint, the cases, and how far a number may be off."""

    hint: str
    cases: Callable[[], Sequence[Case]]
    tolerance: float = TOLERANCE


class Verdict(NamedTuple):
    """Whether the function is right, and what is told about it, in one line."""

    solved: bool
    told: str


def check(name: str, function: Callable) -> None:
    """Print what `judge` says, for the last line of an exercise's cell."""
    print(judge(name, function).told)


def judge(name: str, function: Callable) -> Verdict:
    """Try a student's function on the cases of exercise `name`.

    Never raises for what the function does wrong. Raises KeyError, with the names there are, for an
    unknown exercise.
    """
    if name not in EXERCISES:
        raise KeyError(f"unknown exercise {name!r}; allowed: {', '.join(EXERCISES)}")
    exercise = EXERCISES[name]
    cases = exercise.cases()
    for number, case in enumerate(cases, 1):
        problem = _problem(function, case, exercise.tolerance)
        if problem == UNSOLVED:
            return Verdict(False, f"{name}: not solved yet. Hint: {exercise.hint}")
        if problem:
            where = f"case {number} of {len(cases)} ({case.about}) fails"
            return Verdict(False, f"{name}: {where}. {problem}")
    return Verdict(True, f"{name}: solved, all {len(cases)} cases pass.")


UNSOLVED = "not solved"


def _problem(function: Callable, case: Case, tolerance: float) -> str:
    """What is wrong with the function's answer, UNSOLVED for none at all, empty if it is right."""
    name = getattr(function, "__name__", "function")
    called = f"{name}({', '.join(map(_shown, case.arguments))})"
    try:
        found = function(*case.arguments)
    except Exception as error:  # whatever a student's code may raise is feedback, not a crash
        return f"{called} raised {type(error).__name__}: {error}"
    if found is None:
        return UNSOLVED
    if _same(found, case.wanted, tolerance):
        return ""
    return f"{called} gave {_shown(found)}, wanted {_shown(case.wanted)}"


def _same(found: object, wanted: object, tolerance: float) -> bool:
    if isinstance(wanted, str):
        return found == wanted
    try:
        ours = np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        return False
    theirs = np.asarray(wanted, dtype=float)
    return ours.shape == theirs.shape and bool(np.allclose(ours, theirs, atol=tolerance, rtol=0))


def _shown(value: object) -> str:
    """A value short enough for one line, numbers rounded."""
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim):
        text = f"[{', '.join(_shown(x) for x in list(value)[:8])}{', …' if len(value) > 8 else ''}]"
    elif isinstance(value, set):
        text = f"{{{', '.join(sorted(map(repr, value)))}}}"
    elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
        text = f"{value:.4g}"
    else:
        text = repr(value)
    return text if len(text) <= 160 else text[:157] + "..."


# --- the exercises, in the order of the notebooks -------------------------------------------------


def _platt() -> list[Case]:
    from mucpt_utils.pipeline.classifier import Calibration

    made = [
        ((0.5, 1.0, 0.0), "an even score stays even"),
        ((0.9, 1.0, 0.0), "slope 1 and intercept 0 change nothing"),
        ((0.99, 0.4, 0.0), "a slope below 1 makes it more modest"),
        ((0.3, 1.7, -0.5), "both at once"),
    ]
    return [
        Case(given, float(Calibration(*given[1:]).probability(np.array([given[0]]))[0]), about)
        for given, about in made
    ]


def _jaccard() -> list[Case]:
    from mucpt_utils.pipeline import minhash

    made = [
        (("a b", "b c"), ("a b", "b c"), "equal sets"),
        (("a b", "b c", "c d"), ("b c", "c d", "d e"), "two of four in common"),
        (("a b",), ("x y",), "nothing in common"),
        (("a b", "b c", "c d", "d e"), ("b c",), "one inside the other"),
    ]
    cases = []
    for one, other, about in made:
        names = sorted({*one, *other})
        a, b = (np.array(sorted(names.index(x) for x in part)) for part in (one, other))
        cases.append(Case((set(one), set(other)), minhash.jaccard(a, b), about))
    return cases


def _band_probability() -> list[Case]:
    from mucpt_utils.pipeline.minhash import candidate_probability

    made = [
        ((1.0, 32, 5), "equal texts are always found"),
        ((0.5, 1, 3), "one band of three rows"),
        ((0.8, 32, 5), "the study's bands, a near copy"),
        ((0.3, 32, 5), "the study's bands, two texts on one subject"),
    ]
    return [Case(given, candidate_probability(*given), about) for given, about in made]


def _precision_recall() -> list[Case]:
    return [
        Case((8, 2, 0), (0.8, 1.0), "nothing missed"),
        Case((3, 0, 9), (1.0, 0.25), "nothing wrong, much missed"),
        Case((30, 10, 20), (0.75, 0.6), "both kinds of error"),
    ]


def _loss_ratio_weights() -> list[Case]:
    def case(model: list, reference: list, floor: float, scale: float, about: str) -> Case:
        criterion = Criterion(form="log", floor=floor, scale=scale)
        above, below = torch.tensor(model), torch.tensor(reference)
        wanted = token_weights(above, below, torch.ones_like(above), criterion)
        return Case((model, reference, floor, scale), wanted.tolist(), about)

    return [
        case([2.0, 6.0, 3.0], [2.0, 1.0, 6.0], 1e-6, 6.0, "the three tokens above"),
        case([4.0, 3.0, 2.0], [1.0, 1.0, 1.5], 0.1, 6.0, "a floor above zero"),
        case([9.0, 2.0, 1.0], [0.1, 1.0, 4.0], 0.1, 2.0, "a ratio beyond the clip"),
    ]


def _normalise() -> list[Case]:
    made = [
        ([1.0, 1.0, 4.0], [1, 1, 1], "every token counts"),
        ([1.0, 3.0, 5.0, 0.0], [1, 1, 0, 1], "one token is masked out"),
        ([0.0, 0.0, 0.0], [1, 0, 1], "no token was chosen: uniform, not a division by zero"),
    ]
    return [
        Case((values, mask), normalise(torch.tensor(values), torch.tensor(mask)).tolist(), about)
        for values, mask, about in made
    ]


def _bits_per_byte() -> list[Case]:
    return [
        Case(([math.log(2)] * 8, 8), 1.0, "one bit a token, one byte a token"),
        Case(([2.0, 1.0, 3.0], 12), 6 / math.log(2) / 12, "four bytes a token"),
        Case(([0.5] * 10, 40), 5 / math.log(2) / 40, "an easy text"),
    ]


def _weighted_gradient() -> list[Case]:
    made = [
        ([1.0, 1.0, 1.0], "plain training"),
        ([0.0, 3.0, 0.0], "one token takes it all"),
        ([0.5, 1.25, 1.25], "soft weights"),
    ]
    cases = []
    for weights, about in made:
        losses = torch.tensor([2.0, 6.0, 3.0], requires_grad=True)
        (losses * torch.tensor(weights)).mean().backward()
        cases.append(Case((weights,), losses.grad.tolist(), about))
    return cases


def _grade() -> list[Case]:
    question = {"question": "Which group recorded Nevermind?", "answer": "Nirvana"}
    question["answer_type"] = "group"
    responses = {
        "Nirvana": "the key as it stands",
        "nirvana.": "small letters and a full stop",
        "It was recorded by Nirvana.": "the key inside a sentence",
        "Pearl Jam": "another answer",
        "": "no answer",
        "I don't know.": "a refusal",
        "Either Nirvana or Pearl Jam": "two answers",
        "Not Nirvana, but Pearl Jam": "the key, denied",
    }
    return [
        Case((question["answer"], response), grade(question, response).grade, about)
        for response, about in responses.items()
    ]


def _paired_interval() -> list[Case]:
    rng = np.random.default_rng(4)
    plain = rng.integers(0, 2, 80).astype(float)
    better = np.maximum(plain, rng.integers(0, 2, 80))
    cases = []
    for a, b, about in (
        (plain, plain, "an arm against itself"),
        (better, plain, "an arm that only gains"),
        (plain, better, "the other way round"),
    ):
        found = stats.paired_difference(a, b)
        cases.append(Case((a, b), (found.low, found.high), about))
    return cases


EXERCISES = {
    "platt": Exercise(
        "log-odds first: math.log(s / (1 - s)); then a line; then 1 / (1 + math.exp(-x)).", _platt
    ),
    "jaccard": Exercise("Python's sets know & and |; len counts.", _jaccard),
    "band_probability": Exercise(
        "one band of r hashes agrees with probability s ** r; a pair is missed if no band agrees.",
        _band_probability,
    ),
    "precision_recall": Exercise(
        "precision divides by what was taken, recall by what was labelled.", _precision_recall
    ),
    "loss_ratio_weights": Exercise(
        "ratio, math.log(ratio) / math.log(scale), clip to 0..1, then divide by the mean.",
        _loss_ratio_weights,
    ),
    "normalise": Exercise(
        "divide by the mean over the tokens whose mask is 1; the others get 0.", _normalise
    ),
    "bits_per_byte": Exercise(
        "a nat is 1 / math.log(2) bits; add up the losses, divide by the bytes.", _bits_per_byte
    ),
    "weighted_gradient": Exercise(
        "the loss is the mean of w * l, and w is a constant: differentiate by each l.",
        _weighted_gradient,
    ),
    "grade": Exercise(
        "lower both; first the empty answer and the refusal, then the traps (either, not), "
        "and only then look for the key.",
        _grade,
    ),
    "paired_interval": Exercise(
        "differences first; draw as many of them with replacement, take the mean, 2000 times; "
        "np.quantile(means, [0.025, 0.975]).",
        _paired_interval,
        tolerance=0.03,  # two resampled ends are never the same
    ),
}
