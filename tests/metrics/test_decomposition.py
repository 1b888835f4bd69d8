"""Parts of a score: they add up exactly, and each means what it says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_softmax
from sklearn.isotonic import IsotonicRegression

from headway.metrics import (
    brier_parts,
    brier_score,
    by_label,
    calibration_interval,
    class_log_odds,
    log_loss_parts,
    top_label,
)

BOTH = pytest.mark.parametrize("kind", ["brier", "log-loss"])


def parts(kind, log_odds, outcome, weights=None):
    if kind == "brier":
        return brier_parts(expit(log_odds), outcome, weights=weights)
    return log_loss_parts(log_odds, outcome, weights=weights)


def score(kind, log_odds, outcome):
    if kind == "brier":
        return (expit(log_odds) - outcome) ** 2
    return np.logaddexp(0, np.where(outcome == 1, -log_odds, log_odds))


def forecasts(n=500, seed=0, slope=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    z = 1.5 * rng.normal(size=n)
    return slope * z + shift, (rng.random(n) < expit(z)).astype(float)


@BOTH
@given(
    cells=st.lists(st.tuples(st.integers(-30, 30), st.booleans(), st.integers(0, 3)), min_size=1)
)
def test_the_parts_add_up_and_none_is_negative(kind, cells):
    z, t, w = np.array(cells, dtype=float).T
    found = parts(kind, z, t, w)
    if not w.any():
        assert math.isnan(found.score)
        return
    assert_allclose(found.score, (w @ score(kind, z, t)) / w.sum(), rtol=1e-9)
    total = found.miscalibration - found.discrimination + found.uncertainty
    assert_allclose(total, found.score, rtol=1e-9, atol=1e-12)
    assert_allclose(found.miscalibration + found.refinement, found.score, rtol=1e-9, atol=1e-12)
    assert min(found.miscalibration, found.discrimination, found.uncertainty) >= -1e-12


@BOTH
def test_the_recalibrated_forecasts_are_those_of_scikit_learn(kind):
    z, t = forecasts()
    peer = IsotonicRegression().fit(z, t).predict(z)
    with np.errstate(divide="ignore"):
        log_odds = np.log(peer) - np.log1p(-peer)
    expected = score(kind, log_odds, t).mean()
    assert_allclose(parts(kind, z, t).refinement, expected, rtol=1e-9)


@BOTH
def test_recalibrated_forecasts_have_no_miscalibration_and_the_same_discrimination(kind):
    z, t = forecasts(slope=3.0, shift=1.0)
    peer = np.clip(IsotonicRegression().fit(z, t).predict(z), 1e-9, 1 - 1e-9)
    found = parts(kind, np.log(peer) - np.log1p(-peer), t)
    assert_allclose(found.miscalibration, 0.0, atol=1e-6)
    assert_allclose(found.discrimination, parts(kind, z, t).discrimination, atol=1e-9)


@BOTH
def test_a_rising_function_of_the_forecasts_changes_the_calibration_loss_alone(kind):
    z, t = forecasts()
    one, two = parts(kind, z, t), parts(kind, 3 * z + 1, t)
    assert_allclose([two.refinement, two.discrimination], [one.refinement, one.discrimination])
    assert two.miscalibration > one.miscalibration + 0.01


@BOTH
def test_of_many_honest_forecasts_next_to_nothing_is_miscalibration(kind):
    found = parts(kind, *forecasts(100_000))
    assert found.miscalibration < 0.001
    assert found.discrimination > 0.05


@BOTH
def test_the_share_of_events_discriminates_nothing(kind):
    t = np.repeat([0.0, 1.0], [75, 25])
    found = parts(kind, np.full(100, np.log(1 / 3)), t)
    assert_allclose([found.miscalibration, found.discrimination], 0.0, atol=1e-12)
    assert_allclose(found.score, found.uncertainty)


@BOTH
def test_an_integer_weight_is_a_case_repeated(kind):
    z, t = forecasts(200)
    w = np.random.default_rng(1).integers(0, 4, 200)
    one, two = parts(kind, z, t, w), parts(kind, np.repeat(z, w), np.repeat(t, w))
    for name in ("score", "miscalibration", "discrimination", "uncertainty"):
        assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-9)


@BOTH
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_where_one_outcome_is_all_there_is_the_whole_score_is_miscalibration(kind, outcome):
    found = parts(kind, np.array([-1.0, 0.5, 0.5]), np.full(3, outcome))
    assert_allclose([found.discrimination, found.uncertainty], 0.0, atol=1e-12)
    assert_allclose(found.miscalibration, found.score)


@BOTH
def test_one_case_and_none_are_answered(kind):
    assert_allclose(parts(kind, np.zeros(1), np.ones(1)).uncertainty, 0.0)
    assert math.isnan(parts(kind, np.zeros(0), np.zeros(0)).score)


def test_the_impossible_that_happened_costs_an_infinite_miscalibration():
    found = log_loss_parts(np.array([-np.inf, 0.0, np.inf]), np.array([1, 0, 1]))
    assert found.score == found.miscalibration == np.inf
    assert np.isfinite([found.discrimination, found.uncertainty]).all()


class TestByLabel:
    def test_classes_against_the_others_add_up_to_the_brier_score(self):
        rng = np.random.default_rng(0)
        probs, y = rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200)
        found = by_label(brier_parts, probs, y)
        assert_allclose(sum(part.score for part in found), brier_score(probs, y).mean())

    def test_missing_cells_count_nowhere(self):
        z, t = (np.stack(pair, axis=1) for pair in zip(forecasts(), forecasts(seed=1), strict=True))
        t[:200, 0] = np.nan
        t[:, 1] = np.nan
        one, none = by_label(log_loss_parts, z, t, weights=np.ones(500))
        assert one == log_loss_parts(z[200:, 0], t[200:, 0])
        assert math.isnan(none.score)
        errors = by_label(calibration_interval, expit(z), t)
        assert errors[0] == calibration_interval(expit(z[200:, 0]), t[200:, 0])
        assert math.isnan(errors[1].error)

    def test_shapes_that_do_not_fit_are_refused(self):
        with pytest.raises(ValueError, match=r"same shape \(n, L\), got \(2, 2\) and \(2, 3\)"):
            by_label(brier_parts, np.zeros((2, 2)), np.zeros((2, 3)))
        with pytest.raises(ValueError, match="each of the 2 cases"):
            by_label(brier_parts, np.zeros((2, 2)), np.zeros((2, 2)), weights=np.array([1, -1]))


class TestClassLogOdds:
    def test_of_two_classes_they_are_the_difference_of_the_logits(self):
        z = np.array([[0.0, 50.0], [3.0, -40.0], [1.0, 1.0]])
        found = class_log_odds(log_softmax(z, axis=1))
        assert_allclose(found[:, 1], z[:, 1] - z[:, 0], rtol=1e-12)
        assert_allclose(found[:, 0], z[:, 0] - z[:, 1], rtol=1e-12)

    def test_they_give_the_probabilities_back(self):
        log_probs = log_softmax(np.random.default_rng(0).normal(size=(50, 4)), axis=1)
        assert_allclose(expit(class_log_odds(log_probs)), np.exp(log_probs), rtol=1e-12)

    def test_certainty_is_infinite(self):
        assert_array_equal(class_log_odds(np.array([[0.0, -np.inf]])), [[np.inf, -np.inf]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: log_loss_parts(np.array([np.nan]), np.ones(1)), "NaN at row 0"),
        (lambda: log_loss_parts(np.zeros(2), np.ones(1)), r"same shape \(n,\), got \(2,\) and"),
        (lambda: log_loss_parts(np.zeros(1), np.full(1, 0.5)), "0 or 1, got 0.5 at row 0"),
        (lambda: brier_parts(np.full(1, 1.5), np.ones(1)), "in 0..1, got 1.5 at row 0"),
        (lambda: brier_parts(np.ones(1), np.ones(1), weights=[-1.0]), "each of the 1 cases"),
    ],
)
def test_what_cannot_be_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_largest_probability_is_a_forecast_too():
    rng = np.random.default_rng(0)
    log_probs = log_softmax(rng.normal(size=(300, 4)), axis=1)
    y = rng.integers(0, 4, 300)
    confidence, hit = top_label(np.exp(log_probs), y)
    log_odds = class_log_odds(log_probs).max(axis=1)
    brier, entropy = brier_parts(confidence, hit), log_loss_parts(log_odds, hit)
    assert_allclose(brier.score, ((confidence - hit) ** 2).mean())
    assert_allclose(entropy.score, -np.log(np.where(hit, confidence, 1 - confidence)).mean())


def test_rounding_leaves_no_part_below_zero():
    rng = np.random.default_rng(0)
    for _ in range(300):
        n = rng.integers(1, 20)
        p, y = rng.choice([0.0, 0.3, 0.5, 1.0], n), rng.integers(0, 2, n)
        found = brier_parts(p, y, weights=rng.choice([0.3, 1.0, 2.0], n))
        assert min(found.miscalibration, found.discrimination, found.uncertainty) >= 0
