"""The claims, the paper's and the study's own, beside its numbers. Verdicts follow from a rule.

`claims.yaml` lists them in the order in which the report tells them: is there room; what do simple
baselines reach; what does each method add; what else the paper says. It names the test, if any,
that this study has for each. Comparisons of arms come to what `verdicts.yaml` says; a claim is then

- supported here: the arm is better;
- mixed: better on one kind of facts and worse on the other, or some part stands and another fails;
- not supported here: worse, or no difference, or parts fail and none stands;
- undecided: the run says neither yes nor no;
- no room here: no ceiling stands clear, so that no method could be seen to be better;
- not tested: there is no test, its table or rows are missing, or plain continued pretraining
  taught the models nothing measurable, so that no comparison of arms or mixtures means anything.

Of the pipeline's quality, a kind of flaw stands where precision and recall reach the share that
`claims.yaml` names, and fails otherwise. Of comparisons along axes, the one part is whether at
least as many axes as `claims.yaml` names show a clear effect; with fewer it is open, since the
paper does not say which axes it compared, and one axis of ours cannot speak for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from mucpt_utils import paths
from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.frames import frame_of
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import MAIN
from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.accounting import KEPT

State = Literal["stands", "fails", "open"]
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
# by this study itself; by the paper; by a third party about it
STATUSES = ("asked", "published", "reported")
PAPER_ARM = "selection_soft"
FIGURES = {  # figures that show what a table says
    "differences": "difference_to_plain",
    "main_comparison": "main_comparison",
    "composition_differences": "composition",
    "pipeline_quality": "pipeline_quality",
    "funnel": "funnel",
}
IN_WORDS = {"stands": "above zero", "fails": "below zero", "open": "around zero"}
UNITS = {"log_likelihood": "nats per token", "accuracy": "share"}

Tables = Mapping[str, pd.DataFrame]


class Test(BaseModel):
    """How a claim is tested; which fields matter depends on `kind` (see `claims.yaml`)."""

    __test__ = False  # not a test of pytest's
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


class Claim(BaseModel):
    """One statement about the paper's work: its words, where it stands, and the test of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: str
    source: str
    paper_value: str = ""
    test: Test
    note: str


class Scale(NamedTuple):
    """How large the experiment was: of the model and the training behind every verdict."""

    profile: str
    parameters: int
    tokens: int
    seeds: int

    def __str__(self) -> str:
        return (
            f"{abbreviated(self.parameters)} parameters, {abbreviated(self.tokens)} tokens, "
            f"{self.seeds} seeds, profile {self.profile}"
        )


class Effect(NamedTuple):
    """A difference with its 95 % interval, what it is the difference of, and what it comes to."""

    name: str
    value: float
    low: float
    high: float
    verdict: str = ""

    @property
    def state(self) -> State:
        """Where the interval lies: above zero, below, or around it."""
        if self.low > 0:
            return "stands"
        return "fails" if self.high < 0 else "open"

    def __str__(self) -> str:
        interval = f"[{self.low:+.3f}, {self.high:+.3f}]"
        return f"{self.name} {self.value:+.3f} {interval} ({self.verdict or IN_WORDS[self.state]})"


@dataclass(frozen=True)
class Finding:
    """What a test came to: the verdict, where it can be seen, the number shown and what it is."""

    verdict: str
    evidence: list[str] = field(default_factory=list)
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    measure: str = ""


@cache
def load_claims() -> dict[str, Claim]:
    """The claims by name, from `claims.yaml`."""
    declared = read_yaml(paths.PACKAGE / "analysis/claims.yaml")
    return {name: Claim.model_validate(claim) for name, claim in declared.items()}


def verdict(states: Iterable[str]) -> str:
    """The verdict on a claim from the states of its parts: stands, fails or open."""
    states = list(states)
    if not states:
        return NOT_TESTED
    if all(state == "stands" for state in states):
        return SUPPORTED
    if "stands" in states:
        return MIXED
    return NOT_SUPPORTED if "fails" in states else UNDECIDED


def claims_table(tables: Tables, scale: Scale) -> pd.DataFrame:
    """`claims.csv`: every claim with our number, its interval, the scale and the verdict.

    tables: frames by name; used are `differences`, `alignment_differences`, `main_comparison`,
    `composition_differences`, `pipeline_quality`, `funnel` and `runs`. A test whose table is
    missing gives "not tested".
    """
    tables = {name: with_verdicts(name, table) for name, table in tables.items()}
    rows = []
    for claim in load_claims().values():
        finding = tested(claim.test, tables)
        rows.append(
            {
                "claim": claim.claim,
                "status_in_paper": claim.source,
                "paper_value": claim.paper_value or "no number published",
                "our_value": finding.value,
                "measure": finding.measure,
                "ci_low": finding.low,
                "ci_high": finding.high,
                "scale": str(scale),
                "verdict": finding.verdict,
                "evidence": "; ".join([*finding.evidence, claim.note]),
            }
        )
    return frame_of(rows, "claims")


def verdict_counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """How many claims have each verdict, by status: `published`, or `reported` by a third party.

    table: rows of `claims.csv`. Verdicts stand in the order of `VERDICTS`, those of no claim left
    out, as is a status without claims.
    """
    counts = {}
    for status in STATUSES:
        verdicts = table.loc[table["status_in_paper"].str.startswith(status), "verdict"]
        if len(verdicts):
            numbers = verdicts.value_counts()
            counts[status] = {name: int(numbers[name]) for name in VERDICTS if name in numbers}
    return counts


def learnt(tables: Tables) -> bool:
    """Whether plain training beat the base at all; True where the two were not compared."""
    where = {"arm": "base", "compared_to": "plain", "stratum": "all", "metric": "accuracy"}
    row = first_row(tables.get("differences"), **where)
    return row is None or bool(row["ci_high"] < 0)


# --- tests ----------------------------------------------------------------------------------------


def tested(test: Test, tables: Tables) -> Finding:
    """What the test of a claim comes to."""
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
    """Whether a ceiling stands clear of plain on every kind of facts; the narrowest is shown."""
    table = tables.get(test.table)
    if table is None or (rooms := verdicts.room(table)).empty:
        return missing(f"{test.table}.csv", "a ceiling")
    told = [
        str(Effect(f"{row['arm']}, {row['stratum']} {row['metric']}", *effect_numbers(row)))
        for row in rooms.to_dict("records")
    ]
    states = ["stands" if clear else "fails" for clear in verdicts.roomy(rooms).values()]
    evidence = f"{seen_in(test.table)}: the best ceiling minus plain, {', '.join(told)}"
    primary = rooms[rooms["metric"] == verdicts.load_rule().primary]
    least = (primary if len(primary) else rooms).sort_values("difference").iloc[0]
    measure = measured(least["metric"], least["stratum"])
    return Finding(verdict(states), [evidence], *effect_numbers(least), measure)


def best_test(test: Test, tables: Tables) -> Finding:
    """Whether some method is better than plain, Rho-1 and plain at equal compute on both kinds."""
    methods = [arm for arm, declared in ARMS.items() if declared.role == "method"]
    compared = {
        arm: [comparison(tables, test.table, arm, other) for other in test.others]
        for arm in methods
    }
    compared = {arm: rows for arm, rows in compared.items() if all(len(r) for r in rows)}
    if not compared:
        return missing(f"{test.table}.csv", f"a method against {', '.join(test.others)}")
    winners = [
        arm
        for arm, rows in compared.items()
        if all(verdicts.states_of(r) == dict.fromkeys(test.strata, verdicts.BETTER) for r in rows)
    ]
    evidence = (
        f"{seen_in(test.table)}: better than {', '.join(test.others)} on both kinds of facts: "
        f"{', '.join(winners) or 'none'} of {len(compared)} methods"
    )
    return Finding(
        SUPPORTED if winners else NOT_SUPPORTED, [evidence], len(winners), measure="arms"
    )


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
    """A level against another; one of the two is the axis's default, which the table is about."""
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

    The value shown is the share of the axes compared that do.
    """
    name = "composition_differences"
    table = tables.get(name)
    if table is None or table.empty:
        return missing(f"{name}.csv", "any axis")
    rows = table[table["stratum"].isin(test.strata)]
    differs = rows["verdict"].isin(list(verdicts.OPPOSITE))
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
    """A claim that is not tested, with a number of ours beside the paper's where there is one."""
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


# --- rows and words -------------------------------------------------------------------------------


def first_row(table: pd.DataFrame | None, **where: Any) -> pd.Series | None:
    """The first row with these values, or None."""
    if table is None or table.empty:
        return None
    mask = np.logical_and.reduce([table[column] == value for column, value in where.items()])
    return table[mask].iloc[0] if mask.any() else None


def effect_of(
    table: pd.DataFrame | None, name: str, ours: Mapping[str, str], turned: Mapping[str, str]
) -> Effect | None:
    """The difference in the row `ours`, or that in `turned` with its sign changed; None without."""
    for where, sign in ((ours, 1), (turned, -1)):
        row = first_row(table, **where)
        if row is not None:
            low, high = sorted((sign * float(row["ci_low"]), sign * float(row["ci_high"])))
            verdict = str(row.get("verdict", "") or "")
            verdict = verdict if sign > 0 else verdicts.OPPOSITE.get(verdict, verdict)
            return Effect(name, sign * float(row["difference"]), low, high, verdict)
    return None


def effect_numbers(row: Mapping) -> tuple[float, float, float]:
    """A row's difference and the ends of its interval."""
    return float(row["difference"]), float(row["ci_low"]), float(row["ci_high"])


def comparison(tables: Tables, name: str, arm: str, other: str) -> pd.DataFrame:
    """All rows of `arm` minus `other` in a table of differences, whichever way it has them."""
    table = tables.get(name)
    if table is None or table.empty:
        return pd.DataFrame()
    rows = table[(table["arm"] == arm) & (table["compared_to"] == other)]
    if len(rows):
        return rows
    turned = table[(table["arm"] == other) & (table["compared_to"] == arm)]
    return turned.assign(
        arm=arm,
        compared_to=other,
        difference=-turned["difference"],
        ci_low=-turned["ci_high"],
        ci_high=-turned["ci_low"],
        verdict=turned["verdict"].replace(verdicts.OPPOSITE),
    )


def with_verdicts(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """A table of differences with the verdict of each; any other table as it is.

    Differences of arms have theirs from the run, but for tables of before; those of mixtures, which
    no ceiling speaks of, are judged here.
    """
    if "difference" not in table or "p_value" not in table or "verdict" in table:
        return table
    if {"arm", "compared_to"} <= set(table) and "level" not in table:
        return verdicts.judged(table)
    return table.assign(verdict=[verdicts.state(row) for row in table.to_dict("records")])


def measured(metric: str, stratum: str) -> str:
    """What a number is, in words: `log_likelihood, covered (nats per token)`."""
    unit = UNITS.get(metric)
    return f"{metric}, {stratum}" + (f" ({unit})" if unit else "")


def seen_in(table: str) -> str:
    """Where evidence can be looked at: the table and, where there is one, its figure."""
    return f"{table}.csv, figure {FIGURES[table]}" if table in FIGURES else f"{table}.csv"


def missing(table: str, what: str) -> Finding:
    """A test without the rows that it needs."""
    return Finding(NOT_TESTED, [f"{table} has no row for {what} in this profile"])


def abbreviated(number: float) -> str:
    """A number with k, M or B for its thousands."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:g}"
