"""The domain classifier: fastText, with a calibrated probability that filters and weighs.

fastText's own probability is overconfident, so a Platt scaling fitted on documents of groups
(books, subjects) that the scoring model never saw turns it into one that can be used as a weight.
Every group counts alike in it: passages of one book err together, so a long book is no more
evidence about the next book than a short one.
One thread and a fixed seed make training repeat to the byte. The model is fastText's binary
format, the calibration JSON: nothing is unpickled.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import fasttext
import numpy as np
from datatrove.data import Document
from datatrove.pipeline.filters import FastTextClassifierFilter

from mucpt_utils.config.pipeline import ClassifierSettings
from mucpt_utils.errors import MuCPTError, OutsideError
from mucpt_utils.io import read_json, write_json

IN_DOMAIN, GENERAL = "__label__in_domain", "__label__general"
MODEL_FILE, CALIBRATION_FILE = "domain.bin", "calibration.json"
# fastText rounds its softmax: probabilities closer to 0 or 1 than this carry no information
EDGE = 1e-5
REJECTED = "off domain"


class NoClassifier(MuCPTError, FileNotFoundError):
    """A folder that does not hold a trained classifier."""


class ExamplesError(MuCPTError, ValueError):
    """Labelled passages that nothing can be learnt from."""


class FastTextFailed(OutsideError, RuntimeError):
    """A training of fastText that broke off."""


class Example(NamedTuple):
    """A labelled passage; `group` (a book, a subject) never stands on both sides of a split."""

    text: str
    in_domain: bool
    group: str


class Calibration(NamedTuple):
    """Platt scaling of the log-odds: p = sigmoid(slope * logit(score) + intercept)."""

    slope: float
    intercept: float

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Calibrated probabilities for fastText's in-domain probabilities (any shape)."""
        from scipy.special import expit, logit

        odds = logit(np.clip(scores, EDGE, 1 - EDGE))
        return expit(self.slope * odds + self.intercept)


@dataclass(frozen=True)
class Classifier:
    """A trained fastText model and its calibration."""

    model: "fasttext.FastText._FastText"
    calibration: Calibration

    @classmethod
    def load(cls, folder: Path) -> "Classifier":
        """Loads what `train_classifier` saved. Raises NoClassifier that names what is missing."""
        model, calibration = saved_files(folder)
        fitted = read_json(calibration)
        return cls(
            fasttext.FastText._FastText(str(model)),
            Calibration(fitted["slope"], fitted["intercept"]),
        )

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Calibrated probability of being in the domain, one a text."""
        return self.calibration.probability(raw_scores(self.model, texts))


def train_classifier(
    labelled: Iterable[tuple[str, bool, str]],
    folder: Path,
    seed: int = 0,
    settings: ClassifierSettings | None = None,
) -> Classifier:
    """Trains on all passages, calibrates on held-out groups, saves both in `folder`.

    labelled: (text, in_domain, group), the group being a book or a subject.

    The calibration is fitted on scores of `folds` models, each scoring groups it has not seen.
    Raises ExamplesError where a label is missing or has fewer than two groups.
    """
    settings = settings or ClassifierSettings()
    examples = [Example(*row) for row in labelled]
    for label, name in ((True, "in-domain"), (False, "general")):
        groups = len({e.group for e in examples if e.in_domain is label})
        if groups < 2:
            raise ExamplesError(f"the classifier needs two groups of {name} text, got {groups}")
    scores = held_out_scores(examples, settings, seed)
    labels = np.array([e.in_domain for e in examples])
    calibration = fit_platt(scores, labels, group_weights(examples))
    model = fit_model(examples, settings, seed)
    Path(folder).mkdir(parents=True, exist_ok=True)
    model.save_model(str(Path(folder) / MODEL_FILE))
    record = calibration._asdict() | {"settings": settings.model_dump()}
    write_json(Path(folder) / CALIBRATION_FILE, record)
    return Classifier(model, calibration)


def saved_files(folder: Path) -> tuple[Path, Path]:
    """The model and the calibration of a folder. Raises NoClassifier that names a missing one."""
    model, calibration = Path(folder) / MODEL_FILE, Path(folder) / CALIBRATION_FILE
    for path in (model, calibration):
        if not path.is_file():
            raise NoClassifier(f"no domain classifier in {folder}: {path.name} is missing")
    return model, calibration


def fingerprint(folder: Path) -> str:
    """SHA-256 of a saved classifier. Raises NoClassifier where there is none."""
    total = hashlib.sha256()
    for path in saved_files(folder):
        total.update(path.read_bytes())
    return total.hexdigest()


# --- fastText -----------------------------------------------------------------------------------

TRAIN = (
    "import fasttext, json, sys;"
    "fasttext.train_supervised(**json.loads(sys.argv[1])).save_model(sys.argv[2])"
)
# With fewer than ten threads fastText 0.9.2 draws only the first tenths of its word vectors and
# leaves the others as the allocator hands them over. In a process that has freed memory before
# that is garbage: training ends in NaN or differs from run to run. glibc fills what it hands out
# with the complement of this byte, 0; its thread cache would not.
ZEROED_MEMORY = "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0"


def fit_model(
    examples: Sequence[Example], settings: ClassifierSettings, seed: int
) -> "fasttext.FastText._FastText":
    """A fastText model of the examples, balanced by repeating the rarer label's passages.

    Trained in a process of its own, in which all memory starts as zero. Raises FastTextFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        lines, model = Path(folder) / "lines.txt", Path(folder) / MODEL_FILE
        with lines.open("w", encoding="utf-8") as file:
            file.writelines(training_lines(examples, seed))
        options = {
            "input": str(lines),
            "dim": settings.dimensions,
            "epoch": settings.epochs,
            "lr": settings.learning_rate,
            "wordNgrams": settings.word_ngrams,
            "minCount": settings.min_count,
            "bucket": settings.buckets,
            "thread": 1,
            "seed": seed,
            "verbose": 0,
        }
        environment = os.environ | {"GLIBC_TUNABLES": ZEROED_MEMORY}
        command = [sys.executable, "-c", TRAIN, json.dumps(options), str(model)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FastTextFailed(f"fastText failed: {done.stderr.strip().splitlines()[-1]}")
        return fasttext.FastText._FastText(str(model))


def training_lines(examples: Sequence[Example], seed: int) -> Iterator[str]:
    """fastText's input in random order: it learns online, and labels in blocks make it diverge."""
    rng = np.random.default_rng(seed)
    in_domain = np.array([e.in_domain for e in examples])
    rows = [np.flatnonzero(in_domain), np.flatnonzero(~in_domain)]
    largest = max(map(len, rows))
    # np.resize repeats the passages of the rarer label from the first on
    balanced = np.concatenate([np.resize(rng.permutation(r), largest) for r in rows])
    for row in rng.permutation(balanced):
        label = IN_DOMAIN if examples[row].in_domain else GENERAL
        yield f"{label} {features(examples[row].text)}\n"


def held_out_scores(
    examples: Sequence[Example], settings: ClassifierSettings, seed: int
) -> np.ndarray:
    """fastText's in-domain probability of each example, by a model that never saw its group."""
    fold_of = assign_folds(examples, settings.folds, seed)
    scores = np.empty(len(examples))
    for fold in range(settings.folds):
        held_out = np.array([fold_of[e.group] == fold for e in examples])
        if held_out.any():
            seen = [e for e, held in zip(examples, held_out, strict=True) if not held]
            texts = [e.text for e, held in zip(examples, held_out, strict=True) if held]
            scores[held_out] = raw_scores(fit_model(seen, settings, seed), texts)
    return scores


def assign_folds(examples: Sequence[Example], count: int, seed: int) -> dict[str, int]:
    """Fold by group: groups in random order, dealt out label by label so that folds are mixed."""
    rng = np.random.default_rng(seed)
    label_of = {e.group: e.in_domain for e in examples}
    folds: dict[str, int] = {}
    for label in (True, False):
        groups = sorted(g for g, in_domain in label_of.items() if in_domain is label)
        order = rng.permutation(len(groups))
        folds |= {groups[g]: number % count for number, g in enumerate(order)}
    return folds


# --- what it reads ------------------------------------------------------------------------------

# ASCII as the classifier reads it: letters in lower case, digits as 0, the rest as spaces
ASCII = bytes(
    ord(c.lower()) if c.isalpha() else ord("0") if c.isdigit() else ord(" ")
    for c in map(chr, range(128))
)
PLAIN_BYTES = ASCII + bytes(range(128, 256))
ASCII_BYTES = bytes(range(128))


def features(text: str) -> str:
    """What the classifier reads: words in lower case letter by letter, digits as 0, no signs."""
    return " ".join(feature_line(text).decode().split())


def feature_line(text: str) -> bytes:
    """The words of `features` in UTF-8, between spaces, with the line end that fastText needs.

    Works on bytes, which takes a tenth of the time of looking for the words.
    """
    raw = text.encode()
    if not text.isascii():
        for character in set(raw.translate(None, ASCII_BYTES).decode()):
            raw = raw.replace(*beyond_ascii(character))
    return raw.translate(PLAIN_BYTES).replace(b"0", b" 0 ") + b"\n"


@lru_cache(maxsize=10_000)
def beyond_ascii(character: str) -> tuple[bytes, bytes]:
    """A character beyond ASCII, and what is read in its place: its lower case, 0, or a space."""
    signs = ("0" if c.isdecimal() else c if c.isalnum() else " " for c in character.lower())
    return character.encode(), "".join(signs).encode()


def raw_scores(model: "fasttext.FastText._FastText", texts: Sequence[str]) -> np.ndarray:
    """fastText's probability of the in-domain label, one a text, in [0, 1]."""
    # past the wrapper, which turns every score into an array of its own
    predict = model.f.predict
    predictions = (predict(feature_line(text), 2, 0.0, "strict") for text in texts)
    scores = [next((p for p, label in two if label == IN_DOMAIN), 0.0) for two in predictions]
    return np.clip(np.array(scores, dtype=float), 0, 1)


# --- calibration --------------------------------------------------------------------------------


def group_weights(examples: Sequence[Example]) -> np.ndarray:
    """Weight of each example, of mean 1, such that every group weighs the same in total."""
    sizes = Counter(e.group for e in examples)
    return np.array([len(examples) / len(sizes) / sizes[e.group] for e in examples])


def fit_platt(
    scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> Calibration:
    """Slope and intercept of least log loss, with Platt's smoothed targets.

    scores: fastText probabilities of unseen examples; labels: truth; weights: what each counts (1
    by default); all of shape (examples,).
    The probability is that of the weighted examples' own mix of the two labels.
    Source: Platt 1999, Probabilistic outputs for support vector machines, eq. (1) and 2.2.
    scikit-learn has the same loss (CalibratedClassifierCV; a test compares). Its optimiser moves a
    calibration by some 1e-5, and with it every table made of one, so it is not used yet. Known
    fault: where the intercept is far from 0, this simplex can stop short of the optimum.
    """
    from scipy.optimize import minimize
    from scipy.special import logit

    odds = logit(np.clip(scores, EDGE, 1 - EDGE))
    weights = np.ones(len(labels)) if weights is None else weights
    positives, negatives = weights[labels].sum(), weights[~labels].sum()
    target = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(parameters: np.ndarray) -> float:
        z = parameters[0] * odds + parameters[1]
        return float(np.average(np.logaddexp(0, z) - target * z, weights=weights))

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return Calibration(float(slope), float(intercept))


# --- in the pipeline ----------------------------------------------------------------------------


class DomainFilter(FastTextClassifierFilter):
    """datatrove's fastText filter, on the calibrated probability instead of the raw score.

    threshold: documents below it are dropped; None drops nothing. weigh: whether the probability
    becomes `metadata.weight`.
    """

    name = "🎼 domain classifier"

    def __init__(self, folder: Path, threshold: float | None, weigh: bool) -> None:
        super().__init__(str(Path(folder) / MODEL_FILE), save_labels_in_metadata=False)
        self.batch_size = 256
        self.folder, self.threshold, self.weigh = Path(folder), threshold, weigh
        self._classifier: Classifier | None = None

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        if self._classifier is None:
            self._classifier = Classifier.load(self.folder)
        probabilities = self._classifier.probabilities([document.text for document in batch])
        verdicts: list[bool | tuple[bool, str]] = []
        for document, exact in zip(batch, probabilities.tolist(), strict=True):
            probability = round(exact, 4)
            if self.threshold is not None and probability < self.threshold:
                document.metadata["filter_detail"] = {"probability": probability}
                verdicts.append((False, REJECTED))
                continue
            if self.weigh:
                document.metadata["weight"] = probability
            verdicts.append(True)
        return verdicts

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        return self.filter_batch([doc])[0]


# --- how good it is -----------------------------------------------------------------------------


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> list[dict]:
    """The reliability curve: by bin, mean probability, share in the domain, number of examples.

    A bin holds its lower end; bins without an example are left out. scikit-learn's
    `calibration_curve` puts an edge into the bin below and does not say how many examples a bin
    has, which the calibration error weighs by.
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
    """Expected calibration error: mean |share - probability| over bins, weighed by their size.

    Source: Naeini, Cooper & Hauskrecht 2015, Obtaining well calibrated probabilities. scikit-learn
    has no such measure.
    """
    rows = reliability(probabilities, labels, bins)
    gaps = sum(row["n"] * abs(row["in_domain"] - row["probability"]) for row in rows)
    return float(gaps / len(labels))
