"""Exercises of the notebooks: a stub to fill in, a hint, and a check that says what is wrong.

A check calls the student's function on inputs that the notebook does not show and compares with
the study's own functions, so that exercise and study cannot part. An unsolved stub returns None:
the notebook still runs from top to bottom.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from mucpt_utils import stats
from mucpt_utils.config.pipeline import MinhashSettings
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.musicsimpleqa.grading import grade as grade_response
from mucpt_utils.scoring.loss_ratio import normalise as normalised
from mucpt_utils.scoring.loss_ratio import token_weights

TOLERANCE = 1e-4
LONGEST = 160  # characters of a value in a message
TAG = "exercise"  # of a notebook's cell that may define a function


@dataclass(frozen=True)
class Case:
    """Arguments, and what the right function returns for them. about: what the case tries."""

    arguments: tuple
    wanted: Any
    about: str


@dataclass(frozen=True)
class Exercise:
    """A hint, the cases, and how far a number may be off."""

    hint: str
    cases: Callable[[], Sequence[Case]]
    tolerance: float


class Verdict(NamedTuple):
    """Whether the function is right, and what is said about it, in one line."""

    solved: bool
    message: str


EXERCISES: dict[str, Exercise] = {}


def exercise(hint: str, tolerance: float = TOLERANCE) -> Callable:
    """Registers a function that gives cases as the exercise of its name."""

    def register(cases: Callable[[], Sequence[Case]]) -> Callable[[], Sequence[Case]]:
        EXERCISES[cases.__name__] = Exercise(hint, cases, tolerance)
        return cases

    return register


def check(name: str, function: Callable) -> None:
    """Print what `judge` says, for the last line of an exercise's cell."""
    print(judge(name, function).message)


def judge(name: str, function: Callable) -> Verdict:
    """Try a student's function on the cases of exercise `name`.

    Never raises for what the function does wrong. Raises KeyError, with the names there are, for an
    unknown exercise.
    """
    if name not in EXERCISES:
        raise KeyError(f"unknown exercise {name!r}; allowed: {', '.join(EXERCISES)}")
    asked = EXERCISES[name]
    cases = asked.cases()
    for number, case in enumerate(cases, 1):
        call = f"{getattr(function, '__name__', 'function')}"
        call += f"({', '.join(map(in_words, case.arguments))})"
        fails = f"{name}: case {number} of {len(cases)} ({case.about}) fails. {call}"
        try:
            answer = function(*case.arguments)
        except Exception as error:  # whatever a student's code may raise is feedback, not a crash
            return Verdict(False, f"{fails} raised {type(error).__name__}: {error}")
        if answer is None:
            return Verdict(False, f"{name}: not solved yet. Hint: {asked.hint}")
        if not agree(answer, case.wanted, asked.tolerance):
            wanted = in_words(case.wanted)
            return Verdict(False, f"{fails} gave {in_words(answer)}, wanted {wanted}")
    return Verdict(True, f"{name}: solved, all {len(cases)} cases pass.")


def agree(answer: object, wanted: Any, tolerance: float) -> bool:
    """Whether an answer is the wanted word, or numbers of the wanted shape within a tolerance."""
    if isinstance(wanted, str):
        return answer == wanted
    try:
        ours = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return False
    theirs = np.asarray(wanted, dtype=float)
    return ours.shape == theirs.shape and bool(np.allclose(ours, theirs, atol=tolerance, rtol=0))


def in_words(value: object) -> str:
    """A value short enough for one line, numbers rounded."""
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


# --- the exercises, in the order of the notebooks -------------------------------------------------


@exercise("log-odds first: math.log(s / (1 - s)); then a line; then 1 / (1 + math.exp(-x)).")
def platt() -> list[Case]:
    """A classifier's score and the two numbers of its calibration; the probability."""
    from mucpt_utils.pipeline.calibration import Calibration

    given = {
        (0.5, 1.0, 0.0): "an even score stays even",
        (0.9, 1.0, 0.0): "slope 1 and intercept 0 change nothing",
        (0.99, 0.4, 0.0): "a slope below 1 makes it more modest",
        (0.3, 1.7, -0.5): "both at once",
    }
    return [
        Case((s, a, b), float(Calibration(a, b).probability(np.array([s]))[0]), about)
        for (s, a, b), about in given.items()
    ]


@exercise("Python's sets know & and |; len counts.")
def jaccard() -> list[Case]:
    """Two sets of shingles; their similarity."""
    from mucpt_utils.pipeline import minhash

    given = [
        ({"a b", "b c"}, {"a b", "b c"}, "equal sets"),
        ({"a b", "b c", "c d"}, {"b c", "c d", "d e"}, "two of four in common"),
        ({"a b"}, {"x y"}, "nothing in common"),
        ({"a b", "b c", "c d", "d e"}, {"b c"}, "one inside the other"),
    ]
    cases = []
    for one, other, about in given:
        names = sorted(one | other)
        a, b = (np.array(sorted(names.index(x) for x in part)) for part in (one, other))
        cases.append(Case((one, other), minhash.jaccard(a, b), about))
    return cases


@exercise(
    "one band of r hashes agrees with probability s ** r; a pair is missed if no band agrees."
)
def band_probability() -> list[Case]:
    """A similarity, the number of bands, the rows of each; the probability of a candidate pair."""
    from mucpt_utils.pipeline.minhash import candidate_probability

    study = MinhashSettings()
    given = {
        (1.0, study.bands, study.rows): "equal texts are always found",
        (0.5, 1, 3): "one band of three rows",
        (0.8, study.bands, study.rows): "the study's bands, a near copy",
        (0.3, study.bands, study.rows): "the study's bands, two texts on one subject",
    }
    return [Case(pair, candidate_probability(*pair), about) for pair, about in given.items()]


@exercise("precision divides by what was taken, recall by what was labelled.")
def precision_recall() -> list[Case]:
    """Right, wrong and missed; precision and recall."""
    return [
        Case((8, 2, 0), (0.8, 1.0), "nothing missed"),
        Case((3, 0, 9), (1.0, 0.25), "nothing wrong, much missed"),
        Case((30, 10, 20), (0.75, 0.6), "both kinds of error"),
    ]


@exercise("ratio, math.log(ratio) / math.log(scale), clip to 0..1, then divide by the mean.")
def loss_ratio_weights() -> list[Case]:
    """Losses of the model and of the reference model, floor and scale; the weights."""
    given = [
        ([2.0, 6.0, 3.0], [2.0, 1.0, 6.0], 1e-6, 6.0, "the three tokens above"),
        ([4.0, 3.0, 2.0], [1.0, 1.0, 1.5], 0.1, 6.0, "a floor above zero"),
        ([9.0, 2.0, 1.0], [0.1, 1.0, 4.0], 0.1, 2.0, "a ratio beyond the clip"),
    ]
    cases = []
    for model, reference, floor, scale, about in given:
        criterion = Criterion(form="log", floor=floor, scale=scale)
        above, below = torch.tensor(model), torch.tensor(reference)
        weights = token_weights(above, below, torch.ones_like(above), criterion)
        cases.append(Case((model, reference, floor, scale), weights.tolist(), about))
    return cases


@exercise("divide by the mean over the tokens whose mask is 1; the others get 0.")
def normalise() -> list[Case]:
    """Weights and a mask; the weights with mean 1."""
    given = [
        ([1.0, 1.0, 4.0], [1, 1, 1], "every token counts"),
        ([1.0, 3.0, 5.0, 0.0], [1, 1, 0, 1], "one token is masked out"),
        ([0.0, 0.0, 0.0], [1, 0, 1], "no token was chosen: uniform, not a division by zero"),
    ]
    return [
        Case((values, mask), normalised(torch.tensor(values), torch.tensor(mask)).tolist(), about)
        for values, mask, about in given
    ]


@exercise("the loss is the mean of w * l, and w is a constant: differentiate by each l.")
def weighted_gradient() -> list[Case]:
    """Weights; the derivatives of the weighted mean loss by each token's loss."""
    given = [
        ([1.0, 1.0, 1.0], "plain training"),
        ([0.0, 3.0, 0.0], "one token takes it all"),
        ([0.5, 1.25, 1.25], "soft weights"),
    ]
    cases = []
    for weights, about in given:
        losses = torch.tensor([2.0, 6.0, 3.0], requires_grad=True)
        (gradient,) = torch.autograd.grad((losses * torch.tensor(weights)).mean(), losses)
        cases.append(Case((weights,), gradient.tolist(), about))
    return cases


@exercise("a nat is 1 / math.log(2) bits; add up the losses, divide by the bytes.")
def bits_per_byte() -> list[Case]:
    """Losses of a text's tokens in nats, and its bytes; bits per byte."""
    return [
        Case(([math.log(2)] * 8, 8), 1.0, "one bit a token, one byte a token"),
        Case(([2.0, 1.0, 3.0], 12), 6 / math.log(2) / 12, "four bytes a token"),
        Case(([0.5] * 10, 40), 5 / math.log(2) / 40, "an easy text"),
    ]


@exercise(
    "lower both; first the empty answer and the refusal, then the traps (either, not), and only "
    "then look for the key."
)
def grade() -> list[Case]:
    """A key and a response; the grade."""
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
        Case((question["answer"], response), grade_response(question, response).grade, about)
        for response, about in responses.items()
    ]


@exercise(
    "differences first; draw as many of them with replacement, take the mean, 2000 times; "
    "np.quantile(means, [0.025, 0.975]).",
    tolerance=0.03,  # two resampled ends are never the same
)
def paired_interval() -> list[Case]:
    """Two arms' right and wrong answers to the same questions; the ends of the interval.

    Of answers that never part the study's interval is wider than their bootstrap, which has no
    width; so no case has an arm against itself.
    """
    rng = np.random.default_rng(4)
    plain = rng.integers(0, 2, 80).astype(float)
    better = np.maximum(plain, rng.integers(0, 2, 80))
    other = rng.integers(0, 2, 80).astype(float)
    given = [
        (better, plain, "an arm that only gains"),
        (plain, better, "the other way round"),
        (other, plain, "an arm that gains some and loses some"),
    ]
    cases = []
    for a, b, about in given:
        interval = stats.paired_difference(a.tolist(), b.tolist())
        cases.append(Case((a, b), (interval.low, interval.high), about))
    return cases
