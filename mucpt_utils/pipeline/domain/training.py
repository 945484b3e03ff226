"""Training of the domain classifier from labelled passages, so that it learns content, not style.

A passage has a group (a book, an article) and may have a source (a folder, an archive). Labels are
weighted by `prior` and, within each label, sources by the root of their size, so that a large one
does not define "music". The calibration is fitted on groups unseen by the regression. fastText is
judged on whole sources that it has not seen, if there are enough of them: its score stays only
if it still helps on text of another origin.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mucpt_utils.config.pipeline import ClassifierSettings
from mucpt_utils.errors import MuCPTError
from mucpt_utils.pipeline.domain.calibration import calibration_error, fit_platt, log_odds
from mucpt_utils.pipeline.domain.classifier import Classifier, read
from mucpt_utils.pipeline.domain.fasttext_model import FastText, fit_model, raw_scores
from mucpt_utils.pipeline.domain.features import Lexicon
from mucpt_utils.pipeline.domain.terms import load_terms, read_words

PENALTY = 0.03  # the inverse strength of the ridge penalty on the coefficients (scikit-learn's C)


class ExamplesError(MuCPTError, ValueError):
    """Labelled passages from which nothing can be learnt."""


class Example(NamedTuple):
    """A labelled passage; `group` (a book, a subject) never stands on both sides of a split.

    source: where the group comes from; empty if unknown.
    """

    text: str
    in_domain: bool
    group: str
    source: str = ""


class Trained(NamedTuple):
    """A classifier, and the probability of each example by models that had not seen its fold.

    The calibration is fitted on the scores of these models, so it has seen all examples.
    """

    classifier: Classifier
    held_out: np.ndarray


def train_classifier(
    labelled: Iterable[tuple],
    folder: Path,
    seed: int = 0,
    settings: ClassifierSettings | None = None,
) -> Trained:
    """Trains on all passages, calibrates on held-out ones, saves the classifier in `folder`.

    labelled: (text, in_domain, group) or (text, in_domain, group, source).
    Raises ExamplesError where a label is missing or has fewer than two groups.
    """
    settings = settings or ClassifierSettings()
    examples = [Example(*row) for row in labelled]
    check(examples)
    lexicon = Lexicon(tuple(load_terms(settings.names)))
    texts = [example.text for example in examples]
    reading = read(lexicon, texts)
    labels = np.array([example.in_domain for example in examples])
    weights = balanced_weights(examples, settings.prior)
    columns, model = reading.features, None
    if settings.fasttext:
        odds = fasttext_odds(texts, labels, source_folds(examples, settings.folds, seed), settings)
        columns, model = with_helpful(columns, odds, texts, labels, weights, settings, seed)
    # the calibration, on groups that the regression has not seen
    folds = group_folds(examples, settings.folds, seed)
    scores = held_out_scores(columns, labels, weights, folds)
    calibration = fit_platt(scores, labels, weights)
    coefficients, intercept = fit_regression(columns, labels, weights)
    size = len(lexicon.names)
    classifier = Classifier(
        lexicon,
        coefficients[:size],
        intercept,
        calibration,
        model,
        float(coefficients[size:].sum()),
    )
    trained = Trained(classifier, calibration.probability(scores))
    measured = held_out_measures(trained.held_out, labels)
    classifier.save(folder, settings=settings.model_dump(), held_out=measured)
    return trained


def check(examples: Sequence[Example]) -> None:
    """Raises ExamplesError where a label has fewer than two groups."""
    for label, name in ((True, "in-domain"), (False, "general")):
        groups = len({e.group for e in examples if e.in_domain is label})
        if groups < 2:
            raise ExamplesError(f"the classifier needs two groups of {name} text, got {groups}")


def balanced_weights(examples: Sequence[Example], prior: float) -> np.ndarray:
    """Weight of each example, with mean 1: labels by prior, within each sources by root of size.

    Without sources every group is one.
    """
    origins = [(e.in_domain, e.source or e.group) for e in examples]
    sizes = Counter(origins)
    weights = np.array([sizes[origin] ** -0.5 for origin in origins])
    labels = np.array([e.in_domain for e in examples])
    for label, share in ((True, prior), (False, 1 - prior)):
        weights[labels == label] *= share * len(examples) / weights[labels == label].sum()
    return weights


def group_folds(examples: Sequence[Example], count: int, seed: int) -> np.ndarray:
    """The fold of each example: of whole groups, with both labels outside of each fold.

    A group may have passages of both labels. Where folds drawn at random leave but one label
    outside, groups are dealt out in one row, in which those of each label are neighbours.
    """
    units, labels = [(e.in_domain, e.group) for e in examples], {e.in_domain for e in examples}
    folds = fold_numbers(units, count, seed)
    outside = [{u[0] for u, f in zip(units, folds, strict=True) if f != n} for n in set(folds)]
    if all(seen == labels for seen in outside):
        return folds
    of_label = [{group for label, group in units if label is of} for of in (True, False)]
    music, general = of_label
    row = [*sorted(music - general), *sorted(music & general), *sorted(general - music)]
    number = {group: place % count for place, group in enumerate(row)}
    return np.array([number[group] for _, group in units])


def source_folds(examples: Sequence[Example], count: int, seed: int) -> np.ndarray:
    """The fold of each example: of whole sources if both labels have two, else of whole groups."""
    sources = {(e.in_domain, e.source) for e in examples if e.source}
    many = all(sum(label is of for label, _ in sources) > 1 for of in (True, False))
    return fold_numbers(
        [(e.in_domain, e.source if many else e.group) for e in examples], count, seed
    )


def fold_numbers(units: Sequence[tuple[bool, str]], count: int, seed: int) -> np.ndarray:
    """The fold of each example by its label and unit; no unit is in two folds."""
    fold_of = assign_folds(units, count, seed)
    return np.array([fold_of[unit] for _, unit in units])


def assign_folds(units: Iterable[tuple[bool, str]], count: int, seed: int) -> dict[str, int]:
    """The fold of each unit: units in random order, dealt out label by label to mix the folds."""
    rng = np.random.default_rng(seed)
    label_of = {unit: in_domain for in_domain, unit in units}
    folds: dict[str, int] = {}
    for label in (True, False):
        names = sorted(unit for unit, in_domain in label_of.items() if in_domain is label)
        order = rng.permutation(len(names))
        folds |= {names[unit]: number % count for number, unit in enumerate(order)}
    return folds


def fasttext_odds(
    texts: Sequence[str], labels: np.ndarray, folds: np.ndarray, settings: ClassifierSettings
) -> np.ndarray:
    """fastText's log-odds of each text, by a model that never saw the text's fold."""
    odds = np.zeros(len(texts))
    for fold in np.unique(folds):
        here = folds == fold
        if len({*labels[~here].tolist()}) == 2:
            seen = [text for text, held in zip(texts, here, strict=True) if not held]
            held = [read_words(text) for text, held in zip(texts, here, strict=True) if held]
            model = fit_model(seen, labels[~here], settings, 0)
            odds[here] = log_odds(raw_scores(model, held))
    return odds


def with_helpful(
    features: np.ndarray,
    odds: np.ndarray,
    texts: Sequence[str],
    labels: np.ndarray,
    weights: np.ndarray,
    settings: ClassifierSettings,
    seed: int,
) -> tuple[np.ndarray, FastText | None]:
    """The features, with fastText's log-odds and its model of all texts if that helps.

    A coefficient of 0 or less shows that the score reflects the training text's style: no model.
    """
    columns = np.column_stack([features, odds])
    coefficients, _ = fit_regression(columns, labels, weights)
    if coefficients[-1] <= 0:
        return features, None
    return columns, fit_model(texts, labels, settings, seed)


def held_out_scores(
    columns: np.ndarray, labels: np.ndarray, weights: np.ndarray, folds: np.ndarray
) -> np.ndarray:
    """The regression's probability of each example, fitted without the example's fold."""
    scores = np.empty(len(labels))
    for fold in np.unique(folds):
        seen = folds != fold
        coefficients, intercept = fit_regression(columns[seen], labels[seen], weights[seen])
        scores[~seen] = 1 / (1 + np.exp(-(columns[~seen] @ coefficients + intercept)))
    return scores


def fit_regression(
    columns: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, float]:
    """Coefficients and intercept of a logistic regression with a ridge penalty."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=PENALTY, max_iter=5000).fit(columns, labels, weights)
    return fitted.coef_[0], float(fitted.intercept_[0])


def held_out_measures(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Average precision, calibration error and the share judged rightly at threshold .5."""
    from sklearn.metrics import average_precision_score

    return {
        "passages": len(labels),
        "average_precision": float(average_precision_score(labels, probabilities)),
        "calibration_error": calibration_error(probabilities, labels),
        "accuracy": float(((probabilities >= 0.5) == labels).mean()),
    }
