"""Independent jobs in parallel over the cores, with one progress bar.

Small models train in one thread each, as many at a time as there are cores; a large one, whose
matrix products fill every core, takes them all, and a GPU runs one process at a time.
"""

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# parameters from which a model takes all cores: a declared limit, not a measured one
LARGE = 50_000_000
# stages bring their own bar; libraries read these when they are imported
QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # transformers' too
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}
# glibc returns large blocks to the system and gets them anew, page by page, in every step of
# training; kept, and in huge pages, they make a real model's step a ninth shorter (135 tokens per
# second against 120: results/speed, tests/benchmarks/bench_real_model.py). No result changes.
KEPT = 2**33  # bytes: more than any block of a step
KEPT_MEMORY = {
    "GLIBC_TUNABLES": ":".join(
        [
            "glibc.malloc.hugetlb=1",
            f"glibc.malloc.trim_threshold={KEPT}",
            f"glibc.malloc.mmap_threshold={KEPT}",
        ]
    )
}
POLL_SECONDS = 0.5
_reports = None  # in a worker: the queue that it reports to


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def sharing(parameters: int) -> tuple[int, int]:
    """(processes at a time, threads of each) for training models of this size on this machine."""
    import torch

    if torch.cuda.is_available() or parameters >= LARGE:
        return 1, cores()
    return cores(), 1


def _start_worker(reports, environment: dict[str, str], threads: int) -> None:
    """Set up a worker. One thread suffices for small matrix products, and repeats to the bit.

    reports: queue of (job, amount done) that the parent's bar follows. environment: the parent's.
    """
    global _reports
    import torch

    _reports = reports
    begin_fork(environment)
    torch.set_num_threads(threads)


def begin_fork(environment: Mapping[str, str]) -> None:
    """What a process forked from a server does first: take the parent's environment, end with it.

    environment: the parent's present one; the server may have been started under another.
    """
    os.environ.clear()  # so that what the parent has unset since is unset here too
    os.environ.update(environment)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    gc.freeze()  # imported modules stay, so no collection needs to look at them again


def leave_with_parent() -> None:
    """End this process when its parent is gone: a killed run must not continue unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def run_jobs(
    function: Callable[..., T],
    jobs: Sequence[tuple],
    *,
    sizes: Sequence[float] | None = None,
    workers: int | None = None,
    threads: int = 1,
    description: str = "",
    unit: str = "job",
    preload: Sequence[str] = (),
) -> list[T]:
    """The results of `function(*job, report)` for every job, in the order of `jobs`.

    function: importable, since workers are separate processes, forked from one that has
    imported its module and `preload`: a second pool need not import them again. It gets as its
    last argument a callable that it may call with the amount of work done since the last call, in
    `unit`s.
    preload: modules that the function imports only when it is called.
    sizes: amount of work in each job (default 1 each); the bar runs to their sum.
    workers: processes at a time, by default as many as there are cores; threads: of each.
    Raises what a job raised, once the jobs already running have ended, and ValueError if jobs
    and sizes differ in number.
    """
    if not jobs:
        return []
    sizes = list(sizes) if sizes is not None else [1.0] * len(jobs)
    if len(sizes) != len(jobs):
        raise ValueError(f"{len(jobs)} jobs but {len(sizes)} sizes")
    workers = min(workers or cores(), len(jobs))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.__module__, *preload])
    with environment(of_workers(threads)):
        queue = context.Queue()
        start = (queue, dict(os.environ), threads)
        with ProcessPoolExecutor(workers, context, _start_worker, start) as pool:
            futures = [
                pool.submit(_run_one, function, job, index) for index, job in enumerate(jobs)
            ]
            try:
                _follow(futures, sizes, queue, description, unit)
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def of_workers(threads: int) -> dict[str, str]:
    """Environment variables for workers with `threads` threads; the user's glibc tunables stay."""
    kept = {name: value for name, value in KEPT_MEMORY.items() if name not in os.environ}
    return dict.fromkeys(THREADS, str(threads)) | QUIET | kept


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Sets environment variables for processes started inside, and restores the old ones."""
    saved = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _run_one(function: Callable[..., T], job: tuple, index: int) -> T:
    reports = _reports
    assert reports is not None  # `_start_worker` has set it
    return function(*job, lambda amount: reports.put((index, amount)))


def _follow(futures, sizes, queue, description: str, unit: str) -> None:
    """Advance the bar by what jobs report; a finished job counts in full, reported or not."""
    done = [0.0] * len(sizes)
    pending = set(futures)
    with tqdm(total=round(sum(sizes)), desc=description, unit=unit, unit_scale=True) as bar:
        while pending:
            finished, pending = wait(pending, POLL_SECONDS, return_when=FIRST_COMPLETED)
            while not queue.empty():
                index, amount = queue.get()
                done[index] = min(sizes[index], done[index] + amount)
            for future in finished:
                future.result()
                done[futures.index(future)] = sizes[futures.index(future)]
            bar.n = round(sum(done))
            bar.refresh()
