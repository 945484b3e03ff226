"""The table of speeds, `results/speed/tables/speed.csv`, that benchmarks put their rows into.

Beside it lies a page with the same numbers for reading. `python tests/benchmarks/speed_table.py`
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


def add(rows: list[dict]) -> None:
    """Keep `rows`; a row measured before under the same `what` and machine gives way."""
    folder = FOLDER / "tables"
    fresh = pd.DataFrame(rows)
    if (folder / "speed.csv").exists():
        fresh = pd.concat([table_files.read_table(folder, "speed"), fresh], ignore_index=True)
    kept = fresh.drop_duplicates(["what", "machine"], keep="last")
    table_files.write_table(kept.sort_values(["machine", "what"]), folder, "speed")
    write_page(FOLDER)


def write_page(folder: Path) -> None:
    """`README.md` beside the table, from the table alone."""
    table = table_files.read_table(folder / "tables", "speed")
    for column in ("ours", "peer", "ratio"):
        table[column] = [shown(value, column) for value in table[column]]
    text = table.to_markdown(index=False, disable_numparse=True)
    write_text(folder / "README.md", f"{PAGE}{text}\n")


if __name__ == "__main__":
    write_page(FOLDER)
