"""The corpus pipeline, for any text: domain, cleaning, de-duplication, masking, decontamination.

python -m mucpt_utils pipeline --source DIR --out DIR --dry-run
python -m mucpt_utils pipeline --source DIR --out DIR --classifier DIR --questions FILE
python -m mucpt_utils pipeline train-classifier --music DIR --general DIR --out DIR
"""

import argparse
import errno
import sys
from collections.abc import Sequence
from pathlib import Path

from mucpt_utils.arguments import Parser
from mucpt_utils.config.files import read_settings, shown, validated
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.errors import OK, OUTSIDE, WRONG_INPUT, MuCPTError
from mucpt_utils.io import read_jsonl
from mucpt_utils.pipeline import shipped, train_classifier
from mucpt_utils.pipeline.forecast import Task, described
from mucpt_utils.pipeline.outcome.finish import check_place, write_outcome
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.text.sources.base import one_line

NEEDED = ("id", "question", "answer", "subject")  # what decontamination needs of a question
TRAIN = "train-classifier"
# the user's to put right: a folder that may not be written to, a name that is too long
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

    Raises SettingsError that names the file, the setting and what is allowed.
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
    parser.add_argument("--source", required=True, metavar="PLACE", help=SOURCE_HELP)
    parser.add_argument("--out", type=Path, required=True, help="folder for what comes out")
    parser.add_argument("--settings", type=Path, help="YAML file of PipelineSettings")
    parser.add_argument(
        "--classifier", type=Path, help="a saved domain classifier; the shipped one"
    )
    parser.add_argument("--no-classifier", action="store_true", help="every document goes on")
    parser.add_argument("--questions", type=Path, help="benchmark questions, JSON Lines")
    parser.add_argument("--engine", choices=("local", "ray", "slurm"), help="what runs the tasks")
    parser.add_argument("--tasks", type=int, default=1, help="pieces the work is cut into")
    parser.add_argument("--workers", type=int, default=1, help="tasks at a time")
    parser.add_argument("--dry-run", action="store_true", help="forecast it and stop")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline, or print its plan; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == [TRAIN]:
        return train_classifier.main(words[1:])
    options = parse_arguments(words)
    try:
        settings = load_settings(options.settings, options.no_classifier, options.engine)
        model = None if settings.classifier == "off" else options.classifier or shipped.SHIPPED
        if model:
            print(f"classifier: {shipped.described(model)}")
        questions = read_jsonl(options.questions, NEEDED) if options.questions else []
        if options.dry_run:
            sizes = options.tasks, options.workers
            print(described(Task(options.source, settings, model, questions, *sizes)))
            return OK
        check_place(options.source, options.out)
        result = run_pipeline(
            options.source,
            options.out,
            settings,
            model,
            questions,
            options.tasks,
            options.workers,
        )
        written = write_outcome(result, options.source, settings, model, questions)
    except MuCPTError as error:
        print(f"pipeline: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except OSError as error:  # a folder that may not be written to, a full disk
        print(f"pipeline: {one_line(str(error))}", file=sys.stderr)
        is_users = error.errno in USERS or isinstance(error, PermissionError)
        return WRONG_INPUT if is_users else OUTSIDE
    for row in result.funnel:
        print("{stage:18} {source:24} {reason:40} {documents:>8} {tokens:>10}".format(**row))
    print(f"page: {shown(written.page)}")
    print(f"dataset: {shown(written.dataset) if written.dataset else 'none, as nothing is kept'}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
