"""Plain words as the pages need them: broken into lines, short, and as data for their scripts.

The names of columns, stages and kinds are in `report.plain`.
"""

import textwrap

from mucpt_utils.analysis import schema
from mucpt_utils.report.figures import METRIC_TITLES, STRATUM_TITLES, arm_title
from mucpt_utils.report.figures.conclusions import capital
from mucpt_utils.report.figures.data_composition import LESS_IS_BETTER
from mucpt_utils.report.plain import column_title
from mucpt_utils.report.stage_words import KINDS, STAGES

SHORT_METRICS = {
    "log_likelihood": "log-likelihood of the answer",
    "accuracy": "accuracy",
    "bits_per_byte": "bits per byte",
    "tokens_to_plain": "tokens to reach plain's accuracy",
}
BREAK = "|"  # line break in a label


def stratum_title(name: str) -> str:
    """What the questions of a stratum are."""
    return STRATUM_TITLES.get(name, name.replace("_", " "))


def metric_title(name: str) -> str:
    """A measure's name for readers."""
    return METRIC_TITLES.get(name, name.replace("_", " "))


def metric_unit(name: str) -> str:
    """A measure's unit; "" for shares, which need none."""
    metric = schema.load_metrics().get(name)
    return "" if metric is None or metric.unit == "share" else metric.unit


MOST_LINES = 3  # of a label on an axis
SHORTER = (
    ("weight on tokens that carry facts", "fact tokens weighted"),
    ("started from the reference model", "from the reference model"),
    ("the reference model", "RM"),
)


def broken(label: str, width: int) -> str:
    """A label with `BREAK` where its lines end, none longer than `width` characters."""
    return BREAK.join(textwrap.wrap(label, width))


def arm_label(arm: str, width: int = 30, lines: int = MOST_LINES) -> str:
    """The name of a way of training, with a capital, broken for the axis of a figure.

    One of more than `lines` lines would touch its neighbours and is shortened.
    """
    title = arm_title(arm)
    for long, short in SHORTER:
        if broken(title, width).count(BREAK) < lines:
            break
        title = title.replace(long, short)
    return broken(capital(title), width)


def dictionary() -> dict[str, dict]:
    """The words that the pages' scripts need, by subject."""
    described = schema.load_schema()
    columns = {
        name: {"title": column_title(name), "meaning": column.meaning, "unit": column.unit}
        for name, column in described.columns.items()
    }
    for table in schema.load_tables().values():
        for name, column in table.columns.items():
            entry = {"title": column_title(name), "meaning": column.meaning, "unit": column.unit}
            columns.setdefault(name, entry)
    return {
        "columns": columns,
        "strata": {name: stratum_title(name) for name in schema.STRATA},
        "metrics": {name: metric_title(name) for name in described.metrics},
        "units": {name: metric_unit(name) for name in described.metrics},
        "lower": {name: True for name in LESS_IS_BETTER},
        "tables": {name: table.about for name, table in schema.load_tables().items()},
        "stages": STAGES,
        "kinds": KINDS,
    }
