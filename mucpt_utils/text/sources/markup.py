"""The prose inside Markdown, reStructuredText and HTML."""

import re

from mucpt_utils.text.sources.base import Malformed

MARKUP = {
    ".md": [
        (re.compile(r"\A---\n.*?\n---\n", re.DOTALL), ""),
        (re.compile(r"<(script|style|iframe)\b.*?</\1>", re.DOTALL | re.IGNORECASE), ""),
        (re.compile(r"<!--.*?-->", re.DOTALL), ""),
        (re.compile(r"!\[([^\]]*)\]\([^)]*\)(\{[^}]*\})?"), ""),
        (re.compile(r"\[([^\]]+)\](\([^)]*\)|\[[^\]]*\])"), r"\1"),
        (re.compile(r"^\[[^\]]+\]:\s*\S+.*$", re.MULTILINE), ""),
        (re.compile(r"^#{1,6}\s*", re.MULTILINE), ""),
        (re.compile(r"^(```|~~~).*$", re.MULTILINE), ""),
        (re.compile(r"</?[a-zA-Z][^>\n]*>"), ""),
        (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
        (re.compile(r"(?<!\w)([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?!\w)"), r"\2"),
    ],
    ".rst": [
        (re.compile(r"^\.\. .*$(\n[ \t]+\S.*$)*", re.MULTILINE), ""),
        (re.compile(r"^([=\-~^\"'`#*+.])\1{3,}\s*$", re.MULTILINE), ""),
        (re.compile(r":[a-z:]+:`~?([^`<]+?)(?:\s*<[^>]*>)?`"), r"\1"),
        (re.compile(r"`([^`<]+?)\s*<[^>]*>`__?"), r"\1"),
        (re.compile(r"``([^`]+)``"), r"\1"),
        (re.compile(r"(\*\*?)(?=\S)([^*\n]+?)(?<=\S)\1"), r"\2"),
        (re.compile(r"^\s*\|\s?", re.MULTILINE), ""),
    ],
}


def strip_markup(text: str, kind: str) -> str:
    """The prose of a Markdown (`.md`) or reStructuredText (`.rst`) file, without its markup."""
    for pattern, replacement in MARKUP[kind]:
        text = pattern.sub(replacement, text)
    return text


def from_html(page: str) -> tuple[str, dict]:
    """Main text and metadata of a page, by trafilatura. Raises Malformed where it finds none."""
    import trafilatura

    try:
        text = trafilatura.extract(page, include_comments=False, favor_precision=True)
        found = trafilatura.extract_metadata(page)
    except (RecursionError, ValueError) as error:
        raise Malformed(f"HTML that cannot be parsed: {type(error).__name__}") from error
    if not text:
        raise Malformed("HTML without a main text")
    stated = found.as_dict() if found else {}
    year = (stated.get("date") or "")[:4]
    return text, {
        "title": stated.get("title"),
        "creator": stated.get("author"),
        "year": int(year) if year.isdigit() else None,
        "licence": stated.get("license"),
    }
