"""Exercises of notebooks 05 and 05b: the gradient of a weighted loss, bits per byte, curves."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch

from mucpt_utils.teaching.exercises.judging import Case, exercise

Numbers = Sequence[float]


@exercise(
    "05",
    2,
    "the loss is the mean of w * l, and w is a constant: differentiate by each l.",
    [
        ("the mean divides by N: so does its derivative", lambda w: list(w)),
        (
            "the weights have mean 1 already: divide by N, not by their sum and N",
            lambda w: [x / sum(w) / len(w) for x in w],
        ),
        ("every token has its own weight: w_t / N, not 1 / N", lambda w: [1 / len(w)] * len(w)),
        ("one derivative for each token: a list", lambda w: sum(w) / len(w)),
        (
            "w_t is a constant: no token's derivative needs the weights of others",
            lambda w: [sum(w) / len(w)] * len(w),
        ),
        ("the mean divides by N: it does not multiply", lambda w: [x * len(w) for x in w]),
        (
            "the derivative by the *loss* does not hold the loss: w_t / N",
            lambda w: [x * loss / len(w) for x, loss in zip(w, (2.0, 6.0, 3.0), strict=False)],
        ),
        (
            "descent subtracts the gradient later; the derivative itself has no minus",
            lambda w: [-x / len(w) for x in w],
        ),
        ("w enters once: the loss is w * l, not its square", lambda w: [x * x / len(w) for x in w]),
        ("w multiplies, it does not divide", lambda w: [1 / x / len(w) for x in w]),
        (
            "the mean divides by the number of tokens, not by the sum of their weights",
            lambda w: [x / sum(w) for x in w],
        ),
        ("N is the number of tokens, len(w): not always 3", lambda w: [x / 3 for x in w]),
        (
            "w_t is a constant, but the loss is not: its derivative is w_t / N, not 0",
            lambda w: [0.0] * len(w),
        ),
        (
            "no token's derivative needs the sum of the weights: w_t / N",
            lambda w: [x * sum(w) / len(w) for x in w],
        ),
        (
            "dividing by the mean normalises the weights; the derivative divides by N",
            lambda w: [x / (sum(w) / len(w)) for x in w],
        ),
        (
            "no mean is subtracted: the derivative of w * l / N by l is w / N",
            lambda w: [(x - sum(w) / len(w)) / len(w) for x in w],
        ),
        (
            "np.gradient takes differences of neighbours: this derivative is found on paper",
            lambda w: list(np.gradient(w) / len(w)),
        ),
    ],
)
def weighted_gradient() -> list[Case]:
    """Weights; the derivatives of the weighted mean loss with respect to each token's loss."""
    given = [
        ([1.0, 1.0, 1.0], "plain training"),
        ([0.0, 3.0, 0.0], "one token takes it all"),
        ([0.5, 1.25, 1.25], "soft weights"),
        ([1.0, 0.5, 1.5, 1.0], "four tokens"),
        ([2.0, 0.0, 2.0, 2.0], "weights whose mean is not 1"),
    ]
    cases = []
    for weights, about in given:
        losses = torch.tensor([2.0, 6.0, 3.0, 4.0][: len(weights)], requires_grad=True)
        (gradient,) = torch.autograd.grad((losses * torch.tensor(weights)).mean(), losses)
        cases.append(Case((weights,), gradient.tolist(), about))
    return cases


@exercise(
    "05b",
    1,
    "a nat is 1 / math.log(2) bits; add up the losses, divide by the bytes.",
    [
        ("these are nats: divide by math.log(2)", lambda losses, size: sum(losses) / size),
        (
            "a nat is *more* than a bit: divide by math.log(2), do not multiply",
            lambda losses, size: sum(losses) * math.log(2) / size,
        ),
        (
            "per byte, not per token: divide the *sum* by the bytes",
            lambda losses, size: sum(losses) / len(losses) / math.log(2),
        ),
        (
            "the mean was taken over tokens first: add the losses up, then divide by the bytes",
            lambda losses, size: sum(losses) / len(losses) / math.log(2) / size,
        ),
        (
            "bits of the whole text: divide by its bytes",
            lambda losses, size: sum(losses) / math.log(2),
        ),
        (
            "a byte has eight bits, but nothing here is measured in eighths",
            lambda losses, size: sum(losses) / math.log(2) / size / 8,
        ),
        (
            "the bytes divide: it is bits *per* byte",
            lambda losses, size: size / (sum(losses) / math.log(2)),
        ),
        (
            "a loss is a logarithm already: no other is taken of it",
            lambda losses, size: sum(math.log2(x) for x in losses) / size,
        ),
        (
            "a loss is a logarithm already: no other is taken of the sum",
            lambda losses, size: math.log2(sum(losses)) / size,
        ),
        (
            "the factor is math.log(2), the natural logarithm, not math.log10(2)",
            lambda losses, size: sum(losses) / math.log10(2) / size,
        ),
        (
            "a nat is 1 / math.log(2) bits, not half a bit",
            lambda losses, size: sum(losses) / 2 / size,
        ),
        (
            "that is a perplexity: bits per byte take no exponential",
            lambda losses, size: math.exp(sum(losses) / len(losses)),
        ),
        (
            "it is bits per *byte*: the bytes are counted already, no factor of 8",
            lambda losses, size: sum(losses) / math.log(2) / size * 8,
        ),
        (
            "the bytes divide, they do not multiply: it is bits *per* byte",
            lambda losses, size: sum(losses) / math.log(2) * size,
        ),
        (
            "the fraction is upside down, and these are nats: bits stand above, bytes below",
            lambda losses, size: size / sum(losses),
        ),
        (
            "that is a perplexity: bits per byte take no power",
            lambda losses, size: 2 ** (sum(losses) / size),
        ),
    ],
)
def bits_per_byte() -> list[Case]:
    """Losses of a text's tokens in nats, and its bytes; bits per byte."""
    return [
        Case(([math.log(2)] * 8, 8), 1.0, "one bit a token, one byte a token"),
        Case(([2.0, 1.0, 3.0], 12), 6 / math.log(2) / 12, "four bytes a token"),
        Case(([0.5] * 10, 40), 5 / math.log(2) / 40, "an easy text"),
    ]


def crossing(tokens: Numbers, values: Numbers, goal: float, never: float = math.inf) -> float:
    """Where a curve, linear between its points, first meets a goal."""
    return between(tokens, values, goal, lambda share, step, start: start + share * step, never)


def between(
    tokens: Numbers,
    values: Numbers,
    goal: float,
    rule: Callable[[float, float, float], float],
    never: float = math.inf,
) -> float:
    """What a rule gives for the first segment that meets a goal.

    rule: a function of the share of the segment at which it does, its tokens, and those before it.
    """
    for n in range(1, len(tokens)):
        if values[n] >= goal > values[n - 1]:
            share = (goal - values[n - 1]) / (values[n] - values[n - 1])
            return rule(share, tokens[n] - tokens[n - 1], tokens[n - 1])
    return never


def above_alone(tokens: Numbers, values: Numbers, goal: float) -> float:
    """Where a curve is first above a goal; a point exactly at the goal does not count."""
    for n in range(1, len(tokens)):
        if values[n] > goal:
            share = (goal - values[n - 1]) / (values[n] - values[n - 1])
            return tokens[n - 1] + share * (tokens[n] - tokens[n - 1])
    return math.inf


def first_point(tokens: Numbers, values: Numbers, goal: float, step: int = 0) -> float:
    """The first measured point that has reached a goal, or the one before it (step 1)."""
    reached = [n for n, value in enumerate(values) if value >= goal]
    return tokens[max(reached[0] - step, 0)] if reached else math.inf


def last_crossing(tokens: Numbers, values: Numbers, goal: float) -> float:
    """Where a curve meets the goal for the last time."""
    every = [crossing(tokens[n : n + 2], values[n : n + 2], goal) for n in range(len(tokens) - 1)]
    return max((x for x in every if x < math.inf), default=math.inf)


@exercise(
    "05b",
    3,
    "find the first point at or above the goal, then go back along the line from the point before; "
    "math.inf where there is none.",
    [
        (
            "this is the next *measured* point: interpolate between it and the one before",
            first_point,
        ),
        (
            "this is the last point below the goal: interpolate on to the next one",
            lambda x, y, g: first_point(x, y, g, 1),
        ),
        (
            "where the goal is never reached, return math.inf, not the last point",
            lambda x, y, g: crossing(x, y, g, x[-1]),
        ),
        (
            "where the goal is never reached, return math.inf, not 0",
            lambda x, y, g: crossing(x, y, g, 0),
        ),
        (
            "where the goal is never reached, return math.inf, not -1",
            lambda x, y, g: crossing(x, y, g, -1),
        ),
        (
            "where the goal is never reached, return math.inf, not NaN",
            lambda x, y, g: crossing(x, y, g, math.nan),
        ),
        (
            "where the goal is never reached, return math.inf, not None",
            lambda x, y, g: None if crossing(x, y, g) == math.inf else crossing(x, y, g),
        ),
        ("the *first* crossing counts, a curve may fall again", last_crossing),
        (
            "the middle between two points is not where the line meets the goal",
            lambda x, y, g: (first_point(x, y, g) + first_point(x, y, g, 1)) / 2,
        ),
        (
            "a straight line from start to end is not the curve: go from point to point",
            lambda x, y, g: crossing([x[0], x[-1]], [y[0], y[-1]], g),
        ),
        (
            "the number of the point is returned: return its tokens",
            lambda x, y, g: next((n for n, v in enumerate(y) if v >= g), math.inf),
        ),
        ("a point that is exactly at the goal has reached it: >=, not >", above_alone),
        (
            "the share of the stretch: divide what is missing by what the stretch gains",
            lambda x, y, g: next(
                (
                    x[n - 1] + (g - y[n - 1]) * (x[n] - x[n - 1])
                    for n in range(1, len(x))
                    if y[n] >= g
                ),
                math.inf,
            ),
        ),
        (
            "that is how far it is from the end of the stretch: count from its beginning",
            lambda x, y, g: between(x, y, g, lambda share, step, start: start + (1 - share) * step),
        ),
        (
            "add the tokens of the point before: the share alone begins at 0",
            lambda x, y, g: between(x, y, g, lambda share, step, start: share * step),
        ),
        (
            "the nearest measured point is no crossing: find the first at or above the goal",
            lambda x, y, g: min(zip(x, y, strict=True), key=lambda point: abs(point[1] - g))[0],
        ),
        (
            "the share is of the stretch, next tokens minus tokens before, not of all tokens",
            lambda x, y, g: between(
                x, y, g, lambda share, step, start: start + share * (start + step)
            ),
        ),
        (
            "the slope is upside down: tokens per gain in accuracy, not gain per token",
            lambda x, y, g: next(
                (
                    x[n - 1] + (y[n] - y[n - 1]) / (x[n] - x[n - 1]) * (g - y[n - 1])
                    for n in range(1, len(x))
                    if y[n] >= g
                ),
                math.inf,
            ),
        ),
        (
            "the share is what is *missing* over what the stretch gains, not goal / next value",
            lambda x, y, g: next(
                (x[n - 1] + g / y[n] * (x[n] - x[n - 1]) for n in range(1, len(x)) if y[n] >= g),
                math.inf,
            ),
        ),
        (
            "np.interp wants accuracies that only rise, and a curve may fall: loop over points",
            lambda x, y, g: math.inf if g > max(y) else float(np.interp(g, y, x)),
        ),
        (
            "np.interp never says that a goal is not reached, and wants accuracies that only rise: "
            "loop over points",
            lambda x, y, g: float(np.interp(g, y, x)),
        ),
    ],
)
def tokens_to_reach() -> list[Case]:
    """Tokens and accuracy at points of a curve, and a goal; the tokens that first reach it."""
    from mucpt_utils.analysis.single_runs import first_reach

    given = [
        ([0, 100, 200], [0.0, 0.2, 0.4], 0.3, "halfway between two points"),
        ([0, 100, 200, 400], [0.1, 0.5, 0.3, 0.6], 0.4, "a curve that falls again"),
        ([0, 100, 200], [0.0, 0.1, 0.2], 0.5, "never reached"),
        ([0, 50, 200], [0.0, 0.25, 1.0], 0.25, "exactly at a point"),
        ([0, 100, 200], [0.1, 0.2, 0.6], 0.3, "nearer to the point before"),
        ([0, 100, 200], [0.0, 0.3, 0.1], 0.3, "exactly at a point, then it falls"),
    ]
    cases = []
    for tokens, values, goal, about in given:
        curve = pd.DataFrame({"tokens": tokens[1:], "value": values[1:]})
        reached = first_reach(curve, values[0], goal)
        wanted = math.inf if math.isnan(reached) else reached
        cases.append(Case((tokens, values, goal), wanted, about))
    return cases
