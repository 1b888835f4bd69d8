"""Beta calibration: its least loss, its bounds, and what it says of labels that say little."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from sklearn.linear_model import LogisticRegression

from headway.calibration import Beta, calibrate
from headway.calibration.columns import soft_targets
from headway.calibration.rows import label_rows
from headway.errors import InputValueError
from headway.losses import binary_cross_entropy


def bent(n=4000, seed=0):
    """Three labels: bent at 0, honest, and falling far below 0."""
    rng = np.random.default_rng(seed)
    z = 2 * rng.normal(size=(n, 3))
    truth = np.c_[
        0.5 * log_expit(z[:, 0]) - 2.0 * log_expit(-z[:, 0]) - 0.5,
        z[:, 1],
        np.where(z[:, 2] < 0, -z[:, 2], z[:, 2]),
    ]
    return z, (rng.random(z.shape) < expit(truth)).astype(float)


def value(theta, z, t, weights):
    """The penalised loss of one label, for SciPy."""
    y = theta[0] * log_expit(z) - theta[1] * log_expit(-z) + theta[2]
    return weights @ (np.logaddexp(0, y) - t * y) + 0.5 * ((theta[:2] - 1) ** 2).sum()


@pytest.mark.parametrize("weighted", [False, True])
def test_it_reaches_the_least_loss_within_its_bounds(weighted):
    z, t = bent(600)
    weights = np.random.default_rng(1).uniform(0, 2, 600) if weighted else None
    found = Beta.fit(z, t, weights=weights)
    targets = soft_targets(label_rows(z, t, weights))
    w = np.ones(600) if weights is None else weights
    for k in range(3):
        peer = minimize(
            value,
            [1.0, 1.0, 0.0],
            (z[:, k], targets[:, k], w),
            method="L-BFGS-B",
            bounds=[(0, None), (0, None), (None, None)],
            options={"ftol": 1e-14, "gtol": 1e-8},
        )
        ours = np.array([found.below[k], found.above[k], found.intercept[k]])
        assert value(ours, z[:, k], targets[:, k], w) <= peer.fun + 1e-7
    assert found.below[2] == 0.0  # where the frequency falls the function stays flat


def test_absence_instead_of_presence_swaps_the_slopes():
    z, t = bent(600)
    found, turned = Beta.fit(z, t), Beta.fit(-z, 1 - t)
    assert_allclose(turned.above, found.below, atol=1e-6)
    assert_allclose(turned.below, found.above, atol=1e-6)
    assert_allclose(turned.intercept, -found.intercept, atol=1e-6)


def test_a_function_that_falls_a_little_above_0_is_flat_there_and_keeps_its_slope_below():
    rng = np.random.default_rng(0)
    z = 2 * rng.normal(size=(4000, 1))
    t = (rng.random(z.shape) < expit(np.where(z < 0, 1.5 * z, -0.3 * z))).astype(float)
    found = Beta.fit(z, t)
    assert found.above[0] == 0.0
    assert found.below[0] > 0.5


def test_with_many_rows_it_is_logistic_regression_on_both_logarithms():
    z, t = bent(40_000)
    found = Beta.fit(z, t)
    both = np.c_[log_expit(z[:, 0]), -log_expit(-z[:, 0])]
    peer = LogisticRegression(C=np.inf, tol=1e-10).fit(both, t[:, 0])
    assert_allclose([found.below[0], found.above[0]], peer.coef_[0], atol=0.02)
    assert_allclose(found.intercept[0], peer.intercept_[0], atol=0.02)


def test_it_finds_a_bend_that_no_line_can():
    from headway.calibration import Platt

    z, t = bent()
    new, truth = bent(seed=1)
    losses = [
        binary_cross_entropy(kind.fit(z, t)(new)[:, :1], truth[:, :1]).mean()
        for kind in (Beta, Platt)
    ]
    assert losses[0] < losses[1] - 0.002


def test_honest_logits_are_hardly_changed():
    z, t = bent(40_000)
    found = Beta.fit(z, t)
    assert_allclose(found(z)[:, 1], z[:, 1], atol=0.6)
    assert_allclose([found.below[1], found.above[1], found.intercept[1]], [1, 1, 0], atol=0.1)


def test_an_integer_weight_is_a_row_repeated():
    z, t = bent(500)
    t[np.random.default_rng(2).random(t.shape) < 0.2] = np.nan
    weights = np.random.default_rng(1).integers(0, 4, 500)
    one = Beta.fit(z, t, weights=weights)
    two = Beta.fit(np.repeat(z, weights, axis=0), np.repeat(t, weights, axis=0))
    assert_allclose(one(z), two(z), atol=1e-6)


def test_a_missing_cell_does_not_count():
    z, t = bent(1000)
    t[:400, 0] = np.nan
    found, alone = Beta.fit(z, t), Beta.fit(z[400:, :1], t[400:, :1])
    assert_allclose(found(z)[:, :1], alone(z[:, :1]), atol=1e-6)


def test_logits_on_one_side_of_0_leave_the_other_slope_near_1():
    rng = np.random.default_rng(0)
    z = -8 - rng.random((500, 1))
    found = Beta.fit(z, (rng.random((500, 1)) < 0.02).astype(float))
    assert abs(found.above[0] - 1.0) < 0.1


def test_the_order_is_kept_where_both_slopes_are_above_0():
    assert Beta([0.5], [2.0], [0.0]).keeps_order
    assert not Beta([0.0], [2.0], [0.0]).keeps_order
    z = np.linspace(-30, 30, 200)[:, None]
    assert_array_equal(np.argsort(Beta([0.5], [2.0], [1.0])(z), axis=0), np.argsort(z, axis=0))


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_a_label_of_one_outcome_alone_becomes_rare_or_common_but_not_certain(outcome):
    z = np.random.default_rng(0).normal(size=(200, 1))
    probs = expit(Beta.fit(z, np.full((200, 1), outcome))(z))
    assert_allclose(probs.mean(), abs(outcome - 1 / 202), atol=1e-4)


def test_a_label_that_is_missing_everywhere_stays_as_it_is():
    z, t = bent(100)
    t[:, 1] = np.nan
    assert_array_equal(Beta.fit(z, t)(z)[:, 1].round(9), z[:, 1].round(9))


def test_calibrate_takes_it_where_a_label_has_30_of_each():
    z, t = bent()
    t[:, 1] = 0
    t[:29, 1] = 1
    calibrator, report = calibrate(z, t, "beta")
    assert isinstance(calibrator, Beta)
    assert report.kept == (True, False, True)
    assert report.reasons[1] == "it takes 30 positives and 30 negatives, and there are 29 and 3971"


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (([-0.1], [1.0], [0.0]), "`below` must hold a finite number of at least 0"),
        (([1.0], [np.inf], [0.0]), "`above` must hold a finite number of at least 0"),
        (([1.0], [1.0], [np.nan]), "`intercept` must hold a finite number for each"),
        (([1.0], [1.0], [0.0, 0.0]), "same length, got 1, 1 and 2"),
    ],
)
def test_numbers_that_cannot_be_are_named(numbers, message):
    with pytest.raises(InputValueError, match=message):
        Beta(*numbers)
