"""Signals beside the losses: matches with a table, ratings, and what an arm makes of them."""

import numpy as np
import pytest

from mucpt_utils.analysis.token_weights import kinds_left
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.io import write_json, write_jsonl
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.scoring.scored import NotScored
from mucpt_utils.scoring.tokens import TokenStore, tokenise, train_tokenizer
from mucpt_utils.study.labels import KINDS, Labels, labels_of
from mucpt_utils.study.signals import (
    DOCUMENTS,
    RATINGS,
    TAGS,
    document_ratings,
    mark_names,
    matched_tokens,
    rate_sites,
    sample_known_subjects,
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


# --- sites, rated by a sample ---------------------------------------------------------------------

SUBJECTS, SITES, TOKENS = 8, 4, 10  # four subjects that the reference model has read about
REPEATS, BAD = 3, 2  # documents of each subject on each site; the site that is wrong


@pytest.fixture
def crawl(tmp_path, store_of):
    """The folders of a corpus in which every site tells of every subject, and of its text."""
    cells = [(t, s) for t in range(SUBJECTS) for s in range(SITES) for _ in range(REPEATS)]
    titles, sites = np.array(cells).T
    store = store_of([TOKENS] * len(cells))
    (tmp_path / "corpus/kept").mkdir(parents=True)
    rows = [
        {"id": name, "text": "x", "metadata": {"title": f"subject {t}"}}
        for name, (t, _) in zip(store.ids, cells, strict=True)
    ]
    write_jsonl(tmp_path / "corpus/kept/0.jsonl", rows)
    read = [{"metadata": {"title": f"subject {t}"}} for t in range(SUBJECTS // 2)]
    write_jsonl(tmp_path / "documents.jsonl", [*read, {"metadata": {}}])
    store.save(tmp_path / "tokens")
    arrays = {"titles": titles, "sites": sites, "weights": np.ones(len(cells), np.float32)}
    for name, values in arrays.items():
        np.save(tmp_path / "tokens" / f"{name}.npy", values)
    return {"corpus": tmp_path / "corpus", "text": tmp_path, "tokens": tmp_path / "tokens"}


@pytest.mark.parametrize(("share", "subjects"), [(0.1, 1), (0.25, 2), (0.37, 2), (1.0, 4)])
def test_a_sample_holds_all_documents_of_some_known_subjects(crawl, tmp_path, share, subjects):
    sample_known_subjects(tmp_path / "sample", crawl, lambda *_: None, share=share, seed=0)
    documents = np.load(tmp_path / "sample" / DOCUMENTS)
    titles = np.load(crawl["tokens"] / "titles.npy")
    drawn = set(titles[documents].tolist())
    assert len(drawn) == subjects and drawn <= {0, 1, 2, 3}, "those of the text alone"
    assert documents.tolist() == np.flatnonzero(np.isin(titles, list(drawn))).tolist()
    whole, sample = (TokenStore.load(folder) for folder in (crawl["tokens"], tmp_path / "sample"))
    assert sample.ids == [whole.ids[i] for i in documents]


def test_a_sample_of_subjects_that_no_document_is_about_is_refused(crawl, tmp_path):
    write_jsonl(tmp_path / "documents.jsonl", [{"metadata": {"title": "another"}}])
    with pytest.raises(NotScored, match="no document of the corpus is about a subject"):
        sample_known_subjects(tmp_path / "sample", crawl, lambda *_: None, share=0.5, seed=0)


@pytest.mark.parametrize("tagged", [True, False])
def test_a_site_is_rated_by_the_documents_of_the_sample(crawl, tmp_path, tagged):
    sample_known_subjects(tmp_path / "sample", crawl, lambda *_: None, share=0.3, seed=0)
    sites = np.load(crawl["tokens"] / "sites.npy")
    documents = np.load(tmp_path / "sample" / DOCUMENTS)
    wrong = np.repeat(sites[documents] == BAD, TOKENS)
    carries = np.arange(wrong.size) % TOKENS == 0  # one token of each document tells the fact
    # the reference model is surprised by what the bad site says, and by chatter everywhere
    losses = {"base": np.full(wrong.size, 4.0), "reference": np.where(carries, 0.5, 6.0)}
    losses["reference"][carries & wrong] = 5.0
    for name, values in losses.items():
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "losses.npy", values.astype(np.float16))
    inputs = {**crawl, "sample": tmp_path / "sample"}
    inputs |= {f"{name}_losses": tmp_path / name for name in losses}
    if tagged:
        np.save(tmp_path / TAGS, (np.arange(sites.size * TOKENS) % TOKENS == 0).astype(np.float16))
        inputs["tags"] = tmp_path
    rate_sites(tmp_path, inputs, lambda *_: None, criterion=Criterion(), dose=6.0)
    ratings = np.load(tmp_path / RATINGS)
    assert ratings.shape == sites.shape, "documents that were never scored are rated as well"
    by_site = [set(ratings[sites == site].tolist()) for site in range(SITES)]
    assert all(len(values) == 1 for values in by_site), "a site has one rating"
    good, bad = (min(values) for values in (set.union(*by_site[:BAD]), by_site[BAD]))
    # log(4.1 / 0.6) and log(4.1 / 5.1), relative to the mean of the three sites and this one
    apart = np.log(5.1 / 0.6) if tagged else np.log((0.5 + 9 * 6 + 4.5 + 1) / (0.5 + 9 * 6 + 1))
    assert good - bad == pytest.approx(apart, rel=0.01)


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


def test_an_object_is_found_where_a_sentence_begins_with_it(tokenizer):
    spans = [{"start": 0, "end": len(TEXT), "kind": "fact", "fact": "a"}]
    told = TEXT[TEXT.index("Blue") :].split()[0]
    made = labels_of([document(spans=spans)], tokenizer, (), {"a": told.lower()})
    assert told != told.lower() and decoded(tokenizer, TEXT, made.are("fact")[:-1]).strip() == told


def test_noise_inside_a_fact_is_noise(tokenizer):
    place = TEXT.index("1971")
    spans = [
        {"start": place, "end": place + 4, "kind": "noise"},
        {"start": 0, "end": 28, "kind": "fact", "fact": "a"},
    ]
    made = labels_of([document(spans=spans)], tokenizer, (), {"a": "1971"})
    assert decoded(tokenizer, TEXT, made.are("noise")[:-1]).strip() == "1971"
    assert not made.are("fact").any() and (made.facts == -1).all()


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
