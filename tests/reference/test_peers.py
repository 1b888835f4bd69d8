"""Against SciPy, scikit-learn and torch, where those are right."""

import numpy as np
import pytest
import scipy.special
import sklearn.metrics
from numpy.testing import assert_allclose

from headway.heads import binary_head, softmax_head
from headway.kernels import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
from headway.losses import (
    binary_cross_entropy,
    cross_entropy,
    soft_cross_entropy,
    weighted_mean,
)

pytestmark = pytest.mark.usefixtures("level")

LOGITS = 10 * np.random.default_rng(0).normal(size=(40, 7))
LABELS = np.random.default_rng(1).integers(0, 7, size=40)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels_are_those_of_scipy(axis, dtype):
    logits = LOGITS.astype(dtype)
    rtol = 2e-5 if dtype is np.float32 else 1e-13
    special = scipy.special
    assert_allclose(softmax(logits, axis=axis), special.softmax(logits, axis), rtol=rtol)
    # They lose the small loss of a certain class: absolutely they agree.
    expected = special.log_softmax(logits, axis)
    assert_allclose(log_softmax(logits, axis=axis), expected, rtol=rtol, atol=rtol / 50)
    assert_allclose(logsumexp(logits, axis=axis), special.logsumexp(logits, axis), rtol=rtol)
    assert_allclose(sigmoid(logits), special.expit(logits), rtol=rtol)
    assert_allclose(log_sigmoid(logits), special.log_expit(logits), rtol=rtol)
    assert_allclose(softplus(logits), np.logaddexp(0, logits), rtol=rtol)


def test_logsumexp_with_a_mask_is_the_sum_of_the_rest():
    mask = np.random.default_rng(2).random(LOGITS.shape) < 0.5
    expected = scipy.special.logsumexp(LOGITS, axis=1, b=mask)
    assert_allclose(logsumexp(LOGITS, where=mask), expected, rtol=1e-13)


@pytest.mark.parametrize("weights", [None, np.random.default_rng(3).random(40)])
def test_mean_losses_are_sklearn_log_loss(weights):
    expected = sklearn.metrics.log_loss(
        LABELS, softmax(LOGITS), sample_weight=weights, labels=range(7)
    )
    assert_allclose(weighted_mean(cross_entropy(LOGITS, LABELS), weights), expected, rtol=1e-12)
    log_probs = softmax_head().to_log_probs(LOGITS)
    assert_allclose(np.average(-log_probs[np.arange(40), LABELS], weights=weights), expected)
    z, y = LOGITS[:, :1], LABELS % 2
    expected = sklearn.metrics.log_loss(y, binary_head().to_probs(z), sample_weight=weights)
    mean = weighted_mean(binary_cross_entropy(z, y[:, None]), weights)
    assert_allclose(mean, expected, rtol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.15])
@pytest.mark.parametrize("weight", [None, np.linspace(0.5, 2, 7)])
def test_cross_entropy_is_that_of_torch(smoothing, weight):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    logits, labels = torch.tensor(LOGITS), torch.tensor(LABELS)
    their_weight = None if weight is None else torch.tensor(weight)
    expected = functional.cross_entropy(
        logits, labels, weight=their_weight, label_smoothing=smoothing, reduction="none"
    )
    actual = cross_entropy(logits, labels, label_smoothing=smoothing, class_weight=their_weight)
    assert_allclose(actual.numpy(), expected.numpy(), rtol=1e-12, atol=1e-15)
    plain = cross_entropy(LOGITS, LABELS, label_smoothing=smoothing, class_weight=weight)
    assert_allclose(plain, expected.numpy(), rtol=1e-12, atol=1e-15)
    targets = torch.softmax(torch.tensor(LOGITS[::-1].copy()) / 5, 1)
    expected = functional.cross_entropy(
        logits, targets, weight=their_weight, label_smoothing=smoothing, reduction="none"
    )
    actual = soft_cross_entropy(
        logits, targets, label_smoothing=smoothing, class_weight=their_weight
    )
    assert_allclose(actual.numpy(), expected.numpy(), rtol=1e-12, atol=1e-15)


def test_binary_cross_entropy_is_that_of_torch():
    torch = pytest.importorskip("torch")
    logits = torch.tensor(LOGITS)
    targets = torch.tensor(np.random.default_rng(4).random(LOGITS.shape))
    weight = torch.linspace(0.5, 3, 7, dtype=torch.float64)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, targets, pos_weight=weight, reduction="none"
    ).sum(1)
    actual = binary_cross_entropy(logits, targets, positive_weight=weight)
    assert_allclose(actual.numpy(), expected.numpy(), rtol=1e-12, atol=1e-15)


def test_no_worse_than_scipy_and_torch_against_the_truth_in_float32():
    logits = LOGITS.astype(np.float32)
    truth = scipy.special.softmax(logits.astype(np.float64), axis=1)

    def error(probs):
        return np.max(np.abs(np.asarray(probs, dtype=np.float64) / truth - 1))

    assert error(softmax(logits)) <= 1.5 * error(scipy.special.softmax(logits, axis=1))
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(logits)
    assert error(softmax(tensor)) <= 1.5 * error(torch.softmax(tensor, 1))


def test_smoothed_targets_of_the_labels_room_mean_the_same():
    from headway.labels import smooth_targets

    one_hot = np.eye(7)[LABELS]
    expected = soft_cross_entropy(LOGITS, smooth_targets(one_hot, 0.2, exclusive=True))
    assert_allclose(cross_entropy(LOGITS, LABELS, label_smoothing=0.2), expected, rtol=1e-12)
    cells = one_hot.copy()
    cells[0, 0] = np.nan
    expected = binary_cross_entropy(LOGITS, smooth_targets(cells, 0.2, exclusive=False))
    actual = binary_cross_entropy(LOGITS, cells, label_smoothing=0.2)
    assert_allclose(actual, expected, rtol=1e-12)
