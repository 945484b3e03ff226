"""`./run_all.sh verify [PROFILE]`: runs afresh and compares every table with the committed one.

On the machine of the committed `run.json`, with the same versions, tables must be the same byte for
byte. Elsewhere matrices are multiplied in another order: tables of the corpus must still be the
same, those of trained models the same in their rows and, in each number, within `TOLERANCES`.
A table's Parquet must say what its CSV says.

    python -m mucpt_utils verify [PROFILE] [--against RESULTS]

Exit codes: 0 every table agrees, 1 one does not, 2 nothing to compare with.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.report import display, table_files
from mucpt_utils.study import provenance, stages

# no model is trained for these: text in, text out
OF_THE_CORPUS = frozenset({"sources", "funnel", "pipeline_quality", "dictionary"})
# by metric, or by column where a row has no metric: the largest difference between two machines of
# what is estimated over seeds
TOLERANCES = {
    "accuracy": 0.15,
    "log_likelihood": 0.4,
    "bits_per_byte": 0.05,
    "tokens_to_plain": np.inf,  # where a curve first meets another one jumps
    "p_value": 1.0,
    "our_value": 0.3,  # of claims: for some it is a share of few comparisons
    "weight": 0.15,
    "loss": 0.1,
}
OTHERWISE = 0.15
# how much more a single run may differ, and the end of an interval, which few subjects decide
SINGLE = 2
INTERVAL_ENDS = ("ci_low", "ci_high")
# how many tokens of a kind an arm has read so far: what a selecting arm reads, its losses decide
READ_SO_FAR = "token_weights_over_training"
# what a trained model says is compared by its grade, and only in the share that is the same
SAME_GRADES = 0.7


class Check(NamedTuple):
    """One table: whether it agrees, and how it was compared or where it differs."""

    table: str
    passed: bool
    told: str


def same_machine(run: dict) -> bool:
    """Whether a `run.json` comes from a machine and versions like these."""
    versions = stages.versions()
    return run["machine"] == provenance.machine() and all(
        run["versions"].get(name) == version for name, version in versions.items()
    )


def compare_results(committed: Path, fresh: Path) -> Iterator[Check]:
    """A check for every table of two results folders. Raises FileNotFoundError without tables."""
    names = {path.stem for path in (committed / "tables").glob("*.csv")}
    if not names:
        raise FileNotFoundError(f"{committed} holds no tables; is {committed.name!r} committed?")
    names |= {path.stem for path in (fresh / "tables").glob("*.csv")}
    run = _record(committed)
    exact = same_machine(run)
    yield _compare_settings(run, _record(fresh))
    for name in sorted(names):
        one, other = (folder / "tables" / f"{name}.csv" for folder in (committed, fresh))
        if not one.exists() or not other.exists():
            where = "the new run" if one.exists() else "the committed results"
            yield Check(name, False, f"missing in {where}")
        elif problem := other_formats(name, committed / "tables"):
            yield Check(name, False, problem)
        elif exact or name in OF_THE_CORPUS:
            yield compare_exactly(name, one, other)
        else:
            yield compare_closely(name, one, other)


def _record(results: Path) -> dict:
    return json.loads((results / "run.json").read_text(encoding="utf-8"))


def _compare_settings(committed: dict, fresh: dict) -> Check:
    """Whether both runs had the same settings: the tables of others need not agree."""
    one, other = (run.get("settings", {}) for run in (committed, fresh))
    names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    told = f"other values of {', '.join(names)}" if names else "the same settings"
    return Check("(settings in run.json)", not names, told)


def other_formats(name: str, folder: Path) -> str | None:
    """Which of a table's other files say something else than its CSV; None where all agree."""
    frame = table_files.read_table(folder, name)
    for suffix in table_files.FORMATS[1:]:
        path = folder / f"{name}.{suffix}"
        if path.exists() and not _says_the_same(path, frame, name):
            return f"{path.name} says something else than {name}.csv"
    return None


def _says_the_same(path: Path, frame: pd.DataFrame, name: str) -> bool:
    wanted = table_files.written(frame, name, path.suffix[1:])
    if path.suffix == ".parquet":  # another version of Parquet writes other bytes
        one, other = (pd.read_parquet(source) for source in (path, io.BytesIO(wanted)))
        return one.equals(other)
    return path.read_bytes() == wanted


def compare_exactly(name: str, committed: Path, fresh: Path) -> Check:
    """Byte for byte; names the first cell that differs."""
    if committed.read_bytes() == fresh.read_bytes():
        return Check(name, True, "the same bytes")
    one, other = (_text(path) for path in (committed, fresh))
    if problem := _other_shape(one, other):
        return Check(name, False, problem)
    rows, columns = np.nonzero((one != other).to_numpy())
    if not len(rows):
        return Check(name, False, "the same cells, written in another way")
    row, column = rows[0], one.columns[columns[0]]
    first = f"row {row + 2}, {column}: {one.iloc[row][column]!r}, now {other.iloc[row][column]!r}"
    return Check(name, False, f"{len(rows)} cells differ; {first}")


def compare_closely(name: str, committed: Path, fresh: Path) -> Check:
    """The same rows, and every number within its tolerance."""
    if name == "answers":
        return _compare_answers(committed, fresh)
    one, other = (table_files.read_table(path.parent, name) for path in (committed, fresh))
    if problem := _other_shape(one, other):
        return Check(name, False, problem)
    numbers = [column for column in one if display.is_numeric(one, column)]
    if name != "claims" and not one.drop(columns=numbers).equals(other.drop(columns=numbers)):
        return Check(name, False, "the rows are about something else")
    for column in numbers:
        allowed = _allowed(name, one, column)
        apart = (one[column] - other[column]).abs().to_numpy() > allowed
        if apart.any():
            row = int(np.argmax(apart))
            values = f"{one[column][row]:g}, now {other[column][row]:g}"
            return Check(
                name, False, f"row {row + 2}, {column}: {values} (within {allowed[row]:g})"
            )
    return Check(name, True, "within tolerance")


def _allowed(name: str, frame: pd.DataFrame, column: str) -> np.ndarray:
    """The largest difference allowed in each row of a column of the table `name`."""
    metrics = frame.get("metric", pd.Series("", index=frame.index))
    allowed = metrics.map(TOLERANCES).fillna(OTHERWISE).to_numpy()
    if column in ("tokens", "seed", "seeds", "n"):
        free = np.isinf(allowed) | (name == READ_SO_FAR and column == "n")
        return np.where(free, np.inf, 0.0)
    if column in TOLERANCES:
        allowed = np.full(len(frame), TOLERANCES[column])
    return allowed * (SINGLE if "seed" in frame or column in INTERVAL_ENDS else 1)


def _compare_answers(committed: Path, fresh: Path) -> Check:
    one, other = (_text(path) for path in (committed, fresh))
    if problem := _other_shape(one, other):
        return Check("answers", False, problem)
    share = float((one["grade"] == other["grade"]).mean())
    told = f"{share:.0%} of the grades are the same (at least {SAME_GRADES:.0%})"
    return Check("answers", share >= SAME_GRADES, told)


def _text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _other_shape(one: pd.DataFrame, other: pd.DataFrame) -> str | None:
    if list(one.columns) != list(other.columns):
        return f"columns {', '.join(one.columns)}, now {', '.join(other.columns)}"
    return None if len(one) == len(other) else f"{len(one)} rows, now {len(other)}"


def _how(run: dict) -> str:
    if same_machine(run):
        return "machine and versions of run.json: tables must be the same byte for byte"
    return (
        "another machine or other versions than run.json: tables of the corpus must be the same "
        "byte for byte, numbers of trained models within the tolerances stated"
    )


def run_afresh(profile: str, folder: Path) -> Path:
    """Run a profile with nothing from before; returns its results. Raises CalledProcessError."""
    folders = {"MUCPT_WORK": str(folder / "work"), "MUCPT_RESULTS": str(folder / "results")}
    command = [sys.executable, "-m", "mucpt_utils", "run", profile]
    subprocess.run(command, cwd=paths.ROOT, env={**os.environ, **folders}, check=True)
    return folder / "results" / profile


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="run_all.sh verify", description="Run afresh and compare with the committed tables."
    )
    parser.add_argument("profile", nargs="?", default="laptop")
    parser.add_argument("--against", type=Path, help="results of a run that is done already")
    options = parser.parse_args(arguments)
    committed = paths.results(options.profile)
    try:
        if not (committed / "run.json").exists():
            raise FileNotFoundError(f"nothing to compare with: no {committed / 'run.json'}")
        with tempfile.TemporaryDirectory() as scratch:
            fresh = options.against or run_afresh(options.profile, Path(scratch))
            checks = list(compare_results(committed, fresh))
    except FileNotFoundError as error:
        print(f"verify: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"verify: the run failed with exit code {error.returncode}", file=sys.stderr)
        return 1
    print(_how(_record(committed)))
    for check in checks:
        print(f"{'pass' if check.passed else 'FAIL'}  {check.table}: {check.told}")
    failed = sum(not check.passed for check in checks)
    print(f"{len(checks) - 1} tables and their settings, {failed} do not agree")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
