"""Chance without binding, and how far two runs lie apart."""

import pytest
from results_made_up import run

from mucpt_utils.analysis import levels, schema
from mucpt_utils.analysis.items import items, unbound_items
from mucpt_utils.analysis.runs import Run


def question(number, relation, key):
    name = f"q:m:{relation}:s{number}"
    return {"id": name, "question": "Which?", "answer": key, "answer_type": "person", "aliases": []}


def answered(questions, responses, seed=0, covered=()):
    rows = [
        {"tokens": 5, "set": "questions", "question_id": q["id"], "subject": q["id"][-2:]}
        | {"stratum": "popular", "response": said, "grade": "incorrect", "log_likelihood": -1.0}
        for q, said in zip(questions, responses, strict=True)
    ]
    return Run("plain", seed, rows, frozenset(covered))


def test_permuted_answers_are_graded_by_every_other_key(value):
    keys = ["John Lennon", "John Lennon", "Ringo Starr", "Brian Epstein"]
    relations = ["album.singer", "album.singer", "album.singer", "artist.manager"]
    asked = [question(i, r, k) for i, (r, k) in enumerate(zip(relations, keys, strict=True))]
    said = ["Ringo Starr", "John Lennon", "John Lennon", "Brian Epstein"]
    unbound = unbound_items([answered(asked, said)], asked)
    by_item = unbound[unbound["stratum"] == "all"].set_index("item")["value"]
    # the other two of the relation said: Lennon and Lennon; Starr and Lennon; Starr and Lennon
    assert by_item.tolist() == [1.0, 0.5, 0.5], "one alone in its relation is left out"
    table = levels.chance(unbound)
    assert schema.problems("chance", table) == []
    assert value(table, "mean", stratum="all") == pytest.approx(2 / 3)


def test_two_runs_are_compared_on_the_questions_that_both_were_asked(value):
    measured = items([run("plain", 0), run("plain", 1, shift=0.1), run("rho1", 0), run("base", 0)])
    table = levels.repeatability(measured)
    assert schema.problems("repeatability", table) == []
    where = {"stratum": "all", "metric": "log_likelihood"}
    assert value(table, "pairs", **where) == 1
    assert value(table, "spread", **where) == pytest.approx(0.1)
    assert value(table, "must_differ_by", **where) == pytest.approx(0.196, abs=1e-3)
    # each seed covers the other half: covered questions of one are none of the other's
    assert not ((table["stratum"] == "covered") & (table["metric"] == "accuracy")).any()


def test_one_seed_says_nothing_of_the_spread():
    assert levels.repeatability(items([run("plain", 0)])).empty
