"""Who gains and who loses: an arm minus plain, subject by subject."""

from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import stdtrit

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import PAPER_ARM
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.report.figures.conclusions import (
    COVERED,
    UNCOVERED,
    capital,
    short_title,
)
from mucpt_utils.report.figures.curves import SHORT_METRICS, needs
from mucpt_utils.report.figures.panels import (
    better_to,
    interval,
    key,
    label_rows,
    legend_below,
    panel_grid,
)
from mucpt_utils.report.figures.style import (
    KIND_STYLES,
    STRATUM_TITLES,
    ArmStyle,
    Drawn,
    NothingToDraw,
    styled,
)

MOST_SUBJECTS = 24  # that are drawn: those at both ends
ANY_KIND = ArmStyle("#444444", "s", "-")  # if the table does not say what is covered


@styled
def effect_by_subject(answers: pd.DataFrame) -> Drawn:
    """The paper's arm (else the first method) minus plain for each subject asked about.

    answers: rows of `answers.csv`; by log-likelihood if the table has it, else by accuracy.
    Subjects are sorted by the difference; if there are many, those at both ends are drawn. Raises
    NothingToDraw if the arm or plain was not asked.
    """
    items = item_values(needs(answers, "answers"))
    arm = arm_to_show(items)
    table = by_subject(items, arm)
    frame = both_ends(table, MOST_SUBJECTS)
    size = (6.6, 1.9 + 0.23 * len(frame))
    fig, grid = panel_grid(who_gains(table, arm), 1, 1, size)
    axes = grid[0][0]
    _rows(axes, frame)
    metric = str(frame["metric"].iloc[0])
    axes.set_xlabel(better_to(f"{short_title(arm)} minus plain,\n{SHORT_METRICS[metric]}"))
    kinds = [kind for kind in (COVERED, UNCOVERED) if kind in set(frame["stratum"])]
    if kinds:
        keys = [(KIND_STYLES[kind], kind == COVERED, STRATUM_TITLES[kind]) for kind in kinds]
        legend_below(fig, [key(s.marker, full, label, s.colour) for s, full, label in keys])
    return fig, frame


def item_values(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per music question and run: arm, seed, subject, stratum, metric, value."""
    rows = answers[answers["question_id"].str.startswith("q:m:")]
    rows = rows if len(rows) else answers
    run = rows["run"].str.extract(r"^(?P<arm>[^/]+)/seed(?P<seed>\d+)$")
    by_nats = "log_likelihood" in rows and rows["log_likelihood"].notna().any()
    value = rows["log_likelihood"] if by_nats else (rows["grade"] == "correct").astype(float)
    strata = {"yes": COVERED, "no": UNCOVERED}
    covered = rows["covered"].map(strata) if "covered" in rows else None
    frame = pd.DataFrame(
        {
            "arm": run["arm"],
            "seed": run["seed"],
            "question_id": rows["question_id"],
            "subject": rows["question_id"].str.rpartition(":")[2],
            "stratum": "all" if covered is None else covered.fillna("all"),
            "metric": "log_likelihood" if by_nats else "accuracy",
            "value": value.astype(float),
        }
    )
    return frame.dropna(subset=["arm", "value"])  # runs along an axis are not main runs


def arm_to_show(items: pd.DataFrame) -> str:
    """The paper's arm if it was asked, else the first method. Raises NothingToDraw."""
    arms = list(dict.fromkeys(items["arm"]))
    methods = [arm for arm in arms if verdicts.role(arm) == "method"]
    if "plain" not in arms or not methods:
        raise NothingToDraw("no method beside plain among the answers")
    return PAPER_ARM if PAPER_ARM in methods else methods[0]


def by_subject(items: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Differences to plain by subject and stratum, paired by seed and question, largest first.

    Columns: subject, stratum, metric, arm, difference, ci_low, ci_high, n (pairs). Intervals are
    Student's t over the pairs.
    """
    keys = ["seed", "question_id", "subject", "stratum", "metric"]
    ours, plain = (items[items["arm"] == name].set_index(keys)["value"] for name in (arm, "plain"))
    pairs = (ours - plain).dropna().rename("difference").reset_index()
    grouped = pairs.groupby(["subject", "stratum", "metric"], sort=False)["difference"]
    frame = grouped.agg(difference="mean", spread="std", n="size").reset_index()
    factor = stdtrit(np.maximum(frame["n"] - 1, 1), 0.975) / np.sqrt(frame["n"])
    half = (factor * frame["spread"]).where(frame["n"] > 1)
    frame = frame.assign(ci_low=frame["difference"] - half, ci_high=frame["difference"] + half)
    columns = ["arm", "subject", "stratum", "metric", "difference", "ci_low", "ci_high", "n"]
    frame = frame.assign(arm=arm)[columns]
    return frame.sort_values(["difference", "subject"], ascending=[False, True], ignore_index=True)


@cache
def subject_names() -> dict[str, str]:
    """The benchmark's subjects, by the last part of their questions' ids."""
    return {q["id"].rpartition(":")[2]: q["subject"] for q in load_questions("test")}


def subject_name(slug: str) -> str:
    """A subject's name for readers, from the last part of a question's id."""
    return subject_names().get(slug, slug.replace("-", " "))


def both_ends(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """The rows at the beginning and at the end, at most `most` in all."""
    if len(table) <= most:
        return table
    return pd.concat([table.head(most // 2), table.tail(most - most // 2)], ignore_index=True)


def who_gains(table: pd.DataFrame, arm: str) -> str:
    """How many subjects gain, by what the reference model knows."""
    told = []
    words = {COVERED: " that the reference model knows", UNCOVERED: " that it does not know"}
    for kind in (COVERED, UNCOVERED, "all"):
        rows = table[table["stratum"] == kind]
        if len(rows):
            gain = int((rows["difference"] > 0).sum())
            told.append(f"{gain} of {len(rows)} subjects{words.get(kind, '')}")
    return f"{capital(short_title(arm))} gains on {' and '.join(told)}"


def _rows(axes: Axes, frame: pd.DataFrame) -> None:
    """One row per subject, with its number of pairs in brackets."""
    names = map(subject_name, frame["subject"])
    labels = [f"{name} (n = {count})" for name, count in zip(names, frame["n"], strict=True)]
    axes.axvline(0, color="#1a1a1a", lw=1.2)
    for height, row in zip(label_rows(axes, labels), frame.to_dict("records"), strict=True):
        style = KIND_STYLES.get(row["stratum"], ANY_KIND)
        interval(axes, row, "difference", height, style, row["stratum"] != UNCOVERED)
