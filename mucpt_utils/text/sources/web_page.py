"""The main text of a web page, and how many words stand outside it.

trafilatura finds the main text; what it leaves out of prose that no menu, footer or aside holds
(lists and tables that stand alone, say) is put back where it stood.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from mucpt_utils.text.sources.base import Malformed, clean_text
from mucpt_utils.text.sources.page_tree import (
    BLOCKS,
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
SENTENCE_WORDS = 8  # a block of so many words is prose, unless most of it is links
MOST_LINKED = 0.5
COVERED = 0.9  # of trafilatura's words that the blocks must hold, to be read instead
MOST_OUT_OF_ORDER = 100  # blocks that stand before another in the main text, behind it in the page
SPACE = re.compile(r"[ \t\n\r\f]+")
# a text that begins so is a whole page, whatever its file is called
WHOLE = re.compile(
    r"[\s\ufeff]*+(?:<\?xml[^>]*+>\s*+)?(?:<!--(?:[^-]++|-(?!->))*+-->\s*+)*+"
    r"<(?:!doctype\s++html|html|head|body)\b",
    re.IGNORECASE,
)
BEGINNING = 4096  # characters within which a page says that it is one


class Page(NamedTuple):
    """What a page holds: its main text, what it states of itself, words outside the text."""

    text: str
    stated: dict
    words_outside: int


class Block(NamedTuple):
    """A stretch of text between two borders: its innermost block's tag, and how much is links."""

    tag: str
    text: str
    linked: int
    is_aside: bool

    @property
    def is_prose(self) -> bool:
        """Whether it is a sentence of the page, rather than a part of its menus."""
        is_linked = self.linked > MOST_LINKED * len(self.text)
        return not self.is_aside and not is_linked and len(self.text.split()) >= SENTENCE_WORDS


def is_page(text: str) -> bool:
    """Whether a text is a whole HTML page by its beginning."""
    return WHOLE.match(text, 0, BEGINNING) is not None


def begins_page(raw: bytes) -> bool:
    """Whether bytes of any character set, whose letters of tags are those of ASCII, are a page."""
    head = raw[:BEGINNING].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    return is_page(head.decode("latin-1"))


def read_page(page: str) -> Page:
    """A page's main text. Raises Malformed where it has none, or cannot be parsed."""
    page = lightened(page)
    try:
        tree, is_simplified = parsed(page)
        blocks = list(blocks_of(tree))
    except Malformed:
        raise
    except Exception as error:  # whatever a parser trips over is the page's fault
        raise Malformed(f"HTML that cannot be parsed: {type(error).__name__}") from error
    stated = stated_metadata(tree)
    text = with_missing(main_text(tree if is_simplified else page, uncrowded(tree)), blocks)
    if not text.strip():
        raise Malformed("HTML without a main text")
    words = sum(len(block.text.split()) for block in blocks)
    return Page(text, stated, max(0, words - len(text.split())))


def main_text(page: Any, uncrowded_tree: Any | None = None) -> str:
    """What trafilatura takes for the main text; empty where it stumbles, as over a lone block.

    page: its text, or its tree. uncrowded_tree: what is read in place of it.
    """
    import trafilatura

    page = page if uncrowded_tree is None else uncrowded_tree
    try:
        extracted = trafilatura.bare_extraction(page, include_comments=False, favor_precision=True)
    except Exception:  # the blocks of prose are there without it
        return ""
    return clean_text((extracted or {}).get("text") or "")


def stated_metadata(tree: Any) -> dict:
    """Title, creator, year and licence that a page states; none where they cannot be made out."""
    import trafilatura

    try:
        document = trafilatura.extract_metadata(tree, extensive=False)
        stated = document.as_dict() if document else {}
    except Exception:  # whatever they trip over, the text is there
        return {}
    fields = {"title": "title", "creator": "author", "licence": "license"}
    metadata = {
        name: clean_text(str(stated[key])) for name, key in fields.items() if stated.get(key)
    }
    year = str(stated.get("date") or "")[:4]
    return metadata | ({"year": int(year)} if year.isdigit() else {})


def with_missing(text: str, blocks: list[Block]) -> str:
    """The main text with the blocks of prose that it lacks, each where the page has it."""
    main, lines = letters(text), {letters(line) for line in text.split("\n")}
    chosen = [block for block in blocks if belongs(block, main, lines)]
    if holds(main, lines, chosen):
        return text
    whole = "".join(joined(chosen))
    return whole if len(whole.split()) >= COVERED * len(text.split()) else text


def holds(main: str, lines: set[str], blocks: list[Block]) -> bool:
    """Whether every block stands in the main text; each is looked for behind the one before.

    Where many stand before it instead, the answer is no: the blocks are read then, in their order.
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
    """Whether a block is prose, or is part of the main text. lines: of the main text."""
    return block.is_prose or letters(block.text) in lines


def joined(blocks: list[Block]) -> Iterator[str]:
    """Blocks as text: divided by blank lines, the cells of a row by bars."""
    previous = ""
    for block in blocks:
        if previous:
            yield " | " if previous in CELLS and block.tag in CELLS else "\n\n"
        yield f"- {block.text}" if block.tag == "li" else block.text
        previous = block.tag


def letters(text: str) -> str:
    """A text without white space and the marks of lists and tables, to compare in any form."""
    return "".join(text.split()).strip("-|")


def blocks_of(tree: Any) -> Iterator[Block]:
    """The visible text of a page in order, cut where one of its blocks begins or ends.

    tree: without comments, see `page_tree.parsed`.
    """
    from lxml import etree

    blocks: list[tuple[str, bool]] = [("body", False)]  # those that are open: tag, is it an aside
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
            else:
                run.add("\n" if element.tag == "br" else element.text, blocks[-1][0])
            continue
        run.links -= element.tag == "a"
        if is_block:
            blocks.pop()
        run.add(element.tail, blocks[-1][0])
    yield from run.block(*blocks[-1])


class Run:
    """Text that is being read, up to the next border of a block."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.links, self.linked = 0, 0

    def add(self, text: str | None, tag: str) -> None:
        """A stretch of text inside a `tag`; white space stands as it is in `pre` alone."""
        if text:
            text = text if tag == "pre" or text == "\n" else SPACE.sub(" ", text)
            self.pieces.append(text)
            self.linked += len(text) if self.links else 0

    def block(self, tag: str, is_aside: bool) -> Iterator[Block]:
        """What was read as a block, unless it is empty; the next one begins."""
        lines = "".join(self.pieces).split("\n")
        text = "\n".join(line.rstrip() if tag == "pre" else line.strip() for line in lines)
        if text.strip():
            yield Block(tag, clean_text(text.strip("\n")), self.linked, is_aside)
        self.pieces, self.linked = [], 0


def is_boilerplate(element: Any) -> bool:
    """Whether a block is a menu, a footer or the like, by its tag, its role or its names."""
    if element.tag in ("html", "body", "main", "article"):
        return False
    if element.tag == "header":  # of the site, not of an article
        parent = element.getparent()
        return parent is None or parent.tag not in ("article", "main", "section")
    names = f"{element.get('class', '')} {element.get('id', '')}".replace("_", "-")
    return (
        element.tag in LANDMARKS
        or element.get("role") in ROLES
        or (len(names) > 1 and BOILERPLATE.search(names) is not None)
    )


def is_hidden(element: Any) -> bool:
    """Whether a browser shows nothing of an element."""
    style = element.get("style")
    return element.get("hidden") is not None or bool(style and HIDDEN.search(style))
