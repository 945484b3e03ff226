"""The commit of code and data."""

import subprocess
from functools import cache

from mucpt_utils import paths
from mucpt_utils.config.files import SettingsError

# what decides a number; a change in anything else does not change results
DECIDING = (
    *("mucpt_utils", "notebooks", "data_cards"),
    *("run_all.sh", "pyproject.toml", "requirements.lock"),
)


@cache
def commit() -> str | None:
    """The checkout's commit, marked if code or data have changed since; None without git.

    Asked once per process, which computes with the code that it has imported.
    """
    head = git("rev-parse", "HEAD")
    if head is None:
        return None
    return f"{head} with uncommitted changes" if uncommitted() else head


def check_committed() -> None:
    """Raises SettingsError if code or data differ from the commit, as results may not be then."""
    if changed := uncommitted():
        raise SettingsError(
            f"--commit-results: commit first what has changed: {changed[0].strip()}"
        )


def uncommitted() -> list[str]:
    """Files that decide a number and differ from the commit, as `git status` lists them."""
    changed = git("status", "--porcelain", "--", *DECIDING)
    return changed.splitlines() if changed else []


def git(*arguments: str) -> str | None:
    """What git prints about the checkout; None if it fails or there is no git."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=paths.ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.rstrip()
