"""Forked kernels: what they start with, that they share nothing, how they end."""

import ast
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import nbformat
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory
from test_runner import write

from mucpt_utils import paths
from mucpt_utils.teaching import kernels, runner


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of notebooks, and forked kernels for this test alone."""
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "default_provisioner_name", factory.default_provisioner_name)
    monkeypatch.setattr(kernels, "PRELOAD", ("ipykernel.kernelapp", "tests_never_need_this"))
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    kernels.fork_kernels()
    return tmp_path


def printed(path):
    """What the last cell of an executed notebook printed."""
    return nbformat.read(path, 4).cells[-1].outputs[0]["text"].strip()


def run(folder, name, *cells):
    """Execute a notebook of `cells`; returns what its last one printed."""
    runner.execute(write(name, *cells), folder / f"out_{name}", {})
    return printed(folder / f"out_{name}")


def imports(cell):
    """Modules that a cell imports, by their dotted names; those of the package and of libraries."""
    for node in ast.walk(ast.parse(cell)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from [name for name in inside if find_spec_or_none(name)] or [node.module]


def find_spec_or_none(name):
    """The spec of a module; None where the last part is a function, or the package a module."""
    try:
        return find_spec(name)
    except ModuleNotFoundError:
        return None


def test_all_that_notebooks_import_is_imported_beforehand():
    notebooks = [nbformat.read(path, 4) for path in runner.notebooks()]
    cells = [cell.source for book in notebooks for cell in book.cells if cell.cell_type == "code"]
    wanted = {name for cell in cells for name in imports(cell)}
    assert len(wanted) > 30
    code = "import importlib, sys\nfor name in sys.argv[1].split(): importlib.import_module(name)\n"
    code += "print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code, " ".join(kernels.PRELOAD)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert wanted - set(told.stdout.split()) == set()


def test_a_kernel_is_a_process_of_its_own_with_the_environment_of_now(shelf, monkeypatch):
    monkeypatch.setenv("MUCPT_WORK", "/one")
    cell = (
        "import os, sys\n"
        "mark = getattr(sys, 'mark', 0)\n"
        "sys.mark = 1\n"
        "print(mark, os.getpid(), os.environ['MUCPT_WORK'], os.getcwd())"
    )
    first = run(shelf, "a.ipynb", cell).split()
    monkeypatch.setenv("MUCPT_WORK", "/two")
    second = run(shelf, "b.ipynb", cell).split()
    assert [first[2], second[2]] == ["/one", "/two"]
    assert first[0] == second[0] == "0", "nothing of the first notebook is in the second"
    assert len({first[1], second[1], str(os.getpid())}) == 3
    assert {first[3], second[3]} == {str(shelf)}


def test_a_kernel_is_forked_and_not_started(shelf):
    cell = "import multiprocessing\nprint(multiprocessing.parent_process() is not None)"
    assert run(shelf, "a.ipynb", cell) == "True"


def test_a_failing_cell_and_a_dead_kernel_are_told(shelf):
    failing = write("a.ipynb", "raise ValueError('no')")
    with pytest.raises(runner.RunError, match="^a failed in cell .*ValueError: no"):
        runner.execute(failing, shelf / "out.ipynb", {})
    dying = write("b.ipynb", "import os\nos.kill(os.getpid(), 9)")
    with pytest.raises(runner.RunError, match="^b failed: its kernel died"):
        runner.execute(dying, shelf / "out.ipynb", {})
    assert run(shelf, "c.ipynb", "print('the next one runs')") == "the next one runs"


RUN = """
import sys
from pathlib import Path
from mucpt_utils.teaching import kernels, runner
kernels.PRELOAD = ()
if __name__ == "__main__":
    kernels.fork_kernels()
    runner.execute(Path(sys.argv[1]), Path(sys.argv[2]), {})
"""


POOL = """
import sys
sys.path.insert(0, {tests!r})
from mucpt_utils.study.parallel import run_jobs
from test_parallel import asking
print(len(run_jobs(asking, [(0,), (1,)], workers=2)))
"""


def start(folder, *cells):
    """A run of a notebook of `cells` in a process of its own."""
    (folder / "run.py").write_text(RUN)
    return subprocess.Popen(
        [sys.executable, "run.py", write("a.ipynb", *cells), folder / "out.ipynb"],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT)},
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_run_with_pools_ends_without_a_word(shelf):
    """A kernel that has had a pool is ended from outside: nothing of it may be left over."""
    process = start(shelf, POOL.format(tests=str(paths.ROOT / "tests" / "study")))
    errors = process.communicate()[1]
    assert process.returncode == 0 and printed(shelf / "out.ipynb") == "2"
    assert "leaked" not in errors and "Traceback" not in errors, errors


def test_a_kernel_ends_when_its_run_is_killed(shelf):
    told = shelf / "pid"
    cell = (
        "import os, time, pathlib\n"
        f"pathlib.Path({str(told)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)"
    )
    process = start(shelf, cell)
    pid = int(wait_for(lambda: told.exists() and told.read_text()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert wait_for(lambda: not alive(pid)), "the kernel went on after its run was killed"


def alive(pid):
    """Whether a process runs; one that has ended and was not yet waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(found, seconds=60):
    """What `found` gives, as soon as that is something."""
    for _ in range(seconds * 10):
        if value := found():
            return value
        time.sleep(0.1)
    return None
