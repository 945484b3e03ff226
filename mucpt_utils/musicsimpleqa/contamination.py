"""Which benchmark questions are asked, or asked and answered, in a corpus, and where.

    python -m mucpt_utils contamination corpus/
    python -m mucpt_utils contamination hub:NAME:train --out found.csv
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
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.pipeline.decontamination import QuestionIndex
from mucpt_utils.text.sources import Unreadable, open_input

UNIT_BYTES = 100_000_000


class Found(NamedTuple):
    """A question in a document: where, whether its answer follows, the sentence that asks."""

    question_id: str
    document: str
    file: str
    answered: bool
    sentence: str


@dataclass
class Seen:
    """What was read while looking: documents, and what could not be read."""

    documents: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)


def find_questions(
    items: Iterable[Document | Unreadable], index: QuestionIndex, seen: Seen
) -> Iterator[Found]:
    """Every question asked in the documents; `seen` counts them and keeps what was unreadable."""
    for item in items:
        if isinstance(item, Unreadable):
            seen.unreadable.append(item)
            continue
        seen.documents += 1
        place = str(item.metadata.get("file") or item.metadata.get("source") or "")
        for match in index.find(item.text):
            yield Found(match.id, str(item.id), place, match.answered, match.sentence)


def write_found(found: Iterable[Found], file: TextIO) -> list[Found]:
    """Write rows as CSV while they come, and return them."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(Found._fields)
    rows = []
    for row in found:
        writer.writerow(row)
        rows.append(row)
    return rows


def summary(rows: Sequence[Found], seen: Seen, questions: int) -> str:
    """What was found, in a few lines."""
    answered = {row.question_id for row in rows if row.answered}
    asked = {row.question_id for row in rows}
    documents = {(row.file, row.document) for row in rows}
    lines = [
        f"{seen.documents} documents read, {len(documents)} of them ask a question",
        f"{len(asked)} of {questions} questions are asked, {len(answered)} of these answered too",
    ]
    lines += [f"not read: {u.place}: {u.reason}" for u in seen.unreadable]
    return "\n".join(lines)


def search(source: str, questions: Sequence[dict], file: TextIO, quiet: bool = False):
    """Look for `questions` in everything that `source` names; (rows, seen).

    Raises ValueError, FileNotFoundError or ConnectionError where the source cannot be opened.
    """
    index, seen = QuestionIndex(questions), Seen()
    with tempfile.TemporaryDirectory() as cache:
        units = open_input(source, SourceSettings(), Path(cache)).units(UNIT_BYTES)
        items = (item for unit in units for item in unit())
        watched = tqdm(items, desc="documents", unit="document", delay=2, disable=quiet)
        return write_found(find_questions(watched, index, seen), file), seen


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
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
        with opened as file:
            rows, seen = search(options.source, questions, file, options.quiet)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(summary(rows, seen, len(questions)), file=sys.stderr)
    return 1 if rows else 0


if __name__ == "__main__":
    sys.exit(main())
