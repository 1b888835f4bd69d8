"""Focal and asymmetric losses: cross-entropy without focus, exact gradients, and not proper."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize, minimize_scalar

from headway.errors import InputTypeError, InputValueError
from headway.kernels import sigmoid, softmax
from headway.links import SigmoidLink, SoftmaxLink
from headway.losses import (
    AsymmetricLoss,
    BinaryFocalLoss,
    CanonicalLoss,
    FocalLoss,
    OneColumnLoss,
)

INF, NAN = float("inf"), float("nan")
RNG = np.random.default_rng(0)
Z = 3 * RNG.normal(size=(40, 5))
ONE_HOT = np.eye(5)[RNG.integers(5, size=40)]
CELLS = RNG.choice([0.0, 1.0, NAN], size=(40, 5))
SOFT = RNG.dirichlet(np.ones(5), size=40)
LABEL_LOSSES = [
    BinaryFocalLoss(),
    BinaryFocalLoss(0.5, alpha=0.25),
    AsymmetricLoss(),
    AsymmetricLoss(1.0, 2.0, margin=0.0),
    AsymmetricLoss(0.0, 0.0, margin=0.2),
]


# -- laws ----------------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [ONE_HOT, SOFT], ids=["one-hot", "soft"])
def test_no_focus_is_the_cross_entropy_of_a_softmax(targets):
    plain, focal = CanonicalLoss(SoftmaxLink()), FocalLoss(0.0)
    assert_allclose(focal.value(Z, targets), plain.value(Z, targets), rtol=1e-12)
    assert_allclose(focal.gradient(Z, targets), plain.gradient(Z, targets), atol=1e-14)


@pytest.mark.parametrize("targets", [CELLS, SOFT], ids=["cells", "soft"])
@pytest.mark.parametrize("loss", [BinaryFocalLoss(0.0), AsymmetricLoss(0.0, 0.0, margin=0.0)])
def test_no_focus_is_the_binary_cross_entropy(loss, targets):
    plain = CanonicalLoss(SigmoidLink())
    assert_allclose(loss.value(Z, targets), plain.value(Z, targets), rtol=1e-12)
    assert_allclose(loss.gradient(Z, targets), plain.gradient(Z, targets), atol=1e-14)


def test_equal_focus_without_margin_is_the_focal_loss():
    focal, both = BinaryFocalLoss(1.7), AsymmetricLoss(1.7, 1.7, margin=0.0)
    assert_allclose(both.value(Z, CELLS), focal.value(Z, CELLS), rtol=1e-14)
    assert_allclose(both.gradient(Z, CELLS), focal.gradient(Z, CELLS), rtol=1e-14)


def test_two_classes_are_one_sigmoid():
    z, t = Z[:, :1], ONE_HOT[:, :1]
    two, one = OneColumnLoss(FocalLoss()), BinaryFocalLoss()
    assert_allclose(two.value(z, t), one.value(z, t), rtol=1e-12)
    assert_allclose(two.gradient(z, t), one.gradient(z, t), rtol=1e-10, atol=1e-15)


def test_the_weight_of_a_class_does_not_decide_what_is_easy():
    """alpha multiplies the loss; taken as exp(-alpha loss), p would be p^alpha."""
    weighted, plain = BinaryFocalLoss(2.0, alpha=0.25), BinaryFocalLoss(2.0)
    present, absent = np.ones_like(Z), np.zeros_like(Z)
    for t, weight in ((present, 0.25), (absent, 0.75)):
        assert_allclose(weighted.value(Z, t), weight * plain.value(Z, t), rtol=1e-13)
        assert_allclose(weighted.gradient(Z, t), weight * plain.gradient(Z, t), rtol=1e-13)


def test_soft_targets_are_the_expected_loss():
    per_class = [FocalLoss().value(Z, np.eye(5)[[k] * 40]) for k in range(5)]
    assert_allclose(FocalLoss().value(Z, SOFT), (SOFT.T * per_class).sum(axis=0), rtol=1e-12)
    t = SOFT[:, :1]
    for loss in LABEL_LOSSES:
        yes, no = loss.value(Z[:, :1], 0 * t + 1), loss.value(Z[:, :1], 0 * t)
        expected = t[:, 0] * yes + (1 - t[:, 0]) * no
        assert_allclose(loss.value(Z[:, :1], t), expected, rtol=1e-12)


def test_absent_labels_below_the_margin_are_learned():
    loss, z = AsymmetricLoss(), np.array([[-3.0, -10.0, -INF]])  # sigmoid(-3) = 0.047 < 0.05
    assert_array_equal(loss.value(z, np.zeros((1, 3))), [0])
    assert_array_equal(loss.gradient(z, np.zeros((1, 3))), [[0, 0, 0]])
    assert loss.value(np.array([[-2.9]]), np.zeros((1, 1)))[0] > 0  # sigmoid(-2.9) = 0.052


# -- what the losses do to probabilities ---------------------------------------------------


def test_the_least_expected_focal_loss_is_not_at_the_true_probabilities():
    truth = np.array([0.7, 0.2, 0.1])
    for gamma, proper in ((0.0, True), (2.0, False)):
        loss = FocalLoss(gamma)
        found = minimize(
            lambda z, loss=loss: loss.value(z[None], truth[None])[0],
            np.zeros(3),
            jac=lambda z, loss=loss: loss.gradient(z[None], truth[None])[0],
            options={"gtol": 1e-10},
        )
        probs = softmax(found.x)
        assert np.allclose(probs, truth, atol=1e-6) == proper
    assert_array_equal(probs.argsort(), truth.argsort())
    assert probs[0] < truth[0] - 0.1  # less sure than the truth


def test_the_least_expected_asymmetric_loss_is_far_above_the_true_probability():
    loss = AsymmetricLoss()
    for truth in (0.1, 0.3, 0.5):
        t = np.array([[truth]])
        found = minimize_scalar(
            lambda z, t=t: loss.value(np.array([[z]]), t)[0], bounds=(-8, 8), method="bounded"
        )
        assert sigmoid(found.x) > truth + 0.15


# -- references ----------------------------------------------------------------------------


def test_values_are_the_formulas_of_the_papers():
    p = softmax(Z)
    naive = -(ONE_HOT * (1 - p) ** 2 * np.log(p)).sum(axis=1)
    assert_allclose(FocalLoss(2.0).value(Z, ONE_HOT), naive, rtol=1e-9)
    p, t = sigmoid(Z), np.nan_to_num(CELLS)
    naive = t * (1 - p) * np.log(p)
    q = np.maximum(p - 0.05, 0)
    naive = -(naive + (1 - t) * q**4 * np.log(1 - q))
    expected = np.where(np.isnan(CELLS), 0, naive).sum(axis=1)
    assert_allclose(AsymmetricLoss(1.0, 4.0, 0.05).value(Z, CELLS), expected, rtol=1e-9)


def test_torch_finds_the_written_gradients_by_itself():
    torch = pytest.importorskip("torch")
    for loss, t in [
        (FocalLoss(), SOFT),
        (FocalLoss(0.5), ONE_HOT),
        *((loss, CELLS) for loss in LABEL_LOSSES),
    ]:
        z, t = torch.tensor(Z, requires_grad=True), torch.tensor(t)
        (automatic,) = torch.autograd.grad(loss.value(z, t).sum(), z)
        assert torch.allclose(automatic, loss.gradient(z, t), atol=1e-12), loss


# -- edges ---------------------------------------------------------------------------------


def test_nearly_certain_cells_keep_their_digits():
    z = np.array([[40.0, 0.0]])
    # 1 - p = exp(-40) to first order, so that the loss is exp(-120).
    assert_allclose(FocalLoss().value(z, np.array([[1.0, 0.0]])), np.exp(-120.0), rtol=1e-10)
    binary = BinaryFocalLoss().value(z[:, :1], np.ones((1, 1)))
    assert_allclose(binary, np.exp(-120.0), rtol=1e-10)


@pytest.mark.parametrize("loss", [FocalLoss(), FocalLoss(0.5), FocalLoss(0.0)], ids=repr)
def test_infinite_logits_of_a_softmax(loss):
    z = np.array([[-INF, 0.0, 0.0], [INF, 0.0, 1.0], [1e30, 0.0, -1e30]])
    for k in range(3):
        t = np.eye(3)[[k] * 3]
        value, gradient = loss.value(z, t), loss.gradient(z, t)
        assert not np.isnan(value).any()
        assert np.isfinite(gradient).all()
        assert_allclose(gradient.sum(axis=1), 0, atol=1e-14)
    assert loss.value(z, np.eye(3)[[0] * 3])[0] == INF
    assert_array_equal(loss.value(z, np.eye(3)[[0] * 3])[1:], [0, 0])


@pytest.mark.parametrize("loss", LABEL_LOSSES, ids=repr)
def test_infinite_logits_of_sigmoids(loss, xp):
    z = xp.asarray([[INF], [-INF], [INF], [-INF], [1e30], [-1e30]])
    t = xp.asarray([[1.0], [0.0], [0.0], [1.0], [1.0], [0.0]])
    value, gradient = np.asarray(loss.value(z, t)), np.asarray(loss.gradient(z, t))
    assert_array_equal(value[[0, 1, 4, 5]], [0, 0, 0, 0])
    assert value[3] == INF
    assert value[2] == INF or loss.margin > 0
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("loss", LABEL_LOSSES, ids=repr)
def test_a_missing_cell_may_hold_any_logit(loss):
    z, t = np.array([[NAN, 1.0], [INF, NAN]]), np.array([[NAN, 1.0], [NAN, NAN]])
    value, gradient = loss.value(z, t), loss.gradient(z, t)
    assert_allclose(value, [loss.value(z[:1, 1:], t[:1, 1:])[0], 0])
    assert_array_equal(gradient[:, 0], [0, 0])
    assert gradient[1, 1] == 0


def test_a_row_without_any_class_is_refused():
    with pytest.raises(InputValueError, match="possible class"):
        FocalLoss().value(np.array([[-INF, -INF]]), np.eye(2)[:1])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: FocalLoss(-1), InputValueError, "`gamma` must be at least 0 and finite, got -1"),
        (lambda: FocalLoss(INF), InputValueError, "`gamma` must be at least 0 and finite"),
        (lambda: BinaryFocalLoss(NAN), InputValueError, "`gamma` must be at least 0"),
        (lambda: FocalLoss("2"), InputTypeError, "`gamma` must be a number, got '2'"),
        (lambda: BinaryFocalLoss(alpha=0), InputValueError, "`alpha` must be above 0"),
        (lambda: BinaryFocalLoss(alpha=1.0), InputValueError, "`alpha` must satisfy 0 <= value"),
        (lambda: AsymmetricLoss(gamma_neg=-1), InputValueError, "`gamma_neg` must be at least 0"),
        (lambda: AsymmetricLoss(margin=1.0), InputValueError, "`margin` must satisfy 0 <= value"),
    ],
)
def test_wrong_parameters_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_numbers_of_numpy_are_numbers():
    assert FocalLoss(np.int64(2)) == FocalLoss(np.float32(2)) == FocalLoss(2.0)
    assert type(FocalLoss(np.int64(2)).gamma) is float
