"""`run_all.sh` in Python: runs the notebooks in order, or the tests, or verifies results.

python -m mucpt_utils run [PROFILE] [--from NB] [--only NB] [--set KEY=VALUE]...
python -m mucpt_utils run test
python -m mucpt_utils run verify [PROFILE]
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.study.parallel import cores
from mucpt_utils.teaching.kernels import WIDGET_VIEW, fork_kernels

DEFAULT_PROFILE = "laptop"


class RunError(Exception):
    """Something that stops a run before or in a notebook; the message is one line."""


class UnknownNotebook(RunError):
    """A notebook was asked for that is not there; the message names those that are."""


def notebooks() -> list[Path]:
    """The study's notebooks in their order."""
    every = ("[0-9][0-9]_*.ipynb", "[0-9][0-9][a-z]_*.ipynb")  # 05b comes after 05
    return sorted(path for pattern in every for path in paths.NOTEBOOKS.glob(pattern))


def chosen(first: str | None, only: str | None) -> list[Path]:
    """The notebooks to run. `first`, `only`: a name or its number. Raises UnknownNotebook."""
    every = notebooks()
    if only is not None:
        return [_find(only, every)]
    return every[every.index(_find(first, every)) :] if first is not None else every


def _find(name: str, every: list[Path]) -> Path:
    stem = Path(name).stem
    found = [path for path in every if path.stem == stem or path.stem.split("_")[0] == stem]
    if not found:
        allowed = ", ".join(path.stem for path in every)
        raise UnknownNotebook(f"unknown notebook {name!r}; allowed: {allowed}")
    return found[0]


def execute(notebook: Path, out: Path, parameters: dict) -> float:
    """Run one notebook with papermill into `out`; returns seconds. RunError names a failed cell."""
    import papermill
    from nbclient.exceptions import DeadKernelError

    start = time.perf_counter()
    try:
        papermill.execute_notebook(
            str(notebook),
            str(out),
            parameters=parameters,
            cwd=str(paths.NOTEBOOKS),
            kernel_name="python3",
            progress_bar=False,
            log_output=True,
            stderr_file=sys.stderr,
        )
    except papermill.PapermillExecutionError as error:
        reason = " ".join(f"{error.ename}: {error.evalue}".split())
        raise RunError(
            f"{notebook.stem} failed in cell {error.exec_count}: {reason} (see {out})"
        ) from None
    except DeadKernelError:
        raise RunError(
            f"{notebook.stem} failed: its kernel died, out of memory? (see {out})"
        ) from None
    strip_timings(out)
    return time.perf_counter() - start


def strip_timings(path: Path) -> None:
    """Drop what differs between equal runs: papermill's times, paths and ids, progress bars.

    Widgets need a kernel and bear random ids; what stays is the fixed view beside them.
    """
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    kept = {
        k: notebook.metadata[k] for k in ("kernelspec", "language_info") if k in notebook.metadata
    }
    notebook.metadata = nbformat.from_dict(kept)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata.get("tags", [])})
        if cell.cell_type == "code":
            cell.outputs = _joined(o for o in cell.outputs if o.get("name") != "stderr")
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET_VIEW, None)
    nbformat.write(notebook, path)


def _joined(outputs: Iterable) -> list:
    """Outputs with printed text in one piece: a kernel cuts it wherever it happens to flush."""
    kept: list = []
    for output in outputs:
        last = kept[-1] if kept else None
        if last and last.output_type == "stream" == output.output_type:
            last.text += output.text
        else:
            kept.append(output)
    return kept


def run(profile: str, overrides: list[str], which: list[Path]) -> None:
    """Validate everything, then execute `which` in order. Raises SettingsError or RunError."""
    from mucpt_utils.config.settings import load_profile

    settings = load_profile(profile, overrides)
    executed = paths.results(settings.name) / "executed"
    executed.mkdir(parents=True, exist_ok=True)
    fork_kernels()
    start = time.perf_counter()
    for number, notebook in enumerate(which, 1):
        print(f"[{number}/{len(which)}] {notebook.stem}", file=sys.stderr, flush=True)
        parameters = {"PROFILE": profile, "SET": overrides}
        seconds = execute(notebook, executed / notebook.name, parameters)
        print(
            f"[{number}/{len(which)}] {notebook.stem}: {seconds:.0f} s", file=sys.stderr, flush=True
        )
    minutes = (time.perf_counter() - start) / 60
    print(f"done in {minutes:.1f} min; results in {paths.results(settings.name)}", file=sys.stderr)


def run_tests(arguments: list[str]) -> int:
    """The test suite, offline, its files side by side over the cores. Returns pytest's exit code.

    arguments: pytest's own, which come last and so decide: `-n 0` runs one test after another.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    together = ["-n", str(cores()), "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [sys.executable, "-m", "pytest", "-q", *together, *arguments]
    return subprocess.run(command, cwd=paths.ROOT, env=environment).returncode


def parser() -> argparse.ArgumentParser:
    """The command line of `run_all.sh`."""
    made = argparse.ArgumentParser(
        prog="run_all.sh",
        description="Run the whole study, notebook by notebook.",
        epilog="run_all.sh test: the tests. run_all.sh verify [PROFILE]: run afresh and compare "
        "every table with the committed one.",
    )
    made.add_argument(
        "profile", nargs="?", default=DEFAULT_PROFILE, help=f"profile (default {DEFAULT_PROFILE})"
    )
    group = made.add_mutually_exclusive_group()
    group.add_argument(
        "--from", dest="first", metavar="NB", help="start at this notebook (05, ...)"
    )
    group.add_argument("--only", metavar="NB", help="run this notebook alone")
    made.add_argument(
        "--set",
        dest="overrides",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change a setting of the profile, as in train.tokens=100000 or text=DIR",
    )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code: 0 done, 1 a notebook failed, 2 a wrong argument."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["test"]:
        return run_tests(arguments[1:])
    if arguments[:1] == ["verify"]:
        from mucpt_utils.report import verify

        return verify.main(arguments[1:])
    options = parser().parse_args(arguments)
    from mucpt_utils.config.settings import SettingsError

    try:
        which = chosen(options.first, options.only)
        run(options.profile, options.overrides, which)
    except (SettingsError, RunError) as error:
        print(f"run_all.sh: {error}", file=sys.stderr)
        return 2 if isinstance(error, (SettingsError, UnknownNotebook)) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
