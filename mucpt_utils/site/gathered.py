"""The results of finished profiles, read without requiring every present table."""

from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.report import profiles
from mucpt_utils.report.profiles import finished_profiles
from mucpt_utils.study.provenance import RUN


class SiteError(MuCPTError, ValueError):
    """A results folder from which no site can be made; the message names what is missing."""


class Finished(profiles.Finished):
    """A profile's finished run, with what the site says about it."""

    @property
    def origin(self) -> str:
        """Profile and commit, as written below every figure."""
        return f"profile {self.name}, commit {self.commit}"


def read_finished(folder: Path) -> Finished:
    """A results folder, read. Raises SiteError if it has no `run.json` or no table."""
    if not (folder / RUN).is_file():
        raise SiteError(f"{folder / RUN} is missing: a run of the profile writes it")
    read = profiles.read_finished(folder)
    if not read.tables:
        raise SiteError(f"{folder / 'tables'} holds no table: a run of the profile writes them")
    tables = {name: table for name, table in read.tables.items() if name != "dictionary"}
    return Finished(folder, read.run, tables)


def all_finished(first: Finished) -> dict[str, Finished]:
    """Every committed profile by name, first the one that the site is about."""
    there = {first.name: first}
    for name in finished_profiles():
        if name not in there and any((paths.committed(name) / "tables").glob("*.csv")):
            there[name] = read_finished(paths.committed(name))
    return there
