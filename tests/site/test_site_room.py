"""Whether there was room, what the verdicts say, and at which cost ways of training compare."""

import pandas as pd
import pytest

from mucpt_utils import paths
from mucpt_utils.analysis import verdicts
from mucpt_utils.config.arms import ARMS
from mucpt_utils.site import answer, costs, plain
from mucpt_utils.site.gathered import Finished

CEILING = next(arm for arm in ARMS if verdicts.role(arm) == "ceiling")
COLUMNS = ["arm", "compared_to", "stratum", "metric", "difference", "ci_low", "ci_high", "p_value"]


def finished(arm, covered, uncovered):
    """A run in which an arm minus plain is (value, low, high) nats on each kind of facts."""
    kinds = {"covered": covered, "uncovered": uncovered}
    rows = [(arm, "plain", kind, "log_likelihood", *e, 1e-6) for kind, e in kinds.items()]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Finished(paths.ROOT, {"profile": "made up"}, {"differences": verdicts.judged(table)})


def test_a_ceiling_that_does_not_stand_clear_is_no_room_here():
    told = answer.room_sentence(finished(CEILING, (0.6, 0.5, 0.7), (0.01, -0.1, 0.1)))
    assert "there is no room above plain here" in told and "there is room above plain" in told


def test_without_a_ceiling_nothing_is_said_of_room():
    assert answer.room_sentence(Finished(paths.ROOT, {}, {})) == answer.NO_CEILING
    plain = finished("rho1", (0.3, 0.2, 0.4), (0.3, 0.2, 0.4))
    assert answer.room_sentence(plain) == answer.NO_CEILING


GAIN, LOSS, NOTHING = (0.9, 0.8, 1.0), (-0.9, -1.0, -0.8), (0.0, -0.5, 0.5)


@pytest.mark.parametrize(
    "covered, uncovered, told",
    [
        (GAIN, LOSS, "it gains on facts that its reference model knows; it loses on the others."),
        (GAIN, GAIN, "At equal tokens, it gains on both kinds of facts."),
        (NOTHING, LOSS, "this run cannot tell on facts that its reference model knows; it loses"),
    ],
)
def test_the_short_answer_is_the_verdict_of_the_rule(covered, uncovered, told):
    run = finished(answer.PAPER_ARM, covered, uncovered)
    for metric in ("accuracy",):
        table = run.tables["differences"]
        more = pd.concat([table, table.assign(metric=metric)], ignore_index=True)
        run = Finished(run.folder, run.run, {"differences": verdicts.judged(more)})
    assert told in answer.short_answer(run)


def test_the_comparison_that_an_arm_is_judged_by_is_told_first():
    """At equal compute where the reference model costs much, as `verdicts.csv` says."""
    gains = finished(answer.PAPER_ARM, GAIN, GAIN).tables["differences"]
    loses = finished(answer.PAPER_ARM, LOSS, LOSS).tables["differences"]
    both = pd.concat([gains, loses.assign(compared_to=verdicts.EQUAL_COMPUTE)], ignore_index=True)
    both = pd.concat([both, both.assign(metric="accuracy")], ignore_index=True)
    judged = verdicts.judged(both)
    for cost, first in ((3.0, "At equal compute, it loses"), (1.0, "At equal tokens, it gains")):
        costs_ = pd.DataFrame({"arm": [answer.PAPER_ARM], "relative_to_plain": [cost]})
        tables = {"differences": judged, "verdicts": verdicts.verdicts(judged, costs_)}
        run = finished(answer.PAPER_ARM, GAIN, GAIN)
        told = answer.short_answer(Finished(run.folder, run.run, tables))
        assert told.startswith(first) and "gains" in told and "loses" in told
        title = answer.heading(Finished(run.folder, run.run, tables))
        cost, _, verb = first.partition(", it ")
        assert title == f"{cost} the paper's way {verb} on both kinds of facts"


def test_the_second_cost_refers_to_the_kinds_that_the_first_named():
    mixed = finished(answer.PAPER_ARM, GAIN, LOSS).tables["differences"]
    both = pd.concat([mixed, mixed.assign(compared_to=verdicts.EQUAL_COMPUTE)], ignore_index=True)
    both = pd.concat([both, both.assign(metric="accuracy")], ignore_index=True)
    run = Finished(paths.ROOT, {"profile": "made up"}, {"differences": verdicts.judged(both)})
    assert answer.short_answer(run) == (
        "At equal tokens, it gains on facts that its reference model knows; it loses on the "
        "others. At equal compute, it gains on the former; it loses on the latter."
    )


def test_every_verdict_has_words():
    assert set(answer.PHRASES) == set(answer.SHORT_PHRASES) == set(verdicts.VERDICTS)


def test_equal_tokens_come_before_equal_compute():
    others = (verdicts.EQUAL_COMPUTE, verdicts.EQUAL_TOKENS, "rho1")
    table = pd.DataFrame([("rho1", o) for o in others], columns=["arm", "compared_to"])
    titles = [one.title for one in costs.compared(table)]
    assert titles == ["at equal tokens", "at equal compute"]


def test_a_table_without_differences_has_no_cost():
    assert costs.compared(pd.DataFrame()) == []


@pytest.mark.parametrize("width", [22, 24, 28])
def test_no_name_of_a_way_of_training_touches_its_neighbours(width):
    for arm in ARMS:
        lines = plain.arm_label(arm, width).split(plain.BREAK)
        assert len(lines) <= plain.MOST_LINES and max(map(len, lines)) <= width, arm
