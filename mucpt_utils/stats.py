"""Intervals and paired tests over two crossed ways of clustering: groups (seeds) and subjects.

Every seed is asked about the same subjects, so two answers may be correlated because they share a
run or because they share a subject. The variance of a mean is that of two-way clustering
(Cameron, Gelbach & Miller 2011, Journal of Business & Economic Statistics 29(2)),

    V = V_subjects + max(V_groups - V_cells, 0),

with a quantile of Student's t whose degrees of freedom combine both parts (Satterthwaite 1946).
How often such intervals cover the truth in data laid out as this study's are, and how resampling
seeds and subjects (the pigeonhole bootstrap) does, tests/benchmarks/bench_intervals.py simulates.

Shares of right answers get Wilson's score interval at the number of independent trials that would
spread as much: answers that are all right, or all wrong, show no spread of their own.
"""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit  # scipy.stats takes a second to import

LEVEL = 0.95
POWER = 0.8  # the power at which the minimum detectable effect is found
Z = 1.959963984540054  # the normal distribution's (1 + LEVEL) / 2 quantile

Labels = Sequence[Hashable] | None


class Estimate(NamedTuple):
    """A mean with its interval."""

    mean: float
    low: float
    high: float


class Difference(NamedTuple):
    """A mean paired difference a - b: interval, two-sided p-value, minimum detectable effect."""

    difference: float
    low: float
    high: float
    p_value: float
    mde: float


class Spread(NamedTuple):
    """How far a mean may lie from the truth: its variance and the degrees of freedom of that."""

    variance: float
    freedom: float

    @property
    def error(self) -> float:
        """The standard error."""
        return math.sqrt(self.variance)

    def quantile(self, share: float) -> float:
        """Student's t quantile at the degrees of freedom."""
        return float(stdtrit(self.freedom, share))


def clustered_mean(
    values: Sequence[float],
    groups: Labels = None,
    subjects: Labels = None,
    sizes: Sequence[float] | None = None,
) -> Estimate:
    """Mean of `values` with a 95 % interval.

    values: one number per item. groups, subjects: one label per item each; items of one group, or
    of one subject, may be correlated. Without labels, items are independent. sizes: how many
    observations each value is the mean of; the mean is then over observations.

    For values that are all 0 or 1 the interval is `wilson_interval` at the effective sample size.
    A single cluster shows no spread: the interval is then NaN, or for values of 0 and 1 that of a
    single trial. Raises ValueError for no values, or if there are more or fewer labels than values.
    """
    array = np.asarray(values, dtype=float)
    spread = spread_of_mean(array, groups, subjects, sizes)
    mean = float(np.average(array, weights=sizes))
    if sizes is None and np.isin(array, (0.0, 1.0)).all():
        return Estimate(mean, *share_interval(mean, spread, independent(array, groups, subjects)))
    half = spread.quantile((1 + LEVEL) / 2) * spread.error
    return Estimate(mean, mean - half, mean + half)


def paired_difference(
    a: Sequence[float], b: Sequence[float], groups: Labels = None, subjects: Labels = None
) -> Difference:
    """Mean of a - b over paired items, with interval, p-value and minimum detectable effect.

    a, b: results on the same items in the same order; groups, subjects: as in `clustered_mean`. The
    effect is what a test at level .05 detects with power .8 (Bloom 1995, Evaluation Review 19(5)).
    Where two sets of graded answers never differ, the interval is as wide as Wilson's for 0 pairs
    that differ. Raises ValueError if the lengths differ.
    """
    if len(a) != len(b):
        raise ValueError(f"paired_difference needs equal lengths, got {len(a)} and {len(b)}")
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    delta = first - second
    spread = spread_of_mean(delta, groups, subjects)
    difference, quantile = float(delta.mean()), spread.quantile((1 + LEVEL) / 2)
    mde = (quantile + spread.quantile(POWER)) * spread.error
    if (delta == delta[0]).all() and np.isin([first, second], (0.0, 1.0)).all():
        room = wilson_interval(0.0, independent(delta, groups, subjects))[1]
        low, high = max(-1.0, difference - room), min(1.0, difference + room)
        # all pairs that differ do so in the same direction: p of the exact sign test
        p_value = 1.0 if difference == 0 else 2 * 0.5 ** independent(delta, groups, subjects)
        return Difference(difference, low, high, p_value, room)
    half = quantile * spread.error
    p_value = p_of(difference, spread)
    return Difference(difference, difference - half, difference + half, p_value, mde)


def p_of(difference: float, spread: Spread) -> float:
    """Two-sided p-value under no difference; without any spread, 1 for zero and 0 otherwise."""
    if spread.variance == 0:
        return float(difference == 0)
    return float(2 * stdtr(spread.freedom, -abs(difference) / spread.error))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for multiple tests (Holm 1979, Scandinavian Journal of Statistics 6(2)).

    The smallest is multiplied by their number, the next by one less, and so on; none falls below
    the one before it. NaN stays NaN and does not count.
    """
    values = np.asarray(p_values, dtype=float)
    order = [int(i) for i in np.argsort(values, kind="stable") if not np.isnan(values[i])]
    adjusted, largest = values.copy(), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, (len(order) - rank) * values[index])
        adjusted[index] = min(1.0, largest)
    return adjusted.tolist()


def wilson_interval(share: float, size: float, quantile: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a share of `size` independent trials (JASA 22, 1927).

    It does not shrink to a point at shares of 0 and 1: 5 of 5 gives [.566, 1].
    """
    spread = quantile * math.sqrt(share * (1 - share) / size + quantile**2 / (4 * size**2))
    middle, scale = share + quantile**2 / (2 * size), 1 + quantile**2 / size
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def share_interval(share: float, spread: Spread, clusters: int) -> tuple[float, float]:
    """Wilson's interval at the effective sample size, p (1 - p) / V.

    Korn & Graubard 1998 (Survey Methodology 24); unlike theirs it is not limited to the number of
    values, which it exceeds where these spread less than independent ones would. A share that shows
    no spread counts as many trials as there are independent clusters.
    """
    if not spread.variance > 0:
        return wilson_interval(share, clusters)
    size = share * (1 - share) / spread.variance
    return wilson_interval(share, size, spread.quantile((1 + LEVEL) / 2))


def independent(values: np.ndarray, groups: Labels, subjects: Labels) -> int:
    """The number of independent clusters: subjects if given, else groups, else items."""
    labels = subjects if subjects is not None else groups
    return values.size if labels is None else len(set(labels))


def spread_of_mean(
    values: np.ndarray,
    groups: Labels = None,
    subjects: Labels = None,
    sizes: Sequence[float] | None = None,
) -> Spread:
    """Variance of the mean of `values`, and its degrees of freedom; see `clustered_mean`."""
    if values.size == 0:
        raise ValueError("a mean needs at least one value")
    for labels, name in ((groups, "group"), (subjects, "subject")):
        if labels is not None and len(labels) != values.size:
            raise ValueError(f"{values.size} values but {len(labels)} {name} labels")
    # 1. what each item adds to the mean's distance from the truth
    weights = np.ones(values.size) if sizes is None else np.asarray(sizes, dtype=float)
    parts = weights * (values - np.average(values, weights=weights)) / weights.sum()
    parts[np.abs(parts) < 1e-12 * np.abs(values).max(initial=0)] = 0.0  # equal up to rounding
    # 2. one way of clustering, or none: the other has a single cluster or is not given
    ways = [numbered(way) for way in (subjects, groups) if way is not None]
    if not ways:
        return one_way(parts, np.arange(values.size))
    ways = [way for way in ways if way.max() > 0] or ways[:1]
    if len(ways) < 2:
        return one_way(parts, ways[0])
    # 3. two ways: the groups count as far as they vary more than their cells make them
    by_subject, by_group = (one_way(parts, way) for way in ways)
    cells = one_way(parts, crossed(*ways))
    extra = max(by_group.variance - cells.variance, 0.0)
    # 4. degrees of freedom: the groups' own variance is known as badly as there are few of them
    doubt = by_subject.variance**2 / by_subject.freedom
    doubt += by_group.variance**2 / by_group.freedom if extra else 0.0
    variance = by_subject.variance + extra
    return Spread(variance, variance**2 / doubt if doubt else by_subject.freedom)


def half_widths(
    values: np.ndarray, groups: Sequence[Hashable], subjects: Sequence[Hashable]
) -> tuple[float, float]:
    """Half-width of a mean's 95 % interval, now and in the limit of many more groups.

    The part that belongs to a group, or to its answers about one subject, averages out over groups;
    that of the subjects does not. By moments, with G groups per subject on average: the expected
    V_subjects is the subjects' own part + that of cells, and V_cells is 1/G of the first + the
    second, so the first is (V_subjects - V_cells) G / (G - 1). NaN where no subject has two groups.
    """
    spread = spread_of_mean(values, groups, subjects)
    half = spread.quantile((1 + LEVEL) / 2) * spread.error
    parts, own, others = (
        (values - values.mean()) / values.size,
        numbered(subjects),
        numbered(groups),
    )
    cells = crossed(own, others)
    by_subject, by_cell = one_way(parts, own), one_way(parts, cells)
    per_subject = np.unique(cells).size / (own.max() + 1)
    if per_subject <= 1:
        return half, math.nan
    variance = max(by_subject.variance - by_cell.variance, 0.0) * per_subject / (per_subject - 1)
    left = Spread(variance, by_subject.freedom)
    return half, left.quantile((1 + LEVEL) / 2) * left.error


def crossed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cell of each item under two ways of clustering, as a number."""
    return one * (other.max() + 1) + other


def one_way(parts: np.ndarray, labels: np.ndarray) -> Spread:
    """Variance of a mean whose items are clustered in one way.

    parts: what each item adds to the distance from the truth; their sums over clusters are squared,
    with k / (k - 1) for k clusters. A single cluster gives NaN.
    """
    _, index = np.unique(labels, return_inverse=True)
    sums = np.bincount(index, weights=parts)
    clusters = sums.size
    if clusters < 2:
        return Spread(math.nan, math.nan)
    return Spread(float((sums**2).sum() * clusters / (clusters - 1)), clusters - 1.0)


def numbered(labels: Sequence[Hashable]) -> np.ndarray:
    """Labels as numbers from 0, in the order in which they first appear."""
    objects = np.empty(len(labels), object)
    objects[:] = list(labels)
    return pd.factorize(objects)[0]
