"""How far two graders agree: share of equal grades and Cohen's kappa with its interval, by group.

    python -m mucpt_utils agreement [FILE ...]

Without a FILE: tests/grading_cases.jsonl. A line holds the fields of a question, `response` and its
label (`grade` or `label`); if it has a `kind` of case (or `point`, or `prompt_style`),
agreement is printed by kind as well. If it has a `second_label` or a `judge_label`, the agreement
of that reader with the label and with the grader is printed too; null is a reader who skipped it.

Exit codes: 0 printed, 2 no such file, or a malformed one.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.errors import OK, WRONG_INPUT, MuCPTError, of_system
from mucpt_utils.io import FileError, read_jsonl
from mucpt_utils.musicsimpleqa.grading import GRADES, Grade, grade
from mucpt_utils.musicsimpleqa.questions import unusable

CASES = paths.ROOT / "tests/grading_cases.jsonl"
FIELDS = ("question", "answer", "answer_type", "response")
LABELS = ("grade", "label")
READERS = {"second_label": "second reader", "judge_label": "judge"}
KINDS = ("kind", "point", "prompt_style")
RESAMPLES = 2000
Pairs = Sequence[tuple[str, str]]


class Agreement(NamedTuple):
    """Agreement of two graders on a group of `n` responses; kappa with its 95 % interval."""

    group: str
    n: int
    agreement: float
    kappa: float
    kappa_low: float
    kappa_high: float


def cohen_kappa(pairs: Pairs) -> float:
    """Agreement beyond chance of two graders (Cohen 1960): (p_o - p_e) / (1 - p_e).

    pairs: the two grades of each item. 1 if both always give one and the same grade.
    Raises ValueError for no pairs.
    """
    if not pairs:
        raise ValueError("kappa needs at least one pair of grades")
    first, second = (Counter(column) for column in zip(*pairs, strict=True))
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    chance = sum(first[name] * second[name] for name in first) / n**2
    return 1.0 if chance == 1 else (observed - chance) / (1 - chance)


def kappa_interval(pairs: Pairs) -> tuple[float, float]:
    """95 % interval of kappa over resamples of the pairs (percentile bootstrap, seeded)."""
    names = sorted({name for pair in pairs for name in pair})
    table = np.zeros((len(names), len(names)))
    for one, other in pairs:
        table[names.index(one), names.index(other)] += 1
    draws = np.random.default_rng(0).multinomial(len(pairs), table.ravel() / len(pairs), RESAMPLES)
    tables = draws.reshape(RESAMPLES, *table.shape) / len(pairs)
    observed = tables.trace(axis1=1, axis2=2)
    chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1)
    kappas = np.where(chance == 1, 1, (observed - chance) / np.where(chance == 1, 1, 1 - chance))
    low, high = np.percentile(kappas, [2.5, 97.5])
    return float(low), float(high)


def agreement(rows: Iterable[tuple[str, str, str]]) -> list[Agreement]:
    """Agreement in each group and over all ("all", last); empty if there are no rows.

    rows: (group, one grade, other grade) of each response.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for group, one, other in rows:
        groups.setdefault(group, []).append((one, other))
    if not groups:
        return []
    everything = [pair for pairs in groups.values() for pair in pairs]
    return [measured(*group) for group in [*sorted(groups.items()), ("all", everything)]]


def measured(group: str, pairs: Pairs) -> Agreement:
    """The agreement in one group."""
    share = sum(one == other for one, other in pairs) / len(pairs)
    return Agreement(group, len(pairs), share, cohen_kappa(pairs), *kappa_interval(pairs))


def load_cases(path: Path = CASES) -> list[dict]:
    """Labelled cases: dicts with the fields of a question, `response` and `grade`, and the labels
    of further READERS, each a grade, or None or missing where a reader skipped the case.

    Raises FileError, which names the file and the malformed case.
    """
    cases = read_jsonl(path, FIELDS)
    for number, case in enumerate(cases, 1):
        case["grade"] = next((case[name] for name in LABELS if case.get(name) is not None), None)
        read = {"": case["grade"]}
        read |= {f"{name} ": case[name] for name in READERS if case.get(name) is not None}
        for name, label in read.items():
            if label not in GRADES:
                allowed = ", ".join(GRADES)
                raise FileError(f"{path}, case {number}: {name}{label!r} is none of {allowed}")
        if problem := unusable(case):
            raise FileError(f"{path}, case {number}: {problem}")
    if not cases:
        raise FileError(f"{path} holds no cases")
    return cases


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how far the grader agrees with labelled cases, and where not; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils agreement",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cases", nargs="*", type=Path, default=[CASES], metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        files = [(path, load_cases(path)) for path in options.cases]
    except (MuCPTError, OSError) as error:
        said = of_system(error) if isinstance(error, OSError) else error
        print(f"agreement: {said}", file=sys.stderr)
        return WRONG_INPUT
    for path, cases in files:
        print(path)
        print_agreement(cases, [grade(case, case["response"]) for case in cases])
    return OK


def print_agreement(cases: Sequence[Mapping], grades: Sequence[Grade]) -> None:
    """Print the cases where label and grade differ, and the agreement by kind and answer type."""
    for case, given in zip(cases, grades, strict=True):
        if given.grade != case["grade"]:
            print(
                f"{case['answer']!r} {case['response']!r}: labelled {case['grade']}, "
                f"graded {given.grade} ({given.reason}: {given.committed!r})"
            )
    groups = {"answer_type": [case["answer_type"] for case in cases]}
    if any(map(kind_of, cases)):
        groups = {"kind": [kind_of(case) or "without a kind" for case in cases], **groups}
    for column, names in groups.items():
        rows = zip(names, cases, grades, strict=True)
        print_rows(column, agreement((name, case["grade"], g.grade) for name, case, g in rows))
    if read_twice := other_readings(cases, grades):
        print_rows("readers", read_twice)


def kind_of(case: Mapping) -> str:
    """The kind of a case, by whichever name its writer gave the field; "" for none."""
    return next((str(case[name]) for name in KINDS if case.get(name) is not None), "")


def other_readings(cases: Sequence[Mapping], grades: Sequence[Grade]) -> list[Agreement]:
    """Each further reader of the cases against their label, and the grader against each reader."""
    rows = []
    for name, reader in READERS.items():
        pairs = zip(cases, grades, strict=True)
        read = [pair for pair in pairs if pair[0].get(name) is not None]
        if read:
            labels = [(case["grade"], case[name]) for case, _ in read]
            given = [(case[name], grade.grade) for case, grade in read]
            rows += [measured(f"{reader}, label", labels), measured(f"{reader}, grader", given)]
    return rows


def print_rows(column: str, rows: Iterable[Agreement]) -> None:
    """Print agreements under a head that names their groups."""
    print(f"{column:24} {'n':>6} {'agreement':>10} {'kappa':>7} {'95 %':>16}")
    for row in rows:
        print(
            f"{row.group:24} {row.n:6} {row.agreement:10.3f} {row.kappa:7.3f} "
            f"[{row.kappa_low:6.3f}, {row.kappa_high:6.3f}]"
        )
