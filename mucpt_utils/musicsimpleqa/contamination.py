"""Which benchmark questions are asked, or asked and answered, in a corpus, and where."""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from tqdm import tqdm

from mucpt_utils.errors import MuCPTError
from mucpt_utils.knowledge.facts import CANARY
from mucpt_utils.musicsimpleqa.corpus_texts import Text, corpus_texts, marked_files
from mucpt_utils.pipeline.decontamination import QuestionIndex
from mucpt_utils.text.sources import Unreadable
from mucpt_utils.text.sources.inputs import split_name

MARKED = "canary"  # in place of a question's id, for a file that contains the canary


class NothingRead(MuCPTError, ValueError):
    """A corpus of which no text could be read, so that nothing can be said about it."""


class AskedQuestion(NamedTuple):
    """A question in a document: where, whether its answer follows, and the sentence that asks."""

    question_id: str
    document: str
    file: str
    answered: bool
    sentence: str


@dataclass
class Coverage:
    """What was read in the search: the number of documents, and what could not be read."""

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
    """Look for `questions` in everything that `source` names; writes a CSV row for each one found.

    Raises NothingRead if no text could be read and no canary was found, and ValueError,
    FileNotFoundError or ConnectionError if the source cannot be opened.
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
    """A row for each file of a folder that contains the canary and is not among those `listed`."""
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
