"""The index behind the search field: every section of every page, as a script."""

from collections.abc import Iterator
from pathlib import Path

import lxml.html

from mucpt_utils.site import html_parts, payload

LONGEST = 320  # characters of a section that are searched and shown
NOT_SEARCHED = ("script", "style", "pre", "svg", "nav", "template", "details[@class='code']")


def write_index(site: Path) -> Path:
    """Write `data/search.js`: page, place in it, title, heading and text of each section."""
    rows = [row for page in sorted(site.rglob("*.html")) for row in page_rows(site, page)]
    return payload.write_data(site, "search", rows)


def page_rows(site: Path, page: Path) -> Iterator[list[str]]:
    """The sections of one page: url, title, heading, text."""
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
            yield [place, title, section.heading, section.text[:LONGEST]]
