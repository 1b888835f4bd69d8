"""Draws from tempered, masked probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom, entropy

from headway.decisions import Argmax, sample, sample_logits
from headway.errors import InputTypeError, InputValueError

P = np.array([0.5, 0.3, 0.15, 0.05])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0, np.inf])
@pytest.mark.parametrize("mask", [None, [True, False, True, True]])
def test_actions_are_as_frequent_as_the_tempered_masked_distribution_says(temperature, mask):
    n = 40_000
    drawn = sample(np.tile(P, (n, 1)), temperature=temperature, mask=mask, rng=0)
    q = P ** (1 / temperature) * (1.0 if mask is None else np.array(mask))
    q /= q.sum()
    counts = np.bincount(drawn.actions, minlength=4)
    for count, share in zip(counts, q, strict=True):
        assert binom.ppf(1e-4, n, share) <= count <= binom.ppf(1 - 1e-4, n, share)
    assert_allclose(drawn.log_probs, np.log(q[drawn.actions]), rtol=1e-12)
    assert_allclose(drawn.entropy, entropy(q), rtol=1e-12)


@given(st.integers(1, 6), st.integers(0, 999), st.sampled_from([0, 1e-300, 0.1, 1, 50, np.inf]))
def test_a_masked_action_is_never_drawn(K, seed, temperature):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(K), size=30)
    mask = rng.random(probs.shape) < 0.5
    mask[np.arange(30), rng.integers(K, size=30)] = True
    drawn = sample(probs, temperature=temperature, mask=mask, rng=rng)
    assert mask[np.arange(30), drawn.actions].all()
    assert (drawn.log_probs <= 0).all()
    assert np.isfinite(drawn.log_probs).all()
    assert (drawn.entropy >= 0).all()
    assert (drawn.entropy <= np.log(mask.sum(axis=1)) + 1e-12).all()


def test_at_zero_the_most_probable_allowed_action_is_certain():
    probs = np.random.default_rng(0).dirichlet(np.ones(5), size=100)
    drawn = sample(probs, temperature=0, rng=0)
    assert_array_equal(drawn.actions, Argmax()(probs))
    assert_array_equal(drawn.log_probs, 0)
    assert_array_equal(drawn.entropy, 0)
    assert_array_equal(sample(probs, temperature=1e-300, rng=0).actions, Argmax()(probs))
    assert_array_equal(sample([[0.5, 0.5]], temperature=0, rng=0).actions, [0])
    allowed = sample([[0.6, 0.3, 0.1]], temperature=0, mask=[False, True, True], rng=0)
    assert_array_equal(allowed.actions, [1])


def test_at_infinity_every_possible_allowed_action_is_equally_likely():
    drawn = sample([[0.98, 0.02, 0.0, 0.0]], temperature=np.inf, rng=0)
    assert_allclose(drawn.entropy, np.log(2))


def test_logits_and_their_probabilities_draw_the_same():
    logits = np.random.default_rng(1).normal(size=(50, 4))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    a, b = sample(probs, temperature=2, rng=3), sample_logits(logits, temperature=2, rng=3)
    assert_array_equal(a.actions, b.actions)
    assert_allclose(a.log_probs, b.log_probs, atol=1e-12)
    assert_allclose(a.entropy, b.entropy, atol=1e-12)
    shifted = sample_logits(logits + 1e3, temperature=2, rng=3)
    assert_array_equal(shifted.actions, b.actions)


def test_logits_too_far_apart_for_probabilities_are_drawn_all_the_same():
    drawn = sample_logits(np.array([[0.0, -5000.0]]), temperature=1e4, rng=0)
    assert_allclose(drawn.entropy, entropy([1, np.exp(-0.5)] / (1 + np.exp(-0.5))), rtol=1e-12)


def test_a_seed_and_a_generator_give_the_same_draws_and_a_generator_moves_on():
    probs = np.tile(P, (50, 1))
    generator = np.random.default_rng(4)
    first = sample(probs, rng=generator)
    assert_array_equal(first.actions, sample(probs, rng=4).actions)
    assert (sample(probs, rng=generator).actions != first.actions).any()


def test_half_precision_and_no_rows_are_fine():
    assert sample(np.zeros((0, 3)), rng=0).actions.shape == (0,)
    drawn = sample(P[None, :].astype(np.float32), rng=0)
    assert_allclose(drawn.entropy, entropy(P), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"mask": [False] * 4}, InputValueError, "got none at row 0 of `probs`"),
        ({"mask": [1, 0, 1, 0]}, InputTypeError, "`mask` must be boolean"),
        ({"mask": [True, False]}, InputValueError, r"`mask` must broadcast to .* `probs` \(2, 4\)"),
        ({"temperature": -1}, InputValueError, "at least 0, got -1"),
        ({"temperature": np.nan}, InputValueError, "at least 0, got nan"),
        ({"temperature": "hot"}, InputTypeError, "must be a number, got 'hot'"),
        ({"rng": None}, InputTypeError, "Generator or a seed, got None"),
    ],
)
def test_what_cannot_be_drawn_is_named(options, error, message):
    with pytest.raises(error, match=message):
        sample(np.stack([P, P]), **({"rng": 0} | options))


def test_a_row_that_allows_nothing_possible_is_named():
    with pytest.raises(InputValueError, match="got none at row 1 of `probs`"):
        sample([[0.5, 0.5], [1.0, 0.0]], mask=[False, True], rng=0)
    with pytest.raises(InputValueError, match="got inf at row 0, column 1"):
        sample_logits(np.array([[0.0, np.inf]]), rng=0)
    with pytest.raises(InputValueError, match="got nan at row 0, column 0"):
        sample_logits(np.array([[np.nan, 0.0]]), rng=0)
    with pytest.raises(InputTypeError, match="must be floating, got dtype int64"):
        sample_logits(np.zeros((1, 2), int), rng=0)
    with pytest.raises(InputValueError, match=r"shape \(n, K\), got \(2,\)"):
        sample_logits(np.zeros(2), rng=0)


def test_a_seed_below_0_is_refused():
    with pytest.raises(InputValueError, match="`rng` must be at least 0"):
        sample(np.array([[0.5, 0.5]]), rng=-1)
