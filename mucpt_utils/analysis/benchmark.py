"""What the models answered: by category and stratum, side by side, and to a new question.

Everything here is computed from finished runs. A "final" answer is one at the last point of a run's
curve.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis.comparisons import estimates
from mucpt_utils.analysis.runs import Run
from mucpt_utils.musicsimpleqa.agreement import agreement, load_cases
from mucpt_utils.musicsimpleqa.grading import CORRECT, INCORRECT, NOT_ATTEMPTED, grade
from mucpt_utils.scoring import models
from mucpt_utils.study import evaluation

MARKS = {CORRECT: "✓", INCORRECT: "✗", NOT_ATTEMPTED: "–"}
# labelled by readers who did not see the grader's verdict
REAL_REPLIES = paths.ROOT / "data_cards/musicsimpleqa/labelled/real_replies.jsonl"
HARD_CASES = paths.ROOT / "data_cards/musicsimpleqa/labelled/hard_cases.jsonl"
MEASURED = ("accuracy", "attempted", "log_likelihood")


def graded(cases: Sequence[Mapping]) -> pd.DataFrame:
    """Columns answer, response, grade, reason; one row per case: a question with a `response`."""
    given = [{**case, **grade(case, case["response"])._asdict()} for case in cases]
    return pd.DataFrame(given)[["answer_type", "answer", "response", "grade", "reason"]]


def asked(questions: Sequence[Mapping], general: Sequence[Mapping]) -> pd.DataFrame:
    """The questions of a study and of its general twin, one per row; `set` tells them apart.

    questions, general: rows of the world's `questions.jsonl` and `general.jsonl`.
    """
    sets = {"questions": questions, "general": general}
    rows = [{"set": name, **question} for name, given in sets.items() for question in given]
    return pd.DataFrame(rows).rename(columns={"id": "question_id"})


def final_answers(runs: Sequence[Run], questions: pd.DataFrame) -> pd.DataFrame:
    """One row per arm, seed and question: the answer, its measures, the question's fields.

    questions: as `asked` gives them. accuracy and attempted are 0 or 1; log_likelihood is that of
    the key, in nats per token.
    """
    rows = [
        {"arm": run.arm, "seed": run.seed, **answer} for run in runs for answer in run.final_answers
    ]
    answers = pd.DataFrame(rows).assign(
        accuracy=lambda frame: (frame["grade"] == CORRECT).astype(float),
        attempted=lambda frame: (frame["grade"] != NOT_ATTEMPTED).astype(float),
    )
    fields = questions.drop(columns="stratum")
    return answers.drop(columns="subject").merge(
        fields, on=["set", "question_id"], how="left", validate="many_to_one"
    )


def by_category(answers: pd.DataFrame) -> pd.DataFrame:
    """Each arm's measures by category of question, with 95 % intervals; `n` questions in each."""
    return grouped_means(answers[answers["set"] == "questions"], "category")


def labelled_cases() -> list[dict]:
    """Replies that readers labelled without seeing the grader's verdict, with the set of each.

    Dicts with the fields of a question, `response`, `grade` (the readers'), `set` and `held_out`:
    whether the case was kept unseen until the grader was done.
    """
    sets = {"real replies": REAL_REPLIES, "hard cases": HARD_CASES}
    return [{**case, "set": name} for name, path in sets.items() for case in load_cases(path)]


def agreement_by_set(cases: Sequence[Mapping]) -> pd.DataFrame:
    """Agreement of the grader with the readers, by set, with held-out cases separately."""
    rows = []
    for case in cases:
        group = f"{case['set']}, {'held out' if case['held_out'] else 'mended against'}"
        rows.append((group, case["grade"], grade(case, case["response"]).grade))
    return pd.DataFrame(agreement(rows))


def committed_answers(cases: Sequence[Mapping]) -> pd.DataFrame:
    """What each reply commits to, its grade and the reason; and the readers' grade if known."""
    rows = []
    for case in cases:
        given = grade(case, case["response"])
        row = {"question": case["question"], "key": case["answer"], "reply": case["response"]}
        row |= {"commits to": given.committed, "grade": given.grade, "reason": given.reason}
        if "grade" in case:
            row["readers"] = case["grade"]
        rows.append(row)
    return pd.DataFrame(rows)


def by_stratum(answers: pd.DataFrame) -> pd.DataFrame:
    """The same over all music questions, by popularity stratum, and for the general twin."""
    music = answers[answers["set"] == "questions"]
    general = answers[answers["set"] == "general"]
    parts = [music.assign(stratum="all"), music, general.assign(stratum="general")]
    return grouped_means(pd.concat(parts), "stratum")


def by_knowledge(answers: pd.DataFrame, covered: Mapping[int, set[str]]) -> pd.DataFrame:
    """The same over music questions, by whether the seed's reference model knows the subject.

    covered: the subjects that the reference model of each seed knows.
    """
    music = answers[answers["set"] == "questions"]
    asked = zip(music["subject"], music["seed"], strict=True)
    known = ["covered" if subject in covered[seed] else "uncovered" for subject, seed in asked]
    return grouped_means(music.assign(stratum=known), "stratum")


def grouped_means(answers: pd.DataFrame, group: str) -> pd.DataFrame:
    """Columns arm, group, metric, mean, ci_low, ci_high, seeds, n; rows by arm and group."""
    keys = ["arm", "seed", "question_id", "subject", group]
    long = answers.melt(keys, MEASURED, "metric", "value").rename(columns={group: "stratum"})
    sizes = answers.groupby(group)["question_id"].nunique().rename("n")
    means = estimates(long, ["arm"]).rename(columns={"stratum": group})
    columns = ["arm", group, "metric", "mean", "ci_low", "ci_high", "seeds", "n"]
    return means.merge(sizes, left_on=group, right_index=True)[columns].reset_index(drop=True)


def side_by_side(answers: pd.DataFrame, seed: int, count: int = 6) -> pd.DataFrame:
    """Some questions with their key and every arm's final answer, each marked with its grade.

    The first question about each of `count` subjects, in the benchmark's order.
    """
    music = answers[(answers["seed"] == seed) & (answers["set"] == "questions")]
    first = music.drop_duplicates("subject")["question_id"].head(count)
    chosen = music[music["question_id"].isin(first)]
    marked = chosen.assign(said=chosen["grade"].map(MARKS) + " " + chosen["response"])
    keys, arms = ["question", "answer"], list(dict.fromkeys(marked["arm"]))
    table = marked.pivot(index=keys, columns="arm", values="said")
    order = pd.MultiIndex.from_frame(marked[keys].drop_duplicates())
    return table.loc[order, arms].rename_axis(columns=None).reset_index()


def ask_models(
    folders: Mapping[str, Path], tokenizer: Path, question: Mapping, new_tokens: int
) -> pd.DataFrame:
    """One question put to trained models: arm, response, grade, log_likelihood.

    folders: of the models, by arm; tokenizer: its folder; question: `question`, `answer`,
    `answer_type` and, if there are any, `aliases`; new_tokens: longest answer.
    """
    whole = {"id": "own", "subject": "own", "stratum": "own", "aliases": [], **question}
    rows, loaded = [], models.load_tokenizer(tokenizer)
    for arm, folder in folders.items():
        (said,) = evaluation.respond(models.load(folder), loaded, [whole], new_tokens)
        rows.append({"arm": arm, **said, "grade": grade(whole, said["response"]).grade})
    return pd.DataFrame(rows)[["arm", "response", "grade", "log_likelihood"]]
