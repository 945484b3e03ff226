"""Plots of one's own from the tables that a run left: choose, look, export. Nothing is trained.

    load(profile) -> tables;  draw(tables, Choice(...)) -> figure and the rows that it shows

`panel(...)` is the same with controls for JupyterLab; without a browser it is the figure alone.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ipywidgets as w
import pandas as pd

from mucpt_utils.config.axes import MIXTURE
from mucpt_utils.report import display, figures, mixtures, table_files
from mucpt_utils.report.figures import Drawn, NothingToDraw
from mucpt_utils.study.provenance import results_to_read
from mucpt_utils.teaching.profiles import folders_to_read, origin, resolved

# what can be drawn, and the column that is drawn
CENTRES = {
    **{"main_comparison": "mean", "differences": "difference", "composition": "mean"},
    **{"composition_differences": "difference", "benchmark_by_stratum": "mean"},
    **{"benchmark_by_category": "mean", "learning_curves": "value", "runs": "value"},
    **{"fixed_weights": "weight", "token_weights": "weight"},
    **{"token_weights_over_training": "weight"},
}
# a number that stands along an axis, as names do
ALONG = {"learning_curves": "tokens", "token_weights_over_training": "tokens"}
NONE = "(none)"
MOST_PANELS = 9
SEVERAL = '<div style="font-size:12px;color:#666">Ctrl or Cmd and a click choose several.</div>'
WRAPPED = w.Layout(flex_flow="row wrap")


@dataclass(frozen=True)
class Explored:
    """Tables to choose from, by name; `origin` says in one line where they are from."""

    tables: Mapping[str, pd.DataFrame]
    origin: str


@dataclass(frozen=True)
class Choice:
    """A plot: its table, what stands along the axis, what the marks and the panels tell apart.

    where: for a column the values that stay; of a column that is not named all stay.
    """

    table: str
    along: str
    series: str | None = None
    panels: str | None = None
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)


FIRST = Choice(
    "composition",
    along="level",
    series="stratum",
    panels="axis",
    where={"metric": ["accuracy"], "stratum": ["all", "general"]},
)


def load(profile: str, overrides: Sequence[str] = ()) -> Explored:
    """The tables of a profile's own run, or else committed ones; its mixtures among them.

    Raises FileNotFoundError where there is neither.
    """
    own = results_to_read(resolved(profile, overrides), overrides)[0]
    for folder in folders_to_read(profile, overrides):
        names = [name for name in CENTRES if (folder / "tables" / f"{name}.csv").is_file()]
        if not names:
            continue
        # committed tables stand beside mixtures of one's own only where both are of one profile
        mixed = mixtures.finished(own) if own.name == folder.name else []
        return Explored(read_tables(folder, names, mixed), origin(profile, overrides, folder))
    raise FileNotFoundError(f"no tables of {profile!r}; `./run_all.sh {profile}` makes them")


def read_tables(
    folder: Path, names: Sequence[str], mixed: Sequence[Path]
) -> dict[str, pd.DataFrame]:
    """Tables by name; those of mixtures (their folders) stand behind the axes of composition."""
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
    """Columns that may stand along the axis, or be told apart by marks or panels."""
    number = [ALONG[table]] if table in ALONG else []
    return number + names_in(explored.tables[table])


def choose(explored: Explored, choice: Choice) -> pd.DataFrame:
    """The rows of a choice; runs of several seeds become their mean, lowest and highest.

    Raises NothingToDraw, with what is there, where nothing is left or rows would lie on each other.
    """
    frame, centre = explored.tables[choice.table], CENTRES[choice.table]
    # 1. the rows with the values asked for
    for column, values in choice.where.items():
        matches = frame[frame[column].astype(str).isin([str(value) for value in values])]
        if matches.empty:
            every = ", ".join(map(str, dict.fromkeys(frame[column])))
            wanted = ", ".join(values) or "none"
            raise NothingToDraw(f"no {column} of {wanted}; there are: {every}")
        frame = matches
    # 2. one row for all seeds
    if "seed" in frame:
        keys = [column for column in frame if column not in ("seed", "n", centre)]
        grouped = frame.groupby(keys, sort=False)[centre]
        spread = {centre: "mean", "ci_low": "min", "ci_high": "max", "seeds": "size"}
        frame = grouped.agg(**spread).reset_index()
    frame = frame.dropna(subset=centre)
    if frame.empty:
        raise NothingToDraw("these rows have no value")
    check_apart(frame, choice)
    return frame.reset_index(drop=True)


def check_apart(frame: pd.DataFrame, choice: Choice) -> None:
    """Raises NothingToDraw for rows that would share a mark or a scale, with what to choose."""
    shown = [column for column in (choice.along, choice.series, choice.panels) if column]
    if choice.panels and frame[choice.panels].nunique() > MOST_PANELS:
        raise NothingToDraw(f"more than {MOST_PANELS} panels: choose fewer of {choice.panels}")
    if "metric" in frame and frame["metric"].nunique() > 1 and choice.panels != "metric":
        raise NothingToDraw("metrics have different units: choose one, or panels by metric")
    if frame.duplicated(shown).any():
        free = telling_apart(frame, shown)
        raise NothingToDraw(f"several rows fall on one mark: choose one {' and one '.join(free)}")


def telling_apart(frame: pd.DataFrame, shown: Sequence[str]) -> list[str]:
    """Columns of names, as few as it takes, that tell apart the rows that share a mark."""
    free: list[str] = []
    for column in (c for c in names_in(frame) if c not in shown):
        if not frame.duplicated([*shown, *free]).any():
            break
        if (frame.groupby([*shown, *free], sort=False)[column].nunique() > 1).any():
            free.append(column)
    return free


def draw(explored: Explored, choice: Choice) -> Drawn:
    """The figure of a choice and exactly the rows that it shows. Raises NothingToDraw."""
    by_seed = "seed" in explored.tables[choice.table]
    spread = "lowest to highest seed" if by_seed else "95 % interval"
    return figures.tidy(
        choose(explored, choice),
        centre=CENTRES[choice.table],
        along=choice.along,
        series=choice.series,
        panels=choice.panels,
        title=f"{choice.table.replace('_', ' ').capitalize()} ({spread})",
    )


def export(explored: Explored, choice: Choice, folder: Path, name: str) -> list[str]:
    """Write figure and table of a choice: png, pdf, csv, parquet; returns their names.

    Raises ValueError for a name that is not a plain file name, NothingToDraw for an empty choice.
    """
    if not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"name {name!r}: letters, digits, - and _ are allowed")
    figure, frame = draw(explored, choice)
    figures.save_figure(figure, frame, folder, name)
    table_files.write_table(frame, folder, name)
    return sorted(path.name for path in folder.glob(f"{name}.*"))


def first_choice(explored: Explored, table: str | None = None) -> Choice:
    """A plot of a table that can be drawn: one value of every column that is shown nowhere."""
    table = table or next(iter(explored.tables))
    frame = explored.tables[table]
    columns = names_in(frame)
    along = ALONG.get(table) or next(c for c in ("level", "arm") if c in columns)
    series = next((c for c in ("stratum", "category", "kind") if c in columns), None)
    panels = next((c for c in ("axis", "arm") if c in columns and c != along), None)
    where = {c: [str(frame[c].iloc[0])] for c in columns if c not in (along, series, panels)}
    if "stratum" in columns:
        where["stratum"] = [s for s in ("all", "general") if s in set(frame["stratum"])]
    return Choice(table, along, series, panels, where)


# --- controls -------------------------------------------------------------------------------------


class Panel:
    """The controls and the figure. In JupyterLab they are live; elsewhere the figure is shown.

    folder: where the button exports to.
    """

    def __init__(self, explored: Explored, folder: Path, start: Choice = FIRST):
        if start.table not in explored.tables:
            start = first_choice(explored)
        self.explored, self.folder = explored, folder
        # 1. the controls
        names = list(explored.tables)
        self.table = w.Dropdown(options=names, value=start.table, description="table")
        self.columns = {
            name: w.Dropdown(description=name) for name in ("along", "series", "panels")
        }
        for name, dropdown in {"table": self.table, **self.columns}.items():
            dropdown.add_class(f"mucpt-{name}")
        self.where = w.HBox(layout=WRAPPED)
        self.name = w.Text(value="mine", description="name").add_class("mucpt-name")
        self.button = w.Button(description="export").add_class("mucpt-export")
        # 2. what they change
        layout = w.Layout(max_width="100%", align_self="flex-start")
        self.picture = w.Image(format="png", layout=layout).add_class("mucpt-view")
        self.message = w.HTML().add_class("mucpt-told")
        self.offer(start)
        # 3. what a change of one of them does
        self.button.on_click(lambda button: self.export())
        self.table.observe(lambda c: self.offer(first_choice(explored, c["new"])), "value")
        for dropdown in self.columns.values():
            dropdown.observe(self.redraw, "value")
        # 4. the whole
        rows = [
            w.HTML(explored.origin),
            w.HBox([self.table, *self.columns.values()], layout=WRAPPED),
        ]
        rows += [self.where, w.HTML(SEVERAL), self.picture]
        rows += [w.HBox([self.name, self.button]), self.message]
        self.widget = w.VBox(rows).add_class("mucpt-explore")

    @property
    def choice(self) -> Choice:
        """What is chosen now."""
        named: dict[str, Any] = {
            k: None if c.value == NONE else c.value for k, c in self.columns.items()
        }
        where = {box.column: list(box.value) for box in self.where.children}
        return Choice(self.table.value, named["along"], named["series"], named["panels"], where)

    def offer(self, start: Choice) -> None:
        """Fill the controls for a table and draw once."""
        self.quiet = True  # no drawing in between
        frame = self.explored.tables[start.table]
        offered = columns_to_place(self.explored, start.table)
        for name, dropdown in self.columns.items():
            dropdown.options = offered if name == "along" else [NONE, *offered]
            dropdown.value = getattr(start, name) or NONE
        boxes = []
        for column in names_in(frame):
            options = [str(value) for value in dict.fromkeys(frame[column])]
            wanted = start.where.get(column, options)
            value = [option for option in options if option in wanted] or options[:1]
            box = w.SelectMultiple(options=options, value=value, description=column)
            box.rows, box.column = min(6, len(options)), column
            box.observe(self.redraw, "value")
            boxes.append(box.add_class(f"mucpt-{column}"))
        self.where.children = boxes
        self.quiet = False
        self.redraw()

    def redraw(self, change: object = None) -> None:
        """Draw what is chosen, or say why it cannot be drawn."""
        if self.quiet:
            return
        try:
            figure, _ = draw(self.explored, self.choice)
        except NothingToDraw as problem:
            self.message.value = f"Nothing drawn: {problem}."
            return
        self.picture.value = figures.screen_png(figure)
        self.message.value = ""

    def export(self) -> None:
        """Export what is chosen under the name that was typed, and say where."""
        try:
            names = export(self.explored, self.choice, self.folder, self.name.value)
            place = f"{self.folder.parent.name}/{self.folder.name}"
            self.message.value = f"Written to {place}: {', '.join(names)}"
        except ValueError as problem:
            self.message.value = f"Not exported: {problem}."

    def __repr__(self) -> str:
        return f"Panel({self.choice.table})"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        live = {k: v for k, v in self.widget._repr_mimebundle_().items() if k != "text/plain"}
        return {**live, "image/png": base64.b64encode(self.picture.value).decode()}


def panel(profile: str, overrides: Sequence[str] = (), folder: Path | None = None) -> Panel:
    """Controls over a profile's tables; exports go to `explored/` in its results folder."""
    own = results_to_read(resolved(profile, overrides), overrides)[0]
    return Panel(load(profile, overrides), folder or own / "explored")


def mixture_panel(explored: Explored, folder: Path) -> Panel | str:
    """Mixtures of one's own beside the profile's own data; a line where there is none."""
    table = explored.tables.get("composition")
    if table is None or not (table["axis"] == MIXTURE).any():
        return "No mixture of one's own was trained yet."
    where = {**FIRST.where, "axis": [MIXTURE]}
    return Panel(explored, folder, Choice("composition", "level", "stratum", "arm", where))


def described(explored: Explored, table: str) -> pd.DataFrame:
    """column, meaning, unit, allowed: the dictionary of one table, for reading."""
    entries = table_files.dictionary([table])
    there = entries["column"].isin(list(explored.tables[table]))
    return entries[there].drop(columns=["table", "type"])
