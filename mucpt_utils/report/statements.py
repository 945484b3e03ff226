"""The measured numbers that stand in README.md and results/README.md, made from the tables.

    python -m mucpt_utils statements [--write]

Each of the two files has one block between `BEGIN` and `END`. Its content is computed from the
committed tables alone; without `--write` the command says which block differs from them. A profile
without results gives no line.
"""

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.claims import (
    PAPER_ARM,
    Effect,
    abbreviated,
    first_row,
    with_verdicts,
)
from mucpt_utils.config.arms import ARMS
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.io import read_json, write_text
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.pooled import FOLDER as POOLED
from mucpt_utils.report.table_files import read_table
from mucpt_utils.report.words import (
    KINDS,
    MEASURES,
    counted,
    difference_of,
    mean_of,
    plain_number,
    signed,
)

BEGIN, END = "<!-- statements:begin -->", "<!-- statements:end -->"
TABLES = (
    *("main_comparison", "differences", "verdicts", "costs", "chance", "repeatability"),
    *("reference_surface", "bits_per_byte", "pooled"),
)
FIRST = ("evidence", "laptop", "replication", "confirmation", "real", "overnight", "surface")
HEADLINE = ("evidence", "laptop")  # the first of these that there is gives the sentence of README
PRETRAINED = "real"  # the profile whose base is a model of somebody else; the second sentence
STRATA = {"covered": "known facts", "uncovered": "unknown facts"}
MEASURE_HEADS = ("log-likelihood of the answer, nats per token", "accuracy")
WIDTH = 110


class StatementError(MuCPTError, ValueError):
    """A file without exactly one block for statements."""


@dataclass(frozen=True)
class Results:
    """What a profile's run left: its `run.json`, and those of `TABLES` that it has."""

    run: Mapping
    tables: Mapping[str, pd.DataFrame]

    @property
    def scale(self) -> str:
        """Parameters, tokens and seeds in words."""
        run = self.run
        size = f"{abbreviated(run['parameters'])} parameters, {abbreviated(run['tokens'])} tokens"
        return f"{size}, {counted(len(run['seeds']), 'seed')}"


Everything = Mapping[str, Results]


def read_results(folder: Path) -> dict[str, Results]:
    """Results by profile, from every folder of `folder` that has a `run.json`; `FIRST` first."""
    folders = {path.parent.name: path.parent for path in sorted(folder.glob("*/run.json"))}
    results = {}
    for profile in dict.fromkeys([*FIRST, *folders]):
        if profile in folders:
            tables = folders[profile] / "tables"
            results[profile] = Results(read_json(folders[profile] / "run.json"), read_all(tables))
    if (folder / POOLED / "tables").is_dir():
        results[POOLED] = Results({}, read_all(folder / POOLED / "tables"))
    return results


def read_all(tables: Path) -> dict[str, pd.DataFrame]:
    """Those of `TABLES` that a folder has; differences with the verdict of each."""
    there = [name for name in TABLES if (tables / f"{name}.csv").is_file()]
    return {name: with_verdicts(name, read_table(tables, name)) for name in there}


def profiles(results: Everything) -> Iterator[tuple[str, Results]]:
    """The profiles by name, without what is pooled over them."""
    return ((name, result) for name, result in results.items() if result.run)


# --- tables of Markdown ---------------------------------------------------------------------------


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; "" without rows."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) if rows else ""


def interval(value: float, low: float, high: float) -> str:
    """A difference with its interval: `+0.31 [+0.17, +0.46]`."""
    return f"{signed(value)} [{signed(low)}, {signed(high)}]"


def effect_cell(effect: Effect | None) -> str:
    """A difference with its interval, in bold where it is called better or worse; "–" for none.

    Without a verdict, bold is an interval that holds no zero.
    """
    if effect is None:
        return "–"
    text = interval(effect.value, effect.low, effect.high)
    clear = effect.verdict in verdicts.OPPOSITE if effect.verdict else effect.state != "open"
    return f"**{text}**" if clear else text


def level_cell(row: Mapping) -> str:
    """A mean with its interval: `0.23 [0.13, 0.35]`."""
    mean, low, high = (plain_number(row[column]) for column in ("mean", "ci_low", "ci_high"))
    return f"{mean} [{low}, {high}]"


# --- statements -----------------------------------------------------------------------------------


def headline(results: Everything) -> str:
    """The sentence of README.md, and one for a pretrained model where there is one.

    The paper's arm against plain, on both kinds of facts.
    """
    profile = next((name for name in HEADLINE if name in results), None)
    clauses = against_plain(results[profile]) if profile else ""
    if not profile or not clauses:
        return ""
    sentence = (
        f"In profile `{profile}` ({results[profile].scale}) the log-likelihood of answers after "
        f"the paper's arm, selection and soft weights by one loss ratio, minus that after plain "
        f"continued pretraining is {clauses}, with 95 % intervals: {judgement(results[profile])}."
    )
    return f"{sentence}{on_a_pretrained_model(results)} [All results](results/README.md)."


def on_a_pretrained_model(results: Everything) -> str:
    """The same difference on a model that somebody else pretrained; "" where none was asked."""
    result = results.get(PRETRAINED)
    clauses = against_plain(result) if result else ""
    if result is None or not clauses:
        return ""
    scale = f"pretrained `{result.run['settings']['pretrained']['name']}`, {result.scale}"
    return f" In profile `{PRETRAINED}` ({scale}) it is {clauses}: {judgement(result)}."


def against_plain(result: Results) -> str:
    """The paper's arm minus plain on each kind of facts; "" where one of them is missing."""
    clauses = []
    for kind, words in KINDS.items():
        nats, share = (
            difference_of(result.tables, PAPER_ARM, "plain", kind, metric) for metric in MEASURES
        )
        if nats is None or share is None:
            return ""
        number = interval(nats.value, nats.low, nats.high)
        accuracy = interval(share.value, share.low, share.high)
        clauses.append(f"{number} nats per token (accuracy {accuracy}) on {words}")
    return " and ".join(clauses)


def judgement(result: Results) -> str:
    """What the paper's arm comes to, at equal tokens and, where it was trained, equal compute."""
    told = []
    names = {"plain": "at equal tokens", "plain_compute": "at the reference model's compute too"}
    for other, words in names.items():
        verdict = verdict_of(result, PAPER_ARM, other)
        if verdict:
            told.append(f"{verdict} {words}")
    return ", ".join(told)


def verdict_of(result: Results, arm: str, other: str) -> str:
    """An arm's verdict against another over both kinds of facts; "" where it was not compared."""
    table = result.tables.get("differences")
    if table is None:
        return ""
    rows = table[(table["arm"] == arm) & (table["compared_to"] == other)]
    return verdicts.over_kinds(verdicts.states_of(rows).values()) if len(rows) else ""


def scales(results: Everything) -> str:
    """What each profile is for, and its size."""
    rows = []
    for profile, result in profiles(results):
        real = "; real text" if "bits_per_byte" in result.tables else ""
        rows.append([f"[`{profile}`]({profile})", result.run["purpose"] + real, result.scale])
    return markdown(["profile", "for", "size of the models, tokens per arm, seeds"], rows)


def room(results: Everything) -> str:
    """The best ceiling above plain, by profile and kind of facts, and whether it stands clear."""
    rows = []
    for profile, result in profiles(results):
        table = result.tables.get("differences")
        best = verdicts.room(table) if table is not None and len(table) else pd.DataFrame()
        for row in best.to_dict("records"):
            effect = Effect(row["arm"], row["difference"], row["ci_low"], row["ci_high"])
            measure = MEASURE_HEADS[list(MEASURES).index(row["metric"])]
            clear = f"{row['clear']} ({signed(row['needed'])} is asked for)"
            cells = [f"`{row['arm']}`", measure, effect_cell(effect), clear]
            rows.append([f"`{profile}`", STRATA[row["stratum"]], *cells])
    head = ["profile", "questions", "best ceiling", "measure", "minus plain", "stands clear"]
    return markdown(head, rows)


def plain_levels(results: Everything) -> str:
    """Where plain continued pretraining ends, by profile and stratum, beside what chance gives."""
    rows = []
    for profile, result in profiles(results):
        for stratum, words in (STRATA | {"general": "general questions"}).items():
            means = [mean_of(result.tables, "plain", stratum, metric) for metric in MEASURES]
            cells = [level_cell(row) for row in means if row is not None]
            chance = first_row(result.tables.get("chance"), arm="plain", stratum=stratum)
            if len(cells) == len(MEASURES):
                by_chance = "–" if chance is None else plain_number(chance["mean"])
                rows.append([f"`{profile}`", words, *cells, by_chance])
    head = ["profile", "questions", *MEASURE_HEADS, "accuracy, answers permuted within a relation"]
    return markdown(head, rows)


def by_role(role: str, *others: str) -> Callable[[Everything], str]:
    """The statement about every arm of a role: minus each of `others`, with verdict and cost."""

    def arms(results: Everything) -> str:
        rows = []
        for profile, result in profiles(results):
            for arm in (name for name, declared in ARMS.items() if declared.role == role):
                for other in others:
                    cells = compared_cells(result, arm, other)
                    if cells:
                        rows.append([f"`{profile}`", f"`{arm}`", *cells])
        return markdown(["profile", "arm", *COMPARED_HEADS], rows)

    return arms


COMPARED_HEADS = ("minus", "known, nats", "known, accuracy") + (
    "unknown, nats",
    "unknown, accuracy",
    "verdict",
    "cost",
)


def compared_cells(result: Results, arm: str, other: str) -> list[str]:
    """An arm minus another on both kinds of facts, the verdict and the cost; [] if not compared."""
    effects = [
        difference_of(result.tables, arm, other, kind, metric)
        for kind in KINDS
        for metric in MEASURES
    ]
    if arm == other or all(effect is None for effect in effects):
        return []
    cost = first_row(result.tables.get("costs"), arm=arm)
    told = "–" if cost is None else f"{cost['relative_to_plain']:.2f}"
    verdict = verdict_of(result, arm, other) or "–"
    return [f"`{other}`", *map(effect_cell, effects), verdict, told]


def over_profiles(results: Everything) -> str:
    """Every arm minus plain over the runs of all profiles together."""
    table = results[POOLED].tables.get("pooled") if POOLED in results else None
    if table is None:
        return ""
    table = table[(table["pooled"] == "yes") & (table["compared_to"] == "plain")]
    rows = []
    for arm, group in table.groupby("arm", sort=False):
        result = Results({}, {"differences": group})
        first = group.iloc[0]
        counts = [f"{first['seeds']:.0f}", first["profiles"]]
        rows.append([f"`{arm}`", *compared_cells(result, str(arm), "plain")[:-1], *counts])
    return markdown(["arm", *COMPARED_HEADS[:-1], "seeds", "profiles"], rows)


def forgetting(results: Everything) -> str:
    """What each arm does to general questions: plain minus the base, the others minus plain."""
    rows = []
    for profile, result in profiles(results):
        pairs = [
            ("plain", "base"),
            *((arm, "plain") for arm in ARMS if arm not in ("plain", "base")),
        ]
        for arm, other in pairs:
            effects = [
                difference_of(result.tables, arm, other, "general", metric) for metric in MEASURES
            ]
            if any(effect is not None for effect in effects):
                cells = [f"`{arm}`", f"`{other}`", *map(effect_cell, effects)]
                rows.append([f"`{profile}`", *cells])
    return markdown(["profile", "arm", "minus", *MEASURE_HEADS], rows)


def repeatability(results: Everything) -> str:
    """By how much two single runs must differ before it means anything."""
    rows = []
    for profile, result in profiles(results):
        for stratum, words in (STRATA | {"general": "general questions"}).items():
            found = [
                first_row(result.tables.get("repeatability"), stratum=stratum, metric=metric)
                for metric in MEASURES
            ]
            if all(row is not None for row in found):
                cells = [plain_number(row["must_differ_by"]) for row in found if row is not None]
                rows.append([f"`{profile}`", words, *cells])
    return markdown(["profile", "questions", *MEASURE_HEADS], rows)


def soft_by_coverage(results: Everything) -> str:
    """Soft weighting minus plain in `surface`, a row for each coverage and confidence of the RM."""
    table = results["surface"].tables.get("reference_surface") if "surface" in results else None
    if table is None:
        return ""
    rows = []
    keys = ["coverage", "confidence", "arm"]
    for coverage, confidence, arm in table[keys].drop_duplicates().itertuples(index=False):
        where = {"coverage": coverage, "confidence": confidence, "arm": arm}
        for stratum, words in STRATA.items():
            cells = []
            for metric in MEASURES:
                row = first_row(table, **where, stratum=stratum, metric=metric)
                if row is not None:
                    effect = Effect(arm, row["difference"], row["ci_low"], row["ci_high"])
                    cells.append(effect_cell(effect))
            if len(cells) == len(MEASURES):
                rows.append([coverage, confidence, f"`{arm}`", words, *cells])
    head = ["share of subjects it knows", "its confidence", "arm", "questions", *MEASURE_HEADS]
    return markdown(head, rows)


def prose_bits(results: Everything) -> str:
    """Bits per byte on held-out real prose, a row for each text and arm."""
    table = results["prose"].tables.get("bits_per_byte") if "prose" in results else None
    if table is None:
        return ""
    rows = []
    for row in table.to_dict("records"):
        mean = f"{row['mean']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
        rows.append([row["stratum"], arm_title(row["arm"]), mean, prose_difference(row)])
    return markdown(["held-out text", "arm", "bits per byte", "minus plain"], rows)


def prose_difference(row: Mapping) -> str:
    """An arm's bits per byte minus plain's, with the interval where the table has it."""
    difference = row.get("difference_to_plain", float("nan"))
    if pd.isna(difference):
        return "–"
    ends = [row.get(f"difference_to_plain_{end}", float("nan")) for end in ("low", "high")]
    values = [signed(value, 3) for value in (difference, *ends) if not pd.isna(value)]
    return values[0] + (f" [{', '.join(values[1:])}]" if len(values) == 3 else "")


# heading -> the table below it, from the results of every profile
STATEMENTS: dict[str, Callable[[Everything], str]] = {
    "Profiles": scales,
    "Is there room? The best ceiling minus plain": room,
    "Plain continued pretraining": plain_levels,
    "What simple baselines reach": by_role("baseline", "plain"),
    "What each method adds, at equal tokens and at equal compute": by_role(
        "method", "plain", "plain_compute"
    ),
    "Methods minus Rho-1 as published": by_role("method", "rho1"),
    "Over all profiles: every arm minus plain": over_profiles,
    "Controls and ceilings": lambda results: "\n\n".join(
        table for role in ("control", "ceiling") if (table := by_role(role, "plain")(results))
    ),
    "What is forgotten: general questions": forgetting,
    "Two runs of one arm must differ by more than": repeatability,
    "Soft weighting minus plain, by what the reference model knows": soft_by_coverage,
    "Real prose, lower is better": prose_bits,
}
NOTE = (
    "Means with 95 % intervals, clustered by seed and by subject (real prose: over seeds); "
    "differences are paired by seed and question. Bold is what the rule in "
    "`mucpt_utils/analysis/verdicts.yaml` calls better or worse: p corrected over the methods, and "
    "beyond the margin that a change of machine moves. Cost is relative to plain. Known and "
    "unknown: to the reference model."
)


def all_statements(results: Everything) -> str:
    """Every statement that the results allow, as Markdown: a heading and its table."""
    tables = {heading: statement(results) for heading, statement in STATEMENTS.items()}
    sections = [f"### {heading}\n\n{table}" for heading, table in tables.items() if table]
    return "\n\n".join([textwrap.fill(NOTE, WIDTH), *sections]) if sections else ""


# --- blocks in files ------------------------------------------------------------------------------


def blocks(results: Everything) -> dict[Path, str]:
    """What should stand in the block of each file."""
    sentence = textwrap.fill(headline(results), WIDTH, break_on_hyphens=False)
    return {
        paths.ROOT / "README.md": sentence,
        paths.ROOT / "results" / "README.md": all_statements(results),
    }


def with_block(path: Path, content: str) -> str:
    """The file's text with this content in its block.

    Raises StatementError where the file has not exactly one block.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise StatementError(f"{path}: one block from {BEGIN} to {END} is needed")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{content}\n{END}{rest.partition(END)[2]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the blocks with the tables, or write them; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m mucpt_utils statements",
        description="The measured numbers of README.md and results/README.md, from the tables.",
    )
    parser.add_argument("--write", action="store_true", help="write the blocks anew")
    options = parser.parse_args(arguments)
    code = OK
    try:
        for path, content in blocks(read_results(paths.RESULTS)).items():
            text = with_block(path, content)
            name = path.relative_to(paths.ROOT)
            if text == path.read_text(encoding="utf-8"):
                print(f"{name}: as the tables say")
            elif options.write:
                write_text(path, text)
                print(f"{name}: written")
            else:
                print(f"{name}: differs from the tables; --write makes it anew")
                code = FOUND
    except MuCPTError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return code
