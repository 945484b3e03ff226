"""Short paragraphs of a long page that ask by themselves: a post of a forum, a heading of an FAQ.

Prose around a question makes an accident likelier, so that its words count less. What stands in a
paragraph of its own is read as a text of its own, if its subject is named beyond doubt.
"""

import re
from collections.abc import Callable, Iterator

from mucpt_utils.pipeline.questions.asking import SIGN, TRIGGERS
from mucpt_utils.pipeline.questions.asking_sentences import cut_at_ends
from mucpt_utils.pipeline.questions.words import raw_words

BLANK_LINE = re.compile(r"\n[ \t]*\n")
# what somebody says in a story opens with a quotation mark
SPOKEN = re.compile(r"\s*[\"“”„«'‘’]")
# words and characters of the longest of them
LONGEST, LONGEST_CHARACTERS = 35, 300
# characters of a line that no wrapping to a width makes
WIDEST_WRAPPED = 120


def asking_paragraphs(text: str, may_name: Callable[[set[str]], bool]) -> Iterator[str]:
    """The short paragraphs of a text that may ask, and the short lines of the longer ones.

    may_name: whether words (see `raw_words`) may name a subject.
    """
    for paragraph in BLANK_LINE.split(text):
        for part in [paragraph] if is_brief(paragraph) else lines_of(paragraph):
            if part.strip() and is_brief(part) and not SPOKEN.match(part):
                tokens = raw_words(part)
                asks = SIGN.search(part) or not TRIGGERS.isdisjoint(tokens)
                if asks and may_name(tokens):
                    yield part


def is_brief(text: str) -> bool:
    """Whether a paragraph is no longer than a question with its answer."""
    return len(text) <= LONGEST_CHARACTERS and len(text.split(None, LONGEST)) <= LONGEST


def lines_of(paragraph: str) -> Iterator[str]:
    """The lines of a paragraph; if it is wrapped to a width, those of a sentence together."""
    lines = paragraph.split("\n")
    if max(map(len, lines)) > WIDEST_WRAPPED:
        yield from lines
        return
    line = ""
    for sentence in cut_at_ends(paragraph):
        if line.endswith("\n") or sentence.startswith("\n"):
            yield line
            line = ""
        line += sentence
    yield line
