"""Exercises of the notebooks: a stub to fill in, hints, and a check that says what is wrong.

    exercises.check("jaccard", jaccard)    # the last line of an exercise's cell

An unsolved stub returns None: the notebook still runs from top to bottom. `track` lists them by
level; the two open-ended projects and their rubrics are in `notebooks/TEACHING.md`.
"""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.io import write_text
from mucpt_utils.teaching.exercises import benchmark, pipeline, scoring, training
from mucpt_utils.teaching.exercises.diagnosis import diagnosed
from mucpt_utils.teaching.exercises.judging import (
    EXERCISES,
    LEVELS,
    TAG,
    Case,
    Exercise,
    Outcome,
    Verdict,
    as_numbers,
    in_words,
    outcomes,
    slip_of,
    slip_where_it_fails,
)

__all__ = ["EXERCISES", "LEVELS", "TAG", "check", "judge", "solved", "track"]
__all__ += ["benchmark", "pipeline", "scoring", "training"]  # which register the exercises

SOLVED = "exercises.json"  # in the work folder


def check(name: str, function: Callable) -> None:
    """Print the verdict of `judge`; the last line of an exercise's cell.

    A solved exercise is remembered in the work folder, and counted.
    """
    verdict = judge(name, function)
    print(verdict.message)
    if verdict.solved:
        done = [*(other for other in EXERCISES if other in solved()), name]
        write_text(paths.work() / SOLVED, json.dumps(sorted(set(done))) + "\n")
        print(f"{len(set(done))} of {len(EXERCISES)} exercises solved.")


def solved() -> set[str]:
    """The exercises that were solved in this work folder."""
    path = paths.work() / SOLVED
    return set(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else set()


def judge(name: str, function: Callable) -> Verdict:
    """Try a student's function on the cases of exercise `name`.

    Never raises for anything that the function does. Raises KeyError, with the known names, for an
    unknown exercise.
    """
    if name not in EXERCISES:
        raise KeyError(f"unknown exercise {name!r}; allowed: {', '.join(EXERCISES)}")
    asked = EXERCISES[name]
    cases = asked.cases()
    done = outcomes(function, cases, asked.tolerance)
    if all(outcome.agrees and not outcome.spoilt for outcome in done):
        return Verdict(True, f"{name}: solved, all {len(cases)} cases pass.")
    if all(o.value is None and o.error is None and not o.printed.strip() for o in done):
        return Verdict(False, f"{name}: not solved yet. Hint: {asked.hint}")
    return Verdict(
        False, f"{name}: {first_failure(function, cases, done)} {hint(name, cases, done)}"
    )


def first_failure(function: Callable, cases: Sequence[Case], done: list[Outcome]) -> str:
    """Which case fails first, what it gave, and what was wanted."""
    number = next(n for n, outcome in enumerate(done) if not outcome.agrees or outcome.spoilt)
    case, outcome, passed = cases[number], done[number], sum(o.agrees for o in done)
    call = f"{getattr(function, '__name__', 'function')}"
    call += f"({', '.join(map(in_words, case.arguments))})"
    begin = f"case {number + 1} of {len(cases)} ({case.about}) fails, {passed} pass. {call}"
    if outcome.error is not None:
        text = " ".join(str(outcome.error).split())
        return f"{begin} raised {type(outcome.error).__name__}: {text}."
    return f"{begin} gave {in_words(outcome.value)}, wanted {in_words(case.wanted)}."


def hint(name: str, cases: Sequence[Case], done: list[Outcome]) -> str:
    """A hint for a wrong answer: that of its slip, else of its kind along with the exercise's."""
    asked: Exercise = EXERCISES[name]
    fewer = without_later_breaks(cases, done)
    if slip := slip_of(asked, cases, done) or slip_of(asked, *fewer):
        return f"Hint: {slip.hint}"
    cases, done = fewer
    kind = diagnosed(cases, done)
    if not kind:
        slip = slip_where_it_fails(asked, cases, done)
        return f"Hint: {slip.hint if slip else asked.hint}"
    return f"Hint: {kind}{'' if kind.endswith('?') else '.'} Besides: {asked.hint}"


def without_later_breaks(
    cases: Sequence[Case], done: list[Outcome]
) -> tuple[Sequence[Case], list[Outcome]]:
    """If the first failure is a wrong number, all cases but later failures without a number.

    The hint then fits the failure that is shown, not an error or infinity in another case.
    """
    failed = [outcome for outcome in done if not outcome.agrees]
    if not failed or breaks(failed[0]):
        return cases, done
    kept = [n for n, outcome in enumerate(done) if outcome.agrees or not breaks(outcome)]
    return [cases[n] for n in kept], [done[n] for n in kept]


def breaks(outcome: Outcome) -> bool:
    """Whether a function raised, or gave something that is not finite."""
    numbers = as_numbers(outcome.value)
    return outcome.error is not None or (numbers is not None and not np.isfinite(numbers).all())


def track() -> pd.DataFrame:
    """Columns exercise, notebook, level, solved: the checked exercises, the easiest first."""
    done = solved()
    rows = [
        (name, e.notebook, e.level, LEVELS[e.level], "yes" if name in done else "not yet")
        for name, e in EXERCISES.items()
    ]
    frame = pd.DataFrame(rows, columns=["exercise", "notebook", "number", "level", "solved"])
    return frame.sort_values(["number", "notebook"], ignore_index=True).drop(columns="number")
