"""The same runs made twice: how much another processor, or other rounding, moves a difference.

Models trained from one seed on two processors are two models: sums are rounded in another order,
and training turns that into other weights. An interval over seeds and questions omits what the
base and the reference models, which seeds share, add to it. So a profile, or some of its arms,
is run again where matrices are multiplied differently, and every difference is compared with the
earlier one.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pydantic import ValidationError

from mucpt_utils.analysis.frames import frame_of
from mucpt_utils.analysis.pooling import compared
from mucpt_utils.config.settings import Profile

NAMES = ("name", "purpose", "arms")  # settings that do not change what a run of an arm gives
KEYS = ["arm", "compared_to", "stratum", "metric"]


def is_repeat(first: Mapping, second: Mapping) -> bool:
    """Whether two profiles train the same runs. first, second: the content of each `run.json`.

    A setting that an older record lacks has its present default: a new
    setting's default is what was done before.
    """
    ours, theirs = (
        {key: value for key, value in complete(run.get("settings", {})).items() if key not in NAMES}
        for run in (first, second)
    )
    return bool(ours) and ours == theirs


def complete(settings: Mapping) -> Mapping:
    """Settings of a record, completed by the defaults of later ones.

    Unchanged if the present code no longer knows one of them.
    """
    try:
        return Profile.model_validate(settings).model_dump(mode="json")
    except ValidationError:
        return settings


def made_twice(records: Mapping[str, Mapping]) -> dict[str, str]:
    """The profiles that repeat the runs of an earlier one, each with that profile.

    records: the content of each profile's `run.json` by its name, in order.
    """
    firsts: dict[str, Mapping] = {}
    repeats = {}
    for name, record in records.items():
        before = next((other for other in firsts if is_repeat(firsts[other], record)), None)
        if before is None:
            firsts[name] = record
        else:
            repeats[name] = before
    return repeats


def repeated(once: pd.DataFrame, again: pd.DataFrame, names: tuple[str, str]) -> pd.DataFrame:
    """Rows of `repeats.csv`: each difference between arms that both have, in both profiles.

    Both are judged among the shared arms, so that p-values are corrected alike.

    once, again: final items. names: of the two profiles.
    """
    arms = set(once["arm"]) & set(again["arm"])
    first, second = (
        compared({name: items[items["arm"].isin(arms)]})[[*KEYS, "difference", "verdict", "n"]]
        for name, items in zip(names, (once, again), strict=True)
    )
    both = first.merge(second, on=KEYS, suffixes=("", "_again"), validate="one_to_one")
    both["moved"] = both["difference_again"] - both["difference"]
    return frame_of(both.assign(profile=names[0], again=names[1]).to_dict("records"), "repeats")


def movement(table: pd.DataFrame) -> pd.DataFrame:
    """How far differences to plain moved, in each measure, and how often the verdict is the same.

    table: rows of `repeats.csv`. Columns: metric, comparisons, typical (root of the mean square, in
    the metric's unit), largest, reach (1.96 times the typical one: 19 of 20 are within it if
    normal around 0), same_verdict.
    """
    rows = []
    for metric, group in table[table["compared_to"] == "plain"].groupby("metric", sort=False):
        moved = group["moved"].abs()
        typical = float(np.sqrt((moved**2).mean()))
        rows.append(
            {
                "metric": metric,
                "comparisons": len(group),
                "typical": typical,
                "largest": float(moved.max()),
                "reach": 1.96 * typical,
                "same_verdict": int((group["verdict"] == group["verdict_again"]).sum()),
            }
        )
    return pd.DataFrame(rows)
