"""Through torch tensors, gradients flow and are right: gradcheck is a law."""

import pytest

from headway.kernels import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
from headway.links import SigmoidLink, SoftmaxLink
from headway.losses import (
    CanonicalLoss,
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    cross_entropy,
    cross_entropy_gradient,
    soft_cross_entropy,
    weighted_mean,
)

torch = pytest.importorskip("torch")
KERNELS = [softmax, log_softmax, logsumexp, sigmoid, log_sigmoid, softplus]


@pytest.fixture
def logits():
    torch.manual_seed(0)
    values = torch.randn(4, 3, dtype=torch.float64)
    values[1] = 0.0  # ties at the top, and the corner of |z|
    return values.requires_grad_()


@pytest.mark.parametrize("kernel", KERNELS)
def test_first_and_second_derivatives_are_right(kernel, logits):
    assert torch.autograd.gradcheck(kernel, logits)
    assert torch.autograd.gradgradcheck(kernel, logits)


def test_a_mask_takes_part_in_the_derivative(logits):
    mask = torch.tensor([True, False, True])
    assert torch.autograd.gradcheck(lambda z: softmax(z, where=mask), logits)
    assert torch.autograd.gradcheck(lambda z: logsumexp(z, where=mask, axis=1), logits)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_losses_agree_with_their_written_gradients(logits, smoothing):
    labels = torch.tensor([0, 2, 1, 1])
    weight = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    options = {"label_smoothing": smoothing, "class_weight": weight}
    losses = cross_entropy(logits, labels, **options)
    (automatic,) = torch.autograd.grad(losses.sum(), logits)
    written = cross_entropy_gradient(logits, labels, **options)
    assert torch.allclose(automatic, written, atol=1e-14)
    targets = torch.tensor([[1.0, 0.0, float("nan")]] * 4, dtype=torch.float64)
    options = {"label_smoothing": smoothing, "positive_weight": weight + 1}
    losses = binary_cross_entropy(logits, targets, **options)
    (automatic,) = torch.autograd.grad(losses.sum(), logits)
    written = binary_cross_entropy_gradient(logits, targets, **options)
    assert torch.allclose(automatic, written, atol=1e-14)


def test_soft_targets_receive_a_gradient_too(logits):
    targets = torch.softmax(torch.randn(4, 3, dtype=torch.float64), 1)
    assert torch.autograd.gradcheck(soft_cross_entropy, (logits, targets))


def test_the_mean_passes_gradients(logits):
    weights = torch.tensor([1.0, 0.0, 2.0, 3.0], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: weighted_mean(logsumexp(z), weights), logits)


@pytest.mark.parametrize("link", [SoftmaxLink(), SigmoidLink()])
def test_gradients_stay_finite_at_infinite_logits(link):
    inf = float("inf")
    logits = torch.tensor([[-inf, 0.0, 1.0], [-inf, -inf, 2.0]], requires_grad=True)
    targets = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    loss = CanonicalLoss(link)
    loss.value(logits, targets).sum().backward()
    assert torch.isfinite(logits.grad).all()
    assert torch.allclose(logits.grad, loss.gradient(logits, targets).detach())


def test_missing_cells_stay_out_of_the_gradient_even_at_nan_logits():
    nan = float("nan")
    logits = torch.tensor([[nan, 1.0], [0.0, nan]], requires_grad=True)
    targets = torch.tensor([[nan, 1.0], [nan, nan]])
    binary_cross_entropy(logits, targets).sum().backward()
    expected = torch.tensor([[0.0, torch.sigmoid(torch.tensor(1.0)) - 1], [0.0, 0.0]])
    assert torch.allclose(logits.grad, expected)


def test_a_target_of_zero_passes_a_finite_gradient_at_an_impossible_class():
    logits = torch.tensor([[0.0, -float("inf"), 0.0]])
    targets = torch.tensor([[0.5, 0.0, 0.5]], requires_grad=True)
    soft_cross_entropy(logits, targets).sum().backward()
    assert torch.isfinite(targets.grad).all()


@pytest.mark.parametrize("kernel", KERNELS)
def test_device_and_dtype_are_kept(kernel):
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        result = kernel(torch.zeros(2, 3, dtype=dtype))
        assert result.dtype == dtype
        assert result.device == torch.device("cpu")


def test_lists_of_weights_follow_the_tensor(logits):
    assert torch.is_tensor(
        cross_entropy(logits, torch.tensor([0, 1, 2, 0]), class_weight=[1, 2, 3])
    )
    assert torch.is_tensor(weighted_mean(logsumexp(logits), [1.0, 1.0, 0.0, 2.0]))
