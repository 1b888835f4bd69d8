import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_class_weight

from headway.errors import InputTypeError, InputValueError
from headway.labels import class_weights

LABELS = np.array([0, 0, 0, 1, 2, 2])
CLASSES = np.array(["a", "b", "c"])


def weigh(class_weight, labels=LABELS, classes=CLASSES, kind="exclusive", weights=None):
    return class_weights(class_weight, labels, classes=classes, kind=kind, weights=weights)


def test_without_a_wish_all_classes_weigh_one():
    assert_array_equal(weigh(None), [1, 1, 1])


def test_balanced_is_what_scikit_learn_computes():
    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    assert_allclose(weigh("balanced"), expected)


def test_balanced_classes_count_alike_and_the_total_stays():
    per_row = weigh("balanced")[LABELS]
    assert_allclose(np.bincount(LABELS, weights=per_row), 2)


def test_a_weight_of_two_is_a_row_given_twice():
    weights = np.array([1, 1, 1, 2, 1, 1])
    repeated = np.repeat(LABELS, weights)
    assert_allclose(weigh("balanced", weights=weights), weigh("balanced", repeated))


def test_a_declared_class_without_rows_weighs_one():
    weights = weigh("balanced", np.array([0, 0, 0, 1]))
    assert_allclose(weights, [4 / 6, 2, 1])


def test_named_weights_are_placed_and_the_rest_weigh_one():
    assert_array_equal(weigh({"c": 3, "a": 0.5}), [0.5, 1, 3])
    assert_array_equal(weigh({1: 4}, [0, 1], np.array([0, 1]), "binary"), [1, 4])
    assert_array_equal(weigh({}), [1, 1, 1])


def test_balanced_labels_weigh_negatives_by_positives():
    matrix = np.array([[1, 0], [0, 1], [0, np.nan], [0, 1]])
    classes = np.array(["x", "y"])
    assert_allclose(weigh("balanced", matrix, classes, "multilabel"), [3, 0.5])
    weighted = weigh("balanced", matrix, classes, "multilabel", np.array([1, 1, 1, 2]))
    assert_allclose(weighted, [4, 1 / 3])
    assert_array_equal(weigh({"y": 2}, matrix, classes, "multilabel"), [1, 2])


def test_a_label_that_never_or_always_holds_weighs_one():
    matrix = np.array([[0, 1], [0, 1]])
    assert_array_equal(weigh("balanced", matrix, np.array([0, 1]), "multilabel"), [1, 1])


@pytest.mark.parametrize(
    ("class_weight", "error", "message"),
    [
        ("balance", InputValueError, "'balanced' or a dict, got 'balance'"),
        ([1, 2, 3], InputTypeError, "got list"),
        ({"d": 1}, InputValueError, "among 'a', 'b', 'c', got 'd'"),
        ({"A": 1}, InputValueError, "got 'A'. Did you mean 'a'?"),
        ({0: 1}, InputValueError, "got 0"),
        ({"a": -1}, InputValueError, "got -1 for class 'a'"),
        ({"a": np.nan}, InputValueError, "got nan for class 'a'"),
        ({"a": np.inf}, InputValueError, "got inf for class 'a'"),
        ({"a": "much"}, InputValueError, "got 'much' for class 'a'"),
    ],
)
def test_weights_that_make_no_sense_are_refused(class_weight, error, message):
    with pytest.raises(error, match=message):
        weigh(class_weight)
