"""Accuracy, accuracy given attempted and their harmonic mean, with intervals; two models paired."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mucpt_utils.musicsimpleqa.grading import CORRECT, NOT_ATTEMPTED
from mucpt_utils.stats import (
    LEVEL,
    RESAMPLES,
    Difference,
    Estimate,
    bootstrap_mean,
    paired_difference,
)

ALL = "all"
METRICS = ("accuracy", "accuracy_given_attempted", "harmonic_mean", "attempted")


class Measure(NamedTuple):
    """One metric of one group of questions with its 95 % interval."""

    by: str
    group: str
    metric: str
    value: float
    ci_low: float
    ci_high: float
    n: int


class Comparison(NamedTuple):
    """Accuracy of two models on the same questions of one group, and the paired difference."""

    by: str
    group: str
    a: float
    b: float
    difference: float
    ci_low: float
    ci_high: float
    p_value: float
    n: int


def measures(answers: Sequence[Mapping]) -> list[Measure]:
    """Every metric over all answers, by stratum and by category.

    answers: dicts with `grade` and, where they are to count, `stratum`, `category` and `subject`;
    the questions about one subject are resampled together. Raises ValueError for no answers.
    """
    if not answers:
        raise ValueError("no answers to measure")
    return [row for by, group, rows in groups(answers) for row in _measure(by, group, rows)]


def groups(answers: Sequence[Mapping]) -> list[tuple[str, str, list[Mapping]]]:
    """(what it is grouped by, name, answers) of all, each stratum and each category."""
    found = [(ALL, ALL, list(answers))]
    for by in ("stratum", "category"):
        names = dict.fromkeys(answer[by] for answer in answers if answer.get(by))
        found += [(by, name, [a for a in answers if a.get(by) == name]) for name in names]
    return found


def _measure(by: str, group: str, answers: Sequence[Mapping]) -> list[Measure]:
    correct = np.array([answer["grade"] == CORRECT for answer in answers], dtype=float)
    attempted = np.array([answer["grade"] != NOT_ATTEMPTED for answer in answers], dtype=float)
    subjects = [answer.get("subject", index) for index, answer in enumerate(answers)]
    estimates = {
        "accuracy": bootstrap_mean(correct, subjects),
        "accuracy_given_attempted": bootstrap_ratio(correct, attempted, subjects),
        # 2 a b / (a + b) with a = correct / all and b = correct / attempted
        "harmonic_mean": bootstrap_ratio(2 * correct, 1 + attempted, subjects),
        "attempted": bootstrap_mean(attempted, subjects),
    }
    return [Measure(by, group, name, *estimates[name], len(answers)) for name in METRICS]


def bootstrap_ratio(
    above: np.ndarray, below: np.ndarray, subjects: Sequence, n: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """sum(above) / sum(below) with a percentile interval, whole subjects resampled.

    0 where `below` sums to 0: nothing was attempted.
    """
    index = {subject: i for i, subject in enumerate(dict.fromkeys(subjects))}
    place = [index[subject] for subject in subjects]
    sums = np.stack([np.bincount(place, weights, len(index)) for weights in (above, below)])
    draws = np.random.default_rng(seed).integers(0, len(index), (n, len(index)))
    top, bottom = sums[:, draws].sum(axis=2)
    ratios = np.divide(top, bottom, out=np.zeros(n), where=bottom > 0)
    low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    total = sums.sum(axis=1)
    return Estimate(float(total[0] / total[1]) if total[1] else 0.0, float(low), float(high))


def compare(a: Sequence[Mapping], b: Sequence[Mapping]) -> list[Comparison]:
    """Paired comparison of two graded answer files: all, by stratum and by category.

    Raises ValueError where they do not answer the same questions.
    """
    second = {answer["id"]: answer for answer in b}
    only_a = [answer["id"] for answer in a if answer["id"] not in second]
    only_b = sorted(set(second) - {answer["id"] for answer in a})
    if only_a or only_b:
        example = (only_a or only_b)[0]
        raise ValueError(
            f"the files answer different questions: {len(only_a)} only in the first, "
            f"{len(only_b)} only in the second, {example!r} for one"
        )
    return [_compare(by, group, rows, second) for by, group, rows in groups(a)]


def _compare(by: str, group: str, rows: Sequence[Mapping], second: Mapping) -> Comparison:
    ours = [float(row["grade"] == CORRECT) for row in rows]
    theirs = [float(second[row["id"]]["grade"] == CORRECT) for row in rows]
    subjects = [row.get("subject", row["id"]) for row in rows]
    paired: Difference = paired_difference(ours, theirs, subjects)
    return Comparison(by, group, float(np.mean(ours)), float(np.mean(theirs)), *paired, len(rows))
