"""The weights of the grader's evidence, fitted on labelled replies.

    python tests/benchmarks/fit_evidence.py [--folds 5]

Run by name, never by the test suite. A conditional logit: in each labelled reply that holds the key
and another answer, the key is the one given where the label is `correct`, another one where it is
`incorrect`. Prints the weights to write into `mucpt_utils/musicsimpleqa/grader/evidence.yaml`, and
how often the strongest answer is the labelled one, in the fit and in replies left out of it.
"""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from mucpt_utils import paths
from mucpt_utils.musicsimpleqa.agreement import CASES, load_cases
from mucpt_utils.musicsimpleqa.grader import evidence
from mucpt_utils.musicsimpleqa.grader.commitment import committed
from mucpt_utils.musicsimpleqa.grader.evidence import Evidence
from mucpt_utils.musicsimpleqa.grader.rules import K

LABELLED = paths.ROOT / "data_cards/musicsimpleqa/labelled"
RIDGE = 1.0
# what the labelled replies are too few to tell: the weights are drawn towards these, else towards 0
EXPECTED = {
    **{"asked part": 1.0, "other part": -1.5, "asked label": 1.5, "other label": -1.0},
    **{"asked back": -1.0, "affirmed": 1.0, "hung on another": -1.0},
    **{"subject elsewhere": -1.0, "opens alone": 0.5, "another thing": -1.8},
    **{"paired": 0.8, "unpaired": -0.6, "no such place": -1.2},
}


class Choice(NamedTuple):
    """The answers of a reply: what is observed of each, which are the key, and the label."""

    seen: list[dict[str, float]]
    is_key: np.ndarray
    right: bool


def choices(cases: Sequence[dict]) -> list[Choice]:
    """The replies among labelled cases that hold the key and another answer."""
    collected: list[Choice] = []
    original, current = Evidence.strongest, {}

    def noted(self: Evidence):
        answers = list(self.answers())
        is_key = np.array([clause.text[at] == K for clause, at in answers])
        if is_key.any() and not is_key.all():
            seen = [self.observed(clause, at) for clause, at in answers]
            collected.append(Choice(seen, is_key, current["label"] == "correct"))
        return original(self)

    Evidence.strongest = noted
    try:
        for case in cases:
            current["label"] = case["grade"]
            before = len(collected)
            outcome = committed(case["response"], case)
            several = outcome.state != "one answer" and case["grade"] == "incorrect"
            if case["grade"] == "not_attempted" or several:
                del collected[before:]
    finally:
        Evidence.strongest = original
    return collected


def matrix(choice: Choice, names: Sequence[str]) -> np.ndarray:
    """Observations as rows of numbers (answers x names)."""
    return np.array([[seen.get(name, 0.0) for name in names] for seen in choice.seen])


def fitted(rows: Sequence[tuple[np.ndarray, np.ndarray, bool]], expected: np.ndarray) -> np.ndarray:
    """The weights under which the labels are likeliest, with a ridge around the expected ones."""

    def loss(weights: np.ndarray) -> float:
        total = RIDGE * float(((weights - expected) ** 2).sum())
        for seen, is_key, right in rows:
            scores = seen @ weights
            odds = np.exp(scores - scores.max())
            share = float(odds[is_key].sum() / odds.sum())
            total -= np.log(np.clip(share if right else 1 - share, 1e-9, 1))
        return total

    return minimize(loss, expected, method="L-BFGS-B").x


def accuracy(weights: np.ndarray, rows: Sequence[tuple[np.ndarray, np.ndarray, bool]]) -> float:
    """The share of replies in which the strongest answer is the key where it should be."""
    return float(np.mean([is_key[(s @ weights).argmax()] == right for s, is_key, right in rows]))


def main() -> None:
    """Fit, print the weights and the two shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    folds = parser.parse_args().folds
    files = [CASES, *sorted(LABELLED.glob("*.jsonl"))]
    found = choices(
        [case for path in files for case in load_cases(path) if not case.get("held_out")]
    )
    names = sorted({name for choice in found for seen in choice.seen for name in seen})
    rows = [(matrix(choice, names), choice.is_key, choice.right) for choice in found]
    order = np.random.default_rng(0).permutation(len(rows))
    expected = np.array([EXPECTED.get(name, 0.0) for name in names])
    left_out = []
    for fold in range(folds):
        outside = [rows[i] for i in order if i % folds != fold]
        left_out.append(
            accuracy(fitted(outside, expected), [rows[i] for i in order if i % folds == fold])
        )
    weights = fitted(rows, expected)
    print("weights:")
    for name, weight in sorted(zip(names, weights, strict=True), key=lambda pair: -pair[1]):
        print(f"  {name}: {weight:.2f}")
    print(f"# {len(rows)} replies with several answers: {accuracy(weights, rows):.3f} in the fit, ")
    print(f"# {np.mean(left_out):.3f} in replies left out; {len(evidence.PARTS)} parts")


if __name__ == "__main__":
    main()
