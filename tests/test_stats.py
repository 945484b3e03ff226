"""Intervals that cover, groups that count, differences with the right sign."""

import numpy as np
import pytest

from mucpt_utils.stats import (
    Spread,
    clustered_mean,
    half_widths,
    holm,
    paired_difference,
    spread_of_mean,
    wilson_interval,
)


def test_the_mean_is_the_mean_and_lies_inside_its_interval():
    values = np.random.default_rng(0).normal(3, 1, 50)
    estimate = clustered_mean(values)
    assert estimate.mean == pytest.approx(values.mean())
    assert estimate.low < estimate.mean < estimate.high


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    hits = 0
    for seed in range(300):
        values = np.random.default_rng(seed).normal(0, 1, 60)
        _, low, high = clustered_mean(values)
        hits += low <= 0 <= high
    assert 0.90 <= hits / 300 <= 0.99


def test_groups_that_differ_widen_the_interval():
    rng = np.random.default_rng(2)
    groups = np.repeat(range(5), 40)
    values = groups * 1.0 + rng.normal(0, 0.5, 200)
    plain, grouped = clustered_mean(values), clustered_mean(values, groups.tolist())
    assert grouped.mean == pytest.approx(plain.mean)
    assert grouped.high - grouped.low > 3 * (plain.high - plain.low)


def test_equal_values_have_no_width():
    assert clustered_mean([0.5] * 9) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("groups", [None, list(range(8)) * 10])
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
    assert clustered_mean(a).low < clustered_mean(b).high
    assert paired_difference(a, b).p_value < 0.01


def test_no_difference_has_a_large_p_value():
    values = np.random.default_rng(8).random(50)
    same = paired_difference(values, values)
    assert same[:3] == (0, 0, 0) and same.p_value == 1


def test_wrong_lengths_are_refused():
    with pytest.raises(ValueError, match="at least one value"):
        clustered_mean([])
    with pytest.raises(ValueError, match="3 values but 2 group labels"):
        clustered_mean([1, 2, 3], ["a", "b"])
    with pytest.raises(ValueError, match="3 values but 1 subject labels"):
        clustered_mean([1, 2, 3], ["a", "b", "b"], subjects=["x"])
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
    _, low, high = clustered_mean([value] * 4, **labels)
    # two subjects asked twice are two independent answers, not four
    assert (low, high) == pytest.approx(wilson_interval(value, 2 if crossed else 4))
    assert high - low > 0.4


def test_a_share_keeps_its_spread_away_from_the_edges():
    rng = np.random.default_rng(9)
    right = (rng.random(400) < 0.4).astype(float)
    _, low, high = clustered_mean(right)
    assert high - low == pytest.approx(2 * 1.96 * right.std() / 20, rel=0.06)
    _, low, high = clustered_mean(np.repeat(right, 3), np.repeat(range(400), 3).tolist())
    assert high - low == pytest.approx(2 * 1.96 * right.std() / 20, rel=0.1)


def test_a_share_near_an_edge_is_covered_as_often_as_it_says():
    hits = 0
    for seed in range(300):
        right = (np.random.default_rng(seed).random(40) < 0.97).astype(float)
        _, low, high = clustered_mean(right)
        hits += low <= 0.97 <= high
    assert hits / 300 >= 0.9  # an interval by t alone reaches .7


def test_answers_that_never_part_leave_room_for_a_difference():
    same = paired_difference([1.0] * 9, [1.0] * 9)
    room = wilson_interval(0.0, 9)[1]
    assert same[:4] == (0.0, pytest.approx(-room), pytest.approx(room), 1.0)
    assert same.mde == pytest.approx(room)
    always = paired_difference([1.0] * 9, [0.0] * 9)
    assert always[:3] == (1.0, pytest.approx(1 - room), 1.0)


@pytest.mark.parametrize(("seeds", "subjects"), [(1, 9), (3, 4)])
def test_pairs_that_all_differ_alike_have_the_p_of_the_sign_test(seeds, subjects):
    """Of as many pairs as there are subjects, however many seeds were asked about each."""
    from scipy.stats import binomtest

    labels = crossed(seeds, subjects, 1)
    size = seeds * subjects
    always = paired_difference(np.ones(size), np.zeros(size), *labels)
    assert always.p_value == pytest.approx(binomtest(subjects, subjects).pvalue)
    assert always.low == pytest.approx(1 - wilson_interval(0.0, subjects)[1])


def test_a_share_of_few_trials_has_students_quantile():
    """Each end is where the share lies t standard errors away, with n - 1 trials in place of n."""
    from scipy.stats import t

    share, *ends = clustered_mean([1.0] * 3 + [0.0] * 7)
    for end in ends:
        distance = t.ppf(0.975, 9) * (end * (1 - end) / 9) ** 0.5
        assert abs(share - end) == pytest.approx(distance)


# --- two ways of clustering -----------------------------------------------------------------------


def crossed(seeds, subjects, each):
    """Labels of every seed and subject, `each` questions about each subject."""
    groups, owners = np.repeat(range(seeds), subjects * each), np.repeat(range(subjects), each)
    return groups, np.tile(owners, seeds)


def test_the_variance_is_that_of_cameron_gelbach_and_miller():
    """By hand: subjects, plus groups, minus their cells, each with k / (k - 1)."""
    values = np.array([1.0, 3, 2, 8, 5, 11])
    groups, subjects = np.repeat([0, 1], 3), np.tile([0, 1, 2], 2)
    rest = (values - values.mean()) / 6
    table = rest.reshape(2, 3)
    by_group, by_subject = (table.sum(axis=1) ** 2).sum(), (table.sum(axis=0) ** 2).sum()
    parts = by_subject * 3 / 2, by_group * 2 / 1, (rest**2).sum() * 6 / 5
    spread = spread_of_mean(values, groups, subjects)
    assert spread.variance == pytest.approx(parts[0] + parts[1] - parts[2])
    # Satterthwaite: both parts, each with as many degrees as it has clusters, less one
    doubt = parts[0] ** 2 / 2 + parts[1] ** 2 / 1
    assert spread.freedom == pytest.approx(spread.variance**2 / doubt)


def test_groups_that_vary_no_more_than_their_cells_add_nothing():
    rng = np.random.default_rng(3)
    table = rng.normal(0, 1, (4, 30))
    table -= table.mean(axis=1, keepdims=True)
    groups, subjects = crossed(4, 30, 1)
    both = spread_of_mean(table.ravel(), groups, subjects)
    assert both == spread_of_mean(table.ravel(), None, subjects)
    assert both.freedom == 29


def test_the_interval_is_students():
    from scipy.stats import t, ttest_1samp

    values = np.random.default_rng(1).normal(0, 2, 30)
    mean, low, high = clustered_mean(values)
    half = t.ppf(0.975, 29) * values.std(ddof=1) / 30**0.5
    assert (low, high) == pytest.approx((mean - half, mean + half))
    ours = paired_difference(values, np.zeros(30))
    assert ours.p_value == pytest.approx(ttest_1samp(values, 0).pvalue)


@pytest.mark.parametrize("of_seed", [0.0, 0.05])
@pytest.mark.parametrize("seeds", [3, 6])
def test_the_truth_lies_inside_about_as_often_as_is_said(seeds, of_seed):
    groups, subjects = crossed(seeds, 30, 3)
    hits = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        values = rng.normal(0, 0.1, 30)[subjects] + rng.normal(0, of_seed, seeds)[groups]
        _, low, high = clustered_mean(values + rng.normal(0, 0.4, len(groups)), groups, subjects)
        hits += low <= 0 <= high
    assert 0.91 <= hits / 400 <= 0.99


def test_the_same_subjects_at_every_seed_are_not_new_evidence():
    groups, subjects = crossed(5, 20, 1)
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, 20)[subjects] + rng.normal(0, 0.3, 100)
    _, low, high = clustered_mean(values, groups, subjects)
    _, near, far = clustered_mean(values)
    assert high - low > 1.8 * (far - near)


def test_a_difference_is_clustered_as_the_mean_of_its_pairs():
    groups, subjects = crossed(4, 10, 2)
    rng = np.random.default_rng(0)
    b = rng.normal(0, 5, 80)
    a = b + rng.normal(0, 1, 10)[subjects] + rng.normal(0, 1, 4)[groups] + rng.normal(0, 1, 80)
    found = paired_difference(a, b, groups, subjects)
    assert found[:3] == pytest.approx(clustered_mean(a - b, groups, subjects))
    # moved so that the interval ends at zero
    moved = paired_difference(a - found.low, b, groups, subjects)
    assert moved.p_value == pytest.approx(0.05)


def test_order_does_not_matter_and_pairs_may_be_missing():
    rng = np.random.default_rng(4)
    groups, subjects = crossed(3, 10, 2)
    values = rng.normal(0, 1, 60)
    some = rng.permutation(60)[:45]
    one = clustered_mean(values[some], groups[some], subjects[some])
    some.sort()
    assert clustered_mean(values[some], groups[some], subjects[some]) == pytest.approx(one)


def test_a_single_cluster_says_nothing_of_its_spread():
    assert np.isnan(clustered_mean([0.3]).low)
    assert np.isnan(clustered_mean([0.3, 0.5], [0, 0], ["x", "x"]).high)
    # one seed: the subjects are left; one subject: the seeds
    one_seed = clustered_mean([0.3, 0.5, 0.9], [0, 0, 0], ["x", "y", "z"])
    assert one_seed == clustered_mean([0.3, 0.5, 0.9], None, ["x", "y", "z"])
    assert clustered_mean([0.3, 0.5], [0, 1], ["x", "x"]) == clustered_mean([0.3, 0.5], [0, 1])


def test_sizes_make_it_a_mean_over_what_is_behind_the_values():
    values, sizes = [1.0, 4.0, 1.0, 4.0], [3, 1, 3, 1]
    labels = {"groups": [0, 0, 1, 1], "subjects": ["x", "y", "x", "y"]}
    estimate = clustered_mean(values, **labels, sizes=sizes)
    assert estimate.mean == pytest.approx(1.75)
    each = np.repeat(values, sizes), np.repeat([0, 0, 1, 1], sizes), np.repeat(list("xyxy"), sizes)
    assert estimate == pytest.approx(clustered_mean(*each))


def test_p_values_under_no_effect_are_about_uniform():
    small = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        p = paired_difference(rng.normal(size=40), rng.normal(size=40)).p_value
        assert 0 < p <= 1
        small += p < 0.05
    assert 0.02 <= small / 300 <= 0.09


def test_the_minimum_detectable_effect_is_found_in_four_of_five_runs():
    rng = np.random.default_rng(5)
    first = paired_difference(rng.normal(0, 1, 60), np.zeros(60))
    effect = (2.0 + 0.848) / 60**0.5  # quantiles of t with 59 degrees of freedom
    assert first.mde == pytest.approx(effect, rel=0.25)
    found = sum(
        paired_difference(rng.normal(effect, 1, 60), np.zeros(60)).p_value < 0.05
        for _ in range(400)
    )
    assert 0.74 <= found / 400 <= 0.86


def test_holms_correction_is_that_of_statsmodels():
    """`multipletests([.01, .04, .03, .005], method="holm")`."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    corrected = holm([0.01, float("nan"), 0.7, 0.8])
    assert corrected[0] == pytest.approx(0.03) and np.isnan(corrected[1])
    assert corrected[2:] == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(("of_subject", "groups"), [(0.0, 4), (0.3, 4), (0.3, 12), (0.8, 3)])
def test_what_more_groups_would_leave_is_the_part_of_the_subjects(of_subject, groups):
    """Simulated: each subject's own part, a cell's, an answer's; many groups leave the first."""
    rng = np.random.default_rng(0)
    found, subjects = [], 60
    own = np.repeat(np.arange(subjects), groups * 3)
    group = np.tile(np.repeat(np.arange(groups), 3), subjects)
    for _ in range(60):
        values = rng.normal(0, of_subject, subjects)[own] + rng.normal(0, 1, own.size)
        values += rng.normal(0, 0.5, (subjects, groups))[own, group]
        found.append(half_widths(values, group.tolist(), own.tolist())[1] ** 2)
    expected = Spread(of_subject**2 / subjects, subjects - 1.0)
    assert np.mean(found) == pytest.approx(
        (expected.quantile(0.975) * expected.error) ** 2, abs=0.006
    )


def test_without_a_second_group_nothing_is_said_of_more_of_them():
    half, left = half_widths(np.array([1.0, 2.0, 4.0]), ["a", "b", "a"], ["x", "y", "z"])
    assert half > 0 and np.isnan(left)
