"""Intervals that cover, groups that count, differences with the right sign."""

import numpy as np
import pytest

from mucpt_utils.stats import bootstrap_mean, paired_difference, wilson_interval


def test_the_mean_is_the_mean_and_lies_inside_its_interval():
    values = np.random.default_rng(0).normal(3, 1, 50)
    estimate = bootstrap_mean(values)
    assert estimate.mean == pytest.approx(values.mean())
    assert estimate.low < estimate.mean < estimate.high


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    hits = 0
    for seed in range(300):
        values = np.random.default_rng(seed).normal(0, 1, 60)
        _, low, high = bootstrap_mean(values, n=400, seed=seed)
        hits += low <= 0 <= high
    assert 0.90 <= hits / 300 <= 0.99


def test_the_grouped_interval_covers_a_truth_that_varies_between_groups():
    hits = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        values = (rng.normal(0, 1, (12, 1)) + rng.normal(0, 1, (12, 8))).ravel()
        _, low, high = bootstrap_mean(values, np.repeat(range(12), 8), n=300, seed=seed)
        hits += low <= 0 <= high
    assert 0.85 <= hits / 150 <= 0.99


def test_the_width_is_the_normal_one_for_many_values():
    values = np.random.default_rng(1).normal(0, 2, 400)
    _, low, high = bootstrap_mean(values, n=4000)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.06)


def test_groups_that_differ_widen_the_interval():
    rng = np.random.default_rng(2)
    groups = np.repeat(range(5), 40)
    values = groups * 1.0 + rng.normal(0, 0.5, 200)
    plain, grouped = bootstrap_mean(values), bootstrap_mean(values, groups.tolist())
    assert grouped.mean == pytest.approx(plain.mean)
    assert grouped.high - grouped.low > 3 * (plain.high - plain.low)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_the_two_stages_have_the_variance_of_the_book(spread):
    """Davison & Hinkley 1997, section 3.8: the variances between and within add up.

    With K groups of m items: (between + mean within / m) / K, both with divisor n.
    """
    rng = np.random.default_rng(3)
    table = rng.normal(0, 1, (4, 25)) + spread * rng.normal(0, 1, (4, 1))
    expected = (table.mean(axis=1).var() + table.var(axis=1).mean() / 25) / 4
    _, low, high = bootstrap_mean(table.ravel(), np.repeat(range(4), 25).tolist(), n=20_000)
    means_variance = ((high - low) / (2 * 1.96)) ** 2
    assert means_variance == pytest.approx(expected, rel=0.12)


def test_crossed_subjects_are_not_counted_as_new_in_every_group():
    """The same subjects at every seed: five seeds of them tell no more than one about subjects."""
    crossed = apart = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        values = (rng.normal(0, 1, 20) + rng.normal(0, 0.3, (5, 20))).ravel()
        groups, subjects = np.repeat(range(5), 20).tolist(), np.tile(range(20), 5).tolist()
        _, low, high = bootstrap_mean(values, groups, n=300, seed=seed, subjects=subjects)
        crossed += low <= 0 <= high
        _, low, high = bootstrap_mean(values, groups, n=300, seed=seed)
        apart += low <= 0 <= high
    assert crossed / 150 >= 0.88 and apart / 150 <= 0.75


def test_crossed_items_weigh_the_same_and_may_be_missing():
    values, groups, subjects = [0.0, 0.0, 3.0], ["a", "b", "b"], ["x", "x", "y"]
    estimate = bootstrap_mean(values, groups, subjects=subjects)
    assert estimate.mean == pytest.approx(1)
    assert (estimate.low, estimate.high) == (0.0, 3.0)


def test_larger_groups_weigh_more():
    values, groups = [0.0] * 30 + [4.0] * 10, ["a"] * 30 + ["b"] * 10
    estimate = bootstrap_mean(values, groups)
    assert estimate == (1.0, 0.0, 4.0)


def test_groups_need_not_lie_together():
    rng = np.random.default_rng(4)
    values = np.repeat([0.0, 5.0], 20)
    order = rng.permutation(40)
    labels = np.repeat(["a", "b"], 20)
    apart = bootstrap_mean(values[order], labels[order].tolist())
    assert apart.low == 0 and apart.high == 5


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(5).random(30)
    assert bootstrap_mean(values, seed=7) == bootstrap_mean(values, seed=7)
    assert bootstrap_mean(values, seed=7) != bootstrap_mean(values, seed=8)


def test_equal_values_have_no_width():
    assert bootstrap_mean([0.5] * 9) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("groups", [None, [0] * 40 + [1] * 40])
def test_a_difference_has_the_sign_of_a_minus_b(groups):
    rng = np.random.default_rng(6)
    b = rng.normal(0, 5, 80)
    a = b + 1 + rng.normal(0, 0.5, 80)
    better, worse = paired_difference(a, b, groups), paired_difference(b, a, groups)
    assert better.difference == pytest.approx(-worse.difference) == pytest.approx((a - b).mean())
    assert 0 < better.low < better.difference < better.high
    assert worse.low < worse.difference < worse.high < 0
    assert better.p_value < 0.01 and worse.p_value < 0.01


def test_pairing_sees_what_two_intervals_would_hide():
    rng = np.random.default_rng(7)
    b = rng.normal(0, 5, 80)
    a = b + 0.5
    assert bootstrap_mean(a).low < bootstrap_mean(b).high
    assert paired_difference(a, b).p_value < 0.01


def test_no_difference_has_a_large_p_value():
    values = np.random.default_rng(8).random(50)
    same = paired_difference(values, values)
    assert same[:3] == (0, 0, 0) and same.p_value == 1


def test_the_smallest_p_value_is_two_of_the_resamples():
    assert paired_difference([2.0] * 9, [1.0] * 9, n=999).p_value == pytest.approx(2 / 1000)


def test_p_values_under_no_effect_are_about_uniform():
    small = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        p = paired_difference(rng.normal(size=40), rng.normal(size=40), n=300, seed=seed).p_value
        assert 0 < p <= 1
        small += p < 0.05
    assert 0.01 <= small / 200 <= 0.12


def test_wrong_lengths_are_refused():
    with pytest.raises(ValueError, match="at least one value"):
        bootstrap_mean([])
    with pytest.raises(ValueError, match="3 values but 2 group labels"):
        bootstrap_mean([1, 2, 3], ["a", "b"])
    with pytest.raises(ValueError, match="3 values but 1 subject labels"):
        bootstrap_mean([1, 2, 3], ["a", "b", "b"], subjects=["x"])
    with pytest.raises(ValueError, match="equal lengths, got 2 and 3"):
        paired_difference([1, 2], [1, 2, 3])


def test_wilsons_interval_is_that_of_the_books():
    """Brown, Cai & DasGupta 2001, and scipy's own."""
    from scipy.stats import binomtest

    for right, asked in ((5, 5), (0, 5), (1, 5), (37, 90)):
        ours = wilson_interval(right / asked, asked)
        theirs = binomtest(right, asked).proportion_ci(method="wilson")
        assert ours == pytest.approx((theirs.low, theirs.high))
    assert wilson_interval(1.0, 5) == pytest.approx((0.5655, 1.0), abs=1e-4)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("crossed", [False, True])
def test_all_right_and_all_wrong_have_a_width(value, crossed):
    labels = {"groups": [0, 0, 1, 1], "subjects": ["x", "y", "x", "y"]} if crossed else {}
    _, low, high = bootstrap_mean([value] * 4, **labels)
    # two subjects asked twice are two independent answers, not four
    assert (low, high) == pytest.approx(wilson_interval(value, 2 if crossed else 4))
    assert high - low > 0.4


def test_a_share_keeps_the_bootstraps_width_away_from_the_edges():
    rng = np.random.default_rng(9)
    right = (rng.random(400) < 0.4).astype(float)
    _, low, high = bootstrap_mean(right)
    assert high - low == pytest.approx(2 * 1.96 * right.std() / 20, rel=0.06)
    _, low, high = bootstrap_mean(np.repeat(right, 3), np.repeat(range(400), 3).tolist())
    assert high - low == pytest.approx(2 * 1.96 * right.std() / 20, rel=0.1)


def test_a_share_near_an_edge_is_covered_as_often_as_it_says():
    hits = 0
    for seed in range(300):
        right = (np.random.default_rng(seed).random(40) < 0.97).astype(float)
        _, low, high = bootstrap_mean(right, n=400, seed=seed)
        hits += low <= 0.97 <= high
    assert hits / 300 >= 0.9  # percentiles alone reach .7


def test_answers_that_never_part_leave_room_for_a_difference():
    same = paired_difference([1.0] * 9, [1.0] * 9)
    room = wilson_interval(0.0, 9)[1]
    assert same == (0.0, pytest.approx(-room), pytest.approx(room), 1.0)
    always = paired_difference([1.0] * 9, [0.0] * 9)
    assert always[:3] == (1.0, pytest.approx(1 - room), 1.0)


def test_sizes_make_it_a_mean_over_what_is_behind_the_values():
    values, sizes = [1.0, 4.0, 1.0, 4.0], [3, 1, 3, 1]
    labels = {"groups": [0, 0, 1, 1], "subjects": ["x", "y", "x", "y"]}
    estimate = bootstrap_mean(values, **labels, sizes=sizes)
    assert estimate.mean == pytest.approx(1.75)
    assert (estimate.low, estimate.high) == (1.0, 4.0)
