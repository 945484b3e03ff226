"""Which benchmark questions are asked, or asked and answered, in a corpus, and where.

    python -m mucpt_utils contamination corpus/
    python -m mucpt_utils contamination hub:NAME:train --out questions_asked.csv
    python -m mucpt_utils contamination corpus/ --questions my_questions.jsonl

Reads every file of a folder with all its fields (also tables without a text column, and the
benchmark's own file), a file, `hub:NAME[:SPLIT]`, `gutenberg:NUMBERS`. Writes one row a question
and document to --out (default: standard output), and one, with the question `canary`, for every
file that holds the benchmark's canary. Exit codes: 0 nothing found, 1 questions or the canary
found, 2 wrong arguments, a malformed file, or nothing that could be read.
"""

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from tqdm import tqdm

from mucpt_utils.arguments import Parser
from mucpt_utils.errors import FOUND, OK, WRONG_INPUT, MuCPTError, of_system
from mucpt_utils.io import HALF_SIGNS, read_jsonl
from mucpt_utils.knowledge.facts import CANARY
from mucpt_utils.musicsimpleqa.corpus_texts import Text, corpus_texts, marked_files
from mucpt_utils.musicsimpleqa.questions import SPLITS, load_questions
from mucpt_utils.pipeline.decontamination import QuestionIndex
from mucpt_utils.text.sources import Unreadable
from mucpt_utils.text.sources.inputs import split_name

MARKED = "canary"  # stands for a question's id where a file holds the canary


class NothingRead(MuCPTError, ValueError):
    """A corpus of which no text could be read: nothing can be said about it."""


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
    items: Iterable[Text | Unreadable], index: QuestionIndex, coverage: Coverage
) -> Iterator[AskedQuestion]:
    """Every question asked in the texts; `coverage` counts them and what was unreadable."""
    for item in items:
        if isinstance(item, Unreadable):
            coverage.unreadable.append(item)
            continue
        coverage.documents += 1
        if index.canary_in(item.content):
            yield AskedQuestion(MARKED, item.document, item.file, False, "")
        for match in index.find(item.content):
            yield AskedQuestion(match.id, item.document, item.file, match.answered, match.sentence)


def search(
    source: str, questions: Sequence[dict], table: TextIO, quiet: bool = False
) -> tuple[list[AskedQuestion], Coverage]:
    """Look for `questions` in everything that `source` names; a CSV row for each, as it is found.

    Raises NothingRead where no text could be read and no canary was found, and ValueError,
    FileNotFoundError or ConnectionError where the source cannot be opened.
    """
    index, coverage = QuestionIndex(questions, [CANARY]), Coverage()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(AskedQuestion._fields)
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        texts = corpus_texts(source, Path(cache))
        watched = tqdm(texts, desc="documents", unit="document", delay=2, disable=quiet)
        for row in find_questions(watched, index, coverage):
            writer.writerow(row)
            rows.append(row)
    for row in canaries(source, index, {row.file for row in rows if row.question_id == MARKED}):
        writer.writerow(row)
        rows.append(row)
    if not coverage.documents and not rows:
        reasons = "; ".join(f"{u.place}: {u.reason}" for u in coverage.unreadable[:3])
        raise NothingRead(f"no text of {source} could be read ({reasons or 'it holds none'})")
    return rows, coverage


def canaries(source: str, index: QuestionIndex, listed: set[str]) -> Iterator[AskedQuestion]:
    """A row for each file of a folder that holds the canary and is not among those `listed`."""
    kind, name = split_name(source)
    if kind == "path":
        for file in marked_files(Path(name), index.canaries):
            if file not in listed:
                yield AskedQuestion(MARKED, file, file, False, "")


def summary(rows: Sequence[AskedQuestion], coverage: Coverage, questions: int) -> str:
    """What was read and what it asks, in a few lines."""
    asking = [row for row in rows if row.question_id != MARKED]
    answered = {row.question_id for row in asking if row.answered}
    asked = {row.question_id for row in asking}
    documents = {(row.file, row.document) for row in asking}
    marked = {row.file for row in rows if row.question_id == MARKED}
    lines = [
        f"{coverage.documents} documents read, {len(documents)} of them ask a question",
        f"{len(asked)} of {questions} questions are asked, {len(answered)} of these answered too",
    ]
    lines += [f"holds the canary: {file}" for file in sorted(marked)]
    lines += [f"not read: {u.place}: {u.reason}" for u in coverage.unreadable]
    return "\n".join(lines)


def questions_of(name: str) -> list[dict]:
    """The questions of a split, or of any benchmark's JSON Lines file with a field `question`."""
    return load_questions(name) if name in SPLITS else questions_in(Path(name))


def questions_in(path: Path) -> list[dict]:
    """The questions of a file; load_questions says what is wrong where it is none."""
    return read_jsonl(path, ("question",)) if path.is_file() else load_questions(path)


def written_to(path: Path | None) -> AbstractContextManager[TextIO]:
    """The table that rows are written to: a file, whose folder is made, or the standard output."""
    if path is None:
        return nullcontext(sys.stdout)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8", errors=HALF_SIGNS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Look for questions in a corpus; returns the exit code."""
    parser = Parser(
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
        questions = questions_of(options.questions)
        with written_to(options.out) as table:
            rows, coverage = search(options.source, questions, table, options.quiet)
    except (MuCPTError, ValueError, OSError) as error:
        said = of_system(error) if isinstance(error, OSError) and error.errno else error
        print(f"contamination: {said}", file=sys.stderr)
        return said.exit_code if isinstance(said, MuCPTError) else WRONG_INPUT
    print(summary(rows, coverage, len(questions)), file=sys.stderr)
    return FOUND if rows else OK
