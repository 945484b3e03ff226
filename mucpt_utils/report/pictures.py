"""The figures of a report, inside its page: for screens and, if different, for phones."""

import base64
import io
from collections.abc import Container
from pathlib import Path
from typing import Any, get_args

from matplotlib.figure import Figure
from PIL import Image

from mucpt_utils.report.figures import FIGURES, drawings, drawn_title, narrow
from mucpt_utils.report.figures.registry import Part
from mucpt_utils.report.figures.style import DPI, NARROW
from mucpt_utils.report.profiles import Finished
from mucpt_utils.report.rows import Luggage

PIXELS = 92  # of the page per inch of a figure, so that all figures' text has one size
PAGE_DPI = 125  # a third more: crisp on a fine screen, in few bytes
NARROW_DPI = 100
NARROW_TOGETHER = 240_000  # bytes of the page for phones' pictures; the first figures get them
COLOURS = 32
FIRST, EVERY_ARM = "difference_to_plain", "difference_of_every_arm"  # the latter shows all arms
PARTS = get_args(Part)  # in the order of the page
Item = dict[str, Any]


def figure_items(finished: Finished, luggage: Luggage) -> list[Item]:
    """Every figure that was drawn, in the order of the page; unknown ones come last."""
    folder = finished.folder / "figures"
    drawn = {path.stem: path for path in sorted(folder.glob("*.png"))}
    every = dict.fromkeys([*(name for name in FIGURES if name in drawn), *drawn])
    names = sorted(every, key=lambda name: PARTS.index(part_of(name)))
    sizes = {name: size_on_page(path) for name, path in drawn.items()}
    wider = [name for name, (width, _) in sizes.items() if width > (NARROW + 0.3) * PIXELS]
    wide, small = wide_pictures(finished, drawn), narrow_pictures(finished, wider)
    items = []
    for name in names:
        item = figure_item(drawn[name], finished, luggage)
        item["source"] = wide.get(name) or data_address(Image.open(drawn[name]))
        item["narrow"] = small.get(name, "")
        item["width"], item["height"] = sizes[name]
        item["reading"] = f"{item['reading']}{where_the_rest_is(name, drawn)}"
        items.append(item)
    return items


def part_of(name: str) -> Part:
    """The part of the report that a figure is in."""
    return FIGURES[name].part if name in FIGURES else "detail"


def where_the_rest_is(name: str, drawn: Container[str]) -> str:
    """A sentence about what a figure leaves out, if another drawn figure shows it; else ""."""
    if name != FIRST or EVERY_ARM not in drawn:
        return ""
    return (
        " Parts, variants and blind controls of these stand further down, in a figure of all arms."
    )


def wide_pictures(finished: Finished, names: Container[str]) -> dict[str, str]:
    """The figures of a folder that are drawn from its tables, for screens, by name."""
    return {
        name: data_address(rendered(fig, PAGE_DPI)) for name, (fig, _) in drawings(finished, names)
    }


def narrow_pictures(finished: Finished, names: Container[str]) -> dict[str, str]:
    """The first of the named figures, for phones, by name, as many as there is room for.

    Later ones are not drawn.
    """
    pictures: dict[str, str] = {}
    room = NARROW_TOGETHER
    with narrow():
        for name, (fig, _) in drawings(finished, names):
            picture = data_address(rendered(fig, NARROW_DPI))
            room -= len(picture)
            if room < 0:
                break
            pictures[name] = picture
    return pictures


def rendered(fig: Figure, dpi: int) -> Image.Image:
    """A figure as a picture."""
    stream = io.BytesIO()
    fig.savefig(stream, format="png", dpi=dpi)
    return Image.open(stream)


def data_address(picture: Image.Image) -> str:
    """A picture in few colours as a data address (lossless WebP)."""
    stream = io.BytesIO()
    # rare colours count too: a marker is small, but must keep the colour of its arm
    reduced = picture.convert("RGB").quantize(
        COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
    )
    reduced.convert("RGB").save(stream, "WEBP", lossless=True, quality=80, method=6)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"


def size_on_page(png: Path) -> tuple[int, int]:
    """Width and height of a figure in pixels, so that the page does not jump while it loads."""
    with Image.open(png) as picture:
        dpi = picture.info.get("dpi", (DPI, DPI))[0]
        width, height = picture.size
    return round(width / dpi * PIXELS), round(height / dpi * PIXELS)


def figure_item(png: Path, finished: Finished, luggage: Luggage) -> Item:
    """One figure without its pictures: its words, its part of the page, and its numbers."""
    name, info = png.stem, FIGURES.get(png.stem)
    table = info.table if info else name
    numbers = png.with_suffix(".csv")
    csv = f"figure-{name}.csv"
    return {
        "name": name,
        "title": drawn_title(png) or (info.title if info else name.replace("_", " ").capitalize()),
        "reading": info.reading if info else "",
        "part": part_of(name),
        "table": table if table in finished.tables else "",
        "csv": luggage.pack(csv, numbers.read_bytes(), home=f"figures/{numbers.name}")
        if numbers.is_file()
        else None,
    }
