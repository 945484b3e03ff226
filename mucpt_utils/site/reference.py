"""Pages to look things up in: tables and their columns, cards, names in words, scores, citation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from mucpt_utils import __version__, paths
from mucpt_utils.analysis import schema
from mucpt_utils.config.arms import ARMS
from mucpt_utils.io import read_json, read_yaml
from mucpt_utils.report import rows, whole_benchmark
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.figures.conclusions import GUESSER, capital
from mucpt_utils.report.numbers import plain_number
from mucpt_utils.report.plain import column_title, table_title
from mucpt_utils.report.stage_words import KINDS, REASONS, STAGES
from mucpt_utils.site import charts, html_parts, payload, plain
from mucpt_utils.site.answer import Figure
from mucpt_utils.site.gathered import Finished
from mucpt_utils.study.provenance import RUN

FORMATS = ("csv", "csv.gz", "parquet")
SHOWN = 6  # rows of a table that are shown on its page
SCORES = paths.ROOT / "data_cards/musicsimpleqa/scores.csv"
ROLES = {
    "control": "control: what comes of no training, of chance, or of the ratio turned round",
    "baseline": "baseline: what a method has to beat",
    "method": "method: uses the reference model, by the loss ratio or as its start",
    "ceiling": "ceiling: is told what no method can know, to see how much room there is",
}


class Card(NamedTuple):
    """A card as a page: name of its folder, title, HTML."""

    name: str
    title: str
    html: str


# --- tables ---------------------------------------------------------------------------------------


def table_entries(finished: Finished, files: Path) -> Iterator[dict[str, Any]]:
    """Every table with rows: what it is about, its columns in words, its first rows, its files.

    files: the folder of the site that holds them.
    """
    described = schema.load_tables()
    names = [name for name in described if name in finished.tables]
    names += [name for name in finished.tables if name not in described]
    for name in (name for name in names if len(finished.tables[name])):
        table, frame = described.get(name), finished.tables[name]
        columns = [column_entry(table, column) for column in frame]
        part = frame.head(SHOWN)
        yield {
            "name": name,
            "title": table_title(name),
            "about": table.about
            if table
            else "A table that the data dictionary does not describe.",
            "columns": columns,
            "rows": [
                cells(columns, rows.cells_of(part, row))
                for row in part.itertuples(index=False, name=None)
            ],
            "total": len(frame),
            "formats": [f for f in FORMATS if (files / f"{name}.{f}").is_file()],
        }


def cells(columns: Sequence[Mapping[str, str]], texts: Sequence[str]) -> list[str]:
    """A row's cells, with a real minus sign in numbers."""
    return [
        re.sub(r"^-(?=\d)", "−", text) if column["numeric"] else text
        for column, text in zip(columns, texts, strict=True)
    ]


def column_entry(table: schema.Table | None, column: str) -> dict[str, str]:
    """A column's name, heading, meaning and unit."""
    info = table.columns.get(column) if table else None
    return {
        "name": column,
        "title": column_title(column),
        "meaning": info.meaning if info else "not described",
        "unit": info.unit if info else "",
        "allowed": info.allowed_in_words if info else "",
        "numeric": "yes" if info and info.type != "text" else "",
    }


# --- names in words -------------------------------------------------------------------------------


def arm_entries(finished: Finished) -> list[dict[str, Any]]:
    """Each way of training: its name in code and in words, its purpose, what it changes."""
    table = finished.tables.get("main_comparison", pd.DataFrame({"arm": []}))
    names = [name for name in ARMS if name in set(table["arm"])]
    return [
        {
            "name": name,
            "title": capital(arm_title(name)),
            "role": ROLES.get(ARMS[name].role, ARMS[name].role),
            "settings": payload.flat(
                ARMS[name].model_dump(exclude_defaults=True, exclude={"title", "role"})
            ),
        }
        for name in names
    ]


def name_entries() -> dict[str, list[tuple[str, str]]]:
    """Names of strata, measures, stages and kinds of text with their words."""
    metrics = schema.load_metrics().items()
    return {
        "Questions and texts": [(name, plain.stratum_title(name)) for name in schema.STRATA],
        "Measures": [(name, f"{m.meaning}; unit: {m.unit}") for name, m in metrics],
        "Stages of the pipeline": list(STAGES.items()),
        "Kinds of text": list(KINDS.items()),
        "Reasons to drop a document": [pair for pair in REASONS.items() if pair[0] not in KINDS],
    }


def glossary() -> list[tuple[Markup, Markup]]:
    """Words that notebooks and pages use and what they mean, from the notebooks' glossary."""
    text = (paths.NOTEBOOKS / "GLOSSARY.md").read_text(encoding="utf-8")
    tree = html_parts.from_markdown(text)
    html_parts.typeset(tree)
    rows = (row.findall("td") for row in tree.iter("tr"))
    return [
        (Markup(html_parts.written(word)), Markup(html_parts.written(meaning)))
        for word, meaning in (cells for cells in rows if cells)
    ]


# --- cards ----------------------------------------------------------------------------------------


def cards() -> list[Card]:
    """The data cards, each as a page."""
    return [card(path) for path in sorted(paths.DATA_CARDS.glob("*/README.md"))]


def card(path: Path) -> Card:
    """One card; links to other cards lead to their pages, those to files become plain text."""
    tree = html_parts.from_markdown(path.read_text(encoding="utf-8"))
    heading = next(tree.iter("h1"), None)
    title = path.parent.name.replace("_", " ") if heading is None else heading.text_content()
    if heading is not None:
        heading.drop_tree()
    html_parts.give_ids(tree)
    html_parts.map_links(tree, card_link)
    html_parts.let_tables_scroll(tree)
    return Card(path.parent.name, title, html_parts.written(tree))


def card_link(href: str) -> str | None:
    """The page of another card, if a link leads to one."""
    named = re.search(r"\.\./(\w+)(?:/README\.md)?/?$", href)
    there = named and (paths.DATA_CARDS / named[1] / "README.md").is_file()
    return f"{named[1]}.html" if named and there else None


# --- scores of real models ------------------------------------------------------------------------


def score_rows() -> list[dict[str, Any]]:
    """Rows of the table of scores, numbers as numbers; empty if there is no table."""
    if not SCORES.is_file():
        return []
    frame = pd.read_csv(SCORES, keep_default_na=False)
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


class Trained(NamedTuple):
    """The trained arms of a profile on the whole benchmark: rows, and the table's file.

    shots: solved examples that stood before each question.
    """

    profile: str
    seeds: int
    shots: int
    csv: str
    rows: list[dict[str, Any]]


def trained_arms() -> list[Trained]:
    """What the committed profiles' arms score on the whole benchmark; empty if none was asked."""
    return [trained_on(folder) for folder in trained_folders()]


def trained_folders() -> list[Path]:
    """The folders in which committed profiles' arms have answered the whole benchmark."""
    found = paths.RESULTS.glob(f"*/{whole_benchmark.FOLDER}/scores.csv")
    return [path.parent for path in sorted(found)]


def trained_csv(folder: Path) -> str:
    """The name of a profile's table among those of the site."""
    return f"{folder.parent.name}-benchmark-scores.csv"


def trained_on(folder: Path) -> Trained:
    """The table of one profile: a row for each arm and group of questions, numbers in words."""
    scores = pd.read_csv(folder / "scores.csv").set_index(["arm", "stratum", "metric"])
    minus = pd.read_csv(folder / "differences.csv").set_index(["arm", "minus", "stratum", "metric"])
    rows = [
        {
            "arm": capital(arm_title(arm)),
            "questions": capital(whole_benchmark.GROUPS[group]),
            "n": int(scores.loc[arm, group, "accuracy"]["n"]),
            "accuracy": interval_of(scores.loc[arm, group, "accuracy"], "mean"),
            "likelihood": interval_of(scores.loc[arm, group, "log_likelihood"], "mean"),
            "minus_base": interval_of(minus.loc[arm, "base", group, "log_likelihood"], "difference")
            if (arm, "base", group, "log_likelihood") in minus.index
            else "",
        }
        for group in whole_benchmark.GROUPS
        for arm in dict.fromkeys(arm for arm, stratum, _ in scores.index if stratum == group)
    ]
    shots, seeds = read_json(folder / RUN)["shots"], int(scores["seeds"].max())
    return Trained(folder.parent.name, seeds, shots, trained_csv(folder), rows)


def interval_of(row: Mapping | pd.Series, name: str) -> str:
    """A number with its interval."""
    value, low, high = (plain_number(float(row[c]), 3) for c in (name, "ci_low", "ci_high"))
    return f"{value} [{low}, {high}]"


def scores_figure() -> Figure | None:
    """Accuracy of real models and of guessers on the whole test split, with intervals."""
    rows = [score_point(row) for row in score_rows() if row["part"] == "all"]
    if not rows:
        return None
    best_guess = max((row["high"] for row in rows if row["guesser"]), default=0)
    models = [row for row in rows if not row["guesser"]]
    above = sum(row["low"] > best_guess for row in models)
    title = f"{above} of {len(models)} models answer more than guessers do, beyond doubt"
    if not above:
        title = "No model is shown to answer more than guessers do"
    axis = charts.SPACE.join(("accuracy: share answered correctly", charts.BETTER))
    wide = charts.forest(axis, 420, row_height=34)
    slim = charts.forest(axis, 176, row_height=34, values=False, ticks=3)
    narrow = [{**row, "label": plain.broken(row["name"], 19)} for row in rows]
    return Figure(
        title,
        f"A point is the accuracy on the whole test split, a line its 95 % interval over subjects; "
        f"n = {rows[0]['n']:,} questions. The line at the left is zero.",
        charts.still(wide, rows, title),
        charts.still(slim, narrow, title),
        "responses and grader as in the table of scores",
        csv="tables/scores.csv",
        rows=rows,
    )


def score_point(row: Mapping[str, Any]) -> dict[str, Any]:
    """A model's row of the table as a point of the figure."""
    mean, low, high = (float(row[name]) for name in ("accuracy", "ci_low", "ci_high"))
    name, text = capital(row["model"]), interval_of(row, "accuracy")
    return {
        **{"label": plain.broken(name, 34), "name": name, "kind": 0, "panel": "", "n": row["n"]},
        **{"value": mean, "low": low, "high": high, "text": text, "told": f"{name}: {text}"},
        "guesser": row["model"].startswith(GUESSER),
    }


# --- citation -------------------------------------------------------------------------------------


def citation() -> str:
    """How to cite the study, as BibTeX, from `CITATION.cff`."""
    given = read_yaml(paths.ROOT / "CITATION.cff")
    authors = " and ".join(
        f"{{{author['name']}}}" for author in given["authors"] if "name" in author
    )
    return (
        "@software{open_mucpt,\n"
        f"  title   = {{{given['title']}}},\n"
        f"  author  = {{{authors}}},\n"
        f"  version = {{{given.get('version', __version__)}}},\n"
        f"  license = {{{given['license']}}}\n"
        "}"
    )
