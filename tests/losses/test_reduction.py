import numpy as np
import pytest
from numpy.testing import assert_allclose

from headway.errors import InputTypeError, InputValueError
from headway.losses import weighted_mean


def test_a_weight_of_two_is_the_sample_twice(xp):
    values = xp.asarray([1.0, 5.0, 9.0])
    weighted = weighted_mean(values, xp.asarray([2.0, 1.0, 0.0]))
    assert_allclose(float(weighted), np.mean([1, 1, 5]), rtol=1e-6)


def test_only_the_ratios_of_weights_count():
    values = np.random.default_rng(0).normal(size=100)
    weights = np.random.default_rng(1).random(100)
    expected = weighted_mean(values, weights)
    assert_allclose(weighted_mean(values, weights * 1e306), expected)
    assert_allclose(weighted_mean(values, weights * 1e-300), expected)


def test_a_million_float32_losses_keep_their_digits(xp):
    values = xp.asarray(np.full(3_000_000, 0.1, dtype=np.float32))
    mean = weighted_mean(values)
    assert mean.dtype == values.dtype
    assert_allclose(float(mean), np.float32(0.1), rtol=1e-7)


def test_losses_of_any_shape_are_averaged(xp):
    values = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert float(weighted_mean(values)) == 2.5
    assert float(weighted_mean(values, xp.asarray([[0.0, 0.0], [1.0, 1.0]]))) == 3.5
    assert float(weighted_mean(xp.asarray(4.0))) == 4.0


def test_an_infinite_loss_stays_visible():
    assert weighted_mean([1.0, np.inf]) == np.inf
    assert np.isnan(weighted_mean([1.0, np.nan], [1.0, 1e-9]))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -1.0], "got -1 at row 1"),
        ([np.nan, 1.0], "got nan at row 0"),
        ([1.0, np.inf], "got inf at row 1"),
        ([1.0], r"shape \(2,\), one for each sample, got \(1,\)"),
        ([[1.0, 1.0]], r"got \(1, 2\)"),
        ([0, 0], "must not all be zero"),
    ],
)
def test_wrong_weights_are_named(weights, message):
    with pytest.raises(InputValueError, match=message):
        weighted_mean([1.0, 2.0], weights)


def test_words_cannot_be_averaged():
    with pytest.raises(InputTypeError, match="`values` must be real"):
        weighted_mean(["a"])
