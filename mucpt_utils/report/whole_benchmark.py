"""Trained arms on the whole of MusicSimpleQA, asked with examples as its tool asks any model.

    python -m mucpt_utils benchmark PROFILE [--only ARM ...] [--shots N] [--set KEY=VALUE ...]
    python -m mucpt_utils benchmark PROFILE --tables     the tables again, from the answers

A study asks about the subjects that its corpus speaks of. Here every test question is asked, and
the answers are told apart by part and by what the corpus says of their subject: known to the
reference model, unknown to it, or spoken of nowhere. What is left is in `benchmark/` of the results
folder: `answers.csv` (every response), `scores.csv`, `differences.csv`, `run.json`. The grader of
today grades `answers.csv` whenever the tables are made.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis.comparisons import estimates, paired
from mucpt_utils.arguments import Parser
from mucpt_utils.config.files import SettingsError, chosen
from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.errors import OK, MuCPTError
from mucpt_utils.io import FileError, read_json, read_jsonl, write_json, write_text
from mucpt_utils.musicsimpleqa.grading import CORRECT
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.musicsimpleqa.scores import ASKED, asked_digest
from mucpt_utils.musicsimpleqa.summary import grade_responses, grader_version, questions_version
from mucpt_utils.report.table_files import csv_text
from mucpt_utils.study import provenance
from mucpt_utils.study.checkout import check_committed

if TYPE_CHECKING:  # torch takes seconds to import, and a wrong argument is reported sooner
    from mucpt_utils.study.stages import Artifact
    from mucpt_utils.study.study import Study

FOLDER = "benchmark"  # in a results folder
SHOTS = 5
COMPARED_TO = ("base", "plain")
COVERED, UNCOVERED, ELSEWHERE = "covered", "uncovered", "elsewhere"
# the groups that questions belong to, in words, in the order of the tables
GROUPS = {
    "all": "all questions",
    "core": "core: artists, albums, songs, awards",
    "extension": "extension: classical works, opera, instruments, theory",
    "tail": "tail: little-known facts",
    COVERED: "about subjects that the reference model knows",
    UNCOVERED: "about subjects in the corpus that it does not know",
    ELSEWHERE: "about subjects that stand nowhere in the corpus",
}
ANSWERS = ("arm", "seed", "question_id", "corpus", "response", "log_likelihood")


# --- asking ---------------------------------------------------------------------------------------


def ask(study: "Study", arms: Sequence[str], shots: int) -> dict[tuple[str, int], "Artifact"]:
    """What every arm at every seed of a study says to every question, by arm and seed.

    Raises SettingsError, before anything is asked, for a run that has not been trained yet.
    """
    from mucpt_utils.study import jobs

    wanted = [(arm, seed) for arm in arms for seed in study.profile.seeds]
    missing = [run for run in wanted if jobs.Job(study, "run", run).find() is None]
    if missing:
        arm, seed = missing[0]
        raise SettingsError(
            f"{len(missing)} of {len(wanted)} runs were not trained in this work folder, such as "
            f"{arm} at seed {seed}: ./run_all.sh {study.profile.name} trains them, with the same "
            "--set; or name arms that were with --only"
        )
    count = len(load_questions("test"))
    asking = [jobs.Job(study, "whole_benchmark", (*run, shots), count, True) for run in wanted]
    jobs.make(asking, "whole benchmark", unit="question")
    return {run: study.whole_benchmark(*run, shots) for run in wanted}


def answers_of(study: "Study", asked: Mapping[tuple[str, int], "Artifact"]) -> pd.DataFrame:
    """Every response, with the columns `ANSWERS`, in the order of arms, seeds and questions.

    corpus: what the corpus says of the question's subject.
    """
    from mucpt_utils.study.whole_benchmark import RESPONSES

    tested = {fact.subject for fact in study.roles.test}
    rows = []
    for (arm, seed), artifact in asked.items():
        covered = study.covered(seed)
        for row in read_jsonl(artifact.path(RESPONSES)):
            known = COVERED if row["subject"] in covered else UNCOVERED
            told = {"corpus": known if row["subject"] in tested else ELSEWHERE}
            rows.append({"arm": arm, "seed": seed, **row, **told})
    return pd.DataFrame(rows)[list(ANSWERS)]


# --- tables ---------------------------------------------------------------------------------------


def items(answers: pd.DataFrame, questions: Sequence[Mapping]) -> pd.DataFrame:
    """Accuracy and log-likelihood of every answer, in each group that its question belongs to.

    The frame is what `estimates` and `paired` take: `stratum` is the group, all, a part of the
    benchmark, or what the corpus says of the subject.
    """
    by_id = {question["id"]: question for question in questions}
    rows = []
    for (arm, seed), group in answers.groupby(["arm", "seed"], sort=False):
        said = dict(zip(group["question_id"], group["response"], strict=True))
        asked = [by_id[name] for name in group["question_id"]]
        for graded, row in zip(grade_responses(asked, said), group.itertuples(), strict=True):
            values = {
                "accuracy": float(graded["grade"] == CORRECT),
                "log_likelihood": row.log_likelihood,
            }
            place = {"arm": arm, "seed": seed, "item": row.question_id}
            place["subject"] = graded["subject"]
            rows += [
                {**place, "stratum": stratum, "metric": metric, "value": value}
                for stratum in ("all", graded["part"], row.corpus)
                for metric, value in values.items()
            ]
    # stable: each arm's rows in the order of `GROUPS`, which the tables follow
    order = [list(GROUPS).index(row["stratum"]) for row in rows]
    return pd.DataFrame(rows).iloc[np.argsort(order, kind="stable")]


def scores(measured: pd.DataFrame) -> pd.DataFrame:
    """Mean and interval of each arm, by group of questions and metric; n questions per seed."""
    counted = measured.groupby(["arm", "stratum", "metric"], sort=False)["item"].nunique()
    arms = dict.fromkeys(measured["arm"])
    table = pd.concat([estimates(measured[measured["arm"] == arm], ["arm"]) for arm in arms])
    keys = zip(table["arm"], table["stratum"], table["metric"], strict=True)
    return table.assign(n=[counted[key] for key in keys])


def differences(measured: pd.DataFrame) -> pd.DataFrame:
    """Each arm minus the base and minus plain, paired by seed and question."""
    arms = list(dict.fromkeys(measured["arm"]))
    by_arm = {arm: measured[measured["arm"] == arm] for arm in arms}
    frames = [
        paired(by_arm[arm], by_arm[other]).assign(arm=arm, minus=other)
        for arm in arms
        for other in COMPARED_TO
        if other in arms and other != arm
    ]
    if not frames:
        return pd.DataFrame()
    table = pd.concat(frames, ignore_index=True)
    first = ["arm", "minus", "stratum", "metric"]
    return table[[*first, *(name for name in table if name not in first)]]


def write_tables(folder: Path) -> list[Path]:
    """`scores.csv` and `differences.csv` of a folder, from its `answers.csv`; returns their paths.

    `run.json` beside them then says which grader and which questions they are by. Raises FileError
    for a folder without answers, or with answers to questions that the benchmark no longer has, or
    no longer in these words.
    """
    path, questions = folder / "answers.csv", load_questions("test")
    answers, record = read_answers(path), read_json(folder / provenance.RUN)
    # an evaluation from before this was noted does not say
    if record.get(ASKED, asked_digest(questions)) != asked_digest(questions):
        raise FileError(f"{path} answers some questions in earlier words; ask again")
    unknown = sorted(set(answers["question_id"]) - {question["id"] for question in questions})
    if unknown:
        raise FileError(
            f"{path} answers {len(unknown)} questions that the benchmark does not have, such as "
            f"{unknown[0]!r}; ask again"
        )
    measured = items(answers, questions)
    tables = {"scores": scores(measured), "differences": differences(measured)}
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", csv_text(table))
    versions = {"grader": grader_version(), "questions": questions_version(questions)}
    write_json(folder / provenance.RUN, record | {"graded_with": versions})
    return [folder / f"{name}.csv" for name in tables]


def read_answers(path: Path) -> pd.DataFrame:
    """The answers of a file as `answers_of` gives them. Raises FileError for any other file."""
    if not path.is_file():
        raise FileError(f"{path.parent} holds no {path.name}: ask first, without --tables")
    types = {"response": str, "question_id": str, "log_likelihood": float}
    try:
        answers = pd.read_csv(path, keep_default_na=False, dtype=types)
    except ValueError as error:  # no table, no text, a number that is none
        raise FileError(f"{path}: {' '.join(str(error).split())}") from None
    if missing := [name for name in ANSWERS if name not in answers]:
        raise FileError(f"{path} has no column {', '.join(missing)}; ask again")
    return answers


# --- the command ----------------------------------------------------------------------------------


def results_of(profile: Profile, commit: bool, tables: bool) -> Path:
    """The folder for the results of a profile: the committed one of its name, or one of its own.

    tables: only these are made again, from answers that are there. Raises SettingsError if answers
    are to be committed and code or data differ from the commit.
    """
    if not commit:
        return provenance.results_folder(profile) / FOLDER
    if not tables:
        check_committed()
    return paths.committed(profile.name) / FOLDER


def whole_benchmark(options: argparse.Namespace) -> Path:
    """Ask, unless only the tables are wanted, and make the tables; returns their folder."""
    profile = load_profile(options.profile, options.overrides)
    arms = chosen(options.only, profile.arms, "arms")
    folder = results_of(profile, options.commit_results, options.tables)
    if not options.tables:
        from mucpt_utils.study.study import Study

        study = Study(profile, FOLDER)
        asked = ask(study, arms, options.shots)
        record = provenance.run_record(study, asked.values())
        record |= {
            "shots": options.shots,
            "arms": arms,
            ASKED: asked_digest(load_questions("test")),
        }
        provenance.write_run_record(folder, record)
        write_text(folder / "answers.csv", csv_text(answers_of(study, asked)))
    write_tables(folder)
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask the trained arms of a profile; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils benchmark",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("profile")
    parser.add_argument("--only", action="append", default=[], metavar="ARM")
    parser.add_argument("--shots", type=int, default=SHOTS, help="examples before each question")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    parser.add_argument("--tables", action="store_true", help="from the answers that are there")
    parser.add_argument(
        "--commit-results", action="store_true", help="write into the repository's results/"
    )
    options = parser.parse_args(arguments)
    try:
        print(f"whole benchmark: {whole_benchmark(options)}")
    except MuCPTError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return error.exit_code
    return OK


if __name__ == "__main__":
    sys.exit(main())
