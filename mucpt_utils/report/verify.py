"""`./run_all.sh verify [PROFILE]`: a fresh run, and every table compared with the committed one.

    python -m mucpt_utils verify [PROFILE] [--against RESULTS]

Committed results are read from git (HEAD), not from the folder, which a run may have written. On
the machine of the committed `run.json`, with the same versions, tables must be the same byte for
byte. Elsewhere matrices are multiplied in another order: tables of the corpus must still be the
same, numbers of trained models are judged by their own intervals (`report.movement`).

After the tables come the conclusions that have changed. A claim whose verdict changed fails, and so
does an arm that was better and is now worse, or a difference whose interval went from one side of
zero to the other. Another verdict of an arm, and an interval that gained or lost the zero, are
reported and counted: the run is too small to decide them.

Exit codes: 0 every table agrees, 1 one does not or a conclusion changed, 2 nothing to compare with.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.io import read_json, unpack_tar
from mucpt_utils.report.movement import Check, changed_conclusions, compare_closely, other_shape
from mucpt_utils.report.table_files import FORMATS, read_table, written
from mucpt_utils.study import checkout, provenance, stages

# no model is trained for these: text in, text out
OF_THE_CORPUS = frozenset({"sources", "funnel", "pipeline_quality", "dictionary"})


class NothingToCompare(MuCPTError, FileNotFoundError):
    """Results that are missing; the message says which."""


class RunFailed(MuCPTError):
    """The fresh run ended with an error."""

    exit_code = FOUND


# --- the two runs ---------------------------------------------------------------------------------


def committed_results(profile: str, scratch: Path) -> tuple[Path, str]:
    """The committed results of a profile, and their origin in words.

    In a git checkout they are unpacked into `scratch` as they are at HEAD; elsewhere they are those
    of the folder. Raises NothingToCompare.
    """
    name = f"results/{profile}"
    folder, source = paths.committed(profile), f"{name} as it lies here: this is not a git checkout"
    top = checkout.git("rev-parse", "--show-toplevel")
    if top is not None and Path(top).resolve() == paths.ROOT:
        command = ["git", "archive", "HEAD", f"{name}/run.json", f"{name}/tables"]
        archive = subprocess.run(command, cwd=paths.ROOT, capture_output=True)
        if archive.returncode:
            raise NothingToCompare(f"nothing to compare with: {name} is not committed")
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            unpack_tar(files, scratch)
        folder, source = scratch / name, f"{name} as git has it"
    return folder, source


def run_afresh(profile: str, folder: Path) -> Path:
    """Run a profile from nothing; returns its results. Raises RunFailed."""
    folders = {"MUCPT_WORK": str(folder / "work"), "MUCPT_RESULTS": str(folder / "results")}
    command = [sys.executable, "-m", "mucpt_utils", "run", profile]
    environment = {**os.environ, **folders, paths.COMMIT_RESULTS: ""}
    code = subprocess.run(command, cwd=paths.ROOT, env=environment).returncode
    if code:
        raise RunFailed(f"the run failed with exit code {code}")
    return folder / "results" / profile


def same_machine(run: dict) -> bool:
    """Whether a `run.json` comes from a machine like this and the same versions."""
    versions = stages.versions()
    return run["machine"] == provenance.machine() and all(
        run["versions"].get(name) == version for name, version in versions.items()
    )


# --- comparing ------------------------------------------------------------------------------------


class Results(NamedTuple):
    """A results folder: its `run.json`, and every table by name."""

    folder: Path
    run: dict
    tables: dict[str, pd.DataFrame]


def read_results(folder: Path) -> Results:
    """The content of a results folder. Raises NothingToCompare without tables or `run.json`."""
    names = sorted(path.stem for path in (folder / "tables").glob("*.csv"))
    if not names or not (folder / provenance.RUN).is_file():
        raise NothingToCompare(f"nothing to compare: {folder} lacks tables or {provenance.RUN}")
    tables = {name: read_table(folder / "tables", name) for name in names}
    return Results(folder, read_json(folder / provenance.RUN), tables)


def compare_results(committed: Results, fresh: Results) -> Iterator[Check]:
    """A check for the settings and for every table of two results folders."""
    exact = same_machine(committed.run)
    yield compare_settings(committed.run, fresh.run)
    for name in sorted({*committed.tables, *fresh.tables}):
        if name not in committed.tables or name not in fresh.tables:
            where = "the new run" if name in committed.tables else "the committed results"
            yield Check(name, False, f"missing in {where}")
        elif problem := other_formats(name, committed):
            yield Check(name, False, problem)
        elif exact or name in OF_THE_CORPUS:
            yield compare_exactly(name, committed.folder / "tables", fresh.folder / "tables")
        else:
            yield compare_closely(name, committed.tables, fresh.tables)


def compare_settings(committed: dict, fresh: dict) -> Check:
    """Whether both runs had the same settings, without which tables need not agree.

    Settings that only the prose lane reads do not count: its tables are elsewhere.
    """
    one, other = (run.get("settings", {}) for run in (committed, fresh))
    names = {*one, *other} - set(provenance.PROSE_SETTINGS)
    changed = sorted(name for name in names if one.get(name) != other.get(name))
    told = f"other values of {', '.join(changed)}" if changed else "the same settings"
    return Check("(settings in run.json)", not changed, told)


def other_formats(name: str, results: Results) -> str | None:
    """Which of a table's other files differs from its CSV; None if all agree."""
    for suffix in FORMATS[1:]:
        path = results.folder / "tables" / f"{name}.{suffix}"
        if path.exists():
            # compared as frames, since another version of Parquet writes other bytes
            sources = (path, io.BytesIO(written(results.tables[name], name, suffix)))
            one, other = (pd.read_parquet(source) for source in sources)
            if not one.equals(other):
                return f"{path.name} says something else than {name}.csv"
    return None


def compare_exactly(name: str, committed: Path, fresh: Path) -> Check:
    """Compare byte for byte, in two folders of tables; names the first cell that differs."""
    files = [folder / f"{name}.csv" for folder in (committed, fresh)]
    if files[0].read_bytes() == files[1].read_bytes():
        return Check(name, True, "the same bytes")
    one, other = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in files)
    if problem := other_shape(one, other):
        return Check(name, False, problem)
    rows, columns = np.nonzero((one != other).to_numpy())
    if not len(rows):
        return Check(name, False, "the same cells, written in another way")
    row, column = rows[0], one.columns[columns[0]]
    first = f"row {row + 2}, {column}: {one.iloc[row][column]!r}, now {other.iloc[row][column]!r}"
    return Check(name, False, f"{len(rows)} cells differ; {first}")


# --- the command ----------------------------------------------------------------------------------


def report(committed: Results, fresh: Results) -> int:
    """Print how two results folders compare; returns the exit code."""
    print(
        "machine and versions of run.json: tables must be the same byte for byte"
        if same_machine(committed.run)
        else "another machine or other versions than run.json: tables of the corpus must be the "
        "same byte for byte, numbers of trained models are judged by their own intervals"
    )
    checks = list(compare_results(committed, fresh))
    for check in checks:
        print(f"{'pass' if check.passed else 'FAIL'}  {check.table}: {check.told}")
    changes = list(changed_conclusions(committed.tables, fresh.tables))
    print("conclusions that changed:" if changes else "no conclusion changed")
    for change in changes:
        print(f"{'FAIL' if change.serious else 'told'}  {change.told}")
    failed = sum(not check.passed for check in checks)
    serious = sum(change.serious for change in changes)
    print(f"{len(checks) - 1} tables and their settings, {failed} do not agree")
    print(
        f"{serious} conclusions contradict the committed ones; {len(changes) - serious} are more "
        "or less certain: another verdict of an arm, or an interval that gained or lost the zero"
    )
    return FOUND if failed or serious else OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a profile afresh and compare, or compare two folders; returns the exit code."""
    parser = Parser(
        prog="run_all.sh verify", description="Run afresh and compare with the committed tables."
    )
    parser.add_argument("profile", nargs="?", default=provenance.COMMITTED)
    parser.add_argument("--against", type=Path, help="results of a run that is done already")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            folder, source = committed_results(options.profile, Path(scratch, "committed"))
            committed = read_results(folder)
            commit = committed.run.get("commit")
            print(f"compared with {source}, made by commit {commit}", flush=True)
            fresh = options.against or run_afresh(options.profile, Path(scratch))
            return report(committed, read_results(fresh))
    except MuCPTError as error:
        print(f"verify: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
