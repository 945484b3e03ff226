"""Tables and figure of the prose lane: bits per byte on held-out text, arm by arm."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mucpt_utils.analysis import tables
from mucpt_utils.report import figures

METRIC = "bits_per_byte"
COLUMNS = (
    *("arm", "stratum", "mean", "ci_low", "ci_high", "seeds"),
    *("difference_to_plain", "p_value"),
)


def bits_per_byte_table(rows: Sequence[Mapping]) -> pd.DataFrame:
    """`bits_per_byte.csv`: each arm and held-out text over seeds, and the difference to plain.

    rows: arm, seed, stratum (the held-out text) and value, as `prose.bits_per_byte_rows` gives
    them. Intervals resample seeds; differences are paired by seed, with the exact sign-flip test
    for p. Without plain among the arms there is no difference. Raises TableError for no rows.
    """
    if not rows:
        raise tables.TableError("bits_per_byte: no arm was measured")
    text = {"item": lambda frame: frame["stratum"], "subject": lambda frame: frame["stratum"]}
    measured = pd.DataFrame(rows).assign(metric=METRIC, **text)
    means = tables.estimates(measured, ["arm"])
    joined = means.merge(_to_plain(measured), on=["arm", "stratum"], how="left")
    return joined[list(COLUMNS)]


def _to_plain(measured: pd.DataFrame) -> pd.DataFrame:
    """arm, stratum, difference_to_plain and p_value of every arm but plain."""
    plain = measured[measured["arm"] == "plain"].drop(columns="arm")
    others = measured[measured["arm"] != "plain"].groupby("arm", sort=False)
    parts = [tables.paired(part, plain).assign(arm=arm) for arm, part in others]
    parts = [part for part in parts if len(part)]
    wanted = ["arm", "stratum", "difference_to_plain", "p_value"]
    if not parts:
        return pd.DataFrame(columns=wanted)
    return pd.concat(parts).rename(columns={"difference": "difference_to_plain"})[wanted]


def bits_per_byte_figure(table: pd.DataFrame) -> figures.Drawn:
    """Bits per byte by arm on general and on music text; the dotted line is the base.

    table: rows of `bits_per_byte.csv`. Raises NothingToDraw where neither text was measured.
    """
    fig, frame = figures.forgetting(table.assign(metric=METRIC))
    title = "Real prose: bits per byte on files never trained on, by arm, 95 % intervals"
    fig.suptitle(title, x=0.012, ha="left", fontsize=12, fontweight="bold")
    return fig, frame.drop(columns="metric")
