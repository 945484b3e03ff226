"""At which cost ways of training are compared: equal tokens or, where it was run, equal compute."""

from dataclasses import dataclass

import pandas as pd

from mucpt_utils.config.arms import ARMS

EQUAL_TOKENS, EQUAL_COMPUTE = "at equal tokens", "at equal compute"
PLAIN = "plain"


@dataclass(frozen=True)
class Compared:
    """Differences to plain at one cost: the cost in words, and rows with their place as index."""

    title: str
    rows: pd.DataFrame


def compared(differences: pd.DataFrame) -> list[Compared]:
    """The differences to plain of a table, by cost; none where it has none.

    Equal compute is where the arm subtracted is the plain training that also had the reference
    model's share, or where a column says so.
    """
    if differences.empty:
        return []
    others = [name for name in dict.fromkeys(differences["compared_to"]) if is_plain(name)]
    found = [Compared(cost_title(n), differences[differences["compared_to"] == n]) for n in others]
    return sorted(found, key=lambda one: one.title != EQUAL_TOKENS)


def is_plain(arm: str) -> bool:
    """Whether an arm is plain training, at whatever cost: nothing is chosen or weighed in it."""
    budget = getattr(ARMS.get(arm), "budget", "tokens")
    return arm == PLAIN or (budget == "compute" and ARMS[arm].role == "baseline")


def cost_title(other: str) -> str:
    """What is equal between an arm and the plain training that it is compared to."""
    return EQUAL_TOKENS if other == PLAIN else EQUAL_COMPUTE
