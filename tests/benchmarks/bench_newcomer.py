"""How long a newcomer waits, on each of the three paths: to read, to run, to learn.

    python tests/benchmarks/bench_newcomer.py [--environment FOLDER] [--widgets] [--write]

Clones the committed state into a temporary folder, has `run_all.sh` make an environment there (pip
takes from its cache the wheels that it has) and walks: an analyst draws a first figure in notebook
09 over the committed tables and builds the site of `evidence`; a reviewer runs `smoke` from the
first notebook to the report. `--environment` takes a ready one instead. `--widgets` walks the
student's path as well: interactive notebooks in a JupyterLab, from opening to the widget; the goal
is 10 seconds, on a machine that does nothing else. Prints seconds a step; with `--write` they go
to `results/speed`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import speed_table
from bench_training import machine

ROOT = Path(__file__).resolve().parents[2]
FIGURE = ".work/results/smoke/explored/by_coverage.png"  # what notebook 09 exports
# who walks, the step, its command, and what is there afterwards
STEPS = (
    ("analyst", "notebook 09: a first figure", "./run_all.sh smoke --only 09", FIGURE),
    (
        *("analyst", "the site of the committed results of evidence"),
        *("python -m mucpt_utils site evidence --out .work/site", ".work/site/index.html"),
    ),
    ("reviewer", "smoke, all notebooks", "./run_all.sh smoke", ".work/results/smoke/report.html"),
)
# notebook: the cells that its widget needs, by a word of each, and the widget's class
WIDGETS = {
    "03_clean_deduplicate_mask": (("PROFILE =", "widgets.rejected("), "mucpt-rejected"),
    "04_reference_model_scores": (("PROFILE =", "widgets.weights("), "mucpt-weights"),
    "06_musicsimpleqa": (("PROFILE =", "widgets.ask("), "mucpt-ask"),
    "09_explore_composition": (
        ("PROFILE =", "teaching import explorer", "explorer.load(", "explorer.panel("),
        "mucpt-explore",
    ),
}


class Waited(NamedTuple):
    """What somebody on a path waited for, and how long."""

    path: str
    step: str
    seconds: float


def timed(path: str, step: str, command: list[str], **options) -> Waited:
    """Run a command and print its seconds. Raises CalledProcessError where it fails."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    return told(Waited(path, step, time.perf_counter() - start))


def told(waited: Waited) -> Waited:
    """The same, once it is printed."""
    print(f"{waited.path}: {waited.step}: {waited.seconds:.1f} s", flush=True)
    return waited


def variables(checkout: Path, environment: Path | None) -> dict[str, str]:
    """The variables of a shell in the checkout, with the given environment active or none."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MUCPT_WORK", "MUCPT_RES"))}
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH"):
        kept.pop(name, None)
    if environment is not None:
        kept["VIRTUAL_ENV"] = str(environment)
        kept["PATH"] = f"{environment / 'bin'}{os.pathsep}{kept['PATH']}"
    return {**kept, "PWD": str(checkout)}


def walk(checkout: Path, environment: Path | None) -> list[Waited]:
    """Clone, make the environment, then the steps of analyst and reviewer."""
    cloned = ["git", "clone", "--quiet", str(ROOT), str(checkout)]
    waited = [timed("everybody", "clone", cloned)]
    shell = {"cwd": checkout, "env": variables(checkout, environment)}
    made = "environment, from nothing but pip's cache" if environment is None else "environment"
    waited.append(timed("everybody", made, ["./run_all.sh", "--help"], **shell))
    ready = environment or checkout / ".venv"
    for path, step, command, left in STEPS:
        words = command.split()
        words[0] = str(ready / "bin" / "python") if words[0] == "python" else words[0]
        waited.append(timed(path, step, words, **shell))
        assert (checkout / left).stat().st_size > 0, left
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=checkout, check=True, capture_output=True, text=True
    )
    assert changed.stdout == "", f"a newcomer's run changes the checkout:\n{changed.stdout}"
    return waited


def widgets(home: Path) -> list[Waited]:
    """Open each interactive notebook in a browser: seconds until its widget is seen."""
    sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "tests")]
    import lab
    from playwright.sync_api import sync_playwright

    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    chromium = next(filter(None, map(shutil.which, lab.CHROMIUM)))
    waited = []
    with sync_playwright() as playwright, lab.serve(home) as server:
        browser = playwright.chromium.launch(executable_path=chromium, args=lab.FLAGS)
        for stem, (cells, name) in WIDGETS.items():
            book = lab.Book(browser, server, stem)
            book.run(*map(book.cell_of, cells))
            book.widget(name)
            waited.append(told(Waited("student", f"{stem}: until its widget", book.elapsed())))
            book.close()
        browser.close()
    return waited


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", type=Path, help="a ready virtual environment")
    parser.add_argument("--widgets", action="store_true", help="the student's path too")
    parser.add_argument("--write", action="store_true", help="into results/speed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        waited = walk(Path(scratch, "clone"), options.environment)
        if options.widgets:
            waited += widgets(Path(scratch, "lab"))
    if options.write:
        speed_table.write_paths([{**row._asdict(), "machine": machine()} for row in waited])


if __name__ == "__main__":
    main()
