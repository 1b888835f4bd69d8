"""Sparsemax and entmax: zeros that are exact, softmax and sparsemax as limits, the edges."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import brentq, minimize

from headway.errors import InputTypeError, InputValueError
from headway.kernels import softmax
from headway.links import EntmaxLink, OneColumnLink, SigmoidLink, SoftmaxLink, SparsemaxLink
from headway.losses import CanonicalLoss

INF, NAN = float("inf"), float("nan")
LINKS = [SparsemaxLink(), EntmaxLink(), EntmaxLink(1.3), EntmaxLink(3.0)]
ROWS = arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 7)), elements=st.floats(-9, 9)
)

each_link = pytest.mark.parametrize("link", LINKS, ids=repr)


def index(link):
    """Return the entropy's index."""
    return getattr(link, "alpha", 2.0)


# -- laws ----------------------------------------------------------------------------------


@each_link
@settings(max_examples=25)
@given(z=ROWS)
def test_rows_are_distributions(link, z):
    probs = link.to_probs(z)
    assert (probs >= 0).all()
    assert_allclose(probs.sum(axis=1), 1, rtol=1e-14)


@each_link
@settings(max_examples=25)
@given(z=ROWS, shift=st.floats(-1e3, 1e3))
def test_a_shared_shift_changes_nothing(link, z, shift):
    assert_allclose(link.to_probs(z + shift), link.to_probs(z), atol=1e-9)
    assert_allclose(link.potential(z + shift), link.potential(z) + shift, atol=1e-9)


@each_link
@settings(max_examples=25)
@example(z=np.array([[0.0, -2.0, -2.0, -2.0, -2.0]]))  # the others exactly at the margin
@given(z=ROWS)
def test_the_loss_is_never_below_zero_and_zero_once_the_class_leads_by_the_margin(link, z):
    margin = 1 / (index(link) - 1)
    best = z.argmax(axis=1)
    gap = z.max(axis=1) - np.partition(np.c_[z, np.full(len(z), -INF)], -2, axis=1)[:, -2]
    for k in range(z.shape[1]):
        losses = link.canonical_loss(z, np.eye(z.shape[1])[[k] * len(z)])
        assert (losses >= 0).all()
        leads = (best == k) & (gap >= margin)
        assert (losses[leads] == 0).all()
        assert (losses[(best == k) & (gap < margin - 1e-3)] > 0).all()
        assert (losses[best != k] >= 0).all()


@each_link
def test_what_lies_a_margin_below_the_largest_logit_is_exactly_zero(link):
    z = np.random.default_rng(0).normal(scale=2.0, size=(500, 6))
    below = z.max(axis=1, keepdims=True) - z >= 1 / (index(link) - 1)
    assert below.any()
    assert (link.to_probs(z)[below] == 0).all()
    assert (link.to_log_probs(z)[below] == -INF).all()


@settings(max_examples=25)
@given(z=ROWS)
def test_alpha_2_is_sparsemax(z):
    # By bisection, next to the sorted threshold.
    nearly = EntmaxLink(2.0 + 1e-12)
    for link in (EntmaxLink(2.0), nearly):
        assert_allclose(link.to_probs(z), SparsemaxLink().to_probs(z), atol=1e-10)
        assert_allclose(link.potential(z), SparsemaxLink().potential(z), atol=1e-10)


@settings(max_examples=25)
@given(z=ROWS)
def test_bisection_and_sorting_agree(z):
    assert_allclose(EntmaxLink(1.5 + 1e-12).to_probs(z), EntmaxLink().to_probs(z), atol=1e-10)


def test_alpha_near_1_is_softmax():
    z = np.random.default_rng(0).normal(size=(50, 5))
    for step, bound in ((1e-2, 2e-2), (1e-4, 2e-4)):
        assert_allclose(EntmaxLink(1 + step).to_probs(z), softmax(z), atol=bound)
    t = np.eye(5)[np.arange(50) % 5]
    loss = EntmaxLink(1 + 1e-4).canonical_loss(z, t)
    assert_allclose(loss, SoftmaxLink().canonical_loss(z, t), rtol=1e-3)


def test_a_larger_alpha_has_no_more_classes():
    z = np.random.default_rng(0).normal(size=(200, 8))
    counts = [(EntmaxLink(a).to_probs(z) > 0).sum(axis=1) for a in (1.1, 1.5, 2.0, 3.0)]
    for wider, narrower in itertools.pairwise(counts):
        assert (wider >= narrower).all()


@each_link
def test_logits_of_probs_with_zeros_have_those_probs(link):
    probs = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.25, 0.75, 0.0]])
    assert_allclose(link.to_probs(link.to_logits(probs)), probs, atol=1e-14)


@each_link
def test_one_column_is_two_columns(link):
    z = np.linspace(-4, 4, 33)[:, None]
    pair, one = np.hstack([0 * z, z]), OneColumnLink(link)
    t = np.random.default_rng(0).uniform(size=z.shape)
    both = np.hstack([1 - t, t])
    assert_array_equal(one.to_probs(z)[:, 0], link.to_probs(pair)[:, 1])
    assert_array_equal(one.both_probs(z), link.to_probs(pair))
    assert_array_equal(one.both_log_probs(z), link.to_log_probs(pair))
    assert_array_equal(one.potential(z), link.potential(pair))
    assert_array_equal(one.canonical_loss(z, t), link.canonical_loss(pair, both))
    assert_allclose(one.entropy(t), link.entropy(both))
    step = 1e-6
    slope = (one.to_probs(z + step) - one.to_probs(z - step)) / (2 * step)
    smooth = np.abs(np.abs(z) - 1 / (index(link) - 1)) > 1e-3  # but for the ends of 0 and 1
    product = one.jacobian_product(one.to_probs(z), np.ones_like(z))
    assert_allclose(product[smooth], slope[smooth], atol=1e-5)
    inside = np.array([[0.25], [0.5], [0.9], [1.0]])
    assert_allclose(one.to_probs(one.to_logits(inside)), inside, atol=1e-14)


def test_one_column_of_a_softmax_is_the_sigmoid():
    z = np.linspace(-5, 5, 11)[:, None]
    assert_allclose(OneColumnLink(SoftmaxLink()).to_probs(z), SigmoidLink().to_probs(z), rtol=1e-14)


# -- references ----------------------------------------------------------------------------


def test_sparsemax_is_the_nearest_distribution():
    for z in np.random.default_rng(0).normal(scale=1.0, size=(5, 4)):
        found = minimize(
            lambda p, z=z: 0.5 * ((p - z) ** 2).sum(),
            np.full(4, 0.25),
            jac=lambda p, z=z: p - z,
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1, "jac": lambda p: np.ones(4)},
            options={"ftol": 1e-15},
        )
        assert_allclose(SparsemaxLink().to_probs(z[None])[0], found.x, atol=1e-7)


@each_link
def test_the_threshold_is_the_root_that_scipy_finds(link):
    a = index(link)
    for z in np.random.default_rng(1).normal(size=(20, 9)):
        x = (a - 1) * (z - z.max())

        def excess(tau, x=x):
            return (np.maximum(x - tau, 0) ** (1 / (a - 1))).sum() - 1

        root = brentq(excess, -1, 0, xtol=1e-15)
        expected = np.maximum(x - root, 0) ** (1 / (a - 1))
        atol = 1e-12 if a <= 2 else 1e-6  # for a > 2 the power has no slope at 0
        assert_allclose(link.to_probs(z[None])[0], expected, atol=atol)


def test_two_classes_by_hand():
    z = np.array([[-3.0], [-1.0], [-0.5], [0.0], [0.5], [1.0], [2.0]])
    clipped = np.clip((z + 1) / 2, 0, 1)
    assert_allclose(OneColumnLink(SparsemaxLink()).to_probs(z), clipped, atol=1e-15)
    # entmax 1.5: (x - tau)^2 + tau^2 = 1 at x = z / 2, so p = (x / 2 + sqrt(2 - x^2) / 2)^2.
    x = z / 2
    expected = np.where(
        np.abs(x) < 1, (x / 2 + np.sqrt(np.maximum(2 - x**2, 0)) / 2) ** 2, (x > 0) * 1.0
    )
    assert_allclose(OneColumnLink(EntmaxLink()).to_probs(z), expected, atol=1e-15)


def test_losses_by_hand():
    z = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [-3.0, 0.0], [3.0, 0.0]])
    first = np.eye(2)[[0] * 5]
    # Sparsemax of two classes, y leading by d: (1 - d)^2 / 4 within 1, -d below.
    assert_allclose(SparsemaxLink().canonical_loss(z, first), [1 / 4, 1 / 16, 0, 3, 0])
    # Entmax: at even logits the entropy of even classes; further behind than 2, the distance.
    even = 4 / 3 * (1 - np.sqrt(0.5))
    assert_allclose(EntmaxLink().canonical_loss(z, first)[[0, 3, 4]], [even, 3, 0])
    # The entropy of sparsemax is the loss at the probs: (1 - 1/2) / 2 for two even classes.
    assert_allclose(SparsemaxLink().entropy(np.array([[0.5, 0.5]])), [0.25])
    assert_allclose(EntmaxLink().entropy(np.array([[0.25] * 4])), [4 / 3 * (1 - 0.5)])


def test_a_hair_within_the_margin_the_loss_keeps_its_digits():
    gap = 1e-9
    z = np.array([[1.0 - gap, 0.0]])
    exact = 1.0 - z[0, 0]
    loss = SparsemaxLink().canonical_loss(z, np.array([[1.0, 0.0]]))
    assert_allclose(loss, exact**2 / 4, rtol=1e-6)  # potential - z would be off by 1e-17


# -- edges ---------------------------------------------------------------------------------


@each_link
@pytest.mark.parametrize("kind", ["float32", "float64"])
class TestEdges:
    def test_huge_logits_reach_the_limits(self, link, kind, xp):
        dtype = getattr(xp, kind)
        for size in (1e4, 1e30):
            z = xp.asarray([[size, 0.0, -size], [-size, -size, -size]], dtype=dtype)
            probs = link.to_probs(z)
            assert probs.dtype == dtype
            assert_allclose(np.asarray(probs), [[1, 0, 0], [1 / 3] * 3], rtol=1e-7)
            t = xp.asarray([[0.0, 1.0, 0.0]] * 2, dtype=dtype)
            loss = np.asarray(link.canonical_loss(z, t))
            assert_allclose(loss[0], size, rtol=1e-6)

    def test_minus_infinity_is_an_impossible_class(self, link, kind, xp):
        z = xp.asarray([[-INF, 0.0, 0.0]] * 2, dtype=getattr(xp, kind))
        assert_allclose(np.asarray(link.to_probs(z)), [[0, 0.5, 0.5]] * 2, rtol=1e-6)
        assert np.asarray(link.to_log_probs(z))[0, 0] == -INF
        t = xp.asarray([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]], dtype=z.dtype)
        loss = np.asarray(link.canonical_loss(z, t))
        assert loss[0] == INF
        assert_allclose(loss[1], link.entropy(np.array([[0.5, 0.5]]))[0], rtol=1e-6)
        gradient = np.asarray(CanonicalLoss(link).gradient(z, t))
        assert_allclose(gradient, [[-1, 0.5, 0.5], [0, 0, 0]], atol=1e-7)

    def test_infinite_logits_share_the_mass(self, link, kind, xp):
        z = xp.asarray([[INF, 0.0, INF, -INF], [INF, 1e30, 0.0, 0.0]], dtype=getattr(xp, kind))
        assert_allclose(np.asarray(link.to_probs(z)), [[0.5, 0, 0.5, 0], [1, 0, 0, 0]], rtol=1e-6)
        assert_array_equal(np.asarray(link.potential(z)), [INF, INF])
        t = xp.asarray([[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]], dtype=z.dtype)
        assert_array_equal(np.asarray(link.canonical_loss(z, t)), [INF, 0])

    def test_a_row_without_any_class_is_refused_by_number(self, link, kind, xp):
        z = xp.asarray([[0.0, 1.0], [-INF, -INF]], dtype=getattr(xp, kind))
        t = xp.asarray([[1.0, 0.0]] * 2, dtype=z.dtype)
        for refused in (link.to_probs, link.to_log_probs, lambda z: link.canonical_loss(z, t)):
            with pytest.raises(InputValueError, match=r"possible class, .* at row 1"):
                refused(z)
        assert np.asarray(link.potential(z))[1] == -INF

    def test_nan_spoils_its_row_alone(self, link, kind, xp):
        z = xp.asarray([[0.0, 1.0], [NAN, 1.0], [2.0, 1.0]], dtype=getattr(xp, kind))
        t = xp.asarray([[1.0, 0.0]] * 3, dtype=z.dtype)
        for found in (
            link.to_probs(z),
            link.to_log_probs(z),
            link.potential(z),
            link.canonical_loss(z, t),
        ):
            lost = np.isnan(np.asarray(found)).reshape(3, -1)
            assert_array_equal(lost.all(axis=1), [False, True, False])
            assert_array_equal(lost.any(axis=1), [False, True, False])

    def test_no_rows_and_one_class(self, link, kind, xp):
        dtype = getattr(xp, kind)
        none, single = xp.zeros((0, 3), dtype=dtype), xp.asarray([[7.0], [-1e30]], dtype=dtype)
        assert tuple(link.to_probs(none).shape) == (0, 3)
        assert tuple(link.potential(none).shape) == (0,)
        assert_array_equal(np.asarray(link.to_probs(single)), [[1], [1]])
        with pytest.raises(InputValueError, match="at least one class"):
            link.to_probs(xp.zeros((2, 0), dtype=dtype))


@each_link
def test_integers_and_halves_come_back_as_from_softmax(link):
    assert link.to_probs(np.array([[0, 3]])).dtype == np.float64
    half = link.to_probs(np.zeros((1, 2000), dtype=np.float16))
    assert half.dtype == np.float16
    assert (half == np.float16(1 / 2000)).all()


@pytest.mark.parametrize("link", LINKS[:2], ids=repr)
def test_rows_of_many_classes_sum_to_one(link):
    z = np.random.default_rng(0).normal(scale=1e-3, size=(1, 1_000_000)).astype(np.float32)
    assert_allclose(link.to_probs(z).sum(dtype=np.float64), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("alpha", "error", "message"),
    [
        (1, InputValueError, "above 1 and at most 4, got 1. Use `SoftmaxLink`"),
        (4.5, InputValueError, "above 1 and at most 4, got 4.5"),
        (INF, InputValueError, "above 1 and at most 4, got inf"),
        (NAN, InputValueError, "above 1 and at most 4, got nan"),
        ("1.5", InputTypeError, "`alpha` must be a number, got '1.5'"),
        (True, InputTypeError, "`alpha` must be a number, got True"),
    ],
)
def test_a_wrong_alpha_is_refused(alpha, error, message):
    with pytest.raises(error, match=message):
        EntmaxLink(alpha)


# -- torch ---------------------------------------------------------------------------------


@pytest.mark.parametrize("link", [*LINKS, OneColumnLink(EntmaxLink())], ids=repr)
def test_gradients_flow_through_tensors(link):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    columns = 1 if isinstance(link, OneColumnLink) else 4
    z = (0.7 * torch.randn(5, columns, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(link.to_probs, z)
    assert torch.autograd.gradcheck(link.potential, z)
    assert torch.autograd.gradgradcheck(link.potential, z)
    t = torch.softmax(torch.randn(5, columns, dtype=torch.float64), dim=1)
    losses = link.canonical_loss(z, t)
    (automatic,) = torch.autograd.grad(losses.sum(), z)
    assert torch.allclose(automatic, CanonicalLoss(link).gradient(z, t), atol=1e-9)


@each_link
def test_gradients_stay_finite_at_infinite_logits_and_one_hot_targets(link):
    torch = pytest.importorskip("torch")
    z = torch.tensor([[-INF, 0.0, 1.0], [-INF, -INF, 2.0], [9.0, 0.0, 0.0]], requires_grad=True)
    t = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    loss = CanonicalLoss(link)
    loss.value(z, t).sum().backward()
    assert torch.isfinite(z.grad).all()
    assert torch.allclose(z.grad, loss.gradient(z, t).detach(), atol=1e-6)


@pytest.mark.parametrize("alpha", [1.1, 1.5, 2.5, 3.0, 4.0])
def test_on_the_support_logits_and_powers_of_probs_differ_by_one_number(alpha):
    rng = np.random.default_rng(0)
    scales = rng.choice([1e-6, 1e-3, 0.1, 1.0, 10.0], size=(200, 1))
    z = rng.normal(size=(200, 60)) * scales
    probs = EntmaxLink(alpha).to_probs(z)
    away = np.where(probs > 0, (alpha - 1) * z - probs ** (alpha - 1), np.nan)
    assert np.nanmax(np.ptp(np.where(np.isnan(away), np.nanmin(away, 1)[:, None], away), 1)) < 1e-10
