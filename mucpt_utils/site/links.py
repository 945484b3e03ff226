"""Links of the built site: none may be dead, and nothing may load over a network."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import lxml.html

LOADED = (("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src"))


def dead_links(site: Path) -> list[str]:
    """Links to a missing file, or a missing place in it, one line each: `page: link`."""
    wrong = []
    for page in sorted(site.rglob("*.html")):
        for href in sorted(set(hrefs(page))):
            if not leads_somewhere(page, href):
                wrong.append(f"{page.relative_to(site)}: {href}")
    return wrong


def loaded_from_afar(site: Path) -> list[str]:
    """What a page would load over a network: images, scripts, styles."""
    wrong = []
    for page in sorted(site.rglob("*.html")):
        for tag, attribute in LOADED:
            for node in lxml.html.parse(str(page)).getroot().iter(tag):
                if urlsplit(node.get(attribute) or "").scheme in ("http", "https"):
                    wrong.append(f"{page.relative_to(site)}: {node.get(attribute)}")
    return wrong


def hrefs(page: Path) -> Iterator[str]:
    """Every link of a page, and everything that it loads."""
    root = lxml.html.parse(str(page)).getroot()
    for tag, attribute in (("a", "href"), *LOADED):
        for node in root.iter(tag):
            if (value := node.get(attribute)) is not None:
                yield value


def leads_somewhere(page: Path, href: str) -> bool:
    """Whether a link's file, and the place named in it, exist; external links count as fine."""
    parts = urlsplit(href)
    if parts.scheme:
        return parts.scheme in ("http", "https", "data", "mailto")
    target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
    if not target.is_file():
        return False
    # a fragment with "=" is a choice that the page's script reads, not a place
    if not parts.fragment or "=" in parts.fragment or target.suffix != ".html":
        return True
    return unquote(parts.fragment) in ids(target, target.stat().st_mtime_ns)


@cache
def ids(page: Path, changed: int) -> frozenset[str]:
    """Every id of a page. changed: its time of change, so that a rewritten page is read anew."""
    return frozenset(
        node.get("id") for node in lxml.html.parse(str(page)).getroot().iter() if node.get("id")
    )
