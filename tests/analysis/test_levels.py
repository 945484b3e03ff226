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
    assert value(table, "ci_high", stratum="all") == 1, "2/3 + 4.3 * 1/6 is no share"


def test_two_runs_are_compared_on_the_questions_that_both_were_asked(value):
    of_seeds = [run(arm, 1, shift=by) for arm, by in (("plain", 0.1), ("rho1", 0.3))]
    measured = items([run("plain", 0), run("rho1", 0), run("base", 0), *of_seeds])
    table = levels.repeatability(measured)
    assert schema.problems("repeatability", table) == []
    where = {"stratum": "all", "metric": "log_likelihood"}
    assert value(table, "pairs", **where) == 2
    spread = ((0.1**2 + 0.3**2) / 2) ** 0.5
    assert value(table, "spread", **where) == pytest.approx(spread)
    assert value(table, "must_differ_by", **where) == pytest.approx(1.96 * spread, abs=1e-4)
    # each seed covers the other half: covered questions of one are none of the other's
    assert not ((table["stratum"] == "covered") & (table["metric"] == "accuracy")).any()


def test_one_seed_says_nothing_of_the_spread():
    assert levels.repeatability(items([run("plain", 0)])).empty
