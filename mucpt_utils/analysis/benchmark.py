"""What the models answered: by category and stratum, side by side, and to a new question.

Everything here reads finished runs. A "final" answer is one at the last point of a run's curve.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from mucpt_utils.analysis import tables
from mucpt_utils.analysis.tables import Run
from mucpt_utils.io import read_jsonl
from mucpt_utils.musicsimpleqa.grading import CORRECT, INCORRECT, NOT_ATTEMPTED, grade
from mucpt_utils.scoring import models
from mucpt_utils.study import evaluation
from mucpt_utils.study.study import Study

SETS = ("questions", "general")
MARKS = {CORRECT: "✓", INCORRECT: "✗", NOT_ATTEMPTED: "–"}
MEASURED = ("accuracy", "attempted", "log_likelihood")


def rows(table: pd.DataFrame, **wanted) -> pd.DataFrame:
    """Rows of a tidy table with these values, rounded for reading.

    wanted: column=value, whose column is then left out, or column=[values].
    """
    for column, value in wanted.items():
        several = isinstance(value, list)
        table = table[table[column].isin(value if several else [value])]
        table = table if several else table.drop(columns=column)
    return table.reset_index(drop=True).round(3)


def wide(table: pd.DataFrame, columns: str) -> pd.DataFrame:
    """Means as text with their intervals: an arm a row, a value of `columns` (a stratum) a column.

    table: one row for each of the two, with mean, ci_low and ci_high.
    """
    text = [
        f"{row.mean:.2f} ({row.ci_low:.2f} to {row.ci_high:.2f})"
        for row in table[["mean", "ci_low", "ci_high"]].itertuples(index=False)
    ]
    cells = table.assign(text=text).pivot(index="arm", columns=columns, values="text")
    order = (list(dict.fromkeys(table[column])) for column in ("arm", columns))
    return cells.loc[*order].rename_axis(index=None, columns=None)


def graded(cases: Sequence[Mapping]) -> pd.DataFrame:
    """answer, response, grade and reason of each case: a question with a `response`."""
    given = [{**case, **grade(case, case["response"])._asdict()} for case in cases]
    return pd.DataFrame(given)[["answer_type", "answer", "response", "grade", "reason"]]


def asked(study: Study) -> pd.DataFrame:
    """The questions of a study and of its general twin, one a row; `set` tells them apart."""
    rows = [
        {"set": name, **question}
        for name in SETS
        for question in read_jsonl(study.world().path(f"{name}.jsonl"))
    ]
    return pd.DataFrame(rows).rename(columns={"id": "question_id"})


def final_answers(runs: Sequence[Run], questions: pd.DataFrame) -> pd.DataFrame:
    """One row an arm, seed and question: the answer, its measures, the question's fields.

    questions: as `asked` gives them. accuracy and attempted are 0 or 1; log_likelihood is that of
    the key, in nats a token.
    """
    rows = [
        {"arm": run.arm, "seed": run.seed, **answer}
        for run in runs
        for answer in _last(run.answers)
    ]
    answers = pd.DataFrame(rows).assign(
        accuracy=lambda frame: (frame["grade"] == CORRECT).astype(float),
        attempted=lambda frame: (frame["grade"] != NOT_ATTEMPTED).astype(float),
    )
    fields = questions.drop(columns="stratum")
    return answers.drop(columns="subject").merge(
        fields, on=["set", "question_id"], how="left", validate="many_to_one"
    )


def _last(answers: Sequence[Mapping]) -> list[Mapping]:
    end = max(row["tokens"] for row in answers)
    return [row for row in answers if row["tokens"] == end]


def by_category(answers: pd.DataFrame) -> pd.DataFrame:
    """Each arm's measures by category of question, with 95 % intervals; `n` questions in each."""
    return _by(answers[answers["set"] == "questions"], "category")


def by_stratum(answers: pd.DataFrame) -> pd.DataFrame:
    """The same over all music questions, by popularity stratum, and for the general twin."""
    music = answers[answers["set"] == "questions"]
    general = answers[answers["set"] == "general"]
    parts = [music.assign(stratum="all"), music, general.assign(stratum="general")]
    return _by(pd.concat(parts), "stratum")


def _by(answers: pd.DataFrame, group: str) -> pd.DataFrame:
    """arm, group, metric, mean, ci_low, ci_high, seeds, n: rows in the order of arms and groups."""
    keys = ["arm", "seed", "question_id", "subject", group]
    long = answers.melt(keys, MEASURED, "metric", "value").rename(columns={group: "stratum"})
    sizes = answers.groupby(group)["question_id"].nunique().rename("n")
    found = tables.estimates(long, ["arm"]).rename(columns={"stratum": group})
    return found.merge(sizes, left_on=group, right_index=True)[
        ["arm", group, "metric", "mean", "ci_low", "ci_high", "seeds", "n"]
    ].reset_index(drop=True)


def side_by_side(answers: pd.DataFrame, seed: int, count: int = 6) -> pd.DataFrame:
    """Some questions with their key and every arm's final answer, each with the grade's mark.

    The first question about each of `count` subjects, in the benchmark's order.
    """
    chosen = answers[(answers["seed"] == seed) & (answers["set"] == "questions")]
    first = chosen.drop_duplicates("subject")["question_id"].head(count)
    chosen = chosen[chosen["question_id"].isin(first)]
    shown = chosen.assign(said=chosen["grade"].map(MARKS) + " " + chosen["response"])
    keys, arms = ["question", "answer"], list(dict.fromkeys(shown["arm"]))
    wide = shown.pivot(index=keys, columns="arm", values="said")
    places = pd.MultiIndex.from_frame(shown[keys].drop_duplicates())
    return wide.loc[places, arms].rename_axis(columns=None).reset_index()


def ask_arms(study: Study, seed: int, question: Mapping) -> pd.DataFrame:
    """One question put to every arm's trained model: arm, response, grade, log_likelihood.

    question: `question`, `answer`, `answer_type` and, where there are any, `aliases`.
    """
    whole = {"id": "own", "subject": "own", "stratum": "own", "aliases": [], **question}
    tokenizer, rows = study.load_tokenizer(), []
    for arm in study.profile.arms:
        model = models.load(study.run(arm, seed).path("model"))
        answer = evaluation.ask(model, tokenizer, [whole], study.profile.evaluation.new_tokens)[0]
        rows.append({"arm": arm, **answer})
    return pd.DataFrame(rows)[["arm", "response", "grade", "log_likelihood"]]
