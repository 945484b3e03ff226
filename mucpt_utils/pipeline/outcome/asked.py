"""Benchmark questions that were asked in documents: which ones, and by which words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mucpt_utils.pipeline.decontamination import QuestionIndex
from mucpt_utils.pipeline.outcome.excerpts import Excerpt, excerpt
from mucpt_utils.pipeline.questions.canaries import numbers_in
from mucpt_utils.pipeline.questions.words import stem, words

NOTED = "kept, and noted"
NOTED_CANARY = f"{NOTED}: it holds the benchmark's canary"
LOOKED_AT = 20_000  # characters of a document that are searched
ANSWER_WITHIN = 120  # characters after the sentence that asks
WORD = re.compile(r"\w+")


class Asked(NamedTuple):
    """A document that asks: the passage with the questions' words marked, and the questions."""

    id: str
    reason: str
    passage: Excerpt
    questions: list[dict]


class Questions:
    """The benchmark's questions by their identifiers, as decontamination names them."""

    def __init__(self, questions: Sequence[Mapping]) -> None:
        self.by_id = {str(q.get("id") or number): q for number, q in enumerate(questions, 1)}

    def asked_in(self, row: Mapping, length: int) -> Asked:
        """The passage of a document that asks the questions named in its row."""
        text = row["text"][:LOOKED_AT]
        ids = row.get("detail", {}).get("questions") or row["metadata"].get("asked_questions", [])
        asked = [self.by_id[name] for name in map(str, ids) if name in self.by_id]
        marks = marks_of(text, asked)
        return Asked(
            str(row["id"]),
            row.get("reason", NOTED_CANARY if row["metadata"].get("holds_canary") else NOTED),
            excerpt(text, marks, length),
            [{"question": q["question"], "answer": q.get("answer", "")} for q in asked],
        )


def marks_of(text: str, questions: Sequence[Mapping]) -> list[tuple[int, int]]:
    """Those words of the asking sentences that are in the questions or in their answers.

    If the document contains the benchmark's canary, that is marked.
    """
    if not questions:
        return numbers_in(text)
    index = QuestionIndex(questions)
    by_id = {str(q.get("id") or number): q for number, q in enumerate(questions, 1)}
    spans: list[tuple[int, int]] = []
    for match in index.find(text):
        start = text.find(match.sentence)
        if start >= 0:
            question, end = by_id[match.id], start + len(match.sentence)
            asking = f"{question['question']} {question.get('subject', '')}"
            spans += shared_words(text, start, end, asking)
            if match.answered:
                answer = str(question.get("answer", ""))
                spans += shared_words(text, start, end + ANSWER_WITHIN, answer)
    return spans or numbers_in(text)


def shared_words(text: str, start: int, end: int, stated: str) -> list[tuple[int, int]]:
    """The words of text[start:end] that are also in `stated`."""
    stems = {stem(word) for word in words(stated)}
    tokens = WORD.finditer(text, start, end)
    return [token.span() for token in tokens if is_among(token.group(), stems)]


def is_among(word: str, stems: Iterable[str]) -> bool:
    """Whether a word, in whatever form, is among these stems."""
    return any(stem(form) in stems for form in words(word))
