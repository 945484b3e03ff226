"""Runs a profile twice from nothing, the second time with kills, and compares all tables.

    python tests/benchmarks/bench_repeat.py PROFILE [--kills N] [--seed S]

Kills are SIGKILL to the whole process group, after waits drawn between 5 and 40 seconds; the run is
started again each time. Prints one line a table and exits with 1 where any differs.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(profile: str, folder: Path) -> subprocess.Popen:
    """`run_all.sh PROFILE` with a work folder of its own, in a process group of its own."""
    return subprocess.Popen(
        [str(ROOT / "run_all.sh"), profile],
        env={**os.environ, "MUCPT_WORK": str(folder), "MUCPT_RESULTS": ""},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def killed(profile: str, folder: Path, wait: float) -> bool:
    """Start a run and kill it after `wait` seconds; False where it had ended before."""
    process = start(profile, folder)
    try:
        process.wait(wait)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def finished(profile: str, folder: Path) -> None:
    """Run to the end. Raises CalledProcessError where it fails."""
    process = start(profile, folder)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, process.args)


def tables(folder: Path) -> dict[str, bytes]:
    """Every table of a run by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("results/*/tables/*"))}


def main() -> int:
    """Compare; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("profile")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        one, other = Path(scratch, "one"), Path(scratch, "other")
        finished(options.profile, one)
        waits = [rng.uniform(5, 40) for _ in range(options.kills)]
        done = sum(killed(options.profile, other, wait) for wait in waits)
        finished(options.profile, other)
        first, second = tables(one), tables(other)
    different = sorted(
        name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
    )
    for name in sorted(first):
        print(f"{'DIFFERENT' if name in different else 'same'}  {name}")
    print(f"{len(first)} tables, {len(different)} different, after {done} kills")
    return 1 if different or not first else 0


if __name__ == "__main__":
    sys.exit(main())
