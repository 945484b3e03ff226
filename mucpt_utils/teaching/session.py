"""What every notebook begins with: the study of a profile, its results folder, quiet libraries."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from IPython import get_ipython
from IPython.display import Image, Markdown, display

from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.report import figures, table_files
from mucpt_utils.study import parallel, provenance
from mucpt_utils.study.lanes import ProseStudy
from mucpt_utils.study.study import Study
from mucpt_utils.teaching import profiles, show


class Results:
    """A results folder: what a notebook shows is what is kept there."""

    def __init__(self, folder: Path):
        self.folder = folder

    def table(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """Keep a table in every format, with its description; returns it as read back."""
        table_files.write_table(frame, self.folder / "tables", name)
        table_files.describe(self.folder / "tables")
        return self.read(name)

    def holds(self, name: str) -> bool:
        """Whether this or an earlier run has kept the table."""
        return (self.folder / "tables" / f"{name}.csv").is_file()

    def read(self, name: str) -> pd.DataFrame:
        """A table that this or an earlier notebook has kept."""
        return table_files.read_table(self.folder / "tables", name)

    def figure(self, drawn: figures.Drawn | Callable[[], figures.Drawn], name: str) -> None:
        """Keep a figure as png and csv, and show it with a line on how to read it.

        Notebook 08 draws those of `FIGURES` once more, with the commit of the whole run, and also
        as pdf; any other figure gets its pdf here.

        drawn: the figure, or a function that draws it, if a profile's arms may leave nothing to
        show; a line then says so.
        """
        try:
            figure, frame = drawn() if callable(drawn) else drawn
        except figures.NothingToDraw as nothing:
            print(f"Figure {name} is not drawn: {nothing}.")
            return
        # settle the layout once, not anew for each picture
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        known = figures.FIGURES.get(name)
        again = known is not None and known.draw is not None  # with the report, then for print too
        figures.save_figure(figure, frame, self.folder / "figures", name, for_print=not again)
        display(Image(figures.screen_png(figure)))
        if known is not None:
            display(Markdown(f"*How to read it.* {known.reading}"))


def open_study(profile: str, overrides: list[str], notebook: str) -> tuple[Study, Results]:
    """The study of a profile and its results folder. Raises SettingsError for wrong settings.

    profile: a name, or `best` for the best finished run there is, which a line then names.
    """
    quiet()
    put_words_below_tables()
    name, taken = profiles.usable(profile, overrides)
    if taken:
        print(taken)
    loaded = load_profile(name, overrides)
    return Study(loaded, notebook), Results(provenance.results_folder(loaded))


def open_prose(profile: Profile, notebook: str) -> tuple[ProseStudy, Results] | None:
    """The prose lane and its results folder, or None if no `text` folder was given."""
    if profile.text is None:
        print("No folder of real text was given (--set text=DIR): the prose lane is not run.")
        return None
    return ProseStudy(profile, notebook), Results(provenance.results_folder(profile, prose=True))


def quiet() -> None:
    """Silence the progress bars and advice of libraries in notebooks: stages have their own bar.

    The variables are read when libraries are imported, which a notebook that only reads never does.
    """
    os.environ.update(parallel.QUIET)
    warnings.filterwarnings("ignore", category=FutureWarning)


def put_words_below_tables() -> None:
    """Every table that a notebook shows tells the plain words of the code names in it."""
    shell = get_ipython()
    if shell is not None:  # none outside a notebook
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, show.with_words)
