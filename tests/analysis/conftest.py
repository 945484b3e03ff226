"""The made-up tables and items that the tests of this folder ask about."""

import pytest
from results_made_up import all_tables, runs

from mucpt_utils.analysis.items import items, items_of_answers
from mucpt_utils.analysis.single_runs import answers_table


@pytest.fixture(scope="module")
def frames():
    """Every table, made of the made-up runs."""
    return all_tables()


@pytest.fixture(scope="module")
def measured():
    """The items of the made-up runs."""
    return items(runs())


@pytest.fixture(scope="module")
def answered():
    """The items of the made-up runs, as their table of answers gives them back."""
    return items_of_answers(answers_table(runs()))


@pytest.fixture(scope="session")
def value():
    """A function that gives the one value of a column in the row with these values."""

    def look_up(frame, column, **where):
        for name, wanted in where.items():
            frame = frame[frame[name] == wanted]
        assert len(frame) == 1, where
        return frame[column].iloc[0]

    return look_up
