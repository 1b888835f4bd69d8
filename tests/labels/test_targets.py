import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputTypeError, InputValueError
from headway.labels import one_hot, smooth_targets, to_targets


def test_each_row_is_one_at_its_label(xp):
    rows = one_hot(xp.asarray([2, 0, 1, 2]), 3)
    assert_array_equal(np.asarray(rows), np.eye(3)[[2, 0, 1, 2]])
    assert rows.dtype == xp.empty((0,)).dtype


def test_dtype_and_backend_are_as_asked(xp):
    rows = one_hot(xp.asarray([0, 1]), 2, dtype=xp.float32)
    assert rows.dtype == xp.float32
    assert type(rows) is type(xp.asarray([0, 1]))


def test_the_number_of_classes_is_the_largest_label_plus_one():
    assert one_hot([3, 1]).shape == (2, 4)


@pytest.mark.parametrize(("axis", "shape"), [(-1, (2, 3, 5)), (0, (5, 2, 3)), (1, (2, 5, 3))])
def test_the_new_axis_stands_where_it_is_asked_to(xp, axis, shape):
    labels = np.array([[0, 4, 2], [1, 1, 3]])
    rows = np.asarray(one_hot(xp.asarray(labels), 5, axis=axis))
    assert rows.shape == shape
    assert_array_equal(rows.argmax(axis=axis), labels)


def test_no_labels_give_no_rows():
    assert one_hot(np.empty(0, np.int64), 3).shape == (0, 3)
    assert one_hot([], 3).shape == (0, 3)


def test_a_single_label_gives_a_single_row():
    assert_array_equal(one_hot(np.int64(1), 3), [0, 1, 0])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint64])
def test_small_and_unsigned_integers_are_labels(dtype):
    assert_array_equal(one_hot(np.array([1, 0], dtype), 2), [[0, 1], [1, 0]])


def test_more_classes_than_the_label_dtype_can_count():
    rows = one_hot(np.array([0, 127], np.int8), 300)
    assert_array_equal(rows.argmax(axis=1), [0, 127])
    assert_array_equal(rows.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0, 3], 3), InputValueError, r"must be in 0\.\.2, got 3 at row 1"),
        (([-1, 0], 3), InputValueError, r"must be in 0\.\.2, got -1 at row 0"),
        (([0, -1],), InputValueError, "got -1 at row 1"),
        (([[0, 1], [0, 2]], 2), InputValueError, r"got 2 at row \(1, 1\)"),
        (([0.0, 1.0], 2), InputTypeError, "must be integers, got dtype float64"),
        (([True, False], 2), InputTypeError, "must be integers, got dtype bool"),
        (([0], 0), InputValueError, "`n_classes` must be at least 1, got 0"),
        (([],), InputValueError, "`n_classes` must be given"),
    ],
)
def test_what_is_no_label_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        one_hot(*arguments)


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_outside_the_result_is_refused(axis):
    with pytest.raises(InputValueError, match=r"must be in -2\.\.1"):
        one_hot([0, 1], 2, axis=axis)


def test_targets_of_each_kind():
    assert_array_equal(to_targets([0, 1], "binary", 1), [[0], [1]])
    assert_array_equal(to_targets([0, 2], "exclusive", 3), [[1, 0, 0], [0, 0, 1]])
    matrix = np.array([[0, 1], [np.nan, 1]])
    assert_array_equal(to_targets(matrix, "multilabel", 2), matrix)
    assert to_targets([0, 1], "binary", 1, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], "binary", 2), "one logit, got n_logits=2"),
        (([0, 2], "binary", 1), r"must be in 0\.\.1, got 2 at row 1"),
        (([0, 1], "multi", 2), "`kind` must be"),
        ((np.zeros((2, 3)), "multilabel", 2), r"must have shape \(n, 2\), got \(2, 3\)"),
    ],
)
def test_targets_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InputValueError, match=message):
        to_targets(*arguments)


@given(st.floats(0, 1), st.integers(2, 6))
def test_smoothed_exclusive_rows_stay_distributions(amount, n_classes):
    smooth = smooth_targets(np.eye(n_classes), amount, exclusive=True)
    assert_allclose(smooth.sum(axis=1), 1, rtol=1e-12)
    assert_allclose(smooth.diagonal(), 1 - amount + amount / n_classes, rtol=1e-12)


def test_no_smoothing_changes_nothing():
    targets = np.array([[0.0, 1.0], [1.0, 0.0]])
    for exclusive in (True, False):
        assert_array_equal(smooth_targets(targets, 0, exclusive=exclusive), targets)


def test_independent_labels_are_drawn_towards_one_half(xp):
    smooth = smooth_targets(xp.asarray([[0.0, 1.0, 1.0]]), 0.2, exclusive=False)
    assert_allclose(np.asarray(smooth), [[0.1, 0.9, 0.9]], rtol=1e-6)


def test_binary_smoothing_is_that_of_two_exclusive_classes():
    labels = np.array([0, 1, 1])
    two = smooth_targets(one_hot(labels, 2), 0.3, exclusive=True)
    one = smooth_targets(to_targets(labels, "binary", 1), 0.3, exclusive=False)
    assert_allclose(two[:, 1:], one, rtol=1e-12)


def test_missing_cells_stay_missing():
    smooth = smooth_targets(np.array([[np.nan, 1.0]]), 0.1, exclusive=False)
    assert_array_equal(np.isnan(smooth), [[True, False]])


def test_the_mass_goes_to_allowed_classes_only(xp):
    targets = xp.asarray([[1.0, 0.0, 0.0, 0.0]])
    where = xp.asarray([[True, True, False, False]])
    smooth = smooth_targets(targets, 0.2, exclusive=True, where=where)
    assert_allclose(np.asarray(smooth), [[0.9, 0.1, 0.0, 0.0]], rtol=1e-6)
    loose = smooth_targets(targets, 0.2, exclusive=False, where=where)
    assert_allclose(np.asarray(loose), [[0.9, 0.1, 0.0, 0.0]], rtol=1e-6)


def test_a_mask_of_one_row_holds_for_all():
    smooth = smooth_targets(np.eye(3)[:2], 0.2, exclusive=True, where=np.array([True, True, False]))
    assert_allclose(smooth, [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]])


@pytest.mark.parametrize("amount", [-0.1, 1.5, np.nan])
def test_an_amount_that_is_no_share_is_refused(amount):
    with pytest.raises(InputValueError, match=r"must be in 0\.\.1"):
        smooth_targets(np.eye(2), amount, exclusive=True)


def test_one_exclusive_column_is_refused():
    with pytest.raises(InputValueError, match="exclusive=False"):
        smooth_targets(np.ones((2, 1)), 0.1, exclusive=True)
