"""The prose inside Markdown and reStructuredText, by the parsers made for them.

markdown-it-py reads CommonMark with tables, docutils reStructuredText. What a site generator adds
to either (front matter, Liquid tags, Sphinx's roles and directives) is removed, its words kept.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from mucpt_utils.text.sources.base import Malformed

# what Jekyll, kramdown and older readers of Markdown allow, and CommonMark does not
DIALECTS: tuple[tuple[re.Pattern, Any], ...] = (
    # front matter: names with values, lists, comments and what is indented below them; a rule
    # between sections has none of them behind it
    (
        re.compile(
            r"\A---[ \t]*\n(?![ \t]*\n)(?:(?:[\"']?[\w.-]++[\"']?[ \t]*:(?:[ \t][^\n]*+)?"
            r"|[ \t]+[^\s][^\n]*+|- [^\n]*+|#[^\n]*+|[ \t]*)\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
        ),
        "",
    ),
    # the same in TOML, as Hugo writes it
    (
        re.compile(
            r"\A\+\+\+[ \t]*\n(?:(?:[\w.\"'-]++[ \t]*=[^\n]*+|[\[\]}#][^\n]*+|[ \t]+[^\s][^\n]*+"
            r"|[ \t]*)\n)*?\+\+\+[ \t]*(?:\n|\Z)"
        ),
        "",
    ),
    (re.compile(r"\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}|\{:[^{}\n]*\}"), ""),
    (
        re.compile(r"^(#{1,6})(?=[^#\s])([^\n]*)", re.MULTILINE),
        lambda heading: f"{heading[1]} " + heading[2].rstrip(" \t").rstrip("#"),
    ),
)
UNREAD_TAGS = ("script", "style", "iframe")
BLOCK_TAGS = ("br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "td", "th")
INLINE_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)", re.IGNORECASE)
# `:doc:`the text <target>`` of Sphinx, which docutils does not know
ROLE = re.compile(r":[\w:.+-]+:`[!~]?([^`<]*?)(?:\s*<[^<>`]*>)?`")
DIRECTIVE = re.compile(r"\.\. +([\w:.+-]+)::[ \t]*([^\n]*)\n?((?:[ \t]+:[\w-]+:[^\n]*\n?)*)")
# directives whose content is not prose
UNREAD_DIRECTIVES = {"toctree", "raw", "include", "literalinclude", "index"}
RESTRUCTURED = {
    "file_insertion_enabled": False,  # a document must not read other files
    "raw_enabled": False,
    "syntax_highlight": "none",
    "report_level": 3,  # errors, among them unknown directives
    "halt_level": 6,  # never
    "warning_stream": False,
}
Block = tuple[bool, str]  # whether it follows the block before on the next line, and its text


def strip_markup(text: str, kind: str) -> str:
    """The prose of a Markdown (`.md`) or reStructuredText (`.rst`) file, without its markup.

    Blank lines separate blocks; line ends separate items of a list and rows of a table. Raises
    Malformed for a text that the parser cannot handle.
    """
    read = {".md": markdown_blocks, ".rst": restructured_blocks}[kind]
    try:
        pieces = []
        for is_tight, block in read(text):
            if block.strip():
                pieces += ["\n" if is_tight else "\n\n", block]
    except Exception as error:  # any failure of a parser is the file's fault
        raise Malformed(f"{kind} that cannot be parsed: {type(error).__name__}") from error
    return "".join(pieces[1:])


# --- Markdown -------------------------------------------------------------------------------------


@cache
def markdown_parser() -> Any:
    """The parser, made once."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def markdown_blocks(text: str) -> Iterator[Block]:
    """The blocks of prose and code of a Markdown text."""
    for pattern, replacement in DIALECTS:
        text = pattern.sub(replacement, text)
    bullet, is_tight, follows_tight = "", False, False
    cells: list[str] | None = None  # of a row that is being read
    for token in markdown_parser().parse(text):
        if token.type == "list_item_open":
            bullet = f"{token.info}{token.markup} "
        elif token.type == "paragraph_open":
            is_tight = token.hidden  # no blank line between the items of its list
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close" and cells is not None:
            yield follows_tight, " | ".join(cells)
            cells, follows_tight = None, True
        elif token.type == "inline" and cells is not None:
            cells.append(inline_text(token.children or ()))
        elif token.type == "inline":
            yield is_tight and follows_tight, bullet + inline_text(token.children or ())
            bullet, follows_tight, is_tight = "", is_tight, False
        elif token.type in ("fence", "code_block", "html_block"):
            content = token.content.strip("\n")
            yield False, html_text(content) if token.type == "html_block" else content
            follows_tight = False


def inline_text(tokens: Sequence[Any]) -> str:
    """The text of a line's tokens: of links their text; images and tags are left out."""
    pieces: list[str] = []
    unread = ""  # the tag whose content is skipped
    for token in tokens:
        tag = INLINE_TAG.match(token.content) if token.type == "html_inline" else None
        name = tag[2].lower() if tag else ""
        if unread:
            unread = "" if tag and tag[1] and name == unread else unread
        elif name in UNREAD_TAGS and tag and not tag[1]:
            unread = name
        elif token.type in ("text", "code_inline"):
            pieces.append(token.content)
        elif token.type in ("softbreak", "hardbreak") or name == "br":
            pieces.append("\n")
    return "".join(pieces)


def html_text(markup: str) -> str:
    """The text of a piece of HTML inside Markdown."""
    from lxml import etree, html

    root = html.fromstring(f"<div>{markup}</div>")
    etree.strip_elements(root, etree.Comment, *UNREAD_TAGS, with_tail=False)
    for element in root.iter(*BLOCK_TAGS):
        element.tail = "\n" + (element.tail or "")
    return root.text_content().strip()


# --- reStructuredText -----------------------------------------------------------------------------


@cache
def restructured_settings() -> Any:
    """docutils' settings for its parser, made once."""
    from docutils.frontend import get_default_settings
    from docutils.parsers.rst import Parser

    settings = get_default_settings(Parser)
    settings.__dict__ |= RESTRUCTURED
    return settings


def restructured_blocks(text: str) -> Iterator[Block]:
    """The blocks of prose and code of a reStructuredText."""
    from docutils.parsers.rst import Parser
    from docutils.utils import new_document

    # without docutils' transforms: what a name refers to does not matter for the prose
    document = new_document("text", restructured_settings())
    Parser().parse(text, document)
    yield from blocks_of(document)


def blocks_of(node: Any) -> Iterator[Block]:
    """The blocks below a node of docutils' tree, comments and images left out."""
    from docutils import nodes

    if isinstance(node, nodes.system_message):
        # a directive of Sphinx, which docutils returns unparsed: its content is read
        for source in node.findall(nodes.literal_block):
            directive = DIRECTIVE.match(source.astext())
            if directive and directive[1] not in UNREAD_DIRECTIVES:
                argument = directive[2] if " " in directive[2] else ""
                content = textwrap.dedent(source.astext()[directive.end() :])
                yield from restructured_blocks(f"{argument}\n\n{content}")
    elif isinstance(node, nodes.table):
        for number, row in enumerate(node.findall(nodes.row)):
            cells = (" ".join(text for _, text in blocks_of(cell)) for cell in row.children)
            yield number > 0, " | ".join(cells)
    elif isinstance(node, nodes.bullet_list | nodes.enumerated_list):
        is_compact = all(len(item.children) == 1 for item in node.children)
        is_numbered = isinstance(node, nodes.enumerated_list)
        for number, item in enumerate(node.children):
            bullet = f"{number + node.get('start', 1)}. " if is_numbered else "- "
            for is_tight, text in blocks_of(item):
                yield is_tight or (is_compact and number > 0), bullet + text
                bullet = ""
    elif isinstance(node, nodes.line_block):
        for number, line in enumerate(node.children):
            for is_tight, text in blocks_of(line):
                yield is_tight or number > 0, text
    elif isinstance(node, nodes.TextElement):
        if not isinstance(node, nodes.comment | nodes.substitution_definition | nodes.target):
            yield False, restructured_text(node)
    else:
        for child in node.children:
            yield from blocks_of(child)


def restructured_text(node: Any) -> str:
    """The text of a node: of roles their text; images and footnote marks are left out."""
    from docutils import nodes

    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.problematic):
        return ROLE.sub(r"\1", node.astext())
    if isinstance(node, nodes.image | nodes.footnote_reference | nodes.citation_reference):
        return ""
    return "".join(map(restructured_text, node.children))
