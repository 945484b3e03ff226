"""The claims of the paper and of this study, beside our numbers. Verdicts follow from a rule.

`claims.yaml` lists them in the order of the report: is there room; what do simple
baselines reach; what does each method add; what else the paper says. It names the test, if any,
that this study has for each; `claim_tests` has the tests, and explains the verdicts.
"""

from functools import cache
from typing import NamedTuple

import pandas as pd
from pydantic import BaseModel, ConfigDict

from mucpt_utils import paths
from mucpt_utils.analysis.claim_tests import VERDICTS, Test, tested
from mucpt_utils.analysis.effects import Tables
from mucpt_utils.analysis.frames import frame_of
from mucpt_utils.analysis.verdicts import with_verdicts
from mucpt_utils.io import read_yaml

# by this study itself; by the paper; by a third party about it
STATUSES = ("asked", "published", "reported")


class Claim(BaseModel):
    """One statement about the paper's work: its words, its source, and its test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: str
    source: str
    paper_value: str = ""
    test: Test
    note: str


class Scale(NamedTuple):
    """How large the experiment was: the model and the training behind every verdict."""

    profile: str
    parameters: int
    tokens: int
    seeds: int

    def __str__(self) -> str:
        return (
            f"{abbreviated(self.parameters)} parameters, {abbreviated(self.tokens)} tokens, "
            f"{self.seeds} seed{'' if self.seeds == 1 else 's'}, profile {self.profile}"
        )


@cache
def load_claims() -> dict[str, Claim]:
    """The claims by name, from `claims.yaml`."""
    declared = read_yaml(paths.PACKAGE / "analysis/claims.yaml")
    return {name: Claim.model_validate(claim) for name, claim in declared.items()}


def claims_table(tables: Tables, scale: Scale) -> pd.DataFrame:
    """`claims.csv`: every claim with our number, its interval, the scale and the verdict.

    tables: frames by name; used are `differences`, `alignment_differences`, `main_comparison`,
    `composition_differences`, `pipeline_quality`, `funnel` and `runs`. A test whose table is
    missing gives "not tested".
    """
    tables = {name: with_verdicts(table) for name, table in tables.items()}
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

    table: rows of `claims.csv`. Verdicts are in the order of `VERDICTS`; those of no claim are left
    out, as is a status without claims.
    """
    counts = {}
    for status in STATUSES:
        verdicts = table.loc[table["status_in_paper"].str.startswith(status), "verdict"]
        if len(verdicts):
            numbers = verdicts.value_counts()
            counts[status] = {name: int(numbers[name]) for name in VERDICTS if name in numbers}
    return counts


def abbreviated(number: float) -> str:
    """A number with k, M or B for its thousands."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:g}"
