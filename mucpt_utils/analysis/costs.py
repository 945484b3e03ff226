"""What an arm would cost with a reference model other than its profile's."""

import pandas as pd

from mucpt_utils.analysis.effects import first_row

REFERENCE_TOKENS = "reference_tokens"  # the axis of data composition that changes this price


def cost_with(costs: pd.DataFrame | None, arm: str, reference_tokens: float) -> float:
    """Operations of an arm relative to plain, with a reference model trained on so many tokens.

    A token of its training costs as much as one of plain's; scoring and the arm's own training stay
    as they are. costs: rows of `costs.csv`. NaN if the arm has no reference model, or if nothing
    was counted.
    """
    row, plain = (first_row(costs, arm=name) for name in (arm, "plain"))
    if row is None or plain is None or not row["reference_tokens"] > 0:
        return float("nan")
    a_token = plain["flops"] / plain["trained_tokens"]
    saved = (row["reference_tokens"] - reference_tokens) * a_token
    return float((row["flops"] - saved) / plain["flops"])
