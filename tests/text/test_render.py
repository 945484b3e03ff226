"""The rendered lane: same seed same bytes, exact spans, enough wordings, no question in a text."""

import re
from itertools import product

import pytest
from made_up_facts import GENERAL, MUSIC, RELATIONS, as_bytes, spans
from pydantic import ValidationError

from mucpt_utils.config.text import REGISTERS, RenderSettings
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.text.render import registers, render_documents, render_questions_and_answers
from mucpt_utils.text.render.segments import Segment, join_segments
from mucpt_utils.text.render.wording import asked_about

MANY = RenderSettings(documents_per_subject=60)


def corpus(seed: int = 1, settings: RenderSettings = MANY) -> list[dict]:
    return render_documents(MUSIC, RELATIONS, settings, seed, "music")


def test_same_seed_same_bytes_and_another_seed_others():
    assert as_bytes(corpus(1)) == as_bytes(corpus(1))
    assert as_bytes(corpus(1)) != as_bytes(corpus(2))


def test_documents_of_a_subject_do_not_depend_on_other_subjects():
    few = [fact for fact in MUSIC if fact.subject == "Silver Rooms"]
    alone = {d["id"]: d for d in render_documents(few, RELATIONS, MANY, 1, "music")}
    among = {d["id"]: d for d in corpus(1)}
    assert len(alone) == MANY.documents_per_subject
    assert all(among[identity] == document for identity, document in alone.items())


def test_every_relation_has_enough_wordings():
    assert len(RELATIONS) >= 60
    for relation in RELATIONS.values():
        assert len(set(relation.statements)) >= 12, relation.id
        assert len(set(relation.questions)) >= 4, relation.id
        assert all(wording.endswith(".") for wording in relation.statements), relation.id
        assert all(wording.endswith("?") for wording in relation.questions), relation.id


def test_wordings_name_subject_and_object_once_in_both_orders():
    for relation in RELATIONS.values():
        firsts = {w.index("{s}") < w.index("{o}") for w in relation.statements}
        assert firsts == {True, False}, relation.id
        for wording in relation.statements:
            assert (wording.count("{s}"), wording.count("{o}")) == (1, 1), wording


def test_ten_registers_with_openers_and_fillers():
    assert len(REGISTERS) == 10
    words = registers()["registers"]
    assert tuple(words) == REGISTERS
    for name, domain in product(REGISTERS, ("music", "general")):
        part = words[name]["fillers"]
        assert len(set(part["common"] + part.get(domain, []))) >= 25, name
    assert {d["metadata"]["register"] for d in corpus()} == set(REGISTERS)


def test_every_category_has_a_noun():
    categories = {name.split(".")[0] for name in RELATIONS}
    assert categories == set(registers()["nouns"])


def test_fact_spans_hold_the_object_and_nothing_else_is_labelled():
    objects = {fact.id: fact.object for fact in MUSIC}
    for document in corpus():
        for span in spans(document):
            text = document["text"][span["start"] : span["end"]]
            assert span["kind"] == "fact"
            assert objects[span["fact"]].casefold() in text.casefold(), text


def test_most_fact_sentences_name_their_subject():
    subjects = {fact.id: fact.subject for fact in MUSIC}
    sentences = [
        subjects[span["fact"]] in document["text"][span["start"] : span["end"]]
        for document in corpus()
        for span in spans(document)
        if document["metadata"]["register"] != "metadata_record"
    ]
    assert 0.75 < sum(sentences) / len(sentences) < 1


def test_truth_lists_the_facts_told():
    for document in corpus():
        told = {span["fact"] for span in spans(document)}
        assert told == set(document["metadata"]["truth"]["facts"])
        assert told


def test_length_stays_in_bounds():
    lengths = [len(document["text"].split()) for document in corpus()]
    assert min(lengths) >= MANY.min_words
    assert max(lengths) <= MANY.max_words


def test_a_fact_is_told_in_many_wordings():
    wanted = "m:album.label:silver-rooms"
    told = {
        document["text"][span["start"] : span["end"]]
        for document in corpus()
        for span in spans(document)
        if span["fact"] == wanted
    }
    assert len(told) >= 12


def test_nothing_in_a_document_asks():
    questions = {
        asked_about(question, fact.category, fact.subject).casefold()
        for fact in MUSIC
        if not fact.subject.endswith("?")  # stands in statements with its own mark
        for question in RELATIONS[fact.relation].questions
    }
    for document in corpus():
        prose = document["text"].replace("What Next?", "").casefold()
        assert "?" not in prose
        assert not any(question in document["text"].casefold() for question in questions)


def test_articles_and_full_stops():
    text = "\n".join(d["text"] for d in render_documents(GENERAL, RELATIONS, MANY, 3, "general"))
    text += "\n".join(d["text"] for d in corpus())
    assert not re.search(r"[.!?]\.(\s|$)", text)
    assert " in Netherlands" not in text
    assert "a eaglet" not in text
    assert "the The " not in text
    assert "an eaglet" in text and "the Netherlands" in text


def test_in_domain_is_music_only():
    general = render_documents(GENERAL, RELATIONS, MANY, 3, "general")
    assert not any(document["metadata"]["truth"]["in_domain"] for document in general)
    assert all(document["metadata"]["truth"]["in_domain"] for document in corpus())


def test_metadata_is_complete():
    for document in corpus():
        metadata = document["metadata"]
        assert metadata["source"] == f"rendered/{metadata['register']}"
        assert (metadata["licence"], metadata["lane"]) == ("CC0-1.0", "rendered")
        assert metadata["title"] and metadata["creator"] and 1990 < metadata["year"] < 2030
    assert len({document["id"] for document in corpus()}) == len(corpus())


def test_some_documents_treat_several_subjects():
    settings = RenderSettings(documents_per_subject=10, several_subjects=0.5)
    several = [d for d in corpus(1, settings) if "-several-" in d["id"]]
    assert len(several) == 40
    subjects = {fact.id: fact.subject for fact in MUSIC}
    for document in several:
        assert len({subjects[name] for name in document["metadata"]["truth"]["facts"]}) > 1


def test_register_weights_choose():
    settings = RenderSettings(documents_per_subject=5, registers={"news": 1, "forum": 0})
    assert {d["metadata"]["register"] for d in corpus(1, settings)} == {"news"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"registers": {"opera_hat": 1}}, "opera_hat.*allowed: encyclopaedia"),
        ({"registers": {"news": 0}}, "at least one above 0"),
        ({"wrong_fact": 1.5}, "less than or equal to 1"),
        ({"off_domain": 0.5, "spam_documents": 0.5}, "more than 0.9"),
        ({"ocr_noise": 0.7, "mojibake": 0.7}, "exclude each other"),
        ({"colour": 1}, "Extra inputs"),
    ],
)
def test_bad_settings_say_what_is_allowed(settings, message):
    with pytest.raises(ValidationError, match=message):
        RenderSettings(**settings)


def test_bad_domain_and_missing_wordings_raise():
    with pytest.raises(ValueError, match="allowed: music, general"):
        render_documents(MUSIC, RELATIONS, MANY, 1, "sport")
    with pytest.raises(ValueError, match="no wordings for album.artist"):
        render_documents(MUSIC[:1], {}, MANY, 1, "music")


def test_questions_and_answers_use_every_wording_evenly():
    settings = RenderSettings(documents_per_subject=40)
    documents = render_questions_and_answers(MUSIC, RELATIONS, settings, 5)
    assert len(documents) == 8 * 40
    text = "".join(document["text"] for document in documents)
    pairs = re.findall(r"Question: (.+\?)\nAnswer: (.+)\n", text)
    assert text == "".join(f"Question: {q}\nAnswer: {a}\n" for q, a in pairs)
    answers = {
        asked_about(question, fact.category, fact.subject): fact.object
        for fact in MUSIC
        for question in RELATIONS[fact.relation].questions
    }
    assert dict(pairs) == answers
    assert all(1 <= document["text"].count("Question: ") <= 4 for document in documents)


def test_facts_with_several_answers_are_not_asked():
    first = MUSIC[0]
    second = Fact(**{**first.__dict__, "id": f"{first.id}:2", "object": "Somebody Else"})
    documents = render_questions_and_answers([first, second], RELATIONS, MANY, 5)
    assert documents == []


def test_join_segments_is_exact():
    segments = [
        Segment("So, "),
        Segment("it is 1999.", "fact", "m:x", marks=((0, 2, "noise", "ocr"),)),
        Segment(" "),
        Segment("x@example.com", "pii", subkind="email"),
    ]
    text, found = join_segments(segments)
    assert [text[s["start"] : s["end"]] for s in found] == ["it is 1999.", "it", "x@example.com"]
    assert found[0] == {"start": 4, "end": 15, "kind": "fact", "fact": "m:x"}
    assert found[2]["subkind"] == "email"
