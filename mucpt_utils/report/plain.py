"""Plain words for what code and tables call by short names: columns, values, stages, tables."""

from mucpt_utils.config.axes import load_axes
from mucpt_utils.report.figures import METRIC_TITLES, STRATUM_TITLES, arm_title

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
    "mde": "smallest effect that would be seen",
    "axis": "ingredient",
    "level": "setting",
    "flops": "operations (FLOPs)",
    "relative_to_plain": "cost by plain's",
    "question_id": "question",
    "our_value": "here",
}
TABLES = {
    "main_comparison": "Every way of training",
    "differences": "Differences between ways of training",
    "verdicts": "What each way of training comes to",
    "room": "Is there room above plain?",
    "chance": "Chance level",
    "repeatability": "How far two runs of the same lie apart",
    "costs": "What each way of training costs",
    "pooled": "Differences over all runs together",
    "repeats": "The same runs made twice",
    "criteria": "What each criterion makes of labelled tokens",
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
    "token_weights_over_training": "Weights along training",
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
STAGES = {
    "read": "reading",
    "classify": "music or not",
    "clean": "cleaning",
    "exact_duplicates": "exact copies",
    "near_duplicates": "near copies",
    "contained": "texts inside other texts",
    "mask": "masking of personal data",
    "decontaminate": "questions of the benchmark",
    "pipeline": "the whole pipeline",
}
KINDS = {
    "fact": "true statement",
    "wrong_fact": "false statement",
    "rumour": "rumour, the same on many sites",
    "pii": "personal data",
    "noise": "noise",
    "boilerplate": "boilerplate",
    "spam": "advertising",
    "mojibake": "broken characters",
    "other": "other text",
    "off_domain": "not about music",
}


def column_title(name: str) -> str:
    """A column's heading for readers."""
    return COLUMNS.get(name, name.replace("_", " "))


def table_title(name: str) -> str:
    """A table's heading for readers."""
    return TABLES.get(name, name[:1].upper() + name[1:].replace("_", " "))


def value_title(column: str, value: str) -> str:
    """A value of a column of text as a reader knows it."""
    if column in ("arm", "compared_to"):
        return arm_title(value)
    if column == "axis":
        axes = load_axes()
        return axes[value].title if value in axes else value.replace("_", " ")
    words = {
        "stratum": STRATUM_TITLES,
        "metric": METRIC_TITLES,
        "stage": STAGES,
        "kind": KINDS,
        "reason": KINDS,
    }
    if column in words:
        return words[column].get(value.replace(" ", "_"), value.replace("_", " "))
    return value
