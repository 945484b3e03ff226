"""Every folder the project knows, in one place. No other module builds a path from its own."""

import os
from pathlib import Path

# the package itself: wordings are shipped as package data
PACKAGE = Path(__file__).resolve().parent
WORDINGS = PACKAGE / "text" / "wordings"

# the checkout: notebooks, cards and committed results live beside the package
ROOT = PACKAGE.parent
NOTEBOOKS = ROOT / "notebooks"
DATA_CARDS = ROOT / "data_cards"
RESULTS = ROOT / "results"

# reference facts and real prose for checks; the project runs without this folder
REFERENCE_DATA = Path(os.environ.get("MUCPT_REFERENCE_DATA", ROOT.parent / "shared" / "data"))


def code(*patterns: str) -> tuple[Path, ...]:
    """Source files of the package, named as in `training` or `sources/*`; none is imported.

    Raises FileNotFoundError for a name without a file.
    """
    found = [sorted(PACKAGE.glob(f"{pattern}.py")) for pattern in patterns]
    for pattern, files in zip(patterns, found, strict=True):
        if not files:
            raise FileNotFoundError(f"{PACKAGE} has no module {pattern!r}")
    return tuple(path for files in found for path in files)


def work() -> Path:
    """Folder for corpora, caches and checkpoints; outside git, moved by `MUCPT_WORK`."""
    return Path(os.environ.get("MUCPT_WORK", ROOT / ".work")).resolve()


def results(profile: str) -> Path:
    """Folder of the small, committed outcome of one profile; `MUCPT_RESULTS` moves them all."""
    return Path(os.environ.get("MUCPT_RESULTS", RESULTS)).resolve() / profile
