"""The site of the committed `laptop` results, built once for all tests of one process."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.site import build


@cache
def built() -> Path:
    """The folder of the site."""
    above = Path(tempfile.mkdtemp(prefix="site-"))
    atexit.register(shutil.rmtree, above, ignore_errors=True)
    folder = above / "site"
    return build.write_site(paths.committed("laptop"), folder)
