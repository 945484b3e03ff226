"""Questions: made from facts, linted, selected, loaded."""

import json
from collections import Counter
from dataclasses import replace

import pytest
import qa_model
from datasets import load_dataset

from mucpt_utils.closure import code_closure
from mucpt_utils.io import FileError
from mucpt_utils.knowledge.facts import CANARY, Fact, load_facts
from mucpt_utils.knowledge.relations import Relation, load_relations
from mucpt_utils.knowledge.tail import TailFact
from mucpt_utils.musicsimpleqa.making import build
from mucpt_utils.musicsimpleqa.making.build import CARD, build_questions, built
from mucpt_utils.musicsimpleqa.making.lint import lint, lint_question
from mucpt_utils.musicsimpleqa.making.plan import Plan, Selected, load_plan, load_selection
from mucpt_utils.musicsimpleqa.making.question_counts import counts_tables
from mucpt_utils.musicsimpleqa.making.strata import Stratum
from mucpt_utils.musicsimpleqa.questions import (
    PARAPHRASES,
    SPLITS,
    load_questions,
    phrasings,
    question_of,
    stands_in,
)

COMMITTED = {**{name: load_questions(name) for name in SPLITS}}
COMMITTED["paraphrases"] = load_questions(PARAPHRASES)


def fact(subject="Nevermind", relation="album.artist", answer="Nirvana", **changes):
    cells = {
        "id": f"m:{relation}:{subject.lower()}",
        "subject": subject,
        "relation": relation,
        "object": answer,
        "aliases": (),
        "popularity": "popular",
        "valid_as_of": "2025-01-01",
        "reference": "https://en.wikipedia.org/wiki/Nevermind",
        "category": relation.split(".")[0],
        "domain": "music",
    }
    return Fact(**{**cells, **changes})


ARTIST = Relation("album.artist", "Artist", "group", ("Who released the album {s}?",), ())
YEAR = Relation("album.year", "Year", "year", ("In what year was the album {s} released?",), ())
RELATIONS = {"album.artist": ARTIST, "album.year": YEAR}


def test_question_of_a_fact():
    question = question_of(fact(aliases=("Nirvana (band)", "Nevermind")), ARTIST)
    assert question["question"] == "Who released the album Nevermind?"
    assert (question["answer"], question["answer_type"]) == ("Nirvana", "group")
    assert question["relation"] == "album.artist"
    assert question["aliases"] == ["Nirvana (band)"]  # an alias that stands in the question is out
    assert question["fact_ids"] == ["m:album.artist:nevermind"]
    assert question_of(fact(answer="Beck"), ARTIST, {"Beck"})["answer_type"] == "person"


def test_wordings_are_drawn_by_the_fact_and_none_gives_its_answer_away():
    wordings = tuple(f"Who released {{s}}, asked the {i}th way?" for i in range(4))
    first = [phrasings(fact(f"Album {i}"), wordings) for i in range(200)]
    assert all(len(set(texts)) == 4 for texts in first)
    counts = Counter(texts[0].split(", ")[1] for texts in first)
    assert len(counts) == 4 and min(counts.values()) > 25
    leaky = ("Who of Nirvana released {s}?", "Who released {s}?")
    assert {phrasings(fact(f"Album {i}"), leaky)[0][:7] for i in range(20)} == {"Who rel"}


@pytest.mark.parametrize(
    ("category", "subject", "question", "text"),
    [
        ("opera", "Tosca", "Who composed the opera {s}?", "Who composed the opera Tosca?"),
        ("opera", "Gluck's Orfeo", "Who staged the opera {s}?", "Who staged Gluck's Orfeo?"),
        ("classical", "Rhenish Symphony", "Who wrote {s}?", "Who wrote the Rhenish Symphony?"),
        (
            "classical",
            "Fantasia on a Theme",
            "Who wrote {s}?",
            "Who wrote the Fantasia on a Theme?",
        ),
        (
            "classical",
            "Jan Bach's Horn Concerto",
            "Who played {s}?",
            "Who played Jan Bach's Horn Concerto?",
        ),
        ("classical", "the Gaelic Symphony", "Who wrote {s}?", "Who wrote the Gaelic Symphony?"),
        ("classical", "Boléro", "Who wrote {s}?", "Who wrote Boléro?"),
        ("album", "Help!", "Who made the album {s}?", "Who made the album Help!?"),
        ("album", "How Dare You?", "Whose album is {s}?", "Whose album is How Dare You?"),
    ],
)
def test_a_subject_stands_in_its_question_as_a_person_would_write_it(
    category, subject, question, text
):
    asked = fact(subject, f"{category}.composer", "x", category=category)
    assert phrasings(asked, (question,)) == [text]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answer": "Nevermind"}, "holds its answer"),
        ({"aliases": ["nevermind"]}, "holds its answer"),
        ({"question": "Who released Nevermind"}, "question mark"),
        ({"question": "Who is the current owner of Nevermind?"}, "may change"),
        ({"question": "It is called Nevermind by whom, exactly?"}, "without context"),
        ({"question": "Who released the album of 1991, then?"}, "name its subject"),
        ({"question": "Who made made the album Nevermind?"}, "stand twice"),
        ({"question": "What is the key of the key of Nevermind?"}, "stand twice"),
        (
            {
                "question": "Who is behind the the album Nevermind?",
                "subject": "the album Nevermind",
            },
            "two articles",
        ),
        ({"question": "Who is behind the Bach's Mass?", "subject": "Bach's Mass"}, "two articles"),
        ({"question": "Who was the album Nevermind made by?"}, "is stilted"),
        ({"question": "Which band is Nevermind, the album of 1991, by?"}, "is stilted"),
        ({"question": "What year was the album Nevermind first released in?"}, "is stilted"),
        ({"question": "Which band is Nevermind best known for belonging to?"}, "is stilted"),
        ({"question": "Who is responsible for the drums on Nevermind?"}, "is stilted"),
        ({"question": "Which act is behind the album Nevermind?"}, "is stilted"),
        ({"answer": "Nirvana; Hole"}, "more than one answer"),
        ({"answer": "I don't know"}, "reads as a refusal"),
        ({"answer_type": "band"}, "answer_type"),
        ({"stratum": "famous"}, "stratum"),
        ({"reference": "Wikipedia"}, "address"),
        ({"valid_as_of": "2025"}, "date"),
        ({"answer": ""}, "missing: answer"),
        ({"relation": ""}, "missing: relation"),
    ],
)
def test_lint_finds_planted_errors(changes, problem):
    good = question_of(fact(), ARTIST)
    assert lint_question(good) == []
    assert any(problem in text for text in lint_question({**good, **changes}))


@pytest.mark.parametrize(
    "text",
    ["Who made Nevermind, the album by the trio?", "Which city was Nevermind first heard in?"],
)
def test_lint_leaves_spoken_english_alone(text):
    assert lint_question({**question_of(fact(), ARTIST), "question": text}) == []


def test_the_plan_words_a_relation_in_its_own_way():
    plan = Plan(wordings={"album.artist": ("Whose is the album {s}?",)})
    assert plan.wordings(fact(), ARTIST) == ("Whose is the album {s}?",)
    assert plan.wordings(fact(relation="album.year"), YEAR) == YEAR.questions


def test_a_question_of_the_tail_may_have_words_of_its_own():
    plan = load_plan()
    for name, texts in plan.reworded.items():
        if name.startswith("t:"):
            (asked,) = (q for q in COMMITTED["test"] if q["id"] == f"q:{name}")
            assert asked["question"] == texts[0]


def test_lint_finds_repeats_and_shared_subjects():
    one = question_of(fact(), ARTIST)
    other = question_of(fact(relation="album.year", answer="1991"), YEAR)
    assert lint({"test": [one, other]}) == []
    assert any("same id" in p for p in lint({"test": [one, one]}))
    assert any("is in dev and test" in p for p in lint({"test": [one], "dev": [other]}))


def test_questions_follow_the_selection_and_carry_where_they_come_from():
    facts = [fact(), fact(relation="album.year", answer="1991")]
    chosen = [Selected("test", "core", facts[1].id), Selected("dev", "dev", facts[0].id)]
    strata = {"Nevermind": Stratum("Nevermind", "less_popular", "a table")}
    built_questions = build_questions(facts, RELATIONS, Plan(), chosen, strata)
    assert [q["answer"] for q in built_questions["test"]] == ["1991"]
    assert [q["part"] for q in built_questions["dev"]] == ["dev"]
    assert built_questions["test"][0]["stratum_source"] == "a table"
    assert built_questions["test"][0]["stratum"] == "less_popular"
    assert built_questions["paraphrases"] == []  # the relation has one wording only


def test_the_core_is_paraphrased_in_two_further_wordings():
    wordings = ("Who made {s}?", "Who wrote {s}?", "Whose is {s}?", "Who is behind {s}?")
    relations = {"album.artist": replace(ARTIST, questions=wordings)}
    splits = build_questions(
        [fact()], relations, Plan(), [Selected("test", "core", fact().id)], None
    )
    first, second = splits["paraphrases"]
    assert len({first["question"], second["question"], splits["test"][0]["question"]}) == 3
    assert first["id"] == splits["test"][0]["id"] + "#1" and first["answer"] == "Nirvana"


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        ({"not_asked": {"album.artist": "too easy"}}, "too easy"),
        ({"dropped": {"m:album.artist:nevermind": "in doubt"}}, "in doubt"),
        ({"only": {"album.artist": ("Hole",)}}, "asked for Hole only"),
    ],
)
def test_what_the_plan_forbids_is_not_asked(plan, problem):
    chosen = [Selected("test", "core", fact().id)]
    with pytest.raises(ValueError, match=problem):
        build_questions([fact()], RELATIONS, Plan(**plan), chosen)


def test_a_selected_fact_must_be_there():
    with pytest.raises(ValueError, match="m:album.year:x: no fact with one answer has this id"):
        build_questions([fact()], RELATIONS, Plan(), [Selected("test", "core", "m:album.year:x")])


def test_the_plan_accepts_and_refuses_aliases():
    plan = Plan(
        not_accepted={"guitar": ("lute",)}, also_accepted={"m:album.artist:nevermind": ("axe",)}
    )
    assert plan.accepted(fact(answer="guitar", aliases=("lute", "guitars"))) == ("guitars", "axe")


def test_awards_are_asked_in_the_words_of_their_kind():
    plan = load_plan()
    eurovision = fact("Eurovision Song Contest 1961", "award.winner", "Nous les amoureux")
    assert all("song" in wording for wording in plan.wordings(eurovision, ARTIST))
    pulitzer = fact("1990 Pulitzer Prize for Music", "award.performer", "Mel Powell")
    assert any("composer" in wording for wording in plan.wordings(pulitzer, ARTIST))


def test_committed_questions_are_sound_and_in_step_with_the_facts():
    assert build.check(COMMITTED) == []
    again = built()
    for name, questions in COMMITTED.items():
        bare = [{k: v for k, v in q.items() if k != "canary"} for q in questions]
        assert bare == again[name], name
        assert {question["canary"] for question in questions} == {CANARY}
    assert counts_tables(COMMITTED) in (CARD / "README.md").read_text(encoding="utf-8")


def test_the_committed_parts_are_as_large_as_promised():
    parts = Counter(question["part"] for question in COMMITTED["test"])
    assert parts["core"] == 500 and parts["extension"] >= 265 and parts["tail"] >= 1200
    assert sum(parts.values()) >= 2000 and len(COMMITTED["dev"]) == 150
    originals = Counter(q["id"].split("#")[0] for q in COMMITTED["paraphrases"])
    core = [q["id"] for q in COMMITTED["test"] if q["part"] == "core"]
    assert originals == Counter(dict.fromkeys(core, 2))


def test_every_relation_is_asked_in_at_least_four_wordings():
    for name, relation in load_relations().items():
        assert len(set(relation.questions)) >= 4, name
    for award in load_plan().awards:
        assert len(set(award.winner)) >= 4 and len(set(award.performer)) >= 4, award.names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q:m:song.year:goodbye-pork-pie-hat", "Mingus"),
        ("q:m:artist.city:osibisa", "formed"),
        ("q:m:classical.year:pathetique-sonata", "published"),
        ("q:m:classical.catalogue:vivaldis-gloria", "better-known"),
    ],
)
def test_questions_that_left_two_answers_open_say_which_is_meant(name, text):
    asked = {q["id"]: q["question"] for questions in COMMITTED.values() for q in questions}
    assert text in asked[name]


def test_aliases_that_were_missing_or_too_wide():
    keys = {q["id"]: q for questions in COMMITTED.values() for q in questions}
    assert "Manhattan" in keys["q:m:artist.birthplace:lady-gaga"]["aliases"]
    assert "Muswell Hill" in keys["q:m:artist.city:fairport-convention"]["aliases"]
    genres = [f for f in load_facts("music") if f.relation == "artist.genre"]
    assert not any("instrument" in alias for fact in genres for alias in fact.aliases)


def test_no_subject_of_the_tail_takes_part_in_a_study():
    known = {fact.subject for domain in ("music", "general") for fact in load_facts(domain)}
    tail = {q["subject"] for q in COMMITTED["test"] if q["part"] == "tail"}
    assert not tail & known
    selected = [name for _, part, name in load_selection() if part == "tail"]
    assert all(name.startswith("t:") for name in selected)


def test_questions_of_the_tail_say_what_confirmed_their_keys():
    for question in COMMITTED["test"]:
        if question["part"] == "tail":
            assert len(set(question["confirmed_by"])) >= 2, question["id"]


def test_a_detail_stands_in_the_question():
    tail = TailFact(
        **{**vars(fact('Miles\'s album "E.S.P."', "album.player", "Ron Carter")), "id": "t:x"},
        detail="bass",
    )
    chosen = [Selected("test", "tail", "t:x")]
    (question,) = build_questions([tail], {}, Plan(), chosen)["test"]
    assert "bass" in question["question"] and question["answer_type"] == "person"


def test_card_loads_as_a_dataset(tmp_path):
    loaded = load_dataset(str(CARD), cache_dir=str(tmp_path))
    assert {name: len(split) for name, split in loaded.items()} == {
        name: len(load_questions(name)) for name in SPLITS
    }
    first = loaded["test"][0]
    assert {**first, "valid_as_of": str(first["valid_as_of"])} == load_questions("test")[0]
    further = load_dataset(str(CARD), "paraphrases", cache_dir=str(tmp_path))
    assert len(further["test"]) == len(COMMITTED["paraphrases"])


def test_stands_in_is_word_for_word():
    assert stands_in("Björk", "the singer BJORK, of Iceland")
    assert not stands_in("Yes", "Yesterday")


def test_malformed_question_file_names_its_line(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(qa_model.questions()[0]) + '\n{"id": "x"}\n')
    with pytest.raises(ValueError, match=r"q\.jsonl, line 2: no question, answer, answer_type"):
        load_questions(path)
    with pytest.raises(FileError, match="the splits are test, dev"):
        load_questions("train")


def test_the_command_writes_what_is_committed(tmp_path):
    card = (CARD / "README.md").read_text(encoding="utf-8")
    (tmp_path / "README.md").write_text(card.replace("| test | core |", "| old | counts |"))
    build.build(tmp_path)
    for name in ("test.jsonl", "dev.jsonl", "paraphrases.jsonl", "README.md"):
        assert (tmp_path / name).read_bytes() == (CARD / name).read_bytes()


def test_without_a_command_the_command_alone_is_missing(capsys):
    with pytest.raises(SystemExit):
        build.main([])
    assert "the following arguments are required: command\n" in capsys.readouterr().err


def test_the_command_says_what_the_linter_finds(tmp_path, monkeypatch, capsys):
    assert build.main(["check"]) == 0
    assert f"dev: {len(load_questions('dev'))} questions" in capsys.readouterr().out
    path = tmp_path / "dev.jsonl"
    path.write_text(json.dumps(qa_model.questions()[0]) + "\n")
    monkeypatch.setitem(build.SPLITS, "dev", path)
    assert build.main(["check"]) == 1
    assert "dev: q:test:0: empty or missing" in capsys.readouterr().err
    path.write_text("{}\n")
    assert build.main(["check"]) == 2
    assert "dev.jsonl, line 1: no id" in capsys.readouterr().err
    monkeypatch.undo()
    question = {**load_questions("dev")[0], "id": "q:d#1", "question": "current?"}
    path.write_text(json.dumps(question) + "\n")
    monkeypatch.setattr(build, "PARAPHRASES", path)
    assert build.main(["check"]) == 1
    assert "paraphrases: q:d#1: has an answer that may change" in capsys.readouterr().err


def test_plan_and_selection_that_are_not_name_their_place(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("awards: [{names: [Grammy]}]\n")
    with pytest.raises(FileError, match=r"plan\.yaml: awards\.0\.award\.winner"):
        load_plan(path)
    path = tmp_path / "selection.csv"
    for row in ("train,core,m:x", "test,core", "test,,m:x", "test,core,m:x,why"):
        path.write_text(f"split,part,fact\n{row}\n")
        with pytest.raises(FileError, match=r"selection\.csv:2: a row is split"):
            load_selection(path)


def test_roles_of_subjects_do_not_depend_on_grading_rules():
    names = {path.name for path in code_closure("mucpt_utils.musicsimpleqa.questions")}
    assert "word_forms.yaml" in names
    assert not names & {"grading.py", "grading_rules.yaml", "plan.yaml"}
