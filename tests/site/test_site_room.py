"""Whether there was room, and at which cost ways of training are compared."""

import pandas as pd
import pytest

from mucpt_utils.config.arms import ARMS
from mucpt_utils.site import costs, room

CEILING = ARMS["plain"].model_copy(update={"title": "told the truth", "role": room.CEILING})
COLUMNS = ["arm", "compared_to", "stratum", "metric", "difference", "ci_low", "ci_high", "p_value"]


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """An arm that is told which facts are true."""
    monkeypatch.setitem(ARMS, "told", CEILING)


def tables(covered, uncovered):
    """Differences of the ceiling to plain in nats: (value, low, high) on each kind of facts."""
    kinds = {"covered": covered, "uncovered": uncovered}
    rows = [("told", "plain", kind, "log_likelihood", *e, 0.01) for kind, e in kinds.items()]
    return {"differences": pd.DataFrame(rows, columns=COLUMNS)}


def test_a_ceiling_that_stands_clear_leaves_room():
    found = room.rooms(tables((0.3, 0.2, 0.4), (0.25, 0.1, 0.4)))
    assert [one.clear for one in found] == [True, True]


@pytest.mark.parametrize("effect", [(0.1, 0.05, 0.2), (0.3, -0.1, 0.7), (-0.4, -0.5, -0.3)])
def test_one_that_does_not_is_no_room_here(effect):
    sentence = room.room_sentence(tables((0.3, 0.2, 0.4), effect))
    assert "no room here on facts it does not know" in sentence
    assert "no room here on facts the reference model knows" not in sentence


def test_without_a_ceiling_nothing_is_said_of_room():
    assert "does not say" in room.room_sentence({})


def test_the_better_of_two_ceilings_counts(monkeypatch):
    monkeypatch.setitem(ARMS, "other", CEILING)
    first = tables((0.1, 0.0, 0.2), (0.1, 0.0, 0.2))["differences"]
    second = tables((0.5, 0.4, 0.6), (0.4, 0.3, 0.5))["differences"].assign(arm="other")
    found = room.rooms({"differences": pd.concat([first, second])})
    assert [one.arm for one in found] == ["other", "other"]


def test_equal_tokens_come_before_equal_compute(monkeypatch):
    arm = ARMS["plain"].model_copy(update={"budget": "compute"})
    monkeypatch.setitem(ARMS, "plain_more", arm)
    rows = [("rho1", other) for other in ("plain_more", "plain", "rho1")]
    table = pd.DataFrame(rows, columns=["arm", "compared_to"])
    titles = [one.title for one in costs.compared(table)]
    assert titles == [costs.EQUAL_TOKENS, costs.EQUAL_COMPUTE]


def test_a_table_without_differences_has_no_cost():
    assert costs.compared(pd.DataFrame()) == []
