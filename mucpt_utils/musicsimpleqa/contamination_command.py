"""Which benchmark questions are asked, or asked and answered, in a corpus, and where.

    python -m mucpt_utils contamination corpus/
    python -m mucpt_utils contamination hub:NAME:train --out questions_asked.csv
    python -m mucpt_utils contamination corpus/ --questions my_questions.jsonl

Reads the files of a folder with all their fields (including tables without a text column, and the
benchmark's own file), a file, `hub:NAME[:SPLIT]`, `gutenberg:NUMBERS`; what it leaves out, such as
hidden files and the output of a run of the pipeline, it names. Writes one row per question and
document to --out (default: standard output), and one row, with the question `canary`, for every
file that contains the benchmark's canary. Exit codes: 0 nothing found, 1 questions or the canary
found, 2 wrong arguments, a malformed file, or nothing that could be read.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO

from mucpt_utils.arguments import Parser, place
from mucpt_utils.errors import FOUND, OK, WRONG_INPUT, MuCPTError, of_system
from mucpt_utils.io import HALF_SIGNS, FileError, read_jsonl, write_text
from mucpt_utils.musicsimpleqa.questions import SPLITS, load_questions


def questions_of(name: str) -> list[dict]:
    """The questions of a split, or of any benchmark's JSON Lines file with a field `question`."""
    return load_questions(name) if name in SPLITS else questions_in(Path(name))


def questions_in(path: Path) -> list[dict]:
    """The questions of a file; `load_questions` says what is wrong with a file of none."""
    return read_jsonl(path, ("question",)) if path.is_file() else load_questions(path)


def check_inputs_stay(out: Path, inputs: Sequence[str]) -> None:
    """Raises FileError if the table would be one of the inputs, or a file of an input's folder.

    In a folder it would be read as a part of the corpus, at the latest in the next search.
    """
    place = out.resolve()
    for name in inputs:
        if Path(name).exists() and place.is_relative_to(Path(name).resolve()):
            raise FileError(f"{out} would stand in what is searched, {name}; give another --out")


@contextmanager
def written_to(path: Path | None) -> Iterator[TextIO]:
    """Where rows are written to: a file, which stays as it was until the search is done, a device,
    or the standard output."""
    if path is None:
        if isinstance(sys.stdout, TextIOWrapper):  # of a terminal that lacks some characters
            sys.stdout.reconfigure(errors=HALF_SIGNS)
        yield sys.stdout
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    utf8: Any = {"encoding": "utf-8", "errors": HALF_SIGNS, "newline": "\n"}
    if path.exists() and not path.is_file():
        with path.open("w", **utf8) as device:
            yield device
        return
    # in its folder, so that one that cannot be written to is told before a long search
    with TemporaryFile("w+", dir=path.parent, **utf8) as table:
        yield table
        table.seek(0)
        write_text(path, table.read())


def main(arguments: Sequence[str] | None = None) -> int:
    """Look for questions in a corpus; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils contamination",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", help="folder, file, hub:NAME[:SPLIT] or gutenberg:NUMBERS")
    parser.add_argument("--questions", default="test", help="test (default), dev, or a file")
    parser.add_argument("--out", type=place, help="CSV file (default: standard output)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    try:
        questions = questions_of(options.questions)
        from mucpt_utils.musicsimpleqa.contamination import search, summary

        if options.out:
            check_inputs_stay(options.out, (options.source, options.questions))
        with written_to(options.out) as table:
            rows, coverage = search(options.source, questions, table, options.quiet)
    except (MuCPTError, ValueError, OSError) as error:
        said = of_system(error) if isinstance(error, OSError) and error.errno else error
        print(f"contamination: {said}", file=sys.stderr)
        return said.exit_code if isinstance(said, MuCPTError) else WRONG_INPUT
    print(summary(rows, coverage, len(questions)), file=sys.stderr)
    return FOUND if rows else OK
