"""The forecast of `--dry-run` beside what the run then takes, and what the page adds to a run.

    python tests/benchmarks/bench_forecast.py [--source DIR ...] [--questions FILE]

Sources are folders of real text, unless given those of the reference data, all of them in one
folder as well. Each forecast and each run is a process of its own, through the command; time is
processor time, so that a busy machine does not count. Memory is the peak of the process, disk what
lies in the folder of a run whose stages are kept, each file once. A line of JSON a source; every
ratio is the forecast by the truth, and the last line says the worst one.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.pipeline.forecast import disk_use
from mucpt_utils.pipeline.run import STAGES

QUESTIONS = paths.DATA_CARDS / "musicsimpleqa" / "dev.jsonl"
SOURCES = ("music_prose", "general_prose", "cleaning", "music_facts")
NUMBER = re.compile(r"about ([\d,.]+) (MB|s|documents)")
# time the run's parts in a process that is the command in all else
TIMED = """
import json, resource, sys, time
from mucpt_utils.pipeline import command
from mucpt_utils.pipeline.outcome import finish
write, spent = finish.write_outcome, []
def timed(*arguments):
    started = time.process_time()
    written = write(*arguments)
    spent.append(time.process_time() - started)
    return written
finish.write_outcome = timed
code = command.main(sys.argv[1:])
use = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"code": code, "seconds": time.process_time(), "page": sum(spent),
                  "memory": use.ru_maxrss * 1024}))
"""


def run(arguments: list[str]) -> list[str]:
    """The lines that the command prints, the measures last."""
    command = [sys.executable, "-c", TIMED, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def forecast_of(lines: list[str]) -> dict[str, float]:
    """The numbers of a forecast's lines: seconds, MB, documents."""
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    numbers = {
        name: [float(number.replace(",", "")) for number, _ in NUMBER.findall(told[name])]
        for name in ("source", "time", "memory", "disk")
    }
    return {
        "documents": numbers["source"][-1],
        "seconds": numbers["time"][0],
        "memory": numbers["memory"][0] * 1e6,
        "disk": numbers["disk"][0] * 1e6,
        "left": numbers["disk"][1] * 1e6,
    }


def compare(source: Path, questions: Path, folder: Path) -> float:
    """Prints forecast, truth and ratios of one source; returns the worst ratio, above 1."""
    settings = folder / "settings.yaml"
    settings.write_text("keep_stages: true\n")
    arguments = ["--source", str(source), "--questions", str(questions)]
    out = folder / "out"
    started = time.perf_counter()
    told = forecast_of(run([*arguments, "--out", str(out), "--dry-run"]))
    waited = time.perf_counter() - started
    lines = run([*arguments, "--out", str(out), "--settings", str(settings)])
    measured = json.loads(lines[-1])
    rows = [line.split() for line in lines if line.startswith("read ")]
    truth = {
        "documents": sum(int(row[-2]) for row in rows if "passed" not in row),
        "seconds": measured["seconds"],
        "memory": measured["memory"],
        "disk": disk_use(out),
        "left": disk_use(out, STAGES),
    }
    ratios = {name: round(told[name] / truth[name], 2) for name in truth}
    print(
        json.dumps(
            {
                "source": source.name,
                "MB": round(disk_use(source) / 1e6, 1),
                "forecast": told,
                "truth": truth,
                "ratio": ratios,
                "dry_run_seconds": round(waited, 1),
                "page_share": round(measured["page"] / measured["seconds"], 4),
            }
        ),
        flush=True,
    )
    return max(max(ratio, 1 / ratio) for ratio in ratios.values())


def main() -> None:
    """Compare every source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, nargs="+", help="folders to forecast")
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    options = parser.parse_args()
    sources = options.source or [paths.REFERENCE_DATA / name for name in SOURCES]
    worst = 1.0
    for source in sources:
        with tempfile.TemporaryDirectory() as folder:
            worst = max(worst, compare(source, options.questions, Path(folder)))
    print(json.dumps({"worst_ratio": round(worst, 2)}))


if __name__ == "__main__":
    main()
