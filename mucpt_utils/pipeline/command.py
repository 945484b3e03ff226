"""The corpus pipeline, for any text: domain, cleaning, de-duplication, masking, decontamination.

python -m mucpt_utils pipeline --source DIR --out DIR --dry-run
python -m mucpt_utils pipeline --source DIR --out DIR --classifier DIR --questions FILE
python -m mucpt_utils pipeline train-classifier --music DIR --general DIR --out DIR

The modules that do the work are imported after the arguments are read, so mistakes show at once.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mucpt_utils.arguments import Parser, place, positive
from mucpt_utils.config.files import read_settings, shown, validated
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.errors import OK, OUTSIDE, WRONG_INPUT, MuCPTError
from mucpt_utils.io import read_jsonl

NEEDED = ("id", "question", "answer", "subject")  # what decontamination needs of a question
TRAIN = "train-classifier"
MOST_PRINTED = 200  # rows of the accounting that are printed
# errors that the user can put right: a folder without permission, a name that is too long
USERS = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOENT),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL),
}
SOURCE_HELP = (
    "a folder or a file (txt, md, rst, html, jsonl, json, parquet, warc, wet; also .gz, .bz2, .xz "
    "and .zst), "
    "gutenberg:NUMBER[,NUMBER], or hub:NAME[:SPLIT]"
)


def load_settings(
    path: Path | None, without_classifier: bool, engine: str | None = None
) -> PipelineSettings:
    """Settings from a YAML file (all defaults without one); `engine` overrides the file's.

    Raises SettingsError, which names the file, the setting and what is allowed.
    """
    settings = read_settings(path) if path else {}
    if without_classifier:
        settings["classifier"] = "off"
    if engine:
        settings["engine"] = engine
    return validated(PipelineSettings, settings, shown(path) if path else "settings")


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = Parser(
        prog="python -m mucpt_utils pipeline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    once: dict[str, Any] = {"required": True, "action": Once}
    parser.add_argument("--source", type=at_home, metavar="PLACE", help=SOURCE_HELP, **once)
    parser.add_argument("--out", type=place, help="folder for what comes out", **once)
    parser.add_argument("--settings", type=Path, help="YAML file of PipelineSettings")
    parser.add_argument(
        "--classifier", type=Path, help="a saved domain classifier; the shipped one"
    )
    parser.add_argument("--no-classifier", action="store_true", help="every document goes on")
    parser.add_argument("--questions", type=Path, help="benchmark questions, JSON Lines")
    parser.add_argument("--engine", choices=("local", "ray", "slurm"), help="what runs the tasks")
    parser.add_argument("--tasks", type=positive, default=1, help="pieces the work is cut into")
    parser.add_argument("--workers", type=positive, default=1, help="tasks at a time")
    parser.add_argument("--dry-run", action="store_true", help="forecast it and stop")
    return parser.parse_args(arguments)


class Once(argparse.Action):
    """An option that may be given only once, since the first value would be lost."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "is given twice; a run has one")
        setattr(namespace, self.dest, values)


def at_home(name: str) -> str:
    """A source with `~` expanded, which shells leave as it is in `--source=~/text`."""
    return os.path.expanduser(name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline, or print its plan; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == [TRAIN]:
        from mucpt_utils.pipeline.domain import train_classifier

        return train_classifier.main(words[1:])
    options = parse_arguments(words)
    try:
        return run(options)
    except MuCPTError as error:
        told, code = str(error), error.exit_code
    except OSError as error:  # a folder that may not be written to, a full disk
        is_bare = type(error) is OSError and not error.errno  # as numpy raises it
        told = f"{'writing failed, is the disk full? ' if is_bare else ''}{error}"
        is_users = error.errno in USERS or isinstance(error, PermissionError)
        code = WRONG_INPUT if is_users else OUTSIDE
    from mucpt_utils.text.sources.base import one_line

    print(f"pipeline: {one_line(told)}", file=sys.stderr)
    return code


def run(options: argparse.Namespace) -> int:
    """Run the pipeline, or print its plan. Raises MuCPTError or OSError if that fails."""
    settings = load_settings(options.settings, options.no_classifier, options.engine)
    from mucpt_utils.pipeline.domain import shipped
    from mucpt_utils.pipeline.forecast import Task, described
    from mucpt_utils.pipeline.outcome import finish
    from mucpt_utils.pipeline.run import FUNNEL, run_pipeline

    model = None if settings.classifier == "off" else options.classifier or shipped.SHIPPED
    if model:
        print(f"classifier: {shipped.described(model)}")
    questions = read_jsonl(options.questions, NEEDED) if options.questions else []
    sizes = options.tasks, options.workers
    if options.dry_run:
        print(described(Task(options.source, settings, model, questions, *sizes)))
        return OK
    finish.check_place(options.source, options.out)
    result = run_pipeline(options.source, options.out, settings, model, questions, *sizes)
    written = finish.write_outcome(result, options.source, settings, model, questions)
    for row in result.funnel[:MOST_PRINTED]:
        print("{stage:18} {source:24} {reason:40} {documents:>8} {tokens:>10}".format(**row))
    if len(result.funnel) > MOST_PRINTED:
        print(f"and {len(result.funnel) - MOST_PRINTED} more rows in {FUNNEL}")
    print(f"page: {shown(written.page)}")
    print(f"dataset: {shown(written.dataset) if written.dataset else 'none, as nothing is kept'}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
