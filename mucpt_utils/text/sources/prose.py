"""Prose files: decoding, the licence text of Project Gutenberg, passages with metadata."""

import re
from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import Malformed, open_source
from mucpt_utils.text.sources.library import file_metadata
from mucpt_utils.text.sources.markup import from_html, strip_markup
from mucpt_utils.text.sources.passages import passages

GUTENBERG_HEADER = 60_000  # characters at most before the book itself
GUTENBERG_LICENCE = 40_000  # characters at most behind it
GUTENBERG_START = re.compile(
    r"^\*{3}\s*START OF (?:THIS|THE) PROJECT GUTENBERG.*?\*{3}|^\*END\*?\s*THE SMALL PRINT.*$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
GUTENBERG_END = re.compile(
    r"^\*{3}\s*END OF (?:THIS|THE) PROJECT GUTENBERG|^\s*End of (?:the )?Project Gutenberg"
    r"|^\*{3}\s*START: FULL LICENSE",
    re.IGNORECASE | re.MULTILINE,
)
GUTENBERG_FIELD = re.compile(r"^(Title|Author|Original publication): *(\S.*)$", re.MULTILINE)
PRINTED = re.compile(r"\b1[4-9]\d\d\b|\b20\d\d\b")


def read_prose(path: Path, root: Path, kind: str, settings: SourceSettings) -> Iterator[Document]:
    """Passages of one file of prose. kind: its suffix without the compression.

    Raises Malformed where it is not a text.
    """
    name = path.relative_to(root).as_posix()
    with open_source(path, settings.largest_text_bytes) as stream:
        raw = stream.read()
    text, metadata = decode(raw), file_metadata(path, root, settings)
    if not text.strip():
        raise Malformed("the file is empty")
    text, stated = strip_gutenberg(text)
    if kind in {".html", ".htm"}:
        text, stated = from_html(text)
    elif kind in {".md", ".rst"}:
        text = strip_markup(text, kind)
    metadata |= {key: value for key, value in stated.items() if value}
    yield from passage_documents(text, name, metadata, settings)


def passage_documents(
    text: str, name: str, metadata: dict, settings: SourceSettings
) -> Iterator[Document]:
    """`text` as Documents, one a passage: identifier `name#0001`, number in `metadata.passage`."""
    for number, passage in enumerate(passages(text, settings)):
        yield Document(
            text=passage, id=f"{name}#{number:04d}", metadata=metadata | {"passage": number}
        )


def decode(raw: bytes) -> str:
    """UTF-8, or else Windows-1252, in which old plain-text books are. Raises Malformed.

    Bytes that are mostly UTF-8 but broken somewhere are refused rather than read as Windows-1252,
    which would turn every accented letter into mojibake.
    """
    if b"\0" in raw:
        raise Malformed(f"NUL byte at {raw.index(0)}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = sum(ord(c) > 127 and c != "\ufffd" for c in raw.decode("utf-8", errors="replace"))
        if good:
            raise Malformed(f"broken UTF-8 at byte {error.start}") from error
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Malformed(f"neither UTF-8 nor Windows-1252 at byte {error.start}") from error


def strip_gutenberg(text: str) -> tuple[str, dict]:
    """The book without Project Gutenberg's licence, and title, creator, year its header states.

    A text without such a header comes back as it is, with no metadata.
    """
    start = GUTENBERG_START.search(text[:GUTENBERG_HEADER])
    header = text[: start.end()] if start else ""
    body = text[start.end() :] if start else text
    tail = max(0, len(body) - GUTENBERG_LICENCE)
    end = GUTENBERG_END.search(body, tail)
    if end:
        body = body[: end.start()]
    fields = {key.lower(): value.strip() for key, value in GUTENBERG_FIELD.findall(header)}
    stated: dict = {"title": fields.get("title"), "creator": fields.get("author")}
    if printed := PRINTED.search(fields.get("original publication", "")):
        stated["year"] = int(printed.group())
    if header:
        free = "COPYRIGHTED Project Gutenberg" not in header
        stated["licence"] = (
            "Public domain in the USA" if free else "Project Gutenberg License (copyrighted)"
        )
    return body, stated
