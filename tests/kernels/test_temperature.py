"""Laws of the loss as a function of the sharpness, at every level."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import log_softmax

from headway.kernels.core import core
from headway.kernels.temperature import sharpness_sums

SHAPES = [(1, 1), (7, 2), (33, 3), (40, 16), (25, 17), (9, 100), (3, 1000), (2, 20_000)]
DTYPES = [np.float32, np.float64]


def made(shape, dtype, *, exclusive, seed=0):
    rng = np.random.default_rng(seed)
    z = (3 * rng.normal(size=shape)).astype(dtype)
    w = rng.uniform(0.5, 2.0, shape[0])
    if exclusive:
        return z, rng.integers(0, shape[1], shape[0]), None, w
    t = rng.integers(0, 2, shape).astype(dtype)
    t[rng.random(shape) < 0.2] = np.nan
    return z, None, t, w


def loss_of(z, labels, t, w, b):
    """The plain formulas, in float64."""
    z = z.astype(np.float64) * b
    if labels is not None:
        return -(w * np.take_along_axis(log_softmax(z, axis=1), labels[:, None], 1)[:, 0]).sum()
    cells = np.logaddexp(0, z) - np.nan_to_num(t.astype(np.float64)) * z
    return (w[:, None] * np.where(np.isnan(t), 0.0, cells)).sum()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("b", [0.05, 1.0, 7.0])
def test_the_loss_is_the_plain_formula_and_the_rest_are_its_derivatives(
    level, shape, dtype, exclusive, b
):
    case = made(shape, dtype, exclusive=exclusive)
    found = sharpness_sums(*case, b)
    h = 1e-4 * b
    low, here, high = (loss_of(*case, b + step) for step in (-h, 0.0, h))
    size = 1e-4 if dtype == np.float32 else 1e-9
    scale = np.abs(case[0]).sum() + 1.0
    assert_allclose(found.loss, here, rtol=size, atol=size)
    assert_allclose(found.slope, (high - low) / (2 * h), rtol=1e-5, atol=max(size, 1e-6) * scale)
    bent = (high - 2 * here + low) / h**2
    assert_allclose(found.curvature, bent, rtol=1e-2, atol=1e-4 * scale / b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_shift_of_a_row_changes_nothing(level, dtype):
    z, labels, _, w = made((50, 8), dtype, exclusive=True)
    z = np.round(z * 8) / 8  # so that the sums are exact
    moved = z + np.arange(50, dtype=dtype)[:, None]
    assert sharpness_sums(moved, labels, None, w, 1.3) == sharpness_sums(z, labels, None, w, 1.3)


def test_two_classes_are_one_sigmoid_of_their_difference(level):
    z, labels, _, w = made((60, 2), np.float64, exclusive=True)
    pair = sharpness_sums(z, labels, None, w, 0.7)
    one = sharpness_sums(z[:, 1:] - z[:, :1], None, labels[:, None].astype(float), w, 0.7)
    assert_allclose(pair, one, rtol=1e-12)


def test_an_impossible_class_takes_no_part(level):
    z, labels, _, w = made((40, 5), np.float64, exclusive=True)
    with_one = np.c_[z, np.full(40, -np.inf)]
    assert_allclose(
        sharpness_sums(with_one, labels, None, w, 2.0),
        sharpness_sums(z, labels, None, w, 2.0),
        rtol=1e-13,
    )


def test_missing_cells_take_no_part_whatever_their_logit(level):
    z, _, t, w = made((40, 19), np.float64, exclusive=False)
    other = np.where(np.isnan(t), 1e6, z)
    assert_allclose(
        sharpness_sums(other, None, t, w, 1.0), sharpness_sums(z, None, t, w, 1.0), rtol=1e-13
    )


def test_a_weight_of_two_is_the_row_given_twice(level):
    z, labels, _, _ = made((30, 4), np.float64, exclusive=True)
    weights = np.r_[np.full(10, 2.0), np.ones(20)]
    twice = np.r_[np.arange(10), np.arange(30)]
    assert_allclose(
        sharpness_sums(z, labels, None, weights, 1.0),
        sharpness_sums(z[twice], labels[twice], None, None, 1.0),
        rtol=1e-13,
    )


@pytest.mark.parametrize("exclusive", [True, False])
def test_any_number_of_threads_gives_the_same_bits(level, exclusive):
    if core() is None:
        pytest.skip("the NumPy twins have no threads of their own")
    case = made((5000, 60), np.float32, exclusive=exclusive)
    before = core().threads()
    try:
        found = []
        for count in (1, 2, 3):
            core().set_threads(count)
            found.append(sharpness_sums(*case, 1.1))
    finally:
        core().set_threads(before)
    assert found[0] == found[1] == found[2]
