import pickle
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from headway.decisions import (
    Argmax,
    Decision,
    LeastCost,
    Threshold,
    threshold_cost,
    with_abstention,
    zero_one_cost,
)
from headway.errors import InputTypeError, InputValueError

DECISIONS = [Argmax(), Threshold(0.3), LeastCost(zero_one_cost(3))]


def test_argmax_threshold_and_abstention_are_cost_matrices():
    probs = np.random.default_rng(0).dirichlet(np.ones(4), size=1000)
    assert_array_equal(LeastCost(zero_one_cost(4))(probs), Argmax()(probs))
    p = np.linspace(0.01, 0.99, 99)
    two = np.column_stack([1 - p, p])
    least = LeastCost(threshold_cost(0.305))(two)
    assert_array_equal(least, Threshold(0.305)(p[:, None])[:, 0])
    chow = LeastCost(with_abstention(zero_one_cost(2), price=0.205))
    assert_array_equal(chow(two) == 2, two.max(axis=1) < 1 - 0.205)


def test_least_cost_finds_the_least_expected_cost():
    rng = np.random.default_rng(1)
    cost, probs = rng.random((3, 5)), rng.dirichlet(np.ones(3), size=200)
    expected = [min(range(5), key=lambda a: float(p @ cost[:, a])) for p in probs]
    assert_array_equal(LeastCost(cost)(probs), expected)


@pytest.mark.parametrize("decision", DECISIONS, ids=repr)
def test_every_decision_agrees_across_libraries(decision, xp):
    assert isinstance(decision, Decision)
    probs = np.random.default_rng(2).dirichlet(np.ones(3), size=50)
    actual = decision(xp.asarray(probs))
    assert_array_equal(np.asarray(actual), decision(probs))
    assert xp.isdtype(actual.dtype, "integral") if hasattr(xp, "isdtype") else True
    assert decision(xp.asarray(probs[:0])).shape[0] == 0


@pytest.mark.parametrize("decision", DECISIONS, ids=repr)
def test_every_decision_wants_rows_of_probs(decision):
    with pytest.raises(InputValueError, match=r"shape \(n, K\).*got \(3,\)"):
        decision(np.zeros(3))
    with pytest.raises(InputValueError, match=r"got \(2, 0\)"):
        decision(np.zeros((2, 0)))
    with pytest.raises(InputTypeError, match="must be floating, got dtype int64"):
        decision(np.zeros((2, 3), dtype=np.int64))


def test_the_first_of_equals_wins(xp):
    assert_array_equal(np.asarray(Argmax()(xp.asarray([[0.5, 0.5], [0.2, 0.8]]))), [0, 1])


def test_a_probability_at_the_threshold_is_absent(xp):
    decided = Threshold(0.5)(xp.asarray([[0.5, 0.5 + 1e-6, 0.0, 1.0]]))
    assert_array_equal(np.asarray(decided), [[0, 1, 0, 1]])
    assert_array_equal(np.asarray(Threshold(1.0)(xp.asarray([[1.0]]))), [[0]])
    assert_array_equal(np.asarray(Threshold(0)(xp.asarray([[0.0, 1e-30]]))), [[0, 1]])


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(value):
    with pytest.raises(InputValueError, match=r"must be in 0\.\.1"):
        Threshold(value)
    with pytest.raises(InputTypeError, match="must be a number"):
        Threshold("half")


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ([1.0, 2.0], r"shape \(classes, actions\), got \(2,\)"),
        (np.zeros((0, 2)), r"got \(0, 2\)"),
        ([[0.0, np.inf], [0.0, 1.0]], "got inf at row 0, column 1"),
        ([[0.0, 1.0], [np.nan, 1.0]], "got nan at row 1, column 0"),
    ],
)
def test_a_wrong_cost_is_named(cost, message):
    with pytest.raises(InputValueError, match=message):
        LeastCost(cost)


def test_costs_and_probs_must_have_the_same_classes():
    with pytest.raises(InputValueError, match="each of the 2 classes of `cost`, got 3"):
        LeastCost(zero_one_cost(2))(np.full((1, 3), 1 / 3))


def test_a_cost_cannot_be_changed_from_outside():
    table = zero_one_cost(2)
    decision = LeastCost(table)
    table[0, 1] = -5.0
    assert decision == LeastCost(zero_one_cost(2))
    assert hash(decision) == hash(LeastCost(zero_one_cost(2)))
    assert decision != LeastCost(table)
    assert decision != Argmax()
    with pytest.raises(ValueError, match="read-only"):
        decision.cost[0, 0] = 1.0


def test_a_copied_cost_cannot_be_changed_either():
    decision = LeastCost([[0.0, 1.0], [1.0, 0.0]])
    for copy in (deepcopy(decision), pickle.loads(pickle.dumps(decision))):
        assert copy == decision
        with pytest.raises(ValueError, match="read-only"):
            copy.cost[0, 0] = 9.0


def test_prices_are_taken_as_they_are_even_if_right_answers_are_the_dear_ones():
    assert LeastCost(np.eye(2))([[0.9, 0.1], [0.2, 0.8]]).tolist() == [1, 0]


def test_helpers_refuse_what_makes_no_cost():
    with pytest.raises(InputValueError, match="at least 1, got 0"):
        zero_one_cost(0)
    with pytest.raises(InputValueError, match="`threshold` must satisfy"):
        threshold_cost(1.5)
    with pytest.raises(InputValueError, match="`price` must be finite"):
        with_abstention(zero_one_cost(2), price=np.inf)
