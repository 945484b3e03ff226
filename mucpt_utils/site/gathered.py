"""What finished profiles left, read without asking that every table of today be there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.analysis.claims import abbreviated
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_json
from mucpt_utils.report.statements import FIRST
from mucpt_utils.report.words import counted
from mucpt_utils.study.provenance import RUN

SHORT = 10  # digits of a commit that are shown


class SiteError(MuCPTError, ValueError):
    """A results folder from which no site can be made; the message names what is missing."""


@dataclass(frozen=True)
class Finished:
    """A profile's finished run: its folder, the content of `run.json`, its tables by name."""

    folder: Path
    run: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.run["profile"]

    @property
    def commit(self) -> str:
        """The first digits of the commit that the run was made by, or a dash."""
        return (self.run.get("commit") or "–")[:SHORT]

    @property
    def scale(self) -> str:
        """Parameters, tokens and seeds in words."""
        run = self.run
        size = f"{abbreviated(run['parameters'])} parameters, {abbreviated(run['tokens'])} tokens"
        return f"{size}, {counted(len(run['seeds']), 'seed')}"

    @property
    def origin(self) -> str:
        """Profile and commit, as they stand below every figure."""
        return f"profile {self.name}, commit {self.commit}"


def read_finished(folder: Path) -> Finished:
    """A results folder, read. Raises SiteError where it holds no `run.json` or no table."""
    if not (folder / RUN).is_file():
        raise SiteError(f"{folder / RUN} is missing: a run of the profile writes it")
    files = sorted((folder / "tables").glob("*.csv"))
    if not files:
        raise SiteError(f"{folder / 'tables'} holds no table: a run of the profile writes them")
    tables = {path.stem: tolerant_table(path) for path in files if path.stem != "dictionary"}
    return Finished(folder, read_json(folder / RUN), tables)


def tolerant_table(path: Path) -> pd.DataFrame:
    """A table with numbers as numbers and text as text; it may have other columns than today's.

    A column that the dictionary does not describe is of numbers where each of its cells is one.
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    types = schema.column_types(path.stem)
    for column in frame:
        if types.get(column) == "text":
            continue
        numbers = pd.to_numeric(frame[column].replace("", np.nan), errors="coerce")
        if column in types or (numbers.notna() | (frame[column] == "")).all() and len(frame):
            frame[column] = numbers
    return frame


def all_finished(first: Finished, results: Path = paths.RESULTS) -> dict[str, Finished]:
    """Every committed profile by name, the one that the site is about before the others."""
    folders = {path.parent.name: path.parent for path in sorted(results.glob("*/run.json"))}
    order = [name for name in (*FIRST, *folders) if name in folders]
    there = {first.name: first}
    for name in dict.fromkeys(order):
        if name not in there and any((folders[name] / "tables").glob("*.csv")):
            there[name] = read_finished(folders[name])
    return there
