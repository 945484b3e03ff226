"""What a whole run takes, beside its forecast, and what its notebooks take by themselves.

    python tests/benchmarks/bench_run.py PROFILE [--environment FOLDER] [--keep FOLDER] [--write]

In a fresh clone with an empty work folder the profile is forecast as notebook 00 does, run, and run
again. The second run finds all that the first one made, so what it takes is the notebooks' own.
Prints the forecast beside the truth, and seconds per notebook; with `--write` they go to
`results/speed`, where the next forecast finds the notebooks' own seconds. `--keep` names the folder
of the clone, which then stays; there the first run writes the results that may be committed.
"""

import argparse
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import speed_table
from bench_newcomer import ROOT, variables
from bench_training import machine

from mucpt_utils.study.own_work import SITE

NOTEBOOK = re.compile(r"^\[\d+/\d+\] (\w+?)_\w+: (\d+) s$", re.MULTILINE)
DONE = re.compile(r"^done in ([\d.]+) min", re.MULTILINE)
FORECAST = """
import sys
from mucpt_utils.config.settings import load_profile
from mucpt_utils.study import cost
print(cost.time_here(load_profile(sys.argv[1]))["minutes"].iloc[-1])
"""
START = "from mucpt_utils.study.pace import seconds_to_start; print(seconds_to_start())"


def asked(python: Path, shell: Mapping, *arguments: str) -> float:
    """The number that a line of Python prints in the clone."""
    command = [str(python), "-c", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, **shell)
    return float(done.stdout.split()[-1])


def seconds(shell: Mapping, *arguments: str) -> dict[str, float]:
    """Run a profile: seconds by notebook number, and those of all that comes after them."""
    command = ["./run_all.sh", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, **shell)
    told = done.stdout + done.stderr
    each = {number: float(taken) for number, taken in NOTEBOOK.findall(told)}
    whole = DONE.search(told)
    assert whole and len(each) > 1, told
    each[SITE] = max(0.0, float(whole[1]) * 60 - sum(each.values()))
    return each


def main() -> None:
    """Forecast, run and run again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile")
    parser.add_argument("--environment", type=Path, default=ROOT / ".venv", help="a ready one")
    parser.add_argument("--write", action="store_true", help="into results/speed")
    parser.add_argument("--keep", type=Path, help="folder of the clone, which then stays")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        clone = (options.keep or Path(scratch, "clone")).resolve()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = options.environment.resolve()
        shell = {"cwd": clone, "env": variables(clone, environment)}
        shell["env"]["PYTHONPATH"] = str(clone)
        python = environment / "bin" / "python"
        asked(python, shell, START)  # compiles what it imports, as any start before a run does
        forecast = asked(python, shell, FORECAST, options.profile)
        written = ["--commit-results"] if options.keep else []
        first = seconds(shell, options.profile, *written)
        again = seconds(shell, options.profile)
        start = asked(python, shell, START)
    taken = sum(first.values()) / 60
    print(f"{options.profile}: forecast {forecast:.1f} min, taken {taken:.1f} min")
    print(f"forecast / taken {forecast / taken:.2f}; again {sum(again.values()) / 60:.1f} min")
    rows = [
        {"profile": options.profile, "notebook": name, "first": first[name], "again": again[name]}
        for name in first
    ]
    for row in rows:
        print(f"  {row['notebook']:6} {row['first']:6.0f} s, again {row['again']:4.0f} s")
    if options.write:
        told = {"forecast": forecast, "start": start, "machine": machine()}
        speed_table.write_run([row | told for row in rows])


if __name__ == "__main__":
    main()
