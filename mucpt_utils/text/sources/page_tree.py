"""A page as a tree that holds all of its text and is read in linear time.

The parser stops at 256 tags inside each other, and old pages that never close a `<font>` get there;
and libraries that read a tree take a time that grows with the square of how many inline tags, or
stretches of text between blocks, stand side by side. Such pages are simplified; words never go.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from mucpt_utils.text.sources.base import Malformed

UNREAD = {
    *("script", "style", "noscript", "template", "iframe", "svg", "head", "select", "object"),
    *("button", "textarea"),
}
BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details"),
    *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3"),
    *("h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section"),
    *("summary", "table", "tbody", "td", "th", "thead", "tfoot", "tr", "ul"),
}
INLINE = {
    *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blink", "cite", "code", "data", "del"),
    *("dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "s", "samp", "small"),
    *("span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var"),
}
XML = re.compile(r"\A\s*<\?xml[^>]*\?>")
TAG = re.compile(r"</?([a-zA-Z][\w:-]*+)[^<>]*+>")
KEPT_WHEN_FLAT = UNREAD | {"title", "meta", "br", "html", "body"}
# tags without text, one behind the other, take trafilatura a time that grows with their square
TEXTLESS = re.compile(
    r"<(?:img|input|wbr|source|track|embed|param|area|col)\b[^<>]*>", re.IGNORECASE
)
MOST_TEXTLESS = 1000
# the parser compares each attribute of a tag with all before it; a long one has very many, or holds
# a picture in place of its address
LONG = 20_000  # characters of a tag
BEGINS_LONG = re.compile(rf"<[a-zA-Z][^<>]{{{LONG}}}")
WHOLE_TAG = re.compile(r"""<([a-zA-Z][\w:-]*+)(?:[^<>"']|"[^"]*+"|'[^']*+')*+>""")
# scripts and styles side by side take trafilatura a time that grows with their square
CODE = re.compile(r"<(script|style)\b[^<>]*+>", re.IGNORECASE)
END_OF_CODE = {
    name: re.compile(rf"</{name}\b[^<>]*+>", re.IGNORECASE) for name in ("script", "style")
}
STATED = "ld+json"  # a script that states title and creator
MOST_CODE = 500
MOST_BESIDE = 500  # inline tags or stretches of text in one element, comments in a page
GONE = "gone"  # stands in place of the name of a tag that is taken out


class Parsed(NamedTuple):
    """A page as a tree (lxml) without comments, and whether it was simplified for that."""

    tree: Any
    is_simplified: bool


def parsed(page: str) -> Parsed:
    """A page's tree, simplified where it is nested too deeply, or too large, for the parser.

    Raises Malformed where the parser cannot read it to its end even so.
    """
    from lxml import etree, html

    for simplify in (None, without_inline, flat):
        parser = html.HTMLParser(huge_tree=simplify is flat)  # whose paragraphs may be large
        tree = html.fromstring(simplify(page) if simplify else page, parser=parser)
        limit = etree.ErrorTypes.ERR_RESOURCE_LIMIT
        if not any(error.type == limit for error in parser.error_log):
            has_many = without_comments(tree)
            return Parsed(read_again(tree) if has_many else tree, has_many or simplify is not None)
    raise Malformed("HTML that is nested too deeply, or too large, for the parser")


def without_comments(tree: Any) -> bool:
    """Takes comments and instructions out of a tree; returns whether they were very many.

    Walking over a tree takes a time that grows with the square of how many stand side by side.
    """
    from lxml import etree

    unread = (etree.Comment, etree.ProcessingInstruction)
    count = sum(1 for _ in tree.iter(*unread))
    etree.strip_tags(tree, *unread)
    return count > MOST_BESIDE


def read_again(tree: Any) -> Any:
    """A tree written and parsed once more, since only so neighbouring texts become one."""
    from lxml import html

    written = html.tostring(tree, encoding="unicode")
    return html.fromstring(written, parser=html.HTMLParser(huge_tree=True))


def lightened(page: str) -> str:
    """A page without XML's declaration and the attributes of very long tags; without images, fields
    and code where these are very many."""
    page = "".join(with_short_tags(XML.sub("", page)))
    if count(TEXTLESS, page) > MOST_TEXTLESS:
        page = TEXTLESS.sub("", page)
    return "".join(without_code(page)) if count(CODE, page) > MOST_CODE else page


def count(tag: re.Pattern[str], page: str) -> int:
    """How many tags of a kind a page has."""
    return sum(1 for _ in tag.finditer(page))


def with_short_tags(page: str) -> Iterator[str]:
    """The parts of a page, in which very long tags have lost their attributes."""
    place = 0
    for beginning in BEGINS_LONG.finditer(page):
        tag = WHOLE_TAG.match(page, beginning.start())
        if tag and tag.start() >= place:
            yield f"{page[place : tag.start()]}<{tag[1]}>"
            place = tag.end()
    yield page[place:]


def without_code(page: str) -> Iterator[str]:
    """The parts of a page between its scripts and styles; one that states metadata stays, and so
    does all behind one that is never closed."""
    place = 0
    for opening in CODE.finditer(page):
        if opening.start() < place or STATED in opening[0].lower():
            continue
        closing = END_OF_CODE[opening[1].lower()].search(page, opening.end())
        if closing is None:
            break
        yield page[place : opening.start()]
        place = closing.end()
    yield page[place:]


def without_inline(page: str) -> str:
    """A page without its inline tags; what stands in them stays."""
    return TAG.sub(lambda tag: "" if tag[1].lower() in INLINE else tag[0], page)


def flat(page: str) -> str:
    """A page of paragraphs alone, one for each block; no tag stands inside another."""

    def simplified(tag: re.Match) -> str:
        name = tag[1].lower()
        return tag[0] if name in KEPT_WHEN_FLAT else "<p>" if name in BLOCKS else ""

    return TAG.sub(simplified, page)


# --- very many tags side by side ------------------------------------------------------------------


def uncrowded(tree: Any) -> Any | None:
    """A copy in which no element holds very many inline tags; None where none does anyway.

    Inline tags go, words stay; text between the blocks of a `div` is a paragraph. Of
    what is mostly links the links stay, since menus are told by them.
    """
    from lxml import etree

    if not any(is_crowded(element) for element in tree.iter(etree.Element)):
        return None
    tree = deepcopy(tree)
    for element in tree.iter(etree.Element):
        if is_crowded(element):
            mark_inline(element)
    etree.strip_tags(tree, GONE)
    tree = read_again(tree)
    for element in tree.iter("body", "div"):
        if is_crowded(element):
            wrap_loose(element)
    return tree


def is_crowded(element: Any) -> bool:
    """Whether very many tags stand side by side in an element."""
    return len(element) > MOST_BESIDE


def mark_inline(element: Any) -> None:
    """Renames the inline tags of an element; its links only where they are the smaller part."""
    linked = sum(len("".join(child.itertext())) for child in element.iterchildren("a"))
    is_linked = linked > len("".join(element.itertext())) / 2
    names = INLINE - {"a"} if is_linked else INLINE
    for child in element.iterchildren(*INLINE):
        for inner in list(child.iter(*names)):
            inner.tag = GONE


def wrap_loose(element: Any) -> None:
    """Makes a paragraph of the text before an element's blocks, and of each text behind one."""
    children = list(element)
    if (element.text or "").strip():
        element.insert(0, paragraph_of(element, element.text))
        element.text = None
    for child in children:
        if child.tag != "br" and (child.tail or "").strip():
            paragraph = paragraph_of(element, child.tail)
            child.tail = None
            child.addnext(paragraph)


def paragraph_of(element: Any, text: str) -> Any:
    """A new paragraph in the tree of an element."""
    paragraph = element.makeelement("p")
    paragraph.text = text
    return paragraph
