"""The frame of every page: the menu, the templates, and where a page is written."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mucpt_utils import paths
from mucpt_utils.io import write_text
from mucpt_utils.site import payload, reference
from mucpt_utils.site.gathered import Finished

HERE = paths.PACKAGE / "site"


class Entry(NamedTuple):
    """An entry of the menu: page, name, what it offers."""

    page: str
    name: str
    about: str


MENU = (
    Entry("explore.html", "Explore", "Choose ways of training, questions, measures and profiles"),
    Entry("weights.html", "Token weights", "Move the loss ratio's settings and see each token"),
    Entry("dropped.html", "Pipeline", "Leaf through what was dropped, and why"),
    Entry("questions.html", "Questions", "What every model answered, and how it was graded"),
    Entry("profiles.html", "Profiles", "The same comparison in every run, and subject by subject"),
    Entry("lessons.html", "Lessons", "The method step by step, as it was run"),
    Entry("reference.html", "Reference", "Report, tables, names, scores, cards"),
)


@cache
def environment() -> Environment:
    """The templates; an undefined name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["grouped"] = lambda number: f"{number:,}"
    return made


class Site:
    """A site being made: its folder, the profile it is about, and the other profiles."""

    def __init__(self, folder: Path, finished: Finished, everything: Mapping[str, Finished]):
        self.folder, self.finished, self.everything = folder, finished, everything
        self.common = {
            "menu": MENU,
            "finished": finished,
            "citation": reference.citation(),
            "profiles": list(everything),
        }

    def page(self, name: str, template: str, **values: Any) -> None:
        """Write one page; links in its frame are relative to its place."""
        root = "../" * name.count("/")
        html = environment().get_template(f"{template}.html.j2")
        text = html.render(root=root, page=name, **self.common, **values)
        write_text(self.folder / name, text)

    def data(self, name: str, value: Any) -> None:
        """Write data that a script of the pages loads."""
        payload.write_data(self.folder, name, value)
