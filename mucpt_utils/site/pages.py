"""Every page of the site, without the frame: which data and figures each shows."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lxml.html
from markupsafe import Markup

from mucpt_utils import paths
from mucpt_utils.analysis.effects import PAPER_ARM
from mucpt_utils.io import write_text
from mucpt_utils.pipeline.accounting import KEPT
from mucpt_utils.report import sections
from mucpt_utils.report.figures import METRIC_TITLES
from mucpt_utils.report.figures.conclusions import capital
from mucpt_utils.report.limits import limits
from mucpt_utils.report.numbers import percent
from mucpt_utils.report.plain import in_words
from mucpt_utils.report.stage_words import told
from mucpt_utils.site import across, answer, charts, lessons, plain, reference, samples
from mucpt_utils.site.answer import Figure
from mucpt_utils.site.frame import Site
from mucpt_utils.site.gathered import Finished

REPORT = "report.html"
BROUGHT = (".csv", ".parquet", ".pdf", ".png", ".json")  # files beside the report that it links to


def write_first(site: Site) -> None:
    """Write the first screen, and below it the claims and the limits."""
    finished = site.finished
    site.page(
        "index.html",
        "index",
        question=answer.QUESTION,
        short=answer.short_answer(finished),
        told=answer.sentence(finished),
        room=answer.room_sentence(finished),
        figure=answer.forest_figure(finished),
        claims=claims(finished),
        limits=limits(finished.tables, finished.run),
        others=[other for name, other in site.everything.items() if name != finished.name],
    )


def claims(finished: Finished) -> list[dict[str, Any]]:
    """The claims with their verdicts; their evidence calls ways of training by their names."""
    items = sections.claim_items(finished.tables)
    return [{**item, "evidence": in_words(item["evidence"])} for item in items]


# --- pages with controls --------------------------------------------------------------------------


def write_explorers(site: Site) -> list[dict[str, Any]]:
    """Write the pages with controls; returns the questions that one of them shows."""
    site.page("explore.html", "explore", paper=PAPER_ARM, metrics=METRIC_TITLES)
    whole = sorted(path.name for path in site.folder.glob(f"{across.NAME}.*"))
    site.page("profiles.html", "profiles", whole=whole, paper=PAPER_ARM)
    shown = samples.questions_data(site.finished)
    for name, made in {"weights": samples.weights_data(site.finished), "questions": shown}.items():
        data, origin = made or (None, "")
        if data is not None:
            site.data(name, data)
        site.page(f"{name}.html", name, there=data is not None, origin=origin)
    write_dropped(site)
    return [] if shown is None else shown[0]["questions"]


def write_dropped(site: Site) -> None:
    """Write what the pipeline dropped: the funnel, and documents to browse."""
    made = samples.rejected_data(site.finished)
    if made is not None:
        site.data("rejected", made[0])
    site.page(
        "dropped.html",
        "dropped",
        there=made is not None,
        origin=made[1] if made else "",
        figure=funnel_figure(site.finished),
    )


def funnel_figure(finished: Finished) -> Figure | None:
    """Documents that each stage dropped, by reason, with a title that says how many are left."""
    funnel = finished.tables.get("funnel")
    if funnel is None or funnel.empty:
        return None
    totals = funnel.groupby(["stage", "reason"], sort=False)["documents"].sum().reset_index()
    entered = int(totals[totals["stage"] == totals["stage"].iloc[0]]["documents"].sum())
    last = totals[(totals["stage"] == totals["stage"].iloc[-1]) & (totals["reason"] == KEPT)]
    left = int(last["documents"].sum())
    dropped = totals[(totals["reason"] != KEPT) & (totals["documents"] > 0)]
    rows = [funnel_row(row, entered) for row in dropped.itertuples()]
    rows.append(bar("Left for training", left, entered))
    title = f"{percent(left / entered)} of {entered:,} documents are left for training"
    narrow = [{**row, "label": plain.broken(row["name"], 19)} for row in rows]
    return Figure(
        title,
        "Each bar is the number of documents that one reason took out, in the order of the stages, "
        "the last what is left; counts, so without interval; "
        f"n = {entered:,} documents that came in.",
        charts.still(charts.bars("documents", lines=most_lines(rows)), rows, title),
        charts.still(charts.bars("documents", 150, most_lines(narrow)), narrow, title),
        finished.origin,
        csv="tables/funnel.csv",
        rows=rows,
    )


def funnel_row(row: Any, entered: int) -> dict[str, Any]:
    """A reason of one stage as a bar."""
    return bar(capital(told(str(row.stage), str(row.reason))), int(row.documents), entered)


def most_lines(rows: Sequence[Mapping[str, Any]]) -> int:
    """How many lines the longest label of a figure's rows has."""
    return 1 + max(row["label"].count(plain.BREAK) for row in rows)


def bar(name: str, documents: int, entered: int) -> dict[str, Any]:
    """A bar with its number."""
    share = documents / max(entered, 1)
    text = f"{documents:,} ({percent(share)})"
    label = plain.broken(name, 30)
    return {
        "label": label,
        "name": name,
        "value": documents,
        "text": text,
        "told": f"{name}: {text}",
    }


# --- lessons --------------------------------------------------------------------------------------


def write_lessons(site: Site) -> None:
    """Write the executed notebooks of the profile, or of the one that is committed whole."""
    folder = site.finished.folder
    if not any((folder / "executed").glob("*.ipynb")):
        folder = paths.committed(samples.COMMITTED)
    made = lessons.lessons(folder)
    profile = folder.name.partition("+")[0]
    site.page("lessons.html", "lessons", lessons=made, profile=profile)
    for number, lesson in enumerate(made):
        site.page(
            f"lessons/{lesson.name}.html",
            "lesson",
            lesson=lesson,
            profile=profile,
            html=Markup(lesson.html),
            before=made[number - 1] if number else None,
            after=made[number + 1] if number + 1 < len(made) else None,
            number=number + 1,
            total=len(made),
        )


# --- reference ------------------------------------------------------------------------------------


def write_reference(site: Site) -> None:
    """Write tables, names in words, scores of real models, and cards."""
    cards = reference.cards()
    report = (site.finished.folder / REPORT).is_file()
    site.page("reference.html", "reference", cards=cards, report=report)
    tables = list(reference.table_entries(site.finished, site.folder / "tables"))
    site.page("tables.html", "tables", tables=tables)
    site.page(
        "names.html",
        "names",
        arms=reference.arm_entries(site.finished),
        names=reference.name_entries(),
        glossary=reference.glossary(),
    )
    site.page(
        "scores.html",
        "scores",
        figure=reference.scores_figure(),
        rows=reference.score_rows(),
        trained=reference.trained_arms(),
    )
    for card in cards:
        site.page(f"cards/{card.name}.html", "card", card=card, html=Markup(card.html))


def write_report(site: Site) -> None:
    """Write the report of the run unchanged, with the files that it links to and a way back."""
    source = site.finished.folder / REPORT
    if not source.is_file():
        return
    root = lxml.html.fromstring(source.read_text(encoding="utf-8"))
    for link in list(root.iter("a")):
        there = brought(site.finished.folder, site.folder, link.get("href") or "")
        if there is None:
            link.drop_tag()
        else:
            link.set("href", there)
    back = lxml.html.fromstring(
        '<p class="back"><a href="index.html">Back to the first page</a></p>'
    )
    root.find(".//main").insert(0, back)
    html = lxml.html.tostring(root, encoding="unicode", doctype="<!doctype html>")
    write_text(site.folder / REPORT, html)


def brought(results: Path, site: Path, href: str) -> str | None:
    """Where a link of the report leads in the site; its file is copied if it is not there yet.

    None for a file that is not part of the site.
    """
    if re.match(r"[a-z]+:|#", href):
        return href
    name, _, place = href.partition("#")
    if name.startswith("executed/"):
        there = name.replace("executed/", "lessons/").replace(".ipynb", ".html")
        return there if (site / there).is_file() else None
    source, target = results / name, site / name
    if (packed := target.with_name(f"{target.name}.gz")).is_file():
        return packed.relative_to(site).as_posix()
    if source.suffix not in BROUGHT or not source.is_file() or site not in target.parents:
        return None
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return f"{name}#{place}" if place else name
