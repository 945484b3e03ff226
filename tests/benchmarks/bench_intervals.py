"""How often a 95 % interval holds the truth, on the skeleton of the study: 93 to 97 % is right.

    python tests/benchmarks/bench_intervals.py [--trials 300] [--answers FILE]

Simulates the difference of two arms over seeds crossed with subjects, with and without an effect,
for log-likelihood (skewed) and accuracy (right and wrong answers), where every question is asked at
every seed and where each seed's stratum is the other half of the subjects. Variance components are
those of paired differences in `laptop` and `confirmation`; `--answers` prints those of another
table. Beside the interval in use stands the pigeonhole bootstrap (Owen 2007), which it replaced.
Run by name, never by the suite.
"""

import argparse
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from mucpt_utils.analysis.items import items_of_answers
from mucpt_utils.report.table_files import read_table
from mucpt_utils.stats import paired_difference

SEEDS = (3, 4, 6, 8)
# subjects, and questions about each, from and to: two small worlds, a large one
SKELETONS = {"24 subjects": (24, 2, 3), "40 subjects": (40, 5, 10), "100 subjects": (100, 5, 11)}
# spread of log-likelihood differences in nats: seeds, subjects, questions, and what is left; the
# seeds' share is the largest that was seen (soft_surprise minus plain), and none
COMPONENTS = {"seeds alike": (0.0, 0.1, 0.1, 0.4), "seeds apart": (0.04, 0.1, 0.1, 0.4)}
SKEW = 1.5  # of what is left, to the side of the worse
EFFECTS = {"log-likelihood": (0.0, 0.2), "accuracy": (0.0, 0.08)}
LATENT = 0.3  # share of the variance of an answer's latent strength that is its question's
RESAMPLES = 300


class Skeleton(NamedTuple):
    """Which pairs of answers there are: seed, subject and question of each, as numbers."""

    seeds: np.ndarray
    subjects: np.ndarray
    questions: np.ndarray


def skeleton(subjects: int, least: int, most: int, seeds: int, halves: bool) -> Skeleton:
    """The pairs of a stratum; halves: each seed's is the half that the seed before it lacks."""
    sizes = np.random.default_rng(0).integers(least, most + 1, subjects)
    owners = np.repeat(np.arange(subjects), sizes)
    rows = [
        (seed, owner, question)
        for seed in range(seeds)
        for question, owner in enumerate(owners)
        if not halves or owner % 2 == seed % 2
    ]
    return Skeleton(*np.array(rows).T)


def spread_over(rng: np.random.Generator, labels: np.ndarray, sd: float) -> np.ndarray:
    """One normal value a label, for every pair."""
    return rng.normal(0, sd, labels.max() + 1)[labels]


def log_likelihoods(
    rng: np.random.Generator, pairs: Skeleton, sds: tuple[float, ...], effect: float
) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihoods under two arms whose mean difference is `effect`."""
    shape = 4 / SKEW**2  # of a gamma distribution with that skewness
    rest = (shape - rng.gamma(shape, 1, len(pairs.seeds))) / np.sqrt(shape) * sds[3]
    common = [spread_over(rng, labels, sd) for labels, sd in zip(pairs, sds, strict=False)]
    return effect + sum(common) + rest, np.zeros(len(pairs.seeds))


def answers(
    rng: np.random.Generator, pairs: Skeleton, sds: tuple[float, ...], effect: float
) -> tuple[np.ndarray, np.ndarray]:
    """Right and wrong answers of two arms, whose shares of right ones differ by `effect`."""
    base, arms = 0.3, []
    shared = spread_over(rng, pairs.questions, np.sqrt(LATENT / 2))
    for share in (base + effect, base):
        own = spread_over(rng, pairs.questions, np.sqrt(LATENT / 2))
        luck = spread_over(rng, pairs.seeds, sds[0])
        noise = rng.normal(0, np.sqrt(1 - LATENT - sds[0] ** 2), len(pairs.seeds))
        arms.append((shared + own + luck + noise < norm.ppf(share)).astype(float))
    return arms[0], arms[1]


def pigeonhole(rng: np.random.Generator, delta: np.ndarray, pairs: Skeleton) -> tuple:
    """Ends of the interval that resampling seeds and, crossed with them, subjects gives."""
    rows, columns = pairs.seeds, pairs.subjects
    shape = rows.max() + 1, columns.max() + 1
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (rows, columns), delta)
    np.add.at(counts, (rows, columns), 1)
    draws = [rng.multinomial(k, np.full(k, 1 / k), size=RESAMPLES) for k in shape]
    total, weight = (((draws[0] @ table) * draws[1]).sum(axis=1) for table in (sums, counts))
    return tuple(np.quantile(total[weight > 0] / weight[weight > 0], (0.025, 0.975)))


def coverage(make, pairs: Skeleton, sds: tuple, effect: float, trials: int) -> np.ndarray:
    """Share of trials that hold the truth, mean half-width: in use, then of the pigeonhole."""
    rng, found = np.random.default_rng(1), np.zeros((2, 2))
    for _ in range(trials):
        ours, theirs = make(rng, pairs, sds, effect)
        result = paired_difference(ours, theirs, pairs.seeds, pairs.subjects)
        ends = (result.low, result.high), pigeonhole(rng, ours - theirs, pairs)
        found += [[low <= effect <= high, (high - low) / 2] for low, high in ends]
    return found / trials


def print_components(path: Path) -> None:
    """Spreads of differences to plain in an answers.csv, by analysis of variance, arm by arm."""
    items = items_of_answers(read_table(path.parent, path.stem))
    items = items[items["stratum"] == "all"]
    plain = items[items["arm"] == "plain"]
    for (arm, metric), ours in items.groupby(["arm", "metric"], sort=False):
        both = ours.merge(plain, on=["seed", "item", "metric"], suffixes=("", "_plain"))
        both["difference"] = both["value"] - both["value_plain"]
        table = both.pivot(index="item", columns="seed", values="difference").dropna().to_numpy()
        questions, seeds = table.shape
        if arm in ("plain", "base") or seeds < 2:
            continue
        mean = table.mean()
        rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + mean
        left = (rest**2).sum() / ((questions - 1) * (seeds - 1))
        of_seeds = table.mean(axis=0).var(ddof=1) - left / questions
        of_items = table.mean(axis=1).var(ddof=1) - left / seeds
        print(
            f"{arm:20} {metric:15} seeds {max(of_seeds, 0) ** 0.5:.3f}, "
            f"questions {max(of_items, 0) ** 0.5:.3f}, rest {left**0.5:.3f}"
        )


def main() -> None:
    """Print a table: skeleton, seeds, spreads, measure, effect; coverage and half-width of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--answers", type=Path, help="an answers.csv to estimate spreads from")
    options = parser.parse_args()
    if options.answers:
        print_components(options.answers)
        return
    makers = {"log-likelihood": log_likelihoods, "accuracy": answers}
    print("coverage and half-width: clustered, pigeonhole")
    for (name, size), seeds, halves in product(SKELETONS.items(), SEEDS, (False, True)):
        pairs = skeleton(*size, seeds, halves)
        for (spreads, sds), (measure, make) in product(COMPONENTS.items(), makers.items()):
            for effect in EFFECTS[measure]:
                ours, theirs = coverage(make, pairs, sds, effect, options.trials)
                where = f"{name}, {seeds} seeds, {'halves' if halves else 'all'}, {spreads}"
                numbers = ", ".join(f"{holds:.3f} {half:.3f}" for holds, half in (ours, theirs))
                print(f"{where}, {measure}, effect {effect:g}: {numbers}", flush=True)


if __name__ == "__main__":
    main()
