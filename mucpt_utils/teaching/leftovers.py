"""A results folder holds what its last whole run made; what earlier runs left is removed.

Old files stay until a run has made its own, so that readers find results meanwhile. They go before
the report is written, which shows every table and figure in the folder. Pages written by hand,
and readers' own mixtures and plots, are outside the folders that a run fills, and stay.
"""

import tempfile
from pathlib import Path

FILLED = ("tables", "figures", "executed", "classroom")  # folders that each run fills anew


def moment(folder: Path) -> float:
    """Now, by the clock that stamps the files of a folder, in seconds."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        return Path(file.name).stat().st_mtime


def earlier_files(results: Path, since: float) -> list[Path]:
    """Files last written before `since` in the folders that a run fills."""
    files = (path for name in FILLED for path in (results / name).glob("*") if path.is_file())
    return sorted(path for path in files if path.stat().st_mtime < since)


def remove(results: Path, since: float) -> list[Path]:
    """Remove what was there before a run that began at `since`; returns what was removed."""
    old = earlier_files(results, since)
    for path in old:
        path.unlink()
    return old
