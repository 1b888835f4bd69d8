"""One row through a linear model without overhead, at every level of the core."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.kernels import log_sigmoid, sigmoid, softmax
from headway.kernels.lean import lean_rows


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


def _model(n_classes, n_features, dtype):
    rng = np.random.default_rng([n_classes, n_features])
    return rng.normal(size=(n_classes, n_features)).astype(dtype), rng.normal(
        size=n_classes
    ).astype(dtype)


def _to_probs(logits, link):
    if link == "softmax":
        return softmax(logits)
    if link == "sigmoid":
        return sigmoid(logits)
    if link == "normalised":
        return softmax(log_sigmoid(logits))
    return np.concatenate([sigmoid(-logits), sigmoid(logits)], axis=-1)


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "binary", "normalised"])
def test_logits_and_probs_are_those_of_the_formula(level, dtype, link):
    eps = np.finfo(dtype).eps
    for n_classes, n_features in itertools.product((1, 2, 7, 10, 17, 100), (1, 5, 16, 33, 784)):
        if link == "binary" and n_classes > 1:
            continue
        coefficients, intercepts = _model(n_classes, n_features, dtype)
        predictor = lean_rows(coefficients, intercepts, link)
        rows = np.random.default_rng(0).normal(size=(9, n_features)).astype(dtype)
        wide = rows.astype(np.float64) @ coefficients.astype(np.float64).T + intercepts
        bound = 4 * eps * n_features**0.5 * (np.abs(wide).max() + 5)
        for n in (1, 2, 9):
            logits = np.full((n, n_classes), np.nan, dtype)
            assert predictor.logits(rows[:n], logits) is logits
            assert_allclose(logits, wide[:n], atol=bound)
            probs = np.full((n, predictor.n_probs), np.nan, dtype)
            assert predictor.probs(rows[:n], probs) is probs
            truth = _to_probs(logits.astype(np.float64), link)
            assert_allclose(
                probs, truth, rtol=200 * eps, atol=2 * np.finfo(dtype).smallest_subnormal
            )
        one = np.empty(predictor.n_probs, dtype)
        assert_array_equal(predictor.probs(rows[0], one), predictor.probs(rows[:1], probs[:1])[0])


def test_rows_of_the_other_dtype_and_rows_apart_are_taken(level, dtype):
    predictor = lean_rows(*_model(3, 20, dtype), "softmax")
    rows = np.random.default_rng(0).normal(size=(5, 20)).astype(np.float32)
    expected = predictor.probs(rows.astype(dtype), np.empty((5, 3), dtype)).copy()
    fortran, other = np.asfortranarray(rows), rows.astype(np.float64)
    spread = np.repeat(rows, 2, axis=0)[::2]
    backwards = rows[::-1].copy()[::-1]
    for twisted in (rows, fortran, other, spread, backwards):
        twisted.flags.writeable = False
        found = predictor.probs(twisted, np.empty((5, 3), dtype))
        assert_allclose(found, expected, rtol=100 * np.finfo(dtype).eps)


def test_large_logits_give_exact_limits(level, dtype):
    softmax_model = lean_rows(np.array([[1.0], [-1.0]], dtype), np.zeros(2, dtype), "softmax")
    out = np.empty(2, dtype)
    for value in (1e4, 1e30, np.inf):
        assert_array_equal(softmax_model.probs(np.array([value], dtype), out), [1, 0])
    binary = lean_rows(np.ones((1, 1), dtype), np.zeros(1, dtype), "binary")
    assert_array_equal(binary.probs(np.array([-np.inf], dtype), out), [1, 0])
    assert_array_equal(binary.probs(np.array([1e30], dtype), out), [0, 1])
    assert np.isnan(softmax_model.probs(np.array([np.nan], dtype), out)).all()
    nowhere = lean_rows(np.ones((2, 1), dtype), np.zeros(2, dtype), "softmax")
    assert np.isnan(nowhere.probs(np.array([-np.inf], dtype), out)).all()
    assert_array_equal(nowhere.probs(np.array([np.inf], dtype), out), [0.5, 0.5])


def test_no_rows_give_no_probs(level, dtype):
    predictor = lean_rows(*_model(3, 4, dtype), "softmax")
    assert predictor.probs(np.empty((0, 4), dtype), np.empty((0, 3), dtype)).shape == (0, 3)


def test_what_does_not_fit_is_refused(level):
    predictor = lean_rows(*_model(3, 4, np.float32), "softmax")
    row, out = np.zeros(4, np.float32), np.empty(3, np.float32)
    with pytest.raises(ValueError, match=r"row of shape \(4,\).*got \(5,\)"):
        predictor.probs(np.zeros(5, np.float32), out)
    with pytest.raises(ValueError, match=r"got \(1, 1, 4\)"):
        predictor.probs(row[None, None], out)
    with pytest.raises(TypeError, match="float32 or float64"):
        predictor.probs(np.zeros(4, int), out)
    for wrong in (np.empty(4, np.float32), np.empty(3), np.empty((1, 3), np.float32)):
        with pytest.raises(ValueError, match="`out` must be a C-contiguous array of dtype float32"):
            predictor.probs(row, wrong)
    out.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        predictor.probs(row, out)
    with pytest.raises((TypeError, AttributeError)):
        predictor.probs([0.0] * 4, out)
