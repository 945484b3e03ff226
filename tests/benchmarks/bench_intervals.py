"""How often a 95 % interval leaves out the truth, by the bootstrap and the spread between seeds.

    python tests/benchmarks/bench_intervals.py [--trials 400]

Simulates paired differences with no effect: `questions` items asked at every seed, a spread that
belongs to the question, one that belongs to the seed, and noise. Run by name, never by the suite.
"""

import argparse
from itertools import product

import numpy as np

from mucpt_utils.stats import bootstrap_mean

QUESTIONS, NOISE = 60, 0.55


def misses(seeds: int, of_question: float, of_seed: float, trials: int) -> tuple[float, float]:
    """Share of intervals that leave out a true zero: two-stage, crossed."""
    rng = np.random.default_rng(0)
    groups = np.repeat(range(seeds), QUESTIONS).tolist()
    questions = np.tile(range(QUESTIONS), seeds).tolist()
    missed = np.zeros(2)
    for trial in range(trials):
        table = rng.normal(0, NOISE, (seeds, QUESTIONS))
        table += rng.normal(0, of_question, (1, QUESTIONS)) + rng.normal(0, of_seed, (seeds, 1))
        for place, subjects in enumerate((None, questions)):
            found = bootstrap_mean(table.ravel(), groups, 300, trial, subjects)
            missed[place] += not found.low <= 0 <= found.high
    return tuple(missed / trials)


def main() -> None:
    """Print a table: seeds, spreads, misses of each bootstrap."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=400)
    trials = parser.parse_args().trials
    print("seeds  question sd  seed sd  two-stage  crossed   (0.05 is right)")
    for seeds, of_question, of_seed in product((3, 5), (0.0, 0.3), (0.0, 0.03, 0.08)):
        two_stage, crossed = misses(seeds, of_question, of_seed, trials)
        print(f"{seeds:5} {of_question:12} {of_seed:8} {two_stage:10.3f} {crossed:8.3f}")


if __name__ == "__main__":
    main()
