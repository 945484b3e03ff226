"""`results/pooled`: one table of differences, and a forest plot, over every committed profile.

    python -m mucpt_utils pooled [--results DIR]

How runs are pooled, `analysis.pooling` explains; only the committed answers are needed. A profile
whose runs repeat those of another is no further evidence: it is left out there,
and what moved is in a separate table (`analysis.repeats`). Another table says what would
narrow each profile's intervals (`analysis.resolution`).
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis.frames import TableError, concat
from mucpt_utils.analysis.items import items_of_answers
from mucpt_utils.analysis.pooling import has_its_own_compute, poolable, pooled
from mucpt_utils.analysis.repeats import made_twice, repeated
from mucpt_utils.analysis.resolution import resolution
from mucpt_utils.analysis.verdicts import EQUAL_COMPUTE
from mucpt_utils.arguments import Parser
from mucpt_utils.errors import OK, MuCPTError
from mucpt_utils.io import read_json
from mucpt_utils.report.figures import NothingToDraw, pooled_forest, save_figure
from mucpt_utils.report.figures.panels import sign
from mucpt_utils.report.profiles import finished_profiles, read_finished
from mucpt_utils.report.table_files import describe, read_table, write_table
from mucpt_utils.study.provenance import RUN

FOLDER = "pooled"
POOLED = "only models from scratch on the test split's questions are pooled"


class NothingToPool(MuCPTError, FileNotFoundError):
    """No profile has runs that can be pooled; the message names the folder searched."""


def items_by_profile(results: Path) -> dict[str, pd.DataFrame]:
    """Final items of every profile whose runs can be pooled, by name, in the order of reports.

    One that may not be pooled, or whose answers have no log-likelihoods, is left out and named on
    the error stream.
    """
    profiles = {}
    for name in finished_profiles(results):
        if (results / name / "tables" / "answers.csv").is_file():
            try:
                profiles[name] = items_of_profile(results / name)
            except TableError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
    return profiles


def items_of_profile(folder: Path) -> pd.DataFrame:
    """The final items of a results folder. Raises TableError if they cannot be pooled."""
    if not poolable(read_json(folder / RUN)):
        raise TableError(POOLED)
    return items_of_answers(read_table(folder / "tables", "answers"))


def of_one_compute(items: pd.DataFrame, run: Mapping) -> pd.DataFrame:
    """Items without plain training at a compute other than that of the other profiles."""
    return items[items["arm"] != EQUAL_COMPUTE] if has_its_own_compute(run) else items


def draw(together: pd.DataFrame, profiles: Iterable[str], results: Path) -> None:
    """Draw the forest plot of `pooled.csv`; a single profile has its own and gets none here."""
    try:
        fig, frame = pooled_forest(together)
    except NothingToDraw:
        return
    told = [read_finished(results / name, ()) for name in profiles]
    commits = "; ".join(f"{each.name} {each.commit}" for each in told)
    sign(fig, f"Profiles and commits: {commits}. 95 % intervals.")
    save_figure(fig, frame, results / FOLDER / "figures", FOLDER)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `pooled.csv` and its figure from the committed answers; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils pooled",
        description="Write the differences over all profiles' runs: the folder `pooled`, anew.",
    )
    parser.add_argument(
        "--results",
        type=Path,
        help="folder of the profiles' results, in which `pooled` is written (default: results/)",
    )
    results = parser.parse_args(arguments).results or paths.RESULTS
    try:
        profiles = items_by_profile(results)
        if not profiles:
            raise NothingToPool(f"{results}: no profile has answers that can be pooled")
        runs = {name: read_json(results / name / RUN) for name in profiles}
        repeats = made_twice(runs)
        once = {
            name: of_one_compute(items, runs[name])
            for name, items in profiles.items()
            if name not in repeats
        }
        again = [
            repeated(profiles[first], profiles[name], (first, name))
            for name, first in repeats.items()
        ]
        folder = results / FOLDER / "tables"
        together = pooled(once)
        path = write_table(together, folder, FOLDER)
        draw(together, once, results)
        if again:
            write_table(concat(again, "repeats"), folder, "repeats")
        write_table(resolution(once), folder, "resolution")
        describe(folder)
    except MuCPTError as error:
        print(f"pooled: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{path}: {', '.join(once)}")
    return OK
