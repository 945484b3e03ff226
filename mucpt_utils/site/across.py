"""All committed profiles beside each other: one table, and effects subject by subject."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mucpt_utils import stats
from mucpt_utils.musicsimpleqa.grading import CORRECT
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.report import table_files
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
FEWEST = 2  # questions of a subject, all seeds together, from which its effect is shown


def all_profiles(everything: Mapping[str, Finished]) -> pd.DataFrame:
    """Every estimate of every profile, one a row; a column that a table lacks is empty.

    Columns `FIRST_COLUMNS`, and after them those that only some tables have.
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


def write_all_profiles(everything: Mapping[str, Finished], folder: Path) -> pd.DataFrame:
    """Write `all_profiles.parquet` and `.csv` into a folder; returns the table."""
    frame = all_profiles(everything)
    table_files.write_table(frame, folder, NAME)
    return frame


# --- by subject -----------------------------------------------------------------------------------


def effects_by_subject(finished: Finished) -> list[dict[str, Any]]:
    """Accuracy of each arm minus plain, subject by subject, with a 95 % interval over seeds.

    Paired by question and seed; subjects with fewer than `FEWEST` pairs are left out.
    """
    table = finished.tables.get("answers")
    if table is None or table.empty:
        return []
    subjects = {question["id"]: question["subject"] for question in load_questions("test")}
    graded = correct_answers(table[table["question_id"].isin(subjects)])
    if "plain" not in graded:
        return []
    graded = graded.assign(subject=graded.index.get_level_values("question_id").map(subjects))
    arms = [arm for arm in graded.columns if arm not in ("plain", "base", "subject")]
    return [row for arm in arms for row in subject_rows(graded, arm)]


def correct_answers(table: pd.DataFrame) -> pd.DataFrame:
    """1 where right and 0 where wrong: a row a question and seed, a column an arm."""
    runs = table["run"].str.extract(r"^(?P<arm>[^/=]+)/seed(?P<seed>\d+)$")
    main = table.assign(arm=runs["arm"], seed=runs["seed"]).dropna(subset="arm")
    main = main.assign(right=(main["grade"] == CORRECT).astype(float))
    return main.pivot_table(index=["question_id", "seed"], columns="arm", values="right")


def subject_rows(graded: pd.DataFrame, arm: str) -> Iterator[dict[str, Any]]:
    """The effect of one arm on each subject."""
    change = graded[[arm, "plain", "subject"]].dropna()
    for subject, group in change.groupby("subject"):
        if len(group) < FEWEST:
            continue
        seeds = list(group.index.get_level_values("seed"))
        effect = stats.paired_difference(group[arm], group["plain"], seeds)
        numbers = {"value": effect.difference, "low": effect.low, "high": effect.high}
        # a share cannot change by more than 1, however wide an interval over few seeds is
        shown = {name: round(min(1.0, max(-1.0, float(n))), 4) for name, n in numbers.items()}
        yield {"arm": arm, "subject": subject, "n": len(group), **shown}
