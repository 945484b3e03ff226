"""The small samples for interactive cells, made from the smallest study."""

import json

import numpy as np
import pandas as pd
import pytest

from mucpt_utils.analysis.corpus import rejected_documents
from mucpt_utils.io import read_jsonl
from mucpt_utils.musicsimpleqa.grading import GRADES
from mucpt_utils.scoring import losses
from mucpt_utils.teaching import classroom, story, widgets


@pytest.fixture(scope="module")
def sentences(study):
    return classroom.sentences(study, story.find_story(study))


def test_losses_are_those_that_the_study_weighs_by(study, sentences):
    _, places = story.token_pieces(study, story.find_story(study))
    shown = places[: classroom.LONGEST_SENTENCE]
    row = sentences["sentences"][0]
    base = losses.load(study.base_losses().folder)[shown]
    reference = losses.load(study.reference_losses(0).folder)[shown]
    # read in a batch of another width, and rounded
    np.testing.assert_allclose(row["base"], base.astype(float), atol=0.02)
    temperature = sentences["calibrated"][0]
    kept = row["reference"][0][temperature]
    np.testing.assert_allclose(kept, reference.astype(float), atol=0.02)


def test_every_stretch_is_whole_and_of_its_kind(study, sentences):
    rows = sentences["sentences"]
    kinds = [row["kind"] for row in rows]
    assert kinds[0] == "fact" and kinds.count("wrong_fact") <= 2
    assert len(set(kinds[1:]) | {"wrong_fact"}) >= len(kinds) - 2
    assert "".join(rows[0]["pieces"]).strip() in story.find_story(study).after
    for row in rows:
        tables = row["reference"][0].values()
        assert {len(row["pieces"]), len(row["base"])} == set(map(len, tables))
        assert set(row["reference"][0]) == set(sentences["temperatures"])
        assert row["known"] == [row["subject"] in study.covered(0)]


def test_the_answer_of_a_sentence_is_marked_and_what_the_reference_model_has_read(study, sentences):
    followed = story.find_story(study)
    row = sentences["sentences"][0]
    begin, end = row["answer"]
    assert followed.fact.object in "".join(row["pieces"][begin:end])
    assert followed.fact.object not in "".join(row["pieces"][begin + 1 : end])
    assert followed.fact.object not in "".join(row["pieces"][begin : end - 1])
    assert row["read"] == [followed.fact.object in classroom.reference_text(study, 0)]
    assert not classroom.stands_in("pop", "popular, hip-popper") and not classroom.stands_in("", "")
    assert classroom.stands_in("!!!", "a band called !!! and") and classroom.stands_in(
        "pop", "(pop)"
    )


def test_both_kinds_of_false_sentences_are_there_where_the_corpus_has_them(study):
    followed, every = story.find_story(study), list(classroom.stretches_of(study))
    false = [s for s in every if s.kind == "wrong_fact" and len(s.text.split()) >= 6]
    assert false and all(s.answer in s.text for s in false)
    for read in ("", "\n".join(s.answer for s in false)):  # nothing read, everything read
        chosen = classroom.others(study, followed, read)
        (one,) = [s for s in chosen if s.kind == "wrong_fact"]
        assert one in false
        assert len(one.text) == min(len(s.text) for s in false if s.subject == one.subject)
    assert len({s.answer for s in false}) > 1
    chosen = classroom.others(study, followed, false[0].answer)
    answers = [s.answer == false[0].answer for s in chosen if s.kind == "wrong_fact"]
    assert answers == [True, False]


def test_a_higher_temperature_evens_out_the_losses(sentences):
    first = sentences["sentences"][0]["reference"][0]
    assert np.std(first["4"]) < np.std(first["1"]) < np.std(first["0.75"])


def test_rejected_documents_are_counted_and_sampled_with_their_reasons(study):
    sample = classroom.rejected(study)
    every = rejected_documents(study.corpus().folder)
    assert sum(row["documents"] for row in sample["reasons"]) == len(every)
    by_id = {row["id"]: row for row in every}
    for row in sample["documents"]:
        assert by_id[row["id"]]["text"].startswith(row["text"])
        assert (row["stage"], row["reason"]) == tuple(
            by_id[row["id"]][k] for k in ("stage", "reason")
        )
        spans = row["metadata"]["truth"]["spans"]
        assert all(0 <= s["start"] < s["end"] <= len(row["text"]) for s in spans)
        assert ("twin" in row) == ("duplicates" in row["stage"])
    assert sample == classroom.rejected(study)


@pytest.fixture(scope="module")
def asked(study):
    rows = read_jsonl(study.world().path("questions.jsonl"))
    return pd.DataFrame([{"set": "questions", **r} for r in rows]).rename(
        columns={"id": "question_id"}
    )


def test_answers_keep_what_each_arm_said_to_each_question(study, asked):
    final = pd.DataFrame(
        [
            {"arm": arm, "seed": 0, "question_id": name, "response": f"{arm} {name}"}
            | {"log_likelihood": -1.234}
            for arm in study.profile.arms
            for name in asked["question_id"]
        ]
    )
    kept = classroom.answers(study, final, asked)
    assert list(kept["answers"]) == list(study.profile.arms)
    by_question = dict(zip(asked["question"], asked["question_id"], strict=True))
    for number, question in enumerate(kept["questions"]):
        name = by_question[question["question"]]
        assert kept["answers"]["plain"][0][number] == [f"plain {name}", -1.23]
        assert question["known"] == [question["subject"] in study.covered(0)]
    subjects = [question["subject"] for question in kept["questions"]]
    first = len(set(asked["subject"]))
    assert len(set(subjects[:first])) == min(first, len(subjects))


def test_what_is_kept_can_be_played_with(study, sentences, tmp_path, monkeypatch):
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path))
    path = classroom.keep(tmp_path / "smoke", "sentences", sentences)
    assert json.loads(path.read_text(encoding="utf-8"))["seeds"] == [0]
    classroom.keep(tmp_path / "smoke", "rejected", classroom.rejected(study))
    assert widgets.weights("smoke").still.count("<ruby") == sum(
        len(row["pieces"]) for row in sentences["sentences"]
    )
    assert "of" in widgets.rejected("smoke").still
    assert set(widgets.MARKS) == set(GRADES)
