"""Losses of a few sentences: which sentences, their tokens, the rows."""

import numpy as np
import pytest

from mucpt_utils.analysis.token_losses import (
    COLUMNS,
    Sentence,
    at_temperatures,
    pair_of,
    sentences_of,
    token_losses,
)
from mucpt_utils.config.settings import load_profile
from mucpt_utils.scoring import losses, models
from mucpt_utils.scoring.tokens import TokenStore

TEXT = "Ane was born in Oslo. Ane was born in Rome. Buy now."
SPANS = [
    {"kind": "fact", "start": 0, "end": 21, "fact": "f1"},
    {"kind": "wrong_fact", "start": 22, "end": 43, "fact": "f1", "object": "Rome"},
    {"kind": "spam", "start": 44, "end": 52},
    {"kind": "fact", "start": 0, "end": 10, "fact": "f1"},  # without its object
    {"kind": "pii", "start": 0, "end": 3},
]
DOCUMENT = {"id": "d", "text": TEXT, "metadata": {"title": "Ane", "truth": {"spans": SPANS}}}


def test_sentences_are_those_that_name_their_object():
    found = list(sentences_of(DOCUMENT, {"f1": "Oslo"}))
    assert [(one.kind, one.answer) for one in found] == [
        ("fact", "Oslo"),
        ("wrong_fact", "Rome"),
        ("spam", ""),
    ]
    assert found[1].text == "Ane was born in Rome." and found[0].subject == "Ane"


def test_a_rumour_is_called_one():
    span = {**SPANS[1], "subkind": "rumour"}
    document = {**DOCUMENT, "metadata": {"title": "Ane", "truth": {"spans": [span]}}}
    assert [one.kind for one in sentences_of(document, {})] == ["rumour"]


def test_true_and_false_of_one_fact_are_taken_before_shorter_ones():
    short = Sentence("wrong_fact", {**DOCUMENT, "text": "x"}, 0, 1, "f2", "x")
    true, false, _ = sentences_of(DOCUMENT, {"f1": "Oslo"})
    assert pair_of([short, true, false]) == [true, false]
    assert pair_of([short, true]) == [true, short] and pair_of([]) == []


def test_all_temperatures_come_of_one_reading():
    settings = load_profile("smoke")
    model = models.from_scratch(settings.model, 64, seed=0)
    tokens = np.random.default_rng(0).integers(1, 64, 90).astype(np.uint16)
    store = TokenStore(tokens, np.array([0, 20, 90]), ["a", "b"])
    read = []
    model.register_forward_hook(lambda *call: read.append(1))
    together = at_temperatures(model, store, 16, [0.75, 1.0, 2.5])
    once = len(read)
    for temperature, values in together.items():
        alone = losses.score(model, store, 16, temperature)
        np.testing.assert_array_equal(values, alone)
    assert len(read) == 4 * once


@pytest.fixture(scope="module")
def table(study):
    return token_losses(study)


def test_every_sentence_is_whole_under_every_reference_model(table):
    assert list(table) == list(COLUMNS) and len(table)
    assert "fact" in set(table["kind"])
    for _, one in table.groupby(["sentence", "seed", "temperature"]):
        assert one["position"].tolist() == list(range(len(one)))
        assert one["token"].str.len().sum() > 10
    assert table.groupby("sentence")["base"].nunique().max() > 1
    assert (table[["base", "reference"]] >= 0).all(axis=None)


def test_answers_are_marked_where_a_fact_is_told(table):
    told = table[table["kind"].isin(["fact", "wrong_fact", "rumour"])]
    for _, one in told.groupby("sentence"):
        assert (one["answer"] == "yes").any() and (one["answer"] == "no").any()


def test_one_temperature_is_each_reference_models_own(table):
    own = table[table["calibrated"] == "yes"].groupby("seed")["temperature"].nunique()
    assert (own == 1).all()
