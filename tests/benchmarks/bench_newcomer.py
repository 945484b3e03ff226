"""How long a newcomer waits: from a clone to the first figure, and for each interactive cell.

    python tests/benchmarks/bench_newcomer.py [--environment FOLDER] [--widgets]

Clones the committed state into a temporary folder, has `run_all.sh` make an environment there (pip
takes from its cache the wheels that it has) and draws a first figure: notebook 09 over the
committed tables. `--environment` takes a ready one instead. `--widgets` also opens the notebooks
in a JupyterLab; the goal is 10 seconds from opening to the widget, on a machine that does nothing
else. Prints seconds a step.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURE = ".work/results/smoke/explored/by_coverage.png"  # what notebook 09 exports
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


def timed(told: str, command: list[str], **options) -> float:
    """Run a command and print its seconds. Raises CalledProcessError where it fails."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    seconds = time.perf_counter() - start
    print(f"{told}: {seconds:.1f} s", flush=True)
    return seconds


def variables(checkout: Path, environment: Path | None) -> dict[str, str]:
    """The variables of a shell in the checkout, with the given environment active or none."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MUCPT_WORK", "MUCPT_RES"))}
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH"):
        kept.pop(name, None)
    if environment is not None:
        kept["VIRTUAL_ENV"] = str(environment)
        kept["PATH"] = f"{environment / 'bin'}{os.pathsep}{kept['PATH']}"
    return {**kept, "PWD": str(checkout)}


def first_figure(checkout: Path, environment: Path | None) -> None:
    """Clone, make the environment, draw; prints each step and the whole."""
    spent = timed("clone", ["git", "clone", "--quiet", str(ROOT), str(checkout)])
    shell = {"cwd": checkout, "env": variables(checkout, environment)}
    made = "environment, from nothing but pip's cache" if environment is None else "environment"
    spent += timed(made, ["./run_all.sh", "--help"], **shell)
    spent += timed("notebook 09", ["./run_all.sh", "smoke", "--only", "09"], **shell)
    assert (checkout / FIGURE).stat().st_size > 0
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=checkout, check=True, capture_output=True, text=True
    )
    assert changed.stdout == "", f"a newcomer's run changes the checkout:\n{changed.stdout}"
    print(f"from clone to first figure: {spent:.1f} s")


def widgets(home: Path) -> None:
    """Open each interactive notebook in a browser; prints seconds until its widget is seen."""
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    import lab
    from playwright.sync_api import sync_playwright

    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    chromium = next(filter(None, map(shutil.which, lab.CHROMIUM)))
    with sync_playwright() as playwright, lab.serve(home) as server:
        browser = playwright.chromium.launch(executable_path=chromium, args=lab.FLAGS)
        for stem, (cells, name) in WIDGETS.items():
            book = lab.Book(browser, server, stem)
            book.run(*map(book.cell_of, cells))
            book.widget(name)
            seconds = book.elapsed()
            print(f"{stem}: page and kernel {book.seconds:.1f} s, widget {seconds:.1f} s")
            book.close()
        browser.close()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", type=Path, help="a ready virtual environment")
    parser.add_argument("--widgets", action="store_true", help="the interactive cells too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        first_figure(Path(scratch, "clone"), options.environment)
        if options.widgets:
            widgets(Path(scratch, "lab"))


if __name__ == "__main__":
    main()
