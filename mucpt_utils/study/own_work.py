"""What notebooks take by themselves, beside training, scoring and answering: measured, once.

`tests/benchmarks/bench_run.py` runs a profile twice in a fresh clone. The second run finds every
stage, so what it takes is the notebooks' own: figures, tables, examples, report and site. The
seconds are kept in `results/speed`; how long Python takes to import the study says how fast another
machine is beside the measured one.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mucpt_utils import paths

TABLE = paths.RESULTS / "speed" / "tables" / "notebooks.csv"
SITE = "site"  # the row of what comes after the last notebook
INSTEAD = "laptop"  # whose seconds stand for those of a profile that was not measured
GUESS = 8.0  # seconds for a notebook that was not measured: declared, not measured


class OwnWork(NamedTuple):
    """Seconds of own work by notebook number (`05b`) and, for the pages afterwards, `site`.

    profile: whose run was measured. start: seconds until Python had imported the study there.
    """

    profile: str
    seconds: Mapping[str, float]
    start: float


def own_work(profile: str, table: Path = TABLE) -> OwnWork | None:
    """The own work of a profile's notebooks, or of `laptop`'s; None if neither was measured."""
    if not table.is_file():
        return None
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))  # pandas would make a wrong argument wait
    for name in (profile, INSTEAD):
        measured = [row for row in rows if row["profile"] == name]
        if measured:
            seconds = {row["notebook"]: float(row["again"]) for row in measured}
            return OwnWork(name, seconds, float(measured[0]["start"]))
    return None
