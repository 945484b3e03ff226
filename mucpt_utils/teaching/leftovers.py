"""A results folder holds what its last whole run made; what an earlier run left there is removed.

Old files stay until a run has made its own: who reads results meanwhile finds some. They go before
the report is written, which shows every table and figure that lies there. Pages written by hand,
mixtures and plots of one's own lie outside the folders that a run fills, and stay.
"""

import tempfile
from pathlib import Path

FILLED = ("tables", "figures", "executed", "classroom")  # by a run, anew each time


def moment(folder: Path) -> float:
    """Now, by the clock that stamps the files of a folder, in seconds."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        return Path(file.name).stat().st_mtime


def earlier_files(results: Path, since: float) -> list[Path]:
    """Files in the folders that a run fills which were last written before `since`."""
    files = (path for name in FILLED for path in (results / name).glob("*") if path.is_file())
    return sorted(path for path in files if path.stat().st_mtime < since)


def remove(results: Path, since: float) -> list[Path]:
    """Remove what was there before a run that began at `since`; returns what was removed."""
    old = earlier_files(results, since)
    for path in old:
        path.unlink()
    return old
