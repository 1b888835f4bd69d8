"""The policy gradient: a law for each of its parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputTypeError, InputValueError
from headway.links import SoftmaxLink
from headway.losses import cross_entropy_gradient
from headway.policy import policy_gradient, policy_loss

SEEDS = st.integers(0, 10_000)
TEMPERATURES = st.sampled_from([0.3, 1.0, 4.0])
BONUSES = st.sampled_from([0.0, 0.01, 2.0])


def some(seed, n=5, K=4):
    """Return logits, a mask, actions that it allows, and advantages."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(n, K))
    mask = rng.random((n, K)) < 0.6
    actions = rng.integers(K, size=n)
    mask[np.arange(n), actions] = True
    return logits, mask, actions, rng.normal(scale=3, size=n)


@given(SEEDS, TEMPERATURES, BONUSES)
def test_gradient_is_the_central_difference_of_the_loss(seed, temperature, bonus):
    logits, mask, actions, advantages = some(seed)
    options = {"temperature": temperature, "entropy_bonus": bonus, "mask": mask}
    gradient, h = policy_gradient(logits, actions, advantages, **options), 1e-6
    for k in range(logits.shape[1]):
        step = h * np.eye(logits.shape[1])[k]
        up = policy_loss(logits + step, actions, advantages, **options)
        down = policy_loss(logits - step, actions, advantages, **options)
        # The difference loses eps * loss / h of its digits.
        assert_allclose(gradient[:, k], (up - down) / (2 * h), atol=2e-7 * 10 / temperature)


@given(SEEDS)
def test_with_advantage_one_it_is_the_gradient_of_cross_entropy(seed):
    logits, mask, actions, _ = some(seed)
    ones = np.ones(len(actions))
    assert_allclose(
        policy_gradient(logits, actions, ones, mask=mask),
        cross_entropy_gradient(logits, actions, where=mask),
        atol=1e-15,
    )


@given(SEEDS, TEMPERATURES, BONUSES)
def test_rows_sum_to_zero_and_masked_actions_have_none(seed, temperature, bonus):
    logits, mask, actions, advantages = some(seed)
    gradient = policy_gradient(
        logits, actions, advantages, temperature=temperature, entropy_bonus=bonus, mask=mask
    )
    assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)
    assert_array_equal(gradient[~mask], 0)


@given(SEEDS)
def test_a_masked_action_might_as_well_not_exist(seed):
    logits, _, _, advantages = some(seed)
    mask = np.array([True, False, True, True])
    actions = np.random.default_rng(seed).integers(3, size=len(logits))
    gradient = policy_gradient(
        logits, np.array([0, 2, 3])[actions], advantages, entropy_bonus=0.5, mask=mask
    )
    without = policy_gradient(logits[:, mask], actions, advantages, entropy_bonus=0.5)
    assert_allclose(gradient[:, mask], without, atol=1e-14)
    impossible = np.where(mask, logits, -np.inf)
    same = policy_gradient(impossible, np.array([0, 2, 3])[actions], advantages, entropy_bonus=0.5)
    assert_array_equal(same, gradient)


@given(SEEDS, TEMPERATURES)
def test_a_temperature_divides_the_logits_and_the_gradient(seed, temperature):
    logits, mask, actions, advantages = some(seed)
    tempered = policy_gradient(
        logits, actions, advantages, temperature=temperature, entropy_bonus=0.3, mask=mask
    )
    plain = policy_gradient(logits / temperature, actions, advantages, entropy_bonus=0.3, mask=mask)
    assert_allclose(tempered, plain / temperature, rtol=1e-12, atol=1e-14)


def expected_gradient(logits, rewards, baseline):
    """Return the policy gradient averaged over the actions that the policy would draw."""
    K = len(logits)
    q = SoftmaxLink().to_probs(logits[None])[0]
    rows = np.tile(logits, (K, 1))
    return q @ policy_gradient(rows, np.arange(K), rewards - baseline)


@given(SEEDS, st.floats(-100, 100))
def test_a_baseline_leaves_the_expected_gradient_as_it_is(seed, baseline):
    rng = np.random.default_rng(seed)
    logits, rewards = rng.normal(size=3), rng.normal(size=3)
    assert_allclose(
        expected_gradient(logits, rewards, baseline),
        expected_gradient(logits, rewards, 0.0),
        atol=1e-12,
    )


@given(SEEDS)
def test_the_expected_gradient_is_that_of_the_expected_reward_with_the_sign_turned(seed):
    rng = np.random.default_rng(seed)
    logits, rewards, h = rng.normal(size=3), rng.normal(size=3), 1e-6
    link = SoftmaxLink()
    steps = h * np.eye(3)
    slope = ((link.to_probs(logits + steps) - link.to_probs(logits - steps)) @ rewards) / (2 * h)
    assert_allclose(expected_gradient(logits, rewards, 0.0), -slope, atol=1e-8)


def test_a_baseline_of_the_expected_reward_makes_the_gradient_quieter():
    rewards = np.array([10.0, 11.0, 12.0])
    rows = np.zeros((3, 3))
    without = policy_gradient(rows, np.arange(3), rewards)
    with_it = policy_gradient(rows, np.arange(3), rewards - rewards.mean())
    assert_allclose(without.mean(axis=0), with_it.mean(axis=0), atol=1e-12)
    assert with_it.var(axis=0).sum() < 0.01 * without.var(axis=0).sum()


def test_the_bonus_pulls_towards_even_odds_and_rests_at_the_extremes():
    nothing = np.zeros(1)
    uneven = policy_gradient(np.array([[1.0, 0.0]]), [0], nothing, entropy_bonus=1.0)
    assert uneven[0, 0] > 0 > uneven[0, 1]
    even = policy_gradient(np.zeros((1, 4)), [0], nothing, entropy_bonus=1.0)
    assert_allclose(even, 0, atol=1e-15)
    certain = policy_gradient(np.array([[0.0, -2000.0]]), [0], nothing, entropy_bonus=1.0)
    assert_array_equal(certain, 0)
    certain = policy_gradient(np.array([[0.0, -np.inf]]), [0], nothing, entropy_bonus=1.0)
    assert_array_equal(certain, 0)


def test_huge_logits_keep_the_loss_that_probabilities_would_lose():
    loss = policy_loss(np.array([[0.0, 2000.0]]), [0], [1.0])
    assert_array_equal(loss, [2000.0])
    assert_array_equal(policy_gradient(np.array([[0.0, 2000.0]]), [0], [1.0]), [[-1.0, 1.0]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"actions": [0, 3]}, "must be in 0..2, got 3 at row 1"),
        ({"actions": [-1, 0]}, "must be in 0..2, got -1 at row 0"),
        ({"actions": [0.0, 1.0]}, "`actions` must be integers, got dtype float64"),
        ({"actions": [0]}, r"`actions` must have shape \(2,\).*got \(1,\)"),
        ({"advantages": [0.0]}, r"`advantages` must have shape \(2,\).*got \(1,\)"),
        ({"advantages": ["a", "b"]}, "`advantages` must be real numbers"),
        ({"advantages": [0.0, np.nan]}, "`advantages` must be finite, got nan at row 1"),
        ({"entropy_bonus": -0.1}, "`entropy_bonus` must be finite and at least 0, got -0.1"),
        ({"entropy_bonus": "much"}, "`entropy_bonus` must be a number, got 'much'"),
        ({"temperature": 0.0}, "above 0 and finite where a policy learns, got 0"),
        ({"temperature": np.inf}, "above 0 and finite where a policy learns, got inf"),
        ({"temperature": -1.0}, "`temperature` must be at least 0, got -1"),
        ({"mask": [False, False, False]}, "must allow an action.*none at row 0"),
        ({"mask": [True, False, True]}, "got action 1 of probability 0 at row 1"),
        ({"mask": [1, 0, 1]}, "`mask` must be boolean"),
        ({"logits": np.zeros(3)}, r"`logits` must have shape \(n, K\)"),
        ({"logits": np.zeros((2, 3), dtype=int)}, "`logits` must be floating"),
    ],
)
def test_a_wrong_argument_says_what_to_do(changes, message):
    arguments = {"logits": np.zeros((2, 3)), "actions": [0, 1], "advantages": [1.0, 1.0], **changes}
    positional = [arguments.pop(name) for name in ("logits", "actions", "advantages")]
    for function in (policy_loss, policy_gradient):
        with pytest.raises((InputTypeError, InputValueError), match=message):
            function(*positional, **arguments)
