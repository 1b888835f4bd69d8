"""The intervals hold the truth as often as they promise, and match what they should."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from headway.evaluation import evaluate_probs
from headway.evaluation.areas import Areas
from headway.evaluation.bootstrap import bootstrap_interval, weight_blocks
from headway.evaluation.calibration import BinnedErrors


def draw(rng, n):
    """Rows whose probabilities are right: labels drawn from them."""
    logits = rng.normal(size=(n, 4)) * 1.5 - np.linspace(0, 1.5, 4)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probs, (probs.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, 3)


def test_intervals_of_sums_and_areas_hold_the_truth_about_as_often_as_promised():
    """100 samples of 80 rows: a true coverage of 0.95 gives 87 or more in 999 of 1000 such."""
    rng = np.random.default_rng(0)
    names = ("accuracy", "macro_f1", "matthews", "roc_area", "log_loss", "brier")
    many = evaluate_probs(*draw(rng, 20_000), n_bootstrap=0)
    held = dict.fromkeys(names, 0)
    for seed in range(100):
        result = evaluate_probs(*draw(rng, 80), n_bootstrap=200, random_state=seed)
        for name in names:
            held[name] += result[name].low <= many[name].value <= result[name].high
    for name, times in held.items():
        assert times >= 87, name
    assert held["log_loss"] < 100


def test_unweighted_shares_have_clopper_and_pearsons_interval():
    result = evaluate_probs(*draw(np.random.default_rng(0), 90), level=0.9)["accuracy"]
    expected = binomtest(round(result.value * 90), 90).proportion_ci(0.9, method="exact")
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high))
    assert result.method == "exact"


def test_weighted_shares_are_bootstrapped():
    probs, labels = draw(np.random.default_rng(0), 90)
    score = evaluate_probs(probs, labels, sample_weight=np.linspace(1, 3, 90))["accuracy"]
    assert score.method == "bootstrap, 1000"
    assert score.low < score.value < score.high


def test_the_bootstrap_of_a_mean_is_near_the_normal_interval():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    weights = np.hstack(list(weight_blocks(np.ones(400), 4000, random_state=0)))
    means = x @ weights / 400
    low, high = bootstrap_interval(means[1:], means[0], level=0.9)
    half = norm.ppf(0.95) * x.std() / 20
    assert low == pytest.approx(x.mean() - half, abs=0.01)
    assert high == pytest.approx(x.mean() + half, abs=0.01)


def test_resamples_draw_as_many_rows_as_there_are_and_carry_their_weights():
    weights = np.array([1.0, 2.0, 0.5])
    table = np.hstack(list(weight_blocks(weights, 50, random_state=0)))
    np.testing.assert_array_equal(table[:, 0], weights)
    np.testing.assert_array_equal((table / weights[:, None]).sum(axis=0), 3.0)


def test_a_statistic_undefined_in_most_resamples_has_no_interval():
    values = np.full(100, np.nan)
    values[:50] = np.arange(50)
    assert np.isnan(bootstrap_interval(values, 20.0, level=0.95)).all()


def test_areas_count_ties_as_half_in_any_order():
    scores, true = np.array([0.5, 0.5, 0.5, 0.2]), np.array([1, 0, 0, 1])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]):
        areas = Areas(scores[order], true[order], np.arange(4), 4)
        roc, precision = (float(area[0]) for area in areas(np.ones((4, 1))))
        assert roc == pytest.approx(0.25)  # two ties of four pairs, the other two lost
        assert precision == pytest.approx(0.5 / 3 + 0.5 * 2 / 4)


def test_resampled_calibration_errors_lose_the_noise_of_resampling_too():
    """Left in, the noise would lift the mean square by about 0.012, twice itself by 0.025."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 0.7, 300)
    outcome = (rng.random(300) < confidence - 0.25).astype(float)
    errors = BinnedErrors(confidence, outcome, np.arange(300), np.ones(300))
    draws = np.hstack(list(weight_blocks(np.ones(300), 2000, random_state=0)))[:, 1:]
    value, _, _ = errors.interval(0.95)
    assert (errors.resampled(draws) ** 2).mean() == pytest.approx(value**2, abs=0.004)
