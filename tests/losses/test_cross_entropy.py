import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputTypeError, InputValueError
from headway.losses import (
    cross_entropy,
    cross_entropy_gradient,
    soft_cross_entropy,
    soft_cross_entropy_gradient,
)

pytestmark = pytest.mark.usefixtures("level")
# One level of the core for all examples of a test is meant.
at_one_level = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

LOGITS = arrays(np.float64, (4, 3), elements=st.floats(-50, 50))
LABELS = arrays(np.int64, 4, elements=st.integers(0, 2))
WEIGHT = np.array([0.5, 0.0, 2.0])


@at_one_level
@given(LOGITS, LABELS, st.floats(-1e3, 1e3))
def test_a_shared_shift_of_the_logits_changes_nothing(logits, labels, shift):
    expected = cross_entropy(logits, labels)
    assert_allclose(cross_entropy(logits + shift, labels), expected, atol=1e-9)


@at_one_level
@given(LOGITS, LABELS)
def test_losses_are_never_negative(logits, labels):
    losses = cross_entropy(logits, labels)
    assert (losses >= 0).all()
    assert not np.signbit(losses).any()


@at_one_level
@given(LOGITS, LABELS, st.sampled_from([0.0, 0.1, 0.7]), st.sampled_from([None, WEIGHT]))
def test_labels_are_one_hot_soft_targets(logits, labels, smoothing, weight):
    options = {"label_smoothing": smoothing, "class_weight": weight}
    one_hot = np.eye(3)[labels]
    assert_allclose(
        cross_entropy(logits, labels, **options),
        soft_cross_entropy(logits, one_hot, **options),
        atol=1e-12,
    )
    assert_allclose(
        cross_entropy_gradient(logits, labels, **options),
        soft_cross_entropy_gradient(logits, one_hot, **options),
        atol=1e-12,
    )


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("mask", [None, np.array([True, False, True])])
def test_gradient_is_the_central_difference_of_the_loss(smoothing, weight, mask):
    logits, labels = np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 2, 2, 0, 2])
    options = {"label_smoothing": smoothing, "class_weight": weight, "where": mask}
    gradient, h = cross_entropy_gradient(logits, labels, **options), 1e-5
    for k in range(3):
        step = h * np.eye(3)[k]
        up = cross_entropy(logits + step, labels, **options)
        down = cross_entropy(logits - step, labels, **options)
        assert_allclose(gradient[:, k], (up - down) / (2 * h), atol=1e-9)


def test_masking_a_class_is_leaving_it_out(xp):
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(6, 4)), np.array([0, 2, 3, 0, 2, 3])
    keep = [0, 2, 3]
    mask = np.isin(np.arange(4), keep)
    for smoothing in (0.0, 0.2):
        masked = cross_entropy(
            xp.asarray(logits),
            xp.asarray(labels),
            where=xp.asarray(mask),
            label_smoothing=smoothing,
        )
        left_out = cross_entropy(
            logits[:, keep], np.searchsorted(keep, labels), label_smoothing=smoothing
        )
        assert_allclose(np.asarray(masked), left_out, rtol=1e-12)


def test_a_mask_may_differ_from_row_to_row():
    mask = np.array([[True, True, False], [True, False, True]])
    losses = cross_entropy(np.zeros((2, 3)), [0, 2], where=mask, label_smoothing=0.5)
    assert_allclose(losses, [np.log(2)] * 2)
    gradient = cross_entropy_gradient(np.zeros((2, 3)), [0, 2], where=mask, label_smoothing=0.5)
    assert_allclose(gradient, [[-0.25, 0.25, 0], [0.25, 0, -0.25]])


def test_a_masked_label_is_refused(xp):
    mask = xp.asarray([True, False])
    with pytest.raises(InputValueError, match="False for class 1 at row 2"):
        cross_entropy(xp.zeros((3, 2)), xp.asarray([0, 0, 1]), where=mask)
    with pytest.raises(InputValueError, match="False for class 1 at row 0"):
        soft_cross_entropy(xp.zeros((1, 2)), xp.asarray([[0.5, 0.5]]), where=mask)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_classes_may_lie_on_any_axis(xp, axis):
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(2, 5, 3)), rng.integers(0, 3, size=(2, 5))
    moved = xp.asarray(np.ascontiguousarray(np.moveaxis(logits, -1, axis)))
    actual = cross_entropy(moved, xp.asarray(labels), axis=axis)
    assert_allclose(np.asarray(actual), cross_entropy(logits, labels), rtol=1e-12)
    gradient = cross_entropy_gradient(moved, xp.asarray(labels), axis=axis)
    expected = np.moveaxis(cross_entropy_gradient(logits, labels), -1, axis)
    assert_allclose(np.asarray(gradient), expected, atol=1e-13)
    mask = xp.asarray(np.ones(moved.shape, dtype=bool))
    targets = xp.asarray(np.ascontiguousarray(np.moveaxis(np.eye(3)[labels], -1, axis)))
    soft = soft_cross_entropy(moved, targets, axis=axis, where=mask)
    assert_allclose(np.asarray(soft), cross_entropy(logits, labels), rtol=1e-12)


def test_expected_loss_is_least_at_the_true_distribution():
    truth = np.array([0.5, 0.3, 0.2])
    logits = np.random.default_rng(0).normal(size=(200, 3))
    per_class = [cross_entropy(logits, np.full(200, k)) for k in range(3)]
    entropy = -(truth * np.log(truth)).sum()
    assert (truth @ per_class >= entropy).all()
    assert_allclose(soft_cross_entropy(np.log(truth), truth), entropy)


def test_smoothing_by_hand():
    z = np.array([[1.0, 0.0, -1.0]])
    log_probs = z - np.log(np.exp(z).sum())
    expected = -(0.7 * log_probs[0, 0] + 0.3 * log_probs[0].mean())
    assert_allclose(cross_entropy(z, [0], label_smoothing=0.3), [expected])


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, float("nan")])
def test_smoothing_outside_its_range_is_refused(smoothing):
    with pytest.raises(InputValueError, match="`label_smoothing` must satisfy 0 <= value < 1"):
        cross_entropy(np.zeros((1, 2)), [0], label_smoothing=smoothing)
    with pytest.raises(InputTypeError, match="must be a number"):
        cross_entropy(np.zeros((1, 2)), [0], label_smoothing="much")


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0], r"shape \(2,\), one for each class, got \(1,\)"),
        ([1.0, -1.0], "got -1 for class 1"),
        ([np.nan, 1.0], "got nan for class 0"),
        ([np.inf, 1.0], "got inf for class 0"),
    ],
)
def test_a_wrong_class_weight_is_named(weight, message):
    with pytest.raises(InputValueError, match=message):
        cross_entropy(np.zeros((1, 2)), [0], class_weight=weight)


def test_unsigned_and_small_label_types_are_labels(xp):
    for kind in (xp.uint8, xp.int8, xp.int32):
        losses = cross_entropy(xp.asarray([[0.0, 0.0]]), xp.asarray([1], dtype=kind))
        assert_allclose(np.asarray(losses), [np.log(2)], rtol=1e-6)


def test_a_class_of_weight_zero_adds_nothing_even_when_impossible():
    logits = np.array([[-np.inf, 0.0]])
    assert_array_equal(cross_entropy(logits, [0], class_weight=[0.0, 1.0]), [0.0])
