"""What the texts of a report compare, in which measures, and the rows behind them."""

from collections.abc import Mapping

import pandas as pd

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import Effect, Tables, effect_of, first_row
from mucpt_utils.config.arms import ARMS

METHODS = tuple(name for name, arm in ARMS.items() if arm.role == "method")
# the measures in order of importance: name for readers, unit after the number
MEASURES = {
    "log_likelihood": ("the log-likelihood of the answer", " nats per token"),
    "accuracy": ("accuracy", ""),
}
PRIMARY = verdicts.load_rule().primary  # the measure that decides
# the cost at which an arm is compared with plain, by the arm compared to
COSTS = {
    verdicts.EQUAL_TOKENS: "at equal tokens",
    verdicts.EQUAL_COMPUTE: "at equal compute",
}
KINDS = {
    "covered": "facts that the reference model knows",
    "uncovered": "facts that it does not know",
}


def mean_of(tables: Tables, arm: str, stratum: str, metric: str) -> Mapping | None:
    """An arm's row of the main comparison."""
    table = tables.get("main_comparison")
    return first_row(table, arm=arm, stratum=stratum, metric=metric)


def difference_of(tables: Tables, arm: str, other: str, stratum: str, metric: str) -> Effect | None:
    """`arm` minus `other`, in whichever direction the table of differences has it.

    None if the table has no such row, or no number in it.
    """
    where = {"stratum": stratum, "metric": metric}
    ours, turned = {"arm": arm, "compared_to": other}, {"arm": other, "compared_to": arm}
    effect = effect_of(tables.get("differences"), arm, where | ours, where | turned)
    return None if effect is None or pd.isna(effect.value) else effect


def deciding(tables: Tables, arm: str) -> str:
    """What the arm is judged against: plain at equal tokens, or at equal compute (`COSTS`)."""
    row = first_row(tables.get("verdicts"), arm=arm, headline="yes")
    return verdicts.EQUAL_TOKENS if row is None else str(row["compared_to"])


def verdict_of(tables: Tables, arm: str, other: str) -> str:
    """An arm's verdict against another over both kinds of facts; "" if it was not compared."""
    states = states_by_kind(tables, arm, other)
    return verdicts.over_kinds(states.values()) if states else ""


def states_by_kind(tables: Tables, arm: str, other: str) -> dict[str, str]:
    """An arm's verdict against another on each kind of facts; empty if it was not compared."""
    table = tables.get("differences")
    if table is None or "verdict" not in table:
        return {}
    rows = table[(table["arm"] == arm) & (table["compared_to"] == other)]
    return verdicts.states_of(rows) if len(rows) else {}
