"""The paper's claims beside this study's numbers. Verdicts are computed by rules, never typed.

`claims.yaml` lists what was published and which test, if any, this study has for it. An effect
*stands* where its 95 % interval lies above zero, *fails* where it lies below, and is *open* where
the interval holds zero. Then:

- supported here: every part of the claim stands;
- mixed: some part stands and another does not;
- not supported here: no part stands (the evidence says whether it fails or is open);
- not tested: there is no test, its table or rows are missing, or plain continued pretraining
  taught the models nothing measurable, so that no comparison of arms or mixtures means anything.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from mucpt_utils import paths
from mucpt_utils.analysis.tables import COLUMNS
from mucpt_utils.pipeline.accounting import KEPT

SUPPORTED = "supported here"
NOT_SUPPORTED = "not supported here"
MIXED = "mixed"
NOT_TESTED = "not tested"
VERDICTS = (SUPPORTED, MIXED, NOT_SUPPORTED, NOT_TESTED)
PAPER_ARM = "selection_soft"
_PLACES = {"differences": "differences.csv, figure difference_to_plain"}

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
    shows: Literal["", "words_kept", "questions", "paper_arm_accuracy"] = ""


class Claim(BaseModel):
    """One published statement: its words, where it stands, and the test of it."""

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
            f"{_short(self.parameters)} parameters, {_short(self.tokens)} tokens, "
            f"{self.seeds} seeds, profile {self.profile}"
        )


class Effect(NamedTuple):
    """A difference with its 95 % interval, and what it is the difference of."""

    name: str
    value: float
    low: float
    high: float

    @property
    def state(self) -> str:
        """stands, fails or open: where the interval lies."""
        if self.low > 0:
            return "stands"
        return "fails" if self.high < 0 else "open"

    def __str__(self) -> str:
        return f"{self.name} {self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


@dataclass(frozen=True)
class Finding:
    """What a test came to: the number shown, the verdict and where it can be seen."""

    verdict: str
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    evidence: list[str] = field(default_factory=list)


@cache
def load_claims() -> dict[str, Claim]:
    """The published claims by name, from `claims.yaml`."""
    data = yaml.safe_load((paths.PACKAGE / "analysis" / "claims.yaml").read_text(encoding="utf-8"))
    return {name: Claim.model_validate(claim) for name, claim in data.items()}


def claims_table(tables: Tables, scale: Scale) -> pd.DataFrame:
    """`claims.csv`: every claim with our number, its interval, the scale and the verdict.

    tables: frames by name; used are `differences`, `alignment_differences`, `main_comparison`,
    `composition_differences`, `pipeline_quality`, `funnel` and `runs`. A test whose table is
    missing gives "not tested".
    """
    rows = []
    for claim in load_claims().values():
        finding = _finding(claim.test, tables)
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
    return pd.DataFrame(rows, columns=list(COLUMNS["claims"]))


def verdict(states: Iterable[str]) -> str:
    """The verdict on a claim from the states of its parts: stands, fails or open."""
    standing = [state == "stands" for state in states]
    if not standing:
        return NOT_TESTED
    if all(standing):
        return SUPPORTED
    return MIXED if any(standing) else NOT_SUPPORTED


def learnt(tables: Tables) -> bool:
    """Whether plain training beat the base at all; True where the two were not compared."""
    row = _row(
        tables.get("differences"), arm="base", compared_to="plain", stratum="all", metric="accuracy"
    )
    return row is None or bool(row["ci_high"] < 0)


def _finding(test: Test, tables: Tables) -> Finding:
    if test.kind in ("arms", "axis", "axes") and not learnt(tables):
        reason = "differences.csv: plain did not beat the base, so arms cannot be compared here"
        return Finding(NOT_TESTED, evidence=[reason])
    return _TESTS[test.kind](test, tables)


# --- tests ----------------------------------------------------------------------------------------


def _arms(test: Test, tables: Tables) -> Finding:
    """Arm against arm: both strata decide, the difference over all questions is shown."""
    found = {
        stratum: _arm_effect(test, tables, stratum) for stratum in (test.stratum, *test.strata)
    }
    parts = [found[stratum] for stratum in test.strata]
    if any(effect is None for effect in found.values()):
        return _missing(f"{test.table}.csv", f"{test.arm} against {test.against}")
    whole = found[test.stratum]
    return Finding(
        verdict(effect.state for effect in parts),
        whole.value,
        whole.low,
        whole.high,
        [
            f"{_PLACES.get(test.table, f'{test.table}.csv')}: accuracy of "
            f"{test.arm} minus {test.against}, {', '.join(map(_told, parts))}"
        ],
    )


def _arm_effect(test: Test, tables: Tables, stratum: str) -> Effect | None:
    """test.arm - test.against in one stratum; read backwards where the table has it so."""
    for arm, against, sign in ((test.arm, test.against, 1), (test.against, test.arm, -1)):
        row = _row(
            tables.get(test.table),
            arm=arm,
            compared_to=against,
            stratum=stratum,
            metric="accuracy",
        )
        if row is not None:
            return _effect(row, stratum, sign)
    return None


def _axis(test: Test, tables: Tables) -> Finding:
    """A level against another; one of the two is the axis's default, which the table is about."""
    where = {"axis": test.axis, "arm": test.arm, "stratum": test.stratum, "metric": "accuracy"}
    table = tables.get("composition_differences")
    for level, other, sign in ((test.level, test.against, 1), (test.against, test.level, -1)):
        row = _row(table, **where, level=level, compared_to=other)
        if row is not None:
            effect = _effect(row, f"{test.level} minus {test.against}", sign)
            shown = f"composition_differences.csv, figure composition: accuracy, {_told(effect)}"
            return Finding(verdict([effect.state]), effect.value, effect.low, effect.high, [shown])
    return _missing("composition_differences.csv", f"axis {test.axis}")


def _axes(test: Test, tables: Tables) -> Finding:
    """The share of axes on which some level differs from the profile in some stratum."""
    table = tables.get("composition_differences")
    if table is None or table.empty:
        return _missing("composition_differences.csv", "any axis")
    rows = table[(table["metric"] == "accuracy") & table["stratum"].isin(test.strata)]
    differs = (rows["ci_low"] > 0) | (rows["ci_high"] < 0)
    matters = differs.groupby(rows["axis"], sort=False).any()
    names = [axis for axis, yes in matters.items() if yes]
    evidence = (
        f"composition_differences.csv, figure composition: {len(names)} of {len(matters)} axes "
        f"change accuracy on music or general questions ({', '.join(names) or 'none'})"
    )
    states = ["stands" if yes else "open" for yes in matters]
    return Finding(verdict(states), float(matters.mean()), evidence=[evidence])


def _quality(test: Test, tables: Tables) -> Finding:
    """The lowest precision or recall over the stages: each kind should reach `test.reach`."""
    table = tables.get("pipeline_quality")
    if table is None or table.empty:
        return _missing("pipeline_quality.csv", "any stage")
    rows = table[~table["stage"].isin(test.without)]
    worst = rows[["precision", "recall"]].min(axis=1)
    if worst.dropna().empty:
        return _missing("pipeline_quality.csv", "any stage")
    lowest = rows.loc[worst.idxmin()]
    states = ["stands" if value >= test.reach else "fails" for value in worst.dropna()]
    evidence = (
        f"pipeline_quality.csv, figure pipeline_quality: {states.count('stands')} of {len(states)} "
        f"kinds of flaw reach {test.reach:g} in precision and recall; the value is the lowest of "
        f"all ({lowest['stage']}: {lowest['kind']})"
    )
    return Finding(verdict(states), float(worst.min()), evidence=[evidence])


def _none(test: Test, tables: Tables) -> Finding:
    return _SHOWN[test.shows](tables) if test.shows else Finding(NOT_TESTED)


def _words_kept(tables: Tables) -> Finding:
    table = tables.get("funnel")
    if table is None or table.empty:
        return Finding(NOT_TESTED)
    last = table[(table["stage"] == table["stage"].iloc[-1]) & (table["reason"] == KEPT)]
    return Finding(NOT_TESTED, float(last["tokens"].sum()), evidence=["funnel.csv, figure funnel"])


def _questions(tables: Tables) -> Finding:
    row = _row(tables.get("runs"), axis="main", stratum="all", metric="accuracy")
    if row is None:
        return Finding(NOT_TESTED)
    return Finding(NOT_TESTED, float(row["n"]), evidence=["runs.csv"])


def _paper_arm_accuracy(tables: Tables) -> Finding:
    row = _row(tables.get("main_comparison"), arm=PAPER_ARM, stratum="all", metric="accuracy")
    if row is None:
        return Finding(NOT_TESTED)
    values = (row["mean"], row["ci_low"], row["ci_high"])
    shown = f"main_comparison.csv, figure main_comparison: accuracy of {PAPER_ARM}"
    return Finding(NOT_TESTED, *map(float, values), [shown])


_TESTS: dict[str, Callable[[Test, Tables], Finding]] = {
    "arms": _arms,
    "axis": _axis,
    "axes": _axes,
    "quality": _quality,
    "none": _none,
}
_SHOWN: dict[str, Callable[[Tables], Finding]] = {
    "words_kept": _words_kept,
    "questions": _questions,
    "paper_arm_accuracy": _paper_arm_accuracy,
}


# --- helpers --------------------------------------------------------------------------------------


def _row(table: pd.DataFrame | None, **where: str) -> pd.Series | None:
    """The first row with these values, or None."""
    if table is None or table.empty:
        return None
    mask = np.logical_and.reduce([table[column] == value for column, value in where.items()])
    return table[mask].iloc[0] if mask.any() else None


def _effect(row: Mapping, name: str, sign: int) -> Effect:
    value, low, high = (sign * float(row[c]) for c in ("difference", "ci_low", "ci_high"))
    return Effect(name, value, *sorted((low, high)))


def _told(effect: Effect) -> str:
    words = {"stands": "better", "fails": "worse", "open": "no difference shown"}
    return f"{effect} ({words[effect.state]})"


def _missing(table: str, what: str) -> Finding:
    return Finding(NOT_TESTED, evidence=[f"{table} has no row for {what} in this profile"])


def _short(number: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:g}"
