"""The reader's own plots from the tables of a run: choose, look, export. Nothing is trained.

    load(profile) -> tables;  draw(tables, Choice(...)) -> figure and the rows that it shows

`panel(...)` is the same with controls for JupyterLab; without a browser it is the figure alone.
"""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as w
import pandas as pd

from mucpt_utils.config.axes import MIXTURE
from mucpt_utils.report import figures, table_files
from mucpt_utils.report.figures import NothingToDraw
from mucpt_utils.study.provenance import results_to_read
from mucpt_utils.teaching.choices import (
    FIRST,
    Choice,
    Explored,
    can_be_drawn,
    choose,
    columns_to_place,
    draw,
    export,
    first_choice,
    load,
    names_in,
)
from mucpt_utils.teaching.profiles import resolved

__all__ = ["FIRST", "Choice", "Explored", "Panel", "choose", "described", "draw", "export", "load"]

NONE = "(none)"
SEVERAL = '<div style="font-size:12px;color:#666">Ctrl- or Cmd-click to choose several.</div>'
PROBLEM = (
    '<div style="border-left:4px solid #d55e00;padding:6px 10px;background:#fff3ec;color:#111">'
)
WRAPPED = w.Layout(flex_flow="row wrap")


class Panel:
    """The controls and the figure. In JupyterLab they are live; elsewhere the figure is shown.

    folder: where the button exports to.
    """

    def __init__(self, explored: Explored, folder: Path, start: Choice = FIRST):
        if start.table not in explored.tables or not can_be_drawn(explored, start):
            same = start.table if start.table in explored.tables else None
            start = first_choice(explored, same)
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
        self.message = w.HTML().add_class("mucpt-problem")  # why nothing is drawn
        self.written = w.HTML().add_class("mucpt-told")  # what was exported, and where
        self.offer(start)
        # 3. what a change to one of them does
        self.button.on_click(lambda button: self.export())
        self.table.observe(lambda c: self.offer(first_choice(explored, c["new"])), "value")
        for dropdown in self.columns.values():
            dropdown.observe(self.redraw, "value")
        # 4. the whole: the chart stands above what chooses its rows
        rows = [w.HTML(explored.origin)]
        rows += [w.HBox([self.table, *self.columns.values()], layout=WRAPPED)]
        rows += [self.message, self.picture, self.where, w.HTML(SEVERAL)]
        rows += [w.HBox([self.name, self.button]), self.written]
        self.widget = w.VBox(rows).add_class("mucpt-explore")

    @property
    def choice(self) -> Choice:
        """The current choice."""
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
            self.message.value = f"{PROBLEM}Nothing drawn: {escape(str(problem))}.</div>"
            self.picture.layout.display = "none"  # the last figure is not of this choice
            return
        self.picture.value = figures.screen_png(figure)
        self.picture.layout.display = None
        self.message.value = self.written.value = ""

    def export(self) -> None:
        """Export what is chosen under the name that was typed, and say where."""
        try:
            names = export(self.explored, self.choice, self.folder, self.name.value)
            every = ", ".join(Path(name).suffix.removeprefix(".") for name in names)
            place = self.folder.resolve() / self.name.value
            self.written.value = f"Written to {escape(str(place))} ({every})"
        except ValueError as problem:
            self.written.value = f"{PROBLEM}Not exported: {escape(str(problem))}.</div>"

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
    """The reader's own mixtures beside the profile's data; a line of text if there is none."""
    table = explored.tables.get("composition")
    if table is None or not (table["axis"] == MIXTURE).any():
        return "You have not trained a mixture of your own yet."
    where = {**FIRST.where, "axis": [MIXTURE]}
    return Panel(explored, folder, Choice("composition", "level", "stratum", "arm", where))


def described(explored: Explored, table: str) -> pd.DataFrame:
    """The dictionary of one table, for reading: column, meaning, unit, allowed, empty."""
    entries = table_files.dictionary([table])
    there = entries["column"].isin(list(explored.tables[table]))
    return entries[there].drop(columns=["table", "type"])
