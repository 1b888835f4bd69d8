"""Intervals cover what they say they cover, under data whose truth is known."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm, ttest_1samp

from headway.metrics import (
    crossed_bootstrap,
    crossed_interval,
    crossed_proportion_interval,
    paired_proportion_interval,
    wilson_interval,
)


def coverage(draw, truth, interval, repeats):
    inside = 0
    for _ in range(repeats):
        found = interval(*draw())
        inside += found.low <= truth <= found.high
    return inside / repeats


def seeds_and_rows(rng, n_seeds, n_rows, sd_seed, sd_row, sd_noise):
    return (
        rng.normal(0, sd_seed, (n_seeds, 1))
        + rng.normal(0, sd_row, (1, n_rows))
        + rng.normal(0, sd_noise, (n_seeds, n_rows))
    )


@pytest.mark.parametrize("n_seeds", [3, 5, 10])
@pytest.mark.parametrize(
    "sds", [(0.0, 0.15, 0.1), (0.01, 0.15, 0.1), (0.03, 0.15, 0.1), (0.003, 0.02, 0.15)]
)
def test_the_interval_covers_the_truth_whichever_source_of_chance_rules(n_seeds, sds):
    rng = np.random.default_rng(n_seeds)
    found = coverage(lambda: [seeds_and_rows(rng, n_seeds, 300, *sds)], 0.0, crossed_interval, 500)
    assert 0.92 <= found <= 0.99


def test_forgetting_that_seeds_share_rows_would_not_cover():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        table = seeds_and_rows(rng, 10, 300, 0.0, 0.15, 0.02)
        low, high = ttest_1samp(table.mean(axis=1), 0.0).confidence_interval(0.95)
        inside += low <= 0 <= high
    assert inside / 300 < 0.6


def two_learners(rng, n_rows, n_splits):
    """Return who is right: a midpoint of means against a fixed poor threshold, by split."""
    labels = np.arange(n_rows) % 2
    x = rng.normal(labels * 1.5, 1.0)
    first, second = np.full((2, n_splits, n_rows), np.nan)
    for split in range(n_splits):
        order = rng.permutation(n_rows)
        train, test = order[: n_rows // 2], order[n_rows // 2 :]
        means = [x[train][labels[train] == k].mean() for k in (0, 1)]
        medians = np.median(x[train])
        first[split, test] = (x[test] > np.mean(means)) == labels[test]
        second[split, test] = (x[test] > medians + 0.4) == labels[test]
    return first, second


def accuracy_at(threshold):
    return 0.5 * (norm.cdf(threshold) + norm.cdf(1.5 - threshold))


@pytest.mark.parametrize("n_splits", [3, 5])
def test_the_difference_of_two_learners_on_random_splits_is_covered(n_splits):
    rng = np.random.default_rng(5)
    thresholds = []
    for _ in range(4000):
        x = rng.normal((np.arange(100) % 2) * 1.5, 1.0)
        means = [x[::2].mean(), x[1::2].mean()]
        thresholds.append((np.mean(means), np.median(x) + 0.4))
    truth = np.mean([accuracy_at(a) - accuracy_at(b) for a, b in thresholds])
    found = coverage(
        lambda: two_learners(rng, 200, n_splits), truth, paired_proportion_interval, 400
    )
    assert 0.93 <= found <= 1.0


@pytest.mark.parametrize(("win", "lose"), [(0.02, 0.02), (0.05, 0.01), (0.002, 0.002)])
def test_with_one_fit_the_paired_interval_covers_from_the_rows_alone(win, lose):
    rng = np.random.default_rng(6)

    def draw():
        u = rng.random((1, 500))
        first = (u < win) | (u >= win + lose)
        second = u >= win
        return first.astype(float), second.astype(float)

    found = coverage(draw, win - lose, paired_proportion_interval, 1500)
    assert 0.935 <= found <= 1.0
    assert found <= 0.975 or win < 0.01  # wide only where there is hardly a discordant row


@pytest.mark.parametrize("rate", [0.5, 0.95, 0.995])
def test_the_accuracy_interval_covers(rate):
    rng = np.random.default_rng(7)

    def draw():
        return [(rng.random((1, 400)) < rate).astype(float)]

    assert 0.92 <= coverage(draw, rate, crossed_proportion_interval, 1500) <= 0.985


def test_one_seed_gives_the_t_interval_over_rows():
    scores = np.random.default_rng(8).normal(size=(1, 50))
    expected = ttest_1samp(scores[0], 0.0).confidence_interval(0.95)
    found = crossed_interval(scores)
    assert_allclose([found.low, found.high], [expected.low, expected.high])


def test_seeds_that_say_the_same_add_nothing():
    scores = np.random.default_rng(9).normal(size=(1, 200))
    once, thrice = crossed_interval(scores), crossed_interval(np.repeat(scores, 3, axis=0))
    assert_allclose([thrice.low, thrice.high], [once.low, once.high], rtol=0.01)


def test_disjoint_test_rows_are_as_many_rows():
    rng = np.random.default_rng(10)
    table = np.full((2, 400), np.nan)
    errors = []
    for _ in range(100):
        table[0, :200], table[1, 200:] = rng.normal(size=(2, 200))
        errors.append(crossed_interval(table).standard_error)
    assert min(errors) > 0.9 / math.sqrt(400)
    assert np.median(errors) < 1.1 / math.sqrt(400)


def test_the_mean_gives_every_seed_the_same_weight():
    table = np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, np.nan, np.nan]])
    assert crossed_interval(table).mean == 0.5


def test_swapping_the_two_classifiers_mirrors_the_interval():
    rng = np.random.default_rng(11)
    first, second = (rng.random((2, 3, 100)) < 0.9).astype(float)
    one, other = (
        paired_proportion_interval(first, second),
        paired_proportion_interval(second, first),
    )
    assert_allclose([one.mean, one.low, one.high], [-other.mean, -other.high, -other.low])


def test_heads_that_always_agree_may_still_differ_by_about_three_in_n():
    found = paired_proportion_interval(np.ones((5, 300)), np.ones((5, 300)))
    assert found.mean == 0.0
    assert -3.2 / 300 < found.low < -2.5 / 300
    assert found.low == -found.high


def test_an_accuracy_of_one_is_no_certainty():
    found = crossed_proportion_interval(np.ones((5, 300)))
    assert found.high == 1.0
    assert_allclose(found.low, wilson_interval(1.0, 300)[0])


def test_wilson_solves_its_own_equation():
    for rate in (0.0, 0.1, 0.77, 1.0):
        for end in wilson_interval(rate, 50):
            if 0 < end < 1:
                z = (rate - end) / math.sqrt(end * (1 - end) / 50)
                assert_allclose(abs(z), 1.959964, rtol=1e-6)


def test_an_infinite_score_leaves_no_interval_and_no_warning():
    found = crossed_interval(np.array([[1.0, np.inf], [1.0, 2.0]]))
    assert found.mean == math.inf
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_a_single_row_leaves_no_interval():
    found = crossed_interval(np.array([[0.5]]))
    assert found.mean == 0.5
    assert math.isnan(found.low)


def test_constant_scores_have_an_interval_of_no_width():
    found = crossed_interval(np.full((3, 20), 0.25))
    assert (found.low, found.mean, found.high) == (0.25, 0.25, 0.25)


def test_the_bootstrap_agrees_with_the_formula_for_a_mean_over_many_seeds():
    table = seeds_and_rows(np.random.default_rng(12), 40, 300, 0.05, 0.5, 0.1)
    found = crossed_bootstrap(
        lambda seed, weights: float(np.average(table[seed], weights=weights)), 40, 300, draws=800
    )
    formula = crossed_interval(table)
    assert_allclose(found.mean, formula.mean)
    assert_allclose(found.standard_error, formula.standard_error, rtol=0.1)
    assert_allclose([found.low, found.high], [formula.low, formula.high], atol=0.01)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.ones(3), "shape \\(3,\\)"),
        (np.empty((0, 3)), "shape \\(0, 3\\)"),
        (np.array([[1.0, 2.0], [np.nan, np.nan]]), "got none in row 1"),
    ],
)
def test_a_table_without_scores_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        crossed_interval(table)


def test_impossible_levels_rates_and_shapes_are_refused():
    for level in (0.0, 1.0, 95):
        with pytest.raises(ValueError, match=r"Use 0\.95"):
            crossed_interval(np.ones((1, 3)), level=level)
    for rate, n in ((1.01, 5), (-0.01, 5), (0.5, 0)):
        with pytest.raises(ValueError, match=r"`rate` must be in 0\.\.1"):
            wilson_interval(rate, n)
    with pytest.raises(ValueError, match="same shape"):
        paired_proportion_interval(np.ones((1, 3)), np.ones((1, 4)))
