"""The tail: facts that are asked of real models and told by no document of the study."""

import csv

import pytest

from mucpt_utils.knowledge.authoring.fact_checks import unused_aliases
from mucpt_utils.knowledge.authoring.tables import build_facts
from mucpt_utils.knowledge.facts import CANARY, DOMAINS, facts_file, load_facts
from mucpt_utils.knowledge.relations import ANSWER_TYPES, load_relations
from mucpt_utils.knowledge.tail import (
    COLUMNS,
    load_tail,
    shared_with,
    tail_fact,
    tail_relation,
    tail_relations,
)

ROW = dict.fromkeys(COLUMNS, "") | {
    "relation": "album.player",
    "title": "Blue Train",
    "maker": "John Coltrane",
    "detail": "trumpet",
    "object": "Lee Morgan",
    "confirmed_by": "author; blind reader",
    "valid_as_of": "2025-01-01",
}


def test_a_row_is_a_fact_whose_subject_names_its_maker():
    fact = tail_fact(ROW)
    assert fact.subject == 'the album "Blue Train" by John Coltrane'
    assert fact.id == "t:album.player:john-coltrane-blue-train-trumpet"
    assert fact.confirmed_by == ("author", "blind reader")
    questions = tail_relation(fact).questions
    assert all("trumpet" in question and "{d}" not in question for question in questions)


def test_a_note_says_which_of_two_is_meant():
    row = ROW | {"relation": "song.artist", "title": "Lemon [2018 single]", "object": "Yonezu"}
    assert tail_fact(row).subject == '"Lemon" (2018 single)'


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"relation": "album.colour"}, "relation is 'album.colour'; allowed: album.player"),
        ({"object": ""}, "object is empty"),
        ({"maker": ""}, "maker is empty"),
        ({"confirmed_by": "author"}, "fewer than 2 confirmations"),
        ({"confirmed_by": "author; author"}, "fewer than 2 confirmations"),
    ],
)
def test_a_row_that_is_none_names_its_line(changes, problem, tmp_path):
    path = tmp_path / "tail.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerow(ROW | changes)
    with pytest.raises(ValueError, match=r"tail\.csv:2: .*" + problem):
        load_tail(path)


def test_a_fact_stands_once(tmp_path):
    path = tmp_path / "tail.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows([ROW, ROW])
    with pytest.raises(ValueError, match=r"tail\.csv:3: .* stands twice"):
        load_tail(path)


def test_the_committed_tail_is_sound_and_no_subject_of_a_study():
    tail = load_tail()
    assert len(tail) >= 1290 and len({fact.id for fact in tail}) == len(tail)
    for domain in DOMAINS:
        assert shared_with(load_facts(domain), tail) == []
    assert {fact.relation for fact in tail} <= set(tail_relations())
    for fact in tail:
        assert fact.object not in fact.aliases, fact.id
        assert "{" not in fact.subject, fact.id


def test_relations_of_the_tail_have_four_wordings_and_a_known_type():
    for name, cells in tail_relations().items():
        assert len(set(cells["questions"])) >= 4, name
        assert cells["answer_type"] in ANSWER_TYPES, name
        assert all("{s}" in text and text.endswith("?") for text in cells["questions"]), name
    asked_only = set(tail_relations()) - set(load_relations())
    assert "album.player" in asked_only  # never stated, so it needs no statements


def test_facts_carry_the_canary():
    for domain in DOMAINS:
        lines = facts_file(domain).read_text(encoding="utf-8").split("\n")[:-1]
        assert all(CANARY in line for line in lines)
        assert load_facts(domain) == build_facts(domain)


def test_forms_of_one_relation_or_one_fact_go_nowhere_else():
    facts = {fact.id: fact for fact in load_facts("music")}
    assert "Manhattan" in facts["m:artist.birthplace:lady-gaga"].aliases
    others = [f for f in facts.values() if f.object == "New York City" and "Manhattan" in f.aliases]
    assert [fact.id for fact in others] == ["m:artist.birthplace:lady-gaga"]
    named = ["m:artist.birthplace:lady-gaga", "artist.birthplace: New York City", "New York City"]
    assert unused_aliases(named, facts.values()) == []
    assert len(unused_aliases(["artist.genre: New York City"], facts.values())) == 1
