"""The report of a profile: one HTML file made from `run.json`, `tables/` and `figures/`.

Nothing in it is typed: `words` makes the sentences from the numbers, `sections` what each section
shows, and the templates lay it out. The file needs no network and no other file; links to tables,
figures and notebooks lead to what lies beside it.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mucpt_utils import paths
from mucpt_utils.analysis.claims import Scale
from mucpt_utils.config.arms import ARMS
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_json, write_text
from mucpt_utils.report import sections, words
from mucpt_utils.report.table_files import read_table
from mucpt_utils.study.provenance import RUN

LARGEST = 2_000_000  # bytes of a report


class ReportError(MuCPTError, ValueError):
    """A results folder from which no report can be made; the message names the file."""


def scale(record: Mapping) -> Scale:
    """The experiment's size, for `claims_table`, from the content of `run.json`."""
    return Scale(record["profile"], record["parameters"], record["tokens"], len(record["seeds"]))


def write_report(folder: Path) -> Path:
    """Make `folder/report.html` from `run.json`, `tables/*.csv` and `figures/*.png` in it.

    Returns its path. Raises ReportError where there is no `run.json` or the page would be larger
    than `LARGEST`, FileError where `run.json` is damaged.
    """
    if not (folder / RUN).is_file():
        raise ReportError(f"{folder / RUN} is missing: the notebooks write it")
    run = read_json(folder / RUN)
    files = sorted((folder / "tables").glob("*.csv"))
    tables = {path.stem: read_table(path.parent, path.stem) for path in files}
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            title=f"Music-domain continued pretraining: results of profile {run['profile']}",
            abstract=words.paragraphs(tables, run),
            figures=sections.figure_items(folder),
            summaries=sections.summaries(tables),
            arms=[(name, arm) for name, arm in ARMS.items() if name in run["settings"]["arms"]],
            claims=sections.claim_items(tables),
            tables=sections.table_items(folder, tables, run),
            limits=words.limits(tables, run),
            prose="bits_per_byte" in tables,
            groups=sections.artifact_groups(run),
            cost=sections.full_cost(),
            checklist=sections.checklist(run),
            artifact_names={record["name"] for record in run["artifacts"]},
            anchors=sections.anchors(tables),
            executed={path.stem for path in (folder / "executed").glob("*.ipynb")},
        )
    )
    size = len(page.encode())
    if size > LARGEST:
        raise ReportError(f"{folder}: the report has {size:,} bytes; allowed are {LARGEST:,}")
    path = folder / "report.html"
    write_text(path, page)
    return path


@cache
def environment() -> Environment:
    """The templates; a name that is not given is an error."""
    made = Environment(
        loader=FileSystemLoader(paths.PACKAGE / "report" / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["pretty"] = lambda value: json.dumps(value, indent=1, ensure_ascii=False)
    made.filters["grouped"] = lambda number: f"{number:,}"
    return made
