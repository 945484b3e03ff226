"""Numbers as people read them: rounded once, from the numbers as they were computed."""

import numpy as np
import pandas as pd
import pytest

from mucpt_utils.report.display import for_reading, shown, with_intervals


@pytest.mark.parametrize(
    ("number", "column", "text"),
    [
        (np.nan, "mean", "–"),
        (0.5, "mean", "0.500"),
        (1.0, "mean", "1.000"),
        (-0.0001, "difference", "0.000"),
        (-0.0005001, "difference", "-0.001"),
        (0.0004, "p_value", "< 0.001"),
        (3, "seeds", "3"),
        (np.int64(3), "seeds", "3"),
        (260000.0, "tokens", "260,000"),
        (2.25, "temperature", "2.250"),
        (True, "", "yes"),
        (np.bool_(False), "", "no"),
        ("0", "level", "0"),
    ],
)
def test_shown(number, column, text):
    assert shown(number, column) == text


def test_a_table_for_reading_has_text_in_every_cell_and_its_own_index():
    frame = pd.DataFrame({"mean": [1 / 3, np.nan], "seeds": [3, 2]}, index=["plain", "rho1"])
    told = for_reading(frame)
    assert told.loc["plain"].tolist() == ["0.333", "3"]
    assert told.loc["rho1"].tolist() == ["–", "2"]
    assert for_reading(frame, decimals=2).loc["plain", "mean"] == "0.33"
    fractions = pd.DataFrame({"covered": [0.5, 1.0]})
    assert for_reading(fractions)["covered"].tolist() == ["0.500", "1.000"]


def test_intervals_stand_beside_means_in_the_order_of_the_table():
    values = {"mean": [0.5, 0.25, 1.0, 0.0], "ci_low": [0.4] * 4, "ci_high": [0.6] * 4}
    names = {"arm": ["plain", "plain", "base", "base"], "stratum": ["uncovered", "covered"] * 2}
    table = with_intervals(pd.DataFrame({**names, **values}), "stratum")
    assert list(table.index) == ["plain", "base"] and list(table) == ["uncovered", "covered"]
    assert table.loc["plain", "covered"] == "0.25 (0.40 to 0.60)"


def test_no_number_is_rounded_twice():
    """Rounded to three places first, .1346 would become .14; so notebook and report once parted."""
    table = pd.DataFrame(
        {"arm": ["plain"], "stratum": ["all"], "mean": [0.2345], "ci_low": [0.1346]}
    )
    told = with_intervals(table.assign(ci_high=0.3451), "stratum").loc["plain", "all"]
    assert told == "0.23 (0.13 to 0.35)"
