"""Which benchmark questions are asked, or asked and answered, in a corpus, and where.

    python -m mucpt_utils contamination corpus/
    python -m mucpt_utils contamination hub:NAME:train --out questions_asked.csv
    python -m mucpt_utils contamination corpus/ --questions my_questions.jsonl

Reads what the pipeline reads: a folder or file, `hub:NAME[:SPLIT]`, `gutenberg:NUMBERS`. Writes one
row a question and document to --out (default: standard output). Exit codes: 0 nothing found,
1 questions found, 2 wrong arguments or a malformed file.
"""

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from datatrove.data import Document
from tqdm import tqdm

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.errors import FOUND, OK, WRONG_INPUT, MuCPTError
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.pipeline.decontamination import QuestionIndex
from mucpt_utils.text.sources import Unreadable, open_input

UNIT_BYTES = 100_000_000


class AskedQuestion(NamedTuple):
    """A question in a document: where, whether its answer follows, the sentence that asks."""

    question_id: str
    document: str
    file: str
    answered: bool
    sentence: str


@dataclass
class Coverage:
    """What was read while looking: documents, and what could not be read."""

    documents: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)


def find_questions(
    items: Iterable[Document | Unreadable], index: QuestionIndex, coverage: Coverage
) -> Iterator[AskedQuestion]:
    """Every question asked in the documents; `coverage` counts them and what was unreadable."""
    for item in items:
        if isinstance(item, Unreadable):
            coverage.unreadable.append(item)
            continue
        coverage.documents += 1
        file = str(item.metadata.get("file") or item.metadata.get("source") or "")
        for match in index.find(item.text):
            yield AskedQuestion(match.id, str(item.id), file, match.answered, match.sentence)


def search(
    source: str, questions: Sequence[dict], table: TextIO, quiet: bool = False
) -> tuple[list[AskedQuestion], Coverage]:
    """Look for `questions` in everything that `source` names; a CSV row for each, as it is found.

    Raises ValueError, FileNotFoundError or ConnectionError where the source cannot be opened.
    """
    index, coverage = QuestionIndex(questions), Coverage()
    writer = csv.writer(table, lineterminator="\n")
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        units = open_input(source, SourceSettings(), Path(cache)).units(UNIT_BYTES)
        writer.writerow(AskedQuestion._fields)
        items = (item for unit in units for item in unit())
        watched = tqdm(items, desc="documents", unit="document", delay=2, disable=quiet)
        for row in find_questions(watched, index, coverage):
            writer.writerow(row)
            rows.append(row)
    return rows, coverage


def summary(rows: Sequence[AskedQuestion], coverage: Coverage, questions: int) -> str:
    """What was read and what it asks, in a few lines."""
    answered = {row.question_id for row in rows if row.answered}
    asked = {row.question_id for row in rows}
    documents = {(row.file, row.document) for row in rows}
    lines = [
        f"{coverage.documents} documents read, {len(documents)} of them ask a question",
        f"{len(asked)} of {questions} questions are asked, {len(answered)} of these answered too",
    ]
    lines += [f"not read: {u.place}: {u.reason}" for u in coverage.unreadable]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Look for questions in a corpus; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m mucpt_utils contamination",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", help="folder, file, hub:NAME[:SPLIT] or gutenberg:NUMBERS")
    parser.add_argument("--questions", default="test", help="test (default), dev, or a file")
    parser.add_argument("--out", type=Path, help="CSV file (default: standard output)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    try:
        questions = load_questions(options.questions)
        opened = options.out.open("w", encoding="utf-8") if options.out else nullcontext(sys.stdout)
        with opened as table:
            rows, coverage = search(options.source, questions, table, options.quiet)
    except (MuCPTError, ValueError, OSError) as error:
        print(f"contamination: {error}", file=sys.stderr)
        return error.exit_code if isinstance(error, MuCPTError) else WRONG_INPUT
    print(summary(rows, coverage, len(questions)), file=sys.stderr)
    return FOUND if rows else OK
