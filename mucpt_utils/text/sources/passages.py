"""Prose cut into passages at paragraph borders, with hard-wrapped lines joined again."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

from mucpt_utils.config.text import SourceSettings

BLANK_LINES = re.compile(r"\n\s*\n")
SENTENCE_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)]))\s+(?=[\"'“‘(]?[A-Z0-9])")
SPACED = re.compile(r"\S+\s*")
LONGEST_SENTENCE = 24  # characters per word of the longest passage
WRAPPED_WIDTH = 45  # least average line length of a hard-wrapped paragraph, in characters
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# a word with a hyphen at the end of a line, the rest on the next: `compo-`, `well-`
CUT_HEAD, CUT_TAIL = re.compile(r"\b([^\W\d_]{2,})-\Z"), re.compile(r"[a-z\u00df-\u017f]{2,}")
LONGEST_HEAD = 40  # characters
SUSPENDED = ("and", "or", "to", "nor", "but")  # two- and three-part
# what separates columns, or a title from its page
COLUMN = re.compile(r"\S(?: {3,}|\t)[ \t]*\S|(?:\. ?){4}\s*\w+$")
COLUMN_GAPS = ("   ", "\t", "...", ". .")
CAPITAL = re.compile(r"[^\w\n]{0,3}[A-Z]")
VERSE_ENDS = (*".,;:!?—-", *"\"'”’)")
SHORTEST_VERSE, MANY_LINES = 4, 6  # lines
WIDEST_VERSE = 100  # characters
# how the items of a list, the fields of a record and the speeches of a scene begin, and what share
# of the lines must begin so
ITEMS = (
    (0, re.compile(r"[-*•–+] +\S")),
    (0, re.compile(r"\(?(?:\d{1,2}|[IVX]{1,5}|[a-z](?=\)))[.)] +\S")),
    (0.5, re.compile(r"[A-Z][\w '/-]{0,30}: +\S")),
    (0.5, re.compile(r"[A-Z][A-Z.' -]{2,30}[.:] +\S")),
)


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
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    words = cache(lambda: frozenset(WORD.findall(text.lower())))  # few texts need them
    for raw in BLANK_LINES.split(text):
        paragraph = unwrap(raw, words)
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
    for gap, sentence in sentences(paragraph, longest):
        length = len(sentence.split())
        if words and words + length / 2 > aim:
            yield "".join(piece)
            piece, words = [], 0
        piece += [gap, sentence] if piece else [sentence]
        words += length
    yield "".join(piece)


def sentences(paragraph: str, longest: int) -> Iterator[tuple[str, str]]:
    """The sentences of a paragraph, each after what parts it from the one before: the end of a line
    that is kept, or a space."""
    gap, start = "", 0
    for end in (*SENTENCE_END.finditer(paragraph), None):
        for piece in bounded(paragraph[start : end.start() if end else None], longest):
            yield gap, piece
            gap = " "
        if end:
            gap, start = "\n" if "\n" in end.group() else " ", end.end()


def bounded(sentence: str, longest: int) -> Iterator[str]:
    """A sentence; what is too long for one, such as a one-line dump or a table, in pieces."""
    if len(sentence) <= LONGEST_SENTENCE * longest:
        yield sentence
        return
    has_lines = "\n" in sentence
    words = SPACED.findall(sentence) if has_lines else [f"{word} " for word in sentence.split()]
    for start in range(0, len(words), longest):
        yield "".join(words[start : start + longest]).strip()


def unwrap(paragraph: str, words: Callable[[], frozenset[str]] = frozenset) -> str:
    """A hard-wrapped paragraph on one line; what is no running prose keeps its lines.

    These are lines that are short on average, columns, verse, and the items of a list, a record or
    a scene, each of which is unwrapped by itself. words: gives those of the whole text, in lower
    case; a word cut at the end of a line is made whole if it is one of them, and keeps its hyphen
    otherwise.
    """
    lines = [line.strip() for line in paragraph.strip().split("\n")]
    body = lines[:-1]
    if not body or sum(map(len, body)) / len(body) < WRAPPED_WIDTH:
        return "\n".join(lines).strip()
    joined, opens = " ".join(lines), item_openings(lines)
    if (any(gap in joined for gap in COLUMN_GAPS) and has_columns(lines)) or is_verse(lines):
        return "\n".join(lines)
    if not any(opens) and "- " not in joined:  # nearly all prose
        return joined
    pieces = [lines[0]]
    for line, opens_item in zip(lines[1:], opens[1:], strict=True):
        before, gap = (pieces[-1], "\n") if opens_item else joint(pieces[-1], line, words)
        pieces[-1:] = [before, gap, line]
    return "".join(pieces).strip()


def joint(line: str, following: str, words: Callable[[], frozenset[str]]) -> tuple[str, str]:
    """A line, without its hyphen if that only cuts a word, and what parts it from the next."""
    if not line.endswith("-"):
        return line, " "
    head, tail = CUT_HEAD.search(line, max(0, len(line) - LONGEST_HEAD)), CUT_TAIL.match(following)
    if not head or not tail or tail[0] in SUSPENDED:
        return line, " "
    whole, compound = (head[1] + tail[0]).lower(), f"{head[1]}-{tail[0]}".lower()
    is_cut = whole in words() and compound not in words()
    return line[:-1] if is_cut else line, ""


def has_columns(lines: list[str]) -> bool:
    """Whether half of the lines have gaps or leaders: tables, contents, chords over text."""
    return 2 * sum(1 for line in lines if COLUMN.search(line)) >= len(lines)


def is_verse(lines: list[str]) -> bool:
    """Whether it would be a great chance if lines were prose: all begin with a capital, one ends
    where the next word had room, and they are many or most end in a mark."""
    if len(lines) < SHORTEST_VERSE or not all(CAPITAL.match(line) for line in lines):
        return False
    width, text = max(map(len, lines)), " ".join(lines)
    capitals, small = (sum(map(case, text)) for case in (str.isupper, str.islower))
    # whole paragraphs; headings, and the summary of a chapter: `In Vienna--A Quarrel--Fame`
    if width > WIDEST_VERSE or capitals > small or text.count("--") >= len(lines):
        return False
    has_room = any(
        len(line) + 1 + len(following.split(maxsplit=1)[0]) <= width
        for line, following in pairwise(lines)
    )
    marked = sum(line.endswith(VERSE_ENDS) for line in lines)
    return has_room and (len(lines) >= MANY_LINES or 2 * marked >= len(lines))


def item_openings(lines: list[str]) -> list[bool]:
    """Which lines begin an item; none unless the first and another one do, and alike.

    Names before a colon or a full stop are so common that most lines must begin with one.
    """
    for least, pattern in ITEMS:
        if not pattern.match(lines[0]):
            continue
        opens = [pattern.match(line) is not None for line in lines]
        if sum(opens) >= max(2, least * len(lines)):
            return opens
    return [False] * len(lines)
