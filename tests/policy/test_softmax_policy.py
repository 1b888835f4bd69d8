"""The softmax policy: what it answers, and the gradient of its parameters."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from scipy.stats import binom

from headway.errors import InputTypeError, InputValueError
from headway.policy import SoftmaxPolicy, policy_loss

SEEDS = st.integers(0, 10_000)


def some(seed, n=6, d=3, K=4):
    rng = np.random.default_rng(seed)
    return SoftmaxPolicy(rng.normal(size=(K, d)), rng.normal(size=K), 0.7), rng.normal(size=(n, d))


@given(SEEDS)
def test_gradients_are_central_differences_of_the_mean_loss(seed):
    policy, X = some(seed)
    rng = np.random.default_rng(seed + 1)
    actions, advantages = rng.integers(4, size=len(X)), rng.normal(size=len(X))
    coef, intercept = policy.gradient(X, actions, advantages, entropy_bonus=0.2)

    def mean_loss(policy):
        return policy_loss(
            policy.logits(X), actions, advantages, entropy_bonus=0.2, temperature=0.7
        ).mean()

    for index in np.ndindex(policy.coef.shape):
        step = np.zeros_like(policy.coef)
        step[index] = 1e-6
        up, down = (
            replace(policy, coef=policy.coef + step),
            replace(policy, coef=policy.coef - step),
        )
        assert_allclose(coef[index], (mean_loss(up) - mean_loss(down)) / 2e-6, atol=1e-7)
    for k in range(4):
        step = 1e-6 * np.eye(4)[k]
        up = replace(policy, intercept=policy.intercept + step)
        down = replace(policy, intercept=policy.intercept - step)
        assert_allclose(intercept[k], (mean_loss(up) - mean_loss(down)) / 2e-6, atol=1e-7)


@given(SEEDS)
def test_probs_are_the_tempered_softmax_of_the_logits(seed):
    policy, X = some(seed)
    assert_allclose(policy.probs(X), softmax(policy.logits(X) / 0.7, axis=1), rtol=1e-12)
    assert_allclose(np.exp(policy.log_probs(X)), policy.probs(X))


def test_actions_are_as_frequent_as_probs_say_and_masked_ones_never_come():
    policy, X = some(0, n=1)
    mask = np.array([True, True, False, True])
    n = 20_000
    drawn = policy.act(np.tile(X, (n, 1)), mask=mask, rng=0)
    q = policy.probs(X, mask=mask)[0]
    assert q[2] == 0
    counts = np.bincount(drawn.actions, minlength=4)
    for count, share in zip(counts, q, strict=True):
        assert binom.ppf(1e-4, n, share) <= count <= binom.ppf(1 - 1e-4, n, share)
    assert_allclose(drawn.log_probs, np.log(q[drawn.actions]))
    assert_allclose(drawn.entropy, policy.entropy(X, mask=mask)[0])


def test_entropy_falls_with_the_temperature_from_log_k_to_none():
    policy, X = some(1)
    temperatures = [np.inf, 10.0, 1.0, 0.1, 0.0]
    entropies = [policy.at_temperature(t).entropy(X) for t in temperatures]
    assert_allclose(entropies[0], np.log(4))
    assert_array_equal(entropies[-1], 0)
    assert (np.diff(entropies, axis=0) <= 0).all()


def test_at_temperature_zero_it_takes_the_largest_logit():
    policy, X = some(2)
    greedy = policy.at_temperature(0)
    assert_array_equal(greedy.act(X, rng=0).actions, policy.logits(X).argmax(axis=1))
    assert_array_equal(greedy.probs(X).max(axis=1), 1)


def test_it_begins_with_every_action_equally_likely():
    policy = SoftmaxPolicy.uniform(n_features=2, n_actions=5)
    assert_allclose(policy.probs([[1.0, -1.0]]), 0.2)
    assert_allclose(policy.entropy([[1.0, -1.0]]), np.log(5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SoftmaxPolicy(np.zeros(3), np.zeros(3)), r"`coef` must have shape \(K, d\)"),
        (lambda: SoftmaxPolicy(np.zeros((3, 0)), np.zeros(3)), r"`coef` must have shape \(K, d\)"),
        (lambda: SoftmaxPolicy(np.zeros((3, 2)), np.zeros(2)), r"`intercept` must have shape \(3,"),
        (lambda: SoftmaxPolicy([[0.0, np.nan]], [0.0]), "`coef` must be finite, got nan at row 0,"),
        (lambda: SoftmaxPolicy([["a"]], [0.0]), "`coef` must be real numbers"),
        (lambda: SoftmaxPolicy([[0.0]], [0.0], -0.1), "`temperature` must be at least 0, got -0.1"),
        (lambda: SoftmaxPolicy([[0.0]], [0.0], "hot"), "`temperature` must be a number"),
        (lambda: SoftmaxPolicy.uniform(n_features=0, n_actions=2), "`n_features` must be at least"),
        (lambda: SoftmaxPolicy.uniform(n_features=1, n_actions=2.0), "`n_actions` must be a whole"),
        (lambda: some(0)[0].logits(np.zeros(3)), r"`observations` must have shape \(n, 3\), got"),
        (lambda: some(0)[0].logits(np.zeros((1, 4))), r"must have shape \(n, 3\), got \(1, 4\)"),
        (lambda: some(0)[0].logits([[0.0, np.inf, 0.0]]), "must be finite, got inf at row 0, col"),
        (lambda: some(0)[0].gradient(np.zeros((0, 3)), [], []), "at least one row, got none"),
        (
            lambda: some(0)[0].act(np.zeros((2, 3)), mask=[[True] * 4, [False] * 4], rng=0),
            "must allow an action that is possible, got none at row 1",
        ),
        (lambda: some(0)[0].act(np.zeros((1, 3)), rng=None), "`rng` must be"),
    ],
)
def test_a_wrong_argument_says_what_to_do(make, message):
    with pytest.raises((InputTypeError, InputValueError), match=message):
        make()
