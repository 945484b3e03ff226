"""Prose files: decoded, stripped of what surrounds a book or page, cut into passages."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import (
    BUFFER,
    Item,
    Malformed,
    PassedOver,
    TooLong,
    Unreadable,
    excerpt,
    open_source,
    path_name,
)
from mucpt_utils.text.sources.encodings import (
    GUESSED,
    decode,
    decoded,
    is_utf8,
    stated_charset,
    stated_in_text,
)
from mucpt_utils.text.sources.etext import strip_gutenberg
from mucpt_utils.text.sources.library import file_metadata, is_gutenberg, source_of
from mucpt_utils.text.sources.markup import strip_markup
from mucpt_utils.text.sources.passages import passages
from mucpt_utils.text.sources.web_page import OUTSIDE, begins_page, read_page

LICENCE = "Project Gutenberg's header, licence and credits"
MARKUP = "markup that is no prose"  # front matter, comments, directives
# how files that are not text begin, whatever their suffix says
FORMATS = {
    b"%PDF-1": "a PDF",
    b"{\\rtf1": "RTF",
    b"PK\3\4": "a ZIP archive, as .docx, .odt and .epub are",
    b"\xd0\xcf\x11\xe0": "a document of an old office program",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!\x1a": "a RAR archive",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"SQLite format 3\0": "an SQLite database",
}
MOST_BROKEN = 0.05  # largest share of broken lines in a text; they are left out
OVERSTRUCK = re.compile("[^\n]\b")  # how manuals print bold and underlined letters


def read_prose(path: Path, root: Path, kind: str, settings: SourceSettings) -> Iterator[Item]:
    """Passages of one prose file, and how many words around them were cut.

    kind: its suffix without the compression; a whole web page is read as one, whatever it is
    called. Damaged compression gives one Unreadable, and whatever else could be
    unpacked is read. Raises Malformed if it is not text.
    """
    name = path_name(path, root)
    with open_source(path, settings.largest_text_bytes) as stream:
        raw, damage = readable_bytes(stream)
    if other := next((what for magic, what in FORMATS.items() if raw.startswith(magic)), ""):
        raise Malformed(f"no text but {other}, by its first bytes")
    kind = ".html" if begins_page(raw) else kind
    whole, guessed, broken = as_text(raw, kind, name, source_of(path, root))
    metadata = file_metadata(path, root, settings)
    if not whole.strip():
        raise Malformed(damage or "the file is empty")
    if damage:
        yield Unreadable(metadata["source"], name, damage)
    yield from broken
    text, stated, cut = prose_of(whole, kind, is_gutenberg(path))
    stated[GUESSED] = guessed
    metadata |= {key: value for key, value in stated.items() if value}
    yield from passage_documents(text, name, metadata, settings)
    for reason, words in cut.items():
        if words > 0:
            yield PassedOver(metadata["source"], name, reason, words=words)


def readable_bytes(stream: BinaryIO) -> tuple[bytes, str]:
    """The undamaged content of a stream, and the first damage, if any. Raises TooLong."""
    pieces, damage = list[bytes](), ""
    while True:
        try:
            while piece := cast(io.BufferedReader, stream).read1(BUFFER):
                pieces.append(piece)
            return b"".join(pieces), damage
        except TooLong:
            raise
        except Malformed as error:
            damage = damage or str(error)


def as_text(
    raw: bytes, kind: str, name: str, source: str
) -> tuple[str, str | None, list[Unreadable]]:
    """The text of a file, its character set if that was guessed, and its broken lines.

    Raises Malformed if it is not text, or if too many lines are broken for chance to explain.
    """
    try:
        return *decoded(raw, stated_charset(raw) if kind == ".html" else stated_in_text(raw)), []
    except Malformed:
        end = b"\n" if b"\n" in raw else b"\r"
        lines = raw.split(end)
        bad = {n: line for n, line in enumerate(lines) if 0 in line or not is_utf8(line)}
        if kind == ".html" or not 0 < len(bad) <= MOST_BROKEN * len(lines):
            raise
    text = decode(end.join(b"" if n in bad else line for n, line in enumerate(lines)))
    reason = "a line that is no UTF-8, or has a NUL byte"
    broken = [Unreadable(source, f"{name}:{n + 1}", reason, excerpt(bad[n])) for n in bad]
    return text, None, broken


def prose_of(text: str, kind: str, is_book: bool = False) -> tuple[str, dict, dict[str, int]]:
    """The prose of a file, the metadata it states, and how many words were cut, by reason.

    is_book: whether it is known to be a book of Project Gutenberg. Raises Malformed if nothing
    is left.
    """
    if kind == ".html":
        page = read_page(text)
        return page.text, page.stated, {OUTSIDE: page.words_outside}
    text = OVERSTRUCK.sub("", text) if "\b" in text else text
    body, stated = strip_gutenberg(text, is_book)
    cut = len(text.split()) - len(body.split()) if len(body) < len(text) else 0
    prose = strip_markup(body, kind) if kind in {".md", ".rst"} else body
    if not prose.strip():
        raise Malformed("the file holds no prose" if kind != ".txt" else "a licence without a book")
    markup = count_words(body) - count_words(prose) if prose is not body else 0
    return prose, stated, {LICENCE: cut, MARKUP: markup}


def count_words(text: str) -> int:
    """The number of words with a letter or a digit; list and heading marks do not count."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def passage_documents(
    text: str, name: str, metadata: dict, settings: SourceSettings
) -> Iterator[Document]:
    """`text` as Documents, one per passage: id `name#0001`, number in `metadata.passage`."""
    for number, passage in enumerate(passages(text, settings)):
        yield Document(
            text=passage, id=f"{name}#{number:04d}", metadata=metadata | {"passage": number}
        )
