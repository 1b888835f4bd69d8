"""Cross-entropy of linear logits, against the same from all the logits at once."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputTypeError, InputValueError
from headway.kernels.core import available_levels, core, use_core
from headway.losses import cross_entropy, cross_entropy_gradient, linear_cross_entropy


@pytest.fixture(params=available_levels(), autouse=True)
def at_level(request):
    with use_core(request.param):
        yield request.param


def _dense(features, weights, labels, bias=None, smoothing=0.0, sample_weight=None):
    """Return losses and gradients from the logits, in float64."""
    features, weights = (np.asarray(a, dtype=np.float64) for a in (features, weights))
    logits = features @ weights.T + (0.0 if bias is None else np.asarray(bias, np.float64))
    losses = cross_entropy(logits, labels, label_smoothing=smoothing)
    residuals = cross_entropy_gradient(logits, labels, label_smoothing=smoothing)
    if sample_weight is not None:
        residuals = residuals * np.asarray(sample_weight, dtype=np.float64)[:, None]
    return losses, residuals @ weights, residuals.T @ features, residuals.sum(axis=0)


def _problem(n, d, n_classes, dtype):
    rng = np.random.default_rng([n, d, n_classes])
    features = rng.normal(size=(n, d)).astype(dtype)
    weights = rng.normal(size=(n_classes, d)).astype(dtype)
    bias = rng.normal(size=n_classes).astype(dtype)
    labels = rng.integers(n_classes, size=n)
    return features, weights, labels, bias, rng.uniform(size=n).astype(dtype)


SHAPES = [
    (1, 1, 1),
    (1, 3, 2),
    (5, 7, 31),
    (33, 20, 100),
    (129, 17, 250),
    (300, 64, 1001),
    (64, 520, 60),
    (7, 5, 20_000),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("with_bias", [False, True])
def test_losses_and_gradients_are_those_of_the_logits(shape, dtype, smoothing, with_bias):
    features, weights, labels, bias, by = _problem(*shape, dtype)
    bias, by = (bias, by) if with_bias else (None, None)
    result = linear_cross_entropy(
        features, weights, labels, bias=bias, label_smoothing=smoothing, sample_weight=by
    )
    truth = _dense(features, weights, labels, bias, smoothing, by)
    eps = np.finfo(dtype).eps
    # Logits of size sqrt(d) are sums of d terms: so large is their error, and that of the rest.
    bound = 20 * eps * shape[1]
    assert_allclose(result.losses, truth[0], rtol=bound, atol=bound)
    for actual, expected in zip(result[1:], truth[1:], strict=True):
        if actual is None:
            assert not with_bias
        else:
            assert actual.dtype == dtype
            assert_allclose(actual, expected, atol=bound * max(np.abs(expected).max(), 1))


def test_one_and_two_threads_give_the_same_bits():
    features, weights, labels, bias, by = _problem(150, 40, 3000, np.float32)
    results = []
    threads = 1 if core() is None else core().threads()
    for count in (1, 2):
        if core() is not None:
            core().set_threads(count)
        results.append(linear_cross_entropy(features, weights, labels, bias=bias, sample_weight=by))
    if core() is not None:
        core().set_threads(threads)
    for one, two in zip(*results, strict=True):
        assert_array_equal(one, two)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_an_infinite_bias_rules_its_class_out(smoothing):
    features, weights, labels, bias, _ = _problem(20, 6, 300, np.float64)
    bias[7:260] = -np.inf
    labels[:] = 3
    labels[4] = 9
    result = linear_cross_entropy(features, weights, labels, bias=bias, label_smoothing=smoothing)
    truth = _dense(features, weights, labels, bias, smoothing)
    assert result.losses[4] == np.inf
    assert_allclose(result.losses, truth[0], rtol=1e-12)
    for actual, expected in zip(result[1:], truth[1:], strict=True):
        assert_allclose(actual, expected, atol=1e-12)


def test_a_row_without_a_possible_class_is_named():
    features = np.ones((200, 1))
    with pytest.raises(InputValueError, match="all logits are -inf at row 0"):
        linear_cross_entropy(features, np.ones((2, 1)), np.zeros(200, int), bias=[-np.inf] * 2)
    features[150] = np.inf
    with pytest.raises(InputValueError, match="at row 150"):
        linear_cross_entropy(features, -np.ones((300, 1)), np.zeros(200, int))


def test_an_infinite_logit_takes_all_the_mass():
    features = np.array([[np.inf], [1.0]])
    result = linear_cross_entropy(features, np.array([[1.0], [-1.0], [1.0]]), [0, 0])
    assert_allclose(result.losses[0], np.log(2))
    logits = np.array([[np.inf, -np.inf, np.inf]])
    assert_allclose(result.losses[:1], cross_entropy(logits, [0]))


def test_a_missing_feature_spoils_its_own_row_alone():
    features, weights, labels, _, _ = _problem(40, 5, 500, np.float32)
    before = linear_cross_entropy(features, weights, labels)
    features[11, 2] = np.nan
    after = linear_cross_entropy(features, weights, labels)
    for one, two in ((before.losses, after.losses), before[1:2] + after[1:2]):
        assert np.isnan(two[11]).all()
        assert_array_equal(np.delete(one, 11, 0), np.delete(two, 11, 0))


def test_the_certain_class_keeps_its_small_loss():
    weights = np.zeros((1000, 1))
    weights[700] = 1
    for dtype, distance in ((np.float32, 40.0), (np.float64, 600.0)):
        result = linear_cross_entropy(
            np.full((1, 1), distance, dtype), weights.astype(dtype), [700]
        )
        assert_allclose(result.losses, 999 * np.exp(-distance), rtol=1e-5)


def test_many_classes_are_summed_to_the_last_digits():
    weights = np.random.default_rng(0).normal(size=(200_000, 1)).astype(np.float32)
    features = np.ones((1, 1), dtype=np.float32)
    losses = linear_cross_entropy(features, weights, [5]).losses
    wide = weights[:, 0].astype(np.float64)
    assert_allclose(losses, np.log(np.exp(wide).sum()) - wide[5], rtol=2e-7)


def test_a_sample_of_weight_0_adds_nothing():
    features, weights, labels, bias, by = _problem(30, 4, 50, np.float32)
    bias[labels[3]] = -np.inf
    by[labels == labels[3]] = 0
    kept = by > 0
    some = linear_cross_entropy(
        features[kept], weights, labels[kept], bias=bias, sample_weight=by[kept]
    )
    whole = linear_cross_entropy(features, weights, labels, bias=bias, sample_weight=by)
    assert whole.losses[3] == np.inf
    assert_allclose(whole.weights_gradient, some.weights_gradient, atol=1e-5)
    assert not whole.features_gradient[~kept].any()


def test_what_is_not_needed_is_not_computed_and_outputs_are_reused():
    features, weights, labels, bias, _ = _problem(30, 4, 50, np.float32)
    full = linear_cross_entropy(features, weights, labels, bias=bias)
    out = tuple(np.full_like(array, np.nan) for array in full[1:])
    again = linear_cross_entropy(features, weights, labels, bias=bias, out=out)
    for actual, expected, given in zip(again[1:], full[1:], out, strict=True):
        assert actual is given
        assert_array_equal(actual, expected)
    less = linear_cross_entropy(features, weights, labels, bias=bias, need_features_gradient=False)
    assert less.features_gradient is None
    assert_array_equal(less.weights_gradient, full.weights_gradient)


def test_rows_apart_and_other_dtypes_are_taken():
    features, weights, labels, _, _ = _problem(30, 4, 50, np.float64)
    truth = linear_cross_entropy(features, weights, labels)
    wide = np.repeat(features, 2, axis=0)[::2]
    for twisted in (wide, np.asfortranarray(features), features.astype(">f8")):
        for labels_too in (labels.astype(np.int8), np.repeat(labels, 2)[::2]):
            result = linear_cross_entropy(twisted, weights, labels_too)
            assert_array_equal(result.weights_gradient, truth.weights_gradient)
    assert linear_cross_entropy([[1, 2]], [[1, 0]], [0]).losses.dtype == np.float64
    half = features.astype(np.float16), weights.astype(np.float16)
    assert linear_cross_entropy(*half, labels).weights_gradient.dtype == np.float32


def test_no_samples_give_no_losses_and_a_gradient_of_0():
    result = linear_cross_entropy(
        np.empty((0, 3)), np.ones((4, 3)), np.empty(0, dtype=int), bias=np.zeros(4)
    )
    assert result.losses.shape == (0,)
    assert result.features_gradient.shape == (0, 3)
    assert not result.weights_gradient.any()
    assert not result.bias_gradient.any()


def test_what_does_not_fit_is_refused():
    features, weights, labels = np.ones((3, 2)), np.ones((4, 2)), np.zeros(3, dtype=int)
    with pytest.raises(InputValueError, match=r"and 2 columns like `features`, got shape \(4, 3\)"):
        linear_cross_entropy(features, np.ones((4, 3)), labels)
    with pytest.raises(InputValueError, match=r"two dimensions, got shape \(2,\)"):
        linear_cross_entropy(features, np.ones(2), labels)
    with pytest.raises(InputValueError, match=r"in 0\.\.3, got 4 at row 1"):
        linear_cross_entropy(features, weights, [0, 4, 0])
    with pytest.raises(InputValueError, match=r"`bias` must have shape \(4,\)"):
        linear_cross_entropy(features, weights, labels, bias=np.zeros(3))
    with pytest.raises(InputValueError, match="got -1 at row 2"):
        linear_cross_entropy(features, weights, labels, sample_weight=[1, 1, -1])
    with pytest.raises(InputValueError, match=r"`out\[1\]` must be a writable C-contiguous"):
        linear_cross_entropy(features, weights, labels, out=(None, np.ones((4, 3)), None))
    with pytest.raises(InputValueError, match=r"`out\[1\]` must not overlap"):
        linear_cross_entropy(features, weights, labels, out=(None, weights, None))
    with pytest.raises(InputTypeError, match=r"`out\[0\]` must be a NumPy array"):
        linear_cross_entropy(features, weights, labels, out=([[0.0]], None, None))


def test_tensors_are_referred_to_the_logits():
    torch = pytest.importorskip("torch")
    with pytest.raises(InputTypeError, match="got Tensor"):
        linear_cross_entropy(torch.ones(3, 2), torch.ones(4, 2), torch.zeros(3, dtype=torch.int64))


MEMORY = """
import resource, sys
import numpy as np
from headway.kernels.core import use_core
from headway.losses import linear_cross_entropy

rng = np.random.default_rng(0)
features = rng.normal(size=(4096, 4)).astype(np.float32)
weights = rng.normal(size=(60_000, 4)).astype(np.float32)
labels = rng.integers(60_000, size=4096)
with use_core(sys.argv[1]):
    linear_cross_entropy(features[:2], weights, labels[:2])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    linear_cross_entropy(features, weights, labels)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no `resource` module")
def test_the_logits_are_never_held(at_level):
    """All of them would take 983 MB; so would their gradient."""
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, at_level], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 150e6
