"""The measured numbers that stand in README.md and results/README.md, made from the tables.

    python -m mucpt_utils statements [--write]

Each of the two files has one block between `BEGIN` and `END`. Its content is computed from the
committed tables alone; without `--write` the command says which block differs from them. A profile
without results gives no line.
"""

import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.analysis.effects import PAPER_ARM, first_row
from mucpt_utils.arguments import Parser
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.io import write_text
from mucpt_utils.report.measures import KINDS, MEASURES, difference_of, verdict_of
from mucpt_utils.report.pooled import FOLDER as POOLED
from mucpt_utils.report.profiles import Finished, in_order_of_profiles, read_finished
from mucpt_utils.report.statement_tables import STATEMENTS, Everything, interval, prose_difference

BEGIN, END = "<!-- statements:begin -->", "<!-- statements:end -->"
TABLES = (
    *("main_comparison", "differences", "verdicts", "costs", "chance", "repeatability"),
    *("reference_surface", "bits_per_byte", "pooled", "repeats"),
)
HEADLINE = ("evidence", "laptop")  # the first of these that there is gives the sentence of README
PRETRAINED = "real"  # the profile whose base is a model of somebody else; the second sentence
PROSE = "prose"  # the lane of real text; the third sentence
SOFT_ON_PROSE = {"soft_static": "the ratio alone as weights", "soft_mixed": "half of it uniform"}
WIDTH = 110
NOTE = (
    "Means with 95 % intervals, clustered by seed and by subject (real prose: over seeds); "
    "differences are paired by seed and question. Bold is what the rule in "
    "`mucpt_utils/analysis/verdicts.yaml` calls better or worse: p corrected over the methods, and "
    "beyond the margin that a change of machine moves. Cost is relative to plain. Known and "
    "unknown: to the reference model."
)


class StatementError(MuCPTError, ValueError):
    """A file without exactly one block for statements."""


def read_results(folder: Path) -> dict[str, Finished]:
    """Every finished run of `folder` by profile, with those of `TABLES` that it has, judged.

    The differences over all profiles together, which are no run, stand under `POOLED`.
    """
    names = in_order_of_profiles(path.parent.name for path in folder.glob("*/run.json"))
    names += [POOLED] if (folder / POOLED / "tables").is_dir() else []
    runs = {name: read_finished(folder / name, TABLES) for name in names}
    return {name: replace(finished, tables=finished.judged) for name, finished in runs.items()}


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
    more = on_a_pretrained_model(results) + on_real_prose(results)
    return f"{sentence}{more} [All results](results/README.md)."


def on_a_pretrained_model(results: Everything) -> str:
    """The same difference on a model that somebody else pretrained; "" where none was asked."""
    result = results.get(PRETRAINED)
    clauses = against_plain(result) if result else ""
    if result is None or not clauses:
        return ""
    scale = f"pretrained `{result.run['settings']['pretrained']['name']}`, {result.scale}"
    return f" In profile `{PRETRAINED}` ({scale}) it is {clauses}: {judgement(result)}."


def on_real_prose(results: Everything) -> str:
    """What soft weights do to the prediction of real music prose; "" where none was read."""
    result = results.get(PROSE)
    table = None if result is None else result.tables.get("bits_per_byte")
    if result is None or table is None:
        return ""
    clauses = []
    for arm, words in SOFT_ON_PROSE.items():
        row = first_row(table, arm=arm, stratum="music")
        if row is not None:
            clauses.append(f"{prose_difference(row)} with {words}")
    if not clauses:
        return ""
    return (
        f" On real music prose ([`{PROSE}`](results/{PROSE}/README.md), {result.scale}) bits per "
        f"byte of held-out passages, minus plain's, lower is better: {' and '.join(clauses)}."
    )


def against_plain(result: Finished) -> str:
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


def judgement(result: Finished) -> str:
    """What the paper's arm comes to, at equal tokens and, where it was trained, equal compute."""
    told = []
    names = {"plain": "at equal tokens", "plain_compute": "at the reference model's compute too"}
    for other, words in names.items():
        verdict = verdict_of(result.tables, PAPER_ARM, other)
        if verdict:
            told.append(f"{verdict} {words}")
    return ", ".join(told)


def all_statements(results: Everything) -> str:
    """Every statement that the results allow, as Markdown: a heading and its table."""
    tables = {heading: statement(results) for heading, statement in STATEMENTS.items()}
    sections = [f"### {heading}\n\n{table}" for heading, table in tables.items() if table]
    return "\n\n".join([textwrap.fill(NOTE, WIDTH), *sections]) if sections else ""


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
