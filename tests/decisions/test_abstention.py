"""Abstaining: at a threshold, at a rate, at a promised error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import beta, binom

from headway.decisions import (
    Abstain,
    AbstainAtError,
    AbstainAtRate,
    Argmax,
    LeastCost,
    with_abstention,
    zero_one_cost,
)
from headway.errors import InputTypeError, InputValueError


def softmax_rows(n, K, seed, sharpness=2.0):
    """Return probabilities that are true, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = sharpness * rng.normal(size=(n, K))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probs, (np.log(probs) + rng.gumbel(size=probs.shape)).argmax(axis=1)


@given(st.integers(2, 6), st.floats(0.0, 1.0), st.integers(0, 99))
def test_to_abstain_is_the_least_cost_when_it_has_a_price(K, price, seed):
    probs = np.random.default_rng(seed).dirichlet(np.ones(K), size=50)
    probs = probs[np.abs(probs.max(axis=1) - (1 - price)) > 1e-12]
    least = LeastCost(with_abstention(zero_one_cost(K), price=price))
    assert_array_equal(Abstain(1 - price)(probs), least(probs))


def test_abstain_agrees_across_libraries_and_dtypes(xp):
    probs = np.random.default_rng(0).dirichlet(np.ones(3), size=50)
    actual = Abstain(0.6)(xp.asarray(probs))
    assert_array_equal(np.asarray(actual), np.where(probs.max(axis=1) < 0.6, 3, Argmax()(probs)))
    assert Abstain(0.6)(xp.asarray(probs[:0])).shape == (0,)
    assert_array_equal(Abstain(0.6)(probs.astype(np.float32)), Abstain(0.6)(probs))


def test_a_probability_at_the_threshold_is_answered_and_zero_answers_all():
    assert_array_equal(Abstain(0.75)([[0.75, 0.25], [0.5, 0.5]]), [0, 2])
    assert_array_equal(Abstain(0)([[0.5, 0.5]]), [0])
    with pytest.raises(InputValueError, match=r"must satisfy 0 <= value <= 1, got 1\.1"):
        Abstain(1.1)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.99])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_rate_is_met_exactly_where_no_rows_tie(rate, dtype):
    probs = softmax_rows(100, 4, seed=1)[0].astype(dtype)
    decided = AbstainAtRate(rate).fit(probs)(probs)
    assert np.sum(decided == 4) == round(100 * rate)


@given(
    st.lists(st.tuples(st.sampled_from([0.5, 0.6, 0.7, 1.0]), st.integers(0, 3)), min_size=1),
    st.floats(0, 0.999),
)
def test_the_rate_is_never_passed_is_the_highest_and_weights_are_repeats(rows, rate):
    p, w = np.array(rows).T
    if not w.sum():
        return
    probs = np.column_stack([p, 1 - p])
    tuned = AbstainAtRate(rate).fit(probs, weights=w)
    repeated = np.repeat(probs, w.astype(int), axis=0)
    assert AbstainAtRate(rate).fit(repeated) == tuned
    share = np.mean(tuned(repeated) == 2)
    assert share <= rate + 1e-9
    higher = [t for t in np.unique(repeated.max(axis=1)) if t > tuned.threshold]
    for threshold in higher:
        assert np.mean(Abstain(threshold)(repeated) == 2) > rate


def test_rows_that_all_tie_are_all_answered():
    tuned = AbstainAtRate(0.9).fit(np.full((10, 2), 0.5))
    assert_array_equal(tuned(np.full((3, 2), 0.5)), [0, 0, 0])


def test_the_error_of_answered_rows_is_kept_as_often_as_promised():
    # The truth by a large sample; 300 tunings, of which at most 20 % may promise too much.
    probs, labels = softmax_rows(200_000, 4, seed=2)
    sure, wrong = probs.max(axis=1), probs.argmax(axis=1) != labels
    rng = np.random.default_rng(3)
    failed, rates = 0, []
    for _ in range(300):
        rows = rng.choice(len(probs), 400, replace=False)
        try:
            tuned = AbstainAtError(0.2, level=0.8).fit(probs[rows], labels[rows])
        except InputValueError:  # nothing is promised
            rates.append(0.0)
            continue
        answered = sure >= tuned.threshold
        failed += wrong[answered].mean() > 0.2
        rates.append(answered.mean())
    assert failed <= binom.ppf(0.9999, 300, 0.2)
    assert np.mean(rates) > 0.2  # and not by answering next to nothing


def test_the_bound_is_clopper_and_pearsons_with_its_share_of_the_doubt():
    # One threshold, so that there is one walk, with all of the doubt.
    probs, labels = np.tile([0.9, 0.1], (200, 1)), np.r_[np.ones(3, int), np.zeros(197, int)]
    bound = beta.ppf(0.95, 4, 197)
    assert AbstainAtError(bound + 1e-9).fit(probs, labels) == Abstain(0.9)
    with pytest.raises(InputValueError, match=r"200 tuning rows can prove.*best proven is 0\.038"):
        AbstainAtError(bound - 1e-9).fit(probs, labels)


def test_two_walks_share_the_doubt():
    probs = np.repeat([[0.9, 0.1], [0.6, 0.4]], 100, axis=0)
    labels = np.r_[np.ones(3, int), np.zeros(97, int), np.arange(100) % 2]
    bound = beta.ppf(1 - 0.05 / 2, 4, 97)
    assert AbstainAtError(bound + 1e-9).fit(probs, labels) == Abstain(0.9)
    with pytest.raises(InputValueError, match="200 tuning rows can prove"):
        AbstainAtError(bound - 1e-9).fit(probs, labels)


def test_a_sure_model_that_is_right_answers_everything():
    probs, labels = np.tile([1.0, 0.0], (100, 1)), np.zeros(100, int)
    assert AbstainAtError(0.05).fit(probs, labels)(probs).sum() == 0


@pytest.mark.parametrize("tuner", [AbstainAtRate(0.1), AbstainAtError(0.1)], ids=repr)
def test_rows_that_cannot_be_tuned_on_are_named(tuner):
    probs = np.full((3, 2), 0.5)
    with pytest.raises(InputValueError, match="at least one row to tune on"):
        tuner.fit(probs[:0], np.zeros(0, int))
    with pytest.raises(InputValueError, match=r"in 0\.\.1, got 2 at row 0, column 0"):
        tuner.fit(np.full((3, 2), 2.0), np.zeros(3, int))
    with pytest.raises(InputValueError, match=r"got nan at row 0"):
        tuner.fit(np.full((3, 2), np.nan), np.zeros(3, int))
    with pytest.raises(InputTypeError, match="must be floating"):
        tuner.fit(np.ones((3, 2), int), np.zeros(3, int))


def test_what_cannot_be_promised_is_refused():
    probs, labels = np.full((3, 2), 0.5), np.zeros(3, int)
    with pytest.raises(InputValueError, match="takes no `weights`"):
        AbstainAtError(0.1).fit(probs, labels, weights=np.ones(3))
    with pytest.raises(InputValueError, match=r"in 0\.\.1, got 2 at row 1"):
        AbstainAtError(0.1).fit(probs, np.array([0, 2, 0]))
    with pytest.raises(InputValueError, match=r"`error` must be above 0, got 0\. No number"):
        AbstainAtError(0)
    with pytest.raises(InputValueError, match="`level` must satisfy 0 <= value < 1, got 1"):
        AbstainAtError(0.1, level=1)
    with pytest.raises(InputValueError, match="`rate` must satisfy 0 <= value < 1, got 1"):
        AbstainAtRate(1)
    with pytest.raises(InputValueError, match=r"`weights` must have shape \(3,\)"):
        AbstainAtRate(0.1).fit(probs, weights=np.ones(2))


def test_what_is_unknown_is_not_answered():
    probs = np.array([[np.nan, np.nan], [np.nan, 0.9], [0.1, 0.9]])
    assert Abstain(0.0)(probs).tolist() == [2, 2, 1]
