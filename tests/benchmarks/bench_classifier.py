"""The domain classifier on kinds of text that it was not trained on, and the shipped one's making.

    python tests/benchmarks/bench_classifier.py [--out DIR]
    python tests/benchmarks/bench_classifier.py --ship    # trains and writes the shipped one

Four sets (`stages/kinds.py`), no kind of text in two of them. For each set a classifier is trained
on the other three and judged on it: `shipped form` (terms and names), `with fastText` (as the
command trains it), `fastText alone`, and a list of 66 music words. The shipped classifier itself is
trained on all four, so its row there is of seen kinds; `shipped form` says what unseen ones get.
Writes `classifier_kinds.{csv,parquet}`: set, method, measure, value, n. Numbers only.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score
from stages.kinds import KINDS, labelled

from mucpt_utils import paths
from mucpt_utils.config.pipeline import ClassifierSettings
from mucpt_utils.knowledge.facts import load_facts
from mucpt_utils.pipeline.domain.calibration import calibration_error, fit_platt
from mucpt_utils.pipeline.domain.classifier import Classifier
from mucpt_utils.pipeline.domain.fasttext_model import fit_model, raw_scores
from mucpt_utils.pipeline.domain.shipped import SHIPPED
from mucpt_utils.pipeline.domain.terms import read_words
from mucpt_utils.pipeline.domain.training import (
    Example,
    balanced_weights,
    fasttext_odds,
    source_folds,
    train_classifier,
)
from mucpt_utils.report import table_files

TABLE = "classifier_kinds"
WORD_LIST = """
    music musical musically musician musicians melody melodies melodic harmony harmonic rhythm
    rhythmic tune song songs sing sang singing singer singers opera operas symphony symphonies
    sonata sonatas concerto overture orchestra orchestral composer composers conductor pianist
    violinist piano violin cello flute oboe clarinet trumpet guitar drum organ soprano tenor
    baritone chorus choir chord chords concert concerts recital album jazz blues hymn ballad
    band lyrics tempo octave quartet fugue
""".split()  # noqa: SIM905
SHIPPED_SETTINGS = ClassifierSettings(fasttext=False)
Scores = Callable[[list[Example], list[str]], np.ndarray]


def by_word_list(examples: list[Example], texts: list[str]) -> np.ndarray:
    """Density of the listed words, Platt-scaled on the examples."""
    words = {word.encode() for word in WORD_LIST}

    def density(text: str) -> float:
        read = read_words(text)
        share = sum(word in words for word in read) / max(len(read), 1)
        return share / (share + 0.01)

    labels = np.array([e.in_domain for e in examples])
    fitted = fit_platt(np.array([density(e.text) for e in examples]), labels)
    return fitted.probability(np.array([density(text) for text in texts]))


def by_fasttext(examples: list[Example], texts: list[str]) -> np.ndarray:
    """fastText alone, on words of content, Platt-scaled on sources that it has not seen."""
    settings = ClassifierSettings()
    seen, labels = [e.text for e in examples], np.array([e.in_domain for e in examples])
    odds = fasttext_odds(seen, labels, source_folds(examples, settings.folds, 0), settings)
    weights = balanced_weights(examples, settings.prior)
    fitted = fit_platt(1 / (1 + np.exp(-odds)), labels, weights)
    model = fit_model(seen, labels, settings, 0)
    return fitted.probability(raw_scores(model, map(read_words, texts)))


def by_training(settings: ClassifierSettings) -> Scores:
    """A classifier as `train-classifier` makes it, with these settings."""

    def probabilities(examples: list[Example], texts: list[str]) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            trained = train_classifier(examples, Path(folder), 0, settings)
        return trained.classifier.probabilities(texts)

    return probabilities


def by_shipped(examples: list[Example], texts: list[str]) -> np.ndarray:
    """The shipped classifier, which has seen other passages of these kinds or these very ones."""
    return Classifier.load(SHIPPED).probabilities(texts)


METHODS: dict[str, Scores] = {
    "word list": by_word_list,
    "shipped form": by_training(SHIPPED_SETTINGS),
    "shipped (kinds seen)": by_shipped,
    "fastText alone": by_fasttext,
    "with fastText": by_training(ClassifierSettings()),
}


def measured(name: str) -> Iterator[dict]:
    """Average precision and calibration error of a method, by set and pooled."""
    items = labelled()
    kinds = np.array([item.kind for item in items])
    labels = np.array([item.example.in_domain for item in items])
    probabilities = np.empty(len(items))
    for kind in KINDS:
        seen = [item.example for item in items if item.kind != kind]
        texts = [item.example.text for item in items if item.kind == kind]
        probabilities[kinds == kind] = METHODS[name](seen, texts)
    for kind in (*KINDS, "pooled"):
        here = (kinds == kind) | (kind == "pooled")
        of_set = labels[here], probabilities[here]
        for measure, value in (
            ("average precision", float(average_precision_score(*of_set))),
            ("calibration error", calibration_error(*of_set[::-1])),
        ):
            n = int(here.sum())
            yield {"set": kind, "method": name, "measure": measure, "value": value, "n": n}


def rendered_examples() -> list[Example]:
    """Facts as this project renders them, music and other, in every register; everyday text."""
    from mucpt_utils.config.text import RenderSettings
    from mucpt_utils.knowledge.relations import load_relations
    from mucpt_utils.text.crawl import everyday_documents
    from mucpt_utils.text.render import render_documents

    settings = RenderSettings(documents_per_subject=1)
    rows = [
        (row, domain == "music", f"rendered {domain}")
        for domain in ("music", "general")
        for row in render_documents(load_facts(domain), load_relations(), settings, 5, domain)
    ]
    rows += [(row, False, "everyday") for row in everyday_documents(3, 5)]
    return [Example(r["text"], label, r["metadata"]["title"], source) for r, label, source in rows]


def ship() -> None:
    """Trains the classifier that comes with the package; see its card for what it has seen."""
    examples = [item.example for item in labelled()] + rendered_examples()
    trained = train_classifier(examples, SHIPPED, 0, SHIPPED_SETTINGS)
    print(trained.classifier.calibration)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=paths.results("stages") / "tables")
    parser.add_argument("--ship", action="store_true", help="train the shipped classifier")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options = parser.parse_args()
    if options.ship:
        ship()
        return
    for name in options.methods:
        rows = list(measured(name))
        for row in rows:
            print("{method:22} {set:14} {measure:20} {value:.3f} n={n}".format(**row), flush=True)
        table_files.write_table(with_others(options.out, name, rows), options.out, TABLE)


def with_others(folder: Path, name: str, rows: list[dict]) -> pd.DataFrame:
    """The rows of a method, and those of the others as they stand in the table."""
    path = folder / f"{TABLE}.csv"
    new = pd.DataFrame(rows)
    if not path.is_file():
        return new
    old = pd.read_csv(path)
    parts = [new if m == name else old[old["method"] == m] for m in METHODS]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


if __name__ == "__main__":
    main()
