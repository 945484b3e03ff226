"""Every folder the project knows, in one place. No other module builds paths of its own."""

import os
from pathlib import Path

# the package itself, with the data files that its modules read
PACKAGE = Path(__file__).resolve().parent

# the checkout: notebooks, cards and committed results live beside the package
ROOT = PACKAGE.parent
NOTEBOOKS = ROOT / "notebooks"
DATA_CARDS = ROOT / "data_cards"
RESULTS = ROOT / "results"

# reference facts and real prose, used by checks only; the project runs without this folder
REFERENCE_DATA = Path(os.environ.get("MUCPT_REFERENCE_DATA", ROOT.parent / "shared" / "data"))

# variable that names the one results folder that a run writes in the repository
COMMIT_RESULTS = "MUCPT_COMMIT_RESULTS"
PROSE = "prose"  # the results folder of the prose lane; another is named by its profile


def work() -> Path:
    """Folder for corpora, caches and checkpoints; outside git, moved by `MUCPT_WORK`.

    A path that is not whole begins at the top folder, wherever the process stands: notebooks run in
    a folder of their own.
    """
    return (ROOT / (os.environ.get("MUCPT_WORK") or ".work")).resolve()


def results(name: str) -> Path:
    """Folder for the outcome of a run; `name` is a profile's, or another, as PROSE.

    It lies in the work folder, or in the folder that `MUCPT_RESULTS` names; or, if
    `MUCPT_COMMIT_RESULTS` (set by `--commit-results`) is its name, in the repository.
    """
    if os.environ.get(COMMIT_RESULTS) == name:
        return committed(name)
    folder = os.environ.get("MUCPT_RESULTS") or work() / "results"
    return (ROOT / folder).resolve() / name


def committed(name: str) -> Path:
    """Folder of the committed outcome of that name; only `--commit-results` writes there."""
    return RESULTS / name
