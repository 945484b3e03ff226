"""The table of speeds, `results/speed/tables/speed.csv`, that benchmarks put their rows into."""

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.report import table_files

FOLDER = "speed"


def add(rows: list[dict]) -> None:
    """Keep `rows`; a row measured before under the same `what` and machine gives way."""
    folder = paths.results(FOLDER) / "tables"
    fresh = pd.DataFrame(rows)
    if (folder / "speed.csv").exists():
        fresh = pd.concat([table_files.read_table(folder, "speed"), fresh], ignore_index=True)
    kept = fresh.drop_duplicates(["what", "machine"], keep="last")
    table_files.write_table(kept.sort_values(["machine", "what"]), folder, "speed")
