"""Tokens on coloured backgrounds as a picture, which GitHub and untrusted notebooks show too."""

import io
from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from mucpt_utils.report.figures.style import few_colours

DPI = 96
CHARACTER, LINE = 8.1, 40.0  # width of a character and height of a line, in pixels
WIDTH, MARGIN, TITLE = 820.0, 10.0, 24.0  # of the picture, in pixels
GAP = 3.0
Colour = tuple[int, int, int, float]


def drawn(
    tokens: Sequence[str], colours: Sequence[Colour], above: Sequence[str], title: str = ""
) -> bytes:
    """A PNG of tokens in lines, each on its colour, with a small text above it."""
    boxes, lines = placed(
        [max(len(token), len(text) * 0.8) for token, text in zip(tokens, above, strict=True)]
    )
    top = TITLE if title else 0.0
    height = top + LINE * lines + MARGIN
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    if title:
        axes.text(MARGIN, top - 6, title, size=8.5, color="#555555", parse_math=False)
    mono: dict[str, Any] = {"family": "DejaVu Sans Mono", "ha": "center", "parse_math": False}
    for token, colour, text, (x, line, width) in zip(tokens, colours, above, boxes, strict=True):
        base = top + LINE * line + 30
        red, green, blue, opacity = colour
        ground = (red / 255, green / 255, blue / 255, opacity)
        shape = FancyBboxPatch((x, base - 14), width, 19, boxstyle="round,pad=0,rounding_size=3")
        shape.set(facecolor=ground, edgecolor="#cccccc", linewidth=0.5)
        axes.add_patch(shape)
        axes.text(x + width / 2, base, token.strip() or "·", size=9.5, color="#111111", **mono)
        axes.text(x + width / 2, base - 18, text, size=6.5, color="#444444", **mono)
    pixels = io.BytesIO()
    canvas.print_png(pixels, metadata={"Software": None})
    return few_colours(Image.open(pixels))


def placed(lengths: Sequence[float]) -> tuple[list[tuple[float, int, float]], int]:
    """Where each token goes: x, number of its line, width, in pixels; and how many lines."""
    boxes, x, line = [], MARGIN, 0
    for length in lengths:
        width = max(1.0, length) * CHARACTER + 4
        if x + width > WIDTH - MARGIN and x > MARGIN:
            x, line = MARGIN, line + 1
        boxes.append((x, line, width))
        x += width + GAP
    return boxes, line + 1
