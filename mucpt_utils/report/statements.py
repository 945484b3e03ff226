"""The measured numbers in README.md and results/README.md, computed from the tables.

    python -m mucpt_utils statements [--write]

Each of the two files has one block between `BEGIN` and `END`. Its content is computed from the
committed tables alone; without `--write` the command says which block differs from them. A profile
without results gives no line.
"""

import math
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import PAPER_ARM, Effect, effect_numbers, first_row
from mucpt_utils.analysis.repeats import made_twice
from mucpt_utils.arguments import Parser
from mucpt_utils.config.arms import ARMS
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.io import write_text
from mucpt_utils.report import words
from mucpt_utils.report.candidates import CANDIDATES, Candidate
from mucpt_utils.report.cells import STRATA, effect_cell, interval, markdown
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.figures.conclusions import state_of
from mucpt_utils.report.measures import (
    COSTS,
    KINDS,
    MEASURES,
    METHODS,
    PRIMARY,
    Tables,
    difference_of,
    states_by_kind,
    verdict_of,
)
from mucpt_utils.report.numbers import enumerated
from mucpt_utils.report.pooled import FOLDER as POOLED
from mucpt_utils.report.profiles import Finished, finished_profiles, read_finished
from mucpt_utils.report.statement_tables import STATEMENTS, Everything, prose_difference

BEGIN, END = "<!-- statements:begin -->", "<!-- statements:end -->"
TABLES = (
    *("main_comparison", "differences", "verdicts", "costs", "chance", "repeatability", "runs"),
    "arms_by_level",
    *(
        "reference_surface",
        "bits_per_byte",
        "pooled",
        "repeats",
        "resolution",
        "kinds_left",
        "selection_kinds",
    ),
)
HEADLINE = ("evidence", "laptop")  # the first of these that exists is the headline of README
PRETRAINED = "real"  # the profile whose base is a publicly pretrained model
SOFT_ON_PROSE = {"soft_static": "the ratio alone as weights", "soft_mixed": "half of it uniform"}
AGAIN = "the same seeds and settings, in other arithmetic"
WIDTH = 110
NOTE = (
    "Means with 95 % intervals, clustered by seed and by subject (real prose: over seeds); "
    "differences are paired by seed and question. Bold is what the rule in "
    "`mucpt_utils/analysis/verdicts.yaml` calls better or worse: its p-value, corrected over the "
    "methods, is small, and it lies beyond the margin that is kept for a change of machine. An "
    "interval is that of its comparison alone, so one that excludes zero may stand beside an "
    "undecided verdict. *Detectable* is the true difference in nats, on known and on unknown "
    "facts, that a test at level .05 finds in 80 % of such runs. *Cost* is relative to plain. The "
    "bold verdict of an arm is the one by which it is judged: the one at equal compute, where it "
    "costs more than a quarter more than plain and plain was trained with four fifths of that or "
    "more. *Known* and *unknown* facts are those about subjects that the reference model has and "
    "has not read about. The arms' names are explained in the "
    "[glossary](../notebooks/GLOSSARY.md) and in `mucpt_utils/config/arms.yaml`."
)


class StatementError(MuCPTError, ValueError):
    """A file without exactly one block for statements."""


def read_results(folder: Path) -> dict[str, Finished]:
    """Every finished run of `folder` by profile, with those of `TABLES` that it has, judged.

    The differences over all profiles together, which are not a run, are under `POOLED`.
    """
    names = finished_profiles(folder)
    names += [POOLED] if (folder / POOLED / "tables").is_dir() else []
    runs = {name: read_finished(folder / name, TABLES) for name in names}
    return {name: replace(finished, tables=finished.judged) for name, finished in runs.items()}


def headline(results: Everything) -> str:
    """What README.md says, point by point: is there room, what does plain reach with more tokens,
    the paper's arm against plain on both kinds of facts, which methods are better than plain and
    Rho-1, what is forgotten, a pretrained model and real prose, if there are such runs; then a
    table of the candidates on fresh facts.
    """
    profile = next((name for name in HEADLINE if name in results), None)
    clauses = against_plain(results[profile]) if profile else ""
    if not profile or not clauses:
        return ""
    tables = results[profile].tables
    points = {
        "Room": room(tables),
        "More tokens": at_equal_compute(tables),
        "The paper's arm": "the log-likelihood of answers after selection and soft weights by one "
        f"loss ratio, minus that after plain, is {clauses}: {judgement(results[profile])}.",
        "The best": better(tables),
        "Forgetting": forgotten(tables),
        "A pretrained model": on_a_pretrained_model(results),
        "Real music prose": on_real_prose(results),
    }
    lines = [f"- **{head}**: {told}" for head, told in points.items() if told]
    first = (
        f"In profile `{profile}` ({results[profile].scale}), against plain continued pretraining, "
        "with 95 % intervals:"
    )
    parts = [first, "\n".join(lines), candidates(results), "[All results](results/README.md)."]
    return "\n\n".join(filter(None, parts))


def room(tables: Tables) -> str:
    """How far above plain the best ceilings are on each kind of facts; "" without ceilings."""
    best = verdicts.room(tables["differences"])
    rows = best[best["metric"] == PRIMARY].to_dict("records")
    if [row["stratum"] for row in rows] != list(KINDS):
        return ""
    told = on_both([Effect("", *effect_numbers(row)) for row in rows])
    return f"the best of the ways that are told the labels (ceilings), minus plain, is {told}."


def at_equal_compute(tables: Tables) -> str:
    """What plain gains with the compute of a reference model, and the room that labels leave above
    it; "" if that was not run."""
    effects = [
        difference_of(tables, verdicts.EQUAL_COMPUTE, verdicts.EQUAL_TOKENS, kind, PRIMARY)
        for kind in KINDS
    ]
    found = [effect for effect in effects if effect is not None]
    if len(found) < len(effects):
        return ""
    gained = (
        f"what a reference model costs, spent on plain training instead, gains {on_both(found)}"
    )
    above = [ceiling_above(tables, verdicts.EQUAL_COMPUTE, kind) for kind in KINDS]
    left = [interval(effect.value, effect.low, effect.high) for effect in above if effect]
    room_left = f"; the best ceiling minus that is {' and '.join(left)}" if left else ""
    return f"{gained}{room_left}."


def ceiling_above(tables: Tables, other: str, kind: str) -> Effect | None:
    """The best ceiling minus another arm on a kind of facts; None without ceilings."""
    ceilings = (arm for arm, declared in ARMS.items() if declared.role == "ceiling")
    effects = (difference_of(tables, arm, other, kind, PRIMARY) for arm in ceilings)
    return max((e for e in effects if e is not None), key=lambda e: e.value, default=None)


def on_both(effects: Sequence[Effect]) -> str:
    """`+0.51 [+0.43, +0.60] nats per token on facts ... and +0.50 [+0.44, +0.56] on facts ...`."""
    numbers = [interval(effect.value, effect.low, effect.high) for effect in effects]
    units = (MEASURES[PRIMARY][1], "")
    clauses = zip(numbers, units, KINDS.values(), strict=True)
    return " and ".join(f"{number}{unit} on {facts}" for number, unit, facts in clauses)


def better(tables: Tables) -> str:
    """Which methods are better than plain and Rho-1, as the report says it; "" if plain had no
    more compute."""
    at_compute = verdicts.EQUAL_COMPUTE in set(tables["differences"]["compared_to"])
    told = words.better_than_both(tables) if at_compute else ""
    return told[:1].lower() + told[1:]  # it follows a colon


def forgotten(tables: Tables) -> str:
    """What general questions lose in plain training, and in which methods more; "" if nothing."""
    plain = difference_of(tables, "plain", "base", "general", PRIMARY)
    if plain is None or plain.state != "fails":
        return ""
    more = [
        f"“{arm_title(arm)}” {interval(effect.value, effect.low, effect.high)}"
        for arm in METHODS
        if (effect := difference_of(tables, arm, "plain", "general", PRIMARY))
        and state_of(effect) == "fails"
    ]
    told = f"; methods that lose more than plain: {enumerated(more)}" if more else ""
    number = interval(plain.value, plain.low, plain.high)
    return f"on general questions plain minus the base is {number}{MEASURES[PRIMARY][1]}{told}."


def candidates(results: Everything) -> str:
    """Each candidate against plain of its price and against Rho-1, as a table under a sentence;
    "" if none was run. A run that was made twice is told twice."""
    runs = {name: finished.run for name, finished in results.items() if name != POOLED}
    again = {first: name for name, first in made_twice(runs).items()}
    rows = []
    for profile, candidate in CANDIDATES.items():
        if profile in results:
            rows += candidate_row(results[profile], candidate)
        if profile in again:
            rows += candidate_row(results[again[profile]], candidate._replace(fresh=AGAIN))
    told = (
        "Ways of training that were found on development questions, each planned before its run on "
        "what was fresh; nats per token of the answer, in bold where a verdict says so:"
    )
    head = ["run", "way of training", "fresh", "minus plain at the same compute", "minus Rho-1"]
    return f"{told}\n\n{markdown(head, rows)}" if rows else ""


def candidate_row(result: Finished, candidate: Candidate) -> list[tuple[str, ...]]:
    """A candidate minus plain of about its price, and minus Rho-1 where that was run; none if the
    candidate or this plain was not run."""
    prices = verdicts.relative_costs(result.tables["costs"])
    own, others = (prices.get(arm, math.nan) for arm in (candidate.arm, verdicts.EQUAL_COMPUTE))
    run = f"[{result.name}](results/{result.name}/README.md)"
    way = f"**{arm_title(candidate.arm)}**, {own:.1f} times plain's compute"
    fresh = candidate.fresh
    if f"{own:.2f}" != f"{others:.2f}":
        fresh += f"; plain has {others:.2f} times its own compute"
    cells = [compared(result, candidate.arm, other) for other in (verdicts.EQUAL_COMPUTE, "rho1")]
    return [(run, way, fresh, *(cell or "–" for cell in cells))] if cells[0] else []


def compared(result: Finished, arm: str, other: str) -> str:
    """An arm minus another on each kind of facts, and its verdict; "" if that was not run."""
    effects = {kind: difference_of(result.tables, arm, other, kind, PRIMARY) for kind in KINDS}
    if any(effect is None for effect in effects.values()):
        return ""
    states = states_by_kind(result.tables, arm, other)
    # where the kinds differ, one word over both would hide one
    differ = len(set(states.values())) > 1
    lines = [
        f"{STRATA[kind]} {effect_cell(effect)}{f', {states[kind]}' if differ else ''}"
        for kind, effect in effects.items()
    ]
    return "<br>".join(lines if differ else [*lines, verdict_of(result.tables, arm, other)])


def on_a_pretrained_model(results: Everything) -> str:
    """The same difference on a publicly pretrained model; "" if there is no such run."""
    result = results.get(PRETRAINED)
    clauses = against_plain(result) if result else ""
    if result is None or not clauses:
        return ""
    scale = f"pretrained `{result.run['settings']['pretrained']['name']}`, {result.scale}"
    told = f"the paper's arm minus plain is {clauses}: {judgement(result)}"
    return f"in profile `{PRETRAINED}` ({scale}) {told}."


def on_real_prose(results: Everything) -> str:
    """What soft weights do to the prediction of real music prose; "" if there is no such run."""
    result = results.get(paths.PROSE)
    table = None if result is None else result.tables.get("bits_per_byte")
    if result is None or table is None:
        return ""
    clauses = []
    for arm, weights in SOFT_ON_PROSE.items():
        row = first_row(table, arm=arm, stratum="music")
        if row is not None:
            clauses.append(f"{prose_difference(row)} with {weights}")
    if not clauses:
        return ""
    return (
        f"in [`{paths.PROSE}`](results/{paths.PROSE}/README.md) ({result.scale}) bits per byte of "
        f"held-out passages, minus plain's, lower is better, are {' and '.join(clauses)}."
    )


def against_plain(result: Finished) -> str:
    """The paper's arm minus plain on each kind of facts; "" if one of them is missing."""
    clauses = []
    for kind, facts in KINDS.items():
        nats, share = (
            difference_of(result.tables, PAPER_ARM, "plain", kind, metric) for metric in MEASURES
        )
        if nats is None or share is None:
            return ""
        number = interval(nats.value, nats.low, nats.high)
        accuracy = interval(share.value, share.low, share.high)
        clauses.append(f"{number} nats per token (accuracy {accuracy}) on {facts}")
    return " and ".join(clauses)


def judgement(result: Finished) -> str:
    """The verdicts on the paper's arm, at equal tokens and, if trained, at equal compute."""
    told = []
    for other, where in COSTS.items():
        verdict = verdict_of(result.tables, PAPER_ARM, other)
        more = [kind_by_kind(result, other)]
        if other == verdicts.EQUAL_COMPUTE:  # the numbers at equal tokens were given before
            more.insert(0, in_nats(result, other))
        within = "; ".join(filter(None, more))
        if verdict:
            told.append(f"{verdict} {where}{f' ({within})' if within else ''}")
    return ", ".join(told)


def in_nats(result: Finished, other: str) -> str:
    """The paper's arm minus another on known and on unknown facts; "" if one is missing."""
    found = [difference_of(result.tables, PAPER_ARM, other, kind, PRIMARY) for kind in KINDS]
    effects = [effect for effect in found if effect is not None]
    told = " and ".join(interval(e.value, e.low, e.high) for e in effects)
    return f"{told}{MEASURES[PRIMARY][1]}" if len(effects) == len(KINDS) else ""


def kind_by_kind(result: Finished, other: str) -> str:
    """The verdicts on each kind of facts if only one is undecided; else ""."""
    found = states_by_kind(result.tables, PAPER_ARM, other)
    return on_each_kind(found) if verdicts.UNDECIDED in found.values() else ""


def on_each_kind(found: Mapping[str, str]) -> str:
    """`better on facts ..., worse on facts ...`; "" if the verdicts on both kinds are one."""
    if len(set(found.values())) < 2:
        return ""
    return ", ".join(f"{found[kind]} on {facts}" for kind, facts in KINDS.items() if kind in found)


def all_statements(results: Everything) -> str:
    """Every statement that the results allow, as Markdown: a heading and its table."""
    tables = {heading: statement(results) for heading, statement in STATEMENTS.items()}
    sections = [f"### {heading}\n\n{table}" for heading, table in tables.items() if table]
    return "\n\n".join([textwrap.fill(NOTE, WIDTH), *sections]) if sections else ""


def blocks(results: Everything) -> dict[Path, str]:
    """What should stand in the block of each file."""
    lines = [
        textwrap.fill(
            line, WIDTH, break_on_hyphens=False, subsequent_indent="  " if line[:1] == "-" else ""
        )
        if line[:1] != "|"
        else line
        for line in headline(results).splitlines()
    ]
    return {
        paths.ROOT / "README.md": "\n".join(lines),
        paths.ROOT / "results" / "README.md": all_statements(results),
    }


def with_block(path: Path, content: str) -> str:
    """The file's text with this content in its block.

    Raises StatementError unless the file has exactly one block.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise StatementError(f"{path}: one block from {BEGIN} to {END} is needed")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{content}\n{END}{rest.partition(END)[2]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the blocks with the tables, or write them; returns the exit code."""
    parser = Parser(
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
