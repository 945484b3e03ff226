"""A run of MusicSimpleQA from its command line: ask, grade, write the outcome."""

import argparse
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import digest, read_json
from mucpt_utils.musicsimpleqa.asking.ask import (
    BATCH_SIZE,
    AskingError,
    default_tokens,
    few_shot,
)
from mucpt_utils.musicsimpleqa.asking.client import Endpoint
from mucpt_utils.musicsimpleqa.asking.models import (
    ask_endpoint,
    ask_model,
    facts_of,
    facts_of_files,
    load_model,
)
from mucpt_utils.musicsimpleqa.asking.run import (
    PROGRESS,
    Run,
    ends_of,
    read_answers,
    whole_rows,
)
from mucpt_utils.musicsimpleqa.asking.secrecy import USER_OF_URL
from mucpt_utils.musicsimpleqa.judge import judge_answers
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.musicsimpleqa.summary import grade_responses, summary_text, write_summary

OF_A_MODEL = "a model's answers"
OUTCOME = ("answers.jsonl", "summary.json", "summary.csv")


class OverwriteError(MuCPTError, ValueError):
    """The outcome would overwrite an input, or the outcome of other answers."""


def evaluate(options: argparse.Namespace) -> str:
    """Ask the questions without an answer yet, grade, write the outcome; returns the summary."""
    every_question = load_questions(options.questions)
    questions = every_question[: options.limit]
    folder = options.out
    if folder is None:
        name = default_name(options.model, options.answers, options.questions)
        folder = paths.work() / "musicsimpleqa" / name
    check_inputs_stay(folder, (options.answers, Path(options.questions)))
    check_outcome_stays(folder, options.answers)
    check_same_questions(folder, every_question)
    if options.answers:
        settings: dict = {"answers": os.path.abspath(options.answers)}
        given = read_answers(options.answers, every_question, options.limit)
        responses = {name: answer["response"] for name, answer in given.items()}
        ended, model = ends_of(given), None
    else:
        examples = examples_of(every_question, options.shots)
        settings = settings_of(options, examples)
        run = Run(folder, questions, settings)
        try:
            responses = ask_questions(options, run, examples)
            ended, model = run.ended, run.model
        finally:
            run.close()
    answers = grade_responses(questions, responses, ended)
    if options.judge_url:
        settings["judge_model"] = options.judge_model
        answers = judged(options, questions, answers, folder)
    write_summary(folder, settings, answers, model)
    return f"{summary_text(answers)}\nwritten to {folder}"


def check_inputs_stay(folder: Path, inputs: Iterable[Path | None]) -> None:
    """Raises OverwriteError if the outcome would overwrite an input."""
    written = [path for path in (folder / name for name in OUTCOME) if path.exists()]
    for path in filter(None, inputs):
        if path.exists() and any(path.samefile(other) for other in written):
            raise OverwriteError(f"{path} would be written over; give another --out")


def default_name(model: str | None, answers: Path | None, questions: str = "test") -> str:
    """The name of the folder for an outcome: after the model, or after a file and its folder.

    Files of answers are mostly called answers.jsonl; their folders tell whose they are. questions:
    what a model is asked; its answers to another split or file have a folder of their own.
    """
    if answers is None:
        name = re.sub(r"[/:]+", "--", (model or "").strip("/"))
        return name if questions == "test" else f"{name}--{Path(questions).stem}"
    place = Path(os.path.abspath(answers))
    return f"{place.parent.name}--{place.stem}".lstrip("-")


def check_outcome_stays(folder: Path, answers: Path | None) -> None:
    """Raises OverwriteError if a folder holds the outcome of other answers than those at hand.

    answers: the file that is graded; None for those of a model.
    """
    before = origin(folder)
    if before is None:
        return
    if answers is None:  # of two models' answers a Run finds out whether they go together
        same = before == OF_A_MODEL
    elif before == OF_A_MODEL:  # a run's own responses may be graded again where they are
        responses = folder / PROGRESS
        same = answers.exists() and responses.exists() and answers.samefile(responses)
    else:
        same = os.path.abspath(before) == os.path.abspath(answers)
    if not same:
        raise OverwriteError(
            f"{folder} holds the outcome of {before}, which would be written over; give another "
            "--out"
        )


def check_same_questions(folder: Path, questions: Sequence[Mapping]) -> None:
    """Raises OverwriteError if a folder holds the outcome of other questions, none of these.

    A model's answers to the paraphrases would else stand in the place of those to the test split.
    """
    path = folder / "answers.jsonl"
    before = {row["id"] for row in whole_rows(path)} if path.is_file() else set()
    if before and before.isdisjoint(question["id"] for question in questions):
        raise OverwriteError(
            f"{folder} holds the outcome of other questions, such as {min(before)!r}, which would "
            "be written over; give another --out"
        )


def origin(folder: Path) -> str | None:
    """Whose outcome a folder holds: OF_A_MODEL, or the file of the answers; None for no outcome."""
    summary = folder / "summary.json"
    if (folder / PROGRESS).exists():
        return OF_A_MODEL
    if not summary.is_file():
        return None
    found = read_json(summary)
    settings = found.get("settings") if isinstance(found, dict) else None
    answers = settings.get("answers") if isinstance(settings, dict) else None
    return answers if isinstance(answers, str) else OF_A_MODEL


def examples_of(questions: Sequence[Mapping], shots: int) -> dict[str, list[dict]]:
    """The examples shown before each question, by its id: the first of dev but for itself.

    questions: all of the split or file, whatever the limit, so that a later run with another limit
    shows the same. Raises AskingError for more shots than there are examples for every question.
    """
    dev = load_questions("dev")
    in_turn = few_shot(dev, len(dev))
    others = {q["id"]: [e for e in in_turn if not is_same(e, q)] for q in questions}
    most = min(map(len, others.values()))
    if not 0 <= shots <= most:
        raise AskingError(f"--shots is {shots}; allowed: 0 to {most}, from dev")
    return {name: examples[:shots] for name, examples in others.items()}


def is_same(one: Mapping, other: Mapping) -> bool:
    """Whether two questions are the same, by their id or by their words."""
    words = one["question"].casefold() == other["question"].casefold()
    return words or one["id"] == other["id"]


def settings_of(options: argparse.Namespace, examples: Mapping[str, Sequence[dict]]) -> dict:
    """What an answer depends on: a run does not continue answers made under other settings."""
    names = ("model", "base_url", "shots", "chat", "max_new_tokens", "dtype")
    settings = {name: getattr(options, name) for name in names}
    if options.base_url:  # a user name and password in it are not kept anywhere
        settings["base_url"] = USER_OF_URL.sub("", options.base_url)
    every_example = {e["id"]: e for shown in examples.values() for e in shown}
    return settings | {"examples_sha256": digest(list(every_example.values()))}


def judged(
    options: argparse.Namespace, questions: Sequence[Mapping], answers: Sequence[dict], folder: Path
) -> list[dict]:
    """The graded answers with the judge's grade beside the grader's."""
    judge = Endpoint(
        options.judge_url,
        options.judge_model,
        options.judge_key_variable,
        options.timeout,
        options.retries,
    )
    said = [answer["response"] for answer in answers]
    grades = judge_answers(
        judge, questions, said, folder / "judge_cache", options.concurrency, not options.quiet
    )
    return [{**answer, "judge": g} for answer, g in zip(answers, grades, strict=True)]


def ask_questions(
    options: argparse.Namespace, run: Run, examples: Mapping[str, Sequence[dict]]
) -> dict[str, str]:
    """Responses to all questions of the run, by id; those already answered are not asked again."""
    run.open(restart=options.restart)
    how = {
        "chat": options.chat,
        "max_new_tokens": options.max_new_tokens or default_tokens(options.chat),
        "progress": not options.quiet,
    }
    if not run.missing():
        check_unchanged(options, run)
        return run.responses
    if options.base_url:
        endpoint = Endpoint(
            options.base_url, options.model, options.key_variable, options.timeout, options.retries
        )
        with run.timed({}):
            return ask_endpoint(run, endpoint, examples, concurrency=options.concurrency, **how)
    model, tokenizer = load_model(options.model, options.device, options.dtype or "auto")
    with run.timed(facts_of(options.model, model, tokenizer)):
        return ask_model(
            run, model, tokenizer, examples, batch_size=options.batch_size or BATCH_SIZE, **how
        )


def check_unchanged(options: argparse.Namespace, run: Run) -> None:
    """Raises OtherSettingsError if a model that has answered everything has changed since.

    A folder of weights that are trained further keeps its name. The model is not loaded for this;
    one that is no longer there, or that others keep, is taken for the one that was asked.
    """
    facts = {} if options.base_url else facts_of_files(options.model)
    if facts.get("weights_sha256"):
        run.check_model(facts, facts)
