"""The small samples for interactive cells, made from the smallest study."""

import json

import numpy as np
import pandas as pd
import pytest

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
    heat = sentences["calibrated"][0]
    np.testing.assert_allclose(row["reference"][0][heat], reference.astype(float), atol=0.02)


def test_every_stretch_is_whole_and_of_its_kind(study, sentences):
    rows = sentences["sentences"]
    assert rows[0]["kind"] == "fact" and len({row["kind"] for row in rows}) == len(rows)
    assert "".join(rows[0]["pieces"]).strip() in story.find_story(study).after
    for row in rows:
        tables = row["reference"][0].values()
        assert {len(row["pieces"]), len(row["base"])} == set(map(len, tables))
        assert set(row["reference"][0]) == set(sentences["temperatures"])
        assert row["known"] == [row["subject"] in study.covered(0)]


def test_a_higher_temperature_evens_out_the_losses(sentences):
    first = sentences["sentences"][0]["reference"][0]
    assert np.std(first["4"]) < np.std(first["1"]) < np.std(first["0.75"])


def test_rejected_documents_are_counted_and_sampled_with_their_reasons(study):
    sample = classroom.rejected(study)
    every = story.rejected_documents(study.corpus())
    assert sum(row["documents"] for row in sample["reasons"]) == len(every)
    known = {row["id"]: row for row in every}
    for row in sample["documents"]:
        assert known[row["id"]]["text"].startswith(row["text"])
        assert (row["stage"], row["reason"]) == tuple(
            known[row["id"]][k] for k in ("stage", "reason")
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
