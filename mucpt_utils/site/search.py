"""The index behind the search field: every section, name and question of the site, as a script."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import lxml.html

from mucpt_utils.site import html_parts, payload

LONGEST = 320  # characters of a section that are shown; of the rest each word is kept once
NOT_SEARCHED = ("script", "style", "pre", "svg", "nav", "template", "details[@class='code']")


def write_index(site: Path, questions: Iterable[Mapping[str, Any]] = ()) -> Path:
    """Write `data/search.js`: page and place, title, heading, text, further words of each section.

    questions: those that the page of questions shows, with `id`, `question` and `answer`.
    """
    rows = [row for page in sorted(site.rglob("*.html")) for row in page_rows(site, page)]
    rows += [
        [f"questions.html#question={one['id']}", "Questions", one["question"], one["answer"], ""]
        for one in questions
    ]
    return payload.write_data(site, "search", rows)


def page_rows(site: Path, page: Path) -> Iterator[list[str]]:
    """The sections of one page: url, title, heading, text, words of what follows it."""
    root = lxml.html.parse(str(page)).getroot()
    main = next(root.iter("main"), root)
    title = (root.findtext(".//title") or page.stem).partition(" · ")[0]
    for tag in NOT_SEARCHED:
        for node in main.xpath(f".//{tag}"):
            node.drop_tree()
    url = page.relative_to(site).as_posix()
    for section in html_parts.sections(main):
        if section.text or section.heading:
            place = f"{url}#{section.anchor}" if section.anchor else url
            shown = section.text[:LONGEST]
            more = dict.fromkeys(section.text[LONGEST:].lower().split())
            yield [place, title, section.heading, shown, " ".join(more)]
