"""Prose files: decoded, without what stands around a book or a page, in passages with metadata."""

from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import Item, Malformed, PassedOver, open_source, path_name
from mucpt_utils.text.sources.encodings import GUESSED, decoded, stated_charset
from mucpt_utils.text.sources.etext import strip_gutenberg
from mucpt_utils.text.sources.library import file_metadata, is_gutenberg
from mucpt_utils.text.sources.markup import strip_markup
from mucpt_utils.text.sources.passages import passages
from mucpt_utils.text.sources.web_page import OUTSIDE, begins_page, read_page

LICENCE = "Project Gutenberg's header, licence and credits"
MARKUP = "markup that is no prose"  # front matter, comments, directives


def read_prose(path: Path, root: Path, kind: str, settings: SourceSettings) -> Iterator[Item]:
    """Passages of one file of prose, and how many words stood around them.

    kind: its suffix without the compression; what is a whole page is read as one, whatever it is
    called. Raises Malformed where it is not a text.
    """
    name = path_name(path, root)
    with open_source(path, settings.largest_text_bytes) as stream:
        raw = stream.read()
    kind = ".html" if begins_page(raw) else kind
    whole, guessed = decoded(raw, stated_charset(raw) if kind == ".html" else None)
    metadata = file_metadata(path, root, settings)
    if not whole.strip():
        raise Malformed("the file is empty")
    text, stated, cut = prose_of(whole, kind, is_gutenberg(path))
    stated[GUESSED] = guessed
    metadata |= {key: value for key, value in stated.items() if value}
    yield from passage_documents(text, name, metadata, settings)
    for reason, words in cut.items():
        if words > 0:
            yield PassedOver(metadata["source"], name, reason, words=words)


def prose_of(text: str, kind: str, is_book: bool = False) -> tuple[str, dict, dict[str, int]]:
    """The prose of a file, the metadata it states, and by reason the words that were cut.

    is_book: whether it is known to be a book of Project Gutenberg. Raises Malformed where nothing
    is left.
    """
    if kind == ".html":
        page = read_page(text)
        return page.text, page.stated, {OUTSIDE: page.words_outside}
    body, stated = strip_gutenberg(text, is_book)
    cut = len(text.split()) - len(body.split()) if len(body) < len(text) else 0
    prose = strip_markup(body, kind) if kind in {".md", ".rst"} else body
    if not prose.strip():
        raise Malformed("the file holds no prose" if kind != ".txt" else "a licence without a book")
    markup = count_words(body) - count_words(prose) if prose is not body else 0
    return prose, stated, {LICENCE: cut, MARKUP: markup}


def count_words(text: str) -> int:
    """Words with a letter or a digit; a mark of a list or a heading is none."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def passage_documents(
    text: str, name: str, metadata: dict, settings: SourceSettings
) -> Iterator[Document]:
    """`text` as Documents, one a passage: identifier `name#0001`, number in `metadata.passage`."""
    for number, passage in enumerate(passages(text, settings)):
        yield Document(
            text=passage, id=f"{name}#{number:04d}", metadata=metadata | {"passage": number}
        )
