"""The table of the prose lane: bits per byte on held-out text, arm by arm."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mucpt_utils.analysis.comparisons import estimates, paired
from mucpt_utils.analysis.frames import TableError
from mucpt_utils.analysis.schema import COLUMNS

NAME = METRIC = "bits_per_byte"


def bits_per_byte_table(rows: Sequence[Mapping]) -> pd.DataFrame:
    """`bits_per_byte.csv`: each arm and held-out text over seeds, and the difference to plain.

    rows: arm, seed, stratum (the held-out text) and value, as the study of prose gives them.
    Intervals resample seeds; differences are paired by seed, with the exact sign-flip test for p.
    Without plain among the arms there is no difference. Raises TableError for no rows.
    """
    if not rows:
        raise TableError(f"{NAME}: no arm was measured")
    measured = pd.DataFrame(rows).assign(metric=METRIC)
    # a text is measured as one item: what varies is the seed
    measured = measured.assign(item=measured["stratum"], subject=measured["stratum"])
    plain = measured[measured["arm"] == "plain"].drop(columns="arm")
    parts = [
        paired(part, plain).assign(arm=arm)
        for arm, part in measured[measured["arm"] != "plain"].groupby("arm", sort=False)
    ]
    columns = ["arm", "stratum", "difference", "p_value"]
    parts = [part[columns] for part in parts if len(part)] or [pd.DataFrame(columns=columns)]
    to_plain = pd.concat(parts).rename(columns={"difference": "difference_to_plain"})
    joined = estimates(measured, ["arm"]).merge(to_plain, on=["arm", "stratum"], how="left")
    return joined[list(COLUMNS[NAME])]
