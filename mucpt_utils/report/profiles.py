"""The results of every profile, readable even if a table that present runs write is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.analysis.claims import abbreviated
from mucpt_utils.analysis.repeats import made_twice
from mucpt_utils.analysis.verdicts import with_verdicts
from mucpt_utils.config.settings import SettingsError, load_profile
from mucpt_utils.io import read_json
from mucpt_utils.report.measures import COSTS
from mucpt_utils.report.numbers import counted
from mucpt_utils.study.provenance import RUN

# the order in which runs are shown; others follow by name
ORDER = (
    "evidence",
    "crosscheck",
    "sources",
    "sources_again",
    "fresh",
    "kinds",
    "breadth",
    "laptop",
    "doses",
    "replication",
    "confirmation",
    "surface",
    "overnight",
    "real",
    "real_arms",
)
SHORT = 10  # digits of a commit that are shown
DIFFERENCE_COLUMNS = [
    *("arm", "compared_to", "stratum", "metric", "difference", "ci_low", "ci_high", "verdict"),
    *("seeds", "n"),
]


@dataclass(frozen=True)
class Finished:
    """A profile's finished run: its folder, the content of `run.json`, its tables by name."""

    folder: Path
    run: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    @property
    def name(self) -> str:
        """The profile's name."""
        return str(self.run["profile"])

    @property
    def judged(self) -> dict[str, pd.DataFrame]:
        """The tables, with the verdict of the study's rule for each difference."""
        return {name: with_verdicts(table) for name, table in self.tables.items()}

    @property
    def commit(self) -> str:
        """The first digits of the commit that made the run, or a dash."""
        return (self.run.get("commit") or "–")[:SHORT]

    @property
    def processor(self) -> str:
        """The processor's maker, or the GPU's name, for readers."""
        machine = self.run.get("machine", {})
        name = str(machine.get("gpu") or machine.get("cpu") or "processor not recorded")
        plain = name.replace("(R)", "").replace("(TM)", "").replace("Processor", "")
        return " ".join(plain.split())

    @property
    def scale(self) -> str:
        """Parameters, tokens and seeds in words."""
        run = self.run
        size = f"{abbreviated(run['parameters'])} parameters, {abbreviated(run['tokens'])} tokens"
        return f"{size}, {counted(len(run['seeds']), 'seed')}"


def read_finished(folder: Path, names: Iterable[str] | None = None) -> Finished:
    """A results folder with its tables, or with those of `names` that it has.

    A folder without `run.json` goes by its own name. Raises FileError if that file is damaged.
    """
    record = folder / RUN
    run = read_json(record) if record.is_file() else {"profile": folder.name, "seeds": []}
    files = sorted((folder / "tables").glob("*.csv"))
    wanted = None if names is None else set(names)
    tables = {p.stem: tolerant_table(p) for p in files if wanted is None or p.stem in wanted}
    return Finished(folder, run, tables)


def tolerant_table(path: Path) -> pd.DataFrame:
    """A table with numbers as numbers and text as text, whatever its columns.

    A column that is not in the dictionary is numeric if each of its cells is a number.
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    types = schema.column_types(path.stem)
    for column in frame:
        if types.get(str(column)) == "text":
            continue
        numbers = pd.to_numeric(frame[column].replace("", np.nan), errors="coerce")
        if column in types or (len(frame) and (numbers.notna() | (frame[column] == "")).all()):
            frame[column] = numbers
    return frame


def planned_arms(run: Mapping[str, Any]) -> list[str]:
    """The arms that a run should train: those that its profile names, then others that it set.

    run: the content of `run.json`; for a removed profile, only the run's own settings count.
    """
    try:
        named: tuple[str, ...] = load_profile(run["profile"]).arms
    except SettingsError:
        named = ()
    return list(dict.fromkeys([*named, *run.get("settings", {}).get("arms", ())]))


def arms_not_run(run: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Planned arms without a result, as in a run that ended early; empty if no arm has one."""
    table = tables.get("main_comparison")
    if table is None or table.empty:
        return []
    there = set(table["arm"])
    return [arm for arm in planned_arms(run) if arm not in there]


def in_order_of_profiles(names: Iterable[str]) -> list[str]:
    """Names of profiles in the order in which their runs are shown."""
    rank = {name: number for number, name in enumerate(ORDER)}
    return sorted(names, key=lambda name: (rank.get(name, len(rank)), name))


def finished_profiles(results: Path = paths.RESULTS) -> list[str]:
    """Names of the profiles with a run in `results`, in the order in which runs are shown."""
    return in_order_of_profiles(path.parent.name for path in results.glob(f"*/{RUN}"))


def every_profile(first: Finished, names: Iterable[str]) -> list[Finished]:
    """`first` and every other committed profile that has one of the tables `names`."""
    folders = [paths.committed(name) for name in finished_profiles()]
    names = list(names)
    others = [read_finished(f, names) for f in folders if f.resolve() != first.folder.resolve()]
    apart = [other for other in others if other.tables and other.name != first.name]
    by_name = {finished.name: finished for finished in (first, *apart)}
    return [by_name[name] for name in in_order_of_profiles(by_name)]


def same_difference(finished: Iterable[Finished]) -> pd.DataFrame:
    """Every arm's differences to plain, at equal tokens and at equal compute, in every profile.

    Columns: profile, run (the profile with its seeds and processor, for readers), commit, again
    (the profile whose runs these repeat; "" for new runs), and those of
    `differences.csv`.
    """
    finished = list(finished)
    repeats = made_twice({each.name: each.run for each in finished})
    parts = []
    for each in finished:
        table = each.tables.get("differences")
        if table is None or table.empty:
            continue
        table = with_verdicts(table)
        rows = table.loc[table["compared_to"].isin(COSTS)]
        rows = rows.reindex(columns=DIFFERENCE_COLUMNS)
        again = repeats.get(each.name, "")
        run = f"{each.name}, {counted(len(each.run['seeds']), 'seed')}, {each.processor}"
        run += f"\n{again} made again" if again else ""
        parts.append(rows.assign(profile=each.name, run=run, commit=each.commit, again=again))
    columns = ["profile", "run", "commit", "again", *DIFFERENCE_COLUMNS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
