"""Levels for comparison: chance without binding, and how much two runs of one arm differ.

Both are computed from items, as comparisons are.
"""

import itertools

import numpy as np
import pandas as pd

from mucpt_utils.analysis.comparisons import estimates
from mucpt_utils.analysis.frames import concat, frame_of, in_order
from mucpt_utils.analysis.items import final_items
from mucpt_utils.config.axes import MAIN
from mucpt_utils.stats import Z

MEASURED = ("log_likelihood", "accuracy", "bits_per_byte")


def chance(unbound: pd.DataFrame) -> pd.DataFrame:
    """`chance.csv`: accuracy with answers permuted within a relation, by arm and stratum.

    unbound: items, as `items.unbound_items` gives them. An item is the share of permutations that
    are right, so an interval is by Student's t, and ends where a share does.
    """
    found = estimates(unbound[unbound["axis"] == MAIN], ["arm"])
    found[["ci_low", "ci_high"]] = found[["ci_low", "ci_high"]].clip(0, 1)
    return in_order(found, "chance")


def repeatability(measured: pd.DataFrame) -> pd.DataFrame:
    """`repeatability.csv`: how much two runs of one arm differ that differ only in the seed.

    measured: `items`. For every pair of seeds, the questions count that both were asked in the
    stratum; the spread is pooled over arms and pairs. The base, which has one run, has no pair.
    """
    final = final_items(measured)
    final = final[(final["axis"] == MAIN) & (final["arm"] != "base")]
    final = final[final["metric"].isin(MEASURED)]
    parts = []
    for (stratum, metric), group in final.groupby(["stratum", "metric"], sort=False):
        apart = [
            difference
            for _, runs in group.groupby("arm", sort=False)
            for difference in pairs_of_seeds(runs)
        ]
        if apart:
            spread = float(np.sqrt(np.mean(np.square(apart))))
            names = {"stratum": stratum, "metric": metric}
            numbers = {"pairs": len(apart), "spread": spread, "must_differ_by": Z * spread}
            parts.append({**names, **numbers})
    return concat([frame_of(parts, "repeatability")] if parts else [], "repeatability")


def pairs_of_seeds(runs: pd.DataFrame) -> list[float]:
    """Difference of the means of every pair of seeds, over the items that both have."""
    table = runs.pivot(index="item", columns="seed", values="value")
    pairs = (
        (table[first] - table[second]).dropna()
        for first, second in itertools.combinations(table.columns, 2)
    )
    return [float(difference.mean()) for difference in pairs if len(difference)]
