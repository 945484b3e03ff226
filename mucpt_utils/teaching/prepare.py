"""What works here and now, and the one call that makes the rest work."""

import subprocess
import sys
from collections.abc import Sequence

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.teaching import profiles
from mucpt_utils.teaching.widgets import FOLDER

# what a reader may want, its notebooks, and the file it reads in a results folder ("": stages)
WANTED = (
    ("rejected documents to walk through", "03", f"{FOLDER}/rejected.json"),
    ("token weights under sliders", "04", f"{FOLDER}/sentences.json"),
    ("the arms' answers, and yours, graded", "06", f"{FOLDER}/answers.json"),
    ("plots of your own", "09", "tables/main_comparison.csv"),
    ("report and executed notebooks", "08", "report.html"),
    ("exercises", "02 to 07", ""),
)
EVERY_CELL = "every cell, from the top"


def ready(profile: str, overrides: Sequence[str] = (), run: bool = False) -> pd.DataFrame:
    """Columns you want, notebook, works, from, for everything that a reader may want.

    run: make the profile first (`smoke` for `best` without a finished run): a few minutes for
    `smoke`, with progress below the cell; finished stages are loaded.
    """
    name, _ = profiles.usable(profile, overrides)
    if run:
        settings = [part for pair in overrides for part in ("--set", pair)]
        command = [sys.executable, "-m", "mucpt_utils", "run", name, *settings]
        watched(command)
    rows = [row_of(profile, overrides, *wanted) for wanted in WANTED]
    made = profiles.trained(profiles.load_profile(name, overrides))
    state = "yes" if made else f"makes {name} as you go"
    rows.append((EVERY_CELL, "01 to 09", state, f"the finished run of {name}" if made else ""))
    return pd.DataFrame(rows, columns=["you want", "notebook", "works", "from"])


def row_of(
    profile: str, overrides: Sequence[str], wanted: str, notebook: str, file: str
) -> tuple[str, str, str, str]:
    """The row of one thing: whether it works, and from which results."""
    if not file:
        return wanted, notebook, "yes", "no run is needed"
    for folder in profiles.folders_to_read(profile, overrides):
        if (folder / file).is_file():
            return wanted, notebook, "yes", profiles.origin(profile, folder)
    return wanted, notebook, "after a run", ""


def watched(command: Sequence[str]) -> None:
    """Run a command in the checkout and print its output line by line.

    Raises CalledProcessError if it fails.
    """
    with subprocess.Popen(
        command, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
