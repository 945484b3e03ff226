"""Intervals and paired tests. Groups (seeds) are resampled first, then the items inside them."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


class Estimate(NamedTuple):
    """A mean with its bootstrap interval."""

    mean: float
    low: float
    high: float


class Difference(NamedTuple):
    """A mean paired difference a - b with its bootstrap interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float


def bootstrap_mean(
    values: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    n: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Mean of `values` with a percentile bootstrap interval.

    values: one number an item. groups: one label an item (a seed, say); when given, groups are
    drawn with replacement and then items inside each drawn group (two-stage cluster bootstrap,
    Davison & Hinkley 1997, section 3.8), so that the spread between seeds counts.
    Raises ValueError for no values or for groups of another length.
    """
    means = _resampled_means(values, groups, n, seed)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(np.mean(np.asarray(values, dtype=float))), float(low), float(high))


def paired_difference(
    a: Sequence[float],
    b: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    n: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Mean of a - b over paired items, with interval and bootstrap p-value.

    a, b: results on the same items in the same order. The p-value is twice the share of
    resampled differences on the far side of zero, with the +1 correction that keeps it above 0
    (Davison & Hinkley 1997, eq. 4.11). Raises ValueError where the lengths differ.
    """
    if len(a) != len(b):
        raise ValueError(f"paired_difference needs equal lengths, got {len(a)} and {len(b)}")
    delta = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    means = _resampled_means(delta, groups, n, seed)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    tail = min(int((means <= 0).sum()), int((means >= 0).sum()))
    p_value = min(1.0, 2 * (tail + 1) / (n + 1))
    return Difference(float(delta.mean()), float(low), float(high), p_value)


def _resampled_means(
    values: Sequence[float], groups: Sequence[Hashable] | None, n: int, seed: int
) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.size == 0:
        raise ValueError("a bootstrap needs at least one value")
    rng = np.random.default_rng(seed)
    if groups is None:
        return array[rng.integers(0, array.size, (n, array.size))].mean(axis=1)
    if len(groups) != array.size:
        raise ValueError(f"{array.size} values but {len(groups)} group labels")
    members = [array[[g == key for g in groups]] for key in dict.fromkeys(groups)]
    sums, sizes = np.zeros(n), np.zeros(n)
    for drawn in rng.integers(0, len(members), (len(members), n)):
        for key, m in enumerate(members):
            # a group drawn twice brings items of its own each time
            rows = np.flatnonzero(drawn == key)
            sums[rows] += m[rng.integers(0, m.size, (rows.size, m.size))].sum(axis=1)
            sizes[rows] += m.size
    return sums / sizes
