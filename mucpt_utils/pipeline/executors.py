"""datatrove's executors behind one call: local processes, a Ray cluster, Slurm job arrays.

The engine changes where tasks run, never what they write. Ray and Slurm need a file system that
all machines share. `run_executor` returns when the block is done on every task, whatever the
engine: on Slurm it waits for the job array.
"""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import multiprocess
from datatrove.executor import LocalPipelineExecutor, RayPipelineExecutor, SlurmPipelineExecutor
from datatrove.executor.base import PipelineExecutor
from datatrove.pipeline.base import PipelineStep
from loguru import logger as datatrove_log

from mucpt_utils import paths
from mucpt_utils.config.files import SettingsError
from mucpt_utils.config.pipeline import PipelineSettings, RaySettings, SlurmSettings
from mucpt_utils.errors import OutsideError


class EngineError(OutsideError, RuntimeError):
    """Tasks that failed on their engine; the message says which, and where their logs are."""


class InProcessExecutor(LocalPipelineExecutor):
    """datatrove's local executor without its manager process, and quiet: logs go to files."""

    def run(self) -> None:
        if self.workers == 1:
            for rank in self.get_incomplete_ranks():
                self._run_for_rank(rank, local_rank=1)
        else:
            # loaded once and shared by every worker of every stage: spaCy takes seconds
            multiprocess.set_forkserver_preload(["spacy", "mucpt_utils.pipeline.run"])
            super().run()

    def _run_for_rank(self, rank: int, local_rank: int = 1, node_rank: int = -1):
        """Raises failures; their traceback goes to the task's log, not to the terminal."""
        with redirect_stderr(io.StringIO()):
            return super()._run_for_rank(rank, local_rank, node_rank)

    def _launch_run_for_rank(self, rank: int, ranks_q, completed=None, completed_lock=None):
        return self._run_for_rank(rank, local_rank=1)


class WaitingSlurmExecutor(SlurmPipelineExecutor):
    """datatrove's Slurm executor, made to wait for its jobs."""

    def launch_merge_stats(self) -> None:
        """Submits no such job: the next block waits, and nothing reads datatrove's own counts."""


def make_executor(
    block: PipelineStep, name: str, tasks: int, workers: int, logs: Path, settings: PipelineSettings
) -> PipelineExecutor:
    """The executor that runs `block` on `tasks` tasks, `workers` at a time; logs go to `logs`.

    settings: `engine` and the engine's own are read. Raises SettingsError if the engine lacks
    a setting or a package.
    """
    workers = min(workers, tasks)
    common = {"tasks": tasks, "workers": workers, "logging_dir": str(Path(logs).resolve())}
    if settings.engine == "ray":
        return ray_executor(block, settings.ray, common)
    if settings.engine == "slurm":
        return slurm_executor(block, name, settings.slurm, common)
    return InProcessExecutor([block], **common)


def ray_executor(block: PipelineStep, options: RaySettings, common: dict) -> PipelineExecutor:
    """The executor on a Ray cluster, which is first joined or started."""
    try:
        import ray
    except ImportError as error:
        raise SettingsError("engine=ray needs ray: pip install 'mucpt-utils[ray]'") from error
    if not ray.is_initialized():
        ray.init(address=options.address, log_to_driver=False, logging_level=logging.ERROR)
    with quiet_datatrove():
        return RayPipelineExecutor(
            [block],
            cpus_per_task=options.cpus_per_task,
            mem_per_cpu_gb=options.memory_gb,
            **common,
        )


def slurm_executor(
    block: PipelineStep, name: str, options: SlurmSettings, common: dict
) -> PipelineExecutor:
    """The executor of Slurm job arrays, whose jobs use this interpreter and this package."""
    if not options.partition:
        raise SettingsError("engine=slurm needs slurm.partition, the name of a Slurm partition")
    imports = os.pathsep.join(filter(None, (str(paths.ROOT), os.environ.get("PYTHONPATH"))))
    here = f'export PATH="{Path(sys.executable).parent}:$PATH" PYTHONPATH="{imports}"'
    return WaitingSlurmExecutor(
        [block],
        time=options.time,
        partition=options.partition,
        cpus_per_task=options.cpus_per_task,
        mem_per_cpu_gb=options.memory_gb,
        qos=options.qos,
        job_name=f"mucpt-{name}",
        env_command=options.environment or here,
        max_array_size=options.largest_array,
        sbatch_args={"wait": "", **options.sbatch},
        **common,
    )


def run_executor(executor: PipelineExecutor, name: str) -> None:
    """Runs a block to its end; finished tasks are skipped. Raises EngineError."""
    logs = executor.logging_dir.resolve_paths("logs")
    with quiet_datatrove():
        try:
            executor.run()
        except subprocess.CalledProcessError as error:
            message = f"{name}: sbatch ended with {error.returncode}; logs in {logs}"
            raise EngineError(message) from error
        unfinished = executor.get_incomplete_ranks() if executor.skip_completed else []
    if unfinished:
        raise EngineError(f"{name}: {len(unfinished)} tasks did not end; logs in {logs}")


@contextmanager
def quiet_datatrove() -> Iterator[None]:
    """Keeps datatrove's own log off the terminal; task logs still go to their files."""
    datatrove_log.remove()
    try:
        yield
    finally:
        datatrove_log.remove()
        datatrove_log.add(sys.stderr, level="ERROR")
