"""The executed notebooks as pages: their text and results, with the code folded."""

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import lxml.html
from lxml.html import HtmlElement
from PIL import Image

from mucpt_utils.report.figures import few_colours
from mucpt_utils.site import html_parts

# the pages on which a lesson's sliders and lists are live
LIVE = {
    "03": ("dropped.html", "Leaf through what the pipeline dropped"),
    "04": ("weights.html", "Move the sliders of the token weights"),
    "06": ("questions.html", "See what every model answered, and how it was graded"),
    "09": ("explore.html", "Choose ways of training, questions and measures"),
}
# the line that leads from a notebook to its page, which is useless on that page
OF_ITSELF = "The picture is from the committed run."
CODE_MOVED = re.compile(r"\.ipynb$")


class Lesson(NamedTuple):
    """A notebook as a page: file name without ending, title, what it answers, its HTML."""

    name: str
    title: str
    about: str
    html: str
    live: tuple[str, str] | None


def lessons(folder: Path) -> list[Lesson]:
    """Every executed notebook of a results folder, in order."""
    return [lesson(path) for path in sorted((folder / "executed").glob("*.ipynb"))]


def lesson(path: Path) -> Lesson:
    """One executed notebook as a page."""
    tree = html_parts.parsed(converted(path))
    heading = next(tree.iter("h1"), None)
    title = path.stem.replace("_", " ") if heading is None else anchorless(heading)
    if heading is not None:
        heading.getparent().remove(heading)
    for line in [p for p in tree.iter("p") if p.text_content().startswith(OF_ITSELF)]:
        line.drop_tree()
    about = question([p.text_content() for p in tree.iter("p")])
    for link in tree.xpath("//a[contains(@class, 'anchor-link')]"):
        link.drop_tree()
    for prompt in tree.xpath("//div[contains(@class, 'prompt')]"):
        prompt.drop_tree()
    for style in list(tree.iter("style", "script")):
        style.drop_tree()
    html_parts.typeset(tree)
    html_parts.give_ids(tree)
    put_pictures_in(tree, path.parent)
    describe_pictures(tree)
    html_parts.map_links(tree, lesson_link)
    html_parts.align_numbers(tree)
    html_parts.let_tables_scroll(tree)
    fold_code(tree)
    number = path.stem.partition("_")[0]
    return Lesson(
        path.stem, title, first_sentence(about), html_parts.written(tree), LIVE.get(number)
    )


def converted(path: Path) -> str:
    """The notebook as plain HTML by nbconvert; cells tagged as parameters are left out."""
    import nbformat
    from nbconvert import HTMLExporter

    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    notebook.cells = [
        c for c in notebook.cells if "injected-parameters" not in c.metadata.get("tags", [])
    ]
    exporter = HTMLExporter(template_name="basic")
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    return exporter.from_notebook_node(notebook)[0]


def anchorless(heading: HtmlElement) -> str:
    """A heading's words without its link mark."""
    return heading.text_content().replace("¶", "").strip()


def question(paragraphs: Sequence[str]) -> str:
    """The paragraph with a notebook's question, else the first that is not a map of notebooks."""
    told = [text for text in paragraphs if text.strip() and "→" not in text]
    asked = (text for text in told if text.lstrip().startswith("The question"))
    return next(asked, told[0] if told else "")


def first_sentence(text: str) -> str:
    """The question that a lesson begins with, and the sentences before it; else its first sentence.

    The sentences before it introduce what the question is about.
    """
    plain = re.sub(r"^(The question|What this study is)\.\s*", "", " ".join(text.split()))
    parts = re.split(r"(?<=[.?!])\s", plain)
    asked = next((place for place, part in enumerate(parts) if part.endswith("?")), 0)
    return " ".join(parts[: asked + 1])


def lesson_link(href: str) -> str | None:
    """The page of a notebook; None for other files, which are not part of the site."""
    name = Path(href.partition("#")[0]).name
    return CODE_MOVED.sub(".html", name) if name.endswith(".ipynb") else None


def put_pictures_in(tree: HtmlElement, folder: Path) -> None:
    """Put pictures from the results that a notebook shows into its page.

    folder: the notebook's, from which its links start. A missing picture, as of
    a profile without it, is left out.
    """
    for image in list(tree.iter("img")):
        source = image.get("src") or ""
        if source.startswith("data:"):
            continue
        path = folder / source
        if not path.is_file():
            image.drop_tree()
            continue
        with Image.open(path) as picture:
            data = few_colours(picture)
        image.set("src", f"data:image/png;base64,{base64.b64encode(data).decode()}")


def describe_pictures(tree: HtmlElement) -> None:
    """Make every picture say in which section it is, for those who cannot see it."""
    section = ""
    for node in tree.iter("h2", "h3", "img"):
        if node.tag != "img":
            section = node.text_content().strip()
        else:
            told = f"in the section “{section}”" if section else "at the beginning"
            node.set("alt", node.get("alt") or f"Figure {told}; its numbers stand in the tables.")


def fold_code(tree: HtmlElement) -> None:
    """Put code behind a line that unfolds it; results stay visible."""
    for box in tree.xpath("//div[contains(concat(' ', @class, ' '), ' input ')]"):
        lines = len([line for line in box.text_content().splitlines() if line.strip()])
        folded = lxml.html.Element("details")
        folded.set("class", "code")
        summary = lxml.html.Element("summary")
        summary.text = f"Code, {lines} line{'' if lines == 1 else 's'}"
        folded.append(summary)
        box.getparent().replace(box, folded)
        folded.append(box)
