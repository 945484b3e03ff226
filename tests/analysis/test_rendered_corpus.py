"""Tables of the rendered corpus, on the smallest study and by hand."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from mucpt_utils.analysis import corpus
from mucpt_utils.io import read_jsonl


def test_the_raw_corpus_is_counted_by_source_and_flaw(study):
    raw = read_jsonl(study.raw_corpus().path("documents.jsonl"))
    counts = corpus.source_counts(raw)
    assert counts["documents"].sum() == len(raw)
    assert counts["tokens"].sum() == sum(len(d["text"].split()) for d in raw)
    flaws = corpus.flaw_counts(raw)
    labelled = [s for d in raw for s in d["metadata"]["truth"]["spans"]]
    assert flaws["stretches"].sum() == len(labelled)
    assert (flaws["share"] <= 1).all()


def test_roles_count_every_fact_of_the_world_once(study):
    roles = study.roles
    total = sum(map(len, (roles.test, roles.practice, roles.calibration, roles.general)))
    counts = corpus.role_counts(roles, study.covered(0))
    assert counts["facts"].sum() == total
    assert counts["subjects"][:2].sum() == len({f.subject for f in roles.test})


def test_fact_counts_tell_questions_from_facts(study):
    facts = [f for f in study.roles.test if f.category == study.roles.test[0].category]
    again = dataclasses.replace(facts[0], id="again", object="another")
    counts = corpus.fact_counts([*facts, again])
    assert counts["facts"].sum() == len(facts) + 1
    assert counts["questions"].sum() < corpus.fact_counts(facts)["questions"].sum() + 1


# --- by hand --------------------------------------------------------------------------------------


def test_the_classifier_table_by_hand():
    probabilities = np.array([0.95, 0.8, 0.6, 0.2])
    labels = np.array([True, True, False, False])
    table = corpus.classifier_table(probabilities, labels)
    rows = table.set_index(["threshold", "metric"])["value"]
    assert rows[np.nan, "average_precision"] == 1
    assert rows[0.5, "kept"] == 3 and rows[0.5, "precision"] == pytest.approx(2 / 3)
    assert rows[0.5, "recall"] == 1 and rows[0.9, "recall"] == 0.5
    assert rows[0.0, "off_domain_documents"] == 0.5
    assert rows[0.0, "off_domain_weight"] == pytest.approx(0.8 / 2.55)
    assert corpus.by_threshold(table).loc[0.7, "kept"] == 2
    of = table.set_index(["threshold", "metric"])["n"]
    assert of[0.9, "recall"] == 2 and of[0.9, "precision"] == of[0.9, "kept"] == 1


def test_a_threshold_that_keeps_nothing_has_no_precision():
    table = corpus.classifier_table(np.array([0.3, 0.2]), np.array([True, False]))
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
    table = corpus.duplicates_found(entered, rejected).set_index("between")
    assert table["documents"].to_dict() == {"same file": 1, "two files": 1}
    assert table.loc["two files", "lowest_similarity"] == 1
    assert corpus.duplicates_found(entered, []).empty


def test_planted_questions_are_never_in_the_benchmarks_own_words(study):
    questions = read_jsonl(study.world().path("questions.jsonl"))
    planted = corpus.planted_questions(questions, study.relations)
    own = {q["question"] for q in questions}
    assert {key for _, key in planted} == {q["id"] for q in questions}
    assert not own & {text for text, _ in planted}
    assert all("{s}" not in text for text, _ in planted)


def test_the_prose_report_as_a_table():
    report = {"books": 7, "passages": 90, "average_precision": 0.9, "calibration_error": 0.1}
    table = corpus.report_table({**report, "reliability": []})
    expected = pd.Series([7, 0.9, 0.1], name="value")
    pd.testing.assert_series_equal(table["value"], expected, check_dtype=False)
    assert set(table["n"]) == {90}
