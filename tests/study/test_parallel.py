"""Jobs side by side: results in order, progress that adds up, errors that arrive, one thread."""

import io
import os
import re
import subprocess
import sys

import pytest
import torch

from mucpt_utils.config.settings import load_profile
from mucpt_utils.paths import ROOT
from mucpt_utils.study import jobs, parallel
from mucpt_utils.study.parallel import THREADS, cores, run_jobs, sharing
from mucpt_utils.study.study import Study


def job(number, report):
    """One kind of work for every test, so that workers are started few times."""
    import time

    import torch

    time.sleep(0.2 * (3 - number))  # the first jobs end last
    for _ in range(number):
        report(1.0)
    environment = {name: os.environ.get(name) for name in THREADS}
    return number, os.getpid(), torch.get_num_threads(), environment


def failing(number, report):
    if number == 1:
        raise ValueError(f"job {number} went wrong")
    return number


def light_worker(reports, environment, threads):
    """Set up a worker without the imports, which take seconds."""
    parallel._reports = reports


ORPHAN = """
import multiprocessing, threading, time
from mucpt_utils.study import parallel

def work():
    threading.Thread(target=parallel.leave_with_parent, daemon=True).start()
    print("at work", flush=True)
    time.sleep(3600)

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=work).start()
"""


def test_a_worker_ends_when_the_run_is_killed(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    run = subprocess.Popen(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout.readline() == "at work\n"
    run.kill()
    # the worker holds the other end of the pipe: it is at its end once the worker is gone
    assert run.communicate(timeout=60)[0] == ""


@pytest.fixture
def bar(monkeypatch):
    """The state of the progress bar each time it is drawn."""
    states = []

    class Spy(parallel.tqdm):
        def refresh(self, *args, **kwargs):
            states.append((self.n, self.total))
            return super().refresh(*args, **kwargs)

    def make(**keywords):
        return Spy(**keywords, file=io.StringIO())

    monkeypatch.setattr(parallel, "tqdm", make)
    return states


def test_jobs_side_by_side(monkeypatch, bar):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setattr(parallel, "POLL_SECONDS", 0.05)
    results = run_jobs(job, [(0,), (1,), (2,), (3,)], sizes=[2.0, 2.0, 2.0, 6.0], workers=2)

    assert [number for number, *_ in results] == [0, 1, 2, 3], "in the order of the jobs"
    workers = {pid for _, pid, *_ in results}
    assert os.getpid() not in workers and len(workers) <= 2
    for _, _, threads, environment in results:
        assert threads == 1
        assert environment == dict.fromkeys(THREADS, "1")
    assert os.environ["OMP_NUM_THREADS"] == "3" and "MKL_NUM_THREADS" not in os.environ

    amounts = [n for n, _ in bar]
    assert {total for _, total in bar} == {12}
    assert amounts[-1] == 12, "a finished job counts in full, whatever it reported"
    assert amounts == sorted(amounts)


def test_a_large_model_takes_every_core_and_a_gpu_one_process(monkeypatch):
    assert sharing(1_000_000) == (cores(), 1)
    assert sharing(135_000_000) == (1, cores())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert sharing(1_000_000) == (1, cores())


@pytest.mark.parametrize(
    ("size", "expected"), [({}, (2, 1)), ({"model.hidden_size": 1024, "model.layers": 12}, (1, 2))]
)
def test_jobs_share_the_cores_by_the_size_of_their_model(size, expected, monkeypatch):
    """Of one from scratch as of a loaded one; the cost of a profile is counted like that too."""
    profile, given = load_profile("smoke").override(size), {}
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    monkeypatch.setattr(jobs.Job, "find", lambda job: None)
    monkeypatch.setattr(parallel, "run_jobs", lambda *_, **options: given.update(options))
    jobs.make([jobs.Job(Study(profile), "base")], "base")
    assert (given["workers"], given["threads"]) == expected == sharing(profile.parameters)


def test_a_worker_may_have_more_threads(monkeypatch):
    ((_, _, threads, environment),) = run_jobs(job, [(0,)], workers=1, threads=2)
    assert threads == 2 and set(environment.values()) == {"2"}


def test_workers_keep_their_memory_unless_the_user_tunes_it(monkeypatch):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    told = parallel.of_workers(2)
    assert {told[name] for name in THREADS} == {"2"}
    assert "hugetlb=1" in told["GLIBC_TUNABLES"]
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=1")
    assert "GLIBC_TUNABLES" not in parallel.of_workers(2)


def test_what_a_job_raised_arrives_and_the_environment_comes_back(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(parallel, "_start_worker", light_worker)
    with pytest.raises(ValueError, match="job 1 went wrong"):
        run_jobs(failing, [(0,), (1,), (2,)], workers=1)
    assert os.environ["OMP_NUM_THREADS"] == "3"


def asking(number, report):
    return os.environ.get("MUCPT_WORK"), os.getppid()


def test_workers_of_a_later_pool_know_the_environment_of_now(monkeypatch):
    found = []
    for folder in ("one", "other"):
        monkeypatch.setenv("MUCPT_WORK", folder)
        found += run_jobs(asking, [(0,)])
    monkeypatch.delenv("MUCPT_WORK")
    found += run_jobs(asking, [(0,)])
    assert [folder for folder, _ in found] == ["one", "other", None]
    assert found[0][1] == found[1][1] != os.getpid(), "both are forked from one server"
    assert found[2][1] == found[0][1]


def test_no_jobs_start_no_worker(monkeypatch):
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", None)
    assert run_jobs(job, []) == []


def test_sizes_must_pair_with_jobs(monkeypatch):
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", None)
    with pytest.raises(ValueError, match="2 jobs but 3 sizes"):
        run_jobs(job, [(0,), (1,)], sizes=[1, 2, 3])


def follow(sizes, reports, capsys):
    """What the bar shows after `reports` of unfinished work have come in."""
    from concurrent.futures import Future
    from queue import SimpleQueue

    queue, futures = SimpleQueue(), [Future() for _ in sizes]
    for report in reports:
        queue.put(report)
    for future in futures:
        future.set_result(None)
    parallel._follow(futures, sizes, queue, "what it is", "tok")
    return capsys.readouterr().err


def test_the_bar_names_its_work_and_its_unit(capsys):
    shown = follow([1500.0, 500.0], [(0, 700.0), (1, 100.0)], capsys)
    assert "what it is" in shown and re.search(r"2\.00k/2\.00k .*tok", shown)


def test_a_job_that_reports_too_much_counts_as_its_size(bar, capsys):
    follow([2.0, 2.0], [(0, 50.0)], capsys)
    assert max(n for n, _ in bar) == 4


def test_cores_are_those_this_process_may_use():
    assert parallel.cores() == len(os.sched_getaffinity(0)) >= 1
