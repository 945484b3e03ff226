"""About twenty numbers of a run of `smoke`, kept so that a wrong number that repeats is noticed.

    python tests/golden.py RESULTS     # writes golden/smoke.csv from the tables of RESULTS

A change that is meant to move a number writes the file anew, and its commit says why.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pandas as pd

FILE = Path(__file__).parent / "golden" / "smoke.csv"
TEXT, MODEL = "text", "model"
# of a model's number, relative (of one below 1, absolute): on the build and instructions of the
# golden run, and elsewhere, where matrices are multiplied in another order
SAME_BUILD, OTHER_BUILD = 1e-3, 2e-2


class Number(NamedTuple):
    """One number: the sum of a column over the rows of a table with these values."""

    table: str
    where: dict[str, str]
    column: str
    kind: str

    def measure(self, tables: Path) -> float:
        """The number in a folder of tables. Raises KeyError where no row has these values."""
        frame = pd.read_csv(tables / f"{self.table}.csv", dtype=dict.fromkeys(self.where, str))
        for name, value in self.where.items():
            frame = frame[frame[name] == value]
        if frame.empty:
            raise KeyError(f"{self.table}: no row with {self.where}")
        return float(frame[self.column].sum())


def numbers() -> list[Number]:
    """Which numbers are kept: counts of text, losses of the reference model, means of two arms."""
    entered, left = ("read", "kept"), ("decontaminate", "kept")
    dropped = [("classify", "off domain"), ("exact_duplicates", "exact duplicate")]
    dropped.append(("near_duplicates", "near duplicate"))
    counts = [(*place, "documents") for place in (entered, *dropped, left)]
    counts += [(*place, "tokens") for place in (entered, left)]
    kept = [Number("funnel", {"stage": s, "reason": r}, c, TEXT) for s, r, c in counts]
    for temperature in ("1", "1.5", "2"):
        kept.append(Number("temperature", {"seed": "0", "temperature": temperature}, "loss", MODEL))
    measured = [(s, "log_likelihood") for s in ("all", "covered", "uncovered", "general")]
    measured += [("all", "accuracy"), ("music", "bits_per_byte"), ("general", "bits_per_byte")]
    for arm in ("plain", "soft_static"):
        for stratum, metric in measured:
            where = {"arm": arm, "stratum": stratum, "metric": metric}
            kept.append(Number("main_comparison", where, "mean", MODEL))
    return kept


def build_of(results: Path) -> str:
    """The torch build and the processor's instructions of a run, which decide the last digits."""
    run = json.loads((results / "run.json").read_text(encoding="utf-8"))
    return f"torch {run['versions']['torch']}, {run['machine']['instructions']}"


def write(results: Path) -> None:
    """Keep the numbers of a results folder."""
    lines = [f"# {build_of(results)}", "table,where,column,kind,value"]
    for number in numbers():
        where = ";".join(f"{name}={value}" for name, value in number.where.items())
        value = number.measure(results / "tables")
        lines.append(f"{number.table},{where},{number.column},{number.kind},{value:.6g}")
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read() -> tuple[str, list[tuple[Number, float]]]:
    """The build of the golden run, and its numbers in their order."""
    build = FILE.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    rows = pd.read_csv(FILE, comment="#").itertuples()
    kept = []
    for row in rows:
        where = dict(pair.split("=") for pair in row.where.split(";"))
        kept.append((Number(row.table, where, row.column, row.kind), float(row.value)))
    return build, kept


def differences(results: Path) -> list[str]:
    """Every number of a results folder that is not the golden one, in words."""
    build, kept = read()
    allowed = SAME_BUILD if build_of(results) == build else OTHER_BUILD
    lines = []
    for number, golden in kept:
        now = number.measure(results / "tables")
        tolerance = 0.0 if number.kind == TEXT else allowed * max(1.0, abs(golden))
        if abs(now - golden) > tolerance:
            where = ", ".join(number.where.values())
            lines.append(f"{number.table}, {where}: {number.column} {golden:g}, now {now:g}")
    return lines


if __name__ == "__main__":
    write(Path(sys.argv[1]))
