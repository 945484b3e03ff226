"""Items: one row a question (or held-out text), stratum and metric. All comparisons rest on these.

runs -> items -> estimates and paired differences -> tables
"""

from collections.abc import Iterable

import pandas as pd

from mucpt_utils.analysis.frames import TableError
from mucpt_utils.analysis.runs import Run
from mucpt_utils.config.axes import MAIN

QUESTION_STRATA = ("all", "covered", "uncovered", "popular", "less_popular")
KEYS = ["axis", "level", "arm", "seed", "tokens", "stratum", "metric"]


def items(runs: Iterable[Run]) -> pd.DataFrame:
    """What was measured, one row an item: `KEYS`, `item` (question id or text), its subject and
    `value`.

    A question stands in several strata (all; covered or not; popular or not). Learning curves are
    kept for the main comparison only. Raises TableError for a run without any measurement.
    """
    frames = [frame for run in runs for frame in (question_items(run), text_items(run))]
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        raise TableError("items: no run has any answer or text measured")
    return pd.concat(frames, ignore_index=True)


def question_items(run: Run) -> pd.DataFrame:
    """Accuracy (0 or 1) and log-likelihood of a run's answers, in every stratum of the question."""
    rows = run.answers if run.axis == MAIN else run.final_answers
    if not rows:
        return pd.DataFrame()
    answers = pd.DataFrame(
        {
            "tokens": [row["tokens"] for row in rows],
            "item": [row["question_id"] for row in rows],
            "subject": [row["subject"] for row in rows],
            "accuracy": [float(row["grade"] == "correct") for row in rows],
            "log_likelihood": [float(row["log_likelihood"]) for row in rows],
        }
    )
    # which rows belong to which stratum
    music = pd.Series([row["set"] == "questions" for row in rows])
    covered = answers["item"].isin(run.covered)
    popularity = pd.Series([row["stratum"] for row in rows])
    members = {
        "all": music,
        "covered": music & covered,
        "uncovered": music & ~covered,
        "popular": music & (popularity == "popular"),
        "less_popular": music & (popularity == "less_popular"),
        "general": ~music,
    }
    parts = [answers[mask].assign(stratum=name) for name, mask in members.items() if mask.any()]
    # one row a metric
    long = pd.concat(parts).melt(
        ["tokens", "item", "subject", "stratum"], ["accuracy", "log_likelihood"], "metric", "value"
    )
    return with_run(long, run)


def text_items(run: Run) -> pd.DataFrame:
    """Bits per byte of a run's model on each held-out text; the text is item and subject."""
    rows = [
        {"stratum": text, "metric": "bits_per_byte", "item": text, "subject": text, "value": bits}
        for text, bits in run.bits_per_byte.items()
    ]
    if not rows:
        return pd.DataFrame()
    return with_run(pd.DataFrame(rows).assign(tokens=run.last_tokens), run)


def with_run(measured: pd.DataFrame, run: Run) -> pd.DataFrame:
    """Measurements with their run's axis, level, arm and seed before them."""
    run_keys = {"axis": run.axis, "level": run.level, "arm": run.arm, "seed": run.seed}
    return measured.assign(**run_keys)[[*KEYS, "item", "subject", "value"]]


def final_items(measured: pd.DataFrame) -> pd.DataFrame:
    """The items at the end of each run."""
    last = measured.groupby(["axis", "level", "arm", "seed"])["tokens"].transform("max")
    return measured[measured["tokens"] == last]
