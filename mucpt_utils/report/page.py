"""The report of a profile: `report.html`, one self-contained page, and `report.md`.

Nothing in it is typed: `answer` and `words` make the sentences from the numbers, `sections` and
`pictures` give what each section shows, the templates lay it out. A copy that is mailed keeps its
data: pictures and tables are in the page itself.
"""

import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mucpt_utils import paths
from mucpt_utils.analysis.claims import Scale
from mucpt_utils.config.arms import ARMS
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import write_text
from mucpt_utils.report import answer, limits, rows, sections, words
from mucpt_utils.report.display import MEASURED
from mucpt_utils.report.markdown import markdown_report
from mucpt_utils.report.pictures import figure_items
from mucpt_utils.report.profiles import (
    Finished,
    arms_not_run,
    every_profile,
    planned_arms,
    read_finished,
)
from mucpt_utils.study.provenance import RUN

LARGEST = 2_000_000  # bytes of a report
AIM = 1_650_000  # above this it leaves out what it can, so that a longer run has room


class ReportError(MuCPTError, ValueError):
    """A results folder from which no report can be made; the message names the file."""


def scale(record: Mapping) -> Scale:
    """The experiment's size, for `claims_table`, from the content of `run.json`."""
    return Scale(record["profile"], record["parameters"], record["tokens"], len(record["seeds"]))


def write_report(folder: Path) -> Path:
    """Make `folder/report.html` and `report.md` from `run.json`, `tables/` and `figures/` in it.

    Returns the path of the page. Raises ReportError if there is no `run.json` or if the page would
    be larger than `LARGEST`, FileError if `run.json` is damaged.
    """
    if not (folder / RUN).is_file():
        raise ReportError(f"{folder / RUN} is missing: the notebooks write it")
    finished = read_finished(folder)
    luggage = rows.Luggage(finished.name)
    return lay_out(folder, contents(finished, luggage), luggage)


def lay_out(folder: Path, told: dict[str, Any], luggage: rows.Luggage) -> Path:
    """Write both pages from `contents`, without what there is no room for.

    Returns the path of `report.html`. Raises ReportError if it would be larger than `LARGEST`.
    """
    template = environment().get_template("report.html.j2")
    size = len(template.render(told).encode())  # without luggage, which gets the remaining room
    if slimmed(told["figures"], size - AIM):
        size = len(template.render(told).encode())
    if size > LARGEST:
        raise ReportError(f"{folder}: the report has {size:,} bytes; allowed are {LARGEST:,}")
    luggage.take(AIM - size)
    path = folder / "report.html"
    write_text(path, template.render(told))
    write_text(folder / "report.md", markdown_report(told))
    return path


def slimmed(figures: Sequence[dict[str, Any]], excess: int) -> int:
    """Drop pictures for phones, the last figure's first, until `excess` bytes are saved.

    Returns the bytes saved; phones then show the pictures for wide screens.
    """
    saved = 0
    for item in reversed(figures):
        if saved >= excess:
            break
        saved += len(item["narrow"])
        item["narrow"] = ""
    return saved


def contents(finished: Finished, luggage: rows.Luggage) -> dict[str, Any]:
    """Everything that the templates show. luggage: gets the files that the page would take."""
    run, tables, judged = finished.run, dict(finished.tables), finished.judged
    runs = every_profile(finished, ["differences"])
    ids = {name: rows.row_ids(frame, name) for name, frame in tables.items()}
    files = {
        name: luggage.pack(f"{name}.csv", (finished.folder / f"tables/{name}.csv").read_bytes())
        for name in ["claims", *sections.table_order(tables)]
        if name in tables
    }
    record = luggage.pack(RUN, (finished.folder / RUN).read_bytes(), "application/json", RUN)
    return {
        "run": run,
        "title": answer.title(judged, run),
        "origin": sections.origin(run),
        "abstract": answer.abstract(judged, run, runs),
        "paragraphs": words.paragraphs(judged, run),
        "figures": figure_items(finished, luggage),
        "summaries": sections.summaries(tables, ids),
        "arms": [(name, arm) for name, arm in ARMS.items() if name in planned_arms(run)],
        "not_run": arms_not_run(run, tables),
        "claims": sections.claim_items(tables),
        "tables": sections.table_items(tables, run, ids),
        "files": files,
        "record": record,
        "keys": rows.KEYS,
        "measured": sorted(MEASURED),
        "plain": rows.words_for_script(tables.values()),
        "limits": limits.limits(judged, run),
        "prose": "bits_per_byte" in tables,
        "groups": sections.artifact_groups(run),
        "cost": sections.full_cost(),
        "checklist": sections.checklist(run),
        "artifact_names": {record["name"] for record in run["artifacts"]},
        "anchors": sections.anchors(tables),
        "others": [other for other in runs if other.name != finished.name],
    }


def pretty(value: object) -> Markup:
    """A value as indented JSON for the text of a page, with quotation marks unescaped."""
    return Markup(html.escape(json.dumps(value, indent=1, ensure_ascii=False), quote=False))


@cache
def environment() -> Environment:
    """The templates; an undefined name is an error."""
    made = Environment(
        loader=FileSystemLoader(paths.PACKAGE / "report" / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["pretty"] = pretty
    made.filters["grouped"] = lambda number: f"{number:,}"
    return made
