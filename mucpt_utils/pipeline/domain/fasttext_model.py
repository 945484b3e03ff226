"""fastText on the words of content: one of the domain classifier's features.

Words of manner (articles, pronouns, archaic forms, letters' phrases) are left out, since a model
that reads them learns the style of the training set. One thread and a fixed seed make training
repeat to the byte. A model is saved in fastText's binary format: nothing is unpickled.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import fasttext
import numpy as np

from mucpt_utils.config.pipeline import ClassifierSettings
from mucpt_utils.errors import OutsideError
from mucpt_utils.pipeline.domain.terms import read_words, style_words

MODEL_FILE = "domain.bin"
IN_DOMAIN, GENERAL = "__label__in_domain", "__label__general"
TRAIN = (
    "import fasttext, json, sys;"
    "fasttext.train_supervised(**json.loads(sys.argv[1])).save_model(sys.argv[2])"
)
# With fewer than ten threads, fastText 0.9.2 initialises only the first tenths of its word vectors
# and leaves the others as the allocator returns them. In a process that has freed memory before
# that is garbage: training ends in NaN or differs from run to run. glibc fills what it allocates
# with the complement of this byte, so with 0; its thread cache does not.
ZEROED_MEMORY = "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0"

FastText: TypeAlias = Any  # fasttext.FastText._FastText, which has no types


class FastTextFailed(OutsideError, RuntimeError):
    """Training of fastText failed."""


def features(text: str) -> str:
    """What fastText reads of a text: its content words in lower case, with digits as 0."""
    return content_line(read_words(text)).decode().strip()


def content_line(words: Iterable[bytes]) -> bytes:
    """The content words separated by spaces, with the line end that fastText needs."""
    style = style_words()
    return b" ".join([word for word in words if word not in style]) + b"\n"


def fit_model(
    texts: Sequence[str], in_domain: np.ndarray, settings: ClassifierSettings, seed: int
) -> FastText:
    """A fastText model of labelled texts, balanced by repeating the rarer label's.

    Trained in a process of its own, in which all memory starts as zeros. Raises FastTextFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        lines, model = Path(folder) / "lines.txt", Path(folder) / MODEL_FILE
        with lines.open("w", encoding="utf-8") as file:
            file.writelines(training_lines(texts, in_domain, seed))
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
            reason = [*done.stderr.strip().splitlines(), "no reason given"][-1]
            raise FastTextFailed(f"fastText failed: {reason}")
        return load_model(model)


def load_model(path: Path) -> FastText:
    """A saved model, loaded without fastText's wrapper, which prints a warning."""
    return fasttext.FastText._FastText(str(path))


def training_lines(texts: Sequence[str], in_domain: np.ndarray, seed: int) -> Iterator[str]:
    """fastText's input in random order: it learns online, and labels in blocks make it diverge."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(in_domain), np.flatnonzero(~in_domain)]
    largest = max(map(len, rows))
    # np.resize repeats the texts of the rarer label, starting with the first
    balanced = np.concatenate([np.resize(rng.permutation(r), largest) for r in rows])
    for row in rng.permutation(balanced):
        yield f"{IN_DOMAIN if in_domain[row] else GENERAL} {features(texts[row])}\n"


def raw_scores(model: FastText, documents: Iterable[Sequence[bytes]]) -> np.ndarray:
    """fastText's probability of the in-domain label, one per document, in [0, 1].

    documents: their words, as `read_words` gives them.
    """
    # without the wrapper, which turns every score into an array of its own
    predict = model.f.predict
    predictions = (predict(content_line(words).decode(), 2, 0.0, "strict") for words in documents)
    scores = [next((p for p, label in two if label == IN_DOMAIN), 0.0) for two in predictions]
    return np.clip(np.array(scores, dtype=float), 0, 1)


def word_scores(model: FastText, words: Sequence[bytes]) -> dict[bytes, float]:
    """What each word of a document adds to fastText's log-odds, over all its occurrences.

    The model is linear in the mean of its word vectors: with words alone as features (no n-grams)
    these parts, and that of the line end, add up to the log-odds.
    """
    read = content_line(words).decode().split()
    rows = model.get_output_matrix()
    labels = model.get_labels()
    if len(labels) < 2 or not read:
        return {}
    direction = rows[labels.index(IN_DOMAIN)] - rows[labels.index(GENERAL)]
    known = {word for word in set(read) if model.get_word_id(word) >= 0}
    length = sum(word in known for word in read) + 1  # the line end is a word as well
    return {
        word.encode(): float(model.get_word_vector(word) @ direction) * read.count(word) / length
        for word in known
    }
