"""The report of a profile: one HTML file made from `run.json`, `tables/` and `figures/`.

Nothing in it is typed: abstract, verdicts and limits are worded from the numbers. The file needs
no network and no other file; links to tables, figures and notebooks lead to what lies beside it.
"""

import base64
import json
import os
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.analysis.claims import NOT_TESTED, PAPER_ARM, Scale, learnt, verdict_counts
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.settings import load_profile
from mucpt_utils.pipeline.accounting import KEPT
from mucpt_utils.report.display import is_numeric, shown
from mucpt_utils.report.figures import FIGURES, METRIC_TITLES, STRATUM_TITLES, arm_title
from mucpt_utils.report.table_files import FORMATS, read_table
from mucpt_utils.scoring import models
from mucpt_utils.study import cost, parallel, stages
from mucpt_utils.study.stages import Artifact

RUN = "run.json"
LONGEST_LISTING = 100  # entries of a listing that run.json spells out
LARGEST = 5_000_000  # bytes of a report
ROWS_SHOWN = 1500  # of a large table; the file beside the report has all
SAMPLE = 30  # rows shown of the answers
SUMMARY_STRATA = ("all", "covered", "uncovered", "general")
NEW_ARMS = tuple(name for name, arm in ARMS.items() if arm.role == "method")


class ReportError(ValueError):
    """A results folder from which no report can be made; the message names the file."""


# figures that are not drawn from a table of `figures.FIGURES`: title, how to read it, table
OTHER_FIGURES: dict[str, tuple[str, str, str]] = {
    "bits_per_byte": (
        "Real prose: bits per byte by arm",
        "Lower is better; the dotted line is the base before training. Music shows what was "
        "learnt, general text what was forgotten.",
        "bits_per_byte",
    ),
    "reliability": (
        "Reliability of the domain classifier",
        "Share that is music by the probability given; on the dotted line both are equal. The area "
        "of a dot grows with its documents.",
        "classifier",
    ),
}


# --- run.json -------------------------------------------------------------------------------------


def run_record(study, artifacts: Iterable[Artifact]) -> dict:
    """The content of `run.json`: settings, versions, machine, and every artefact's record.

    artifacts: what the tables were computed from; all that these were made from is added.
    No host name and no folder of the machine is recorded.
    """
    profile = study.profile
    return {
        "profile": profile.name,
        "purpose": profile.purpose,
        "parameters": parameter_count(profile),
        "tokens": profile.train.tokens,
        "seeds": list(profile.seeds),
        "settings": without_folders(profile.model_dump(mode="json")),
        "commit": commit(),
        "versions": {"python": platform.python_version(), **stages.versions()},
        "machine": machine(),
        "artifacts": shortened(without_folders(stages.lineage(artifacts))),
    }


def write_run_record(folder: Path, record: Mapping) -> Path:
    """Write `folder/run.json`; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RUN
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def parameter_count(profile) -> int:
    """Parameters of the profile's model, counted without allocating them."""
    with torch.device("meta"):
        return models.from_scratch(profile.model, profile.vocabulary, seed=0).num_parameters()


def scale(record: Mapping) -> Scale:
    """The experiment's size, for `claims_table`, from the content of `run.json`."""
    return Scale(record["profile"], record["parameters"], record["tokens"], len(record["seeds"]))


def commit() -> str | None:
    """The checkout's commit, marked where code or data have changed since; None without git."""
    head = _git("rev-parse", "HEAD")
    if head is None:
        return None
    changed = _git("status", "--porcelain", "--", "mucpt_utils", "notebooks", "data_cards")
    return f"{head} with uncommitted changes" if changed else head


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=paths.ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def machine() -> dict:
    """CPU model, vector instructions, usable cores, memory in GiB, and the GPU if there is one."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.system(),
        "cpu": _cpu_model(),
        "instructions": _instructions(),
        "cores": parallel.cores(),
        "memory_gib": round(memory / 2**30, 1),
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
    }


def _instructions() -> str:
    """What torch multiplies with: CPUs of one name may differ in it, and then numbers differ."""
    flags = torch.backends.cpu.get_cpu_capability()
    return f"{flags}, bfloat16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else flags


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def without_folders(value: object) -> object:
    """JSON data in which every absolute path is cut to its last part."""
    if isinstance(value, Mapping):
        return {key: without_folders(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_folders(item) for item in value]
    if isinstance(value, str) and len(value) > 1 and Path(value).is_absolute():
        return Path(value).name
    return value


def shortened(value: object) -> object:
    """JSON data in which a long listing (the files of a folder) is its length and its digest."""
    if isinstance(value, Mapping) and len(value) > LONGEST_LISTING:
        return {"entries": len(value), "sha256": stages.digest(value)}
    if isinstance(value, Mapping):
        return {key: shortened(item) for key, item in value.items()}
    return [shortened(item) for item in value] if isinstance(value, list) else value


# --- words from numbers ---------------------------------------------------------------------------


def abstract(tables: Mapping[str, pd.DataFrame], run: Mapping) -> list[str]:
    """The report's abstract, one paragraph an item, worded from the numbers.

    Where plain training taught nothing, it says so and compares nothing.
    """
    return [text for text, _ in _paragraphs(tables, run)]


def _paragraphs(tables: Mapping[str, pd.DataFrame], run: Mapping) -> list[tuple[str, list[str]]]:
    """The abstract's paragraphs, each with the tables that its numbers are from."""
    parts = [(_setting(tables, run), ["runs"]), (_pipeline_sentence(tables), ["funnel"])]
    if "differences" in tables and "main_comparison" in tables:
        parts += _comparisons(tables)
    parts += [(text, ["bits_per_byte"]) for text in _prose(tables)]
    parts.append((_verdicts(tables), ["claims"]))
    return [(text, [name for name in names if name in tables]) for text, names in parts if text]


def _comparisons(tables: Mapping[str, pd.DataFrame]) -> list[tuple[str, list[str]]]:
    if not learnt(tables):
        text = (
            "At this size plain continued pretraining does not measurably beat the base: the "
            "models are too small, or the tokens too few, to learn the facts. The run shows "
            "that every stage works; it allows no conclusion about the arms."
        )
        return [(text, ["differences"])]
    effects = [*_effects(tables), _prize(tables)]
    return [
        (_levels(tables), ["main_comparison"]),
        *((text, ["differences"]) for text in effects),
        (_forgetting(tables), ["main_comparison", "differences"]),
    ]


def _setting(tables: Mapping[str, pd.DataFrame], run: Mapping) -> str:
    runs = tables.get("runs", pd.DataFrame(columns=["axis", "stratum", "n"]))
    asked = runs[(runs["axis"] == "main") & (runs["stratum"] == "all")]["n"]
    questions = f" and {int(asked.iloc[0]):,} questions" if len(asked) else ""
    return (
        "MuCPT (arXiv 2511.14245) scores tokens softly by a reference model: one loss ratio "
        "selects documents and down-weights tokens in domain continued pretraining. This is an "
        f"independent, open test of that idea with models of {run['parameters']:,} parameters, "
        f"{run['tokens']:,} training tokens an arm, {_count(len(run['seeds']), 'seed')}"
        f"{questions} (profile {run['profile']}: {run['purpose']})."
    )


def _pipeline_sentence(tables: Mapping[str, pd.DataFrame]) -> str:
    funnel = tables.get("funnel")
    if funnel is None or funnel.empty:
        return ""
    first, last = funnel["stage"].iloc[0], funnel["stage"].iloc[-1]
    entered = int(funnel[funnel["stage"] == first]["documents"].sum())
    kept = funnel[(funnel["stage"] == last) & (funnel["reason"] == KEPT)]["documents"].sum()
    return (
        f"Of {entered:,} documents that enter the pipeline, {int(kept):,} "
        f"({_percent(kept / max(entered, 1))}) are left for training."
    )


def _levels(tables: Mapping[str, pd.DataFrame]) -> str:
    found = [_mean(tables, arm, "all", "accuracy") for arm in ("base", "plain")]
    if None in found:
        return ""
    base, plain = found
    return (
        f"Plain continued pretraining answers {plain['mean']:.2f} of the questions correctly "
        f"(95 % interval {_range(plain)}), the base {base['mean']:.2f} ({_range(base)})."
    )


def _effects(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """The paper's arm, the best of the other arms with a loss ratio, and Rho-1, against plain."""
    means = {arm: _mean(tables, arm, "all", "accuracy") for arm in NEW_ARMS if arm != PAPER_ARM}
    known = {arm: row["mean"] for arm, row in means.items() if row is not None}
    best = max(known, key=known.__getitem__, default=None)
    leads = {PAPER_ARM: "", best: "best of the other arms with soft weights: ", "rho1": ""}
    return [_effect(tables, arm, lead) for arm, lead in leads.items() if arm is not None]


def _effect(tables: Mapping[str, pd.DataFrame], arm: str, lead: str) -> str:
    rows = [_versus(tables, arm, "plain", stratum) for stratum in ("covered", "uncovered")]
    if any(row is None for row in rows):
        return ""
    known, unknown = map(_change, rows)
    return (
        f"{_capital(lead + arm_title(arm))}. Against plain at equal tokens, accuracy on facts that "
        f"the reference model knows {known}; on facts it does not know it {unknown}."
    )


def _change(row: Mapping) -> str:
    """What a difference says, with its interval; an interval around 0 says nothing either way."""
    interval = f"{_signed(row['ci_low'])} to {_signed(row['ci_high'])}"
    if row["ci_low"] > 0:
        return f"rises by {row['difference']:.2f} (95 % interval {interval})"
    if row["ci_high"] < 0:
        return f"falls by {-row['difference']:.2f} (95 % interval {interval})"
    return f"shows no clear change ({_signed(row['difference'])}, 95 % interval {interval})"


def _prize(tables: Mapping[str, pd.DataFrame]) -> str:
    """Whether an arm beats plain and Rho-1 on both kinds of facts."""
    winners = [arm for arm in NEW_ARMS if _beats_both(tables, arm)]
    if winners:
        names = ", ".join(arm_title(arm) for arm in winners)
        return f"Better than both plain and Rho-1 on known and on unknown facts: {names}."
    return (
        "No arm is shown to be better than both plain and Rho-1 on both the facts that the "
        "reference model knows and those that it does not."
    )


def _beats_both(tables: Mapping[str, pd.DataFrame], arm: str) -> bool:
    rows = [
        _versus(tables, arm, other, stratum)
        for other in ("plain", "rho1")
        for stratum in ("covered", "uncovered")
    ]
    return all(row is not None and row["ci_low"] > 0 for row in rows)


def _forgetting(tables: Mapping[str, pd.DataFrame]) -> str:
    row = _versus(tables, "base", "plain", "general")
    base, plain = (_mean(tables, arm, "general", "accuracy") for arm in ("base", "plain"))
    if row is None or base is None or plain is None:
        return ""
    values = f"from {base['mean']:.2f} (base) to {plain['mean']:.2f} (plain)"
    if row["ci_low"] > 0:
        return f"General knowledge is forgotten: accuracy on general questions falls {values}."
    return f"Forgetting of general knowledge is not shown: accuracy goes {values}."


def _prose(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """One sentence for each held-out text of the prose lane: bits per byte by arm."""
    table = tables.get("bits_per_byte", pd.DataFrame(columns=["stratum"]))
    told = []
    for stratum, rows in table.groupby("stratum", sort=False):
        values = "; ".join(_bits(row) for row in rows.to_dict("records"))
        told.append(
            f"Bits per byte on held-out {stratum} prose, lower is better (95 % interval): {values}."
        )
    return told


def _bits(row: Mapping) -> str:
    return (
        f"{arm_title(row['arm'])} {row['mean']:.3f} ({row['ci_low']:.3f} to {row['ci_high']:.3f})"
    )


def _verdicts(tables: Mapping[str, pd.DataFrame]) -> str:
    claims = tables.get("claims")
    if claims is None:
        return ""
    whose = {"published": "published", "reported": "reported by third parties"}
    parts = []
    for status, counts in verdict_counts(claims).items():
        verdicts = ", ".join(f"{number} {name}" for name, number in counts.items())
        parts.append(f"of {_count(sum(counts.values()), 'claim')} {whose[status]}, {verdicts}")
    return _capital("; ".join(parts)) + "."


def limits(tables: Mapping[str, pd.DataFrame], run: Mapping) -> list[str]:
    """What the numbers cannot say, with what of it can be counted."""
    seeds = len(run["seeds"])
    by_chance = _percent(2 ** (1 - seeds))
    found = [
        f"Models of {run['parameters']:,} parameters and {run['tokens']:,} tokens an arm are far "
        "from the paper's 32B parameters and 40B tokens; an effect here need not hold there, and "
        "one that is missing here may appear there.",
        "The paper publishes no code, data or weights. Direction, form, floor and clip of the loss "
        "ratio, the reference model, the classifier and the cleaning rules are this study's own "
        "choices; every one is a named setting.",
        "The text is real prose, so no fact can be asked: bits per byte say how well text is "
        "predicted, not what is known."
        if "bits_per_byte" in tables
        else "The documents are written by a program from true facts. That makes every stage "
        "measurable, and the text less varied than a crawl.",
        f"Intervals draw {_count(seeds, 'seed')} and, crossed with them, the subjects asked about "
        "(pigeonhole bootstrap). Where seeds differ more than subjects do, intervals over so few "
        f"seeds are too narrow: an arm that changes nothing has all {seeds} seeds on one side of "
        f"zero in {by_chance} of cases by chance alone."
        if seeds > 1
        else "One seed proves nothing: the intervals cover the questions only.",
    ]
    if "differences" in tables:
        count = int(tables["differences"]["p_value"].notna().sum())
        found.append(
            f"The {count} p-values of the table of differences are not corrected for their number."
        )
    if "claims" in tables:
        missing = int((tables["claims"]["verdict"] == NOT_TESTED).sum())
        found.append(f"{_count(missing, 'claim')} could not be tested in this profile.")
    return found


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _range(row: Mapping) -> str:
    return f"{row['ci_low']:.2f} to {row['ci_high']:.2f}"


def _mean(tables, arm: str, stratum: str, metric: str) -> Mapping | None:
    table = tables["main_comparison"]
    return _first(table, arm=arm, stratum=stratum, metric=metric)


def _versus(tables, arm: str, other: str, stratum: str) -> Mapping | None:
    where = {"arm": arm, "compared_to": other, "stratum": stratum, "metric": "accuracy"}
    return _first(tables["differences"], **where)


def _first(table: pd.DataFrame, **where: str) -> Mapping | None:
    mask = np.logical_and.reduce([table[column] == value for column, value in where.items()])
    return table[mask].iloc[0].to_dict() if mask.any() else None


# --- the page -------------------------------------------------------------------------------------


def write_report(folder: Path) -> Path:
    """Make `folder/report.html` from `run.json`, `tables/*.csv` and `figures/*.png` in it.

    Returns its path. Raises ReportError where there is no `run.json`, it is damaged, or the page
    would be larger than `LARGEST`.
    """
    run = _read_run(folder)
    tables = {path.stem: read_table(path.parent, path.stem) for path in _files(folder, "tables")}
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            title=f"Music-domain continued pretraining: results of profile {run['profile']}",
            abstract=_paragraphs(tables, run),
            figures=_figures(folder),
            summary=_summary(tables),
            arms=[(name, arm) for name, arm in ARMS.items() if name in run["settings"]["arms"]],
            claims=_claims(tables),
            tables=_tables(folder, tables, run),
            limits=limits(tables, run),
            prose="bits_per_byte" in tables,
            groups=_groups(run),
            cost=_cost(),
            checklist=checklist(run),
            artifact_names={record["name"] for record in run["artifacts"]},
            anchors=_anchors(tables),
            executed={path.stem for path in (folder / "executed").glob("*.ipynb")},
            settings=_pretty(run["settings"]),
            pretty=_pretty,
        )
    )
    size = len(page.encode())
    if size > LARGEST:
        raise ReportError(f"{folder}: the report has {size:,} bytes; allowed are {LARGEST:,}")
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(paths.PACKAGE / "report" / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def _read_run(folder: Path) -> dict:
    path = folder / RUN
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ReportError(f"{path} is missing: the notebooks write it") from None
    except ValueError as error:
        raise ReportError(f"{path} is no JSON: {error}") from None


def _files(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / kind).glob("*.csv"))


def _figures(folder: Path) -> list[dict]:
    """Every figure that was drawn, inlined as PNG: known ones first, in the order of `FIGURES`."""
    drawn = {path.stem: path for path in sorted((folder / "figures").glob("*.png"))}
    names = [name for name in (*FIGURES, *OTHER_FIGURES) if name in drawn]
    return [_figure(drawn[name]) for name in dict.fromkeys([*names, *drawn])]


def _figure(png: Path) -> dict:
    title, reading, table = _words_about(png.stem)
    width, height = _png_size(png)
    data = base64.b64encode(png.read_bytes()).decode()
    has_table = (png.parent.parent / "tables" / f"{table}.csv").is_file()
    return {
        "name": png.stem,
        "title": title,
        "reading": reading,
        "table": table if has_table else "",
        "source": f"data:image/png;base64,{data}",
        "width": width,
        "height": height,
    }


def _words_about(name: str) -> tuple[str, str, str]:
    """Title, how to read it, and table of a figure; a figure not known here says its name."""
    if name in FIGURES:
        info = FIGURES[name]
        return info.title, info.reading, info.table
    return OTHER_FIGURES.get(name, (_capital(name.replace("_", " ")), "", name))


def _png_size(path: Path) -> tuple[int, int]:
    """Width and height from a PNG's header, so that the page does not jump while it loads."""
    head = path.read_bytes()[16:24]
    return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")


def _summary(tables: Mapping[str, pd.DataFrame]) -> dict | None:
    """Accuracy by arm and stratum with intervals, for reading; None without main comparison."""
    main = tables.get("main_comparison")
    if main is None or main.empty:
        return None
    rows = []
    for arm in dict.fromkeys(main["arm"]):
        cells = [_mean(tables, arm, stratum, "accuracy") for stratum in SUMMARY_STRATA]
        rows.append((arm, arm_title(arm), [_cell(cell) for cell in cells]))
    heads = [_capital(STRATUM_TITLES[stratum]) for stratum in SUMMARY_STRATA]
    return {"heads": heads, "rows": rows, "metric": METRIC_TITLES["accuracy"]}


def _cell(row: Mapping | None) -> tuple[str, str]:
    return ("–", "") if row is None else (f"{row['mean']:.2f}", _range(row))


def _claims(tables: Mapping[str, pd.DataFrame]) -> list[dict]:
    rows = tables["claims"].to_dict("records") if "claims" in tables else []
    for row in rows:
        row["links"] = _linked(row["evidence"], tables)
        row["value"] = shown(row["our_value"], "our_value") if _is(row["our_value"]) else ""
        if row["value"] and float(row["our_value"]).is_integer() and row["our_value"] > 1:
            row["value"] = f"{int(row['our_value']):,}"
        row["interval"] = (
            f"{row['ci_low']:.3f} to {row['ci_high']:.3f}" if _is(row["ci_low"]) else ""
        )
        row["mark"] = row["verdict"].split()[0]
    return rows


def _linked(evidence: str, tables: Iterable[str]) -> Markup:
    """Evidence as HTML in which every table and figure that it names is a link."""
    html = str(escape(evidence))
    html = re.sub(rf"\b({'|'.join(sorted(tables))})\.csv", r'<a href="#table-\1">\1.csv</a>', html)
    figures = "|".join(sorted(FIGURES, key=len, reverse=True))
    return Markup(re.sub(rf"figure ({figures})\b", r'<a href="#figure-\1">figure \1</a>', html))


def _is(value: float) -> bool:
    return not np.isnan(value)


def _tables(folder: Path, tables: Mapping[str, pd.DataFrame], run: Mapping) -> list[dict]:
    """Every table but the claims: described ones in the dictionary's order, then the others."""
    described = schema.load_tables()
    names = [name for name in described if name in tables and name != "claims"]
    names += [name for name in tables if name not in described]
    return [_table(folder, name, tables[name], run) for name in names]


def _table(folder: Path, name: str, frame: pd.DataFrame, run: Mapping) -> dict:
    info = schema.load_tables().get(name)
    behind = _behind(info.made_from, run) if info else []
    part = frame.head(SAMPLE if name == "answers" else ROWS_SHOWN)
    columns = list(part.columns)
    numeric = [is_numeric(part, column) for column in columns]
    formats = [s for s in FORMATS if (folder / "tables" / f"{name}.{s}").is_file()]
    return {
        "name": name,
        "caption": info.about if info else _capital(name.replace("_", " ")) + ".",
        "columns": list(zip(columns, numeric, strict=True)),
        "rows": [
            [(shown(value, c), n) for value, c, n in zip(row, columns, numeric, strict=True)]
            for row in part.itertuples(index=False, name=None)
        ],
        "linked": "arm" if "arm" in columns else columns[0],
        "origins": _origins(part, behind),
        "total": len(frame),
        "formats": formats,
        "made_from": list(Counter(record["name"] for record in behind).items()),
        "notebooks": _notebooks(behind),
    }


def _origins(frame: pd.DataFrame, behind: Sequence[Mapping]) -> list[str]:
    """For each row the name of the artefacts that its numbers are from; "" where unknown.

    A row about an arm leads to that arm's runs, any other to the last artefact behind the table.
    """
    names = list(dict.fromkeys(record["name"] for record in behind))
    arms = frame.get("arm", frame.get("run", pd.Series([""] * len(frame))))
    found = []
    for arm in arms.astype(str):
        arm = arm.partition("/seed")[0].rpartition("/")[2]
        own = [name for name in names if name.partition("_")[2] == arm]
        found.append((own or names[-1:] or [""])[-1])
    return found


def _behind(patterns: Sequence[str], run: Mapping) -> list[dict]:
    """The records of the artefacts that a table was computed from."""
    return [r for r in run["artifacts"] if any(fnmatch(r["name"], p) for p in patterns)]


def _notebooks(records: Iterable[Mapping]) -> list[str]:
    return sorted({record["made_by"] for record in records if record["made_by"]})


def _anchors(tables: Iterable[str]) -> set[str]:
    """Parts of the page that the checklist may lead to."""
    there = {f"table-{name}" for name in tables} | {"abstract", "limits", "cost", "settings"}
    there |= {"tables"} if tables else set()
    return there | {"provenance"} | ({"claims"} if "claims" in tables else set())


FULL_SIZE = "paper"  # the profile of the paper's size


def _cost() -> dict:
    """What the full size would cost, and how it is started."""
    profile = load_profile(FULL_SIZE)
    rows = cost.estimate(profile).to_dict("records")
    return {
        "profile": profile.name,
        "run": cost.was_run(profile),
        "rows": [{**row, "value": _quantity(row["value"])} for row in rows],
        "commands": cost.launch_commands(profile),
    }


def _quantity(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or float(value).is_integer() else f"{value:.3g}"


def checklist(run: Mapping) -> list[dict]:
    """The reproducibility checklist: topic, question, answer, told, where; figures filled in."""
    path = paths.PACKAGE / "report" / "checklist.yaml"
    items = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = {
        "parameters": run["parameters"],
        "tokens": run["tokens"],
        "seeds": len(run["seeds"]),
        "hours": sum(record["seconds"] for record in run["artifacts"]) / 3600,
        "cpu": run["machine"]["cpu"],
    }
    return [{**item, "told": item["told"].format(**known)} for item in items]


def _groups(run: Mapping) -> list[dict]:
    """Artefacts by name for the provenance section, in the order in which they were made."""
    groups: dict[str, list[dict]] = {}
    for record in run["artifacts"]:
        groups.setdefault(record["name"], []).append(record)
    return [
        {
            "name": name,
            "records": records,
            "seconds": sum(record["seconds"] for record in records),
            "notebooks": _notebooks(records),
        }
        for name, records in groups.items()
    ]


def _pretty(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
