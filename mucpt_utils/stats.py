"""Intervals and paired tests over groups (seeds) and the items that every group answers.

Two bootstraps: two-stage, where each group has items of its own; crossed, where the same subjects
come back in every group. With three to five seeds the crossed one excluded a true zero in 0 to 5 %
of simulated 95 % intervals, the two-stage one, which takes a question's answers at several seeds
for independent, in 2 to 12 % (tests/benchmarks/bench_intervals.py).

Shares of right answers get Wilson's score interval at the sample size that the bootstrap's spread
amounts to, since a bootstrap of answers that are all right, or all wrong, has no width.
"""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95
Z = 1.959963984540054  # the normal distribution's (1 + LEVEL) / 2 quantile


class Estimate(NamedTuple):
    """A mean with its interval."""

    mean: float
    low: float
    high: float


class Difference(NamedTuple):
    """A mean paired difference a - b with its interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float


def bootstrap_mean(
    values: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    n: int = RESAMPLES,
    seed: int = 0,
    subjects: Sequence[Hashable] | None = None,
    sizes: Sequence[float] | None = None,
) -> Estimate:
    """Mean of `values` with a 95 % interval.

    values: one number an item. groups: one label an item (a seed, say); when given, groups are
    drawn with replacement and then items inside each drawn group (two-stage cluster bootstrap,
    Davison & Hinkley 1997, section 3.8), so that the spread between seeds counts. subjects: one
    label an item, where the same subjects stand in several groups; groups and subjects are then
    drawn independently and an item counts as often as both say (pigeonhole bootstrap, Owen 2007,
    Annals of Applied Statistics 1(2)): somewhat too wide rather than too narrow. sizes: how many
    observations each value is the mean of, with subjects only; the mean is then over observations.

    The interval is the bootstrap's percentiles; for values that are all 0 or 1 it is
    `wilson_interval` at the effective sample size. Raises ValueError for no values or for labels
    of another number.
    """
    array = np.asarray(values, dtype=float)
    means = _resampled_means(array, groups, n, seed, subjects, sizes)
    mean = float(np.average(array, weights=sizes))
    if sizes is None and np.isin(array, (0.0, 1.0)).all():
        size = _effective_size(means, array, groups, subjects)
        return Estimate(mean, *wilson_interval(mean, size))
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(mean, float(low), float(high))


def paired_difference(
    a: Sequence[float],
    b: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    n: int = RESAMPLES,
    seed: int = 0,
    subjects: Sequence[Hashable] | None = None,
) -> Difference:
    """Mean of a - b over paired items, with interval and bootstrap p-value.

    a, b: results on the same items in the same order; groups, subjects: as in `bootstrap_mean`.
    The p-value is twice the share of resampled differences on the far side of zero, with the +1
    correction that keeps it above 0 (Davison & Hinkley 1997, eq. 4.11). Shares of right answers
    that never part have an interval as wide as Wilson's for 0 pairs that part. Raises ValueError
    where the lengths differ.
    """
    if len(a) != len(b):
        raise ValueError(f"paired_difference needs equal lengths, got {len(a)} and {len(b)}")
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    delta = first - second
    means = _resampled_means(delta, groups, n, seed, subjects)
    difference = float(delta.mean())
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    if (delta == delta[0]).all() and np.isin([first, second], (0.0, 1.0)).all():
        room = wilson_interval(0.0, _independent(delta, groups, subjects))[1]
        low, high = max(-1.0, difference - room), min(1.0, difference + room)
    tail = min(int((means <= 0).sum()), int((means >= 0).sum()))
    p_value = min(1.0, 2 * (tail + 1) / (means.size + 1))
    return Difference(difference, float(low), float(high), p_value)


def wilson_interval(share: float, size: float) -> tuple[float, float]:
    """Wilson's score interval of a share of `size` independent trials (JASA 22, 1927).

    It has width at 0 and at 1: 5 of 5 is [.566, 1].
    """
    spread = Z * math.sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
    middle, scale = share + Z**2 / (2 * size), 1 + Z**2 / size
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _effective_size(
    means: np.ndarray,
    values: np.ndarray,
    groups: Sequence[Hashable] | None,
    subjects: Sequence[Hashable] | None,
) -> float:
    """Independent trials that would spread a share as the bootstrap does: p (1 - p) / SE^2.

    Korn & Graubard 1998 (Survey Methodology 24); at a share of 0 or 1, which has no spread, as many
    as there are independent clusters.
    """
    share, variance = values.mean(), means.var()
    if variance == 0:
        return _independent(values, groups, subjects)
    return float(min(share * (1 - share) / variance, values.size))


def _independent(
    values: np.ndarray,
    groups: Sequence[Hashable] | None,
    subjects: Sequence[Hashable] | None,
) -> int:
    """Clusters of values that are independent of each other: subjects, else groups, else items."""
    labels = subjects if subjects is not None else groups
    return values.size if labels is None else len(set(labels))


def _resampled_means(
    values: np.ndarray,
    groups: Sequence[Hashable] | None,
    n: int,
    seed: int,
    subjects: Sequence[Hashable] | None,
    sizes: Sequence[float] | None = None,
) -> np.ndarray:
    """The mean of each of `n` resamples."""
    if values.size == 0:
        raise ValueError("a bootstrap needs at least one value")
    for labels, name in ((groups, "group"), (subjects, "subject")):
        if labels is not None and len(labels) != values.size:
            raise ValueError(f"{values.size} values but {len(labels)} {name} labels")
    rng = np.random.default_rng(seed)
    if groups is None:
        return values[rng.integers(0, values.size, (n, values.size))].mean(axis=1)
    if subjects is not None:
        return crossed_means(values, groups, subjects, n, rng, sizes)
    return two_stage_means(values, numbered(groups), n, rng)


def two_stage_means(
    values: np.ndarray, groups: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Means of `n` resamples: of groups, and inside each drawn one of as many items as it has.

    groups: their numbers, from 0. A group drawn twice brings items of its own each time. The time
    grows with the number of groups, not with its square.
    """
    sizes = np.bincount(groups)
    drawn = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=n)
    # a group of one item brings that item
    single = sizes == 1
    alone = np.bincount(groups, weights=values)[single]
    sums = drawn[:, single] @ alone
    # of a larger one, count how often each of its items is drawn
    order = np.argsort(groups, kind="stable")
    for group, items in enumerate(np.split(values[order], np.cumsum(sizes)[:-1])):
        if len(items) > 1:
            times = drawn[:, group] * len(items)
            sums += rng.multinomial(times, np.full(len(items), 1 / len(items))) @ items
    return sums / (drawn @ sizes)


def crossed_means(
    values: np.ndarray,
    groups: Sequence[Hashable],
    subjects: Sequence[Hashable],
    n: int,
    rng: np.random.Generator,
    sizes: Sequence[float] | None = None,
) -> np.ndarray:
    """Means of `n` pigeonhole resamples; those that drew no item at all are left out."""
    # 1. a table of seeds (rows) by subjects (columns): sum and number of the values in each cell
    rows, columns = numbered(groups), numbered(subjects)
    weights = np.ones(values.size) if sizes is None else np.asarray(sizes, dtype=float)
    shape = (rows.max() + 1, columns.max() + 1)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (rows, columns), values * weights)
    np.add.at(counts, (rows, columns), weights)
    # 2. how often each seed and, independently of it, each subject is drawn
    by_row = rng.multinomial(shape[0], np.full(shape[0], 1 / shape[0]), size=n)
    by_column = rng.multinomial(shape[1], np.full(shape[1], 1 / shape[1]), size=n)
    # 3. a cell counts as often as both say
    total = ((by_row @ sums) * by_column).sum(axis=1)
    weight = ((by_row @ counts) * by_column).sum(axis=1)
    return total[weight > 0] / weight[weight > 0]


def numbered(labels: Sequence[Hashable]) -> np.ndarray:
    """Labels as numbers from 0, in the order in which they first appear."""
    number = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    return np.array([number[label] for label in labels])
