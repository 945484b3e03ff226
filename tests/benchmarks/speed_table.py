"""The tables of `results/speed`: rates beside a peer's (`speed`), and a newcomer's waits (`paths`).

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
    write_text(folder / "README.md", page)


if __name__ == "__main__":
    write_page(FOLDER)
