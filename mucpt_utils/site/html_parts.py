"""HTML from elsewhere, adapted to the site: links, headings, tables, formulas."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import latex2mathml.converter
import lxml.html
from lxml.html import HtmlElement
from markdown_it import MarkdownIt

HEADINGS = ("h2", "h3")
ENTRIES = ("dt", "th")  # with an id these can be linked to, like headings
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
LITERAL = ("code", "pre", "script", "style", "math")  # in which a $ is only a $
PRINTED = "output_html"  # the class of a table that a notebook printed; a $ is only a $ there too
NUMBER = re.compile(r"<? ?[+−-]?[\d,]+(\.\d+)?(e[+-]?\d+)?|NaN|–")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


class Section(NamedTuple):
    """A part of a page below one heading: the heading, its id, the text."""

    heading: str
    anchor: str
    text: str


def parsed(html: str) -> HtmlElement:
    """A piece of HTML as a tree below one `div`."""
    return lxml.html.fragment_fromstring(html, create_parent="div")


def written(tree: HtmlElement) -> str:
    """The content of the `div` of `parsed` as HTML."""
    inner = "".join(lxml.html.tostring(child, encoding="unicode") for child in tree)
    return (tree.text or "") + inner


def from_markdown(text: str) -> HtmlElement:
    """Markdown with tables as a tree; front matter is left out."""
    made = MarkdownIt("commonmark").enable("table").render(FRONT_MATTER.sub("", text, count=1))
    return parsed(made)


def slug(text: str) -> str:
    """A text as an id: lower case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


def give_ids(tree: HtmlElement) -> None:
    """Give every heading its own id, so that it can be linked to."""
    used: set[str] = set()
    for heading in tree.iter("h1", *HEADINGS):
        name, number = slug(heading.text_content()), 1
        while name in used:
            number += 1
            name = f"{slug(heading.text_content())}-{number}"
        used.add(name)
        heading.set("id", name)


def map_links(tree: HtmlElement, target: Callable[[str], str | None]) -> None:
    """Make each relative link lead where `target` says; one without a target becomes plain text."""
    for link in list(tree.iter("a")):
        href = link.get("href") or ""
        if re.match(r"[a-z]+:|#", href):
            continue
        there = target(href)
        if there is None:
            link.drop_tag()
        else:
            link.set("href", there)


def let_tables_scroll(tree: HtmlElement) -> None:
    """Let wide tables and code scroll in boxes of their own, by keyboard too."""
    for code in tree.iter("pre"):
        code.set("tabindex", "0")
    for table in list(tree.iter("table")):
        box = lxml.html.Element("div")
        box.set("class", "scroll")
        box.set("tabindex", "0")
        parent = table.getparent()
        parent.replace(table, box)
        box.tail, table.tail = table.tail, None
        box.append(table)


def align_numbers(tree: HtmlElement) -> None:
    """Align numbers in tables of data frames, as in the site's own tables."""
    for table in tree.xpath("//table[contains(@class, 'dataframe')]"):
        for row in table.iter("tr"):
            for cell in row:
                if NUMBER.fullmatch(cell.text_content().strip()):
                    cell.set("class", "n")
        heads = table.xpath("./thead/tr/th")
        columns = zip(*(list(row) for row in table.xpath("./tbody/tr")), strict=False)
        numeric = [all(cell.get("class") == "n" for cell in column) for column in columns]
        # headings that span columns, as over two lines of names, stay as they are
        if len(heads) == len(numeric):
            for head, is_numeric in zip(heads, numeric, strict=True):
                if is_numeric:
                    head.set("class", "n")


def is_literal(node: HtmlElement) -> bool:
    """Whether a node is in code, or in a table that a notebook printed."""
    above = [node, *node.iterancestors()]
    return any(PRINTED in (each.get("class") or "").split() for each in above) or any(
        each.tag in LITERAL for each in above[1:]
    )


def typeset(tree: HtmlElement) -> None:
    """Turn formulas between dollar signs into MathML, which browsers draw without a script."""
    for node in list(tree.iter()):
        if not isinstance(node.tag, str) or is_literal(node):
            continue
        if node.tag not in LITERAL and node.text and "$" in node.text:
            for place, piece in enumerate(formulas(node, node.text)):
                node.insert(place, piece)
        if node.tail and "$" in node.tail:
            parent, tail = node.getparent(), node.tail
            place = parent.index(node) + 1
            holder = lxml.html.Element("span")
            pieces = list(formulas(holder, tail))
            node.tail = holder.text
            for number, piece in enumerate(pieces):
                parent.insert(place + number, piece)


def formulas(holder: HtmlElement, text: str) -> Iterator[HtmlElement]:
    """The formulas of a text, each with the text after it; the text before goes to `holder`."""
    matches = list(FORMULA.finditer(text))
    if not matches:
        holder.text = text
        return
    holder.text = text[: matches[0].start()]
    ends = [match.start() for match in matches[1:]] + [len(text)]
    for match, end in zip(matches, ends, strict=True):
        display = "block" if match[1] else "inline"
        math = latex2mathml.converter.convert(match[1] or match[2], display=display)
        element = lxml.html.fragment_fromstring(math)
        if match[1]:
            element.set("tabindex", "0")  # it scrolls on narrow pages, by keyboard too
        element.tail = text[match.end() : end]
        yield element


def sections(tree: HtmlElement) -> Iterator[Section]:
    """The sections of a page, in order; the first is what comes before any second heading.

    An entry of a glossary or of a table that has an id is a section of its own.
    """
    heading, anchor = "", ""
    texts: list[str] = []
    for node in tree.iter():
        if not isinstance(node.tag, str):
            continue
        if node.tag in (*HEADINGS, *ENTRIES) and node.get("id"):
            yield Section(heading, anchor, tidy(texts))
            heading, anchor, texts = tidy([node.text_content()]), node.get("id"), []
        elif node.tag in ("p", "li", "td", "th", "dt", "dd", "figcaption", "h1"):
            texts.append(node.text_content())
    yield Section(heading, anchor, tidy(texts))


def tidy(texts: list[str]) -> str:
    """Texts in one line."""
    return " ".join(" ".join(texts).split())
