import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from headway.errors import InputValueError
from headway.losses import (
    PositiveWeightedLoss,
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    cross_entropy,
)

pytestmark = pytest.mark.usefixtures("level")
# One level of the core for all examples of a test is meant.
at_one_level = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

LOGITS = arrays(np.float64, (4, 3), elements=st.floats(-50, 50))
TARGETS = arrays(np.float64, (4, 3), elements=st.sampled_from([0.0, 0.25, 1.0, np.nan]))


@at_one_level
@given(LOGITS, TARGETS, st.sampled_from([0.0, 0.2]), st.sampled_from([None, 3.0]))
def test_gradient_is_the_central_difference_of_the_loss(logits, targets, smoothing, weight):
    options = {"label_smoothing": smoothing, "positive_weight": weight}
    gradient, h = binary_cross_entropy_gradient(logits, targets, **options), 1e-4
    for k in range(3):
        step = h * np.eye(3)[k]
        up = binary_cross_entropy(logits + step, targets, **options)
        down = binary_cross_entropy(logits - step, targets, **options)
        assert_allclose(gradient[:, k], (up - down) / (2 * h), atol=1e-6)


@at_one_level
@given(LOGITS, TARGETS)
def test_a_sample_is_the_sum_of_its_labels(logits, targets):
    columns = [binary_cross_entropy(logits[:, [k]], targets[:, [k]]) for k in range(3)]
    assert_allclose(binary_cross_entropy(logits, targets), np.sum(columns, axis=0), rtol=1e-12)


def test_one_column_is_cross_entropy_of_two(xp):
    z = np.random.default_rng(0).normal(size=(30, 1)) * 10
    y = np.random.default_rng(1).integers(0, 2, size=30)
    binary = binary_cross_entropy(xp.asarray(z), xp.asarray(y[:, None]))
    two = np.hstack([np.zeros_like(z), z])
    assert_allclose(np.asarray(binary), cross_entropy(two, y), rtol=1e-12)


def test_a_mask_is_a_missing_target(xp):
    rng = np.random.default_rng(2)
    logits, mask = rng.normal(size=(5, 4)), rng.random((5, 4)) < 0.5
    targets = rng.integers(0, 2, size=(5, 4)).astype(float)
    missing = np.where(mask, targets, np.nan)
    logits_there = np.where(mask, logits, np.nan)  # what stands there does not matter
    actual = binary_cross_entropy(
        xp.asarray(logits_there), xp.asarray(targets), where=xp.asarray(mask), label_smoothing=0.1
    )
    expected = binary_cross_entropy(logits, missing, label_smoothing=0.1)
    assert_allclose(np.asarray(actual), expected, rtol=1e-12)
    gradient = binary_cross_entropy_gradient(
        xp.asarray(logits_there), xp.asarray(targets), where=xp.asarray(mask)
    )
    assert (np.asarray(gradient)[~mask] == 0).all()
    assert (np.asarray(gradient)[mask] != 0).all()


def test_smoothing_pulls_towards_one_half():
    z = np.array([[2.0, -1.0]])
    smoothed = binary_cross_entropy(z, [[1, 0]], label_smoothing=0.2)
    assert_allclose(smoothed, binary_cross_entropy(z, [[0.9, 0.1]]), rtol=1e-14)


def test_positive_weight_counts_present_labels_more_often(xp):
    logits, targets = xp.asarray([[0.0, 0.0]]), xp.asarray([[1.0, 0.0]])
    loss = binary_cross_entropy(logits, targets, positive_weight=3.0)
    assert_allclose(np.asarray(loss), [4 * np.log(2)], rtol=1e-6)
    loss = binary_cross_entropy(logits, targets, positive_weight=[3.0, 50.0])
    assert_allclose(np.asarray(loss), [4 * np.log(2)], rtol=1e-6)


def test_the_certain_label_keeps_its_small_loss():
    """softplus(40) - 40 is 0; the truth is 4e-18."""
    loss = binary_cross_entropy([[40.0, -40.0]], [[1, 0]])
    assert_allclose(loss, [2 * np.exp(-40.0)], rtol=1e-14)


@pytest.mark.parametrize("axis", [0, 1])
def test_labels_may_lie_on_any_axis(xp, axis):
    rng = np.random.default_rng(3)
    logits, targets = rng.normal(size=(6, 4)), rng.integers(0, 2, size=(6, 4)).astype(float)
    moved = [xp.asarray(np.ascontiguousarray(np.moveaxis(a, -1, axis))) for a in (logits, targets)]
    weight = [1.0, 2.0, 3.0, 4.0]
    actual = binary_cross_entropy(*moved, axis=axis, positive_weight=weight)
    expected = binary_cross_entropy(logits, targets, positive_weight=weight)
    assert_allclose(np.asarray(actual), expected, rtol=1e-12)
    gradient = binary_cross_entropy_gradient(*moved, axis=axis, positive_weight=weight)
    expected = binary_cross_entropy_gradient(logits, targets, positive_weight=weight)
    assert_allclose(np.moveaxis(np.asarray(gradient), axis, -1), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (0.0, "got 0. Use"),
        ([1.0, -2.0], "got -2 for label 1"),
        ([1.0] * 3, r"shape \(2,\), one for each label, got \(3,\)"),
        (np.inf, "got inf"),
    ],
)
def test_a_wrong_positive_weight_is_named(weight, message):
    with pytest.raises(InputValueError, match=message):
        binary_cross_entropy(np.zeros((1, 2)), np.zeros((1, 2)), positive_weight=weight)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, [1.0, 0.0], [[1.0]]])
def test_a_weighted_loss_wants_positive_weights(weight):
    with pytest.raises(InputValueError, match="one positive finite number"):
        PositiveWeightedLoss(weight)


def test_a_weighted_loss_is_hashable_and_the_function_of_that_name(xp):
    loss = PositiveWeightedLoss(np.array([2.0, 3.0]))
    assert loss == PositiveWeightedLoss((2.0, 3.0))
    assert hash(loss) == hash(PositiveWeightedLoss((2.0, 3.0)))
    logits = xp.asarray([[0.5, -2.0], [1.0, 3.0]])
    targets = xp.asarray([[1.0, float("nan")], [0.0, 1.0]])
    expected = binary_cross_entropy(logits, targets, positive_weight=[2.0, 3.0])
    assert_allclose(np.asarray(loss.value(logits, targets)), np.asarray(expected))


def test_shapes_must_agree(xp):
    with pytest.raises(InputValueError, match=r"shape of `logits` \(2, 1\), got \(2,\)"):
        binary_cross_entropy(xp.zeros((2, 1)), xp.zeros((2,)))
