"""Questions: made from facts, linted, drawn as the plan says, loaded."""

import json

import pytest
import qa_model
from datasets import load_dataset

from mucpt_utils.closure import code_closure
from mucpt_utils.io import FileError
from mucpt_utils.knowledge.facts import Fact, load_facts
from mucpt_utils.knowledge.relations import Relation, load_relations
from mucpt_utils.musicsimpleqa import build
from mucpt_utils.musicsimpleqa.build import (
    CARD,
    Part,
    Plan,
    build_questions,
    counts_tables,
    load_plan,
)
from mucpt_utils.musicsimpleqa.lint import lint, lint_question
from mucpt_utils.musicsimpleqa.questions import load_questions, question_of, stands_in


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
    assert question["aliases"] == ["Nirvana (band)"]  # an alias that stands in the question is out
    assert question["fact_ids"] == ["m:album.artist:nevermind"]
    assert question_of(fact(answer="Beck"), ARTIST, {"Beck"})["answer_type"] == "person"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answer": "Nevermind"}, "holds its answer"),
        ({"aliases": ["nevermind"]}, "holds its answer"),
        ({"question": "Who released Nevermind"}, "question mark"),
        ({"question": "Who is the current owner of Nevermind?"}, "may change"),
        ({"question": "It is called Nevermind by whom, exactly?"}, "without context"),
        ({"question": "Who released the album of 1991, then?"}, "name its subject"),
        ({"answer": "Nirvana; Hole"}, "more than one answer"),
        ({"answer": "I don't know"}, "reads as a refusal"),
        ({"answer_type": "band"}, "answer_type"),
        ({"stratum": "famous"}, "stratum"),
        ({"reference": "Wikipedia"}, "address"),
        ({"valid_as_of": "2025"}, "date"),
        ({"answer": ""}, "missing: answer"),
    ],
)
def test_lint_finds_planted_errors(changes, problem):
    good = question_of(fact(), ARTIST)
    assert lint_question(good) == []
    assert any(problem in found for found in lint_question({**good, **changes}))


def test_lint_finds_repeats_and_shared_subjects():
    one = question_of(fact(), ARTIST)
    other = question_of(fact(relation="album.year", answer="1991"), YEAR)
    assert lint({"test": [one, other]}) == []
    assert any("same id" in p for p in lint({"test": [one, one]}))
    assert any("is in dev and test" in p for p in lint({"test": [one], "dev": [other]}))


def some_facts(subjects):
    names = [f"Album {chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(subjects)]
    return [
        fact(name, relation, answer)
        for name in names
        for relation, answer in (("album.artist", "Nirvana"), ("album.year", "1991"))
    ]


def plan(test, dev, **changes):
    parts = {"dev": part(dev, split="dev"), "core": part(test)}
    return Plan(seed="s", parts=parts, **changes)


def part(subjects, questions=None, split="test"):
    wanted = 2 * subjects if questions is None else questions
    return Part(split=split, questions=(wanted, 0), subjects={"album": (subjects, 0)})


def subjects(questions):
    return list(dict.fromkeys(question["subject"] for question in questions))


def test_build_keeps_subjects_together_and_splits_apart():
    built = build_questions(some_facts(20), RELATIONS, plan(8, 4))
    assert {name: len(questions) for name, questions in built.items()} == {"test": 16, "dev": 8}
    assert not set(subjects(built["test"])) & set(subjects(built["dev"]))
    order = [question["subject"] for question in built["test"]]
    assert order == [name for name in subjects(built["test"]) for _ in range(2)]
    assert order != sorted(order)


def test_a_larger_plan_only_adds():
    facts = some_facts(20)
    small = build_questions(facts, RELATIONS, plan(4, 3))
    large = build_questions(facts, RELATIONS, plan(9, 3))
    assert large["dev"] == small["dev"]
    kept = [q for q in large["test"] if q["subject"] in subjects(small["test"])]
    assert kept == small["test"]


def test_plan_leaves_out_what_it_says():
    facts = some_facts(6)
    parts = {"core": part(3, questions=3)}
    shut = Plan(seed="s", parts=parts, not_asked={"album.year": "why"}, least_per_subject=1)
    built = build_questions(facts, RELATIONS, shut)
    assert {question["answer_type"] for question in built["test"]} == {"group"}


def test_plan_that_wants_too_much_says_so():
    with pytest.raises(ValueError, match="9 popular subjects of 'album' wanted, 5 are there"):
        build_questions(some_facts(5), RELATIONS, Plan(seed="s", parts={"core": part(9)}))
    with pytest.raises(ValueError, match="part 'core': 9 popular questions wanted, 1 missing"):
        parts = {"core": part(4, questions=9)}
        build_questions(some_facts(5), RELATIONS, Plan(seed="s", parts=parts))


def test_committed_questions_are_sound_and_in_step_with_the_facts():
    splits = {name: load_questions(name) for name in ("test", "dev")}
    assert lint(splits) == []
    built = build_questions(load_facts("music"), load_relations(), load_plan())
    for name, questions in splits.items():
        assert [{k: v for k, v in q.items() if k != "canary"} for q in questions] == built[name]
    assert counts_tables(splits) in (CARD / "README.md").read_text(encoding="utf-8")


def test_card_loads_as_a_dataset(tmp_path):
    loaded = load_dataset(str(CARD), cache_dir=str(tmp_path))
    assert {name: len(split) for name, split in loaded.items()} == {
        name: len(load_questions(name)) for name in ("test", "dev")
    }
    first = loaded["test"][0]
    assert {**first, "valid_as_of": str(first["valid_as_of"])} == load_questions("test")[0]


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
    for name in ("test.jsonl", "dev.jsonl", "README.md"):
        assert (tmp_path / name).read_bytes() == (CARD / name).read_bytes()


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


def test_a_plan_that_is_not_one_names_its_setting(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("seed: s\nparts: {core: {split: train, questions: [1, 1], subjects: {}}}\n")
    with pytest.raises(FileError, match=r"plan\.yaml: parts\.core\.split"):
        load_plan(path)


def test_roles_of_subjects_do_not_depend_on_grading_rules():
    names = {path.name for path in code_closure("mucpt_utils.musicsimpleqa.questions")}
    assert "word_forms.yaml" in names
    assert not names & {"grading.py", "grading_rules.yaml", "plan.yaml"}
