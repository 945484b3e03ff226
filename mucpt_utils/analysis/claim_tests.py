"""The tests of claims: what the tables of a run say about each, and where to see it.

A test looks at one table and comes to a `Finding`. A claim is then

- supported here: the arm is better;
- mixed: better on one kind of facts and worse on the other, or some parts hold and others fail;
- not supported here: worse, or no difference, or parts fail and none holds;
- undecided: the run says neither yes nor no;
- no room here: no ceiling is clearly above plain, so no method could be seen to be better;
- not tested: there is no test, its table or rows are missing, or plain continued pretraining
  taught the models nothing measurable, so that no comparison of arms or mixtures means anything.

For the pipeline's quality, a part (a kind of flaw) holds if precision and recall reach the share
that `claims.yaml` names, and fails otherwise. For comparisons along axes, the one part is if at
least as many axes as `claims.yaml` names show a clear effect; with fewer it is open, since the
paper does not say which axes it compared, and one axis of ours cannot speak for them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from mucpt_utils import stats
from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import (
    PAPER_ARM,
    Effect,
    State,
    Tables,
    comparison,
    effect_numbers,
    effect_of,
    first_row,
    learnt,
)
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import MAIN
from mucpt_utils.pipeline.accounting import KEPT

SUPPORTED = "supported here"
MIXED = "mixed"
NOT_SUPPORTED = "not supported here"
UNDECIDED = "undecided"
NO_ROOM = "no room here"
NOT_TESTED = "not tested"
VERDICTS = (SUPPORTED, MIXED, NOT_SUPPORTED, UNDECIDED, NO_ROOM, NOT_TESTED)
# what a comparison comes to, as a verdict on the claim that the arm is better
OF_COMPARISON = {
    verdicts.BETTER: SUPPORTED,
    verdicts.MIXED: MIXED,
    verdicts.WORSE: NOT_SUPPORTED,
    verdicts.NO_DIFFERENCE: NOT_SUPPORTED,
    verdicts.UNDECIDED: UNDECIDED,
    verdicts.NO_ROOM: NO_ROOM,
    "": NOT_TESTED,
}
FIGURES = {  # figures that show what a table says
    "differences": "difference_to_plain",
    "main_comparison": "main_comparison",
    "composition_differences": "composition",
    "pipeline_quality": "pipeline_quality",
    "funnel": "funnel",
}
UNITS = {"log_likelihood": "nats per token", "accuracy": "share"}


class Test(BaseModel):
    """How a claim is tested; which fields apply depends on `kind` (see `claims.yaml`)."""

    __test__ = False  # not a test for pytest
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["room", "best", "arms", "axis", "quality", "axes", "none"]
    table: str = "differences"
    arm: str = ""
    against: str = ""
    axis: str = ""
    level: str = ""
    stratum: str = "all"
    strata: tuple[str, ...] = ("covered", "uncovered")
    without: tuple[str, ...] = ()
    reach: float = 0.9
    at_least: int = 1
    others: tuple[str, ...] = ()
    shows: Literal["", "words_kept", "questions", "paper_arm_accuracy"] = ""


@dataclass(frozen=True)
class Finding:
    """The result of a test: the verdict, where to see it, the number shown and what it is."""

    verdict: str
    evidence: list[str] = field(default_factory=list)
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    measure: str = ""


def verdict(states: Iterable[str]) -> str:
    """The verdict on a claim from the states of its parts: stands (holds), fails or open."""
    states = list(states)
    if not states:
        return NOT_TESTED
    if all(state == "stands" for state in states):
        return SUPPORTED
    if "stands" in states:
        return MIXED
    return NOT_SUPPORTED if "fails" in states else UNDECIDED


def tested(test: Test, tables: Tables) -> Finding:
    """The result of a claim's test."""
    if test.kind == "none":
        return number_shown(test, tables)
    if test.kind == "quality":
        return quality_test(test, tables)
    if not learnt(tables):
        reason = "differences.csv: plain did not beat the base, so arms cannot be compared here"
        return Finding(NOT_TESTED, [reason])
    tests = {
        "room": room_test,
        "best": best_test,
        "arms": arms_test,
        "axis": axis_test,
        "axes": axes_test,
    }
    return tests[test.kind](test, tables)


def room_test(test: Test, tables: Tables) -> Finding:
    """Whether a ceiling is clearly above plain on every kind of facts; the narrowest is shown."""
    table = tables.get(test.table)
    if table is None or (rooms := verdicts.room(table)).empty:
        return missing(f"{test.table}.csv", "a ceiling")
    told = [
        str(Effect(f"{row['arm']}, {row['stratum']} {row['metric']}", *effect_numbers(row)))
        for row in rooms.to_dict("records")
    ]
    states = verdicts.states_of_room(rooms).values()
    evidence = f"{seen_in(test.table)}: the best ceiling minus plain, {', '.join(told)}"
    primary = rooms[rooms["metric"] == verdicts.load_rule().primary]
    least = (primary if len(primary) else rooms).sort_values("difference").iloc[0]
    measure = measured(least["metric"], least["stratum"])
    return Finding(verdict(states), [evidence], *effect_numbers(least), measure)


def best_test(test: Test, tables: Tables) -> Finding:
    """Whether some method is better than plain, Rho-1 and plain at equal compute on both kinds.

    Undecided if none is, but some method is better or undecided in each of these comparisons.
    """
    methods = [arm for arm, declared in ARMS.items() if declared.role == "method"]
    compared = {
        arm: [comparison(tables, test.table, arm, other) for other in test.others]
        for arm in methods
    }
    compared = {arm: rows for arm, rows in compared.items() if all(len(r) for r in rows)}
    if not compared:
        return missing(f"{test.table}.csv", f"a method against {', '.join(test.others)}")
    found = {
        arm: {verdicts.states_of(r).get(kind, "") for r in rows for kind in test.strata}
        for arm, rows in compared.items()
    }
    winners = [arm for arm, states in found.items() if states == {verdicts.BETTER}]
    may_be = [
        arm
        for arm, states in found.items()
        if verdicts.UNDECIDED in states and states <= {verdicts.BETTER, verdicts.UNDECIDED}
    ]
    evidence = (
        f"{seen_in(test.table)}: better than {', '.join(test.others)} on both kinds of facts: "
        f"{', '.join(winners) or 'none'} of {len(compared)} methods"
    )
    if may_be and not winners:
        evidence += f"; undecided in some of these, and better in the others: {', '.join(may_be)}"
    came_to = SUPPORTED if winners else UNDECIDED if may_be else NOT_SUPPORTED
    return Finding(came_to, [evidence], len(winners), measure="arms")


def arms_test(test: Test, tables: Tables) -> Finding:
    """Arm against arm: both kinds of facts decide, the primary measure on the first is shown."""
    rows = comparison(tables, test.table, test.arm, test.against)
    states = verdicts.states_of(rows, test.strata) if len(rows) else {}
    if len(states) < len(test.strata):
        return missing(f"{test.table}.csv", f"{test.arm} against {test.against}")
    effects = [
        Effect(f"{row['metric']} {row['stratum']}", *effect_numbers(row), row["verdict"])
        for stratum in test.strata
        for row in rows[rows["stratum"] == stratum].to_dict("records")
        if row["verdict"]
    ]
    shown = first_row(rows, stratum=test.strata[0], metric=verdicts.load_rule().primary)
    numbers = (np.nan,) * 3 if shown is None else effect_numbers(shown)
    told = f"{test.arm} minus {test.against}, {', '.join(map(str, effects))}"
    return Finding(
        OF_COMPARISON[verdicts.over_kinds(states.values())],
        [f"{seen_in(test.table)}: {told}"],
        *numbers,
        measured(verdicts.load_rule().primary, test.strata[0]),
    )


def axis_test(test: Test, tables: Tables) -> Finding:
    """One level against another, one of which is the axis's default, as in the table."""
    name = "composition_differences"
    where = {"axis": test.axis, "arm": test.arm, "stratum": test.stratum}
    ours = {**where, "level": test.level, "compared_to": test.against}
    turned = {**where, "level": test.against, "compared_to": test.level}
    effects = {
        metric: effect_of(
            tables.get(name), metric, {**ours, "metric": metric}, {**turned, "metric": metric}
        )
        for metric in verdicts.load_rule().measures
    }
    there = {metric: effect for metric, effect in effects.items() if effect is not None}
    if not there:
        return missing(f"{name}.csv", f"axis {test.axis}")
    told = ", ".join(map(str, there.values()))
    evidence = [f"{seen_in(name)}: {test.level} minus {test.against}, {told}"]
    state = verdicts.on_kind(*(effect.verdict if effect else "" for effect in effects.values()))
    metric, shown = next(iter(there.items()))
    numbers = shown.value, shown.low, shown.high
    return Finding(OF_COMPARISON[state], evidence, *numbers, measured(metric, test.stratum))


def axes_test(test: Test, tables: Tables) -> Finding:
    """Whether enough axes have a level that clearly differs from the profile's own.

    An axis has many comparisons (levels, arms, measures), any of which may make it clear, so its
    p-values are corrected together (Holm). The value shown is the share of the axes compared.
    """
    name = "composition_differences"
    table = tables.get(name)
    if table is None or table.empty:
        return missing(f"{name}.csv", "any axis")
    rows = table[table["stratum"].isin(test.strata)]
    p_values = rows.groupby("axis", sort=False)["p_value"].transform(stats.holm)
    certain = p_values < verdicts.load_rule().level
    differs = rows["verdict"].isin(list(verdicts.OPPOSITE)) & certain
    clear = differs.groupby(rows["axis"], sort=False).any()
    names = [str(axis) for axis, is_clear in clear.items() if is_clear]
    evidence = (
        f"{seen_in(name)}: {len(names)} of {len(clear)} axes change what is known of music or in "
        f"general ({', '.join(names) or 'none'}), of at least {test.at_least} that are asked for"
    )
    state: State = "stands" if len(names) >= test.at_least else "open"
    return Finding(
        verdict([state]), [evidence], float(clear.mean()), measure="share of the axes compared"
    )


def quality_test(test: Test, tables: Tables) -> Finding:
    """The lowest precision or recall over the stages: each kind should reach `test.reach`."""
    name = "pipeline_quality"
    table = tables.get(name)
    if table is None or table.empty:
        return missing(f"{name}.csv", "any stage")
    rows = table[~table["stage"].isin(test.without)]
    worst = rows[["precision", "recall"]].min(axis=1)
    if worst.dropna().empty:
        return missing(f"{name}.csv", "any stage")
    lowest = rows.loc[worst.idxmin()]
    states = ["stands" if value >= test.reach else "fails" for value in worst.dropna()]
    evidence = (
        f"{seen_in(name)}: {states.count('stands')} of {len(states)} "
        f"kinds of flaw reach {test.reach:g} in precision and recall; the value is the lowest of "
        f"all ({lowest['stage']}: {lowest['kind']})"
    )
    return Finding(
        verdict(states), [evidence], float(worst.min()), measure="lowest precision or recall"
    )


def number_shown(test: Test, tables: Tables) -> Finding:
    """A claim that is not tested, with our number beside the paper's if there is one."""
    funnel = tables.get("funnel")
    if test.shows == "words_kept" and funnel is not None and len(funnel):
        last = funnel[(funnel["stage"] == funnel["stage"].iloc[-1]) & (funnel["reason"] == KEPT)]
        words = float(last["tokens"].sum())
        return Finding(NOT_TESTED, [seen_in("funnel")], words, measure="words")
    where = {"stratum": "all", "metric": "accuracy"}
    run = first_row(tables.get("runs"), axis=MAIN, **where)
    if test.shows == "questions" and run is not None:
        return Finding(NOT_TESTED, ["runs.csv"], float(run["n"]), measure="questions")
    row = first_row(tables.get("main_comparison"), arm=PAPER_ARM, **where)
    if test.shows == "paper_arm_accuracy" and row is not None:
        evidence = [f"{seen_in('main_comparison')}: accuracy of {PAPER_ARM}"]
        mean, low, high = (float(row[column]) for column in ("mean", "ci_low", "ci_high"))
        return Finding(NOT_TESTED, evidence, mean, low, high, measured("accuracy", "all"))
    return Finding(NOT_TESTED)


# --- in words -------------------------------------------------------------------------------------


def measured(metric: str, stratum: str) -> str:
    """What a number is, in words: `log_likelihood, covered (nats per token)`."""
    unit = UNITS.get(metric)
    return f"{metric}, {stratum}" + (f" ({unit})" if unit else "")


def seen_in(table: str) -> str:
    """Where to see the evidence: the table and, if there is one, its figure."""
    return f"{table}.csv, figure {FIGURES[table]}" if table in FIGURES else f"{table}.csv"


def missing(table: str, what: str) -> Finding:
    """The finding of a test without the rows that it needs."""
    return Finding(NOT_TESTED, [f"{table} has no row for {what} in this profile"])
