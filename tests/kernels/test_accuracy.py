"""How many last bits the kernels may lose, against a truth with more digits."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from numpy.testing import assert_allclose

from headway.kernels import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus

pytestmark = pytest.mark.usefixtures("level")


def _ulps(actual, truth):
    """Return the error in units of the last place of `actual`'s dtype."""
    actual = np.asarray(actual)
    spacing = np.spacing(np.abs(truth).astype(actual.dtype)).astype(np.float64)
    return np.abs(actual.astype(np.float64) - truth) / spacing


def test_float32_sigmoid_is_within_4_ulp(xp):
    logits = np.linspace(-103, 30, 200_001).astype(np.float32)
    truth = 1 / (1 + np.exp(-logits.astype(np.float64)))
    assert _ulps(sigmoid(xp.asarray(logits)), truth).max() <= 4


def test_float32_log_sigmoid_and_softplus_are_within_4_ulp(xp):
    logits = np.linspace(-80, 80, 100_001).astype(np.float32)
    wide = logits.astype(np.float64)
    truth = np.minimum(wide, 0) - np.log1p(np.exp(-np.abs(wide)))
    assert _ulps(log_sigmoid(xp.asarray(logits)), truth).max() <= 4
    truth = np.maximum(wide, 0) + np.log1p(np.exp(-np.abs(wide)))
    assert _ulps(softplus(xp.asarray(logits)), truth).max() <= 4


@pytest.mark.parametrize("n_classes", [2, 10, 33, 1000])
def test_float32_softmax_keeps_its_bound(xp, n_classes):
    rng = np.random.default_rng(n_classes)
    logits = (30 * rng.normal(size=(500, n_classes))).astype(np.float32)
    wide = logits.astype(np.float64)
    distance = wide.max(axis=1, keepdims=True) - wide
    weights = np.exp(-distance)
    truth = weights / weights.sum(axis=1, keepdims=True)
    error = np.abs(np.asarray(softmax(xp.asarray(logits))).astype(np.float64) - truth)
    # Below the smallest normal number only the absolute spacing can be kept.
    assert (error <= (distance + 8) * 2.0**-23 * truth + 2.0**-148).all()


def test_float64_softmax_and_sigmoid_keep_their_bounds(xp):
    rng = np.random.default_rng(0)
    logits = (20 * rng.normal(size=(20, 30))).astype(np.float64)
    probs = np.asarray(softmax(xp.asarray(logits)))
    cells = np.asarray(sigmoid(xp.asarray(logits)))
    with localcontext() as context:
        context.prec = 40
        for row, z in enumerate(logits):
            terms = [Decimal(float(value)).exp() for value in z]
            total = sum(terms)
            for column, term in enumerate(terms):
                truth = term / total
                bound = (Decimal(float(z.max() - z[column])) + 8) * Decimal(2) ** -52
                assert abs(Decimal(float(probs[row, column])) / truth - 1) <= bound
                truth = term / (1 + term)
                assert abs(Decimal(float(cells[row, column])) / truth - 1) <= 4 * Decimal(2) ** -52


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("scale", [0.0, 1.0, 5.0])
def test_a_million_float32_probs_sum_to_1(xp, axis, scale):
    logits = (scale * np.random.default_rng(1).normal(size=1_000_000)).astype(np.float32)
    column = logits[None, :] if axis == 1 else logits[:, None]
    probs = np.asarray(softmax(xp.asarray(column), axis=axis))
    assert abs(probs.astype(np.float64).sum() - 1) <= 1e-6
    wide = logits.astype(np.float64)
    truth = np.log(np.exp(wide).sum())
    assert_allclose(float(logsumexp(xp.asarray(logits))), truth, rtol=2e-7)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_million_float64_probs_sum_to_1(axis):
    logits = np.random.default_rng(2).normal(size=1_000_000)
    column = logits[None, :] if axis == 1 else logits[:, None]
    probs = softmax(column, axis=axis)
    total = np.sum(probs.astype(np.longdouble))
    assert abs(total - 1) <= 8 * 2.0**-52


def test_the_certain_class_keeps_its_small_loss(xp):
    """log(softmax(z)) is exactly 0 here; the truth is log1p(sum of the others)."""
    for dtype, distance in ((xp.float32, 40.0), (xp.float64, 600.0)):
        logits = xp.asarray([[0.0, distance, 0.0]], dtype=dtype)
        result = np.asarray(log_softmax(logits))[0, 1]
        assert_allclose(result, -2 * np.exp(-distance), rtol=1e-6)


def test_ties_at_the_top_are_all_counted(xp):
    logits = xp.asarray([[7.0, 7.0, 7.0, -30.0]], dtype=xp.float64)
    expected = 7 + np.log(3) + np.log1p(np.exp(-37.0) / 3)
    assert_allclose(float(logsumexp(logits)[0]), expected, rtol=1e-15)


def test_large_arrays_are_the_same_as_their_rows():
    """The NumPy kernels work in blocks: no seam may show."""
    logits = np.random.default_rng(3).normal(size=(5000, 13)).astype(np.float32)
    for kernel in (softmax, log_softmax, logsumexp, sigmoid, log_sigmoid, softplus):
        whole = kernel(logits)
        for row in (0, 2519, 2520, 2521, 4999):
            assert_allclose(whole[row], kernel(logits[row]), rtol=1e-6)


def test_input_is_never_modified(xp):
    for values in ([[0.0, 1.0], [2.0, 3.0]], [[float("inf"), 1.0], [2.0, float("nan")]]):
        logits = xp.asarray(values)
        for kernel in (softmax, log_softmax, logsumexp, sigmoid, log_sigmoid, softplus):
            kernel(logits)
            np.testing.assert_array_equal(np.asarray(logits), values)


def test_any_memory_layout_gives_the_same_result():
    logits = np.random.default_rng(4).normal(size=(6, 8))
    for twisted in (np.asfortranarray(logits), logits[::-1][::-1], np.repeat(logits, 2, 1)[:, ::2]):
        for kernel in (softmax, log_softmax, logsumexp, sigmoid):
            np.testing.assert_array_equal(kernel(twisted), kernel(logits))
