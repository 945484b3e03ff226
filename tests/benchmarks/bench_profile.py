"""Time and memory of a whole profile, in fresh folders unless `MUCPT_WORK` or `--keep` say not.

    python tests/benchmarks/bench_profile.py PROFILE [--keep] [run_all.sh arguments]

Prints minutes and the largest memory of all processes together (proportional set size, so that
shared pages count once). `--keep` leaves the results where `run_all.sh` puts them, and so does
its `--commit-results`.
"""

import os
import subprocess
import sys
import tempfile
import time

import psutil

from mucpt_utils import paths

SAMPLE_SECONDS = 1.0


def tree_memory(pid: int) -> int:
    """Bytes of a process and all below it."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            total += process.memory_full_info().pss
    except psutil.NoSuchProcess:
        pass
    return total


def main(arguments: list[str]) -> int:
    """Run the profile; returns its exit code."""
    keep = "--keep" in arguments
    arguments = [a for a in arguments if a != "--keep"]
    with tempfile.TemporaryDirectory() as scratch:
        results = str(paths.results("")) if keep else f"{scratch}/results"
        environment = {"MUCPT_WORK": f"{scratch}/work", **os.environ, "MUCPT_RESULTS": results}
        start, peak = time.perf_counter(), 0
        process = subprocess.Popen([str(paths.ROOT / "run_all.sh"), *arguments], env=environment)
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(SAMPLE_SECONDS)
        minutes = (time.perf_counter() - start) / 60
    print(f"{' '.join(arguments)}: {minutes:.1f} min, {peak / 2**30:.2f} GiB at most")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
