"""What each section of the report shows: plain data for the template of the same name.

Every function takes tables by name, the content of `run.json`, or the results folder, and returns
dictionaries; `page.write_report` hands them to the templates.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from PIL import Image

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import read_yaml
from mucpt_utils.report.display import NO_VALUE, is_numeric, shown
from mucpt_utils.report.figures import (
    FIGURES,
    METRIC_TITLES,
    STRATUM_TITLES,
    arm_title,
    few_colours,
)
from mucpt_utils.report.table_files import FORMATS
from mucpt_utils.report.words import MEASURES, Tables, capital, mean_of, plain_number
from mucpt_utils.study import cost

ROWS_SHOWN = 400  # of a large table; the file beside the report has all
SAMPLE = 30  # rows shown of the answers
FOLDED = 20  # rows from which on a table is folded
SUMMARY_STRATA = ("all", "covered", "uncovered", "general")
FULL_SIZE = "paper"  # the profile of the paper's size

Run = Mapping[str, Any]
Item = dict[str, Any]


# --- results --------------------------------------------------------------------------------------


def figure_items(folder: Path) -> list[Item]:
    """Every figure that was drawn, inlined: known ones first, in the order of `FIGURES`."""
    drawn = {path.stem: path for path in sorted((folder / "figures").glob("*.png"))}
    names = dict.fromkeys([*(name for name in FIGURES if name in drawn), *drawn])
    return [figure_item(drawn[name]) for name in names]


def figure_item(png: Path) -> Item:
    """One figure in few colours, with its size, so that the page does not jump while it loads.

    A figure that `FIGURES` does not know says its name.
    """
    name = png.stem
    info = FIGURES.get(name)
    title = info.title if info else capital(name.replace("_", " "))
    table = info.table if info else name
    with Image.open(png) as picture:
        data, (width, height) = few_colours(picture), picture.size
    return {
        "name": name,
        "title": title,
        "reading": info.reading if info else "",
        "table": table if (png.parent.parent / "tables" / f"{table}.csv").is_file() else "",
        "source": f"data:image/png;base64,{base64.b64encode(data).decode()}",
        "width": width,
        "height": height,
        "pdf": png.with_suffix(".pdf").is_file(),
    }


def summaries(tables: Tables) -> list[Item]:
    """By measure, every arm's mean and interval on each of `SUMMARY_STRATA`, for reading."""
    main = tables.get("main_comparison")
    if main is None or main.empty:
        return []
    items = []
    for metric in MEASURES:
        rows = []
        for arm in dict.fromkeys(main["arm"]):
            means = [mean_of(tables, arm, stratum, metric) for stratum in SUMMARY_STRATA]
            rows.append((arm, arm_title(arm), [mean_cell(mean) for mean in means]))
        heads = [capital(STRATUM_TITLES[stratum]) for stratum in SUMMARY_STRATA]
        named = capital(METRIC_TITLES[metric])
        items.append({"metric": metric, "title": named, "heads": heads, "rows": rows})
    return items


def mean_cell(row: Mapping | None) -> tuple[str, str]:
    """A mean and its interval as text; a dash without."""
    if row is None:
        return NO_VALUE, ""
    mean, low, high = (plain_number(row[column]) for column in ("mean", "ci_low", "ci_high"))
    return mean, f"{low} to {high}"


# --- claims ---------------------------------------------------------------------------------------


def claim_items(tables: Tables) -> list[Item]:
    """Every claim with its number, interval and verdict as text, its evidence as links."""
    rows = tables["claims"].to_dict("records") if "claims" in tables else []
    items = []
    for row in rows:
        number, low, high = row["our_value"], row["ci_low"], row["ci_high"]
        # counts are shown as such, shares with decimals
        value = "" if np.isnan(number) else shown(number, "" if number > 1 else "our_value")
        interval = "" if np.isnan(low) else f"{plain_number(low, 3)} to {plain_number(high, 3)}"
        links = linked(row["evidence"], tables)
        items.append({**row, "links": links, "value": value, "interval": interval})
    return items


def linked(evidence: str, tables: Iterable[str]) -> Markup:
    """Evidence as HTML in which every table and figure that it names is a link."""
    html = str(escape(evidence))
    html = re.sub(rf"\b({'|'.join(sorted(tables))})\.csv", r'<a href="#table-\1">\1.csv</a>', html)
    figures = "|".join(sorted(FIGURES, key=len, reverse=True))
    return Markup(re.sub(rf"figure ({figures})\b", r'<a href="#figure-\1">figure \1</a>', html))


# --- tables ---------------------------------------------------------------------------------------


def table_items(folder: Path, tables: Tables, run: Run) -> list[Item]:
    """Every table but the claims: described ones in the dictionary's order, then the others."""
    described = schema.load_tables()
    names = [name for name in described if name in tables and name != "claims"]
    names += [name for name in tables if name not in described]
    return [table_item(folder, name, tables[name], run) for name in names]


def table_item(folder: Path, name: str, frame: pd.DataFrame, run: Run) -> Item:
    """A table's rows as text, what it was computed from, and where its files are."""
    info = schema.load_tables().get(name)
    records = [r for r in run["artifacts"] if made_from(r["name"], info)]
    part = frame.head(SAMPLE if name == "answers" else ROWS_SHOWN)
    columns = list(part.columns)
    numeric = [is_numeric(part, column) for column in columns]
    return {
        "name": name,
        "caption": info.about if info else f"{capital(name.replace('_', ' '))}.",
        "columns": list(zip(columns, numeric, strict=True)),
        "rows": [
            [(shown(value, c), n) for value, c, n in zip(row, columns, numeric, strict=True)]
            for row in part.itertuples(index=False, name=None)
        ],
        "folded": len(part) > FOLDED,
        "linked": "arm" if "arm" in columns else columns[0],
        "origins": origins(part, records),
        "total": len(frame),
        "formats": [s for s in FORMATS if (folder / "tables" / f"{name}.{s}").is_file()],
        "made_from": list(Counter(record["name"] for record in records).items()),
        "notebooks": notebooks(records),
    }


def made_from(artifact: str, table: schema.Table | None) -> bool:
    """Whether a table is computed from artefacts of this name."""
    return table is not None and any(fnmatch(artifact, each) for each in table.made_from)


def origins(frame: pd.DataFrame, records: Sequence[Mapping]) -> list[str]:
    """For each row the name of the artefacts that its numbers are from; "" where unknown.

    A row about an arm leads to that arm's runs, any other to the last artefact behind the table.
    """
    names = list(dict.fromkeys(record["name"] for record in records))
    arms = frame.get("arm", frame.get("run", pd.Series([""] * len(frame))))
    rows = []
    for value in arms.astype(str):
        arm = value.partition("/seed")[0].rpartition("/")[2]  # `replay=0.5/plain/seed0`
        own = [name for name in names if name.partition("_")[2] == arm]
        rows.append((own or names[-1:] or [""])[-1])
    return rows


def notebooks(records: Iterable[Mapping]) -> list[str]:
    """The notebooks that made some artefacts."""
    return sorted({record["made_by"] for record in records if record["made_by"]})


# --- cost, checklist, provenance ------------------------------------------------------------------


def full_cost() -> Item:
    """What the full size would cost, and how it is started."""
    profile = load_profile(FULL_SIZE)
    rows = cost.estimate(profile).to_dict("records")
    return {
        "profile": profile.name,
        "run": cost.was_run(profile),
        "rows": [{**row, "value": quantity(row["value"])} for row in rows],
        "commands": cost.launch_commands(profile),
    }


def quantity(value: float) -> str:
    """A number of any size in three digits, or whole with its thousands grouped."""
    return f"{value:,.0f}" if value >= 1000 or float(value).is_integer() else f"{value:.3g}"


def checklist(run: Run) -> list[Item]:
    """The reproducibility checklist: topic, question, answer, told, where; numbers filled in."""
    items = read_yaml(paths.PACKAGE / "report" / "checklist.yaml")
    numbers = {
        "parameters": run["parameters"],
        "tokens": run["tokens"],
        "seeds": len(run["seeds"]),
        "hours": sum(record["seconds"] for record in run["artifacts"]) / 3600,
        "cpu": run["machine"]["cpu"],
    }
    return [{**item, "told": item["told"].format(**numbers)} for item in items]


def artifact_groups(run: Run) -> list[Item]:
    """Artefacts by name, in the order in which they were made."""
    groups: dict[str, list[Mapping]] = {}
    for record in run["artifacts"]:
        groups.setdefault(record["name"], []).append(record)
    return [
        {
            "name": name,
            "records": records,
            "seconds": sum(record["seconds"] for record in records),
            "notebooks": notebooks(records),
        }
        for name, records in groups.items()
    ]


def anchors(tables: Iterable[str]) -> set[str]:
    """Parts of the page that the checklist may lead to."""
    names = set(tables)
    there = {f"table-{name}" for name in names - {"claims"}}
    there |= {"abstract", "limits", "cost", "settings", "provenance"}
    return there | ({"claims"} & names) | ({"tables"} if names else set())
