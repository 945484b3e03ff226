"""Prose cut into passages at paragraph borders, with hard-wrapped lines joined again."""

import re
from collections.abc import Iterator

from mucpt_utils.config.text import SourceSettings

BLANK_LINES = re.compile(r"\n\s*\n")
SENTENCE_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)]))\s+(?=[\"'“‘(]?[A-Z0-9])")
LONGEST_SENTENCE = 24  # characters per word of the longest passage
WRAPPED_WIDTH = 45  # least average line length of a hard-wrapped paragraph, in characters


def passages(text: str, settings: SourceSettings | None = None) -> list[str]:
    """`text` cut at paragraph borders into passages of about `passage_words` words.

    Hard-wrapped prose is unwrapped; verse, tables and lists keep their lines. A paragraph longer
    than `longest_passage_words` is cut at sentence ends.
    """
    settings = settings or SourceSettings()
    cut: list[list[str]] = [[]]
    words = 0
    for paragraph in paragraphs(text, settings.longest_passage_words):
        length = len(paragraph.split())
        if words and words + length > settings.longest_passage_words:
            cut.append([])
            words = 0
        cut[-1].append(paragraph)
        words += length
        if words >= settings.passage_words:
            cut.append([])
            words = 0
    if len(cut) > 1 and words < settings.shortest_passage_words:
        cut[-2:] = [cut[-2] + cut[-1]]
    return ["\n\n".join(paragraphs) for paragraphs in cut if paragraphs]


def paragraphs(text: str, longest: int) -> Iterator[str]:
    """The paragraphs of a text, unwrapped; those longer than `longest` words come in pieces."""
    for raw in BLANK_LINES.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        paragraph = unwrap(raw)
        if not paragraph:
            continue
        if len(paragraph.split()) <= longest:
            yield paragraph
        else:
            yield from cut_at_sentences(paragraph, longest)


def cut_at_sentences(paragraph: str, longest: int) -> Iterator[str]:
    """Pieces of about equal length, none over `longest` words where sentences allow it."""
    pieces = -(-len(paragraph.split()) // longest)
    aim = len(paragraph.split()) / pieces
    piece: list[str] = []
    words = 0
    for sentence in sentences(paragraph, longest):
        length = len(sentence.split())
        if words and words + length / 2 > aim:
            yield " ".join(piece)
            piece, words = [], 0
        piece.append(sentence)
        words += length
    yield " ".join(piece)


def sentences(paragraph: str, longest: int) -> Iterator[str]:
    """The sentences of a paragraph; what is too long for one, such as a one-line dump, is cut."""
    for sentence in SENTENCE_END.split(paragraph):
        if len(sentence) <= LONGEST_SENTENCE * longest:
            yield sentence
            continue
        words = sentence.split()
        for start in range(0, len(words), longest):
            yield " ".join(words[start : start + longest])


def unwrap(paragraph: str) -> str:
    """A hard-wrapped paragraph on one line; lines that are short on average stay as they are."""
    lines = [line.strip() for line in paragraph.strip().split("\n")]
    body = lines[:-1]
    is_wrapped = body and sum(map(len, body)) / len(body) >= WRAPPED_WIDTH
    return (" " if is_wrapped else "\n").join(lines).strip()
