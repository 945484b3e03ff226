"""The measured numbers that stand in README.md and results/README.md, made from the tables.

    python -m mucpt_utils statements [--write]

Each of the two files has one block between `BEGIN` and `END`. Its content is computed from the
committed tables alone; without `--write` the command says which block differs from them. A profile
without results gives no line.
"""

import argparse
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis.claims import (
    PAPER_ARM,
    Effect,
    abbreviated,
    first_row,
)
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.io import read_json, write_text
from mucpt_utils.report.figures import arm_title
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
TABLES = ("main_comparison", "differences", "reference_surface", "bits_per_byte")
FIRST = ("laptop", "replication", "confirmation", "overnight", "surface")
STRATA = {"all": "all facts", "covered": "known facts", "uncovered": "unknown facts"}
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
            there = [name for name in TABLES if (tables / f"{name}.csv").is_file()]
            run = read_json(folders[profile] / "run.json")
            results[profile] = Results(run, {name: read_table(tables, name) for name in there})
    return results


# --- tables of Markdown ---------------------------------------------------------------------------


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; "" without rows."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) if rows else ""


def interval(value: float, low: float, high: float) -> str:
    """A difference with its interval: `+0.31 [+0.17, +0.46]`."""
    return f"{signed(value)} [{signed(low)}, {signed(high)}]"


def effect_cell(effect: Effect) -> str:
    """A difference with its interval, in bold where the interval holds no zero."""
    text = interval(effect.value, effect.low, effect.high)
    return text if effect.state == "open" else f"**{text}**"


def level_cell(row: Mapping) -> str:
    """A mean with its interval: `0.23 [0.13, 0.35]`."""
    mean, low, high = (plain_number(row[column]) for column in ("mean", "ci_low", "ci_high"))
    return f"{mean} [{low}, {high}]"


# --- statements -----------------------------------------------------------------------------------


def headline(results: Everything) -> str:
    """The one sentence of README.md: the paper's arm against plain, in profile `laptop`."""
    if "laptop" not in results:
        return ""
    laptop = results["laptop"]
    clauses, states = [], set()
    for kind, words in KINDS.items():
        nats, share = (
            difference_of(laptop.tables, PAPER_ARM, "plain", kind, metric) for metric in MEASURES
        )
        if nats is None or share is None:
            return ""
        number = interval(nats.value, nats.low, nats.high)
        accuracy = interval(share.value, share.low, share.high)
        clauses.append(f"{number} nats per token (accuracy {accuracy}) on {words}")
        states.add(nats.state)
    mixed = ": a mixed effect" if states == {"stands", "fails"} else ""
    return (
        f"In profile `laptop` ({laptop.scale}) the log-likelihood of answers after the paper's "
        f"arm, selection and soft weights by one loss ratio, minus that after plain continued "
        f"pretraining is {' and '.join(clauses)}, with 95 % intervals{mixed}. "
        "[All results](results/README.md)."
    )


def scales(results: Everything) -> str:
    """What each profile is for, and its size."""
    rows = []
    for profile, result in results.items():
        real = "; real text" if "bits_per_byte" in result.tables else ""
        rows.append([f"[`{profile}`]({profile})", result.run["purpose"] + real, result.scale])
    return markdown(["profile", "for", "size of the models, tokens an arm, seeds"], rows)


def plain_levels(results: Everything) -> str:
    """Where plain continued pretraining ends, by profile and stratum."""
    rows = []
    for profile, result in results.items():
        for stratum, words in (STRATA | {"general": "general questions"}).items():
            means = [mean_of(result.tables, "plain", stratum, metric) for metric in MEASURES]
            cells = [level_cell(row) for row in means if row is not None]
            if len(cells) == len(MEASURES):
                rows.append([f"`{profile}`", words, *cells])
    return markdown(["profile", "questions", *MEASURE_HEADS], rows)


def arm_against(arm: str, other: str) -> Callable[[Everything], str]:
    """The statement about an arm minus another: a row for each profile that has both."""

    def differences(results: Everything) -> str:
        rows = []
        for profile, result in results.items():
            for stratum, words in STRATA.items():
                effects = [
                    difference_of(result.tables, arm, other, stratum, metric) for metric in MEASURES
                ]
                cells = [effect_cell(effect) for effect in effects if effect is not None]
                if len(cells) == len(MEASURES):
                    rows.append([f"`{profile}`", words, *cells])
        return markdown(["profile", "questions", *MEASURE_HEADS], rows)

    return differences


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
    rows = [
        [
            row["stratum"],
            arm_title(row["arm"]),
            f"{row['mean']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}]",
        ]
        for row in table.to_dict("records")
    ]
    return markdown(["held-out text", "arm", "bits per byte"], rows)


# heading -> the table below it, from the results of every profile
STATEMENTS: dict[str, Callable[[Everything], str]] = {
    "Profiles": scales,
    "Plain continued pretraining": plain_levels,
    f"The paper's arm (`{PAPER_ARM}`) minus plain": arm_against(PAPER_ARM, "plain"),
    "`soft_mixed` minus plain": arm_against("soft_mixed", "plain"),
    "`soft_mixed` minus Rho-1": arm_against("soft_mixed", "rho1"),
    "`soft_surprise` minus plain": arm_against("soft_surprise", "plain"),
    "`soft_surprise` minus Rho-1": arm_against("soft_surprise", "rho1"),
    "Soft weighting minus plain, by what the reference model knows": soft_by_coverage,
    "Real prose, lower is better": prose_bits,
}
NOTE = (
    "Means with 95 % intervals over seeds, crossed with subjects (real prose: over seeds); "
    "differences are paired by seed and question, bold where the interval holds no zero, and not "
    "corrected for their number. Known and unknown: to the reference model."
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
