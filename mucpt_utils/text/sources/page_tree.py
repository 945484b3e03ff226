"""A page as a tree that holds all of its text and is read in linear time.

The parser stops at 256 nested tags, and old pages that never close a `<font>` reach that; and
the time of libraries that read a tree grows with the square of the number of inline tags, or
texts between blocks, side by side. Such pages are simplified; no word is lost.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from html import escape
from typing import Any, NamedTuple

from mucpt_utils.text.sources.base import Malformed

UNREAD = {
    *("script", "style", "noscript", "template", "iframe", "svg", "head", "select", "object"),
    *("button", "textarea"),
}
NO_WORDS = ("script", "style", "head", "template")  # hold nothing that a page shows
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
# what browsers pass over: they read on behind the end of a page, and in what is for readers
# without frames; the parser would drop the one, and give the other with its tags
PASSED_TAG = re.compile(r"</(?:html|body)\b[^<>]*+>|</?noframes\b[^<>]*+>", re.IGNORECASE)
TAG = re.compile(r"</?([a-zA-Z][\w:-]*+)[^<>]*+>")
KEPT_WHEN_FLAT = UNREAD | {"title", "meta", "br", "html", "body"}
# trafilatura's time grows with the square of the number of consecutive tags without text
TEXTLESS = re.compile(
    r"<(?:img|input|wbr|source|track|embed|param|area|col)\b[^<>]*>", re.IGNORECASE
)
MOST_TEXTLESS = 1000
# the parser compares each attribute of a tag with all before it; a long tag has very many, or
# contains a picture instead of its address
LONG = 20_000  # characters of a tag
BEGINS_LONG = re.compile(rf"<[a-zA-Z][^<>]{{{LONG}}}")
WHOLE_TAG = re.compile(r"""<([a-zA-Z][\w:-]*+)(?:[^<>"']|"[^"]*+"|'[^']*+')*+>""")
# trafilatura's time grows with the square of the number of scripts and styles side by side
CODE = re.compile(r"<(script|style)\b[^<>]*+>", re.IGNORECASE)
END_OF_CODE = {
    name: re.compile(rf"</{name}\b[^<>]*+>", re.IGNORECASE) for name in ("script", "style")
}
STATED = "ld+json"  # a script that states title and creator
MOST_CODE = 500
MOST_BESIDE = 500  # inline tags or stretches of text in one element, comments in a page
GONE = "gone"  # replaces the name of a tag that is removed


class Parsed(NamedTuple):
    """A page as a tree (lxml) without comments, and whether it had to be simplified."""

    tree: Any
    is_simplified: bool


def parsed(page: str) -> Parsed:
    """A page's tree, simplified if it is nested too deeply, or too large, for the parser.

    Raises Malformed if the parser cannot read it to its end even then.
    """
    from lxml import etree, html

    for simplify in (None, without_inline, flat):
        parser = html.HTMLParser(huge_tree=simplify is flat)  # whose paragraphs may be large
        tree = html.fromstring(simplify(page) if simplify else page, parser=parser)
        limit = etree.ErrorTypes.ERR_RESOURCE_LIMIT
        if not any(error.type == limit for error in parser.error_log):
            has_many, has_loose = without_comments(tree), without_loose_terms(tree)
            is_simplified = has_many or has_loose or simplify is not None
            return Parsed(read_again(tree) if has_many else tree, is_simplified)
    raise Malformed("HTML that is nested too deeply, or too large, for the parser")


def without_comments(tree: Any) -> bool:
    """Removes comments and instructions from a tree; returns whether there were very many.

    The time to walk over a tree grows with the square of how many are side by side.
    """
    from lxml import etree

    unread = (etree.Comment, etree.ProcessingInstruction)
    count = sum(1 for _ in tree.iter(*unread))
    etree.strip_tags(tree, *unread)
    return count > MOST_BESIDE


def without_loose_terms(tree: Any) -> bool:
    """Makes paragraphs of terms and descriptions outside of any list; returns whether there were.

    Libraries glue their words to those of their neighbours, ever more slowly.
    """
    terms = tree.iter("dt", "dd")
    loose = [term for term in terms if next(term.iterancestors("dl"), None) is None]
    for term in loose:
        term.tag = "p"
    return bool(loose)


def read_again(tree: Any) -> Any:
    """A tree written and parsed once more, which alone merges neighbouring texts."""
    from lxml import html

    written = html.tostring(tree, encoding="unicode")
    return html.fromstring(written, parser=html.HTMLParser(huge_tree=True))


def lightened(page: str) -> str:
    """A page without XML's own marks and the attributes of very long tags; without images, fields
    and code if there are very many of these."""
    if XML.match(page):
        page = "".join(without_sections(page))
    page = "".join(with_short_tags(PASSED_TAG.sub("", XML.sub("", page))))
    if count(TEXTLESS, page) > MOST_TEXTLESS:
        page = TEXTLESS.sub("", page)
    return "".join(without_code(page)) if count(CODE, page) > MOST_CODE else page


def without_sections(page: str) -> Iterator[str]:
    """The parts of a page of XML, with its sections of character data as text, which parsers of
    HTML take for comments."""
    before, *parts = page.split("<![CDATA[")
    yield before
    for part in parts:
        words, end, behind = part.partition("]]>")
        yield escape(words, quote=False) + behind if end else part


def count(tag: re.Pattern[str], page: str) -> int:
    """How many tags that the pattern matches a page has."""
    return sum(1 for _ in tag.finditer(page))


def with_short_tags(page: str) -> Iterator[str]:
    """The parts of a page, with very long tags stripped of their attributes."""
    place = 0
    for beginning in BEGINS_LONG.finditer(page):
        tag = WHOLE_TAG.match(page, beginning.start())
        if tag and tag.start() >= place:
            yield f"{page[place : tag.start()]}<{tag[1]}>"
            place = tag.end()
    yield page[place:]


def without_code(page: str) -> Iterator[str]:
    """The parts of a page between its scripts and styles; a script that states metadata stays, as
    does everything after one that is never closed."""
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
    """A page without its inline tags, whose content stays."""
    return TAG.sub(lambda tag: "" if tag[1].lower() in INLINE else tag[0], page)


def flat(page: str) -> str:
    """A page of paragraphs alone, one for each block, without nesting."""

    def simplified(tag: re.Match) -> str:
        name = tag[1].lower()
        return tag[0] if name in KEPT_WHEN_FLAT else "<p>" if name in BLOCKS else ""

    return TAG.sub(simplified, page)


# --- very many tags side by side ------------------------------------------------------------------


def uncrowded(tree: Any) -> Any | None:
    """A copy in which no element has very many inline tags; None if none has anyway.

    Inline tags go, words stay; text between the blocks of a `div` becomes a paragraph. In
    what is mostly links the links stay, since menus are recognised by them.
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
    """Whether an element has very many tags side by side."""
    return len(element) > MOST_BESIDE


def mark_inline(element: Any) -> None:
    """Renames the inline tags of an element; its links only if they are the smaller part."""
    linked = sum(len("".join(child.itertext())) for child in element.iterchildren("a"))
    is_linked = linked > len("".join(element.itertext())) / 2
    names = INLINE - {"a"} if is_linked else INLINE
    for child in element.iterchildren(*INLINE):
        for inner in list(child.iter(*names)):
            inner.tag = GONE


def wrap_loose(element: Any) -> None:
    """Makes paragraphs of the text before an element's blocks and after each of them."""
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
