"""The site of the committed `laptop` results, built once for all tests of a session."""

import fcntl
from functools import cache
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.site import build


@cache
def built() -> Path:
    """The folder of the site. Of processes side by side the first to ask builds it for all."""
    together = (paths.work() / "stages").resolve().parent  # see `work_folder`
    folder, ended = together / "site", together / "site is built"
    with (together / "site is being built").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            build.write_site(paths.committed("laptop"), folder)
            ended.touch()
    return folder
