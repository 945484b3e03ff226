"""MusicSimpleQA: ask a model, grade its answers, compare two models.

    python -m mucpt_utils.musicsimpleqa --model FOLDER_OR_HUB_ID     (or package:NAME, or FILE.gguf)
    python -m mucpt_utils.musicsimpleqa --base-url http://localhost:8000/v1 --model NAME
    python -m mucpt_utils.musicsimpleqa --answers answers.jsonl
    python -m mucpt_utils.musicsimpleqa --compare A/answers.jsonl B/answers.jsonl

A run writes answers.jsonl (one graded answer per line), summary.json and summary.csv to --out; what
is already there is not asked again. Exit codes: 0 done, 2 wrong arguments or a malformed file,
3 no such model, a model that fails, a server that does not answer, a full disk, 130 interrupted.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from mucpt_utils.arguments import INTERRUPTED, Parser, place
from mucpt_utils.errors import OK, MuCPTError, of_system

DTYPES = ("float32", "bfloat16", "float16")
LOCAL = {"batch_size", "device", "dtype"}  # options of models that are loaded here
# options of asking, which grading a file does not do
ASKING = LOCAL | {"base_url", "shots", "chat", "max_new_tokens", "restart", "key_variable"}
MOST_REQUESTS = 256  # at a time; each takes a thread
LONGEST_WAIT = 86_400  # seconds for a reply, a day


class ArgumentsError(MuCPTError, ValueError):
    """Arguments that do not go together, or that are out of range."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code. Errors are one line on the standard error."""
    options = parser().parse_args(arguments)
    # bars and notes of other libraries would interrupt the progress bar
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name in ("httpx", "httpcore", "transformers"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        check_options(options)
        show(outcome(options))
    except MuCPTError as error:
        print(f"musicsimpleqa: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:  # a missing file, a folder without permission
        refused = of_system(error)
        print(f"musicsimpleqa: {refused}", file=sys.stderr)
        return refused.exit_code
    except KeyboardInterrupt:
        print("musicsimpleqa: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    return OK


def outcome(options: argparse.Namespace) -> str:
    """The result as text. The modules it needs, among them torch, are imported only now."""
    if options.compare:
        from mucpt_utils.musicsimpleqa.summary import comparison_text

        return comparison_text(*options.compare)
    from mucpt_utils.musicsimpleqa.evaluation import evaluate

    return evaluate(options)


def show(text: str) -> None:
    """Print a text in the terminal's encoding. Raises OSError if it cannot be written.

    A reader that ends early, as `head` does, has all it wanted.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except OSError as error:
        # otherwise Python would try to write the rest of the buffer at exit, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            error.filename = "standard output"
            raise


def parser() -> Parser:
    """The command line."""
    result = Parser(
        prog="python -m mucpt_utils.musicsimpleqa",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = result.add_argument
    add(
        "--model",
        help="folder, Hub id, package:NAME or GGUF file of a causal LM; with --base-url, "
        "the server's name of it",
    )
    add("--base-url", help="an OpenAI-compatible endpoint, as in http://localhost:8000/v1")
    add("--answers", type=Path, help="grade a JSON Lines file of {id, response}")
    add("--compare", nargs=2, type=Path, metavar=("A", "B"), help="two files of graded answers")
    add("--questions", default="test", help="test (default), dev, or a JSON Lines file")
    add("--limit", type=int, help="only the first N questions")
    add("--out", type=place, help="folder for the outcome (default: named after what is graded)")
    add("--restart", action="store_true", help="ask again what an earlier run in --out has asked")
    add("--shots", type=int, default=5, help="examples before each question, from dev (default 5)")
    add("--chat", action="store_true", help="ask as a chat, in the model's chat template")
    add("--max-new-tokens", type=int, help="longest answer (default: short; longer in a chat)")
    add("--batch-size", type=int, help="questions at a time (local model)")
    add("--device", default="auto", help="cpu, cuda, ... (default: cuda where there is one)")
    add("--dtype", choices=DTYPES, help="of a local model's weights (default: as in its files)")
    add("--concurrency", type=int, default=8, help="requests at a time (endpoint)")
    add("--timeout", type=float, default=120.0, help="seconds to wait for a reply (endpoint)")
    add("--retries", type=int, default=5, help="further attempts, with growing pauses (endpoint)")
    add("--key-variable", default="OPENAI_API_KEY", help="environment variable with the key")
    add("--judge-url", help="an endpoint whose model grades as well")
    add("--judge-model", help="the judge's name at --judge-url")
    add("--judge-key-variable", default="JUDGE_API_KEY", help="variable with the judge's key")
    add("--quiet", action="store_true", help="no progress bar")
    return result


def check_options(options: argparse.Namespace) -> None:
    """Raises ArgumentsError for arguments that do not go together, or that are out of range."""
    ways = [bool(options.model), bool(options.answers), bool(options.compare)]
    if sum(ways) != 1:
        raise ArgumentsError("give one of --model, --answers, --compare (see --help)")
    check_used(options)
    if options.base_url and not options.model:
        raise ArgumentsError("--base-url needs --model, the server's name of the model")
    if bool(options.judge_url) != bool(options.judge_model):
        raise ArgumentsError("--judge-url and --judge-model go together")
    for name in ("base_url", "judge_url"):
        check_address(f"--{name.replace('_', '-')}", getattr(options, name))
    for name in ("limit", "batch_size", "concurrency", "max_new_tokens"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ArgumentsError(f"--{name.replace('_', '-')} is {value}; allowed: 1 or more")
    if options.concurrency > MOST_REQUESTS:
        raise ArgumentsError(f"--concurrency is {options.concurrency}; allowed: 1 to 256")
    if options.retries < 0:
        raise ArgumentsError(f"--retries is {options.retries}; allowed: 0 or more")
    if not 0 < options.timeout <= LONGEST_WAIT:
        raise ArgumentsError(f"--timeout is {options.timeout:g}; allowed: up to {LONGEST_WAIT}")


def check_used(options: argparse.Namespace) -> None:
    """Raises ArgumentsError for options that the way at hand has no use for.

    An outcome that ignores `--limit` or `--chat` without a word would be taken for another one.
    """
    given, default = vars(options), parser().get_default
    if options.compare:
        way, unused = "--compare", given.keys() - {"compare", "quiet"}
    elif options.answers:
        way, unused = "--answers", ASKING
    else:
        way, unused = "--base-url", LOCAL if options.base_url else set()
    names = [n for n, value in given.items() if n in unused and value != default(n)]
    if names:
        options_given = ", ".join(f"--{name.replace('_', '-')}" for name in names)
        raise ArgumentsError(f"{way} has no use for {options_given}")


def check_address(option: str, address: str | None) -> None:
    """Raises ArgumentsError unless `address` is one; it may hold a key, so it is not shown."""
    if not address:
        return
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        whole = False
    if not whole:
        raise ArgumentsError(f"{option} is not an address like http://localhost:8000/v1")
    if "?" in address or "#" in address:
        raise ArgumentsError(
            f"{option} has a part after ? or #; a key belongs in an environment variable"
        )


if __name__ == "__main__":
    sys.exit(main())
