"""The domain classifier on books that neither it nor its calibration has seen.

Nested cross-validation over books: each is scored by a model that was trained, and calibrated by
folds of its own, without any passage of it. Books of which one stands inside the other count as
one. Choices (which training text, how groups are weighed) were made on the books of the development
half; the figures of the reported half stand beside those of all books.
"""

import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from datatrove.data import Document
from sklearn.metrics import average_precision_score

from mucpt_utils.io import read_jsonl
from mucpt_utils.pipeline.domain.calibration import calibration_error, reliability
from mucpt_utils.pipeline.domain.classifier import Classifier
from mucpt_utils.pipeline.domain.training import Example, assign_folds, train_classifier
from mucpt_utils.text.sources.passages import passages as cut
from stages.common import data, is_reported, passages, row, study

STAGE = "domain classifier"
FOLDS = 5
# passages of one book or source that are trained on, so that none outweighs the others; all of a
# book that is held out are scored
TRAINED = 120
PRECISION, CALIBRATION = 0.97, 0.05
RESAMPLES = 1000
LABELS = {"music": True, "general": False}
# volume 1 of Niecks's Chopin stands inside the complete edition
SAME_BOOK = {"4681": "4973"}
# of Wikipedia's articles some are about music: no label to be had
UNLABELLED = {"wikitext2_valid"}


def measure() -> Iterator[dict]:
    """Unseen books, partly musical books, the rendered lane."""
    yield from _unseen_books()
    yield from _mixed_books()
    yield from _rendered_lane()


def average_precision(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """scikit-learn's, with the arguments in the order of the calibration error's."""
    return float(average_precision_score(labels, probabilities))


def _book(document: Document) -> str:
    name = Path(document.metadata["file"]).name.split(".")[0]
    return SAME_BOOK.get(name, name)


@cache
def _labelled() -> tuple[list[Example], list[Example]]:
    """Passages of the books that a library has classed, and of everything else with a label."""
    books, others = [], []
    for lane, in_domain in (("music_prose", True), ("general_prose", False)):
        for document in passages(lane):
            label, source = document.metadata.get("library_label"), document.metadata["source"]
            if label in LABELS:
                books.append(Example(document.text, LABELS[label], f"book {_book(document)}"))
            elif label is None and source not in UNLABELLED:
                others.append(Example(document.text, in_domain, source))
    return books, others + _speeches()


def _speeches() -> list[Example]:
    """Speeches of presidents, each group an archive of them."""
    found = []
    for archive in sorted(data("general_prose", "us_presidential_speeches").glob("*.zip")):
        with zipfile.ZipFile(archive) as files:
            for name in sorted(n for n in files.namelist() if n.endswith(".txt")):
                text = files.read(name).decode("utf-8", errors="replace")
                found += [Example(passage, False, archive.stem) for passage in cut(text)]
    return found


# --- unseen books -----------------------------------------------------------------------------


def _unseen_books() -> Iterator[dict]:
    books, others = _labelled()
    probabilities = _nested(books, others)
    labels = np.array([e.in_domain for e in books])
    groups = np.array([e.group for e in books])
    halves = np.array([is_reported(group) for group in groups])
    for kind, here in (("all books", np.ones(len(books), bool)), ("reported half", halves)):
        yield from _figures(kind, probabilities[here], labels[here], groups[here])
    for entry in reliability(probabilities, labels):
        kind = f"said {entry['probability']:.2f}"
        yield row(STAGE, "share about music, unseen books", kind, entry["in_domain"], entry["n"])


def _nested(books: Sequence[Example], others: Sequence[Example]) -> np.ndarray:
    """The probability of each passage, by a classifier that has not seen its book."""
    fold_of = assign_folds([(e.in_domain, e.group) for e in books], FOLDS, seed=0)
    probabilities = np.empty(len(books))
    for fold in range(FOLDS):
        held = np.array([fold_of[e.group] == fold for e in books])
        seen = [e for e, h in zip(books, held, strict=True) if not h]
        texts = [e.text for e, h in zip(books, held, strict=True) if h]
        probabilities[held] = _trained([*seen, *others]).probabilities(texts)
    return probabilities


def _trained(examples: Sequence[Example]) -> Classifier:
    """A classifier of at most TRAINED passages of each group, spread over its length."""
    places: dict[str, list[int]] = {}
    for place, example in enumerate(examples):
        places.setdefault(example.group, []).append(place)
    chosen = [
        here[i]
        for here in places.values()
        for i in sorted({*np.linspace(0, len(here) - 1, min(TRAINED, len(here))).astype(int)})
    ]
    return _fitted([examples[place] for place in chosen])


def _fitted(examples: Sequence[Example]) -> Classifier:
    with tempfile.TemporaryDirectory() as folder:
        return train_classifier(examples, Path(folder)).classifier


def _figures(
    kind: str, probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> Iterator[dict]:
    """Average precision and calibration error, each with its interval over books."""
    names = np.unique(groups)
    where = {name: np.flatnonzero(groups == name) for name in names}
    rng = np.random.default_rng(0)
    draws = [
        np.concatenate([where[name] for name in rng.choice(names, len(names))])
        for _ in range(RESAMPLES)
    ]
    draws = [draw for draw in draws if 0 < labels[draw].mean() < 1]
    for measure, figure, goal in (
        ("average precision", average_precision, {"least": PRECISION}),
        ("expected calibration error", calibration_error, {"most": CALIBRATION}),
    ):
        name = f"{measure}, unseen books"
        yield row(STAGE, name, kind, figure(probabilities, labels), len(names), **goal)
        values = [figure(probabilities[draw], labels[draw]) for draw in draws]
        for end, quantile in (("low", 2.5), ("high", 97.5)):
            value = float(np.percentile(values, quantile))
            yield row(STAGE, name, f"{kind}, 95 % interval over books, {end}", value, len(names))


# --- partly musical books -------------------------------------------------------------------------

# articles of the encyclopaedia are about music where their first words say so
ARTICLE = re.compile(r"^([A-Z][A-Z'’-]+(?: [A-Z][A-Z'’-]+)*)[,. (]")
ABOUT_MUSIC = re.compile(r"\b(music\w*|composer|violin\w*|pian\w+|organist|harp\w*|singer)\b", re.I)
OPENING_WORDS = 40
# the one chapter about songs, of fourteen
SONGS = re.compile(r"They that walked in darkness sang songs in the olden days")


def _mixed_books() -> Iterator[dict]:
    """A model of all books on three that it has not seen: which passages of them are of music?"""
    model = _trained([example for part in _labelled() for example in part])
    mixed = [d for d in passages("general_prose") if d.metadata.get("library_label") == "mixed"]
    for name, label in (("39632", _label_articles), ("408", _label_chapters)):
        texts = [d.text for d in mixed if _book(d) == name]
        probabilities, labels = model.probabilities(texts), np.array(label(texts))
        kind = {"39632": "encyclopaedia, by article", "408": "essays, by chapter"}[name]
        value = average_precision(probabilities, labels)
        yield row(STAGE, "average precision, partly musical book", kind, value, len(texts))
        value = calibration_error(probabilities, labels)
        yield row(STAGE, "expected calibration error, partly musical book", kind, value, len(texts))
        value = float(labels.mean())
        yield row(STAGE, "share about music, partly musical book", kind, value, len(texts))


def _label_articles(texts: Sequence[str]) -> list[bool]:
    """Whether most words of each passage stand in articles about music."""
    labels, current = [], False
    for text in texts:
        words = {True: 0, False: 0}
        for paragraph in text.split("\n\n"):
            if ARTICLE.match(paragraph):
                opening = " ".join(paragraph.split()[:OPENING_WORDS])
                current = bool(ABOUT_MUSIC.search(opening))
            words[current] += len(paragraph.split())
        labels.append(words[True] > words[False])
    return labels


def _label_chapters(texts: Sequence[str]) -> list[bool]:
    first = next(number for number, text in enumerate(texts) if SONGS.search(text))
    return [number >= first for number in range(len(texts))]


# --- rendered lane --------------------------------------------------------------------------------


def _rendered_lane() -> Iterator[dict]:
    """The study's own classifier on the flawed corpus about subjects that it has not seen."""
    made = study()
    raw = read_jsonl(made.raw_corpus().path("documents.jsonl"))
    model = Classifier.load(made.classifier().folder)
    probabilities = model.probabilities([d["text"] for d in raw])
    kinds = np.array([d["metadata"]["truth"]["doc_kind"] for d in raw])
    labels = np.array([d["metadata"]["truth"]["in_domain"] for d in raw])
    value = average_precision(probabilities, labels)
    yield row(STAGE, "average precision, rendered lane", "all", value, len(raw), least=PRECISION)
    content = ~np.isin(kinds, ["spam", "boilerplate"])
    for kind, here in (("all", np.ones(len(raw), bool)), ("without junk documents", content)):
        value = calibration_error(probabilities[here], labels[here])
        n = int(here.sum())
        goal = CALIBRATION if kind != "all" else None
        yield row(STAGE, "expected calibration error, rendered lane", kind, value, n, most=goal)
    for kind in sorted({*kinds[~labels]}):
        here = (kinds == kind) & ~labels
        value = float((probabilities[here] < 0.5).mean())
        yield row(STAGE, "off-domain recall at 0.5, rendered lane", kind, value, int(here.sum()))
    value = float((probabilities[labels] >= 0.5).mean())
    n = int(labels.sum())
    yield row(STAGE, "in-domain recall at 0.5, rendered lane", "music", value, n, least=0.98)
