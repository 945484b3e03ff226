"""Differences of arms over the runs of several profiles: one table over all fresh seeds.

The rule: profiles whose models are trained from scratch, on the questions of the test split, are
pooled by items. A seed of one profile is a different run from the same seed of another profile; a
subject is the same subject wherever it is asked about. Each pair of answers weighs the same, so a
profile counts by how much it asked, and intervals are clustered by run and by subject, as for
a single profile. Beside the pooled row of each comparison is that of each profile. Equal
compute refers to one and the same arm, the profiles' default: the plain training of a profile that
names another is left out.
"""

from collections.abc import Mapping

import pandas as pd

from mucpt_utils.analysis.comparisons import arm_pairs, judged_pairs
from mucpt_utils.analysis.frames import concat
from mucpt_utils.analysis.verdicts import KINDS
from mucpt_utils.config.settings import Profile

SEEDS_APART = 1_000_000  # between the numbers of two profiles' seeds


def poolable(run: Mapping) -> bool:
    """Whether a profile's runs are pooled. run: the content of its `run.json`."""
    settings = run.get("settings", {})
    split = settings.get("world", {}).get("split")
    scratch = not settings.get("pretrained") and not settings.get("text")
    return scratch and split == "test" and run["profile"] != "smoke"


def has_its_own_compute(run: Mapping) -> bool:
    """Whether a profile's equal compute refers to another arm than the default. run: its
    `run.json`."""
    usual = Profile.model_fields["compute_of"].default
    return run.get("settings", {}).get("compute_of", usual) != usual


def pooled(profiles: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """`pooled.csv`: differences of arms over the runs of all profiles, and of each alone.

    profiles: final items by profile. Two arms are compared if a profile has both.
    """
    parts = [compared({name: items}).assign(pooled="no") for name, items in profiles.items()]
    if len(profiles) > 1:
        parts.insert(0, compared(profiles).assign(pooled="yes"))
    return concat([part for part in parts if len(part)], "pooled")


def compared(profiles: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Differences of arms, judged, over the runs of these profiles together."""
    apart = [
        items.assign(seed=items["seed"] + place * SEEDS_APART, profile=name)
        for place, (name, items) in enumerate(profiles.items())
    ]
    together = pd.concat(apart, ignore_index=True)
    # over all facts, a result would depend on the coverage chosen
    together = together[together["stratum"].isin(KINDS)]
    table = judged_pairs(arm_pairs(together), "differences")
    by_arm = together.groupby("arm")["profile"].unique()
    both = [
        ", ".join(name for name in profiles if name in by_arm[arm] and name in by_arm[other])
        for arm, other in zip(table["arm"], table["compared_to"], strict=True)
    ]
    return table.assign(profiles=pd.Series(both, table.index, dtype=object))
