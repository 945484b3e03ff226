"""What each section of the report shows: plain data for the template of the same name.

Every function takes tables by name, the content of `run.json`, or the results folder, and returns
dictionaries; `page.write_report` hands them to the templates.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from typing import Any

import numpy as np
import pandas as pd
import yaml
from markupsafe import Markup, escape

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.analysis.claims import load_claims
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import read_yaml
from mucpt_utils.report import plain, rows
from mucpt_utils.report.display import NO_VALUE, shown
from mucpt_utils.report.figures import FIGURES, METRIC_TITLES, STRATUM_TITLES, arm_title
from mucpt_utils.report.figures.conclusions import capital
from mucpt_utils.report.measures import MEASURES, Tables, mean_of
from mucpt_utils.report.numbers import ends_in_words, plain_number, signed
from mucpt_utils.report.plain import table_title
from mucpt_utils.study import checkout, cost

SUMMARY_STRATA = ("covered", "uncovered", "general", "all")
COUNTS = ("arms", "words", "questions")  # measures of claims whose value is a number of things
DIFFERENCES = ("room", "arms", "axis")  # kinds of tests of claims whose value is a difference
# the position of a difference's interval, as a sign, and in words for those who cannot see it
UP, DOWN, ACROSS = ("▲", "above zero"), ("▼", "below zero"), ("○", "zero within the interval")
FULL_SIZE = "paper"  # the profile of the paper's size

Run = Mapping[str, Any]
Item = dict[str, Any]


# --- who and when ---------------------------------------------------------------------------------


def origin(run: Run) -> Item:
    """Authors, date, commit with its address if one is declared, the plan's commits, and how to
    cite."""
    citation = yaml.safe_load((paths.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    commit = str(run.get("commit") or "")
    digits = commit.partition(" ")[0]
    repository = str(citation.get("repository-code", "")).rstrip("/")
    date = str(run.get("date") or commit_date(digits))
    authors = [person_name(person) for person in citation["authors"]]
    return {
        "project": citation["title"],
        "authors": ", ".join(authors),
        "date": date,
        "commit": commit,
        "commit_address": f"{repository}/commit/{digits}" if repository and digits else "",
        "plan": plan(run["profile"]),
        "citation": cited(citation, authors, run, date, digits),
    }


def person_name(person: Mapping) -> str:
    """The name of a person or group in CITATION.cff."""
    names = (person.get("given-names"), person.get("family-names"))
    return str(person.get("name") or " ".join(filter(None, names)))


def commit_date(digits: str) -> str:
    """The day of a commit, from git; "" without git or commit."""
    return (checkout.git("show", "-s", "--format=%cs", digits) or "") if digits else ""


def plan(profile: str) -> str:
    """The commits that wrote the plan of a profile's results, earliest first; "" without one.

    A plan counts only if it is older than the run, so the report says which commits to look at.
    """
    told = checkout.git("log", "--reverse", "--format=%H %cs", "--", f"results/{profile}/plan.md")
    commits = [line.split() for line in (told or "").splitlines()]
    written = [f"{digits[:12]} ({date})" for digits, date in commits]
    return f"Planned in plan.md, commit {', then '.join(written)}." if written else ""


def cited(citation: Mapping, authors: Sequence[str], run: Run, date: str, digits: str) -> str:
    """How to cite these results, as BibTeX."""
    profile, year = run["profile"], date[:4]
    lines = [
        f"@misc{{open-mucpt-{profile},",
        f"  title = {{{citation['title']}, profile {profile}}},",
        f"  author = {{{' and '.join('{' + name + '}' for name in authors)}}},",
        *([f"  year = {{{year}}},"] if year else []),
        f"  note = {{version {citation['version']}, commit {digits[:12] or 'not recorded'}}}",
        "}",
    ]
    return "\n".join(lines)


# --- results --------------------------------------------------------------------------------------


def summaries(tables: Tables, ids: Mapping[str, list[str]]) -> list[Item]:
    """For each measure, every arm's mean and interval on each of `SUMMARY_STRATA`, for reading.

    ids: those of the rows of each table; every number leads to its row.
    """
    main = tables.get("main_comparison")
    if main is None or main.empty:
        return []
    items = []
    for metric in MEASURES:
        lines = []
        for arm in dict.fromkeys(main["arm"]):
            cells = []
            for stratum in SUMMARY_STRATA:
                where = {"arm": arm, "stratum": stratum, "metric": metric}
                row = rows.find_row(main, ids["main_comparison"], where)
                cells.append((*mean_cell(mean_of(tables, arm, stratum, metric)), row))
            lines.append((arm, arm_title(arm), cells))
        heads = [capital(STRATUM_TITLES[stratum]) for stratum in SUMMARY_STRATA]
        named = capital(METRIC_TITLES[metric])
        folded = len(lines) > rows.FOLDED
        item = {"metric": metric, "title": named, "heads": heads, "rows": lines, "folded": folded}
        items.append(item)
    return items


def mean_cell(row: Mapping | None) -> tuple[str, str]:
    """A mean and its interval as text; a dash for none."""
    if row is None or pd.isna(row["mean"]):
        return NO_VALUE, ""
    mean, low, high = (plain_number(row[column]) for column in ("mean", "ci_low", "ci_high"))
    return mean, "" if pd.isna(row["ci_low"]) else f"{low} to {high}"


# --- claims ---------------------------------------------------------------------------------------


def claim_items(tables: Tables) -> list[Item]:
    """Every claim with its number, interval, direction and verdict as text, its evidence as links.

    A value that is a difference has its sign, and a direction: a mark and its words (`UP`, `DOWN`,
    `ACROSS`); None for other values.
    """
    claims = tables["claims"].to_dict("records") if "claims" in tables else []
    compared = {claim.claim for claim in load_claims().values() if claim.test.kind in DIFFERENCES}
    items = []
    for row in claims:
        number, low, high = row["our_value"], row["ci_low"], row["ci_high"]
        measure = plain.in_words(str(row.get("measure") or ""))  # older runs name none
        told: Item = {"measure": measure, "direction": None}
        if row["claim"] in compared and not np.isnan(low):
            told |= {"value": signed(number), "interval": ends_in_words(low, high)}
            told["direction"] = UP if low > 0 else DOWN if high < 0 else ACROSS
        else:
            # counts are shown as such, shares with decimals
            counted = number > 1 or measure in COUNTS
            value = "" if np.isnan(number) else shown(number, "" if counted else "our_value")
            interval = "" if np.isnan(low) else f"{plain_number(low)} to {plain_number(high)}"
            told |= {"value": value.replace("-", "−"), "interval": interval}
        items.append({**row, **told, "links": linked(plain.in_words(row["evidence"]), tables)})
    return items


def linked(evidence: str, tables: Iterable[str]) -> Markup:
    """Evidence as HTML in which every table and figure that it names is a link."""
    html = str(escape(evidence))
    html = re.sub(rf"\b({'|'.join(sorted(tables))})\.csv", r'<a href="#table-\1">\1.csv</a>', html)
    figures = "|".join(sorted(FIGURES, key=len, reverse=True))
    return Markup(re.sub(rf"figure ({figures})\b", r'<a href="#figure-\1">figure \1</a>', html))


# --- tables ---------------------------------------------------------------------------------------


def table_order(tables: Iterable[str]) -> list[str]:
    """Every table but the claims: described ones in the dictionary's order, then the others."""
    names, described = list(tables), schema.load_tables()
    ordered = [name for name in described if name in names]
    ordered += [name for name in names if name not in described]
    return [name for name in ordered if name != "claims"]


def table_items(tables: Tables, run: Run, ids: Mapping[str, list[str]]) -> list[Item]:
    """Every table of `table_order`, see `table_item`."""
    return [table_item(name, tables[name], run, ids[name]) for name in table_order(tables)]


def table_item(name: str, frame: pd.DataFrame, run: Run, ids: Sequence[str]) -> Item:
    """A table's first rows as text, what it was computed from, and where each row came from."""
    info = schema.load_tables().get(name)
    records = [r for r in run["artifacts"] if made_from(r["name"], info)]
    part = frame.head(rows.FOLDED)
    columns = rows.columns_of(part)
    return {
        "name": name,
        "title": table_title(name),
        "about": rows.about(name),
        "columns": columns,
        "rows": [
            list(zip(rows.cells_of(part, row), [c["numeric"] for c in columns], strict=True))
            for row in part.itertuples(index=False, name=None)
        ],
        "ids": ids[: len(part)],
        "linked": "arm" if "arm" in part else str(part.columns[0]),
        "origins": origins(part, records),
        "total": len(frame),
        "made_from": list(Counter(record["name"] for record in records).items()),
        "notebooks": notebooks(records),
    }


def made_from(artifact: str, table: schema.Table | None) -> bool:
    """Whether a table is computed from artefacts of this name."""
    return table is not None and any(fnmatch(artifact, each) for each in table.made_from)


def origins(frame: pd.DataFrame, records: Sequence[Mapping]) -> list[str]:
    """For each row, the name of the artefacts that its numbers are from; "" if unknown.

    A row about an arm leads to that arm's runs, any other to the last artefact behind the table.
    """
    names = list(dict.fromkeys(record["name"] for record in records))
    arms = frame.get("arm", frame.get("run", pd.Series([""] * len(frame))))
    sources = []
    for value in arms.astype(str):
        arm = value.partition("/seed")[0].rpartition("/")[2]  # `replay=0.5/plain/seed0`
        own = [name for name in names if name.partition("_")[2] == arm]
        sources.append((own or names[-1:] or [""])[-1])
    return sources


def notebooks(records: Iterable[Mapping]) -> list[str]:
    """The notebooks that made some artefacts."""
    return sorted({record["made_by"] for record in records if record["made_by"]})


# --- cost, checklist, provenance ------------------------------------------------------------------


def full_cost() -> Item:
    """What the full size would cost, and how to start it."""
    profile = load_profile(FULL_SIZE)
    quantities = cost.estimate(profile).to_dict("records")
    return {
        "profile": profile.name,
        "run": cost.was_run(profile),
        "rows": [{**row, "value": quantity(row["value"])} for row in quantities],
        "commands": cost.launch_commands(profile),
    }


def quantity(value: float) -> str:
    """A number of any size in three digits, or whole with its thousands grouped."""
    return f"{value:,.0f}" if value >= 1000 or float(value).is_integer() else f"{value:.3g}"


def checklist(run: Run) -> list[Item]:
    """The reproducibility checklist (topic, question, answer, told, where) with its numbers."""
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
    """Artefacts by name, in the order in which they were made.

    Settings shared by all of a name are given once (`settings`); `own` are each artefact's others.
    """
    groups: dict[str, list[Mapping]] = {}
    for record in run["artifacts"]:
        groups.setdefault(record["name"], []).append(record)
    return [
        {
            "name": name,
            "settings": (common := common_settings(records)),
            "records": [{**r, "own": without(r["settings"], common)} for r in records],
            "seconds": sum(record["seconds"] for record in records),
            "notebooks": notebooks(records),
        }
        for name, records in groups.items()
    ]


def common_settings(records: Sequence[Mapping]) -> dict[str, Any]:
    """The settings that all of these artefacts were made with."""
    first, *others = [record["settings"] for record in records]
    return {
        key: value
        for key, value in first.items()
        if all(key in other and other[key] == value for other in others)
    }


def without(settings: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without the common ones."""
    return {key: value for key, value in settings.items() if key not in common}


def anchors(tables: Iterable[str]) -> set[str]:
    """Anchors of the page to which the checklist may link."""
    names = set(tables)
    there = {f"table-{name}" for name in names - {"claims"}}
    there |= {"abstract", "limits", "cost", "settings", "provenance"}
    return there | ({"claims"} & names) | ({"tables"} if names else set())
