"""The products of matrices behind the fused linear pass, against float64, at every level."""

import itertools

import numpy as np
import pytest

from headway.kernels.core import available_levels, core, use_core

LEVELS = available_levels()[1:]
pytestmark = pytest.mark.skipif(not LEVELS, reason="headway runs without its compiled core")

ROWS = (1, 2, 7, 12, 13, 37, 129)
CLASSES = (1, 2, 3, 5, 6, 7, 10, 13, 16, 17, 26, 33, 50, 100)
FEATURES = (1, 3, 5, 16, 30, 33, 54, 100, 515)


@pytest.fixture(params=LEVELS)
def compiled(request):
    with use_core(request.param):
        yield core()


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


def _apart(rng, shape, dtype):
    """Return a matrix whose rows lie apart, with NaN between them: none may leak."""
    wide = np.full((shape[0], shape[1] + 3), np.nan, dtype=dtype)
    wide[:, : shape[1]] = rng.normal(size=shape)
    return wide[:, : shape[1]]


def _assert_close(actual, truth, sizes, n_terms):
    """Compare with the bound of a sum of products in some order."""
    eps = np.finfo(actual.dtype).eps
    bound = 2 * eps * np.sqrt(n_terms + 10) * sizes
    assert (np.abs(actual - truth) <= bound + 1e-30).all()


def _shapes():
    """Return every two of the three sizes together, and some of all three."""
    shapes = set(zip(itertools.cycle(ROWS), itertools.cycle(CLASSES), FEATURES * 14, strict=False))
    shapes |= {(37, k, d) for k in CLASSES for d in FEATURES}
    shapes |= {(m, k, 33) for m in ROWS for k in CLASSES}
    return sorted(shapes)


def test_logits_are_the_products_of_rows(compiled, dtype):
    for m, k, d in _shapes():
        rng = np.random.default_rng([m, k, d])
        features, weights = _apart(rng, (m, d), dtype), _apart(rng, (k, d), dtype)
        packed = np.full(compiled.matrix_packed_size(k, d, features[:0]), np.nan, dtype=dtype)
        compiled.matrix_pack(weights, packed)
        logits = _apart(rng, (m, k), dtype)
        compiled.matrix_forward(features, packed, k, logits)
        wide, by = features.astype(np.float64), weights.astype(np.float64).T
        _assert_close(logits, wide @ by, np.abs(wide) @ np.abs(by), d)
        assert np.isnan(logits.base[:, k:]).all()


def test_gradients_by_the_weights_are_added(compiled, dtype):
    for m, k, d in _shapes():
        rng = np.random.default_rng([m, k, d])
        features, residuals = _apart(rng, (m, d), dtype), _apart(rng, (m, k), dtype)
        gradient = _apart(rng, (k, d), dtype)
        before = gradient.astype(np.float64)
        compiled.matrix_backward(residuals, features, gradient)
        wide, by = residuals.astype(np.float64).T, features.astype(np.float64)
        sizes = np.abs(before) + np.abs(wide) @ np.abs(by)
        _assert_close(gradient, before + wide @ by, sizes, m)
        assert np.isnan(gradient.base[:, d:]).all()


@pytest.mark.parametrize("accumulate", [False, True])
def test_gradients_by_the_features_are_written_or_added(compiled, dtype, accumulate):
    for m, k, d in _shapes():
        rng = np.random.default_rng([m, k, d])
        residuals, weights = _apart(rng, (m, k), dtype), _apart(rng, (k, d), dtype)
        gradient = _apart(rng, (m, d), dtype)
        before = gradient.astype(np.float64) * accumulate
        if not accumulate:
            gradient[:] = np.nan
        compiled.matrix_features(residuals, weights, gradient, accumulate)
        wide, by = residuals.astype(np.float64), weights.astype(np.float64)
        sizes = np.abs(before) + np.abs(wide) @ np.abs(by)
        _assert_close(gradient, before + wide @ by, sizes, k)
        assert np.isnan(gradient.base[:, d:]).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gram_is_added_below_the_diagonal(compiled, dtype, weighted):
    for m, d in itertools.product((1, 13, 300), FEATURES):
        rng = np.random.default_rng([m, d])
        features = _apart(rng, (m, d), dtype)
        weights = rng.uniform(size=m).astype(dtype) if weighted else None
        gram = _apart(rng, (d, d), dtype)
        before = gram.astype(np.float64)
        compiled.matrix_gram(features, weights, gram)
        wide = features.astype(np.float64)
        scaled = wide if weights is None else wide * weights.astype(np.float64)[:, None]
        sizes = np.abs(before) + np.abs(scaled).T @ np.abs(wide)
        lower = np.tril_indices(d)
        _assert_close(gram[lower], (before + scaled.T @ wide)[lower], sizes[lower], m)
        assert np.isnan(gram.base[:, d:]).all()


def test_many_classes_and_rows_pass_every_block(compiled):
    rng = np.random.default_rng(0)
    m, k, d = 600, 1003, 1030
    features, weights = (rng.normal(size=(n, d)).astype(np.float32) for n in (m, k))
    packed = np.empty(compiled.matrix_packed_size(k, d, features[:0]), dtype=np.float32)
    compiled.matrix_pack(weights, packed)
    logits = np.empty((m, k), dtype=np.float32)
    compiled.matrix_forward(features, packed, k, logits)
    np.testing.assert_allclose(logits, features @ weights.T, atol=1e-3)
    by_weights, by_features = np.zeros((k, d), np.float32), np.empty((m, d), np.float32)
    compiled.matrix_backward(logits, features, by_weights)
    np.testing.assert_allclose(by_weights, logits.T @ features, atol=0.1)
    compiled.matrix_features(logits, weights, by_features, False)
    np.testing.assert_allclose(by_features, logits @ weights, atol=0.1)


def test_an_infinite_or_missing_feature_stays_in_its_row(compiled, dtype):
    for value, k, d in itertools.product((np.nan, np.inf), (1, 5, 10, 16, 26), (5, 100)):
        rng = np.random.default_rng(0)
        features, weights = np.ones((30, d), dtype=dtype), rng.normal(size=(k, d)).astype(dtype)
        features[11, d - 1] = value
        packed = np.empty(compiled.matrix_packed_size(k, d, features[:0]), dtype=dtype)
        compiled.matrix_pack(weights, packed)
        logits = np.empty((30, k), dtype=dtype)
        compiled.matrix_forward(features, packed, k, logits)
        touched = ~np.isfinite(logits)
        assert touched[11].all()
        assert touched.sum() == k
