"""The site of the committed `laptop` results, built once for all tests of one process."""

import tempfile
from functools import cache
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.site import build


@cache
def built() -> Path:
    """The folder of the site."""
    folder = Path(tempfile.mkdtemp(prefix="site-")) / "site"
    return build.write_site(paths.committed("laptop"), folder)
