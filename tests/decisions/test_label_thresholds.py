"""Laws of thresholds for each label, of the binary one, and of the k largest."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from headway.decisions import (
    Argmax,
    BinaryThreshold,
    Decision,
    LabelThresholds,
    LeastCost,
    Threshold,
    TopK,
    threshold_cost,
)
from headway.errors import InputTypeError, InputValueError

DECISIONS = [
    LabelThresholds((0.3, 0.4)),
    LabelThresholds((0.7, 0.9), at_least_one=True, at_most=1),
    BinaryThreshold(0.3),
    TopK(1),
]


def cost_of(present, probs, thresholds):
    """The expected cost of a set, where a false alarm costs t and a miss 1 - t."""
    alarms = present * (1 - probs) * thresholds
    misses = (1 - present) * probs * (1 - thresholds)
    return (alarms + misses).sum(axis=-1)


def test_equal_thresholds_are_one_threshold():
    probs = np.random.default_rng(0).random((200, 4))
    assert_array_equal(LabelThresholds((0.3,) * 4)(probs), Threshold(0.3)(probs))


def test_a_binary_threshold_is_the_action_of_least_cost_and_a_half_is_argmax():
    p = np.random.default_rng(1).random(500)
    probs = np.column_stack([1 - p, p])
    assert_array_equal(BinaryThreshold(0.305)(probs), LeastCost(threshold_cost(0.305))(probs))
    assert_array_equal(BinaryThreshold()(probs), Argmax()(probs))


@pytest.mark.parametrize("least", [0, 1])
@pytest.mark.parametrize("most", [1, 2, 3, 5, 9])
def test_the_rules_give_the_cheapest_set_that_keeps_them(least, most):
    rng = np.random.default_rng(2)
    probs, thresholds = rng.random((60, 5)), rng.random(5)
    sets = np.array(list(itertools.product([0, 1], repeat=5)))
    allowed = sets[(sets.sum(axis=1) >= least) & (sets.sum(axis=1) <= most)]
    best = cost_of(allowed[None], probs[:, None], thresholds).argmin(axis=1)
    found = LabelThresholds(thresholds, at_least_one=bool(least), at_most=most)(probs)
    assert_array_equal(found, allowed[best])


def test_a_probability_at_its_threshold_is_absent_and_a_threshold_of_one_means_never():
    found = LabelThresholds((0.5, 1.0, 0.0))([[0.5, 1.0, 0.0], [0.6, 1.0, 1e-300]])
    assert_array_equal(found, [[0, 0, 0], [1, 0, 1]])
    assert_array_equal(BinaryThreshold(1.0)([[0.0, 1.0]]), [0])


def test_a_threshold_between_neighbours_of_float32_parts_them():
    low = np.float32(0.3)
    high = np.nextafter(low, np.float32(1))
    between = (float(low) + float(high)) / 2
    assert_array_equal(LabelThresholds((between,))([[low], [high]]), [[0], [1]])
    column = np.array([[0, low], [0, high]], dtype=np.float32)
    assert_array_equal(LabelThresholds((1.0, between))(column)[:, 1], [0, 1])
    assert_array_equal(BinaryThreshold(between)(column), [0, 1])


def test_the_first_of_equals_is_kept():
    assert_array_equal(LabelThresholds((0.1, 0.1, 0.1), at_most=2)([[0.5, 0.5, 0.5]]), [[1, 1, 0]])
    assert_array_equal(LabelThresholds((0.9, 0.9), at_least_one=True)([[0.5, 0.5]]), [[1, 0]])
    assert_array_equal(TopK(2)([[0.1, 0.4, 0.1, 0.1]]), [[1, 1, 0, 0]])


def test_the_k_largest_have_the_largest_sum_of_all_sets_of_k():
    probs = np.random.default_rng(3).random((50, 6))
    for k in range(1, 7):
        found = TopK(k)(probs)
        assert (found.sum(axis=1) == k).all()
        sets = itertools.combinations(range(6), k)
        best = np.max([probs[:, list(some)].sum(axis=1) for some in sets], axis=0)
        np.testing.assert_allclose((found * probs).sum(axis=1), best, rtol=1e-14)


def test_the_largest_of_exclusive_classes_is_argmax():
    probs = np.random.default_rng(4).dirichlet(np.ones(3), size=80)
    assert_array_equal(TopK(1)(probs).argmax(axis=1), Argmax()(probs))


@pytest.mark.parametrize("decision", DECISIONS, ids=repr)
def test_every_decision_is_one_and_answers_integers(decision):
    assert isinstance(decision, Decision)
    assert hash(decision) == hash(type(decision)(**vars(decision)))
    probs = np.random.default_rng(5).random((9, 2))
    for dtype in (np.float64, np.float32):
        found = decision(probs.astype(dtype))
        assert found.dtype == np.int64
        assert len(found) == 9
        assert len(decision(probs[:0].astype(dtype))) == 0
    torch = pytest.importorskip("torch")
    assert_array_equal(decision(torch.as_tensor(probs)), decision(probs))


@pytest.mark.parametrize("decision", DECISIONS, ids=repr)
def test_every_decision_wants_rows_of_probs(decision):
    with pytest.raises(InputValueError, match=r"shape \(n, K\).*got \(3,\)"):
        decision(np.zeros(3))
    with pytest.raises(InputTypeError, match="must be floating, got dtype int64"):
        decision(np.zeros((2, 2), dtype=np.int64))


def test_probs_must_have_the_columns_that_the_decision_knows():
    with pytest.raises(InputValueError, match=r"must have 2 columns, got 3\. Thresholds belong"):
        LabelThresholds((0.1, 0.2))(np.zeros((1, 3)))
    with pytest.raises(InputValueError, match=r"must have 2 columns, got 1\."):
        BinaryThreshold()(np.zeros((1, 1)))
    with pytest.raises(InputValueError, match=r"at least 3 columns.*got 2"):
        TopK(3)(np.zeros((1, 2)))


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(value):
    with pytest.raises(InputValueError, match=r"`values\[1\]` must satisfy 0 <= value <= 1"):
        LabelThresholds((0.5, value))
    with pytest.raises(InputValueError, match="`value` must satisfy 0 <= value <= 1"):
        BinaryThreshold(value)


def test_thresholds_are_a_sequence():
    for values in (0.5, "half"):
        with pytest.raises(InputTypeError, match="`values` must be a sequence of numbers"):
            LabelThresholds(values)
    for values in ((), [[0.1]]):
        with pytest.raises(InputValueError, match=r"`values` must have shape \(L,\)"):
            LabelThresholds(values)
    with pytest.raises(InputTypeError, match=r"`values\[0\]` must be a number, got 'a'"):
        LabelThresholds(("a",))


def test_counts_are_whole_and_at_least_one():
    with pytest.raises(InputValueError, match="`at_most` must be at least 1, got 0"):
        LabelThresholds((0.5,), at_most=0)
    with pytest.raises(InputTypeError, match="`at_most` must be a whole number, got"):
        LabelThresholds((0.5,), at_most=1.5)
    with pytest.raises(InputValueError, match="`k` must be at least 1, got 0"):
        TopK(0)
    with pytest.raises(InputTypeError, match="`k` must be a whole number, got 'all'"):
        TopK("all")


def test_one_threshold_for_all_and_one_for_each_decide_alike_in_float32():
    probs = np.array([[0.1, 0.7, 0.9]], dtype=np.float32)  # neighbours of these numbers
    for value in (0.1, 0.7, 0.9):
        assert_array_equal(Threshold(value)(probs), LabelThresholds((value,) * 3)(probs))
