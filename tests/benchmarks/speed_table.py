"""The tables of `results/speed`: rates beside a peer's, a newcomer's waits, whole runs.

Beside them lies a page with the same numbers for reading. `python tests/benchmarks/speed_table.py`
writes the page again.
"""

from pathlib import Path

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.io import write_text
from mucpt_utils.report import table_files
from mucpt_utils.report.display import shown

FOLDER = paths.RESULTS / "speed"
PAGE = """# Speed

Rates of this project's code beside a peer's, measured side by side in one run, as a ratio: above 1
ours is faster. The two take turns; rates are medians over the rounds and the ratio is the median of
the rounds' ratios, so it need not be the quotient of the two rates. Without a peer, the rate stands
alone. `bench_training.py` measures the training of small models, `bench_real_model.py` that of a
pretrained one, `bench_pipeline.py speed` the pipeline (in `tests/benchmarks`, run by name).

"""


PATHS = """
## A newcomer's paths

Seconds in a fresh clone, measured by `bench_newcomer.py` in one walk from nothing: everybody clones
and waits for the environment; an analyst reads the committed results, a reviewer runs `smoke`
whole, a student opens the interactive notebooks.

"""


RUNS = """
## Whole runs

Minutes of a profile in a fresh clone with an empty work folder (*first*) beside what notebook 00
forecast for it, and of a second run, which finds every stage (*again*); measured by `bench_run.py`.
The notebooks' own seconds, from which forecasts are made, are in `tables/notebooks.csv`.

"""


def add(rows: list[dict]) -> None:
    """Keep `rows`; a row measured before under the same `what` and machine gives way."""
    folder = FOLDER / "tables"
    fresh = pd.DataFrame(rows)
    if (folder / "speed.csv").exists():
        fresh = pd.concat([table_files.read_table(folder, "speed"), fresh], ignore_index=True)
    kept = fresh.drop_duplicates(["what", "machine"], keep="last")
    table_files.write_table(kept.sort_values(["machine", "what"]), folder, "speed")
    write_page(FOLDER)


def write_paths(rows: list[dict]) -> None:
    """Keep the seconds of one walk, in place of those of an earlier one."""
    table_files.write_table(pd.DataFrame(rows), FOLDER / "tables", "paths")
    write_page(FOLDER)


def write_run(rows: list[dict]) -> None:
    """Keep the seconds of a profile's notebooks, in place of those of an earlier run of it."""
    folder, fresh = FOLDER / "tables", pd.DataFrame(rows)
    if (folder / "notebooks.csv").is_file():
        kept = table_files.read_table(folder, "notebooks")
        others = kept[~kept["profile"].isin(fresh["profile"])]
        fresh = pd.concat([others, fresh], ignore_index=True)
    table_files.write_table(fresh, folder, "notebooks")
    write_page(FOLDER)


def whole_runs(folder: Path) -> pd.DataFrame:
    """Minutes of each profile: forecast, first run and again, with their ratio."""
    table = table_files.read_table(folder, "notebooks")
    whole = table.groupby(["profile", "machine"], as_index=False).agg(
        forecast=("forecast", "first"), first=("first", "sum"), again=("again", "sum")
    )
    whole[["first", "again"]] /= 60
    whole["forecast by first"] = whole["forecast"] / whole["first"]
    return whole.round({"forecast": 1, "first": 1, "again": 1, "forecast by first": 2})


def write_page(folder: Path) -> None:
    """`README.md` beside the tables, from the tables alone."""
    table = table_files.read_table(folder / "tables", "speed")
    for column in ("ours", "peer", "ratio"):
        table[column] = [shown(value, column) for value in table[column]]
    text = table.to_markdown(index=False, disable_numparse=True)
    page = f"{PAGE}{text}\n"
    if (folder / "tables" / "paths.csv").is_file():
        waited = table_files.read_table(folder / "tables", "paths")
        waited["seconds"] = [f"{float(value):.0f}" for value in waited["seconds"]]
        page += f"{PATHS}{waited.to_markdown(index=False, disable_numparse=True)}\n"
    if (folder / "tables" / "notebooks.csv").is_file():
        whole = whole_runs(folder / "tables")
        page += f"{RUNS}{whole.to_markdown(index=False)}\n"
    write_text(folder / "README.md", page)


if __name__ == "__main__":
    write_page(FOLDER)
