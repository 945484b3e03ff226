"""Signals beside the losses: matches with a table, ratings, and what an arm makes of them."""

import numpy as np
import pytest

from mucpt_utils.analysis.token_weights import kinds_left
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm
from mucpt_utils.io import write_json, write_jsonl
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.scoring.tokens import tokenise, train_tokenizer
from mucpt_utils.study.labels import KINDS, Labels, labels_of
from mucpt_utils.study.signals import (
    RATINGS,
    TAGS,
    document_ratings,
    mark_names,
    matched_tokens,
    token_factors,
)
from mucpt_utils.text.documents import training_text

TEXT = "Blue Rooms came out in 1971. Its producer was Ann Lee; Bo Kern sang. BUY NOW"


def fact(subject, value, aliases=()):
    return Fact(
        f"m:{value}", subject, "album.year", value, aliases, "popular", "2025-01-01", "x", "album",
        "music",
    )  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([TEXT] * 3, 300)


def document(text=TEXT, title="Blue Rooms", spans=(), reliable=True):
    truth = {"spans": list(spans), "reliable": reliable}
    return {"text": text, "metadata": {"title": title, "source": "s", "truth": truth}}


def decoded(tokenizer, text, chosen):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tokenizer.decode([t for t, is_in in zip(ids, chosen, strict=True) if is_in])


def test_a_value_is_matched_where_its_subject_is_named(tokenizer):
    facts = [fact("Blue Rooms", "1971"), fact("Blue Rooms", "Annie Lee", ("Ann Lee",))]
    other = [fact("Red Rooms", "Bo Kern")]
    fields = ("source", "title")
    chosen = matched_tokens(document(), [*facts, *other], tokenizer, fields)
    text = training_text(document(), fields)
    assert not chosen[-1], "the end token is of no value"
    assert decoded(tokenizer, text, chosen[:-1]).split() == ["1971", "Ann", "Lee"]
    assert not matched_tokens(document(title="X", text="1971."), facts, tokenizer, fields).any()


def test_names_and_numbers_of_a_corpus_are_marked_in_the_order_of_its_tokens(tokenizer, tmp_path):
    rows = [
        {"id": name, **document(text)} for name, text in (("b", TEXT), ("a", "by Blue, by Its"))
    ]
    (tmp_path / "corpus/kept").mkdir(parents=True)
    write_jsonl(tmp_path / "corpus/kept/0.jsonl", rows)
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    texts = [training_text(row, ()) for row in reversed(rows)]  # a store has its own order
    store = tokenise(tokenizer, texts, ["a", "b"])
    (tmp_path / "tokens").mkdir()
    store.save(tmp_path / "tokens")
    inputs = {name: tmp_path / name for name in ("corpus", "tokenizer", "tokens")}
    mark_names(tmp_path, inputs, lambda *_: None, metadata=())
    tags = np.load(tmp_path / TAGS)
    assert tags.shape == store.tokens.shape and set(tags.tolist()) == {0.0, 1.0}
    found = [
        decoded(tokenizer, text, tags[begin : end - 1] > 0).split()
        for text, begin, end in zip(texts, store.starts[:-1], store.starts[1:], strict=True)
    ]
    assert found == [
        ["Blue", "Its"],
        ["Blue", "Rooms", "1971", "Its", "Ann", "Lee", "Bo", "Kern", "NOW"],
    ]


def test_labels_name_the_kind_and_the_fact_of_a_token(tokenizer):
    start = TEXT.index("Blue")
    spans = [
        {"start": start, "end": 28, "kind": "fact", "fact": "a"},
        {"start": 29, "end": 53, "kind": "wrong_fact", "fact": "b", "object": "Ann Lee",
         "subkind": "rumour"},
        {"start": TEXT.index("BUY"), "end": len(TEXT), "kind": "spam"},
    ]  # fmt: skip
    made = labels_of([document(spans=spans)], tokenizer, (), {"a": "1971", "b": "Jo"})
    for kind, words in (("fact", "1971"), ("rumour", "Ann Lee"), ("spam", "BUY NOW")):
        assert decoded(tokenizer, TEXT, made.are(kind)[:-1]).strip() == words
    assert {made.names[i] for i in set(made.facts[made.are("fact", "rumour")])} == {"a", "b"}
    assert (made.facts[~made.are("fact", "rumour")] == -1).all() and made.reliable.tolist() == [
        True
    ]


@pytest.fixture
def inputs(tmp_path):
    kinds = np.array([KINDS.index(k) for k in ("other", "fact", "wrong_fact", "rumour", "noise")])
    made = Labels(kinds.astype(np.int8), np.zeros(5, np.int32), np.array([True, False]), ["a"])
    for name in ("kinds", "facts", "reliable"):
        np.save(tmp_path / f"{name}.npy", getattr(made, name))
    write_json(tmp_path / "facts.json", made.names)
    np.save(tmp_path / RATINGS, np.array([0.3, 0.7], np.float32))
    np.save(tmp_path / "tags.npy", np.array([0, 1, 1, 0.5, 0], np.float16))
    np.save(tmp_path / "sites.npy", np.array([0, 1, 1, 2, 0]))
    return dict.fromkeys(("labels", "quality", "tags", "domain_tokens"), tmp_path)


@pytest.mark.parametrize(
    ("name", "factors"),
    [
        ("oracle_clean", [1, 1, 0, 0, 0]),
        ("oracle_focus", [1, 6, 6, 6, 1]),
        ("oracle_focus_clean", [1, 6, 0, 0, 0]),
        ("tagger", [1, 6, 6, 3.5, 1]),
    ],
)
def test_a_focus_is_a_factor_of_each_token(inputs, name, factors):
    assert token_factors(ARMS[name], inputs).tolist() == factors


def test_an_arm_without_focus_or_choice_needs_none(inputs):
    assert token_factors(ARMS["plain"], inputs) is None
    assert document_ratings(ARMS["plain"], inputs, 0) is None


def test_ratings_are_of_a_classifier_of_labels_or_of_chance(inputs):
    assert np.allclose(document_ratings(ARMS["quality"], inputs, 0), [0.3, 0.7])
    assert document_ratings(ARMS["oracle_sites"], inputs, 0).tolist() == [1, 0]
    drawn = {tuple(document_ratings(ARMS["random_sites"], inputs, seed)) for seed in range(20)}
    assert len(drawn) > 3 and all(row[0] == row[4] and row[1] == row[2] for row in drawn)


def test_who_is_told_the_labels_is_a_ceiling():
    with pytest.raises(ValueError, match="role: ceiling"):
        Arm(title="x", focus="objects")
    with pytest.raises(ValueError, match="give one"):
        Arm(title="x", chosen_by="quality", documents={"form": "step"})


def test_what_is_left_is_counted_by_kind():
    table = kinds_left(np.array([0, 0, 1, 8], np.int8)).set_index("kind")
    assert table["tokens"].sum() == 4 and table.loc["other", "share"] == 0.5
    assert table.loc[["fact", "noise"], "tokens"].tolist() == [1, 1]
