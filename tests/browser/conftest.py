"""A headless Chromium, and a JupyterLab of its own, for the tests of this folder.

Without Debian's `chromium` the tests are skipped; with `MUCPT_BROWSER=required` they fail instead.
`MUCPT_SCREENSHOTS=DIR` keeps the pictures for looking at. The fixtures live
as long as one module's tests: a browser left open would keep an event loop running, which papermill
in later tests cannot share.
"""

import os
import shutil
from pathlib import Path

import lab
import pytest

from mucpt_utils import paths


def without(reason):
    """Skip, or fail where a browser is required."""
    if os.environ.get("MUCPT_BROWSER") == "required":
        pytest.fail(f"MUCPT_BROWSER=required, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser():
    """Chromium under Playwright."""
    found = next(filter(None, map(shutil.which, lab.CHROMIUM)), None)
    if found is None:
        without("there is no Chromium (apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        without("the package playwright is not installed (requirements.lock has it)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=lab.FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory):
    """The folder for pictures: `MUCPT_SCREENSHOTS`, else a temporary one."""
    named = os.environ.get("MUCPT_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    """A running JupyterLab over copies of the notebooks (`lab.Server`)."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(paths.NOTEBOOKS, home / "notebooks")
    with lab.serve(home) as running:
        yield running
