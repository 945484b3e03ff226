"""A run of MusicSimpleQA from its command line: ask, grade, write the outcome."""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import digest
from mucpt_utils.musicsimpleqa.asking.ask import BATCH_SIZE, MAX_NEW_TOKENS, few_shot
from mucpt_utils.musicsimpleqa.asking.client import Endpoint
from mucpt_utils.musicsimpleqa.asking.models import ask_endpoint, ask_model, facts_of, load_model
from mucpt_utils.musicsimpleqa.asking.run import Run, read_responses
from mucpt_utils.musicsimpleqa.asking.secrecy import USER_OF_URL
from mucpt_utils.musicsimpleqa.judge import judge_answers
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.musicsimpleqa.summary import grade_responses, summary_text, write_summary

CHAT_TOKENS = 256  # of an answer: a chat model may write its thoughts first
OUTCOME = ("answers.jsonl", "summary.json", "summary.csv")


class OverwriteError(MuCPTError, ValueError):
    """The outcome would overwrite an input."""


def evaluate(options: argparse.Namespace) -> str:
    """Ask the questions without an answer yet, grade, write the outcome; returns the summary."""
    every_question = load_questions(options.questions)
    questions = every_question[: options.limit]
    folder = options.out
    if folder is None:
        name = options.model or options.answers.stem
        folder = paths.work() / "musicsimpleqa" / re.sub(r"[/:]+", "--", name.strip("/"))
    check_inputs_stay(folder, (options.answers, Path(options.questions)))
    if options.answers:
        settings: dict = {"answers": str(options.answers)}
        responses, model = read_responses(options.answers, every_question, options.limit), None
    else:
        examples = examples_of(questions, options.shots)
        settings = settings_of(options, examples)
        run = Run(folder, questions, settings)
        try:
            responses, model = ask_questions(options, run, examples), run.model
        finally:
            run.close()
    answers = grade_responses(questions, responses)
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


def examples_of(questions: Sequence[Mapping], shots: int) -> list[dict]:
    """The examples shown before each question: from dev, none of which is asked."""
    asked = {question["id"] for question in questions}
    return few_shot([q for q in load_questions("dev") if q["id"] not in asked], shots)


def settings_of(options: argparse.Namespace, examples: Sequence[Mapping]) -> dict:
    """What an answer depends on: a run does not continue answers made under other settings."""
    names = ("model", "base_url", "shots", "chat", "max_new_tokens", "dtype")
    settings = {name: getattr(options, name) for name in names}
    if options.base_url:  # a user name and password in it are not kept anywhere
        settings["base_url"] = USER_OF_URL.sub("", options.base_url)
    return settings | {"examples_sha256": digest(examples)}


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
    options: argparse.Namespace, run: Run, examples: Sequence[dict]
) -> dict[str, str]:
    """Responses to all questions of the run, by id; those already answered are not asked again."""
    run.open(restart=options.restart)
    how = {
        "chat": options.chat,
        "max_new_tokens": options.max_new_tokens
        or (CHAT_TOKENS if options.chat else MAX_NEW_TOKENS),
        "progress": not options.quiet,
    }
    if not run.missing():
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
