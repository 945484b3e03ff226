"""Vega-Lite specifications of the site's figures, and their drawing as SVG when the site is built.

One specification serves both: it is drawn once into the page, so that a figure is there before any
script runs, and again by the page's scripts from the rows that a reader chooses. Colours are
variables of the style sheet, so that one drawing serves light, dark and print.
"""

import copy
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import vl_convert
from markupsafe import Markup

from mucpt_utils.report.figures import arm_style
from mucpt_utils.site.plain import BREAK

Spec = dict[str, Any]
Row = Mapping[str, Any]

VEGA_LITE = "6.4"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif'
KIND_COLOURS = ["var(--covered)", "var(--uncovered)", "var(--third)", "var(--fourth)"]
KIND_SHAPES = ["circle", "diamond", "square", "triangle-up"]
CONFIG: Spec = {
    "font": FONT,
    "background": None,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--soft)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelLimit": 400,
    },
    "header": {
        "labelColor": "var(--ink)",
        "labelFontSize": 13,
        "labelFontWeight": 600,
        "labelAnchor": "start",
        "labelLimit": 600,
        "title": None,
    },
    "text": {"color": "var(--ink)", "fontSize": 12},
}
SPACE = "\u2003" * 3  # a gap that SVG does not collapse
WORSE, BETTER = "← worse", "better →"
# 0, 500, 1k: a single prefix for an axis would give 0k, 0.5k, 1k; and 0.5 must not be 500m
EACH_PREFIX = "format(datum.value, abs(datum.value) < 1 ? '~g' : '~s')"
LINES = {"labelExpr": f"split(datum.label, '{BREAK}')", "labelLineHeight": 15}


def named(layers: Sequence[Spec], **more: Any) -> Spec:
    """A specification whose rows are given later, under the name `rows`."""
    return {"$schema": SCHEMA, "config": CONFIG, "data": {"name": "rows"}, **more, "layer": layers}


def series(field: str, colours: Sequence[str], shapes: Sequence[str]) -> Spec:
    """Colour and shape by the number of a series in `field`: 0, 1, and so on."""
    numbers = list(range(len(colours)))
    return {
        "color": {
            **{"field": field, "type": "nominal", "legend": None},
            "scale": {"domain": numbers, "range": list(colours)},
        },
        "shape": {
            **{"field": field, "type": "nominal", "legend": None},
            "scale": {"domain": numbers, "range": list(shapes)[: len(numbers)]},
        },
    }


def forest(
    title: str,
    width: int = 420,
    *,
    row_height: int = 19,
    values: bool = True,
    zero: bool = True,
    ticks: int = 6,
) -> Spec:
    """A forest plot: labels down the side, an interval and a point for each kind beside them.

    Rows: label, kind (number of the series), value, low, high, text, told, panel. A row
    without interval has low and high equal to its value. values: the numbers at the right side;
    zero: the line of no difference; ticks: about how many marks the axis has.
    """
    down = {"field": "label", "type": "nominal", "sort": None, "title": None}
    quiet = {"ticks": False, "domain": False, "labelPadding": 10, **LINES}
    place: Spec = {
        "y": {**down, "axis": quiet, "scale": {"paddingInner": 0.32}},
        "yOffset": {"field": "kind", "type": "ordinal", "scale": {"paddingOuter": 0.1}},
    }
    looks = series("kind", KIND_COLOURS, KIND_SHAPES)
    across = {"type": "quantitative", "title": title.split(BREAK), "scale": {"nice": True}}
    across["axis"] = {"tickCount": ticks, "format": "~g", "grid": True, "ticks": False}
    told = {"tooltip": {"field": "told"}}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2.2, "cursor": "pointer"},
            "encoding": {
                **place,
                **{"x": {"field": "low", **across}, "x2": {"field": "high"}},
                **{"color": looks["color"]},
                **told,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 85, "opacity": 1},
            "encoding": {**place, "x": {"field": "value", **across}, **looks, **told},
        },
    ]
    if zero:
        rule = {"type": "rule", "color": "var(--soft)", "strokeWidth": 1.2}
        layers.insert(0, {"mark": rule, "encoding": {"x": {"datum": 0}}})
    if values:
        mark = {"type": "text", "align": "left", "baseline": "middle", "fontSize": 12}
        encoding = {**place, "x": {"value": width + 12}, "text": {"field": "text"}}
        layers.append({"mark": mark, "encoding": {**encoding, "color": looks["color"]}})
    return named(layers, width=width, height={"step": row_height, "for": "offset"})


def curves(x_title: str, y_title: str, colours: Sequence[str]) -> Spec:
    """Lines with intervals as bands. Rows: series (number), x, value, low, high, told, panel."""
    looks = series("series", colours, ["circle", "diamond", "square", "triangle-up", "cross"] * 6)
    x: Spec = {"field": "x", "type": "quantitative", "title": x_title}
    x["axis"] = {"labelExpr": EACH_PREFIX, "tickCount": 5, "grid": False}
    y: Spec = {"type": "quantitative", "title": y_title.split(BREAK), "scale": {"zero": False}}
    y["axis"] = {"tickCount": 5, "domain": False, "ticks": False}
    line = {"x": x, "y": {"field": "value", **y}, "color": looks["color"]}
    layers: list[Spec] = [
        {
            "mark": {"type": "area", "opacity": 0.14, "clip": True},
            "encoding": {
                **{"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
                **{"color": looks["color"]},
            },
        },
        {"mark": {"type": "line", "strokeWidth": 2.2}, "encoding": line},
        {
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {**line, "shape": looks["shape"], "tooltip": {"field": "told"}},
        },
    ]
    return named(layers, width=380, height=240)


def bars(title: str, width: int = 420, lines: int = 2) -> Spec:
    """Horizontal bars. Rows: label, value, text, told. lines: of the longest label."""
    down = {"field": "label", "type": "nominal", "sort": None, "title": None}
    y = {**down, "axis": {"ticks": False, "domain": False, "labelPadding": 10, **LINES}}
    x: Spec = {"field": "value", "type": "quantitative", "title": title}
    x["axis"] = {"tickCount": 5, "labelExpr": EACH_PREFIX, "ticks": False}
    told = {"tooltip": {"field": "told"}}
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "color": "var(--covered)", "height": {"band": 0.62}},
            "encoding": {"y": y, "x": x, **told},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 6},
            "encoding": {"y": y, "x": x, "text": {"field": "text"}},
        },
    ]
    return named(layers, width=width, height={"step": max(38, 16 * lines + 4)})


def tiles() -> Spec:
    """A heat map. Rows: label (down), column (across), worse (0 or 1), size, said (lines), told.

    Blue is better, orange worse; a larger tile is a larger difference, since the page's colours
    cannot be mixed.
    """
    down = {"field": "label", "type": "nominal", "sort": None, "title": None}
    y = {**down, "axis": {"ticks": False, "domain": False, "labelPadding": 10, **LINES}}
    across = {"field": "column", "type": "nominal", "title": None}
    above = {"orient": "top", "labelAngle": 0, "labelLimit": 140, "ticks": False, **LINES}
    x = {**across, "axis": {**above, "domain": False}}
    hue: Spec = {"field": "worse", "type": "nominal", "legend": None}
    hue["scale"] = {"domain": [0, 1], "range": KIND_COLOURS[:2]}
    full: Spec = {"field": "size", "type": "quantitative", "legend": None}
    full["scale"] = {"domain": [0, 1], "range": [0.04, 0.55]}
    told = {"tooltip": {"field": "told"}}
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "cursor": "pointer", "stroke": "var(--line)"},
            "encoding": {"x": x, "y": y, "color": hue, "fillOpacity": full, **told},
        },
        {
            "mark": {"type": "text", "fontSize": 12, "lineHeight": 15, "baseline": "middle"},
            "encoding": {"x": x, "y": y, "text": {"field": "said"}, **told},
        },
    ]
    return named(layers, width=420, height={"step": 56})


def panels(spec: Spec, names: Sequence[str]) -> Spec:
    """The figure once for each value of `panel`, side by side."""
    if len(names) < 2:
        return spec
    inner = {key: spec[key] for key in ("width", "height", "layer")}
    rest = {key: value for key, value in spec.items() if key not in inner}
    facet: Spec = {"field": "panel", "type": "nominal", "sort": list(names)}
    facet["header"] = {"title": None}
    return {**rest, "facet": {"column": facet}, "spec": inner}


def still(spec: Spec, rows: Sequence[Row], label: str) -> Markup:
    """The figure as SVG for a page. label: what it shows, for those who cannot see it."""
    filled = copy.deepcopy(spec)
    filled["data"] = {"values": [dict(row) for row in rows]}
    svg = vl_convert.vegalite_to_svg(filled, vl_version=VEGA_LITE)
    # one text for the whole figure, or screen readers announce every group of marks unnamed
    svg = re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", svg)
    return Markup(svg.replace("<svg ", Markup('<svg role="img" aria-label="{}" ').format(label), 1))


@cache
def library() -> str:
    """Vega, Vega-Lite and vega-embed as one script for every page, without loading anything."""
    # the type stub requires a snippet; without one it is the whole library
    bundle = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
    return f"(() => {{{bundle}\n}})();\n"


def specifications() -> dict[str, Spec]:
    """The figures that scripts draw, by name; scripts add the rows, widths and titles."""
    return {
        "forest": forest("difference"),
        "levels": forest("mean", zero=False),
        "curves": curves("tokens read", "value", ["var(--series-0)"]),
        "bars": bars("documents"),
        "tiles": tiles(),
    }


# --- colours of the ways of training --------------------------------------------------------------


def arm_colours(arms: Sequence[str]) -> str:
    """A style sheet with `--arm-<name>` for each arm: its colour, and a lighter one on dark."""
    light = {arm: arm_style(arm).colour for arm in arms}
    lines = [f"--arm-{arm}: {colour};" for arm, colour in light.items()]
    dark = [f"--arm-{arm}: {lighter(colour)};" for arm, colour in light.items()]
    return (
        f":root {{ {' '.join(lines)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) "
        f"{{ {' '.join(dark)} }} }}\n"
        f"@media screen {{ :root[data-theme=dark] {{ {' '.join(dark)} }} }}\n"
    )


def lighter(colour: str, share: float = 0.45) -> str:
    """A colour moved towards white, so that it stands out on a dark page."""
    parts = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * share):02x}" for part in parts)
