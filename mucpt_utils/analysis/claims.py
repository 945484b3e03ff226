"""The paper's claims beside this study's numbers. Verdicts are computed by rules, never typed.

`claims.yaml` lists what was published and which test, if any, this study has for it. A part of a
claim is an effect with its 95 % interval: it *stands* where the interval lies above zero, *fails*
where it lies below, and is *open* where the interval holds zero. Each claim has one verdict:

- supported here: every part stands;
- mixed: some part stands, another fails or is open;
- not supported here: some part fails and none stands;
- undecided: every part is open, so that the run says neither yes nor no;
- not tested: there is no test, its table or rows are missing, or plain continued pretraining
  taught the models nothing measurable, so that no comparison of arms or mixtures means anything.

Two kinds of claim have parts of their own. Of the pipeline's quality, a kind of flaw stands where
precision and recall reach the share that `claims.yaml` names, and fails otherwise. Of comparisons
along axes, the one part is whether at least as many axes as `claims.yaml` names show a clear
effect; with fewer it is open, since the paper does not say which axes it compared, and one axis of
ours cannot speak for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from mucpt_utils import paths
from mucpt_utils.analysis.frames import frame_of
from mucpt_utils.config.axes import MAIN
from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.accounting import KEPT

State = Literal["stands", "fails", "open"]
SUPPORTED = "supported here"
MIXED = "mixed"
NOT_SUPPORTED = "not supported here"
UNDECIDED = "undecided"
NOT_TESTED = "not tested"
VERDICTS = (SUPPORTED, MIXED, NOT_SUPPORTED, UNDECIDED, NOT_TESTED)
STATUSES = ("published", "reported")  # by the paper; by a third party about it
PAPER_ARM = "selection_soft"
FIGURES = {  # figures that show what a table says
    "differences": "difference_to_plain",
    "main_comparison": "main_comparison",
    "composition_differences": "composition",
    "pipeline_quality": "pipeline_quality",
    "funnel": "funnel",
}
IN_WORDS = {"stands": "better", "fails": "worse", "open": "no difference shown"}

Tables = Mapping[str, pd.DataFrame]


class Test(BaseModel):
    """How a claim is tested; which fields matter depends on `kind` (see `claims.yaml`)."""

    __test__ = False  # not a test of pytest's
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["arms", "axis", "quality", "axes", "none"]
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
    """A difference with its 95 % interval, and what it is the difference of."""

    name: str
    value: float
    low: float
    high: float

    @property
    def state(self) -> State:
        """Where the interval lies: above zero, below, or around it."""
        if self.low > 0:
            return "stands"
        return "fails" if self.high < 0 else "open"

    def __str__(self) -> str:
        interval = f"[{self.low:+.3f}, {self.high:+.3f}]"
        return f"{self.name} {self.value:+.3f} {interval} ({IN_WORDS[self.state]})"


@dataclass(frozen=True)
class Finding:
    """What a test came to: the verdict, where it can be seen, and the number shown."""

    verdict: str
    evidence: list[str] = field(default_factory=list)
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan


@cache
def load_claims() -> dict[str, Claim]:
    """The claims by name, from `claims.yaml`."""
    declared = read_yaml(paths.PACKAGE / "analysis" / "claims.yaml")
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
    rows = []
    for claim in load_claims().values():
        finding = tested(claim.test, tables)
        rows.append(
            {
                "claim": claim.claim,
                "status_in_paper": claim.source,
                "paper_value": claim.paper_value or "no number published",
                "our_value": finding.value,
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
    if test.kind == "arms":
        return arms_test(test, tables)
    return axis_test(test, tables) if test.kind == "axis" else axes_test(test, tables)


def arms_test(test: Test, tables: Tables) -> Finding:
    """Arm against arm: both strata decide, the difference over all questions is shown."""
    effects = {}
    for stratum in (test.stratum, *test.strata):
        where = {"stratum": stratum, "metric": "accuracy"}
        ours = {**where, "arm": test.arm, "compared_to": test.against}
        turned = {**where, "arm": test.against, "compared_to": test.arm}
        effect = effect_of(tables.get(test.table), stratum, ours, turned)
        if effect is None:
            return missing(f"{test.table}.csv", f"{test.arm} against {test.against}")
        effects[stratum] = effect
    whole, parts = effects[test.stratum], [effects[stratum] for stratum in test.strata]
    told = f"accuracy of {test.arm} minus {test.against}, {', '.join(map(str, parts))}"
    return Finding(
        verdict(part.state for part in parts),
        [f"{seen_in(test.table)}: {told}"],
        whole.value,
        whole.low,
        whole.high,
    )


def axis_test(test: Test, tables: Tables) -> Finding:
    """A level against another; one of the two is the axis's default, which the table is about."""
    name = "composition_differences"
    where = {"axis": test.axis, "arm": test.arm, "stratum": test.stratum, "metric": "accuracy"}
    ours = {**where, "level": test.level, "compared_to": test.against}
    turned = {**where, "level": test.against, "compared_to": test.level}
    effect = effect_of(tables.get(name), f"{test.level} minus {test.against}", ours, turned)
    if effect is None:
        return missing(f"{name}.csv", f"axis {test.axis}")
    evidence = [f"{seen_in(name)}: accuracy, {effect}"]
    return Finding(verdict([effect.state]), evidence, effect.value, effect.low, effect.high)


def axes_test(test: Test, tables: Tables) -> Finding:
    """Whether enough axes have a level that clearly differs from the profile's own.

    The value shown is the share of the axes compared that do.
    """
    name = "composition_differences"
    table = tables.get(name)
    if table is None or table.empty:
        return missing(f"{name}.csv", "any axis")
    rows = table[(table["metric"] == "accuracy") & table["stratum"].isin(test.strata)]
    differs = (rows["ci_low"] > 0) | (rows["ci_high"] < 0)
    clear = differs.groupby(rows["axis"], sort=False).any()
    names = [str(axis) for axis, is_clear in clear.items() if is_clear]
    evidence = (
        f"{seen_in(name)}: {len(names)} of {len(clear)} axes change accuracy on music or general "
        f"questions ({', '.join(names) or 'none'}), of at least {test.at_least} that are asked for"
    )
    state: State = "stands" if len(names) >= test.at_least else "open"
    return Finding(verdict([state]), [evidence], float(clear.mean()))


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
    return Finding(verdict(states), [evidence], float(worst.min()))


def number_shown(test: Test, tables: Tables) -> Finding:
    """A claim that is not tested, with a number of ours beside the paper's where there is one."""
    funnel = tables.get("funnel")
    if test.shows == "words_kept" and funnel is not None and len(funnel):
        last = funnel[(funnel["stage"] == funnel["stage"].iloc[-1]) & (funnel["reason"] == KEPT)]
        return Finding(NOT_TESTED, [seen_in("funnel")], float(last["tokens"].sum()))
    where = {"stratum": "all", "metric": "accuracy"}
    run = first_row(tables.get("runs"), axis=MAIN, **where)
    if test.shows == "questions" and run is not None:
        return Finding(NOT_TESTED, ["runs.csv"], float(run["n"]))
    row = first_row(tables.get("main_comparison"), arm=PAPER_ARM, **where)
    if test.shows == "paper_arm_accuracy" and row is not None:
        evidence = [f"{seen_in('main_comparison')}: accuracy of {PAPER_ARM}"]
        mean, low, high = (float(row[column]) for column in ("mean", "ci_low", "ci_high"))
        return Finding(NOT_TESTED, evidence, mean, low, high)
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
            ends = sorted((sign * float(row["ci_low"]), sign * float(row["ci_high"])))
            return Effect(name, sign * float(row["difference"]), *ends)
    return None


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
