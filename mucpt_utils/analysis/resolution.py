"""How narrow the intervals are, and what would narrow them: more runs, or more subjects.

The interval of a difference has a part that is due to runs, which more seeds average out, and one
that is due to the subjects asked about, which only more subjects average out.
"""

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from mucpt_utils import stats
from mucpt_utils.analysis.comparisons import side_by_side
from mucpt_utils.analysis.frames import frame_of
from mucpt_utils.analysis.verdicts import EQUAL_TOKENS, KINDS, role

# half-width aimed at, for either measure: nats per token, share of questions
AIM = 0.02


def resolution(profiles: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """`resolution.csv`: for every method minus plain, the interval and what would narrow it.

    profiles: final items by profile.
    """
    rows = [
        {"profile": name, **row} for name, items in profiles.items() for row in _of_methods(items)
    ]
    return frame_of(rows, "resolution")


def _of_methods(items: pd.DataFrame) -> Iterator[dict]:
    """One row per method, kind of facts and measure of one profile."""
    plain = items[items["arm"] == EQUAL_TOKENS]
    for arm, part in items[items["stratum"].isin(KINDS)].groupby("arm", sort=False):
        if role(str(arm)) != "method":
            continue
        both = side_by_side(part, plain)
        for (stratum, metric), group in both.groupby(["stratum", "metric"], sort=False):
            delta = (group["value"] - group["value_theirs"]).to_numpy()
            half, of_subjects = stats.half_widths(
                delta, list(group["seed"]), list(group["subject"])
            )
            subjects = group["subject"].nunique()
            yield {
                "arm": arm,
                "stratum": stratum,
                "metric": metric,
                "seeds": group["seed"].nunique(),
                "subjects": subjects,
                "half_width": half,
                "half_width_of_subjects": of_subjects,
                "subjects_needed": needed(subjects, of_subjects),
            }


def needed(subjects: int, half: float) -> float:
    """Subjects needed for a half-width of `AIM`, given that `subjects` give `half`; NaN for NaN."""
    return math.nan if math.isnan(half) else math.ceil(subjects * (half / AIM) ** 2)
