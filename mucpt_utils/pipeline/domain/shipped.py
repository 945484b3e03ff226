"""The classifier that comes with the package; its card is `data_cards/domain_classifier`."""

from functools import lru_cache
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.pipeline.domain.classifier import Classifier, Evidence, fingerprint

SHIPPED = paths.PACKAGE / "pipeline/domain/trained"


@lru_cache(maxsize=1)
def shipped_classifier() -> Classifier:
    """The shipped classifier, loaded once."""
    return Classifier.load(SHIPPED)


def evidence(text: str, classifier: Classifier | None = None) -> list[Evidence]:
    """(span, word, weight) of the words that moved the probability of a text, in order.

    classifier: the shipped one unless given.
    """
    return (classifier or shipped_classifier()).evidence(text)


def described(folder: Path) -> str:
    """A classifier's name and digest. Raises NoClassifier where there is none."""
    name = "shipped" if Path(folder) == SHIPPED else Path(folder).name
    return f"{name}, sha256 {fingerprint(folder)[:12]}"
