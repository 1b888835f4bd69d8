"""The mistakes must be made exactly: value and gradient as autograd would give them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.links import SoftmaxLink
from headway.losses import (
    BinaryCrossEntropyOnSoftmax,
    CanonicalLoss,
    CrossEntropyOnProbs,
    OneColumnLoss,
    SquaredErrorOnSigmoid,
)

torch = pytest.importorskip("torch")


def _naive(name, logits, targets):
    """Write the mistake as its author would, in torch."""
    functional = torch.nn.functional
    if name == "mse":
        return ((torch.sigmoid(logits) - targets) ** 2).sum(1)
    probs = torch.softmax(logits, 1)
    if name == "double":
        return functional.cross_entropy(probs, targets, reduction="none")
    return functional.binary_cross_entropy(probs, targets, reduction="none").sum(1)


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("mse", SquaredErrorOnSigmoid()),
        ("double", CrossEntropyOnProbs()),
        ("bce", BinaryCrossEntropyOnSoftmax()),
    ],
)
@pytest.mark.parametrize("soft", [False, True])
def test_value_and_gradient_are_those_of_the_naive_code(name, loss, soft):
    torch.manual_seed(0)
    logits = (3 * torch.randn(40, 5, dtype=torch.float64)).requires_grad_()
    targets = torch.eye(5, dtype=torch.float64)[torch.arange(40) % 5]
    if soft:
        targets = torch.softmax(torch.randn(40, 5, dtype=torch.float64), 1)
    naive = _naive(name, logits, targets)
    (expected,) = torch.autograd.grad(naive.sum(), logits)
    plain = logits.detach()
    for convert in (lambda a: a, lambda a: a.numpy()):
        value = loss.value(convert(plain), convert(targets))
        assert_allclose(np.asarray(value), naive.detach().numpy(), rtol=1e-10)
        gradient = loss.gradient(convert(plain), convert(targets))
        assert_allclose(np.asarray(gradient), expected.numpy(), atol=1e-12)


def test_softmax_with_binary_cross_entropy_stays_finite_where_probs_round_to_1():
    loss = BinaryCrossEntropyOnSoftmax()
    logits = np.array([[800.0, 0.0, -5.0]])
    for column, expected in ((0, 2 * np.exp(-800.0)), (1, 1600.0), (2, 1605.0)):
        targets = np.eye(3)[[column]]
        # -log p of the true class, and -log(1 - p), about 800, of the wrong certainty.
        assert_allclose(loss.value(logits, targets), [expected], atol=0.01)
        assert np.isfinite(loss.gradient(logits, targets)).all()
    gradient = loss.gradient(logits, np.eye(3)[[1]])
    # Autograd meets 0 / 0 here; the limit is (2 - p') for the odds p' = e^0 / (e^0 + e^-5).
    share = 1 / (1 + np.exp(-5.0))
    assert_allclose(gradient, [[2, -1 - share, share - 1]], atol=1e-12)


def test_the_gradient_of_a_confident_mistake_vanishes_under_squared_error():
    logits, targets = np.array([[-30.0]]), np.array([[1.0]])
    assert abs(SquaredErrorOnSigmoid().gradient(logits, targets)) < 1e-12
    assert_array_equal(
        SquaredErrorOnSigmoid().gradient(np.array([[0.3]]), np.array([[np.nan]])), [[0.0]]
    )


def test_a_second_softmax_never_comes_near_zero():
    logits = np.array([[1000.0] + [0.0] * 9])
    least = np.log1p(9 / np.e)
    assert_allclose(CrossEntropyOnProbs().value(logits, np.eye(10)[[0]]), [least])


def test_with_two_classes_binary_cross_entropy_on_softmax_is_twice_cross_entropy():
    logits = np.random.default_rng(0).normal(size=(20, 2)) * 5
    targets = np.eye(2)[np.arange(20) % 2]
    right = CanonicalLoss(SoftmaxLink())
    wrong = BinaryCrossEntropyOnSoftmax()
    assert_allclose(wrong.value(logits, targets), 2 * right.value(logits, targets), rtol=1e-12)
    assert_allclose(
        wrong.gradient(logits, targets), 2 * right.gradient(logits, targets), atol=1e-13
    )


def test_one_column_sees_a_two_column_loss(xp):
    z = xp.asarray(np.linspace(-5, 5, 11)[:, None])
    targets = xp.asarray((np.arange(11) % 2).astype(float)[:, None])
    loss = OneColumnLoss(CanonicalLoss(SoftmaxLink()))
    probs = 1 / (1 + np.exp(-np.asarray(z)))
    assert_allclose(np.asarray(loss.gradient(z, targets)), probs - np.asarray(targets), rtol=1e-12)
    assert tuple(loss.value(z, targets).shape) == (11,)
