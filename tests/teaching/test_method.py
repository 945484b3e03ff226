"""The method in the notebooks: every function listed is shown by a cell, and nothing else is."""

import ast
import importlib

import nbformat
import pytest

from mucpt_utils.teaching import method, runner


def resolved(name: str):
    """The function of a dotted name below the package; the class of a method stands in it too."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(method.PACKAGE + ".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


def shown_by(path) -> list[str]:
    """What the cells of a notebook give to `source`, as written there: `loss_ratio.normalise`."""
    cells = nbformat.read(path, as_version=4).cells
    calls = [
        node
        for cell in cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "source"
    ]
    return [ast.unparse(call.args[0]) for call in calls]


every = [(number, name) for number, names in method.SHOWN.items() for name in names]
BOOKS = {path.stem.split("_")[0]: path for path in runner.notebooks()}


@pytest.mark.parametrize("number, name", every, ids=[name for _, name in every])
def test_a_function_that_is_shown_fits_on_a_screen_and_says_what_it_does(number, name):
    function = resolved(name)
    shown = method.source(function)
    assert 3 <= len(shown.data.splitlines()) <= method.LONGEST
    assert shown.data.startswith(f"def {function.__name__}(")


@pytest.mark.parametrize("number", BOOKS)
def test_a_notebook_shows_the_functions_that_are_listed_for_it_in_their_order(number):
    cells, listed = shown_by(BOOKS[number]), method.SHOWN.get(number, ())
    assert len(cells) == len(listed)
    for cell, name in zip(cells, listed, strict=True):
        assert f".{name}".endswith(f".{cell}"), (cell, name)


def test_no_notebook_shows_code_by_another_way():
    for path in BOOKS.values():
        assert "inspect.getsource" not in path.read_text(encoding="utf-8"), path.name


def test_what_is_not_listed_is_refused():
    with pytest.raises(ValueError, match="not among the functions that notebooks show"):
        method.source(resolved)


def test_a_function_that_has_grown_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(method, "LONGEST", 5)
    with pytest.raises(ValueError, match="normalise has more than 5 lines"):
        method.source(resolved("scoring.loss_ratio.normalise"))
