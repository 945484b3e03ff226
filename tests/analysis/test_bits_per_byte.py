"""Bits per byte of the prose lane, worked by hand."""

import pytest
from scipy.stats import t as student

from mucpt_utils.analysis import schema
from mucpt_utils.analysis.comparisons import bits_per_byte_table
from mucpt_utils.analysis.frames import TableError

VALUES = {  # arm: (music in seeds 0 and 1, general in seeds 0 and 1)
    "base": ((3.0, 3.0), (2.0, 2.0)),
    "plain": ((2.0, 2.2), (2.4, 2.6)),
    "soft_static": ((1.9, 2.0), (2.5, 2.6)),
}


def rows(arms=VALUES):
    return [
        {"arm": arm, "seed": seed, "stratum": stratum, "value": VALUES[arm][place][seed]}
        for arm in arms
        for seed in (0, 1)
        for place, stratum in enumerate(("music", "general"))
    ]


def row(table, arm, stratum):
    return table[(table["arm"] == arm) & (table["stratum"] == stratum)].iloc[0]


def test_one_row_an_arm_and_text_with_mean_interval_and_seeds():
    table = bits_per_byte_table(rows())
    assert schema.problems("bits_per_byte", table) == [] and len(table) == 6
    found = row(table, "plain", "music")
    assert found["mean"] == pytest.approx(2.1) and found["seeds"] == 2
    # two seeds leave one degree of freedom: t is 12.7
    half = student.ppf(0.975, 1) * 0.1
    assert found["ci_high"] - 2.1 == pytest.approx(half) == pytest.approx(2.1 - found["ci_low"])


def test_the_difference_is_paired_by_seed_and_text():
    table = bits_per_byte_table(rows())
    assert row(table, "soft_static", "music")["difference_to_plain"] == pytest.approx(-0.15)
    assert row(table, "soft_static", "general")["difference_to_plain"] == pytest.approx(0.05)
    base = row(table, "base", "music")
    assert base["difference_to_plain"] == pytest.approx(0.9)
    assert base["difference_to_plain_low"] < 0 < 1.8 < base["difference_to_plain_high"]


def test_two_seeds_of_one_sign_are_no_evidence():
    """Exact sign-flip test: no p under 2 / 2**2, however small the spread."""
    assert row(bits_per_byte_table(rows()), "base", "music")["p_value"] == 0.5


def test_plain_itself_has_no_difference():
    assert row(bits_per_byte_table(rows()), "plain", "music").isna()["difference_to_plain"]


def test_without_plain_there_are_means_only():
    table = bits_per_byte_table(rows(["base", "soft_static"]))
    assert len(table) == 4 and table["difference_to_plain"].isna().all()
    assert len(bits_per_byte_table(rows(["plain"]))) == 2


def test_no_run_is_refused():
    with pytest.raises(TableError, match="bits_per_byte"):
        bits_per_byte_table([])
