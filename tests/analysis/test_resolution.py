"""What would narrow the intervals: more runs, or more subjects."""

import numpy as np
import pandas as pd
import pytest

from mucpt_utils.analysis import schema
from mucpt_utils.analysis.resolution import AIM, needed, resolution


def made_up(seeds: int, of_subject: float) -> pd.DataFrame:
    """Items of plain and of one method, whose gain differs by subject."""
    rng = np.random.default_rng(1)
    gain = rng.normal(0.1, of_subject, 40)
    rows = [
        {"arm": arm, "seed": seed, "subject": str(subject), "item": f"{subject}", "value": value}
        for seed in range(seeds)
        for subject in range(40)
        for plain in [rng.normal(-1.5, 0.3)]
        for arm, value in (
            ("plain", plain),
            ("soft_mixed", plain + gain[subject] + rng.normal(0, 0.2)),
            ("tagger", plain),
        )
    ]
    return pd.DataFrame(rows).assign(stratum="covered", metric="log_likelihood")


def test_methods_have_a_row_and_it_says_what_is_left_with_more_seeds():
    table = resolution({"one": made_up(4, 0.3)})
    assert schema.problems("resolution", table) == []
    assert table["arm"].tolist() == ["soft_mixed"], "a baseline is no method"
    row = table.iloc[0]
    assert (row["seeds"], row["subjects"]) == (4, 40)
    assert 0 < row["half_width_of_subjects"] < row["half_width"]
    assert row["subjects_needed"] == needed(40, row["half_width_of_subjects"])


def test_where_subjects_are_alike_more_seeds_are_enough():
    alike, unlike = (
        resolution({"one": made_up(8, of_subject)}).iloc[0] for of_subject in (0.0, 0.5)
    )
    assert alike["subjects_needed"] < 40 < unlike["subjects_needed"]


def test_four_times_the_subjects_halve_it():
    assert needed(100, 2 * AIM) == 400 and np.isnan(needed(100, float("nan")))
    assert needed(100, AIM) == pytest.approx(100, abs=1)
