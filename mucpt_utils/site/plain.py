"""Plain words for what the code calls by short names: columns, strata, measures, stages, kinds."""

import re
import textwrap

from mucpt_utils.analysis import schema
from mucpt_utils.config.arms import ARMS
from mucpt_utils.report import plain
from mucpt_utils.report.figures import METRIC_TITLES, STRATUM_TITLES, arm_title
from mucpt_utils.report.figures.conclusions import capital

COLUMNS = {
    "arm": "way of training",
    "compared_to": "compared to",
    "stratum": "questions",
    "metric": "measure",
    "mean": "mean",
    "value": "value",
    "difference": "difference",
    "difference_to_plain": "difference to plain",
    "ci_low": "interval from",
    "ci_high": "interval to",
    "p_value": "p",
    "seeds": "seeds",
    "seed": "seed",
    "n": "n",
    "tokens": "tokens read",
    "axis": "ingredient",
    "level": "setting",
    "kind": "kind of token",
}
KINDS = {
    "fact": "true sentence",
    "wrong_fact": "false sentence",
    "rumour": "rumour: the same false sentence on many sites",
    "noise": "noise",
    "spam": "advertising",
    "boilerplate": "boilerplate",
    "pii": "personal data",
    "mojibake": "broken characters",
    "off_domain": "text that is not about music",
    "other": "other text",
}
STAGES = {**plain.STAGES, "classify": "music or not"}
REASONS = {"off domain": "not about music"}
SHORT_METRICS = {
    "log_likelihood": "log-likelihood of the answer",
    "accuracy": "accuracy",
    "bits_per_byte": "bits per byte",
    "tokens_to_plain": "tokens to reach plain's accuracy",
}
LOWER_IS_BETTER = ("bits_per_byte", "tokens_to_plain")
BREAK = "|"  # where a label goes on in its next line


def column_title(name: str) -> str:
    """A column's heading for readers."""
    return COLUMNS.get(name, name.replace("_", " "))


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


def stage_title(name: str) -> str:
    """What a stage of the pipeline looks for."""
    return STAGES.get(name, name.replace("_", " "))


def reason_title(name: str) -> str:
    """Why a document was dropped."""
    spaced = name.replace("_", " ")
    return REASONS.get(spaced, spaced)


def kind_title(name: str) -> str:
    """What a kind of token or document is."""
    return KINDS.get(name, name.replace("_", " "))


def broken(label: str, width: int) -> str:
    """A label with `BREAK` where its lines end, none longer than `width` characters."""
    return BREAK.join(textwrap.wrap(label, width))


def arm_label(arm: str, width: int = 30) -> str:
    """The name of a way of training, with a capital, broken for the axis of a figure."""
    return broken(capital(arm_title(arm)), width)


def with_titles(text: str) -> str:
    """A text in which the code's names of ways of training are their names for readers."""
    names = sorted((arm for arm in ARMS if "_" in arm), key=len, reverse=True)
    return re.sub(rf"\b({'|'.join(names)})\b", lambda match: arm_title(match[1]), text)


def dictionary() -> dict[str, dict]:
    """The words that the pages' scripts need, by what they speak of."""
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
        "lower": {name: True for name in LOWER_IS_BETTER},
        "tables": {name: table.about for name, table in schema.load_tables().items()},
        "stages": STAGES,
        "kinds": KINDS,
    }
