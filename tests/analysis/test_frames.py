import pandas as pd
import pytest
from results_made_up import FUNNEL, rows, run

from mucpt_utils.analysis.comparisons import composition
from mucpt_utils.analysis.frames import TableError, concat, frame_of, rows_where
from mucpt_utils.analysis.items import items
from mucpt_utils.analysis.schema import COLUMNS, STRATA, load_tables


def test_every_table_has_the_columns_of_its_contract(frames):
    for name, frame in frames.items():
        described = load_tables()[name].columns
        assert tuple(c for c in frame if c in COLUMNS[name]) == COLUMNS[name], name
        assert list(frame) == [c for c in described if c in frame], name


def test_rows_follow_the_order_of_arms_and_strata(frames):
    main = frames["main_comparison"]
    arms = ["base", "plain", "rho1", "soft_dynamic", "selection_soft"]
    assert list(dict.fromkeys(main["arm"])) == arms
    plain = main[main["arm"] == "plain"]
    # those of a loaded model and of real text are not among the made-up runs
    apart = {"invented", "known_before", "new", "general_prose", "music_prose"}
    assert list(dict.fromkeys(plain["stratum"])) == [s for s in STRATA if s not in apart]


def test_levels_keep_the_order_of_their_own_axis():
    made = [run("plain", 0, "wrong_facts", level) for level in ("0", "default", "0.4")]
    made += [run("plain", 0, "coverage", level) for level in ("0.3", "default", "0")]
    table = composition(items(made))
    levels = {axis: list(dict.fromkeys(part["level"])) for axis, part in table.groupby("axis")}
    assert levels == {"wrong_facts": ["0", "default", "0.4"], "coverage": ["0.3", "default", "0"]}


def test_a_missing_column_is_named():
    broken = rows("funnel", FUNNEL)
    del broken[1]["reason"]
    with pytest.raises(TableError, match="funnel: row 1 has no reason"):
        frame_of(broken, "funnel")


def test_no_part_is_an_empty_table():
    assert tuple(concat([], "differences").columns) == COLUMNS["differences"]


def test_chosen_rows_leave_out_what_is_fixed_and_keep_what_varies_unrounded():
    table = pd.DataFrame({"arm": ["a", "a", "b"], "metric": ["x", "y", "x"], "value": [1 / 3] * 3})
    assert list(rows_where(table, metric="x").columns) == ["arm", "value"]
    chosen = rows_where(table, metric=["x", "y"], arm="a")
    assert list(chosen["metric"]) == ["x", "y"] and list(chosen["value"]) == [1 / 3, 1 / 3]
