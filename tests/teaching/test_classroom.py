"""The small samples for interactive cells, made from the smallest study."""

import json

import numpy as np
import pandas as pd
import pytest

from mucpt_utils.analysis import schema
from mucpt_utils.analysis.corpus import rejected_documents
from mucpt_utils.io import read_jsonl
from mucpt_utils.musicsimpleqa.grading import GRADES
from mucpt_utils.scoring import losses
from mucpt_utils.teaching import classroom, story, widgets
from mucpt_utils.teaching import sentences as sampled
from mucpt_utils.teaching.session import Results


@pytest.fixture(scope="module")
def sentences(study):
    return sampled.sentences(study, story.find_story(study))


def followed_row(study, sentences):
    """The row of the sentence that is followed."""
    pieces, _ = story.token_pieces(study, story.find_story(study))
    shown = pieces[: sampled.LONGEST_SENTENCE]
    return next(row for row in sentences["sentences"] if row["pieces"] == shown)


def test_losses_are_those_that_the_study_weighs_by(study, sentences):
    _, places = story.token_pieces(study, story.find_story(study))
    shown = places[: sampled.LONGEST_SENTENCE]
    row = followed_row(study, sentences)
    base = losses.load(study.base_losses().folder)[shown]
    reference = losses.load(study.reference_losses(0).folder)[shown]
    # read in a batch of another width, and rounded
    np.testing.assert_allclose(row["base"], base.astype(float), atol=0.02)
    temperature = sentences["calibrated"][0]
    kept = row["reference"][0][temperature]
    np.testing.assert_allclose(kept, reference.astype(float), atol=0.02)


def test_every_stretch_is_whole_and_of_its_kind(study, sentences):
    rows = sentences["sentences"]
    assert {row["kind"] for row in rows} <= {"fact", "wrong_fact", "noise", "spam"}
    assert "".join(followed_row(study, sentences)["pieces"]).strip()
    for row in rows:
        tables = row["reference"][0].values()
        assert {len(row["pieces"]), len(row["base"])} == set(map(len, tables))
        assert set(row["reference"][0]) == set(sentences["temperatures"])
        assert row["known"] == [row["subject"] in study.covered(0)]


def stretch(kind, text, answer, about):
    """A stretch of a made-up document that is nothing else."""
    span = {"start": 0, "end": len(text), "kind": kind}
    metadata = {"title": about, "truth": {"spans": [span]}}
    document = {"id": text, "text": text, "metadata": metadata}
    return sampled.Stretch(kind, document, 0, answer, about)


def test_a_template_is_the_sentence_without_its_subject_and_answer():
    true = stretch("fact", "Debut was recorded by the singer Björk.", "Björk", "Debut")
    false = stretch("wrong_fact", "Homogenic was recorded by the singer Cher.", "Cher", "Homogenic")
    assert true.template == false.template == "{s} was recorded by the singer {o}."
    assert stretch("fact", "It was recorded by Björk.", "Björk", "Debut").template == ""


def test_a_true_and_a_false_sentence_of_one_template_stand_beside_each_other(study, monkeypatch):
    known = sorted(study.covered(0))[:2]
    words = "{} was recorded long ago by {}."
    every = [
        stretch("fact", words.format(known[0], "Anna"), "Anna", known[0]),
        stretch("wrong_fact", words.format(known[1], "Bert"), "Bert", known[1]),
        stretch("wrong_fact", words.format("Nobody's", "Bert"), "Bert", "Nobody's"),
        stretch("wrong_fact", f"By Bert, it is said, {known[1]} was recorded.", "Bert", known[1]),
    ]
    monkeypatch.setattr(sampled, "stretches_of", lambda study: every[1:])
    assert sampled.pairs(study, every[0]) == [(every[0], every[1])]
    monkeypatch.setattr(sampled, "stretches_of", lambda study: every[2:])
    assert sampled.pairs(study, every[0]) == [], "of subjects that no reference model knows, none"


def test_the_pair_shown_is_one_that_some_seed_tells_apart_and_another_does_not():
    def rows(by_seed):
        true, false = ({"pieces": ["a", "b"], "answer": [1, 2], "base": [4.0, 4.0]} for _ in "ab")
        for row, place in ((true, 0), (false, 1)):
            row["reference"] = {
                seed: {"1": [4.0, losses[place]]} for seed, losses in by_seed.items()
            }
        return [true, false]

    kept = {"seeds": [0, 1], "calibrated": {0: "1", 1: "1"}}
    always = rows({0: (1.0, 4.0), 1: (1.0, 4.0)})
    once = rows({0: (4.0, 2.0), 1: (2.0, 4.0)})
    number, margins = sampled.best_pair(kept, [always, once])
    assert number == 1 and margins[0] < 0 < margins[1]
    assert sampled.best_pair(kept, [always])[0] == 0


def test_the_answer_of_a_sentence_is_marked_and_what_the_reference_model_has_read(study, sentences):
    followed = story.find_story(study)
    row = followed_row(study, sentences)
    begin, end = row["answer"]
    assert followed.fact.object in "".join(row["pieces"][begin:end])
    assert followed.fact.object not in "".join(row["pieces"][begin + 1 : end])
    assert followed.fact.object not in "".join(row["pieces"][begin : end - 1])
    assert row["read"] == [followed.fact.object in sampled.reference_text(study, 0)]
    assert not sampled.stands_in("pop", "popular, hip-popper") and not sampled.stands_in("", "")
    assert sampled.stands_in("!!!", "a band called !!! and") and sampled.stands_in("pop", "(pop)")


def test_without_a_pair_both_kinds_of_false_sentences_are_there(study):
    followed, every = story.find_story(study), list(sampled.stretches_of(study))
    false = [s for s in every if s.kind == "wrong_fact" and len(s.text.split()) >= 6]
    assert false and all(s.answer in s.text for s in false)
    for read in ("", "\n".join(s.answer for s in false)):  # nothing read, everything read
        chosen = sampled.beside(study, followed, read, paired=False)
        (one,) = [s for s in chosen if s.kind == "wrong_fact"]
        assert one in false
    chosen = sampled.beside(study, followed, false[0].answer, paired=False)
    answers = [s.answer == false[0].answer for s in chosen if s.kind == "wrong_fact"]
    assert answers == [True, False]
    assert "wrong_fact" not in {s.kind for s in sampled.beside(study, followed, "", paired=True)}


def test_the_sample_is_made_once_for_the_same_models(study, tmp_path, monkeypatch):
    followed = story.find_story(study)
    path = sampled.keep(study, followed, tmp_path)
    first = path.read_bytes()
    monkeypatch.setattr(sampled, "sentences", lambda *given: pytest.fail("made again"))
    assert sampled.keep(study, followed, tmp_path).read_bytes() == first
    path.write_text('{"made_from": "other code"}')
    monkeypatch.setattr(sampled, "sentences", lambda *given: {"sentences": []})
    assert json.loads(sampled.keep(study, followed, tmp_path).read_text())["sentences"] == []


def test_the_losses_of_the_site_are_made_once_per_set_of_models(study, tmp_path, monkeypatch):
    results = Results(tmp_path)
    made = pd.DataFrame([dict.fromkeys(schema.COLUMNS["token_losses"], 1)])
    monkeypatch.setattr(sampled, "token_losses", lambda _: made)
    sampled.keep_losses(study, results)
    first = (tmp_path / "tables" / "token_losses.csv").read_bytes()
    monkeypatch.setattr(sampled, "token_losses", lambda _: pytest.fail("made again"))
    sampled.keep_losses(study, results)
    assert (tmp_path / "tables" / "token_losses.csv").read_bytes() == first
    monkeypatch.setattr(sampled, "made_from", lambda _: "other models")
    monkeypatch.setattr(sampled, "token_losses", lambda _: made.assign(base=2))
    sampled.keep_losses(study, results)
    assert results.read("token_losses")["base"].tolist() == [2]


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
    assert widgets.weights("smoke").still.count("<sub") == sum(
        len(row["pieces"]) for row in sentences["sentences"]
    )
    assert "of" in widgets.rejected("smoke").still
    assert set(widgets.MARKS) == set(GRADES)
