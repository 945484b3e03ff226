"""`run_all.sh` in Python: the study's notebooks in order, its tests, or JupyterLab over them.

    run_all.sh [PROFILE] [--from NB] [--only NB] [--set KEY=VALUE]... [--commit-results]
    run_all.sh test | check | lab | verify [ARGUMENTS]

Results go to the work folder (`paths.results`). `--commit-results` writes them into the
repository; only for a whole run of an unchanged profile, with committed code and data.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.config.files import shown
from mucpt_utils.config.settings import load_profile
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.study import checkout, parallel
from mucpt_utils.study.provenance import COMMITTED, RUN, results_folder
from mucpt_utils.teaching import leftovers
from mucpt_utils.teaching.kernels import WIDGET_VIEW, fork_kernels
from mucpt_utils.teaching.progress import Progress, planned

DEFAULT_PROFILE = "laptop"
REPORT = "08_report"  # the notebook that shows whatever is in the results folder
STYLE = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",))
STYLE_ABOUT = "Style and types: ruff, mypy."


class RunError(MuCPTError):
    """A notebook failed; the message is one line that names the notebook and its cell."""

    exit_code = FOUND


class Refused(MuCPTError, ValueError):
    """A run that is not allowed; nothing of it has been run."""


class UnknownNotebook(Refused):
    """An unknown notebook; the message names the known ones."""


# --- which notebooks ------------------------------------------------------------------------------


def notebooks() -> list[Path]:
    """The study's notebooks in their order."""
    every = ("[0-9][0-9]_*.ipynb", "[0-9][0-9][a-z]_*.ipynb")  # 05b comes after 05
    return sorted(path for pattern in every for path in paths.NOTEBOOKS.glob(pattern))


def chosen(first: str | None, only: str | None) -> list[Path]:
    """The notebooks to run. `first`, `only`: a name or its number. Raises UnknownNotebook."""
    every = notebooks()
    if only is not None:
        return [named(only, every)]
    return every[every.index(named(first, every)) :] if first is not None else every


def named(name: str, every: Sequence[Path]) -> Path:
    """The notebook of a name or number. Raises UnknownNotebook, which says what is allowed."""
    stem = Path(name).stem
    for path in every:
        if stem in (path.stem, path.stem.split("_")[0]):
            return path
    allowed = ", ".join(path.stem for path in every)
    raise UnknownNotebook(f"unknown notebook {name!r}; allowed: {allowed}")


# --- running them ---------------------------------------------------------------------------------


def run(profile: str, overrides: list[str], which: Sequence[Path]) -> None:
    """Validate everything, then execute `which` in order. Raises SettingsError or RunError."""
    settings = load_profile(profile, overrides)  # a wrong one is refused before torch is imported
    from mucpt_utils.study import preflight

    preflight.check(settings)
    results = [results_folder(settings)]
    results += [results_folder(settings, prose=True)] if settings.text else []
    where = f"results in {' and '.join(map(shown, results))}"
    (results[0] / "executed").mkdir(parents=True, exist_ok=True)
    fork_kernels()
    numbers = [number(notebook) for notebook in which]
    plan = planned(settings, numbers)
    bar = Progress(plan, numbers)
    bar.say("; ".join(filter(None, (f"{settings.name}: {where}", plan.in_words()))))
    start, since = time.perf_counter(), leftovers.moment(results[0] / "executed")
    for place, notebook in enumerate(which):
        bar.begin(place, partial(planned, settings))
        if notebook.stem == REPORT and list(which) == notebooks():
            clear(results, since, bar)
        out = results[0] / "executed" / notebook.name
        seconds = execute(notebook, out, {"PROFILE": profile, "SET": overrides}, bar)
        bar.say(f"[{place + 1}/{len(which)}] {notebook.stem}: {seconds:.0f} s")
    if told := write_site(results[0]):
        bar.say(told)
    bar.say(f"done in {(time.perf_counter() - start) / 60:.1f} min; {where}")


def clear(results: Iterable[Path], since: float, bar: Progress) -> None:
    """Remove from results folders what this whole run has not made since it began."""
    for folder in results:
        if old := leftovers.remove(folder, since):
            names = ", ".join(f"{path.parent.name}/{path.name}" for path in old)
            bar.say(f"{shown(folder)}: left by an earlier run and removed: {names}")


def write_site(results: Path) -> str:
    """Write the results as pages, if there is a record of the run; returns a line about it.

    In a separate process, so that a failure costs the run nothing.
    """
    if not (results / RUN).is_file():
        return ""
    command = [sys.executable, "-m", "mucpt_utils", "site", "--results", str(results)]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    return f"site: {(done.stdout + done.stderr).strip().splitlines()[-1]}"


def number(notebook: Path) -> str:
    """`05b` for `05b_what_was_learnt.ipynb`."""
    return notebook.stem.split("_")[0]


def execute(notebook: Path, out: Path, parameters: dict, progress: Any = sys.stderr) -> float:
    """Run one notebook with papermill into `out`; returns seconds. RunError names a failed cell.

    progress: a stream for what its kernel writes to standard error, bars above all.
    """
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
            stderr_file=progress,
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
    relink(out)
    return time.perf_counter() - start


def strip_timings(path: Path) -> None:
    """Remove what differs between equal runs: papermill's times, paths and ids, progress bars.

    Widgets need a kernel and have random ids; only the fixed view beside them stays.
    """
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    stay = [name for name in ("kernelspec", "language_info") if name in notebook.metadata]
    notebook.metadata = nbformat.from_dict({name: notebook.metadata[name] for name in stay})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata.get("tags", [])})
        if cell.cell_type == "code":
            cell.outputs = joined(o for o in cell.outputs if o.get("name") != "stderr")
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET_VIEW, None)
    nbformat.write(notebook, path)


LINK = re.compile(r"(\]\()(?!\w+:|#)([^)\s]+)(\))")


def relink(path: Path) -> None:
    """Make links of an executed copy lead where those of the notebook do, from its own folder.

    Pictures of the committed run become those of the run's own results. A copy outside the
    repository keeps its links as they are: they would name folders of this machine.
    """
    import nbformat

    committed, home = paths.committed(COMMITTED), path.resolve()
    if not home.is_relative_to(paths.ROOT.resolve()):
        return

    def turned(match: re.Match) -> str:
        target = Path(os.path.normpath(paths.NOTEBOOKS / match[2]))
        if target.parent == paths.NOTEBOOKS and target.suffix == ".ipynb":
            return match[0]  # the other executed copies are beside this one
        if target.is_relative_to(committed):
            target = home.parents[1] / target.relative_to(committed)
        return f"{match[1]}{os.path.relpath(target, home.parent)}{match[3]}"

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(turned, cell.source)
    nbformat.write(notebook, path)


def joined(outputs: Iterable) -> list:
    """Outputs with printed text in one piece, which a kernel splits wherever it flushes."""
    pieces: list = []
    for output in outputs:
        last = pieces[-1] if pieces else None
        if last and last.output_type == "stream" == output.output_type:
            last.text += output.text
        else:
            pieces.append(output)
    return pieces


# --- what may be committed ------------------------------------------------------------------------


# what only the profile that is committed whole keeps: the executed notebooks, the samples that
# widgets read, figures for print, tables for programs
OF_THE_WHOLE = (
    "executed/*",
    "classroom/*",
    "figures/*.pdf",
    "tables/*.parquet",
    "tables/README.md",
)


def keep_what_is_read(results: Path) -> None:
    """Keep only numbers, pictures, record and page of a profile that is not committed whole."""
    from mucpt_utils.report.page import write_report

    if results.name == COMMITTED:
        return
    for pattern in OF_THE_WHOLE:
        for path in results.glob(pattern):
            path.unlink()
    for folder in ("executed", "classroom"):
        shutil.rmtree(results / folder, ignore_errors=True)
    if (results / "tables" / "claims.csv").is_file():
        write_report(results)  # which links to what is there


def to_commit(options: argparse.Namespace) -> str:
    """Name of the results folder that `--commit-results` writes: the profile's, or `prose`.

    With `text=DIR` it is only the prose lane's; the rendered lane's goes to the work folder.
    Raises Refused, in one line, for a partial run, for other settings, and if code or data
    differ from the commit.
    """
    keys = [pair.partition("=")[0] for pair in options.overrides]
    given = [f"--set {key}" for key in keys if key != "text"]
    given += [f"--{name}" for name in ("from", "only") if getattr(options, name) is not None]
    if given:
        raise Refused(
            f"--commit-results does not go with {given[0]}: only a whole run of a profile, as its "
            "file says or with --set text=DIR, may be committed"
        )
    if checkout.git("rev-parse", "HEAD") is None:
        raise Refused("--commit-results: this is not a git checkout")
    if changed := [line[3:] for line in checkout.uncommitted()]:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise Refused(
            f"--commit-results: {changed[0]}{more} not committed; commit code and data first"
        )
    return paths.PROSE if keys else options.profile


# --- the command ----------------------------------------------------------------------------------


def run_tests(arguments: Sequence[str]) -> int:
    """Run the test suite offline, its files in parallel over the cores; returns pytest's exit code.

    arguments: pytest's own, which come last and so take precedence: `-n 0` runs tests in sequence.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    together = ["-n", str(parallel.cores()), "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [sys.executable, "-m", "pytest", "-q", *together, *arguments]
    return subprocess.run(command, cwd=paths.ROOT, env=environment).returncode


def check_style(arguments: Sequence[str] = ()) -> int:
    """Check style and types, one line per tool, preceded by the tool's complaints.

    arguments: only `--help` is allowed.
    """
    Parser(prog="run_all.sh check", description=STYLE_ABOUT).parse_args(arguments)
    failed = False
    for command in STYLE:
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=paths.ROOT, capture_output=True, text=True
        )
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        if done.returncode:
            failed = True
            print("\n".join(lines))
        name = " ".join(part for part in command if part != ".")
        print(f"{'FAIL' if done.returncode else 'pass'}  {name}: {lines[-1] if lines else ''}")
    return FOUND if failed else OK


def open_lab(arguments: Sequence[str]) -> int:
    """Become JupyterLab in the folder of the notebooks. arguments: JupyterLab's own."""
    os.chdir(paths.NOTEBOOKS)
    command = [sys.executable, "-m", "jupyterlab", *arguments]
    os.execv(command[0], command)


def verify(arguments: Sequence[str]) -> int:
    """Run afresh and compare with what is committed (`report.verify`)."""
    from mucpt_utils.report import verify

    return verify.main(arguments)


OTHERS = {"test": run_tests, "check": check_style, "lab": open_lab, "verify": verify}


def parser() -> Parser:
    """The command line of `run_all.sh`."""
    made = Parser(
        prog="run_all.sh",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run the whole study, notebook by notebook.",
        epilog="""instead of a profile:
  lab                 JupyterLab over the notebooks, in the same environment
  test                the tests
  check               style and types: ruff, mypy
  verify [PROFILE]    run afresh and compare every table with the committed one""",
    )
    made.add_argument(
        "profile", nargs="?", default=DEFAULT_PROFILE, help=f"profile (default {DEFAULT_PROFILE})"
    )
    group = made.add_mutually_exclusive_group()
    group.add_argument("--from", metavar="NB", help="start at this notebook (05, ...)")
    group.add_argument("--only", metavar="NB", help="run this notebook alone")
    made.add_argument(
        "--set",
        dest="overrides",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change a setting of the profile, as in train.tokens=100000 or text=DIR",
    )
    made.add_argument(
        "--commit-results",
        action="store_true",
        help="write into the repository's results/ instead of the work folder",
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; returns its exit code: 0 done, 1 failed, 2 wrong argument."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in OTHERS:
        return OTHERS[arguments[0]](arguments[1:])
    options = parser().parse_args(arguments)
    try:
        which = chosen(getattr(options, "from"), options.only)
        folder = to_commit(options) if options.commit_results else ""
        with parallel.environment({paths.COMMIT_RESULTS: folder}):
            run(options.profile, options.overrides, which)
        if folder:
            keep_what_is_read(paths.committed(folder))
    except MuCPTError as error:
        print(f"run_all.sh: {error}", file=sys.stderr)
        return error.exit_code
    return OK


if __name__ == "__main__":
    sys.exit(main())
