"""The main text of a web page, and how many words are outside it.

trafilatura finds the main text; any prose that it leaves out and that is in no menu, footer or
aside (such as lists and tables on their own) is put back in its place.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from mucpt_utils.text.sources.base import Malformed, clean_text
from mucpt_utils.text.sources.page_tree import (
    BLOCKS,
    NO_WORDS,
    UNREAD,
    lightened,
    parsed,
    uncrowded,
)

OUTSIDE = "outside the main text of a page"
LANDMARKS = {"nav", "footer", "aside"}
ROLES = {"navigation", "banner", "contentinfo", "complementary", "search", "menu", "dialog"}
BOILERPLATE = re.compile(
    r"\b(nav(bar|igation)?|menu|side-?bar|footer|cookies?|consent|comments?|shar(e|ing)|social|"
    r"related|promo|advert\w*|ads?|breadcrumbs?|newsletter|pop-?up|modal|banner|subscribe)\b",
    re.IGNORECASE,
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
CELLS = {"td", "th"}
SENTENCE_WORDS = 8  # a block of this many words is prose, unless most of it is links
MOST_LINKED = 0.5
COVERED = 0.9  # share of trafilatura's words that the blocks must have to be read instead
MOST_OUT_OF_ORDER = 100  # blocks that come earlier in the main text than in the page
SPACE = re.compile(r"[ \t\n\r\f]+")
NO_LETTER = re.compile(r"[\W_]+")
# a text that begins like this is a whole page, whatever its file is called; the loop over comments
# is not possessive, because Python 3.11.2 then misses some
WHOLE = re.compile(
    r"[\s\ufeff]*+(?:<\?xml[^>]*+>\s*+)?(?:<!--(?:[^-]|-(?!->))*-->\s*)*"
    r"<(?:!doctype\s++html|html|head|body)\b",
    re.IGNORECASE,
)
BEGINNING = 4096  # characters within which a page shows that it is one


class Page(NamedTuple):
    """A page: its main text, the metadata it states, and the number of words outside the text."""

    text: str
    stated: dict
    words_outside: int


class Block(NamedTuple):
    """A piece of text between two borders, with its innermost block's tag and its linked words."""

    tag: str
    text: str
    linked: int
    is_aside: bool

    @property
    def is_prose(self) -> bool:
        """Whether it is a sentence of the page rather than part of its menus."""
        is_linked = self.linked > MOST_LINKED * len(self.text)
        return not self.is_aside and not is_linked and len(self.text.split()) >= SENTENCE_WORDS


def is_page(text: str) -> bool:
    """Whether a text begins like a whole HTML page."""
    return WHOLE.match(text, 0, BEGINNING) is not None


def begins_page(raw: bytes) -> bool:
    """Whether bytes, in any character set that writes tags as ASCII does, are a page."""
    head = raw[:BEGINNING].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    return is_page(head.decode("latin-1"))


def read_page(page: str) -> Page:
    """A page's main text. Raises Malformed if it has none, or cannot be parsed."""
    page = lightened(page)
    try:
        tree, is_simplified = parsed(page)
        blocks = list(blocks_of(tree))
    except Malformed:
        raise
    except Exception as error:  # any failure of a parser is the page's fault
        raise Malformed(f"HTML that cannot be parsed: {type(error).__name__}") from error
    stated = stated_metadata(tree)
    text = with_missing(main_text(tree if is_simplified else page, uncrowded(tree)), blocks)
    if not text.strip():
        raise Malformed("HTML without a main text")
    words = sum(len(block.text.split()) for block in blocks)
    return Page(text, stated, max(0, words - len(text.split())))


def main_text(page: Any, uncrowded_tree: Any | None = None) -> str:
    """What trafilatura takes for the main text; empty if it fails, as on a single block.

    page: its text, or its tree. uncrowded_tree: is read instead, if given.
    """
    import trafilatura

    page = page if uncrowded_tree is None else uncrowded_tree
    try:
        extracted = trafilatura.bare_extraction(page, include_comments=False, favor_precision=True)
    except Exception:  # the blocks of prose can do without it
        return ""
    return clean_text((extracted or {}).get("text") or "")


def stated_metadata(tree: Any) -> dict:
    """Title, creator, year and licence that a page states; empty if they cannot be found."""
    import trafilatura

    try:
        document = trafilatura.extract_metadata(tree, extensive=False)
        stated = document.as_dict() if document else {}
    except Exception:  # the text can do without them
        return {}
    fields = {"title": "title", "creator": "author", "licence": "license"}
    metadata = {
        name: clean_text(str(stated[key])) for name, key in fields.items() if stated.get(key)
    }
    if "creator" in metadata:
        metadata["creator"] = as_spelt(metadata["creator"], tree)
    year = str(stated.get("date") or "")[:4]
    return metadata | ({"year": int(year)} if year.isdigit() else {})


def as_spelt(author: str, tree: Any) -> str:
    """An author as the page spells the name: trafilatura takes the full stops of initials out."""
    spellings = tree.xpath("//meta[translate(@name, 'AUTHOR', 'author') = 'author']/@content")
    sought = NO_LETTER.sub("", author).casefold()
    equal = (name for name in spellings if NO_LETTER.sub("", name).casefold() == sought)
    return " ".join(clean_text(str(next(equal, author))).split())


def with_missing(text: str, blocks: list[Block]) -> str:
    """The main text plus the blocks of prose that it lacks, each in its place on the page.

    The blocks are also read where trafilatura has joined the lines of a `pre`, which is made for
    verse, chords and tables, and where the main text has more letters than the page: of a short one
    it gives the parts of a quotation twice.
    """
    main, lines = letters(text), {letters(line) for line in text.split("\n")}
    chosen = [block for block in blocks if belongs(block, main, lines)]
    repeats = count_alphanumeric(text) > sum(count_alphanumeric(block.text) for block in blocks)
    are_joined = any("\n" in b.text and letters(b.text) in lines for b in chosen if b.tag == "pre")
    if not (repeats or are_joined) and holds(main, lines, chosen):
        return text
    whole = "".join(joined(chosen))
    words = sum(len(block.text.split()) for block in blocks) if repeats else len(text.split())
    return whole if len(whole.split()) >= COVERED * words else text


def holds(main: str, lines: set[str], blocks: list[Block]) -> bool:
    """Whether every block is in the main text; each is looked for after the one before.

    If many come before it instead, the answer is no, and the blocks are read in their order.
    """
    place = out_of_order = 0
    for block in blocks:
        sought = letters(block.text)
        if sought in lines:
            continue
        start = main.find(sought, place)
        if start < 0:
            out_of_order += 1
            start = main.find(sought)
        if start < 0 or out_of_order > MOST_OUT_OF_ORDER:
            return False
        place = start
    return True


def belongs(block: Block, main: str, lines: set[str]) -> bool:
    """Whether a block is prose or part of the main text. lines: those of the main text."""
    return block.is_prose or letters(block.text) in lines


def joined(blocks: list[Block]) -> Iterator[str]:
    """Blocks as text: separated by blank lines, the cells of a row by bars."""
    previous = ""
    for block in blocks:
        if previous:
            yield " | " if previous in CELLS and block.tag in CELLS else "\n\n"
        yield f"- {block.text}" if block.tag == "li" else block.text
        previous = block.tag


def letters(text: str) -> str:
    """A text without white space and list and table marks, for comparison in any form."""
    return "".join(text.split()).strip("-|")


def count_alphanumeric(text: str) -> int:
    """The number of letters and digits in a text."""
    return len(NO_LETTER.sub("", text))


def blocks_of(tree: Any) -> Iterator[Block]:
    """The visible text of a page in order, cut where one of its blocks begins or ends.

    tree: without comments, see `page_tree.parsed`.
    """
    from lxml import etree

    blocks: list[tuple[str, bool]] = [("body", False)]  # open ones: tag, whether an aside
    run = Run()
    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        is_block = element.tag in BLOCKS
        if is_block:
            yield from run.block(*blocks[-1])
        if event == "start":
            run.links += element.tag == "a"
            if is_block:
                blocks.append((element.tag, blocks[-1][1] or is_boilerplate(element)))
            if element.tag in UNREAD or is_hidden(element):
                walk.skip_subtree()
                yield from unread_block(element)
            else:
                run.add("\n" if element.tag == "br" else element.text, blocks[-1][0])
            continue
        run.links -= element.tag == "a"
        if is_block:
            blocks.pop()
        run.add(element.tail, blocks[-1][0])
    yield from run.block(*blocks[-1])


def unread_block(element: Any) -> Iterator[Block]:
    """The words in an element that is not read, as an aside, so that they are counted."""
    if element.tag not in NO_WORDS:
        inside = " or ".join(f"ancestor::{tag}" for tag in NO_WORDS)
        text = " ".join(" ".join(element.xpath(f".//text()[not({inside})]")).split())
        if text:
            yield Block(element.tag, clean_text(text), 0, True)


class Run:
    """Text being read, up to the next border of a block."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.links, self.linked = 0, 0

    def add(self, text: str | None, tag: str) -> None:
        """Adds text inside a `tag`; white space is kept in `pre` only."""
        if text:
            text = text if tag == "pre" or text == "\n" else SPACE.sub(" ", text)
            self.pieces.append(text)
            self.linked += len(text) if self.links else 0

    def block(self, tag: str, is_aside: bool) -> Iterator[Block]:
        """The text read so far as a block, unless it is empty; the next one begins."""
        lines = "".join(self.pieces).split("\n")
        text = "\n".join(line.rstrip() if tag == "pre" else line.strip() for line in lines)
        if text.strip():
            yield Block(tag, clean_text(text.strip("\n")), self.linked, is_aside)
        self.pieces, self.linked = [], 0


def is_boilerplate(element: Any) -> bool:
    """Whether a block is a menu, a footer or the like, by its tag, its role or its names."""
    if element.tag in ("html", "body", "main", "article"):
        return False
    if element.tag == "header":  # only one of the site, not of an article
        parent = element.getparent()
        return parent is None or parent.tag not in ("article", "main", "section")
    names = f"{element.get('class', '')} {element.get('id', '')}".replace("_", "-")
    return (
        element.tag in LANDMARKS
        or element.get("role") in ROLES
        or (len(names) > 1 and BOILERPLATE.search(names) is not None)
    )


def is_hidden(element: Any) -> bool:
    """Whether browsers hide an element."""
    style = element.get("style")
    return element.get("hidden") is not None or bool(style and HIDDEN.search(style))
