"""All committed profiles side by side: one table, and effects subject by subject."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from mucpt_utils.report.figures import subjects
from mucpt_utils.site import payload
from mucpt_utils.site.gathered import Finished

NAME = "all_profiles"
# tables whose rows are estimates, and the column that holds each estimate
CENTRES = {
    "main_comparison": "mean",
    "differences": "difference",
    "composition": "mean",
    "composition_differences": "difference",
    "reference_surface": "difference",
    "benchmark_by_category": "mean",
    "learning_curves": "value",
    "runs": "value",
    "bits_per_byte": "mean",
}
FIRST_COLUMNS = (
    *("profile", "commit", "table", "arm", "compared_to", "axis", "level", "coverage"),
    *("confidence", "category", "stratum", "metric", "seed", "tokens", "estimate"),
    *("ci_low", "ci_high", "p_value", "seeds", "n"),
)
FEWEST = 2  # pairs of question and seed from which the effect on a subject is shown


def all_profiles(everything: Mapping[str, Finished]) -> pd.DataFrame:
    """Every estimate of every profile, one per row; a column that a table lacks is empty.

    Columns `FIRST_COLUMNS`, then those that only some tables have.
    """
    parts = []
    for profile, finished in everything.items():
        for name, centre in CENTRES.items():
            table = finished.tables.get(name)
            if table is None or centre not in table:
                continue
            where = {"profile": profile, "commit": finished.commit, "table": name}
            parts.append(table.rename(columns={centre: "estimate"}).assign(**where))
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    first = [column for column in FIRST_COLUMNS if column in whole]
    return whole[[*first, *(column for column in whole if column not in first)]]


# --- by subject -----------------------------------------------------------------------------------


def effects_by_subject(finished: Finished) -> dict[str, Any]:
    """`metric` and `effects` (as columns): each arm minus plain, by subject and kind of facts.

    As in the report's figure (`figures.subjects`); those with fewer than `FEWEST` pairs are
    left out.
    """
    nothing: dict[str, Any] = {"metric": "", "effects": {}}
    table = finished.tables.get("answers")
    if table is None or table.empty:
        return nothing
    items = subjects.item_values(table)
    arms = [arm for arm in dict.fromkeys(items["arm"]) if arm not in ("plain", "base")]
    if "plain" not in set(items["arm"]) or not arms:
        return nothing
    rows = [row for arm in arms for row in subject_rows(subjects.by_subject(items, arm))]
    return {"metric": items["metric"].iloc[0], "effects": payload.coded_columns(pd.DataFrame(rows))}


def subject_rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The effect of one arm on each subject."""
    for row in table[table["n"] >= FEWEST].to_dict("records"):
        numbers = {"value": row["difference"], "low": row["ci_low"], "high": row["ci_high"]}
        yield {
            "arm": row["arm"],
            "subject": subjects.subject_name(str(row["subject"])),
            "stratum": row["stratum"],
            "n": int(row["n"]),
            **{name: round(float(number), 3) for name, number in numbers.items()},
        }
