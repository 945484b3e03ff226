"""Every exercise of the notebooks: its stub is not solved, its solution is, wrong ones fail."""

import re

import nbformat
import numpy as np
import pytest

from mucpt_utils.teaching import exercises, runner

CHECK = re.compile(r'exercises\.check\("(\w+)", (\w+)\)')
FOLDED = re.compile(
    r"^<details><summary>Solution</summary>\n\n```python\n(.*)\n```\n\n</details>", re.S
)


def exercise_cells() -> dict[str, tuple[str, str, str]]:
    """Exercise -> (source of the stub's cell, name of its function, folded solution)."""
    places = {}
    for path in runner.notebooks():
        cells = nbformat.read(path, as_version=4).cells
        for cell, after in zip(cells, cells[1:], strict=False):
            if cell.metadata.get("tags") == [exercises.TAG]:
                name, function = CHECK.search(cell.source).groups()
                assert name not in places, f"{name} stands in two cells"
                places[name] = cell.source, function, FOLDED.match(after.source)[1]
    return places


PLACES = exercise_cells()
each = pytest.mark.parametrize("name", exercises.EXERCISES)


def solution(name: str):
    """The function that the folded solution defines."""
    scope = {}
    exec(PLACES[name][2], scope)
    return scope[PLACES[name][1]]


def test_every_exercise_stands_in_a_notebook_and_they_are_where_the_first_one_says():
    assert set(PLACES) == set(exercises.EXERCISES) and len(PLACES) >= 6
    texts = {path.stem: path.read_text(encoding="utf-8") for path in runner.notebooks()}
    books = [name for name, text in texts.items() if "exercises.check(" in text]
    assert books[0].startswith("02") and books[-1].startswith("07")
    assert "Notebooks 02 to 07 hold **exercises**" in texts["00_start_here"]


@each
def test_the_stub_runs_and_is_told_the_hint(name, capsys):
    exec(PLACES[name][0], {})
    printed = capsys.readouterr().out
    assert printed == f"{name}: not solved yet. Hint: {exercises.EXERCISES[name].hint}\n"


@each
def test_the_folded_solution_passes(name):
    solved, message = exercises.judge(name, solution(name))
    assert solved and "solved, all" in message, message


def _spoilt(value):
    """A value of the same kind that is wrong."""
    if isinstance(value, str):
        return "incorrect" if value == "correct" else "correct"
    return np.asarray(value, dtype=float) + 0.05


@each
def test_one_wrong_case_fails_and_is_named(name):
    right, cases = solution(name), exercises.EXERCISES[name].cases()
    for number, case in enumerate(cases, 1):
        calls = iter(range(1, len(cases) + 1))

        def wrong(*given, calls=calls, number=number):
            value = right(*given)
            return _spoilt(value) if next(calls) == number else value

        solved, message = exercises.judge(name, wrong)
        assert not solved and f"case {number} of {len(cases)} ({case.about}) fails" in message


@each
def test_other_shapes_and_kinds_are_wrong_and_no_crash(name):
    for value in ([0.5] * 7, "something", [[0.1]], {"a": 1}, float("nan")):
        assert not exercises.judge(name, lambda *given, value=value: value).solved


def test_what_a_students_function_raises_is_told():
    message = exercises.judge("jaccard", lambda a, b: 1 / 0).message
    assert "raised ZeroDivisionError: division by zero" in message
    assert "TypeError" in exercises.judge("jaccard", lambda a: a).message


def test_a_misspelt_exercise_names_those_that_are():
    with pytest.raises(KeyError, match="allowed: platt, jaccard"):
        exercises.judge("jacard", max)
