"""Verdicts on differences: better, worse, mixed, undecided, no difference, no room here.

The rule, with its margins, is in `verdicts.yaml`; every verdict comes from this module.
It sees only rows of differences, each with its interval and p-value.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import pandas as pd
from pydantic import BaseModel, ConfigDict

from mucpt_utils import paths, stats
from mucpt_utils.analysis.frames import concat, frame_of, in_order
from mucpt_utils.config.arms import ARMS
from mucpt_utils.io import read_yaml

BETTER, WORSE, MIXED = "better", "worse", "mixed"
NO_DIFFERENCE, UNDECIDED, NO_ROOM = "no difference", "undecided", "no room here"
VERDICTS = (BETTER, WORSE, MIXED, NO_DIFFERENCE, UNDECIDED, NO_ROOM)
OPPOSITE = {BETTER: WORSE, WORSE: BETTER}
KINDS = ("covered", "uncovered")  # of facts: what the reference model knows, and what it does not
FAMILY = ["compared_to", "stratum", "metric"]  # p-values of methods in one are corrected together
EQUAL_TOKENS, EQUAL_COMPUTE = "plain", "plain_compute"


class Bounds(BaseModel):
    """The thresholds for one measure, in its unit: see `verdicts.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin: float
    equivalence: float
    room: float


class Rule(BaseModel):
    """The rule: level of the tests, bounds of each measure, cost above which compute decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: float
    measures: dict[str, Bounds]
    dear: float

    @property
    def primary(self) -> str:
        """The primary measure, which decides."""
        return next(iter(self.measures))


@cache
def load_rule() -> Rule:
    """The rule of `verdicts.yaml`."""
    return Rule.model_validate(read_yaml(paths.PACKAGE / "analysis/verdicts.yaml"))


def role(arm: str) -> str:
    """The role of an arm; an undeclared one, such as a candidate of the search, is a method."""
    return ARMS[arm].role if arm in ARMS else "method"


# --- one difference -------------------------------------------------------------------------------


def state(row: Mapping, room: bool = True) -> str:
    """The verdict on one difference; "" in a measure without bounds, or without a difference.

    row: metric, difference, ci_low, ci_high and p_holm (or p_value). room: whether some ceiling
    is clearly above plain there.
    """
    bounds = load_rule().measures.get(row["metric"])
    if bounds is None or pd.isna(row["difference"]):
        return ""
    p_value = row["p_holm"] if "p_holm" in row else row["p_value"]
    if p_value < load_rule().level and abs(row["difference"]) > bounds.margin:
        return BETTER if row["difference"] > 0 else WORSE
    if max(abs(row["ci_low"]), abs(row["ci_high"])) <= bounds.equivalence:
        return NO_DIFFERENCE if room else NO_ROOM
    return UNDECIDED if room else NO_ROOM


def corrected(differences: pd.DataFrame) -> pd.Series:
    """p-values of a table of differences, corrected by Holm over the methods of each `FAMILY`.

    Arms of other roles (controls, baselines, ceilings) keep theirs and are not counted.
    """
    p_values = differences["p_value"].astype(float).copy()
    methods = differences["arm"].map(role) == "method"
    for _, family in differences[methods].groupby(FAMILY, sort=False):
        p_values.loc[family.index] = stats.holm(family["p_value"])
    return p_values


def judged(differences: pd.DataFrame) -> pd.DataFrame:
    """Rows of `differences.csv` with the columns p_holm and verdict.

    Only for methods may "no room here" replace a verdict: what a baseline, control or ceiling does
    is not a question of room.
    """
    table = differences.assign(p_holm=corrected(differences))
    clear = roomy(room(table))
    verdicts = [
        state(row, role(row["arm"]) != "method" or clear.get(row["stratum"], True))
        for row in table.to_dict("records")
    ]
    return table.assign(verdict=pd.Series(verdicts, table.index, dtype=object))


# --- room -----------------------------------------------------------------------------------------


def with_verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """A table of differences with the verdict of each; any other table unchanged.

    Differences of arms have theirs from the run, except in older tables; those of mixtures, for
    which there is no ceiling, are judged here.
    """
    if "difference" not in table or "p_value" not in table or "verdict" in table:
        return table
    if {"arm", "compared_to"} <= set(table) and "level" not in table:
        return judged(table)
    return table.assign(verdict=[state(row) for row in table.to_dict("records")])


def room(differences: pd.DataFrame) -> pd.DataFrame:
    """`room.csv`: the best ceiling above plain on each kind of facts, in each measure.

    differences: rows of `differences.csv`. Without a ceiling there is no row.
    """
    rows = differences[
        (differences["compared_to"] == EQUAL_TOKENS)
        & (differences["arm"].map(role) == "ceiling")
        & differences["metric"].isin(load_rule().measures)
        & differences["stratum"].isin(KINDS)
    ].dropna(subset="difference")
    parts = []
    for (_, metric), group in rows.groupby(["stratum", "metric"], sort=False):
        best = group.loc[group["difference"].idxmax()]
        needed = load_rule().measures[metric].room
        clear = best["difference"] >= needed and best["ci_low"] > 0
        columns = ["stratum", "metric", "arm", "difference", "ci_low", "ci_high"]
        parts.append({**best[columns], "needed": needed, "clear": "yes" if clear else "no"})
    return in_order(frame_of(parts, "room"), "room")


def roomy(rooms: pd.DataFrame) -> dict[str, bool]:
    """For each kind of facts, whether there is room: a ceiling is clearly above plain in a measure.

    rooms: rows of `room.csv`. A kind for which no ceiling was trained is not among the keys.
    """
    return {
        str(stratum): bool((group["clear"] == "yes").any())
        for stratum, group in rooms.groupby("stratum", sort=False)
    }


def states_of_room(rooms: pd.DataFrame) -> dict[str, str]:
    """For each kind of facts, whether there is room: stands, fails or open.

    Open where a ceiling is not clear, but its interval in the primary measure reaches what is asked
    for: it does not show that there is none. rooms: rows of `room.csv`.
    """
    states = {}
    for stratum, clear in roomy(rooms).items():
        best = told_ceiling(rooms, stratum)
        without = "fails" if best["ci_high"] < best["needed"] else "open"
        states[stratum] = "stands" if clear else without
    return states


def told_ceiling(rooms: pd.DataFrame, stratum: str) -> pd.Series:
    """The row of `room.csv` that is told of a kind of facts: in the primary measure, if it can."""
    group = rooms[rooms["stratum"] == stratum]
    first = group[group["metric"] == load_rule().primary]
    return (first if len(first) else group).iloc[0]


# --- price ----------------------------------------------------------------------------------------


def relative_costs(costs: pd.DataFrame | None) -> dict[str, float]:
    """The operations of each arm, as a multiple of plain's. costs: rows of `costs.csv`, or none."""
    return {} if costs is None else costs.set_index("arm")["relative_to_plain"].to_dict()


def too_dear(costs: pd.DataFrame | None) -> set[str]:
    """Arms that have no equal compute: they cost more than `dear` times plain at equal compute.

    costs: rows of `costs.csv`. Empty if plain was not trained at equal compute.
    """
    relative = relative_costs(costs)
    most = load_rule().dear * relative.get(EQUAL_COMPUTE, float("inf"))
    return {str(arm) for arm, cost in relative.items() if cost > most}


# --- an arm ---------------------------------------------------------------------------------------


def on_kind(first: str, second: str) -> str:
    """The verdict of an arm's two measures on one kind of facts: the first, unless contradicted."""
    return MIXED if first in OPPOSITE and second == OPPOSITE[first] else first


def over_kinds(states: Iterable[str]) -> str:
    """An arm's verdict from those on each kind of facts; "" for none."""
    states = [state for state in states if state]
    if not states:
        return ""
    if MIXED in states or {BETTER, WORSE} <= set(states):
        return MIXED
    for verdict in (UNDECIDED, BETTER, WORSE, NO_ROOM):
        if verdict in states:
            return verdict
    return NO_DIFFERENCE


def states_of(compared: pd.DataFrame, kinds: Iterable[str] = KINDS) -> dict[str, str]:
    """The verdict of one comparison, by kind of facts. compared: its rows, with their verdicts."""
    by_key = {
        (row["stratum"], row["metric"]): row["verdict"] for row in compared.to_dict("records")
    }
    measures = list(load_rule().measures)
    states = {
        kind: on_kind(*(by_key.get((kind, measure), "") for measure in measures)) for kind in kinds
    }
    return {kind: verdict for kind, verdict in states.items() if verdict}


def verdicts(differences: pd.DataFrame, costs: pd.DataFrame | None = None) -> pd.DataFrame:
    """`verdicts.csv`: every arm against plain, at equal tokens and at equal compute.

    differences: rows of `differences.csv`, judged. costs: rows of `costs.csv`. One of the two
    comparisons is the headline: that at equal compute for an arm that costs more than `dear` times
    what plain does, if plain was trained at equal compute too.
    """
    relative = relative_costs(costs)
    pairs = {
        (arm, other): rows
        for (arm, other), rows in differences.groupby(["arm", "compared_to"], sort=False)
        if other in (EQUAL_TOKENS, EQUAL_COMPUTE) and arm not in ("base", "plain")
    }
    rows = []
    for (arm, other), compared in pairs.items():
        states = states_of(compared)
        cost = relative.get(arm, float("nan"))
        at_compute = cost > load_rule().dear and (arm, EQUAL_COMPUTE) in pairs
        rows.append(
            {
                "arm": arm,
                "role": role(arm),
                "compared_to": other,
                "covered": states.get("covered", ""),
                "uncovered": states.get("uncovered", ""),
                "verdict": over_kinds(states.values()),
                "cost": cost,
                "headline": "yes" if (other == EQUAL_COMPUTE) is at_compute else "no",
            }
        )
    return concat([frame_of(rows, "verdicts")] if rows else [], "verdicts")
