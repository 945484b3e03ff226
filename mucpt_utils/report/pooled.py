"""`results/pooled`: one table of differences over the runs of every committed profile.

    python -m mucpt_utils pooled [--results DIR]

How runs are pooled stands in `analysis.pooling`; it needs the committed answers alone.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis.frames import TableError
from mucpt_utils.analysis.items import items_of_answers
from mucpt_utils.analysis.pooling import poolable, pooled
from mucpt_utils.arguments import Parser
from mucpt_utils.errors import OK, MuCPTError
from mucpt_utils.io import read_json
from mucpt_utils.report.table_files import describe, read_table, write_table

FOLDER = "pooled"
POOLED = "only models from scratch on the test split's questions are pooled"


class NothingToPool(MuCPTError, FileNotFoundError):
    """No profile whose runs can be pooled; the message says where it was looked."""


def items_by_profile(results: Path) -> dict[str, pd.DataFrame]:
    """Final items of every profile that is pooled, by name.

    One that may not be pooled, or whose answers have no log-likelihoods, is left out and named on
    the error stream.
    """
    profiles = {}
    for path in sorted(results.glob("*/run.json")):
        if (path.parent / "tables" / "answers.csv").is_file():
            try:
                profiles[path.parent.name] = items_of_profile(path.parent)
            except TableError as error:
                print(f"{path.parent.name} is left out: {error}", file=sys.stderr)
    return profiles


def items_of_profile(folder: Path) -> pd.DataFrame:
    """The final items of a results folder. Raises TableError where they cannot be pooled."""
    if not poolable(read_json(folder / "run.json")):
        raise TableError(POOLED)
    return items_of_answers(read_table(folder / "tables", "answers"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `pooled.csv` from the committed answers; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils pooled", description="Differences over all profiles' runs."
    )
    parser.add_argument("--results", type=Path, help="folder of the profiles' results")
    results = parser.parse_args(arguments).results or paths.RESULTS
    try:
        profiles = items_by_profile(results)
        if not profiles:
            raise NothingToPool(f"{results}: no profile has answers that can be pooled")
        path = write_table(pooled(profiles), results / FOLDER / "tables", "pooled")
        describe(path.parent)
    except MuCPTError as error:
        print(f"pooled: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{path}: {', '.join(profiles)}")
    return OK
