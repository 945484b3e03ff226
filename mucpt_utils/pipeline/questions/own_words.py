"""Questions that stand in a text word for word, which are asked whatever stands behind them.

In other words, another answer shows that another thing is asked. The words of the benchmark itself
are the benchmark's, also beside a wrong answer, a score or a count.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

BEGINNING = 3  # words by which a question is looked up; shorter ones may stand anywhere


class Own(NamedTuple):
    """A question: its id, its words, and how it is written."""

    id: str
    words: list[str]
    text: str


class OwnWords:
    """The questions by the words that they begin with."""

    def __init__(self, questions: Iterable[Mapping]) -> None:
        self.by_beginning: dict[tuple[str, ...], list[Own]] = defaultdict(list)
        for number, question in enumerate(questions, 1):
            own = plain_words(question["question"])
            if len(own) >= BEGINNING:
                entry = Own(str(question.get("id") or number), own, question["question"])
                self.by_beginning[tuple(own[:BEGINNING])].append(entry)

    def find(self, text: str) -> dict[str, str]:
        """The questions that a text has word for word, by id; not behind others in a sentence."""
        told = plain_words(text)
        rows = zip(*(told[start:] for start in range(BEGINNING)), strict=False)
        return {
            own.id: own.text
            for start, row in enumerate(rows)
            for own in self.by_beginning.get(row, ())
            if told[start : start + len(own.words)] == own.words and begins(own.words, text)
        }


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return re.findall(r"\w+", plain(text))


def plain(text: str) -> str:
    """A text in lower case, its letters in their usual form."""
    return unicodedata.normalize("NFKC", text).casefold()


def begins(own: Sequence[str], text: str) -> bool:
    """Whether no word in the same clause precedes the words: not `It was X who recorded Y`."""
    asked = r"\W+".join(own)
    return re.search(rf"(?<![^\W\d_] )(?<![^\W\d_], )\b{asked}\b", plain(text)) is not None
