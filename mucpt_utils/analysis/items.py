"""Items: one row per question or held-out text, stratum and metric; the basis of comparisons.

runs -> items -> estimates and paired differences -> tables
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from mucpt_utils.analysis.frames import TableError
from mucpt_utils.analysis.runs import Run
from mucpt_utils.config.axes import DEFAULT, MAIN
from mucpt_utils.knowledge.invented import INVENTED
from mucpt_utils.musicsimpleqa.grading import CORRECT, grade

QUESTION_STRATA = ("all", "covered", "uncovered", "popular", "less_popular")
KEYS = ["axis", "level", "arm", "seed", "tokens", "stratum", "metric"]


def items(runs: Iterable[Run]) -> pd.DataFrame:
    """What was measured, one row per item: `KEYS`, `item` (question id or text), its subject and
    `value`.

    A question belongs to several strata (all; covered or not; popular or not). Learning curves are
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
            "accuracy": [row.get("share", float(row["grade"] == CORRECT)) for row in rows],
            "log_likelihood": [float(row["log_likelihood"]) for row in rows],
        }
    )
    # which rows belong to which stratum
    music = pd.Series([row["set"] == "questions" for row in rows])
    covered = answers["item"].isin(run.covered)
    known_before = answers["item"].isin(run.known_before)
    popularity = pd.Series([row["stratum"] for row in rows])
    invented = popularity == INVENTED
    members = {
        "all": music,
        # what the base knew before is a separate stratum
        "covered": music & covered & ~known_before,
        "uncovered": music & ~covered & ~known_before,
        "popular": music & (popularity == "popular"),
        "less_popular": music & (popularity == "less_popular"),
        "general": ~music,
        "invented": invented,
        "known_before": known_before,
    }
    if run.known_before:
        members["new"] = music & ~known_before & ~invented
    parts = [answers[mask].assign(stratum=name) for name, mask in members.items() if mask.any()]
    # one row per metric
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


# --- from a committed table -----------------------------------------------------------------------


def items_of_answers(answers: pd.DataFrame) -> pd.DataFrame:
    """The final items of the main runs, from `answers.csv`, as a reader can recompute them.

    Strata are all, covered, uncovered and general; `tokens` is 0, since the table has none. What a
    loaded base knew before is not told apart: with `evaluation.known_above` a run leaves it out of
    covered and uncovered, here it stays in. Raises TableError if there are no log-likelihoods.
    """
    if not {"log_likelihood", "covered"} <= set(answers):
        raise TableError("answers: no log-likelihoods: written by code that did not keep them")
    main = answers[~answers["run"].str.contains("=")]
    names = main["run"].str.extract(r"^(?P<arm>.+)/seed(?P<seed>\d+)$")
    rows = names.assign(
        seed=names["seed"].astype(int),
        item=main["question_id"],
        subject=main["question_id"].str.rsplit(":", n=1).str[-1],
        accuracy=(main["grade"] == CORRECT).astype(float),
        log_likelihood=main["log_likelihood"],
    )
    members = {
        "all": main["covered"] != "",
        "covered": main["covered"] == "yes",
        "uncovered": main["covered"] == "no",
        "general": main["covered"] == "",
    }
    parts = [rows[mask].assign(stratum=name) for name, mask in members.items()]
    keys = ["arm", "seed", "stratum", "item", "subject"]
    long = pd.concat(parts).melt(keys, ["log_likelihood", "accuracy"], "metric", "value")
    return long.assign(axis=MAIN, level=DEFAULT, tokens=0)[[*KEYS, "item", "subject", "value"]]


# --- what accuracy would be without binding -------------------------------------------------------


def unbound_items(runs: Iterable[Run], questions: Iterable[Mapping]) -> pd.DataFrame:
    """Final items whose value is the probability of a right answer if answers were permuted.

    For each question, the share of the *other* questions of its relation whose answer, as the run
    gave it, would be right here too: what a model reaches that knows which answers there are, but
    not whose. questions: of the world, with `id` and what the grader needs. Questions
    alone in their relation are left out.
    """
    by_id = {question["id"]: question for question in questions}
    rights: dict[tuple[str, str], float] = {}  # many runs say the same
    return pd.concat(
        [question_items(unbound(run, by_id, rights)) for run in runs], ignore_index=True
    ).query("metric == 'accuracy'")


def unbound(run: Run, by_id: Mapping[str, Mapping], rights: dict[tuple[str, str], float]) -> Run:
    """The run at its end with shares in place of grades. rights: a cache of what was graded."""
    answers = [row for row in run.final_answers if row["question_id"] in by_id]
    relations: dict[str, list[Mapping]] = {}
    for row in answers:
        relations.setdefault(row["question_id"].rsplit(":", 1)[0], []).append(row)
    rows = []
    for group in relations.values():
        for row, other in itertools.permutations(group, 2):
            key = (row["question_id"], other["response"])
            if key not in rights:
                right = grade(by_id[row["question_id"]], other["response"]).grade == CORRECT
                rights[key] = float(right)
        for row in group if len(group) > 1 else ():
            shares = [rights[row["question_id"], o["response"]] for o in group if o is not row]
            rows.append({**row, "share": float(np.mean(shares))})
    return replace(run, answers=rows, bits_per_byte={})
