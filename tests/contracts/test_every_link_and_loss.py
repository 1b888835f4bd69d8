"""Laws that hold for every link, every loss and every head: new ones join the lists."""

import dataclasses
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.heads import HEAD_NAMES, LABEL_HEADS, Head, preset_head
from headway.kernels import logsumexp, softmax
from headway.links import (
    EntmaxLink,
    Link,
    SigmoidLink,
    SoftmaxLink,
    SparsemaxLink,
)
from headway.losses import (
    AsymmetricLoss,
    BinaryCrossEntropyOnSoftmax,
    BinaryFocalLoss,
    CanonicalLoss,
    CrossEntropyOnProbs,
    FocalLoss,
    Loss,
    PositiveWeightedLoss,
    SquaredErrorOnSigmoid,
)

pytestmark = pytest.mark.usefixtures("level")

SPARSE = [SparsemaxLink(), EntmaxLink(), EntmaxLink(1.2), EntmaxLink(2.5)]
LINKS = [SoftmaxLink(), SigmoidLink(), *SPARSE]
CONVEX = [
    *(CanonicalLoss(link) for link in LINKS),
    PositiveWeightedLoss(2.5),
    PositiveWeightedLoss((0.5, 1.0, 4.0)),
]
COUPLED = [FocalLoss(), FocalLoss(0.0), FocalLoss(0.5), CrossEntropyOnProbs()]
CELLS = [
    BinaryFocalLoss(),
    BinaryFocalLoss(0.5, alpha=0.25),
    AsymmetricLoss(),
    AsymmetricLoss(1.0, 0.5, margin=0.2),
    AsymmetricLoss(margin=0.0),
    SquaredErrorOnSigmoid(),
]
LOSSES = [*CONVEX, *COUPLED, BinaryCrossEntropyOnSoftmax(), *CELLS]
SHIFT_FREE = [
    *(CanonicalLoss(link) for link in (SoftmaxLink(), *SPARSE)),
    *COUPLED,
    BinaryCrossEntropyOnSoftmax(),
]
TAKES_MISSING = [CONVEX[1], *CONVEX[-2:], *CELLS]
HEADS = [
    (preset_head(name, kind), 1 if kind == "binary" else 4)
    for kind in ("binary", "exclusive", "multilabel")
    for name in HEAD_NAMES
    if kind != "multilabel" or name in ("auto", *LABEL_HEADS)
]


def _logits(n=6, k=3, seed=0):
    return 2 * np.random.default_rng(seed).normal(size=(n, k))


def _targets(n=6, k=3, seed=1):
    rows = np.random.default_rng(seed).dirichlet(np.ones(k), size=n)
    rows[: n // 2] = np.eye(k)[np.arange(n // 2) % k]
    return rows


@pytest.mark.parametrize("link", LINKS, ids=repr)
class TestEveryLink:
    def test_it_is_a_link(self, link):
        assert isinstance(link, Link)

    def test_probs_are_the_gradient_of_the_potential(self, link):
        z, h = _logits(), 1e-6
        for k in range(3):
            step = h * np.eye(3)[k]
            slope = (link.potential(z + step) - link.potential(z - step)) / (2 * h)
            assert_allclose(link.to_probs(z)[:, k], slope, atol=1e-8)

    def test_the_jacobian_is_the_derivative_of_probs(self, link):
        z, v, h = _logits(), _logits(seed=2), 1e-6
        slope = (link.to_probs(z + h * v) - link.to_probs(z - h * v)) / (2 * h)
        assert_allclose(link.jacobian_product(link.to_probs(z), v), slope, atol=1e-8)

    def test_entropy_is_minus_the_conjugate_of_the_potential(self, link):
        """At the probs of z the conjugate <p, z> - potential(z) is attained."""
        z = _logits()
        p = link.to_probs(z)
        conjugate = (p * z).sum(axis=1) - link.potential(z)
        assert_allclose(link.entropy(p), -conjugate, rtol=1e-12, atol=1e-14)

    def test_the_conjugate_bounds_every_other_point(self, link):
        p = link.to_probs(_logits(seed=3))
        for seed in range(20):
            z = _logits(seed=seed)
            assert (link.potential(z) + 1e-12 >= (p * z).sum(axis=1) + link.entropy(p)).all()

    def test_log_probs_are_the_logarithm_of_probs(self, link):
        z = _logits()
        assert_allclose(np.exp(link.to_log_probs(z)), link.to_probs(z), rtol=1e-13)

    def test_a_larger_logit_has_the_larger_probability(self, link):
        z = _logits(50)
        rising = np.take_along_axis(link.to_probs(z), np.argsort(z, axis=1), axis=1)
        steps = np.diff(rising, axis=1)
        assert (steps >= 0).all()
        assert (steps[rising[:, :-1] > 0] > 0).all()

    def test_logits_of_probs_have_those_probs(self, link):
        p = np.random.default_rng(6).dirichlet(np.ones(3), size=50)
        assert_allclose(link.to_probs(link.to_logits(p)), p, rtol=1e-11)

    def test_the_canonical_loss_is_potential_minus_inner_product(self, link):
        z, t = _logits(), _targets()
        expected = link.potential(z) - (t * z).sum(axis=1)
        assert_allclose(link.canonical_loss(z, t), expected, rtol=1e-12)

    def test_the_canonical_loss_is_at_least_the_entropy_of_the_targets(self, link):
        t = np.random.default_rng(4).dirichlet(np.ones(3), size=50)
        assert (link.canonical_loss(_logits(50), t) >= link.entropy(t) - 1e-12).all()

    def test_entropy_is_zero_at_certainty(self, link):
        assert_array_equal(link.entropy(np.eye(3)), np.zeros(3))

    def test_libraries_agree(self, link, xp):
        z, t = _logits(), _targets()
        probs = link.to_probs(z)
        for method, arguments in [
            ("potential", (z,)),
            ("to_probs", (z,)),
            ("to_log_probs", (z,)),
            ("entropy", (probs,)),
            ("jacobian_product", (probs, t)),
            ("canonical_loss", (z, t)),
        ]:
            expected = getattr(link, method)(*arguments)
            actual = getattr(link, method)(*[xp.asarray(a) for a in arguments])
            assert_allclose(np.asarray(actual), expected, rtol=1e-12, err_msg=method)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
class TestEveryLoss:
    def test_it_is_a_frozen_loss(self, loss):
        assert isinstance(loss, Loss)
        assert dataclasses.is_dataclass(loss)
        with pytest.raises(dataclasses.FrozenInstanceError):
            loss.anything = 1
        assert pickle.loads(pickle.dumps(loss)) == loss
        assert hash(loss) == hash(pickle.loads(pickle.dumps(loss)))

    def test_gradient_is_the_central_difference_of_the_value(self, loss):
        z, t, h = _logits(), _targets(), 1e-5
        gradient = loss.gradient(z, t)
        for k in range(3):
            step = h * np.eye(3)[k]
            slope = (loss.value(z + step, t) - loss.value(z - step, t)) / (2 * h)
            assert_allclose(gradient[:, k], slope, atol=1e-8)

    def test_losses_are_not_negative_and_one_a_sample(self, loss):
        value = loss.value(_logits(), _targets())
        assert value.shape == (6,)
        assert (value >= 0).all()

    def test_rows_do_not_feel_each_other(self, loss):
        z, t = _logits(), _targets()
        assert_allclose(loss.value(z[2:3], t[2:3]), loss.value(z, t)[2:3], rtol=1e-14)
        assert_allclose(loss.gradient(z[2:3], t[2:3]), loss.gradient(z, t)[2:3], rtol=1e-13)

    def test_no_rows_give_no_losses(self, loss):
        none = np.zeros((0, 3), dtype=np.float32)
        assert loss.value(none, none).shape == (0,)
        assert loss.gradient(none, none).shape == (0, 3)

    @pytest.mark.parametrize("kind", ["float32", "float64"])
    def test_libraries_agree_and_dtype_follows_the_logits(self, loss, xp, kind):
        z, t = _logits(), _targets()
        dtype = getattr(xp, kind)
        rtol = 1e-5 if kind == "float32" else 1e-12
        arguments = xp.asarray(z.tolist(), dtype=dtype), xp.asarray(t.tolist(), dtype=xp.float64)
        for method in ("value", "gradient"):
            actual = getattr(loss, method)(*arguments)
            assert actual.dtype == dtype
            expected = getattr(loss, method)(z, t)
            assert_allclose(np.asarray(actual), expected, rtol=rtol, atol=rtol / 10)

    def test_huge_logits_give_finite_gradients(self, loss):
        z = np.array([[1e4, 0.0, -1e4], [-1e4, 1e4, 1e4], [-1e4, -1e4, -1e4]])
        for k in range(3):
            assert np.isfinite(loss.gradient(z, np.eye(3)[[k] * 3])).all()
            assert np.isfinite(loss.value(z, np.eye(3)[[k] * 3])).all()

    def test_an_impossible_class_gives_a_finite_gradient(self, loss):
        z = np.array([[-np.inf, 0.0, 1.0]] * 3)
        assert np.isfinite(loss.gradient(z, np.eye(3))).all()
        assert not np.isnan(loss.value(z, np.eye(3))).any()


@pytest.mark.parametrize("loss", CONVEX, ids=repr)
def test_convex_losses_lie_below_their_chords(loss):
    a, b, t = _logits(100, seed=5), _logits(100, seed=6), _targets(100)
    middle = loss.value((a + b) / 2, t)
    assert (middle <= (loss.value(a, t) + loss.value(b, t)) / 2 + 1e-12).all()


@pytest.mark.parametrize("loss", SHIFT_FREE, ids=repr)
def test_softmax_losses_ignore_a_shared_shift(loss):
    z, t = _logits(), _targets()
    assert_allclose(loss.value(z + 7.5, t), loss.value(z, t), rtol=1e-12)
    assert_allclose(loss.gradient(z, t).sum(axis=1), 0, atol=1e-14)


@pytest.mark.parametrize("loss", TAKES_MISSING, ids=repr)
def test_a_missing_cell_is_a_cell_less(loss, xp):
    z, t = _logits(), _targets()
    missing = t.copy()
    missing[:, 1] = np.nan
    other = z.copy()
    other[:, 1] = 50.0
    value = loss.value(xp.asarray(z), xp.asarray(missing))
    assert_array_equal(
        np.asarray(value), np.asarray(loss.value(xp.asarray(other), xp.asarray(missing)))
    )
    gradient = np.asarray(loss.gradient(xp.asarray(z), xp.asarray(missing)))
    assert (gradient[:, 1] == 0).all()
    assert_allclose(gradient[:, [0, 2]], loss.gradient(z, t)[:, [0, 2]], rtol=1e-12)


@pytest.mark.parametrize("link", LINKS, ids=repr)
def test_the_canonical_loss_is_proper(link):
    """Its expectation is least where the probs are the targets: the gradient is 0 there."""
    z = _logits()
    # The probs of the loss and those of the link may differ in their last bits.
    assert_allclose(CanonicalLoss(link).gradient(z, link.to_probs(z)), 0, atol=4e-16)


@pytest.mark.parametrize(
    ("head", "columns"), HEADS, ids=[f"{head.name}-{head.loss!r}-{k}" for head, k in HEADS]
)
class TestEveryHead:
    def test_it_is_frozen_and_weightless(self, head, columns):
        assert isinstance(head, Head)
        assert pickle.loads(pickle.dumps(head)) == head
        with pytest.raises(dataclasses.FrozenInstanceError):
            head.name = "other"

    def test_log_probs_are_the_logarithm_of_probs(self, head, columns, xp):
        z = xp.asarray(self._z(columns))
        probs = np.asarray(head.to_probs(z))
        assert_allclose(np.exp(np.asarray(head.to_log_probs(z))), probs, rtol=1e-12)
        assert_allclose(probs, head.to_probs(self._z(columns)), rtol=1e-12)

    def test_exclusive_rows_sum_to_1(self, head, columns):
        if head.exclusive:
            z = self._z(columns) * 100
            assert_allclose(logsumexp(head.to_log_probs(z)), 0, atol=1e-12)
            assert_allclose(head.to_probs(z).sum(axis=1), 1, rtol=1e-12)

    def test_decisions_follow_the_probs(self, head, columns):
        z = self._z(columns)
        probs = head.to_probs(z)
        expected = probs.argmax(axis=1) if head.exclusive else (probs > 0.5).astype(int)
        assert_array_equal(head.decide(z), expected)

    def test_membership_is_what_the_link_says(self, head, columns):
        z = self._z(columns)
        assert_array_equal(head.membership(z), head.link.to_probs(z))

    def test_a_step_against_the_gradient_lowers_the_loss(self, head, columns):
        z = self._z(columns)
        k = z.shape[1]
        t = np.eye(k)[np.arange(len(z)) % k] if k > 1 else (np.arange(len(z)) % 2.0)[:, None]
        gradient = head.loss.gradient(z, t)
        before, after = head.loss.value(z, t), head.loss.value(z - 1e-3 * gradient, t)
        # The loss of a sparse link ends at 0, where it is content.
        content = (gradient == 0).all(axis=1)
        assert not content.all()
        assert (after[~content] < before[~content]).all()
        assert (before[content] == 0).all()

    @staticmethod
    def _z(columns):
        return _logits(20, columns)


BINARY = [preset_head(name, "binary") for name in ("softmax", "sigmoid")]


def test_softmax_and_sigmoid_on_binary_labels_are_one_model():
    soft, sigm = BINARY
    assert (soft.link, soft.loss, soft.decision) == (sigm.link, sigm.loss, sigm.decision)
    z = _logits(10, 1)
    assert_array_equal(soft.to_probs(z), sigm.to_probs(z))
    assert_allclose(soft.to_probs(z), softmax(np.hstack([0 * z, z])), rtol=1e-13)
