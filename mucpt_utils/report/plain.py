"""Plain words for what code and tables call by short names: columns, values, stages, tables."""

import re
from collections.abc import Iterable, Iterator

import pandas as pd

from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import DEFAULT, MAIN, load_axes
from mucpt_utils.report.figures import METRIC_TITLES, STRATUM_TITLES, arm_title
from mucpt_utils.report.stage_words import ARTEFACTS, KINDS, REASONS, STAGES

COLUMNS = {
    "arm": "way of training",
    "compared_to": "compared to",
    "stratum": "questions",
    "metric": "measure",
    "difference_to_plain": "difference to plain",
    "difference_to_plain_low": "interval from",
    "difference_to_plain_high": "interval to",
    "difference_to_compute": "difference to plain at equal compute",
    "difference_to_compute_low": "interval from",
    "difference_to_compute_high": "interval to",
    "ci_low": "interval from",
    "ci_high": "interval to",
    "auc_low": "interval from",
    "auc_high": "interval to",
    "auc": "area under the curve",
    "p_value": "p",
    "p_holm": "p, corrected (Holm)",
    "mde": "smallest detectable effect",
    "axis": "ingredient",
    "level": "setting",
    "flops": "operations (FLOPs)",
    "trained_tokens": "tokens trained on",
    "scored_tokens": "tokens scored before training",
    "relative_to_plain": "cost relative to plain",
    "question_id": "question",
    "our_value": "measured here",
    "kappa_low": "interval of kappa from",
    "kappa_high": "interval of kappa to",
    "L_a": "loss under the model in training",
    "L_rm": "loss under the reference model",
    "rho": "loss ratio",
    "f(rho), clipped": "loss ratio after its form and its bounds",
    "w": "weight in the training loss",
    "must_differ_by": "what two arms must differ by to be told apart",
    "made_by": "notebook that made it",
    "memory_gib": "memory in GiB",
    "covered": STRATUM_TITLES["covered"],
    "uncovered": STRATUM_TITLES["uncovered"],
}
TABLES = {
    "main_comparison": "Every way of training",
    "differences": "Differences between ways of training",
    "verdicts": "The verdict on each way of training",
    "room": "Is there room above plain?",
    "chance": "Chance level",
    "repeatability": "How far apart two runs of one arm lie",
    "costs": "What each way of training costs",
    "pooled": "Differences over all runs together",
    "repeats": "The same runs made twice",
    "resolution": "What would narrow the intervals",
    "criteria": "How each criterion weighs labelled tokens",
    "roc": "Criteria as detectors of false statements",
    "selection_kinds": "Which documents selection keeps",
    "composition": "Data composition",
    "composition_differences": "Differences along each ingredient",
    "arms_by_level": "Arms against plain along each ingredient",
    "reference_surface": "By what the reference model knows",
    "pipeline_quality": "What each stage of the pipeline finds",
    "funnel": "From the raw corpus to the training text",
    "temperature": "Calibration of the reference model",
    "token_weights": "Weights given in training",
    "kinds_left": "What the pipeline leaves, by kind of token",
    "fixed_weights": "Weights fixed before training",
    "token_weights_over_training": "Weights in the course of training",
    "alignment": "Before and after a short tuning",
    "alignment_differences": "Differences after a short tuning",
    "benchmark_by_stratum": "The benchmark by popularity",
    "benchmark_by_category": "The benchmark by category",
    "classifier": "The domain classifier",
    "sources": "What the raw corpus is made of",
    "runs": "Every run, every measure",
    "learning_curves": "Learning curves",
    "answers": "Answers and grades",
    "dictionary": "What every column means",
    "bits_per_byte": "Held-out real prose",
    "claims": "Claims against the paper",
}
SHORT = {
    "log_likelihood": "log-likelihood",
    "bits_per_byte": "bits per byte",
    "covered": "known facts",
    "uncovered": "unknown facts",
}  # measures and kinds of facts within a sentence
AXIS_ONLY = frozenset({"level"})  # headings that mean this only in a table with an axis
OWN_TEXT = "rendered/"  # documents that this project wrote come from sources of that name


def column_title(name: str) -> str:
    """A column's heading for readers."""
    return COLUMNS.get(name, name.replace("_", " "))


def table_title(name: str) -> str:
    """A table's heading for readers."""
    return TABLES.get(name, name[:1].upper() + name[1:].replace("_", " "))


def value_title(column: str, value: str) -> str:
    """A value of a column of text for readers."""
    if column in ("arm", "compared_to"):
        return arm_title(value)
    if column == "axis":
        axes = {MAIN: "main comparison", **{name: axis.title for name, axis in load_axes().items()}}
        return axes.get(value, value.replace("_", " "))
    if column == "level" and value == DEFAULT:
        return "as in the profile"
    if column == "source" and value.startswith(OWN_TEXT):
        return f"{value.removeprefix(OWN_TEXT).replace('_', ' ')}, written by this project"
    words = {
        "stratum": STRATUM_TITLES,
        "metric": METRIC_TITLES,
        "stage": STAGES,
        "kind": KINDS,
        "reason": REASONS,
    }
    if column in words:
        return words[column].get(value.replace(" ", "_"), value.replace("_", " "))
    return value


def in_words(text: str) -> str:
    """A text from the tables in which names of arms, measures and kinds of facts are words.

    An arm named by a common word is meant only before "minus". Negative numbers
    get a minus sign.

    >>> in_words("quality minus plain, accuracy covered -0.1")
    'documents by a quality classifier minus plain, accuracy known facts −0.1'
    >>> in_words("accuracy, all (share)")
    'accuracy, all questions (share)'
    """
    for name in sorted(ARMS, key=len, reverse=True):
        behind = r"\b" if re.search(r"[_\d]", name) else r"\b(?= minus )"
        text = re.sub(rf"\b{name}{behind}", arm_title(name), text)
    for name, words in SHORT.items():
        text = re.sub(rf"\b{name}\b", words, text)
    text = re.sub(r", all(?= \()", ", all questions", text)
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text)


def names_told(frame: pd.DataFrame) -> dict[str, str]:
    """The code names that a table shows, each with its plain words, in the order they are met.

    Names are those of columns, of the levels of both indices, and the values of columns of text. A
    name that says the same in its own words (`share_kept`) is left out.

    >>> names_told(pd.DataFrame({"stage": ["mask"], "share_kept": [0.5]}))
    {'mask': 'masking of personal data'}
    """
    told = {}
    for column, name in shown_names(frame):
        if name in AXIS_ONLY and "axis" not in frame:
            continue
        words = plain_words(column, name)
        said, own = (set(re.findall(r"[^\W_]+", text.lower())) for text in (words, name))
        if words and (name in ARMS or not (own <= said or said <= own)):
            told[name] = words
    return told


def shown_names(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Every name in a table, with the column that it is a value of; "" for a heading."""
    for index in (frame.columns, frame.index):
        for number, heading in enumerate(index.names):
            values = [v for v in index.get_level_values(number).unique() if isinstance(v, str)]
            if heading is not None:
                yield "", str(heading)
            for value in values:
                yield str(heading or ("" if index is frame.columns else column_of(values))), value
    for place, column in enumerate(frame.columns):
        values = frame.iloc[:, place]
        if pd.api.types.is_numeric_dtype(values):
            continue
        for value in dict.fromkeys(v for v in values if isinstance(v, str)):
            yield str(column[-1] if isinstance(column, tuple) else column), value


def column_of(values: Iterable[str]) -> str:
    """Which column the values of an index without a name would stand in; "" for none."""
    vocabularies: dict[str, Iterable[str]] = {
        "arm": ARMS,
        "stratum": STRATUM_TITLES,
        "kind": KINDS,
        "name": ARTEFACTS,
    }
    found = (column for column, words in vocabularies.items() if set(values) <= set(words))
    return next(found, "")


def plain_words(column: str, name: str) -> str:
    """The plain words of one name in a table, as `shown_names` finds it; "" for none."""
    if column == "":  # a heading, where a table may also have a column for each arm or kind
        arms = {arm: arm_title(arm) for arm in ARMS if arm not in ("base", "reference")}
        headings = {**ARTEFACTS, **arms, **KINDS, **STRATUM_TITLES, **METRIC_TITLES, **COLUMNS}
        return headings.get(name, "")
    if column == "name":
        return ARTEFACTS.get(name, "")
    if column == "index":  # an index that has become a column
        return arm_title(name) if name in ARMS else ""
    words = value_title(column, name)
    return "" if words == name else words
