"""The reader's own plots from the tables of a run: what is chosen, drawn and exported.

load(profile) -> tables;  draw(tables, Choice(...)) -> figure and the rows that it shows
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.special import stdtrit

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import DEFAULT, load_axes
from mucpt_utils.config.files import all_known, shown
from mucpt_utils.io import read_json
from mucpt_utils.report import display, figures, levels, limits, mixtures, table_files
from mucpt_utils.report.figures import Drawn, NothingToDraw
from mucpt_utils.report.figures.explorer import conclusion
from mucpt_utils.study.provenance import RUN, results_to_read
from mucpt_utils.teaching.profiles import folders_to_read, origin, resolved

# the tables that can be drawn, and the column that is drawn
CENTRES = {
    **{"main_comparison": "mean", "differences": "difference", "composition": "mean"},
    **{"composition_differences": "difference", "benchmark_by_stratum": "mean"},
    **{"benchmark_by_category": "mean", "learning_curves": "value", "runs": "value"},
    **{"fixed_weights": "weight", "token_weights": "weight"},
    **{"token_weights_over_training": "weight"},
}
# numbers that can be placed along an axis, as names can
ALONG = {"learning_curves": "tokens", "token_weights_over_training": "tokens"}
MOST_PANELS = 9


@dataclass(frozen=True)
class Explored:
    """Tables to choose from, by name; `origin` says in one line where they are from.

    settings: of the run, as in `run.json`; titles: of the reader's own mixtures, by name.
    """

    tables: Mapping[str, pd.DataFrame]
    origin: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """A plot: its table, the column along the axis, and those told apart by marks and panels.

    where: the values to keep, or one alone, by column; of other columns all values are kept.
    """

    table: str
    along: str
    series: str | None = None
    panels: str | None = None
    where: Mapping[str, Sequence[str] | str] = field(default_factory=dict)


FIRST = Choice(
    "composition",
    along="level",
    series="stratum",
    panels="axis",
    where={"metric": ["accuracy"], "stratum": ["all", "general"]},
)


def load(profile: str, overrides: Sequence[str] = ()) -> Explored:
    """The tables of a profile's own run, or else committed ones, including its mixtures.

    Raises FileNotFoundError if there is neither.
    """
    own = results_to_read(resolved(profile, overrides), overrides)[0]
    for folder in folders_to_read(profile, overrides):
        names = [name for name in CENTRES if (folder / "tables" / f"{name}.csv").is_file()]
        if not names:
            continue
        # committed tables go with the reader's own mixtures only if both are of one profile
        mixed = mixtures.finished(own) if own.name == folder.name else []
        record = folder / RUN
        run = read_json(record) if record.is_file() else {}
        named = mixtures.listed(own).set_index("mixture")["title"].to_dict() if mixed else {}
        tables = read_tables(folder, names, mixed)
        told = [origin(profile, folder), limits.not_run(tables, run) if run else ""]
        return Explored(tables, " ".join(filter(None, told)), run.get("settings", {}), named)
    raise FileNotFoundError(f"no tables of {profile!r}; `./run_all.sh {profile}` makes them")


def read_tables(
    folder: Path, names: Sequence[str], mixed: Sequence[Path]
) -> dict[str, pd.DataFrame]:
    """Tables by name; those of mixtures (their folders) come after the axes of composition."""
    tables = {name: table_files.read_table(folder / "tables", name) for name in names}
    for mixture in mixed:
        for name in mixtures.TABLES:
            parts = [tables[name], table_files.read_table(mixture / "tables", name)]
            tables[name] = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return {name: table for name, table in tables.items() if len(table)}


# --- choosing and drawing -------------------------------------------------------------------------


def names_in(frame: pd.DataFrame) -> list[str]:
    """Columns of names, by which rows can be chosen."""
    return [column for column in frame if not display.is_numeric(frame, column)]


def columns_to_place(explored: Explored, table: str) -> list[str]:
    """Columns that can be placed along the axis, or be told apart by marks or panels."""
    number = [ALONG[table]] if table in ALONG else []
    return number + names_in(explored.tables[table])


def choose(explored: Explored, choice: Choice) -> pd.DataFrame:
    """The rows of a choice; runs of several seeds become their mean with an interval over seeds.

    Curves begin with the base, which has read nothing; not those of an arm that started from
    another model.

    Raises NothingToDraw, with what there is, for a name that is not there, if nothing is left or
    rows would cover each other.
    """
    check_names(explored, choice)
    frame, centre = explored.tables[choice.table], CENTRES[choice.table]
    # 1. the rows with the values asked for
    for column, wanted in choice.where.items():
        values = [wanted] if isinstance(wanted, str) else wanted
        matches = frame[frame[column].astype(str).isin([str(value) for value in values])]
        if matches.empty:
            every = ", ".join(map(str, dict.fromkeys(frame[column])))
            given = ", ".join(map(str, values)) or "none"
            raise NothingToDraw(f"no {column} of {given}; there are: {every}")
        frame = matches
    # 2. one row for all seeds; every curve begins at the base
    if ALONG.get(choice.table) == choice.along:
        frame = from_the_base(frame, explored.tables[choice.table], choice.along)
    if "seed" in frame:
        frame = over_seeds(frame, centre)
    frame = frame.dropna(subset=centre)
    if frame.empty:
        raise NothingToDraw("these rows have no value")
    check_apart(frame, choice)
    return frame.reset_index(drop=True)


def check_names(explored: Explored, choice: Choice) -> None:
    """Raises NothingToDraw, with those that are there, for an unknown table or column."""
    columns = [choice.along, choice.series, choice.panels, *choice.where]
    try:
        all_known([choice.table], list(explored.tables), "tables")
        there = list(explored.tables[choice.table])
        all_known([column for column in columns if column], there, "columns")
    except ValueError as problem:
        raise NothingToDraw(str(problem)) from None


def from_the_base(frame: pd.DataFrame, table: pd.DataFrame, along: str) -> pd.DataFrame:
    """Curves of arms, beginning with the base's point, which those that started from it share.

    table: the whole table, whose base may not have been chosen; frame: the rows that were.
    """
    keys = [c for c in ("seed", "stratum", "metric") if c in table]
    base = table[(table["arm"] == "base") & (table[along] == 0)]
    if base.empty or "arm" not in frame:
        return frame
    other = [arm for arm in frame["arm"].unique() if arm in ARMS and ARMS[arm].start != "base"]
    wanted = frame.loc[~frame["arm"].isin(["base", *other]), ["arm", *keys]].drop_duplicates()
    begun = wanted.merge(base.drop(columns="arm"), on=keys)
    begun = begun.merge(
        frame[["arm", *keys, along]], on=["arm", *keys, along], how="left", indicator=True
    )
    begun = begun[begun["_merge"] == "left_only"]
    return pd.concat([begun[frame.columns], frame], ignore_index=True)


def over_seeds(frame: pd.DataFrame, centre: str) -> pd.DataFrame:
    """The mean over seeds with its 95 % interval by Student's t; none for a single seed."""
    keys = [column for column in frame if column not in ("seed", "n", centre)]
    grouped = frame.groupby(keys, sort=False, dropna=False)[centre]
    rows = grouped.agg(["mean", "std", "size"]).reset_index()
    half = stdtrit((rows["size"] - 1).clip(lower=1), 0.975) * rows["std"]
    half = (half / rows["size"] ** 0.5).where(rows["size"] > 1)
    spread = {centre: rows["mean"], "ci_low": rows["mean"] - half, "ci_high": rows["mean"] + half}
    return rows[keys].assign(**spread, seeds=rows["size"])


def level_names(frame: pd.DataFrame, explored: Explored) -> pd.DataFrame:
    """Rows with a value in place of the level `default`, and with the titles of mixtures.

    The value is the profile's own, for the settings that the axis changes.
    """
    if "level" not in frame or "axis" not in frame:
        return frame
    names = [
        own_values(str(axis), explored.settings)
        if level == DEFAULT
        else explored.titles.get(level, level)
        for axis, level in zip(frame["axis"], frame["level"], strict=True)
    ]
    return frame.assign(level=names)


def own_values(axis: str, settings: Mapping[str, Any]) -> str:
    """The profile's own values of what an axis changes: `replay = 0.2 (the profile's own)`."""
    own = levels.own_settings(load_axes().get(axis), settings)
    values = ", ".join(f"{name} = {value}" for name, value in own.items())
    return f"{values} (the profile's own)" if values else DEFAULT


def check_apart(frame: pd.DataFrame, choice: Choice) -> None:
    """Raises NothingToDraw, with advice, for rows that would share a mark or a scale."""
    shown = [column for column in (choice.along, choice.series, choice.panels) if column]
    if choice.panels and frame[choice.panels].nunique() > MOST_PANELS:
        raise NothingToDraw(f"more than {MOST_PANELS} panels: choose fewer of {choice.panels}")
    if "metric" in frame and frame["metric"].nunique() > 1 and choice.panels != "metric":
        raise NothingToDraw("metrics have different units: choose one, or panels by metric")
    if frame.duplicated(shown).any():
        free = telling_apart(frame, shown)
        raise NothingToDraw(f"several rows fall on one mark: choose one {' and one '.join(free)}")


def telling_apart(frame: pd.DataFrame, shown: Sequence[str]) -> list[str]:
    """The fewest columns of names that tell apart the rows that share a mark."""
    free: list[str] = []
    for column in (c for c in names_in(frame) if c not in shown):
        if not frame.duplicated([*shown, *free]).any():
            break
        if (frame.groupby([*shown, *free], sort=False)[column].nunique() > 1).any():
            free.append(column)
    return free


def draw(explored: Explored, choice: Choice) -> Drawn:
    """The figure of a choice and exactly the rows that it shows. Raises NothingToDraw."""
    frame, centre = level_names(choose(explored, choice), explored), CENTRES[choice.table]
    interval = "95 % interval"
    if "seed" in explored.tables[choice.table]:
        interval += f" over {int(frame['seeds'].max())} seeds"
    table = choice.table.replace("_", " ")
    return figures.tidy(
        frame,
        centre=centre,
        along=choice.along,
        series=choice.series,
        panels=choice.panels,
        title=f"{conclusion(frame, centre, choice.along)} ({table}, {interval})",
    )


def export(explored: Explored, choice: Choice, folder: Path, name: str) -> list[str]:
    """Write figure and table of a choice: png, pdf, csv, parquet; returns their paths.

    The folder is named as `where` names it.

    Raises ValueError for a name that is not a plain file name, NothingToDraw for an empty choice.
    """
    if not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"name {name!r}: letters, digits, - and _ are allowed")
    figure, frame = draw(explored, choice)
    figures.save_figure(figure, frame, folder, name)
    table_files.write_table(frame, folder, name)
    return sorted(f"{where(folder)}/{path.name}" for path in folder.glob(f"{name}.*"))


def where(folder: Path) -> str:
    """The whole path of a folder; from the checkout or the work folder, if it is in one."""
    if folder.is_relative_to(paths.ROOT) or not folder.is_relative_to(paths.work()):
        return shown(folder)
    return f"$MUCPT_WORK/{folder.relative_to(paths.work()).as_posix()}"


def first_choice(explored: Explored, table: str | None = None) -> Choice:
    """A plot of a table that can be drawn, whatever the table contains.

    One value of each column that would put rows on one mark, and as many panels as fit.
    """
    table = table or next(iter(explored.tables))
    frame = explored.tables[table]
    columns = names_in(frame)
    along = ALONG.get(table) or next(c for c in ("level", "arm") if c in columns)
    series = next((c for c in ("stratum", "category", "kind") if c in columns), None)
    panels = next((c for c in ("axis", "arm") if c in columns and c != along), None)
    where: dict[str, list[str]] = {}
    if "metric" in columns:
        where["metric"] = [str(frame["metric"].iloc[0])]
    if "stratum" in columns:
        usual = [s for s in ("all", "general") if s in set(frame["stratum"])]
        where["stratum"] = usual or [str(s) for s in frame["stratum"].unique()]
    if panels and frame[panels].nunique() > MOST_PANELS:
        where[panels] = [str(value) for value in frame[panels].unique()[:MOST_PANELS]]
    shown = [column for column in (along, series, panels) if column]
    rows = rows_of(frame, where)
    seeds = ["seed"] if "seed" in frame else []
    for column in telling_apart(rows, [*shown, *seeds]):
        where[column] = [str(rows[column].iloc[0])]
    return Choice(table, along, series, panels, where)


def rows_of(frame: pd.DataFrame, where: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows with the values asked for; all of them if a value does not occur."""
    for column, values in where.items():
        matches = frame[frame[column].astype(str).isin(list(values))]
        frame = frame if matches.empty else matches
    return frame


def can_be_drawn(explored: Explored, choice: Choice) -> bool:
    """Whether a choice gives a plot."""
    try:
        choose(explored, choice)
    except NothingToDraw:
        return False
    return True
