"""Samples to browse: tokens with their losses, dropped documents, questions with answers.

A profile keeps its own; one that kept none shows those of the profile that is committed whole, and
says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.io import read_json
from mucpt_utils.musicsimpleqa import scores
from mucpt_utils.musicsimpleqa.grading import grade
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.figures.conclusions import capital
from mucpt_utils.report.stage_words import REASONS, STAGES
from mucpt_utils.site import plain
from mucpt_utils.site.gathered import Finished, read_finished
from mucpt_utils.study.provenance import COMMITTED

CLASSROOM = "classroom"  # where a run leaves its samples
QUESTIONS, SEEDS = 60, 3  # at most, so that pages stay light
Sample = tuple[dict[str, Any], str]  # the data, and its origin in one line


def kept_sample(finished: Finished, name: str) -> Sample | None:
    """`classroom/<name>.json` of a run or else of the profile that is committed whole."""
    for folder in (finished.folder, paths.committed(COMMITTED)):
        path = folder / CLASSROOM / f"{name}.json"
        if path.is_file():
            run = read_finished(folder)
            lead = "" if folder == finished.folder else f"Profile {finished.name} kept none; from "
            return read_json(path), capital(f"{lead}{run.origin}.")
    return None


# --- token weights --------------------------------------------------------------------------------


def weights_data(finished: Finished) -> Sample | None:
    """Sentences with the losses of their tokens, from a table or from what a run kept."""
    table = finished.tables.get("token_losses")
    if table is not None and len(table):
        return with_settings(from_table(table)), capital(f"{finished.origin}.")
    kept = kept_sample(finished, "sentences")
    return None if kept is None else (with_settings(kept[0]), kept[1])


def with_settings(data: dict[str, Any]) -> dict[str, Any]:
    """The sentences, and the criterion's settings: the purpose and start of each."""
    fields = Criterion.model_fields
    settings = {
        name: {"about": field.description, "start": field.default} for name, field in fields.items()
    }
    return {**data, "criterion": settings}


def from_table(table: pd.DataFrame) -> dict[str, Any]:
    """`token_losses.csv` as the pages read it: each sentence with its tokens and losses.

    See `analysis.token_losses` for the columns.
    """
    table = table.assign(temperature=table["temperature"].map(lambda value: f"{value:g}"))
    seeds = sorted(int(seed) for seed in table["seed"].unique())
    temperatures = sorted(table["temperature"].unique(), key=float)
    rows = [
        sentence_row(group.sort_values("position"), seeds)
        for _, group in table.groupby("sentence", sort=False)
    ]
    calibrated = table[table["calibrated"] == "yes"].groupby("seed")["temperature"].first()
    return {
        "seeds": seeds,
        "temperatures": temperatures,
        "calibrated": {str(int(seed)): value for seed, value in calibrated.items()},
        "sentences": rows,
    }


def sentence_row(rows: pd.DataFrame, seeds: Sequence[int]) -> dict[str, Any]:
    """One sentence of the table: kind, subject, pieces, answer, what each RM knows, losses."""
    first = rows[(rows["seed"] == seeds[0]) & (rows["temperature"] == rows["temperature"].iloc[0])]
    answer = [number for number, inside in enumerate(first["answer"]) if inside == "yes"]
    by_seed = {seed: rows[rows["seed"] == seed] for seed in seeds}
    return {
        "kind": first["kind"].iloc[0],
        "subject": first["subject"].iloc[0],
        "pieces": list(first["token"]),
        "answer": [answer[0], answer[-1] + 1] if answer else None,
        "known": [bool((part["knows"] == "yes").all()) for part in by_seed.values()],
        "base": list(first["base"]),
        "reference": {
            str(seed): {t: list(some["reference"]) for t, some in part.groupby("temperature")}
            for seed, part in by_seed.items()
        },
    }


# --- what the pipeline dropped --------------------------------------------------------------------


def rejected_data(finished: Finished) -> Sample | None:
    """Dropped documents of each stage and reason, with the plain names of the stages."""
    kept = kept_sample(finished, "rejected")
    if kept is None:
        return None
    data, origin = kept
    words = {"stages": STAGES, "kinds": REASONS}
    return {**data, **words}, origin


# --- questions and answers ------------------------------------------------------------------------


def questions_data(finished: Finished) -> Sample | None:
    """Questions of the benchmark with the answers of arms and of real models, graded anew."""
    table = finished.tables.get("answers")
    if table is None or table.empty:
        return None
    by_id = {question["id"]: question for question in load_questions("test")}
    main = table[~table["run"].str.contains("=")]  # without runs on other data compositions
    asked = [name for name in dict.fromkeys(main["question_id"]) if name in by_id]
    if not asked:  # a run that asked no question of the benchmark
        return None
    chosen = taking_turns([by_id[name] for name in asked])[:QUESTIONS]
    said, seeds = answers_by_question(main, [question["id"] for question in chosen])
    models = model_answers([question["id"] for question in chosen])
    known = known_subjects(finished)
    rows = [
        {
            **{name: question[name] for name in ("id", "question", "answer", "answer_type")},
            **{name: question[name] for name in ("subject", "aliases", "category", "reference")},
            "stratum": plain.stratum_title(question["stratum"]),
            "known": known.get(question["subject"]),
            "arms": graded(question, said[question["id"]]),
            "models": graded(question, models[question["id"]]),
        }
        for question in chosen
    ]
    arms = dict.fromkeys(name.partition("/")[0] for name in main["run"])
    titles = {arm: capital(arm_title(arm)) for arm in arms}
    parts = [
        f"{shown} of {whole} {what}"
        for shown, whole, what in ((len(chosen), len(asked), "questions"), (*seeds, "seeds"))
        if shown < whole
    ]
    told = "; ".join([finished.origin, *parts])
    return {"questions": rows, "titles": titles}, capital(f"{told}.")


def taking_turns(questions: Sequence[Mapping]) -> list[Mapping]:
    """Questions in an order in which subjects take turns, so that few questions cover many."""
    seen: dict[str, int] = {}
    turns = []
    for question in questions:
        turns.append((seen.get(question["subject"], 0), question))
        seen[question["subject"]] = turns[-1][0] + 1
    return [question for _, question in sorted(turns, key=lambda turn: turn[0])]


def answers_by_question(
    table: pd.DataFrame, names: Sequence[str]
) -> tuple[dict[str, list[tuple]], tuple[int, int]]:
    """(arm, seed, response) of each question, of the first `SEEDS` seeds; how many of how many
    seeds these are."""
    said: dict[str, list[tuple]] = {name: [] for name in names}
    runs = table["run"].str.extract(r"^(?P<arm>.+)/seed(?P<seed>\d+)$")
    every = sorted(runs["seed"].astype(int).unique())
    seeds = every[:SEEDS]
    rows = zip(
        table["question_id"], runs["arm"], runs["seed"].astype(int), table["response"], strict=True
    )
    for name, arm, seed, response in rows:
        if name in said and seed in seeds:
            said[name].append((arm, seed, response))
    return said, (len(seeds), len(every))


def model_answers(names: Sequence[str]) -> dict[str, list[tuple]]:
    """(model, None, response) of each question, of every model whose responses are kept."""
    answers: dict[str, list[tuple]] = {name: [] for name in names}
    for entry, responses in scores.entries():
        if entry["model"] not in scores.GUESSER_NAMES.values():
            for name in names:
                answers[name].append((entry["model"], None, responses[name]))
    return answers


def graded(question: Mapping, answers: Iterable[tuple]) -> list[list]:
    """Who, seed, response, grade and the grader's reason, for each answer."""
    rows = []
    for who, seed, response in answers:
        verdict = grade(question, response)
        rows.append([who, seed, response, verdict.grade, verdict.reason])
    return rows


def known_subjects(finished: Finished) -> dict[str, list[int]]:
    """The seeds whose reference model knows each subject, if the run's sample says so."""
    path = finished.folder / CLASSROOM / "answers.json"
    kept = read_json(path) if Path(path).is_file() else {"seeds": [], "questions": []}
    return {
        row["subject"]: [s for s, knows in zip(kept["seeds"], row["known"], strict=True) if knows]
        for row in kept["questions"]
    }
