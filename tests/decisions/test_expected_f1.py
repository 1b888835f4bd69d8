"""Laws of the decision for the example-wise F-measure; its arithmetic is tests/kernels'."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import fbeta_score

from headway.decisions import Decision, ExpectedF1, TopK
from headway.errors import InputTypeError, InputValueError


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_it_scores_what_it_expects_on_labels_drawn_from_the_probs_and_no_threshold_does_better(
    beta,
):
    rng = np.random.default_rng(0)
    probs = rng.random((4000, 7)) ** 2
    truth = (rng.random(probs.shape) < probs).astype(int)

    def score(sets):
        return fbeta_score(truth, sets, beta=beta, average="samples", zero_division=1.0)

    decision = ExpectedF1(beta=beta)
    mine = score(decision(probs))
    assert abs(mine - decision.expected(probs).mean()) < 0.015
    others = [(probs > t).astype(int) for t in np.arange(0.05, 1, 0.05)]
    others += [TopK(k)(probs) for k in range(1, 8)]
    assert mine > max(map(score, others))


def test_the_chosen_labels_are_the_most_probable_ones():
    probs = np.random.default_rng(1).random((300, 9)) ** 2
    sets = ExpectedF1()(probs)
    least_in = np.where(sets == 1, probs, 2).min(axis=1)
    most_out = np.where(sets == 0, probs, -1).max(axis=1)
    assert (least_in > most_out).all()


def test_what_an_empty_row_scores_moves_the_line_to_the_empty_set():
    probs = np.full((1, 3), 0.2)
    # None of them is true with 0.512.
    assert_array_equal(ExpectedF1()(probs), [[0, 0, 0]])
    assert_allclose(ExpectedF1().expected(probs), 0.8**3)
    assert ExpectedF1(zero_division=0.0)(probs).sum() > 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_it_is_a_decision_on_any_floats(dtype):
    decision = ExpectedF1()
    assert isinstance(decision, Decision)
    probs = np.array([[0.75, 0.5], [0.0, 0.125]], dtype=dtype)
    assert decision(probs).dtype == np.int64
    assert_array_equal(decision(probs), [[1, 1], [0, 0]])
    assert_array_equal(decision(probs.T), decision(np.ascontiguousarray(probs.T)))


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan])
def test_what_is_no_probability_is_named(value):
    probs = np.full((2, 3), 0.5)
    probs[1, 2] = value
    with pytest.raises(InputValueError, match=r"in 0\.\.1, got .* at row 1, column 2"):
        ExpectedF1()(probs)
    with pytest.raises(InputValueError, match="`zero_division` must satisfy"):
        ExpectedF1(zero_division=value)


def test_beta_is_a_positive_number():
    for value in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(InputValueError, match="`beta` must be positive and finite"):
            ExpectedF1(beta=value)
    with pytest.raises(InputTypeError, match="`beta` must be a number, got 'two'"):
        ExpectedF1(beta="two")


def test_the_largest_and_smallest_beta_are_recall_and_precision():
    probs = np.array([[0.9, 0.5, 0.1]])
    assert ExpectedF1(beta=1e100, zero_division=0.0)(probs).tolist() == [[1, 1, 1]]
    assert ExpectedF1(beta=1e-100, zero_division=0.0)(probs).tolist() == [[1, 0, 0]]
    for value in (1e-101, 1e101):
        with pytest.raises(InputValueError, match="1e-100 to 1e100"):
            ExpectedF1(beta=value)
