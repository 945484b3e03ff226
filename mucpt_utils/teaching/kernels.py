"""Notebook kernels forked from one process that has imported what notebooks use.

Each notebook has its own process, but the libraries, whose import takes longer than many
a notebook, are imported once per run instead of once per notebook.
"""

import multiprocessing
import os
import signal
import sys
import threading
from importlib.metadata import EntryPoint

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from mucpt_utils.study import parallel

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # media type of what needs a kernel
PROVISIONER = "mucpt-forked"
# with their imports, all that notebooks import; a test compares it with the notebooks
PRELOAD = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "scipy.stats", "sklearn.metrics"),
    "mucpt_utils.analysis.benchmark",
    "mucpt_utils.analysis.criteria",
    "mucpt_utils.analysis.levels",
    "mucpt_utils.analysis.scores",
    "mucpt_utils.analysis.stage_quality",
    "mucpt_utils.analysis.token_weights",
    "mucpt_utils.knowledge.authoring.checks",
    "mucpt_utils.musicsimpleqa.agreement",
    "mucpt_utils.musicsimpleqa.judge",
    "mucpt_utils.musicsimpleqa.making.lint",
    "mucpt_utils.pipeline.duplicates",
    "mucpt_utils.pipeline.similarity.minhash",
    "mucpt_utils.report.page",
    "mucpt_utils.study.arm_costs",
    "mucpt_utils.study.cost",
    "mucpt_utils.study.jobs",
    "mucpt_utils.study.layouts",
    "mucpt_utils.teaching.absent",
    "mucpt_utils.teaching.classroom",
    "mucpt_utils.teaching.composition",
    "mucpt_utils.teaching.exercises",
    "mucpt_utils.teaching.explorer",
    "mucpt_utils.teaching.method",
    "mucpt_utils.teaching.overview",
    "mucpt_utils.teaching.session",
    "mucpt_utils.training.trainer",
    "mucpt_utils.teaching.prepare",
    "mucpt_utils.teaching.sentences",
    "mucpt_utils.teaching.showed",
    "mucpt_utils.teaching.story",
)


class ForkedProvisioner(LocalProvisioner):
    """Starts a kernel as a fork of the server process; all else is as in LocalProvisioner."""

    async def launch_kernel(self, cmd: list[str], **kwargs) -> KernelConnectionInfo:
        """Fork a kernel for the connection file that `cmd`, the kernel's command line, names."""
        arguments = cmd[cmd.index("-f") :]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOAD))
        self.cwd = kwargs.get("cwd", os.getcwd())
        process = context.Process(target=serve, args=(arguments, kwargs["env"], self.cwd))
        with parallel.environment(parallel.QUIET):  # read by libraries as the server imports them
            process.start()
        self.process = Forked(process)  # type: ignore[assignment]  # has the methods of Popen
        self.pid = self.pgid = process.pid  # the kernel makes its own process group
        return self.connection_info


class Forked:
    """A process of `multiprocessing` with the methods of `Popen` that jupyter_client calls."""

    stdin = stdout = stderr = None

    def __init__(self, process: multiprocessing.process.BaseProcess):
        assert process.pid is not None, "it has been started"
        self.process, self.pid = process, process.pid

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        return self.process.exitcode

    def wait(self) -> int:
        """Exit code, once it has ended."""
        self.process.join()
        return self.process.exitcode or 0

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)


def fork_kernels() -> None:
    """Makes all kernels that this process starts from now on forks."""
    factory = KernelProvisionerFactory.instance()
    where = f"{__name__}:{ForkedProvisioner.__name__}"
    factory.provisioners[PROVISIONER] = EntryPoint(PROVISIONER, where, factory.GROUP_NAME)
    factory.default_provisioner_name = PROVISIONER


def serve(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """In the fork: be the kernel until told to end, or until the run that started it is gone."""
    from ipykernel.kernelapp import IPKernelApp
    from tqdm import tqdm

    os.setpgid(0, 0)
    os.chdir(folder)
    sys.argv = ["ipykernel", *arguments]
    parallel.begin_fork(environment)
    # only the kernel draws bars; tqdm's lock between processes would outlive a killed one
    tqdm.set_lock(threading.RLock())
    # the server is this process's parent, and jupyter_client has named the run
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    # hidden are warnings about unencrypted loopback and the interrupt before every shutdown;
    # the run itself reports what goes wrong in a cell, or ends the kernel
    IPKernelApp.launch_instance([parent, "--IPKernelApp.log_level=CRITICAL", *arguments])
