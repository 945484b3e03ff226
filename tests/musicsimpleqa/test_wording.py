"""Wording: one model's answers to the core and to its paraphrases, side by side."""

import json

import pytest

from mucpt_utils.musicsimpleqa.making import build
from mucpt_utils.musicsimpleqa.questions import PARAPHRASES, load_questions
from mucpt_utils.musicsimpleqa.wording import by_wording, dependence

RIGHT = {
    **{"a": True, "a#1": True, "a#2": True},
    **{"b": True, "b#1": False, "b#2": False},
    **{"c": False, "c#1": False, "c#2": False},
    **{"d": True, "d#1": True, "d#2": False},
    "only as it is": True,
}


def test_wordings_of_one_question_stand_together():
    assert by_wording(RIGHT)["b"] == {"original": True, "1": False, "2": False}


def test_accuracy_of_each_wording_and_their_agreement():
    measures, count = dependence(RIGHT, {name: name for name in "abcd"})
    assert count == 4
    values = {name: estimate[0] for name, estimate in measures.items()}
    assert list(values.values()) == [0.75, 0.5, 0.25, 0.25, 0.75, 0.5]
    assert list(values)[0] == "accuracy, as it is"
    assert all(low <= value <= high for value, low, high in measures.values())


def test_answers_without_a_paraphrase_say_so():
    with pytest.raises(ValueError, match="both as it is and in a paraphrase"):
        dependence({"a": True, "b": False}, {"a": "a", "b": "b"})


def test_the_command_reads_answers_as_the_tool_writes_them(tmp_path, capsys):
    core = [q for q in load_questions("test") if q["part"] == "core"][:30]
    names = {question["id"] for question in core}
    others = [q for q in load_questions(PARAPHRASES) if q["id"].split("#")[0] in names]
    for name, questions in (("a", core), ("b", others)):
        rows = [{"id": q["id"], "response": q["answer"]} for q in questions]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]
    assert build.main(["wording", *files]) == 0
    told = capsys.readouterr().out
    assert "right in every wording       1.000" in told and "30 questions in every" in told
    assert build.main(["wording", files[0]]) == 2
    assert "in a paraphrase" in capsys.readouterr().err


def test_answers_of_two_models_are_not_taken_for_one(tmp_path, capsys):
    core = [q for q in load_questions("test") if q["part"] == "core"][:2]
    others = [q for q in load_questions(PARAPHRASES) if q["id"].split("#")[0] == core[0]["id"]]
    answers = {
        "a": [*core, *others],
        "b": core[:1],  # of another model, or an earlier run
        "c": [*core, *others, core[1]],
    }
    for name, questions in answers.items():
        rows = [{"id": q["id"], "response": "Nas"} for q in questions]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    a, b, c = (str(tmp_path / f"{name}.jsonl") for name in answers)
    assert build.main(["wording", a, b]) == 2
    told = capsys.readouterr().err
    assert f"{a} and {b}: {core[0]['id']!r} is answered twice; needed are one model's" in told
    for command in ("wording", "difficulty"):
        assert build.main([command, c]) == 2
        assert f"c.jsonl: {core[1]['id']!r} is answered twice" in capsys.readouterr().err
