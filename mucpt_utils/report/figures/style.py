"""The look of every figure: the arms' colours, markers and lines, the titles, and saving.

Every arm has one colour (Okabe and Ito's palette, safe for colour-blind readers), one marker and
one line style, so that a figure can be read in grey.
"""

import io
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mucpt_utils.config.arms import ARMS
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import write_text
from mucpt_utils.report.table_files import csv_text

DPI = 160
SCREEN_DPI = 72
TEXT, SMALL = 10.0, 9.0  # points: all text, and the line below with a figure's origin
WIDEST, NARROW = 9.2, 4.7  # width in inches of a figure, and of one on a phone
# what a figure function returns: the figure and exactly the rows that it shows
Drawn = tuple[Figure, pd.DataFrame]


class NothingToDraw(MuCPTError, ValueError):
    """A table without the rows that a figure needs."""


class ArmStyle(NamedTuple):
    """How an arm looks wherever it is drawn."""

    colour: str
    marker: str
    line: str | tuple


# "light" greys and hues differ in brightness as well, for print without colour
ARM_STYLES: dict[str, ArmStyle] = {
    "base": ArmStyle("#8a8a8a", "s", ":"),
    "reference": ArmStyle("#a9a9a9", "D", ":"),
    "plain": ArmStyle("#1a1a1a", "o", "-"),
    "plain_compute": ArmStyle("#4a4a4a", "s", "-"),
    "random": ArmStyle("#56b4e9", "^", "--"),
    "random_sites": ArmStyle("#3d9dc9", "v", ":"),
    "base_loss": ArmStyle("#a05195", "p", "-"),
    "eslm": ArmStyle("#7d5a50", "d", "-."),
    "quality": ArmStyle("#7a8b00", "h", "--"),
    "tagger": ArmStyle("#b5179e", "^", "-"),
    "rho1": ArmStyle("#c98500", "D", "-."),
    "rho1_calibrated": ArmStyle("#a66f00", "d", ":"),
    "rho_loss": ArmStyle("#8f4e00", "H", "-."),
    "color_filter": ArmStyle("#8c6d31", "<", "-."),
    "soft_static": ArmStyle("#0072b2", "v", "-"),
    "soft_mixed": ArmStyle("#006d77", "h", "--"),
    "soft_surprise": ArmStyle("#4b3fa0", "d", "-"),
    "soft_dynamic": ArmStyle("#009e73", "P", "--"),
    "selection": ArmStyle("#7a5195", ">", "--"),
    "selection_soft": ArmStyle("#cc79a7", "*", "-"),
    "sites": ArmStyle("#2f6f4f", "s", "-"),
    "tagger_window": ArmStyle("#4361ee", "v", "--"),
    "tagger_window_start": ArmStyle("#7b1fa2", "<", "-"),
    "ratio_window": ArmStyle("#00838f", "v", "-"),
    "ratio_window_start": ArmStyle("#01579b", "<", "-"),
    "sites_window_start": ArmStyle("#00695c", ">", "-"),
    "sites_tagger": ArmStyle("#38761d", "^", "-"),
    "sites_tagger_start": ArmStyle("#1b5e20", ">", "-"),
    "start_reference": ArmStyle("#5b7083", "D", "--"),
    "mixed_reference": ArmStyle("#6f8091", "8", ":"),
    "inverse": ArmStyle("#d55e00", "X", ":"),
    "oracle_clean": ArmStyle("#b08900", "p", ":"),
    "oracle_focus": ArmStyle("#9a7d0a", "H", ":"),
    "oracle_focus_clean": ArmStyle("#7d6608", "*", ":"),
    "oracle_sites": ArmStyle("#5f4e00", "8", ":"),
}
# for arms without a style of their own
SPARE_COLOURS = ("#9c3848", "#4d5a2a", "#3d405b")
SPARE_MARKERS = ("H", "p", "8")
# series that are not arms: hues of Okabe and Ito that also differ in brightness
SERIES_COLOURS = ("#0072b2", "#d55e00", "#1a1a1a", "#56b4e9", "#009e73", "#c98500", "#cc79a7")
SERIES_MARKERS = "oDs^vPX*"
SERIES_LINES = ("-", "--", "-.", ":")

# the two kinds of facts look the same in every figure: colour, marker, line; open marks can be
# told apart without colour
KIND_STYLES = {
    "covered": ArmStyle("#0067a5", "o", "-"),
    "uncovered": ArmStyle("#c2410c", "D", "--"),
}
STRATUM_TITLES = {
    "all": "all questions",
    "covered": "facts the reference model knows",
    "uncovered": "facts it does not know",
    "popular": "popular artists",
    "less_popular": "less popular artists",
    "invented": "facts of invented subjects",
    "known_before": "facts the base knew before",
    "new": "real facts that are new to the base",
    "general": "general knowledge",
    "music": "music",
    "general_prose": "general prose",
    "music_prose": "music prose",
}
METRIC_TITLES = {
    "accuracy": "accuracy (share correct)",
    "log_likelihood": "log-likelihood of the answer (nats per token)",
    "bits_per_byte": "bits per byte (lower is better)",
    "tokens_to_plain": "tokens to reach plain's accuracy",
}
RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": TEXT,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
    "figure.titlesize": TEXT + 1,
    "figure.titleweight": "bold",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # text in the PDF stays text
}

# decorator: draw in the study's style without touching the caller's matplotlib settings
styled = mpl.rc_context(RC)


def arm_style(arm: str) -> ArmStyle:
    """The arm's fixed colour, marker and line; an arm unknown to the palette gets a spare one."""
    if arm in ARM_STYLES:
        return ARM_STYLES[arm]
    number = list(ARMS).index(arm) if arm in ARMS else sum(map(ord, arm))
    spare = number % len(SPARE_COLOURS)
    return ArmStyle(SPARE_COLOURS[spare], SPARE_MARKERS[spare], (0, (5, 1, 1, 1)))


def arm_title(arm: str) -> str:
    """The arm's name for readers."""
    return ARMS[arm].title if arm in ARMS else arm


def series_style(number: int) -> ArmStyle:
    """The look of the `number`-th series of values that are not arms."""
    return ArmStyle(
        SERIES_COLOURS[number % len(SERIES_COLOURS)],
        SERIES_MARKERS[number % len(SERIES_MARKERS)],
        SERIES_LINES[number % len(SERIES_LINES)],
    )


def save_figure(
    fig: Figure, frame: pd.DataFrame, folder: Path, name: str, *, for_print: bool = True
) -> Path:
    """Write `folder/name.{png,pdf,csv}`, the same bytes for the same frame; returns the PNG's path.

    frame: the numbers that the figure shows. The picture stores its title: see `drawn_title`.
    for_print: if False, there is no PDF, and an earlier one of this name is deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    png = folder / f"{name}.png"
    with mpl.rc_context(RC):
        png.write_bytes(as_png(fig, DPI, title_of(fig)))
        if for_print:
            write_pdf(fig, folder / f"{name}.pdf")
        else:
            (folder / f"{name}.pdf").unlink(missing_ok=True)
    write_text(folder / f"{name}.csv", csv_text(frame))
    return png


def write_pdf(fig: Figure, path: Path) -> None:
    """Write a figure for print, with its title and without a date in its metadata."""
    undated = {"CreationDate": None, "Producer": None, "Creator": None}
    fig.savefig(path, metadata={**undated, "Title": title_of(fig) or None})


def title_of(fig: Figure) -> str:
    """The sentence above a figure, in one line; "" if there is none."""
    return " ".join(fig.get_suptitle().split())


def drawn_title(png: Path) -> str:
    """The title that `save_figure` wrote into a picture; "" if it wrote none."""
    with Image.open(png) as picture:
        return str(picture.info.get("Title", ""))


def screen_png(fig: Figure) -> bytes:
    """A PNG at screen size, so that notebooks stay small; the saved one is sharper."""
    with mpl.rc_context(RC):
        return as_png(fig, SCREEN_DPI)


def as_png(fig: Figure, dpi: int, title: str = "") -> bytes:
    """A figure as a PNG that stores its resolution and, if given, its title."""
    drawn = io.BytesIO()
    fig.savefig(drawn, format="png", dpi=dpi)
    return few_colours(Image.open(drawn), dpi, title)


def few_colours(picture: Image.Image, dpi: int | None = None, title: str = "") -> bytes:
    """A picture as a PNG of 256 colours, enough for a chart, in a third of the bytes.

    dpi, title: stored in the file if given.
    """
    small, known = io.BytesIO(), PngInfo()
    if title:
        known.add_itxt("Title", title)
    reduced = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    size = (dpi, dpi) if dpi else None
    reduced.save(small, "PNG", optimize=True, pnginfo=known, dpi=size)
    return small.getvalue()
