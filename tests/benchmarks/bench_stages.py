"""Every stage of the pipeline where the truth is known: figures beside their goals.

    python tests/benchmarks/bench_stages.py [all|classifier|mojibake|quality|language|duplicates|
                                             masking|decontamination] [--out DIR]

Measures on the reference data (MUCPT_REFERENCE_DATA names its folder) and on the rendered lane of
the laptop profile, and writes `stage_quality.{csv,parquet}`: stage, measure, kind, value, goal,
reached, n. Measuring one stage leaves the rows of the others as they are. Numbers only: no text of
the reference data is written.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
from stages import (
    cleaning,
    decontamination,
    domain,
    duplicates,
    language,
    masking,
    mojibake,
)
from stages.common import COLUMNS

from mucpt_utils import paths
from mucpt_utils.report import table_files

TABLE = "stage_quality"
STAGES = {
    "classifier": domain,
    "mojibake": mojibake,
    "quality": cleaning,
    "language": language,
    "duplicates": duplicates,
    "masking": masking,
    "decontamination": decontamination,
}


def measured(name: str) -> pd.DataFrame:
    """Rows of one stage, printed while they come."""
    started, rows = time.perf_counter(), []
    for found in STAGES[name].measure():
        print(
            "{measure:58} {kind:38} {value:9.4f} {goal:9} {reached:4} n={n}".format(**found),
            flush=True,
        )
        rows.append(found)
    print(f"-- {name}: {time.perf_counter() - started:.0f} s", flush=True)
    return pd.DataFrame(rows, columns=COLUMNS)


def with_others(folder: Path, new: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The new rows in the order of the stages, and the table's rows of stages not measured now."""
    path = folder / f"{TABLE}.csv"
    old = (
        pd.read_csv(path, keep_default_na=False)
        if path.is_file()
        else pd.DataFrame(columns=COLUMNS)
    )
    parts = [
        new[name] if name in new else old[old["stage"] == module.STAGE]
        for name, module in STAGES.items()
    ]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("stage", nargs="?", default="all", choices=["all", *STAGES])
    parser.add_argument("--out", type=Path, default=paths.results("stages") / "tables")
    options = parser.parse_args()
    names = list(STAGES) if options.stage == "all" else [options.stage]
    for name in names:
        table = with_others(options.out, {name: measured(name)})
        table_files.write_table(table, options.out, TABLE)
    missed = table[table["reached"] == "no"]
    print(f"{(table['reached'] == 'yes').sum()} goals reached, {len(missed)} not")
    for entry in missed.to_dict("records"):
        print("not reached: {stage}, {measure}, {kind}: {value} ({goal})".format(**entry))


if __name__ == "__main__":
    main()
