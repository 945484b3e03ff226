"""What the pages' scripts read: tables, arms and provenance of a profile as data.

A page opened from disk may not fetch a file, but it may load a script: each file is a call
`MuCPT.give(name, data)`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mucpt_utils.analysis import verdicts
from mucpt_utils.config.arms import ARMS
from mucpt_utils.io import write_text
from mucpt_utils.report import limits
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.figures.conclusions import capital
from mucpt_utils.report.figures.curves import prices
from mucpt_utils.report.measures import COSTS, PRIMARY, deciding
from mucpt_utils.report.profiles import SHORT
from mucpt_utils.site import doses, plain
from mucpt_utils.site.answer import chosen_arms
from mucpt_utils.site.gathered import Finished

TABLES = (
    *("main_comparison", "differences", "learning_curves", "composition_differences"),
    *("composition", "reference_surface"),
)
DIGITS = 5  # significant digits of a number in a page; the CSV beside it has six
SETTINGS = ("arm", "train", "replay")  # settings of a run that a row shows


def write_data(folder: Path, name: str, data: Any) -> Path:
    """Write data as the script `data/name.js`, which a page opened from disk can load."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    path = folder / "data" / f"{name}.js"
    text = text.replace("</", "<\\/")  # "</" would end a script inside a page
    write_text(path, f"MuCPT.give({json.dumps(name)},{text});\n")
    return path


def coded_columns(frame: pd.DataFrame) -> dict[str, Any]:
    """A table as its columns, short: `MuCPT.rows` of the pages makes rows of them.

    A column of numbers is a list, empty cells null; one with texts is a dictionary code: `of`, the
    distinct values, and `at`, the place of each row's value among them.
    """
    columns = {name: [cell(value) for value in frame[name]] for name in frame}
    return {
        name: dictionary_code(values) if any(isinstance(one, str) for one in values) else values
        for name, values in columns.items()
    }


def dictionary_code(values: Sequence[object]) -> dict[str, list]:
    """The distinct values in the order in which they come, and where each value is among them."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return {"of": list(places), "at": [places[value] for value in values]}


def cell(value: object) -> object:
    """A value for JSON, in short form: whole numbers without decimals, others in five digits."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return None
    if not isinstance(value, str) and isinstance(value, int | float) or hasattr(value, "dtype"):
        number = float(value)  # type: ignore[arg-type]
        if pd.isna(number):
            return None
        return int(number) if number.is_integer() else float(f"{number:.{DIGITS}g}")
    return value


def profile_data(finished: Finished) -> dict[str, Any]:
    """Everything about a profile that the explorer needs."""
    tables = {name: finished.tables[name] for name in TABLES if name in finished.tables}
    names = (table["arm"] for table in tables.values() if "arm" in table)
    arms = list(dict.fromkeys(arm for column in names for arm in column))
    axes = dict.fromkeys(tables["composition"]["axis"]) if "composition" in tables else ()
    run = finished.run
    return {
        "name": finished.name,
        "purpose": run["purpose"],
        "scale": finished.scale,
        "commit": finished.commit,
        "tokens": run["tokens"],
        "seeds": run["seeds"],
        "missing": limits.not_run(finished.tables, run),
        "prices": prices(finished.tables.get("costs"), curves_of(finished)),
        "arms": {arm: arm_data(arm, run) for arm in arms},
        "costs": {other: title for other, title in COSTS.items() if other in arms},
        "deciding": judged_by(finished),
        "first": first_arms(finished),
        "axes": doses.axes_data(axes, run),
        "tables": {name: coded_columns(table) for name, table in tables.items()},
    }


def judged_by(finished: Finished) -> dict[str, str]:
    """What each arm is judged against, if that is not plain at equal tokens."""
    table = finished.tables.get("verdicts", pd.DataFrame({"arm": []}))
    found = {arm: deciding(finished.tables, arm) for arm in dict.fromkeys(table["arm"])}
    return {arm: other for arm, other in found.items() if other != verdicts.EQUAL_TOKENS}


def first_arms(finished: Finished) -> list[str]:
    """The arms that the explorer begins with: those of the first page."""
    return chosen_arms(finished, PRIMARY) if "differences" in finished.tables else []


def curves_of(finished: Finished) -> pd.DataFrame:
    """The learning curves; an empty table if there are none."""
    return finished.tables.get("learning_curves", pd.DataFrame({"arm": [], "tokens": []}))


def arm_data(arm: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """An arm's name in words, its purpose, and the runs that its numbers come from."""
    return {
        "title": capital(arm_title(arm)),
        "label": plain.arm_label(arm, 28),
        "narrow": plain.arm_label(arm, 17),
        "role": verdicts.role(arm),
        "from_base": arm not in ARMS or ARMS[arm].start == "base",
        **runs_of(arm, run["artifacts"]),
    }


def runs_of(arm: str, artifacts: Iterable[Mapping]) -> dict[str, Any]:
    """An arm's runs of the main comparison as a row shows them: `settings`, `inputs`, `runs`.

    Runs of one arm differ only in their seeds, so settings and inputs are given once.
    """
    records = [record for record in artifacts if record["name"] == f"run_{arm}"]
    inputs = (one["name"].replace("_", " ") for record in records for one in record["inputs"])
    return {
        "settings": shown_settings(records),
        "inputs": list(dict.fromkeys(inputs)),
        "runs": [run_data(record) for record in records],
    }


def shown_settings(records: Sequence[Mapping]) -> dict[str, Any]:
    """The settings of the first record, flattened; empty without records."""
    settings = records[0]["settings"] if records else {}
    return flat({key: settings[key] for key in SETTINGS if key in settings})


def run_data(record: Mapping) -> dict[str, Any]:
    """One run: its seed, its checksum, and what made it."""
    return {
        "seed": record["settings"].get("seed"),
        "sha": record["sha256"][:SHORT],
        "made_by": record["made_by"],
        "commit": (record.get("commit") or "")[:SHORT],
        "seconds": round(record["seconds"], 1),
    }


def flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings as `train.tokens: 150000`, without those that are not set."""
    pairs: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            pairs |= flat(value, f"{before}{key}.")
        elif value is not None:
            pairs[f"{before}{key}"] = value
    return pairs
