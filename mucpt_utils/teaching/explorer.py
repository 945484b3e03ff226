"""Plots of one's own from the tables that a run left: choose, look, export. Nothing is trained.

    load(profile) -> tables;  draw(tables, Choice(...)) -> figure and the rows that it shows

`panel(...)` is the same with controls for JupyterLab; without a browser it is the figure alone.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import ipywidgets as w
import pandas as pd

from mucpt_utils.analysis import schema
from mucpt_utils.report import display, figures, mixtures, table_files
from mucpt_utils.report.figures import Drawn, NothingToDraw
from mucpt_utils.study.provenance import results_to_read

# what can be drawn, and the column that is drawn
CENTRES = {
    **{"main_comparison": "mean", "differences": "difference", "composition": "mean"},
    **{"composition_differences": "difference", "benchmark_by_stratum": "mean"},
    **{"benchmark_by_category": "mean", "learning_curves": "value", "runs": "value"},
    **{"token_weights": "weight", "token_weights_over_training": "weight"},
    "fixed_weights": "weight",
}
# a number that stands along an axis, as names do
ALONG = {"learning_curves": "tokens", "token_weights_over_training": "tokens"}
NONE = "(none)"
MOST_PANELS = 9
SEVERAL = '<div style="font-size:12px;color:#666">Ctrl or Cmd and a click choose several.</div>'


@dataclass(frozen=True)
class Explored:
    """Tables to choose from, by name; `told` says in one line where they are from."""

    tables: Mapping[str, pd.DataFrame]
    told: str


@dataclass(frozen=True)
class Choice:
    """A plot: its table, what stands along the axis, what the marks and the panels tell apart.

    where: for a column the values kept; a column that is not named keeps all.
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
    own, *committed = results_to_read(profile, overrides)
    for folder in (own, *committed):
        if _names(folder):
            told = f"Tables of profile {own.name}, as its run left them."
            if folder != own:
                told = f"Profile {profile} was not run: these are the committed tables of "
                told += f"{folder.name}."
            # committed tables stand beside mixtures of one's own only where both are of one profile
            mixed = mixtures.finished(own) if own.name == folder.name else []
            return Explored(_read(folder, mixed), told)
    raise FileNotFoundError(f"no tables of {profile!r}; `./run_all.sh {profile}` makes them")


def _names(folder: Path) -> list[str]:
    return [name for name in CENTRES if (folder / "tables" / f"{name}.csv").is_file()]


def _read(folder: Path, mixed: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """Tables by name; those of mixtures (their folders) stand behind the axes of composition."""
    found = {name: table_files.read_table(folder / "tables", name) for name in _names(folder)}
    for mixture in mixed:
        for name in mixtures.TABLES:
            parts = [found[name], table_files.read_table(mixture / "tables", name)]
            found[name] = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return {name: frame for name, frame in found.items() if len(frame)}


# --- choosing and drawing -------------------------------------------------------------------------


def names_in(frame: pd.DataFrame) -> list[str]:
    """Columns of names, by which rows can be chosen."""
    return [column for column in frame if not display.is_numeric(frame, column)]


def places(explored: Explored, table: str) -> list[str]:
    """Columns that may stand along the axis, or be told apart by marks or panels."""
    number = [ALONG[table]] if table in ALONG else []
    return number + names_in(explored.tables[table])


def choose(explored: Explored, choice: Choice) -> pd.DataFrame:
    """The rows of a choice; runs of several seeds become their mean, lowest and highest.

    Raises NothingToDraw, with what is there, where nothing is left or rows would lie on each other.
    """
    frame, centre = explored.tables[choice.table], CENTRES[choice.table]
    for column, values in choice.where.items():
        kept = frame[frame[column].astype(str).isin([str(value) for value in values])]
        if kept.empty:
            there = ", ".join(map(str, dict.fromkeys(frame[column])))
            raise NothingToDraw(f"no {column} of {', '.join(values) or 'none'}; there are: {there}")
        frame = kept
    if "seed" in frame:
        frame = _over_seeds(frame, centre)
    frame = frame.dropna(subset=centre)
    if frame.empty:
        raise NothingToDraw("these rows have no value")
    _check_apart(frame, choice)
    return frame.reset_index(drop=True)


def _over_seeds(frame: pd.DataFrame, centre: str) -> pd.DataFrame:
    keys = [c for c in frame if c not in ("seed", "n", centre)]
    grouped = frame.groupby(keys, sort=False)[centre]
    spread = grouped.agg(**{centre: "mean", "ci_low": "min", "ci_high": "max", "seeds": "size"})
    return spread.reset_index()


def _check_apart(frame: pd.DataFrame, choice: Choice) -> None:
    shown = [c for c in (choice.along, choice.series, choice.panels) if c]
    if choice.panels and frame[choice.panels].nunique() > MOST_PANELS:
        raise NothingToDraw(f"more than {MOST_PANELS} panels: choose fewer of {choice.panels}")
    if "metric" in frame and frame["metric"].nunique() > 1 and choice.panels != "metric":
        raise NothingToDraw("metrics have different units: choose one, or panels by metric")
    if frame.duplicated(shown).any():
        free = [c for c in names_in(frame) if c not in shown and frame[c].nunique() > 1]
        raise NothingToDraw(f"several rows fall on one mark: choose one {' and one '.join(free)}")


def draw(explored: Explored, choice: Choice) -> Drawn:
    """The figure of a choice and exactly the rows that it shows. Raises NothingToDraw."""
    frame = choose(explored, choice)
    spread = "lowest to highest seed" if _by_seed(explored, choice) else "95 % interval"
    return figures.tidy(
        frame,
        centre=CENTRES[choice.table],
        along=choice.along,
        series=choice.series,
        panels=choice.panels,
        title=f"{choice.table.replace('_', ' ').capitalize()} ({spread})",
    )


def _by_seed(explored: Explored, choice: Choice) -> bool:
    return "seed" in explored.tables[choice.table]


def export(explored: Explored, choice: Choice, folder: Path, name: str) -> list[str]:
    """Write figure and table of a choice: png, pdf, csv, parquet; returns their names.

    Raises ValueError for a name that is no plain file name, NothingToDraw for an empty choice.
    """
    if not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"name {name!r}: letters, digits, - and _ are allowed")
    figure, frame = draw(explored, choice)
    figures.save_figure(figure, frame, folder, name)
    table_files.write_table(frame, folder, name)
    return sorted(path.name for path in folder.glob(f"{name}.*"))


# --- controls -------------------------------------------------------------------------------------


class Panel:
    """The controls and the figure. In JupyterLab they are live; elsewhere the figure is shown.

    folder: where the button exports to.
    """

    def __init__(self, explored: Explored, folder: Path, start: Choice = FIRST):
        if start.table not in explored.tables:
            start = _start(explored)
        self.explored, self.folder = explored, folder
        self.table = _dropdown("table", list(explored.tables), start.table)
        self.places = {name: _dropdown(name, [], None) for name in ("along", "series", "panels")}
        self.where = w.HBox(layout=w.Layout(flex_flow="row wrap"))
        self.picture = w.Image(
            format="png", layout=w.Layout(max_width="100%", align_self="flex-start")
        )
        self.picture.add_class("mucpt-view")
        self.said = w.HTML().add_class("mucpt-told")
        self.name = w.Text(value="mine", description="name").add_class("mucpt-name")
        self.button = w.Button(description="export").add_class("mucpt-export")
        self.button.on_click(self._export)
        self.table.observe(self._other_table, "value")
        for place in self.places.values():
            place.observe(self._redraw, "value")
        self._offer(start)
        self.widget = w.VBox(
            [
                w.HTML(explored.told),
                w.HBox([self.table, *self.places.values()], layout=self.where.layout),
                self.where,
                w.HTML(SEVERAL),
                self.picture,
                w.HBox([self.name, self.button]),
                self.said,
            ]
        ).add_class("mucpt-explore")

    @property
    def choice(self) -> Choice:
        """What is chosen now."""
        places = {k: None if p.value == NONE else p.value for k, p in self.places.items()}
        where = {box.column: list(box.value) for box in self.where.children}
        return Choice(self.table.value, where=where, **places)

    def _offer(self, start: Choice) -> None:
        """Fill the controls for a table and draw once."""
        self._quiet = True
        frame = self.explored.tables[start.table]
        columns = names_in(frame)
        for name, place in self.places.items():
            there = places(self.explored, start.table)
            place.options = there if name == "along" else [NONE, *there]
            place.value = getattr(start, name) or NONE
        boxes = [_many(c, frame[c], start.where.get(c)) for c in columns]
        for box in boxes:
            box.observe(self._redraw, "value")
        self.where.children = boxes
        self._quiet = False
        self._redraw()

    def _other_table(self, change) -> None:
        self._offer(_start(self.explored, change["new"]))

    def _redraw(self, change=None) -> None:
        if self._quiet:
            return
        try:
            figure, _ = draw(self.explored, self.choice)
        except NothingToDraw as problem:
            self.said.value = f"Nothing drawn: {problem}."
            return
        self.picture.value = figures.screen_png(figure)
        self.said.value = ""

    def _export(self, button) -> None:
        try:
            names = export(self.explored, self.choice, self.folder, self.name.value)
            self.said.value = f"Written to {self.folder.parent.name}/{self.folder.name}: " + (
                ", ".join(names)
            )
        except ValueError as problem:
            self.said.value = f"Not exported: {problem}."

    def __repr__(self) -> str:
        return f"Panel({self.choice.table})"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        live = {k: v for k, v in self.widget._repr_mimebundle_().items() if k != "text/plain"}
        return {**live, "image/png": base64.b64encode(self.picture.value).decode()}


def _start(explored: Explored, table: str | None = None) -> Choice:
    """A plot of a table that can be drawn: one value of every column that no place shows."""
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


def _dropdown(name: str, options: Sequence[str], value: str | None) -> w.Dropdown:
    made = w.Dropdown(options=options, value=value, description=name)
    return made.add_class(f"mucpt-{name}")


def _many(column: str, values: pd.Series, chosen: Sequence[str] | None) -> w.SelectMultiple:
    options = [str(value) for value in dict.fromkeys(values)]
    kept = [option for option in options if chosen is None or option in chosen]
    box = w.SelectMultiple(
        options=options, value=kept or options[:1], description=column, rows=min(6, len(options))
    )
    box.column = column
    return box.add_class(f"mucpt-{column}")


def panel(profile: str, overrides: Sequence[str] = (), folder: Path | None = None) -> Panel:
    """Controls over a profile's tables; exports go to `explored/` in its results folder."""
    own = results_to_read(profile, overrides)[0]
    return Panel(load(profile, overrides), folder or own / "explored")


def mixture_panel(explored: Explored, folder: Path) -> Panel | str:
    """Mixtures of one's own beside the profile's own data; a line where there is none."""
    table = explored.tables.get("composition")
    if table is None or not (table["axis"] == schema.MIXTURE).any():
        return "No mixture of one's own was trained yet."
    where = {**FIRST.where, "axis": [schema.MIXTURE]}
    return Panel(explored, folder, Choice("composition", "level", "stratum", "arm", where))


def described(explored: Explored, table: str) -> pd.DataFrame:
    """column, meaning, unit, allowed: the dictionary of one table, for reading."""
    known = schema.as_table([table])
    return known[known["column"].isin(list(explored.tables[table]))].drop(columns=["table", "type"])
