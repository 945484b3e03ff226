"""How far two graders agree: share of equal grades and Cohen's kappa, by answer type.

    python -m mucpt_utils agreement [tests/grading_cases.jsonl]

Exit codes: 0 printed, 2 no such file, or a malformed one.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mucpt_utils import paths
from mucpt_utils.errors import OK, WRONG_INPUT, MuCPTError
from mucpt_utils.io import FileError, read_jsonl
from mucpt_utils.musicsimpleqa.grading import GRADES, grade

CASES = paths.ROOT / "tests/grading_cases.jsonl"
FIELDS = ("question", "answer", "answer_type", "response", "grade")


class Agreement(NamedTuple):
    """Agreement of two graders on a group of `n` responses."""

    group: str
    n: int
    agreement: float
    kappa: float


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Agreement beyond chance of two graders (Cohen 1960): (p_o - p_e) / (1 - p_e).

    pairs: the two grades of each item. 1 where both always give one and the same grade.
    Raises ValueError for no pairs.
    """
    if not pairs:
        raise ValueError("kappa needs at least one pair of grades")
    first, second = (Counter(column) for column in zip(*pairs, strict=True))
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    chance = sum(first[name] * second[name] for name in first) / n**2
    return 1.0 if chance == 1 else (observed - chance) / (1 - chance)


def agreement(rows: Iterable[tuple[str, str, str]]) -> list[Agreement]:
    """Agreement in each group and over all ("all", last); nothing for no rows.

    rows: (group, one grade, other grade) of each response.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for group, one, other in rows:
        groups.setdefault(group, []).append((one, other))
    if not groups:
        return []
    everything = [pair for pairs in groups.values() for pair in pairs]
    return [
        Agreement(name, len(pairs), sum(a == b for a, b in pairs) / len(pairs), cohen_kappa(pairs))
        for name, pairs in [*sorted(groups.items()), ("all", everything)]
    ]


def load_cases(path: Path = CASES) -> list[dict]:
    """Labelled cases: dicts with the fields of a question, `response` and `grade`.

    Raises FileError that names the file and the malformed case.
    """
    cases = read_jsonl(path, FIELDS)
    for number, case in enumerate(cases, 1):
        if case["grade"] not in GRADES:
            allowed = ", ".join(GRADES)
            raise FileError(f"{path}, case {number}: {case['grade']!r} is none of {allowed}")
    return cases


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the agreement of the grader with labelled cases, and where they differ."""
    parser = argparse.ArgumentParser(
        prog="python -m mucpt_utils agreement",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cases", nargs="?", type=Path, default=CASES)
    options = parser.parse_args(arguments)
    try:
        cases = load_cases(options.cases)
    except (MuCPTError, OSError) as error:
        print(f"agreement: {error}", file=sys.stderr)
        return WRONG_INPUT
    graded = [(case, grade(case, case["response"])) for case in cases]
    for case, given in graded:
        if given.grade != case["grade"]:
            print(
                f"{case['answer']!r} {case['response']!r}: labelled {case['grade']}, "
                f"graded {given.grade} ({given.reason})"
            )
    print(f"{'answer type':12} {'n':>6} {'agreement':>10} {'kappa':>7}")
    for row in agreement((c["answer_type"], c["grade"], g.grade) for c, g in graded):
        print(f"{row.group:12} {row.n:6} {row.agreement:10.3f} {row.kappa:7.3f}")
    return OK
