"""The sentence that the first notebooks follow, and the corpus's tables, on the smallest study."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from mucpt_utils.analysis import corpus_tables
from mucpt_utils.config.arms import ARMS
from mucpt_utils.io import read_jsonl
from mucpt_utils.scoring import losses, models
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.teaching import story


@pytest.fixture(scope="module")
def followed(study):
    return story.find_story(study)


def test_the_story_is_a_true_sentence_of_a_kept_document_and_always_the_same(study, followed):
    assert followed == story.find_story(study)
    assert followed.raw["id"] == followed.kept["id"]
    assert followed.fact in study.roles.test
    assert followed.fact.object in followed.after
    span = followed.raw["metadata"]["truth"]["spans"][followed.span]
    assert (span["kind"], span["fact"]) == ("fact", followed.fact.id)


def test_a_corpus_without_a_fact_under_test_has_no_story(study, monkeypatch):
    monkeypatch.setattr(story, "kept_documents", lambda corpus: [])
    with pytest.raises(ValueError, match="tells a fact under test"):
        story.find_story(study)


def test_the_pieces_of_the_sentence_are_its_tokens_in_the_corpus(study, followed):
    pieces, places = story.token_pieces(study, followed)
    assert "".join(pieces).strip() == followed.after.strip()
    store = TokenStore.load(study.domain_tokens().folder)
    decoded = study.load_tokenizer().decode(store.tokens[places].tolist())
    assert followed.after.strip() in decoded or decoded.strip() in followed.after
    assert (np.diff(places) == 1).all()


def test_the_raw_corpus_is_counted_by_source_and_flaw(study):
    raw = read_jsonl(study.raw_corpus().path("documents.jsonl"))
    counts = corpus_tables.source_counts(raw)
    assert counts["documents"].sum() == len(raw)
    assert counts["tokens"].sum() == sum(len(d["text"].split()) for d in raw)
    flaws = corpus_tables.flaw_counts(raw)
    labelled = [s for d in raw for s in d["metadata"]["truth"]["spans"]]
    assert flaws["stretches"].sum() == len(labelled)
    assert (flaws["share"] <= 1).all()


def test_roles_count_every_fact_of_the_world_once(study):
    roles = study.roles
    total = sum(map(len, (roles.test, roles.practice, roles.calibration, roles.general)))
    counts = corpus_tables.role_counts(study)
    assert counts["facts"].sum() == total
    assert counts["subjects"][:2].sum() == len({f.subject for f in roles.test})


def test_fact_counts_tell_questions_from_facts(study):
    known = [f for f in study.roles.test if f.category == study.roles.test[0].category]
    again = dataclasses.replace(known[0], id="again", object="another")
    counts = corpus_tables.fact_counts([*known, again])
    assert counts["facts"].sum() == len(known) + 1
    assert counts["questions"].sum() < corpus_tables.fact_counts(known)["questions"].sum() + 1


def test_selection_keeps_the_share_that_the_arm_asks_for(study):
    table = corpus_tables.selected_documents(study, "selection_soft").set_index("documents")
    count = table.loc["all", "n"]
    kept = np.ceil(ARMS["selection_soft"].documents.keep * count) / count
    assert table.loc["all", "share_kept"] == pytest.approx(kept)
    assert table["n"].max() == count


def test_losses_are_told_apart_by_what_the_reference_model_knows(study):
    table = corpus_tables.mean_losses(study)
    assert table["text"].tolist() == ["covered", "uncovered"]
    assert (table[["base", "reference"]] > 0).all(axis=None)


def test_weights_of_the_sentence_are_those_of_the_corpus(study, followed):
    _, places = story.token_pieces(study, followed)
    whole = np.arange(len(TokenStore.load(study.domain_tokens().folder).tokens))
    every = corpus_tables.sentence_weights(study, 0, ["base", "plain", "soft_static"], whole)
    assert list(every) == ["soft_static"]
    assert every["soft_static"].mean() == pytest.approx(1, abs=1e-4)
    some = corpus_tables.sentence_weights(study, 0, ["soft_static"], places)["soft_static"]
    np.testing.assert_array_equal(some, every["soft_static"][places])


# --- tables that need no study --------------------------------------------------------------------


def test_the_classifier_table_by_hand():
    probabilities = np.array([0.95, 0.8, 0.6, 0.2])
    labels = np.array([True, True, False, False])
    table = corpus_tables.classifier_table(probabilities, labels)
    rows = table.set_index(["threshold", "metric"])["value"]
    assert rows[np.nan, "average_precision"] == 1
    assert rows[0.5, "kept"] == 3 and rows[0.5, "precision"] == pytest.approx(2 / 3)
    assert rows[0.5, "recall"] == 1 and rows[0.9, "recall"] == 0.5
    assert rows[0.0, "off_domain_documents"] == 0.5
    assert rows[0.0, "off_domain_weight"] == pytest.approx(0.8 / 2.55)
    assert corpus_tables.by_threshold(table).loc[0.7, "kept"] == 2


def test_a_threshold_that_keeps_nothing_has_no_precision():
    table = corpus_tables.classifier_table(np.array([0.3, 0.2]), np.array([True, False]))
    rows = table.set_index(["threshold", "metric"])["value"]
    assert rows[0.9, "kept"] == 0 and np.isnan(rows[0.9, "precision"])


def test_duplicates_are_counted_by_where_the_copy_stands():
    entered = [
        {"id": name, "metadata": {"source": "prose", "file": file}}
        for name, file in (("a", "one.txt"), ("b", "one.txt"), ("c", "two.txt"))
    ]
    near = {"stage": "near_duplicates", "id": "b"}
    rejected = [
        {**near, "detail": {"duplicate_of": "a", "similarity": 0.9}},
        {**near, "id": "c", "detail": {"duplicate_of": "a", "similarity": 1.0}},
        {"stage": "clean", "id": "a", "detail": {"junk_share": 1.0}},
    ]
    table = corpus_tables.duplicates_found(entered, rejected).set_index("between")
    assert table["documents"].to_dict() == {"same file": 1, "two files": 1}
    assert table.loc["two files", "lowest_similarity"] == 1
    assert corpus_tables.duplicates_found(entered, []).empty


def test_planted_questions_are_never_in_the_benchmarks_own_words(study):
    questions = read_jsonl(study.world().path("questions.jsonl"))
    planted = corpus_tables.planted_questions(questions, study.relations)
    own = {q["question"] for q in questions}
    assert {key for _, key in planted} == {q["id"] for q in questions}
    assert not own & {text for text, _ in planted}
    assert all("{s}" not in text for text, _ in planted)


def test_the_prose_report_as_a_table():
    report = {"books": 7, "passages": 90, "average_precision": 0.9, "calibration_error": 0.1}
    table = corpus_tables.report_table({**report, "reliability": []})
    expected = pd.Series([7, 0.9, 0.1], name="value")
    pd.testing.assert_series_equal(table["value"], expected, check_dtype=False)
    assert set(table["n"]) == {90}


def test_the_gradient_of_the_sentence_is_the_weighted_sum_of_its_tokens(study, followed):
    _, places = story.token_pieces(study, followed)
    weights = np.linspace(0, 2, len(places))
    found = story.gradients(study, followed, weights)
    np.testing.assert_allclose(found.tokens["weighted"], weights * found.tokens["plain"])
    stored = losses.load(study.base_losses().folder)[places].astype(float)
    np.testing.assert_allclose(found.tokens["loss"], stored, atol=0.1)  # scored in 16 bits
    assert 0 < found.cosine < 1
    alike = story.gradients(study, followed, np.full(len(places), 0.5))
    assert alike.cosine == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(alike.tokens["plain"], found.tokens["plain"], rtol=1e-4)


def test_a_tokens_gradient_is_what_training_on_it_alone_gives(study, followed):
    _, places = story.token_pieces(study, followed)
    last = np.zeros(len(places))
    last[-1] = 1.0
    found = story.gradients(study, followed, last)
    store = TokenStore.load(study.domain_tokens().folder)
    index = store.ids.index(followed.kept["id"])
    begin = store.starts[index]
    ids = np.concatenate([store.tokens[-1:], store.tokens[begin : places[-1] + 1]]).astype(np.int64)
    model = models.load(study.base().path("model"), torch.float32).eval()
    logits = model(input_ids=torch.from_numpy(ids)[None]).logits[0]
    torch.nn.functional.cross_entropy(logits[-2:-1], torch.tensor([int(ids[-1])])).backward()
    squares = sum(float((p.grad**2).sum()) for p in model.parameters() if p.grad is not None)
    assert found.tokens["plain"].iloc[-1] == pytest.approx(squares**0.5, rel=1e-3)
