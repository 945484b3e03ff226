"""JupyterLab as a reader uses it: a server with folders of its own, and a page with a notebook."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ports import free_port

from mucpt_utils import paths

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
START_SECONDS, RUN_SECONDS = 60, 60
SETTINGS = {  # no question about news, and no look for updates
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}
# cells of the open notebook: id, kinds of output, text of the errors, whether it has run
CELLS = """() => {
  const model = window.jupyterapp.shell.currentWidget.content.model;
  return Array.from(model.cells).filter(cell => cell.type === "code").map(cell => {
    const outputs = cell.outputs.toJSON();
    return {
      id: cell.id,
      kinds: outputs.map(o => o.output_type + (o.name ? ":" + o.name : "")),
      errors: outputs.filter(o => o.output_type === "error").map(o => o.ename + ": " + o.evalue),
      count: cell.executionCount,
    };
  });
}"""
SELECT = """id => {
  const content = window.jupyterapp.shell.currentWidget.content;
  content.activeCellIndex = content.widgets.findIndex(cell => cell.model.id === id);
  return content.activeCellIndex >= 0;
}"""
RAN = """id => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
  return Array.from(cells).some(cell => cell.id === id && cell.executionCount);
}"""
READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === "idle";
}"""


@dataclass(frozen=True)
class Server:
    """Where it answers, its token, and the folder that holds notebooks and results."""

    url: str
    token: str
    home: Path


def environment(home: Path) -> dict[str, str]:
    """The variables of a reader's shell, with this environment active and all folders in `home`.

    Nothing else is taken over: a PYTHONPATH would hide that the package is not installed.
    """
    folders = {
        "HOME": "",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "MUCPT_WORK": "work",
    }
    return {
        **{name: str(home / folder) for name, folder in folders.items()},
        "PATH": f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": sys.prefix,
        "LANG": "C.UTF-8",
        "HF_HUB_OFFLINE": "1",
    }


@contextlib.contextmanager
def serve(home: Path) -> Iterator[Server]:
    """`./run_all.sh lab` over `home`, on a free port of this machine, ended afterwards."""
    for name, settings in SETTINGS.items():
        package, plugin = name.split(":")
        folder = home / "settings" / package
        folder.mkdir(parents=True)
        (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(settings))
    token, port = secrets.token_hex(16), free_port()
    command = [
        *(str(paths.ROOT / "run_all.sh"), "lab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={home}"),
        "--LabApp.expose_app_in_browser=True",
    ]
    log = home / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=home, env=environment(home), stdout=out, stderr=out)
    try:
        server = Server(f"http://127.0.0.1:{port}", token, home)
        wait_for(server, process, log)
        yield server
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def wait_for(server: Server, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{server.url}/api?token={server.token}", timeout=5).close()
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


class Book:
    """One notebook, open in a page of JupyterLab.

    seconds: from asking for the page until its kernel was ready.
    """

    def __init__(self, browser, server: Server, stem: str, size=(1366, 900)):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        self.page, self.stem, self.home = context.new_page(), stem, server.home
        self.outside, self.broken = [], []
        self.page.on("request", lambda request: self._note(request.url, server.url))
        self.page.on("pageerror", lambda error: self.broken.append(str(error)))
        self.start = time.perf_counter()
        place = f"{server.url}/lab/workspaces/{stem}/tree/notebooks/{stem}.ipynb"
        self.page.goto(f"{place}?token={server.token}")
        self.page.wait_for_function(READY, timeout=START_SECONDS * 1000)
        self.seconds = self.elapsed()

    def _note(self, url: str, own: str) -> None:
        if not url.startswith((own, own.replace("http", "ws"), "data:", "blob:")):
            self.outside.append(url)

    def elapsed(self) -> float:
        """Seconds since the page was asked for."""
        return time.perf_counter() - self.start

    def cells(self) -> list[dict]:
        """id, kinds, errors and count of every code cell."""
        return self.page.evaluate(CELLS)

    def run(self, *ids: str) -> None:
        """Run cells by id, as Ctrl-Enter does."""
        for cell in ids:
            assert self.page.evaluate(SELECT, cell), f"{self.stem} has no cell {cell}"
            self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")

    def run_all(self, seconds: float = RUN_SECONDS) -> list[dict]:
        """Run every cell from the menu; returns the cells once all have run or one has failed."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            cells = self.cells()
            if any(cell["errors"] for cell in cells) or all(cell["count"] for cell in cells):
                break
            self.page.wait_for_timeout(200)
        return self.cells()

    def cell_of(self, words: str) -> str:
        """The id of the first cell whose source holds `words`."""
        path = "cell => cell.sharedModel.getSource().includes(words)"
        return self.page.evaluate(
            "words => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells)"
            f".find({path})?.id",
            words,
        )

    def widget(self, name: str):
        """The widget of a class name, waited for and scrolled to."""
        found = self.page.locator(f".{name}").first
        found.wait_for(state="visible", timeout=RUN_SECONDS * 1000)
        found.scroll_into_view_if_needed()
        return found

    def close(self) -> None:
        """Close the page; unsaved changes are dropped, the kernel ends with the server."""
        self.page.context.close()
