"""The domain classifier: how surely is a document about music, and which words say so?

Logistic regression on a few features of content (`features`) and, where it was trained with
one, on the log-odds of a fastText model (`fasttext_model`); then Platt scaling (`calibration`). It
is linear in what it reads, so the effect of each word on the probability is known. It is saved as
tables of terms and coefficients and in fastText's binary format: nothing is unpickled.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import FileError, read_json, read_jsonl, write_json, write_jsonl
from mucpt_utils.pipeline.domain.calibration import Calibration, log_odds
from mucpt_utils.pipeline.domain.fasttext_model import (
    MODEL_FILE,
    FastText,
    load_model,
    raw_scores,
    word_scores,
)
from mucpt_utils.pipeline.domain.features import Lexicon
from mucpt_utils.pipeline.domain.terms import Term, Tokens, read_words

RECORD_FILE, TERMS_FILE = "classifier.json", "terms.jsonl"
REJECTED = "off domain"
TOLD_WORDS = 5  # words of evidence in the record of a rejected document
WORD = re.compile(r"[^\W_]+")


class NoClassifier(MuCPTError, FileNotFoundError):
    """A folder that does not hold a trained classifier."""


class Evidence(NamedTuple):
    """A word that moved the probability: its place, and by how much it moved the log-odds.

    span: characters of the text, end exclusive. weight: of all occurrences together; above 0
    is towards music, below 0 away from it.
    """

    span: tuple[int, int]
    word: str
    weight: float


class Reading(NamedTuple):
    """Documents as the classifier reads them: words, counts of terms, features."""

    words: list[list[bytes]]
    counts: list[Counter[int]]
    features: np.ndarray

    @property
    def lengths(self) -> list[int]:
        """The number of words of each document."""
        return [len(words) for words in self.words]


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.

    coefficients: of the lexicon's features; fasttext_coefficient: of the log-odds of `fasttext`.
    """

    lexicon: Lexicon
    coefficients: np.ndarray
    intercept: float
    calibration: Calibration
    fasttext: FastText | None = None
    fasttext_coefficient: float = 0.0

    @classmethod
    def load(cls, folder: Path) -> "Classifier":
        """Loads what `save` wrote. Raises NoClassifier, which names what is missing or bad."""
        record_file, terms_file, *model = saved_files(folder)
        try:
            record = read_json(record_file)
            if record["fasttext_coefficient"] and not model:
                raise NoClassifier(f"no domain classifier in {folder}: {MODEL_FILE} is missing")
            lexicon = Lexicon(tuple(term_of(row) for row in read_jsonl(terms_file)))
            return cls(
                lexicon,
                np.array([record["coefficients"][name] for name in lexicon.names]),
                record["intercept"],
                Calibration(**record["calibration"]),
                load_model(model[0]) if model else None,
                record["fasttext_coefficient"],
            )
        except (KeyError, TypeError, ValueError) as error:
            reason = error if isinstance(error, FileError) else f"{record_file}: not a classifier"
            raise NoClassifier(f"no domain classifier in {folder}: {reason}") from None

    def save(self, folder: Path, **told: object) -> None:
        """Writes the classifier to a folder, with `told` added to its record."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_jsonl(folder / TERMS_FILE, map(row_of, self.lexicon.terms))
        (folder / MODEL_FILE).unlink(missing_ok=True)
        if self.fasttext:
            self.fasttext.save_model(str(folder / MODEL_FILE))
        coefficients = dict(zip(self.lexicon.names, self.coefficients.tolist(), strict=True))
        record = {
            "calibration": self.calibration._asdict(),
            "intercept": self.intercept,
            "coefficients": coefficients,
            "fasttext_coefficient": self.fasttext_coefficient,
        }
        write_json(folder / RECORD_FILE, record | told)

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Calibrated probability of being in the domain, one per text."""
        return self.judge(read(self.lexicon, texts))

    def judge(self, reading: Reading) -> np.ndarray:
        """Calibrated probabilities of documents that have been read."""
        odds = reading.features @ self.coefficients + self.intercept
        if self.fasttext:
            scores = raw_scores(self.fasttext, reading.words)
            odds = odds + self.fasttext_coefficient * log_odds(scores)
        return self.calibration.probability(1 / (1 + np.exp(-np.clip(odds, -30, 30))))

    def term_weights(self, reading: Reading) -> list[dict[int, float]]:
        """How much each term moved the log-odds of each document: with it, minus without it."""
        terms_of = [len(counts) for counts in reading.counts]
        without = self.lexicon.features_without(reading.counts, reading.lengths)
        whole = np.repeat(reading.features @ self.coefficients, terms_of)
        moved = (whole - without @ self.coefficients) * self.calibration.slope
        weights = iter(moved.tolist())
        return [{number: next(weights) for number in counts} for counts in reading.counts]

    def evidence(self, text: str) -> list[Evidence]:
        """The words that moved the probability of a text, in the order of the text.

        A term's weight is what the log-odds lose without it; with fastText, its words count too, by
        their part in its log-odds.
        """
        reading = read(self.lexicon, [text])
        (terms,) = self.term_weights(reading)
        by_word: dict[bytes, float] = {}
        if self.fasttext:
            factor = self.fasttext_coefficient * self.calibration.slope
            by_word = {
                w: factor * s for w, s in word_scores(self.fasttext, reading.words[0]).items()
            }
        words, spans = words_with_spans(text)
        located = self.lexicon.locate(words, text)
        told = [
            Evidence(
                (spans[place][0], spans[last][1]),
                self.lexicon.terms[number].name,
                terms[number] + by_word.get(words[place], 0.0),
            )
            for place, last, number in located
        ]
        begun = {place for place, _, _ in located}  # a term has told these words' part
        told += [
            Evidence(span, word.decode(), by_word[word])
            for place, (word, span) in enumerate(zip(words, spans, strict=True))
            if word in by_word and place not in begun
        ]
        return sorted(told)


def read(lexicon: Lexicon, texts: Iterable[str]) -> Reading:
    """Documents as words, counts of terms and features."""
    texts = list(texts)
    words = [read_words(text) for text in texts]
    counts = [lexicon.count(*both) for both in zip(words, texts, strict=True)]
    return Reading(words, counts, lexicon.features(counts, [len(w) for w in words]))


def words_with_spans(text: str) -> tuple[list[bytes], list[tuple[int, int]]]:
    """The words that `read_words` gives, each with its place in the text, in characters."""
    words: list[bytes] = []
    spans: list[tuple[int, int]] = []
    for match in WORD.finditer(text):
        read_here = read_words(match.group())
        words += read_here
        spans += [match.span()] * len(read_here)
    return words, spans


# --- files ----------------------------------------------------------------------------------------


def term_of(row: Mapping) -> Term:
    """The term in a line of the file of terms."""
    forms: tuple[Tokens, ...] = tuple(tuple(f.encode().split()) for f in row["forms"])
    return Term(row["term"], tuple(row["groups"]), forms, row.get("exact"))


def row_of(term: Term) -> dict:
    """A line of the file of terms."""
    row: dict = {"term": term.name, "groups": list(term.groups)}
    row["forms"] = [b" ".join(form).decode() for form in term.forms]
    return row | ({"exact": term.exact} if term.exact else {})


def saved_files(folder: Path) -> list[Path]:
    """Record, terms and, if there is one, fastText's model. Raises NoClassifier."""
    folder = Path(folder)
    for name in (RECORD_FILE, TERMS_FILE):
        if not (folder / name).is_file():
            raise NoClassifier(f"no domain classifier in {folder}: {name} is missing")
    model = folder / MODEL_FILE
    return [folder / RECORD_FILE, folder / TERMS_FILE, *([model] if model.is_file() else [])]


def fingerprint(folder: Path) -> str:
    """SHA-256 of a saved classifier. Raises NoClassifier where there is none."""
    total = hashlib.sha256()
    for path in saved_files(folder):
        total.update(path.read_bytes())
    return total.hexdigest()


# --- in the pipeline ------------------------------------------------------------------------------


class DomainFilter(BaseFilter):
    """Drops off-domain documents, or weighs documents, or both.

    threshold: documents of a lower probability are dropped, each with the words that moved it most;
    None drops nothing. weigh: whether the probability becomes `metadata.weight`.
    """

    name = "🎼 domain classifier"

    def __init__(self, folder: Path, threshold: float | None, weigh: bool) -> None:
        super().__init__(batch_size=256)
        self.folder, self.threshold, self.weigh = Path(folder), threshold, weigh
        self._classifier: Classifier | None = None

    @property
    def classifier(self) -> Classifier:
        """The classifier, loaded when the first document comes."""
        if self._classifier is None:
            self._classifier = Classifier.load(self.folder)
        return self._classifier

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        """Verdicts on documents, in their order."""
        reading = read(self.classifier.lexicon, [document.text for document in batch])
        probabilities = self.classifier.judge(reading).round(4).tolist()
        below = [self.threshold is not None and p < self.threshold for p in probabilities]
        rejected = Reading(
            [words for words, drop in zip(reading.words, below, strict=True) if drop],
            [counts for counts, drop in zip(reading.counts, below, strict=True) if drop],
            reading.features[np.array(below)],
        )
        details = iter(self.details(rejected))
        for document, probability, drop in zip(batch, probabilities, below, strict=True):
            if drop:
                detail = {"probability": probability, "words": next(details)}
                document.metadata["filter_detail"] = detail
            elif self.weigh:
                document.metadata["weight"] = probability
        return [(False, REJECTED) if drop else True for drop in below]

    def details(self, reading: Reading) -> list[list[str]]:
        """The words that moved each document most, as `court -0.81`, the strongest first."""
        if not reading.words:
            return []
        terms = self.classifier.lexicon.terms
        return [
            [
                f"{terms[number].name} {weight:+.2f}"
                for number, weight in sorted(weights.items(), key=lambda w: -abs(w[1]))[:TOLD_WORDS]
            ]
            for weights in self.classifier.term_weights(reading)
        ]

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """The verdict on one document."""
        return self.filter_batch([doc])[0]
