"""MusicSimpleQA: ask a model, grade its answers, compare two models.

    python -m mucpt_utils.musicsimpleqa --model FOLDER_OR_HUB_ID
    python -m mucpt_utils.musicsimpleqa --base-url http://localhost:8000/v1 --model NAME
    python -m mucpt_utils.musicsimpleqa --answers answers.jsonl
    python -m mucpt_utils.musicsimpleqa --compare A/answers.jsonl B/answers.jsonl

A run writes answers.jsonl (one graded answer a line), summary.json and summary.csv to --out; what
is already there is not asked again. Exit codes: 0 done, 2 wrong arguments or a malformed file,
3 no such model, 4 the server does not answer, 130 interrupted.
"""

import argparse
import logging
import os
import sys
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.musicsimpleqa.ask import BATCH_SIZE, MAX_NEW_TOKENS, few_shot
from mucpt_utils.musicsimpleqa.client import Endpoint, EndpointError
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.musicsimpleqa.run import (
    FileError,
    ModelError,
    Run,
    ask_endpoint,
    ask_model,
    compare_files,
    grade_responses,
    judge_summary,
    load_model,
    read_responses,
    summary_text,
    write_summary,
)

OK, USAGE, NO_MODEL, NO_SERVER, INTERRUPTED = 0, 2, 3, 4, 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="python -m mucpt_utils.musicsimpleqa",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = result.add_argument
    add("--model", help="folder or Hub id of a causal LM; with --base-url, the server's name of it")
    add("--base-url", help="an OpenAI-compatible endpoint, as in http://localhost:8000/v1")
    add("--answers", type=Path, help="grade a JSON lines file of {id, response}")
    add("--compare", nargs=2, type=Path, metavar=("A", "B"), help="two files of graded answers")
    add("--questions", default="test", help="test (default), dev, or a JSON lines file")
    add("--limit", type=int, help="only the first N questions")
    add("--out", type=Path, help="folder for the outcome (default: named after the model)")
    add("--restart", action="store_true", help="ask again what an earlier run in --out has asked")
    add("--shots", type=int, default=5, help="examples before each question (0 to 60; default 5)")
    add("--chat", action="store_true", help="ask as a chat, in the model's chat template")
    add("--max-new-tokens", type=int, help=f"longest answer (default {MAX_NEW_TOKENS}; chat 256)")
    add("--batch-size", type=int, default=BATCH_SIZE, help="questions at a time (local model)")
    add("--device", default="auto", help="cpu, cuda, ... (default: cuda where there is one)")
    add("--concurrency", type=int, default=8, help="requests at a time (endpoint)")
    add("--timeout", type=float, default=120.0, help="seconds to wait for a reply (endpoint)")
    add("--retries", type=int, default=5, help="further attempts, with growing pauses (endpoint)")
    add("--key-variable", default="OPENAI_API_KEY", help="environment variable with the key")
    add("--judge-url", help="an endpoint whose model grades as well")
    add("--judge-model", help="the judge's name at --judge-url")
    add("--judge-key-variable", default="JUDGE_API_KEY", help="variable with the judge's key")
    add("--quiet", action="store_true", help="no progress bar")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code. Errors are one line on the standard error."""
    options = parser().parse_args(arguments)
    _quieten()
    try:
        _check(options)
        return _compare(options) if options.compare else _evaluate(options)
    except (FileError, FileNotFoundError, ValueError) as error:
        return _fail(error, USAGE)
    except ModelError as error:
        return _fail(error, NO_MODEL)
    except EndpointError as error:
        return _fail(error, NO_SERVER)
    except KeyboardInterrupt:
        return _fail("interrupted; the same command goes on from here", INTERRUPTED)


def _quieten() -> None:
    """Other libraries' bars and notes would break into the one bar."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name in ("httpx", "httpcore", "transformers"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _fail(error: object, code: int) -> int:
    print(f"musicsimpleqa: {error}", file=sys.stderr)
    return code


def _check(options: argparse.Namespace) -> None:
    """ValueError for arguments that do not go together."""
    ways = [bool(options.model), bool(options.answers), bool(options.compare)]
    if sum(ways) != 1:
        raise ValueError("give one of --model, --answers, --compare (see --help)")
    if options.base_url and not options.model:
        raise ValueError("--base-url needs --model, the server's name of the model")
    if bool(options.judge_url) != bool(options.judge_model):
        raise ValueError("--judge-url and --judge-model go together")
    for name in ("limit", "batch_size", "concurrency", "max_new_tokens"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name.replace('_', '-')} is {value}; allowed: 1 and more")
    if options.retries < 0 or options.timeout <= 0:
        raise ValueError("--retries must not be negative, and --timeout be more than 0")


def _compare(options: argparse.Namespace) -> int:
    print(compare_files(*options.compare))
    return OK


def _evaluate(options: argparse.Namespace) -> int:
    questions = load_questions(options.questions)[: options.limit]
    run = Run(_folder(options), questions, _settings(options))
    if options.answers:
        responses = read_responses(options.answers, questions)
    else:
        responses = _ask(options, run, few_shot(_examples(questions), options.shots))
    answers = grade_responses(questions, responses)
    if options.judge_url:
        endpoint = _endpoint(
            options, options.judge_url, options.judge_model, options.judge_key_variable
        )
        answers = judge_summary(
            endpoint, questions, answers, run.folder, options.concurrency, not options.quiet
        )
    write_summary(run, answers)
    print(summary_text(answers))
    print(f"written to {run.folder}")
    return OK


def _examples(questions: list[dict]) -> list[dict]:
    """Dev questions to show, none of which is asked."""
    asked = {question["id"] for question in questions}
    return [question for question in load_questions("dev") if question["id"] not in asked]


def _ask(options: argparse.Namespace, run: Run, examples: list[dict]) -> dict[str, str]:
    run.open(restart=options.restart)
    new = options.max_new_tokens or (256 if options.chat else MAX_NEW_TOKENS)
    if options.base_url:
        endpoint = _endpoint(options, options.base_url, options.model, options.key_variable)
        return ask_endpoint(
            run, endpoint, examples, options.chat, new, options.concurrency, not options.quiet
        )
    if not run.missing():
        return run.responses
    model, tokenizer = load_model(options.model, options.device)
    return ask_model(
        run, model, tokenizer, examples, options.chat, new, options.batch_size, not options.quiet
    )


def _endpoint(options: argparse.Namespace, url: str, model: str, variable: str) -> Endpoint:
    return Endpoint(url, model, variable, options.timeout, options.retries)


def _folder(options: argparse.Namespace) -> Path:
    if options.out:
        return options.out
    name = options.model or options.answers.stem
    return paths.work() / "musicsimpleqa" / name.strip("/").replace("/", "--")


def _settings(options: argparse.Namespace) -> dict:
    """What an answer depends on: answers made under other settings are not gone on with."""
    names = ("model", "base_url", "shots", "chat", "max_new_tokens")
    return {name: getattr(options, name) for name in names}


if __name__ == "__main__":
    sys.exit(main())
