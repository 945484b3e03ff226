"""The level that changes nothing is called by the value that the profile has."""

import pandas as pd
import pytest

from mucpt_utils.config.axes import Axis, load_axes
from mucpt_utils.config.settings import load_profile, profile_names
from mucpt_utils.report import levels

SETTINGS = {"replay": 0.3, "render": {"wrong_fact": 0.2, "bad_sites": 0.4}}


def axis(**changed):
    """An axis with one level that changes these settings, and one that changes nothing."""
    return Axis(title="x", levels=[{"name": "default"}, {"name": "other", "set": changed}])


def test_a_level_is_called_by_the_value_of_the_setting_that_its_axis_moves():
    assert levels.own_value(axis(replay=0), SETTINGS) == "0.3"
    both = axis(**{"render.wrong_fact": 0, "render.bad_sites": 0})
    assert levels.own_value(both, SETTINGS) == "wrong fact = 0.2, bad sites = 0.4"
    assert levels.own_settings(both, SETTINGS) == {"wrong fact": 0.2, "bad sites": 0.4}


@pytest.mark.parametrize("unknown", [None, axis(gone=1)])
def test_where_no_value_is_recorded_the_name_stays(unknown):
    assert levels.own_value(unknown, SETTINGS) == "default"
    assert levels.own_settings(unknown, SETTINGS) == {}


def test_a_table_bears_values_in_both_columns_of_levels_and_nowhere_else():
    table = pd.DataFrame(
        {
            "axis": ["replay", "replay", "wrong_facts", "gone", "main"],
            "level": ["default", "0", "as crawled", "default", "default"],
            "compared_to": ["0", "default", "none", "x", "y"],
            "arm": "plain",
        }
    )
    named = levels.with_own_values(table, SETTINGS)
    assert list(named["level"]) == ["0.3", "0", "as crawled", "default", "default"]
    assert list(named["compared_to"]) == ["0", "0.3", "none", "x", "y"]
    assert list(table["level"])[0] == "default" and (named["arm"] == "plain").all()


@pytest.mark.parametrize("columns", [["arm"], ["axis"], ["level", "arm"]])
def test_other_tables_stay_as_they_are(columns):
    table = pd.DataFrame({name: ["default"] for name in columns})
    pd.testing.assert_frame_equal(levels.with_own_values(table, SETTINGS), table)


@pytest.mark.parametrize("profile", profile_names())
def test_every_axis_that_calls_a_level_default_has_a_value_in_every_profile(profile):
    loaded = load_profile(profile)
    settings = loaded.model_dump(mode="json")
    for name in loaded.composition:
        if load_axes()[name].default.name == "default":
            assert levels.own_value(load_axes()[name], settings) != "default", name
