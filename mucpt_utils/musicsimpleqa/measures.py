"""Accuracy, accuracy given attempted and their harmonic mean, with intervals; two models paired."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from mucpt_utils.errors import MuCPTError
from mucpt_utils.musicsimpleqa.answers import check_once
from mucpt_utils.musicsimpleqa.grading import CORRECT, NOT_ATTEMPTED
from mucpt_utils.stats import Estimate, clustered_mean, paired_difference

ALL = "all"
UNKNOWN_SHARE = Estimate(0.0, 0.0, 1.0)  # a share of nothing: 0, with the widest interval


class AnswersError(MuCPTError, ValueError):
    """Graded answers that cannot be summarised or compared."""


class Measure(NamedTuple):
    """One metric of one group of questions with its 95 % interval."""

    by: str
    group: str
    metric: str
    value: float
    ci_low: float
    ci_high: float
    n: int


class Comparison(NamedTuple):
    """Accuracy of two models on the same questions of one group, and the paired difference."""

    by: str
    group: str
    a: float
    b: float
    difference: float
    ci_low: float
    ci_high: float
    p_value: float
    n: int


def measures(answers: Sequence[Mapping]) -> list[Measure]:
    """Every metric over all answers, by part, by stratum and by category.

    answers: dicts with `grade` and, to group by them, `part`, `stratum`, `category` and
    `subject`; answers about one subject may be correlated, and one without a subject stands for
    itself. Raises AnswersError for no answers.
    """
    if not answers:
        raise AnswersError("no answers to measure")
    return [
        Measure(by, group, metric, *estimate, len(rows))
        for by, group, rows in groups(answers)
        for metric, estimate in estimates(rows).items()
    ]


def groups(answers: Sequence[Mapping]) -> list[tuple[str, str, list[Mapping]]]:
    """(kind of group, name, answers) for all, and for each part, stratum and category."""
    result = [(ALL, ALL, list(answers))]
    for by in ("part", "stratum", "category"):
        names = dict.fromkeys(answer[by] for answer in answers if answer.get(by))
        result += [(by, name, [a for a in answers if a.get(by) == name]) for name in names]
    return result


def estimates(answers: Sequence[Mapping]) -> dict[str, Estimate]:
    """Each metric of a group of answers, with its interval over subjects.

    The harmonic mean grows with both its parts, so it is between that of their lower and
    that of their upper ends; the interval is slightly too wide, since both seldom err together.
    """
    correct = [float(answer["grade"] == CORRECT) for answer in answers]
    attempted = [float(answer["grade"] != NOT_ATTEMPTED) for answer in answers]
    subjects = subjects_of(answers)
    tried = [index for index, value in enumerate(attempted) if value]
    accuracy = clustered_mean(correct, subjects)
    given_attempted = UNKNOWN_SHARE
    if tried:
        given_attempted = clustered_mean(
            [correct[index] for index in tried], [subjects[index] for index in tried]
        )
    return {
        "accuracy": accuracy,
        "accuracy_given_attempted": given_attempted,
        "harmonic_mean": Estimate(*map(harmonic_mean, accuracy, given_attempted)),
        "attempted": clustered_mean(attempted, subjects),
    }


def subjects_of(answers: Sequence[Mapping]) -> list[Hashable]:
    """The cluster of each answer: its subject; one of its own for an answer without a subject.

    No subject is a missing, null or blank one. Such a cluster is a pair, which equals no subject.
    """
    subjects = [answer.get("subject") for answer in answers]
    return [
        ("no subject", place) if subject is None or not str(subject).strip() else subject
        for place, subject in enumerate(subjects)
    ]


def harmonic_mean(a: float, b: float) -> float:
    """2 a b / (a + b); 0 if both are 0."""
    return 2 * a * b / (a + b) if a + b else 0.0


def compare(a: Sequence[Mapping], b: Sequence[Mapping]) -> list[Comparison]:
    """Paired comparison of two graded answer files: all, by part, stratum and category.

    Raises AnswersError unless they answer the same questions, FileError for one answered twice.
    """
    for name, answers in (("first", a), ("second", b)):
        if not answers:
            raise AnswersError(f"the {name} file holds no answers")
        check_once(f"the {name} file", (answer["id"] for answer in answers))
    second = {answer["id"]: answer for answer in b}
    only_a = [answer["id"] for answer in a if answer["id"] not in second]
    only_b = sorted(set(second) - {answer["id"] for answer in a})
    if only_a or only_b:
        example = (only_a or only_b)[0]
        raise AnswersError(
            f"the files answer different questions: {len(only_a)} only in the first, "
            f"{len(only_b)} only in the second, {example!r} for one"
        )
    rows = []
    for by, group, answers in groups(a):
        ours = [float(answer["grade"] == CORRECT) for answer in answers]
        theirs = [float(second[answer["id"]]["grade"] == CORRECT) for answer in answers]
        shares = sum(ours) / len(ours), sum(theirs) / len(theirs)
        difference = paired_difference(ours, theirs, subjects_of(answers))
        rows.append(Comparison(by, group, *shares, *difference[:4], len(answers)))
    return rows
