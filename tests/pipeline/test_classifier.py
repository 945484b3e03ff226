import json
import random
import re

import numpy as np
import pytest
from datatrove.data import Document
from scipy.special import logit
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from mucpt_utils.config.pipeline import ClassifierSettings
from mucpt_utils.pipeline.domain.calibration import (
    EDGE,
    Calibration,
    calibration_error,
    fit_platt,
    reliability,
)
from mucpt_utils.pipeline.domain.classifier import (
    RECORD_FILE,
    TERMS_FILE,
    Classifier,
    DomainFilter,
    fingerprint,
    words_with_spans,
)
from mucpt_utils.pipeline.domain.fasttext_model import IN_DOMAIN, MODEL_FILE, features, raw_scores
from mucpt_utils.pipeline.domain.features import Lexicon
from mucpt_utils.pipeline.domain.shipped import SHIPPED, evidence, shipped_classifier
from mucpt_utils.pipeline.domain.terms import load_terms, read_words, style_words
from mucpt_utils.pipeline.domain.training import (
    Example,
    assign_folds,
    balanced_weights,
    source_folds,
    train_classifier,
)

MUSIC = ["chord", "tempo", "sonata", "opera", "violin", "melody", "rhythm", "conductor", "album"]
OTHER = ["onion", "butter", "goal", "referee", "interest", "shares", "tyre", "garden", "harvest"]
SHARED = ["the", "and", "of", "a", "it", "was", "with", "in", "many", "people", "city", "year"]
SETTINGS = ClassifierSettings(dimensions=4, epochs=10, min_count=1, buckets=1000, folds=3)


def passage(rng, own, other):
    words = rng.choices(SHARED, k=20) + rng.choices(own, k=4) + rng.choices(other, k=1)
    rng.shuffle(words)
    return " ".join(words)


def labelled(count=120, seed=0):
    rng = random.Random(seed)
    words = {True: (MUSIC, OTHER), False: (OTHER, MUSIC)}
    kinds = [(bool(i % 2), f"g{i % 12}") for i in range(count)]
    return [Example(passage(rng, *words[kind]), kind, group) for kind, group in kinds]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    return folder, train_classifier(labelled(), folder, seed=3, settings=SETTINGS).classifier


def test_it_tells_the_domain_and_its_probability_is_calibrated(trained):
    held_out = labelled(400, seed=9)
    probabilities = trained[1].probabilities([e.text for e in held_out])
    labels = np.array([e.in_domain for e in held_out])
    assert average_precision_score(labels, probabilities) > 0.97
    assert calibration_error(probabilities, labels) < 0.1
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_training_repeats_to_the_byte_in_one_process(trained, tmp_path):
    folder, _ = trained
    train_classifier(labelled(), tmp_path, seed=3, settings=SETTINGS)
    assert fingerprint(tmp_path) == fingerprint(folder)
    train_classifier(labelled(), tmp_path, seed=4, settings=SETTINGS)
    assert fingerprint(tmp_path) != fingerprint(folder)


def test_a_saved_classifier_says_the_same(trained):
    folder, classifier = trained
    texts = ["the violin melody was long", "onion soup with butter", ""]
    assert np.array_equal(
        Classifier.load(folder).probabilities(texts), classifier.probabilities(texts)
    )
    record = json.loads((folder / RECORD_FILE).read_text())
    assert set(record) >= {"calibration", "coefficients", "settings", "held_out"}


def test_what_is_missing_is_named(tmp_path, trained):
    with pytest.raises(FileNotFoundError, match=RECORD_FILE):
        Classifier.load(tmp_path)
    with pytest.raises(ValueError, match="two groups of general text, got 0"):
        train_classifier([("a b c", True, "x"), ("a b d", True, "y")], tmp_path)


def test_no_group_is_in_two_folds_and_labels_are_spread():
    examples = labelled()
    folds = assign_folds([(e.in_domain, e.group) for e in examples], 3, seed=0)
    assert set(folds) == {e.group for e in examples}
    for fold in range(3):
        labels = {e.in_domain for e in examples if folds[e.group] == fold}
        assert labels == {True, False}


def test_features_drop_case_punctuation_digits_and_words_of_manner():
    assert features("Op. 27, n. 2: “Più MOSSO”!") == "op 0 0 n 0 più mosso"
    assert features("Thou hast told me of the sonata, dear Sir!") == "sonata"


def reference_features(text):
    """Three lines of what `read_words` must equal."""
    words = re.findall(r"[^\W\d_]+|\d", text.lower())
    return " ".join("0" if word.isdecimal() else word for word in words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\t _",
        "Op.27_No2 in 1801/1802",
        "Dvořák’s “Rusalka” – ÆØÅ, ÉTUDE n° 3…",
        "Ελληνικά, русский; 交響曲第9番, ٣ and ३ digits, m² or ½",
        "tempo\u00a0giusto\u2028and\x00\x85so\u0301 on 🎼♭",
    ],
)
def test_words_equal_the_reference(text):
    assert b" ".join(read_words(text)).decode() == reference_features(text)
    assert words_with_spans(text)[0] == read_words(text)


def test_scores_are_those_of_fasttext_on_the_features(trained):
    model = trained[1].fasttext
    texts = [e.text for e in labelled(60, seed=5)] + ["", "Più mosso — 1801!"]
    expected = []
    for text in texts:
        labels, scores = model.predict(features(text), k=2)
        expected.append(dict(zip(labels, scores, strict=True))[IN_DOMAIN])
    scores = raw_scores(model, map(read_words, texts))
    assert scores == pytest.approx(np.clip(expected, 0, 1), abs=0)
    assert raw_scores(model, []).size == 0


def test_platt_scaling_recovers_a_known_calibration():
    rng = np.random.default_rng(0)
    true = Calibration(slope=0.5, intercept=-0.4)
    scores = rng.uniform(0.001, 0.999, 40_000)
    labels = rng.random(40_000) < true.probability(scores)
    fitted = fit_platt(scores, labels)
    assert fitted.slope == pytest.approx(0.5, abs=0.03)
    assert fitted.intercept == pytest.approx(-0.4, abs=0.05)


@pytest.mark.filterwarnings("ignore:Since FrozenEstimator does not appear")
@pytest.mark.parametrize("seed", [0, 1, 12, 23])
def test_platt_scaling_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    scores, weights = rng.beta(0.3, 0.3, 1000), rng.uniform(0.2, 3, 1000)
    labels = rng.random(1000) < Calibration(rng.uniform(0.2, 1.5), rng.normal()).probability(scores)
    # a model whose decision function is the log-odds, which CalibratedClassifierCV calibrates
    model = LogisticRegression()
    model.classes_, model.coef_, model.intercept_ = np.arange(2), np.ones((1, 1)), np.zeros(1)
    odds = logit(np.clip(scores, EDGE, 1 - EDGE)).reshape(-1, 1)
    theirs = CalibratedClassifierCV(FrozenEstimator(model), method="sigmoid")
    theirs.fit(odds, labels.astype(int), weights)
    fitted = fit_platt(scores, labels, weights)
    expected = theirs.predict_proba(odds)[:, 1]
    assert fitted.probability(scores) == pytest.approx(expected, abs=1e-4)


def test_labels_weigh_by_the_prior_and_sources_by_the_root_of_their_size():
    examples = [Example("", True, "a", "small")] + [Example("", True, "b", "large")] * 4
    examples += [Example("", False, "c", "other")] * 2
    weights = balanced_weights(examples, prior=0.25)
    assert weights.mean() == pytest.approx(1)
    assert weights[:5].sum() == pytest.approx(0.25 * 7)
    assert weights[1:5].sum() == pytest.approx(2 * weights[0])


def test_whole_sources_are_held_out_where_both_labels_have_two():
    examples = [
        Example("", label, f"{source}{number}", source)
        for label, source in ((True, "m1"), (True, "m2"), (False, "g1"), (False, "g2"))
        for number in range(3)
    ]
    folds = source_folds(examples, 4, seed=0)
    for source in ("m1", "m2", "g1", "g2"):
        assert len({f for f, e in zip(folds, examples, strict=True) if e.source == source}) == 1
    by_group = source_folds([e._replace(source="") for e in examples], 3, seed=0)
    assert len(set(by_group[:3])) > 1


def test_measures_equal_their_definitions():
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    labels = np.array([True, False, True, False, False])
    assert calibration_error(np.full(10, 0.7), np.arange(10) < 7) == pytest.approx(0)
    assert calibration_error(np.full(10, 0.9), np.arange(10) < 5) == pytest.approx(0.4)
    assert [r["n"] for r in reliability(probabilities, labels)] == [1, 1, 1, 1, 1]


def test_the_reliability_curve_is_that_of_scikit_learn_off_the_edges_of_bins():
    rng = np.random.default_rng(0)
    probabilities = rng.random(500)
    labels = rng.random(500) < probabilities**2
    rows = reliability(probabilities, labels)
    shares, means = calibration_curve(labels, probabilities, n_bins=10)
    assert [row["in_domain"] for row in rows] == pytest.approx(shares)
    assert [row["probability"] for row in rows] == pytest.approx(means)
    (edge,) = reliability(np.array([0.5]), np.array([True]))
    assert edge == {"bin": 0.5, "probability": 0.5, "in_domain": 1.0, "n": 1}


@pytest.mark.parametrize(("threshold", "weigh"), [(0.5, True), (0.5, False), (None, True)])
def test_the_filter_drops_and_weighs_as_it_is_told(trained, threshold, weigh):
    documents = [
        Document(text="the violin and the conductor in the sonata", id="in"),
        Document(text="onion soup with butter and the referee", id="off"),
    ]
    step = DomainFilter(trained[0], threshold, weigh)
    kept = {d.id: d.metadata for d in step.run(documents)}
    assert ("off" in kept) is (threshold is None)
    assert ("weight" in kept["in"]) is weigh
    if weigh:
        assert kept["in"]["weight"] > 0.5
    if threshold is None:
        assert kept["off"]["weight"] < 0.5
    else:
        assert documents[1].metadata["filter_detail"]["probability"] < 0.5
        assert documents[1].metadata["filter_detail"]["words"]


# --- the shipped one ------------------------------------------------------------------------------

ABOUT_MUSIC = [
    "The sonata opens in E flat major, and the pianist brings back the theme in the coda.",
    "Her second studio album was recorded in Berlin; the lead singer wrote most of the songs.",
    "Connect the sequencer to the synth over MIDI and choose a scale before you play a chord.",
]
NOT_ABOUT_MUSIC = [
    "Shall I compare thee to a summer's day? Thou art more lovely and more temperate.",
    "My father taught me Greek before I was four, and we walked in the fields near Hornsey.",
    "Pass a string as the key of the dictionary; the function returns a list of integers.",
    "The note was due in March, and the court held that the tenant had broken the contract.",
    "HAMLET. To be, or not to be: that is the question. Exeunt all but the king and queen.",
    "We anchored in the harbour at noon; the natives brought us fish, and the captain a hen.",
]


@pytest.mark.parametrize("text", ABOUT_MUSIC)
def test_the_shipped_classifier_knows_music_in_many_manners(text):
    assert shipped_classifier().probabilities([text])[0] > 0.5


@pytest.mark.parametrize("text", NOT_ABOUT_MUSIC)
def test_poetry_memoir_drama_travel_and_help_pages_are_not_music(text):
    assert shipped_classifier().probabilities([text])[0] < 0.2


def test_words_of_manner_move_nothing():
    text = f"{ABOUT_MUSIC[0]} "
    manner = "thou hast said to me that she would not come"
    assert all(word in style_words() for word in read_words(manner))
    lexicon = shipped_classifier().lexicon
    assert not lexicon.count(read_words(manner), manner)
    short = shipped_classifier().probabilities([text, f"{text} {manner}"])
    assert short[0] == pytest.approx(short[1])


def test_evidence_says_which_words_moved_the_probability_and_where():
    text = "The pianist played a sonata; the court sent the tenant to prison."
    told = {text[slice(*e.span)]: e.weight for e in evidence(text)}
    assert told["pianist"] > 0 and told["sonata"] > 0
    assert told["court"] < 0 and told["prison"] < 0
    assert "The" not in told


def test_evidence_of_a_classifier_with_fasttext_covers_its_words_too(trained):
    folder, classifier = trained
    assert classifier.fasttext_coefficient > 0
    spans = {e.span for e in classifier.evidence("butter and violin")}
    assert {(0, 6), (11, 17)} <= spans and (7, 10) not in spans


def test_a_word_weighs_the_same_wherever_it_stands(trained):
    told = trained[1].evidence("the violin and the butter and the violin")
    weights = [e.weight for e in told if e.word == "violin"]
    assert len(weights) == 2 and weights[0] == weights[1]


def test_a_classifier_without_its_model_is_not_loaded(trained, tmp_path):
    trained[1].save(tmp_path)
    (tmp_path / MODEL_FILE).unlink()
    with pytest.raises(FileNotFoundError, match=f"{MODEL_FILE} is missing"):
        Classifier.load(tmp_path)


def test_names_count_as_they_are_written():
    lexicon = Lexicon(tuple(load_terms()))

    def names(text):
        return [lexicon.terms[n].name for n in lexicon.count(read_words(text), text)]

    assert names("I have no doubt of it.") == []
    assert "No Doubt" in names("A record by No Doubt.")
    assert all(t.exact is None for t in load_terms(names=False))


def test_the_shipped_classifier_is_small_and_holds_no_pickle():
    files = {path.name: path.stat().st_size for path in SHIPPED.iterdir()}
    assert set(files) == {RECORD_FILE, TERMS_FILE}
    assert sum(files.values()) < 2_000_000


def test_a_damaged_classifier_is_told_in_one_line(tmp_path):
    shipped_classifier().save(tmp_path)
    (tmp_path / RECORD_FILE).write_text("{}")
    with pytest.raises(FileNotFoundError, match="not a classifier"):
        Classifier.load(tmp_path)
