"""The templates of the page and of the dataset's card, and how they write numbers and text."""

import json
import re
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from mucpt_utils import paths
from mucpt_utils.pipeline.outcome.excerpts import shown_name

TEMPLATES = paths.PACKAGE / "pipeline/outcome/templates"
# what would be markup in a card: Markdown's characters, and those that begin HTML
MARKUP = re.compile(r"([\\`*_\[\]<>|#&!~])")
# characters that change the direction of the text around them, or are invisible
UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@cache
def environment() -> Environment:
    """The templates; an undefined name is an error. In the page, texts are escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2", "css.j2", "js.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["grouped"] = lambda number: f"{number:,}"
    made.filters["pretty"] = lambda value: json.dumps(value, indent=1, ensure_ascii=False)
    made.filters["percent"] = percent
    made.filters["name"] = lambda value: seen(shown_name(value))
    made.filters["seen"] = seen
    made.filters["cell"] = cell
    return made


def percent(part: float, whole: float) -> str:
    """A share in percent, with one decimal; a dash if the whole is 0."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def seen(text: str) -> str:
    """A text with `�` for each character that is invisible or changes the direction of the page."""
    return UNSEEN.sub("\ufffd", text)


def cell(value: object) -> str:
    """A text as one cell of a Markdown table, with its markup escaped."""
    return MARKUP.sub(r"\\\1", " ".join(seen(shown_name(value)).split())).replace("\\<", "&lt;")
