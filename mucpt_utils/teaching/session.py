"""What every notebook begins with: the study of a profile, its results folder, quiet libraries."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from IPython.display import Image, Markdown, display

from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.report import figures, table_files
from mucpt_utils.study import parallel, provenance
from mucpt_utils.study.lanes import ProseStudy
from mucpt_utils.study.study import Study
from mucpt_utils.teaching import profiles


class Results:
    """A results folder: what is shown in a notebook is what is kept there."""

    def __init__(self, folder: Path):
        self.folder = folder

    def table(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """Keep a table in every format, described; returns it as read back: all show the same."""
        table_files.write_table(frame, self.folder / "tables", name)
        table_files.describe(self.folder / "tables")
        return self.read(name)

    def read(self, name: str) -> pd.DataFrame:
        """A table that this or an earlier notebook has kept."""
        return table_files.read_table(self.folder / "tables", name)

    def figure(self, drawn: figures.Drawn | Callable[[], figures.Drawn], name: str) -> None:
        """Keep a figure as png and csv, and show it with a line on how to read it.

        Notebook 08 draws those of `FIGURES` once more, with the commit of the whole run and as pdf;
        another one gets its pdf here.

        drawn: the figure, or what draws it, where the arms of a profile may leave it nothing to
        show: that is said in a line then.
        """
        try:
            figure, frame = drawn() if callable(drawn) else drawn
        except figures.NothingToDraw as nothing:
            print(f"Figure {name} is not drawn: {nothing}.")
            return
        # settle where everything stands once, not for each picture anew
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figures.save_figure(
            figure, frame, self.folder / "figures", name, for_print=name not in figures.FIGURES
        )
        display(Image(figures.screen_png(figure)))
        if name in figures.FIGURES:
            display(Markdown(f"*How to read it.* {figures.FIGURES[name].reading}"))


def open_study(profile: str, overrides: list[str], notebook: str) -> tuple[Study, Results]:
    """The study of a profile and its results folder. Raises SettingsError for wrong settings.

    profile: a name, or `best`: the best finished run there is, said in a line.
    """
    quiet()
    name, taken = profiles.usable(profile, overrides)
    if taken:
        print(taken)
    loaded = load_profile(name, overrides)
    return Study(loaded, notebook), Results(provenance.results_folder(loaded))


def open_prose(profile: Profile, notebook: str) -> tuple[ProseStudy, Results] | None:
    """The prose lane and its results folder, or None where no `text` folder was given."""
    if profile.text is None:
        print("No folder of real text was given (--set text=DIR): the prose lane is not run.")
        return None
    return ProseStudy(profile, notebook), Results(provenance.results_folder(profile, prose=True))


def quiet() -> None:
    """No progress bars and advice of libraries inside notebooks: stages bring their own bar.

    The libraries read these when they are imported, which a notebook that only reads never does.
    """
    os.environ.update(parallel.QUIET)
    warnings.filterwarnings("ignore", category=FutureWarning)
