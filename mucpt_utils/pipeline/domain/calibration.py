"""Probabilities that can serve as weights: Platt scaling, and measures of calibration.

A score that ranks well is not yet a probability. Platt scaling, fitted on documents of groups
(books, subjects) that the scoring model never saw, makes it one. In the fit every group has the
same weight: passages of one book err together, so a long book says no more about the next than a
short one.
"""

from typing import NamedTuple

import numpy as np

# scores closer to 0 or 1 than this carry no information, since fastText rounds its softmax
EDGE = 1e-5


class Calibration(NamedTuple):
    """Platt scaling of the log-odds: p = sigmoid(slope * logit(score) + intercept)."""

    slope: float
    intercept: float

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Calibrated probabilities for scores between 0 and 1 (any shape)."""
        from scipy.special import expit

        return expit(self.slope * log_odds(scores) + self.intercept)


def log_odds(scores: np.ndarray) -> np.ndarray:
    """The logit of scores between 0 and 1, bounded by that of EDGE on either side."""
    from scipy.special import logit

    return logit(np.clip(scores, EDGE, 1 - EDGE))


def fit_platt(
    scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> Calibration:
    """The slope and intercept that minimise the log loss, with Platt's smoothed targets.

    scores: between 0 and 1, of unseen examples; labels: truth; weights: of the examples (1 by
    default); all of shape (examples,).
    The probability refers to the mix of the two labels among the weighted examples.
    Source: Platt 1999, Probabilistic outputs for support vector machines, eq. (1) and 2.2.
    """
    from sklearn.linear_model import LogisticRegression

    odds = log_odds(scores)
    weights = np.ones(len(labels)) if weights is None else weights
    positives, negatives = weights[labels].sum(), weights[~labels].sum()
    target = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    # a target between 0 and 1 means the example twice: in the domain, weighted by the target, and
    # outside, weighted by the rest
    fitted = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(
        np.tile(odds, 2).reshape(-1, 1),
        np.repeat([1, 0], odds.size),
        np.concatenate([weights * target, weights * (1 - target)]),
    )
    return Calibration(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> list[dict]:
    """The reliability curve: by bin, mean probability, share in the domain, number of examples.

    A bin includes its lower end; bins without examples are left out. scikit-learn's
    `calibration_curve` puts an edge into the bin below and does not say how many examples each bin
    has, by which the calibration error is weighted.
    """
    bin_of = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        {
            "bin": b / bins,
            "probability": float(probabilities[bin_of == b].mean()),
            "in_domain": float(labels[bin_of == b].mean()),
            "n": int((bin_of == b).sum()),
        }
        for b in np.unique(bin_of).tolist()
    ]


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: mean |share - probability| over bins, weighted by their size.

    Source: Naeini, Cooper & Hauskrecht 2015, Obtaining well calibrated probabilities. scikit-learn
    has no such measure.
    """
    rows = reliability(probabilities, labels, bins)
    gaps = sum(row["n"] * abs(row["in_domain"] - row["probability"]) for row in rows)
    return float(gaps / len(labels))
