"""The calibration error: right on average, whatever the bins and however many the rows."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputValueError
from headway.metrics import (
    calibration_error,
    calibration_interval,
    observed_cells,
    reliability_curve,
    squared_calibration_error,
    top_label,
    wilson_interval,
)


def forecasts(rng, n, shift=0.0):
    confidence = rng.uniform(0.1, 0.9, n)
    return confidence, (rng.random(n) < confidence + shift).astype(float)


@pytest.mark.parametrize("n", [60, 300, 3000])
@pytest.mark.parametrize("n_bins", [5, 30])
def test_perfect_probabilities_have_an_error_of_zero_on_average(n, n_bins):
    rng = np.random.default_rng(n + n_bins)
    squares = [squared_calibration_error(*forecasts(rng, n), n_bins=n_bins)[0] for _ in range(400)]
    # The plug-in square would be about n_bins / n times 0.2; the debiased one is centred.
    assert abs(np.mean(squares)) < 4 * np.std(squares) / math.sqrt(400)


def test_a_known_miscalibration_is_found_on_average():
    rng = np.random.default_rng(1)
    squares = [squared_calibration_error(*forecasts(rng, 200, 0.08))[0] for _ in range(600)]
    assert abs(np.mean(squares) - 0.08**2) < 4 * np.std(squares) / math.sqrt(600)


@pytest.mark.parametrize("shift", [0.0, 0.08])
def test_the_standard_error_is_the_scatter_of_the_estimate(shift):
    rng = np.random.default_rng(2)
    found = [squared_calibration_error(*forecasts(rng, 500, shift)) for _ in range(500)]
    squares, errors = np.array(found).T
    assert_allclose(errors.mean(), squares.std(), rtol=0.15)


def test_cells_of_one_row_that_move_together_widen_the_standard_error():
    rng = np.random.default_rng(3)
    confidence, outcome = forecasts(rng, 500)
    rows = np.tile(np.arange(500), 4)
    copies = np.tile(confidence, 4), np.tile(outcome, 4)
    alone = squared_calibration_error(confidence, outcome, groups=np.arange(500))
    grouped = squared_calibration_error(*copies, groups=rows)
    assert_allclose(grouped, alone, rtol=1e-9)
    assert squared_calibration_error(*copies)[1] < grouped[1] / 1.5


def test_groups_of_one_change_next_to_nothing():
    confidence, outcome = forecasts(np.random.default_rng(4), 400)
    assert_allclose(
        squared_calibration_error(confidence, outcome, groups=np.arange(400)),
        squared_calibration_error(confidence, outcome),
        rtol=1e-12,
    )


@pytest.mark.parametrize("promised", [0.8, 0.95])
@pytest.mark.parametrize(("n", "shift"), [(150, 0.0), (150, 0.1), (1000, 0.03), (3000, 0.1)])
def test_the_interval_holds_the_error_as_often_as_it_says(n, shift, promised):
    rng = np.random.default_rng(n)
    found = [calibration_interval(*forecasts(rng, n, shift), level=promised) for _ in range(400)]
    held = np.mean([interval.low <= shift <= interval.high for interval in found])
    assert promised - 0.04 < held
    # Where the error is hardly seen the lower end is cut off at 0 and the interval is long.
    assert n < 3000 or held < promised + 0.04
    assert all(one.low <= one.error <= one.high for one in found)


def test_the_interval_of_a_curved_error_holds_what_bins_of_many_cases_show():
    def curved(n):
        confidence = rng.uniform(0.0, 1.0, n)
        return confidence, (rng.random(n) < confidence**1.3).astype(float)

    rng = np.random.default_rng(0)
    error = calibration_error(*curved(2_000_000))
    found = [calibration_interval(*curved(1500)) for _ in range(300)]
    assert 0.92 < np.mean([one.low <= error <= one.high for one in found]) < 0.99


def test_cells_of_one_row_that_move_together_widen_the_interval():
    confidence, outcome = forecasts(np.random.default_rng(3), 500, 0.1)
    copies, rows = (np.tile(confidence, 4), np.tile(outcome, 4)), np.tile(np.arange(500), 4)
    one, two = calibration_interval(*copies), calibration_interval(*copies, groups=rows)
    assert two.high - two.low > 1.5 * (one.high - one.low)


@pytest.mark.parametrize("grouped", [False, True])
def test_an_integer_weight_is_a_case_repeated(grouped):
    rng = np.random.default_rng(5)
    confidence, outcome = forecasts(rng, 400, 0.05)
    confidence = confidence.round(2)
    weights, groups = rng.integers(0, 4, 400), np.arange(400) // 2
    one = squared_calibration_error(
        confidence, outcome, weights=weights, groups=groups if grouped else None
    )
    again = [np.repeat(x, weights) for x in (confidence, outcome, groups)]
    two = squared_calibration_error(*again[:2], groups=again[2] if grouped else None)
    assert_allclose(one, two, rtol=1e-9)
    curves = (
        reliability_curve(confidence, outcome, weights=weights),
        reliability_curve(*again[:2]),
    )
    for name in ("confidence", "frequency", "count", "low", "high"):
        assert_allclose(*(getattr(curve, name) for curve in curves), rtol=1e-9)


def test_the_ends_of_the_curve_are_those_of_wilson():
    curve = reliability_curve(*forecasts(np.random.default_rng(0), 300), level=0.9)
    for rate, n, low, high in zip(curve.frequency, curve.count, curve.low, curve.high, strict=True):
        assert_allclose((low, high), wilson_interval(rate, n, quantile=1.6448536269514722))


def test_a_level_outside_0_and_1_is_refused():
    with pytest.raises(ValueError, match=r"`level` must be in \(0, 1\), got 1"):
        calibration_interval(np.full(20, 0.5), np.ones(20), level=1)


def test_the_error_is_never_negative_and_at_most_one():
    assert calibration_error(np.full(100, 0.5), np.tile([0, 1], 50)) == 0.0
    assert calibration_error(np.zeros(100), np.ones(100)) == 1.0


def test_equal_confidences_share_a_bin_and_bins_hold_like_counts():
    curve = reliability_curve(np.repeat([0.3, 0.7], [10, 90]), np.zeros(100))
    assert_array_equal(curve.count, [10, 90])
    even = reliability_curve(np.linspace(0, 1, 300), np.zeros(300), n_bins=15)
    assert_array_equal(even.count, np.full(15, 20))
    assert (np.diff(even.confidence) > 0).all()


def test_bins_never_hold_fewer_than_ten_cases():
    for n in (2, 9, 19, 25, 149):
        curve = reliability_curve(np.linspace(0, 1, n), np.zeros(n))
        assert curve.count.sum() == n
        assert curve.count.min() >= min(n, 10)


def test_no_cases_give_no_bins_and_one_case_no_error():
    assert len(reliability_curve(np.empty(0), np.empty(0)).count) == 0
    assert math.isnan(calibration_error(np.array([0.5]), np.array([1.0])))
    assert math.isnan(calibration_interval(np.array([0.5]), np.array([1.0])).high)
    assert math.isnan(calibration_error(np.array([0.5, 0.5]), np.ones(2), weights=np.zeros(2)))


def test_top_label_and_cells_feed_the_curve():
    confidence, hit = top_label(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([1, 1]))
    assert_array_equal(confidence, [0.8, 0.6])
    assert_array_equal(hit, [1.0, 0.0])
    probs, truth, row = observed_cells(
        np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[1.0, np.nan], [0.0, 1.0]])
    )
    assert_array_equal(probs, [0.1, 0.3, 0.4])
    assert_array_equal(truth, [1, 0, 1])
    assert_array_equal(row, [0, 1, 1])


@pytest.mark.parametrize(
    ("confidence", "outcome", "message"),
    [
        ([0.5, 1.01], [0, 1], "must be in 0..1, got 1.01 at row 1"),
        ([np.nan, 0.5], [0, 1], "got nan at row 0"),
        ([0.5, 0.5], [0, 2], "must be 0 or 1, got 2.0 at row 1"),
        ([0.5], [0, 1], "same shape"),
    ],
)
def test_what_is_no_forecast_is_refused(confidence, outcome, message):
    with pytest.raises(ValueError, match=message):
        calibration_error(np.array(confidence), np.array(outcome))


def test_less_than_one_bin_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        reliability_curve(np.array([0.5]), np.array([1]), n_bins=0)


def test_groups_are_any_names_one_for_each_case():
    rng = np.random.default_rng(0)
    p, names = rng.random(100), np.repeat(["ant", "bee", "cat", "dog"], 25)
    y = (rng.random(100) < p).astype(int)
    numbered = np.repeat([7, -3, 10**15, 0], 25)
    by_name = squared_calibration_error(p, y, groups=names)
    assert_allclose(squared_calibration_error(p, y, groups=numbered), by_name, rtol=1e-12)
    with pytest.raises(InputValueError, match=r"one entry for each case, shape \(100,\), got \(3"):
        squared_calibration_error(p, y, groups=np.arange(3))
