"""Laws of the set with the largest expected F-beta, at every level."""

import functools
import itertools
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.kernels.core import core
from headway.kernels.example_f1 import example_f1


@functools.cache
def brute_force(n_labels, beta, empty):
    """Return rows of probs with, for each, what every set of labels is expected to score.

    All truths are added up.  The rows have ties, 0 and 1, much doubt and little.
    """
    rng = np.random.default_rng(n_labels)
    u = rng.random((3, n_labels))
    rows = [u[0], u[1] ** 6, 1 - u[2] ** 6, np.round(u[0], 1), np.round(u[1])]
    rows += [np.full(n_labels, p) for p in (0.0, 1e-200, 0.5, 1.0)]
    probs = np.array(rows)[: 2 if n_labels > 8 else None]
    sets = np.array(list(itertools.product([0, 1], repeat=n_labels)), dtype=np.float64)
    sizes = sets.sum(axis=1)
    marked = beta**2 * sizes[None, :] + sizes[:, None]
    scores = (1 + beta**2) * (sets @ sets.T) / np.where(marked > 0, marked, 1)
    scores[0, 0] = empty
    chances = np.prod(np.where(sets == 1, probs[:, None], 1 - probs[:, None]), axis=2)
    return probs, chances @ scores.T


CASES = [(1.0, 1.0), (0.5, 0.0), (1.0, 0.0), (1.7, 0.3)]


@pytest.mark.parametrize(
    ("n_labels", "beta", "empty"),
    [(n, *case) for n in (1, 2, 3, 5, 8) for case in CASES] + [(12, 1.0, 1.0)],
)
def test_no_set_of_labels_is_expected_to_score_better(level, n_labels, beta, empty):
    probs, values = brute_force(n_labels, beta, empty)
    found = example_f1(probs, beta=beta, empty=empty)
    assert_allclose(found.values, values.max(axis=1), rtol=1e-13)
    at = found.sets @ 2 ** np.arange(n_labels)[::-1]
    assert_allclose(values[np.arange(len(probs)), at], found.values, rtol=1e-13)


@pytest.mark.parametrize("kind", ["wide", "half", "rare", "sure"])
def test_sixty_labels_score_what_exact_fractions_say(level, kind):
    rng = np.random.default_rng(3)
    u = rng.random(60)
    p = {"wide": u, "half": 0.5 + (u - 0.5) / 50, "rare": u**8, "sure": 1 - u**8}[kind]
    p = np.sort(np.round(p * 2**20) / 2**20)[::-1].copy()
    exact = [Fraction(x) for x in p.tolist()]
    chosen, (value,) = example_f1(p[None], beta=1.0, empty=0.0)
    k = int(chosen.sum())
    taken, rest = counts(exact[:k]), counts(exact[k:])
    assert k > 0
    truth = sum(
        a * b * Fraction(2 * h, h + s + k) for h, a in enumerate(taken) for s, b in enumerate(rest)
    )
    assert abs(Fraction(float(value)) - truth) < Fraction(1, 10**14)


def counts(probs):
    """Return the exact chances of 0, 1, .. true labels."""
    result = [Fraction(1)]
    for p in probs:
        longer = [a * (1 - p) for a in result] + [Fraction(0)]
        for s, a in enumerate(result):
            longer[s + 1] += a * p
        result = longer
    return result


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_order_of_the_labels_does_not_matter(level, dtype):
    rng = np.random.default_rng(4)
    probs = (rng.random((200, 37)) ** 3).astype(dtype)
    order = rng.permutation(37)
    here, there = (example_f1(p, beta=1.0, empty=1.0) for p in (probs, probs[:, order]))
    assert_array_equal(there.sets, here.sets[:, order])
    assert_array_equal(there.values, here.values)


def test_labels_that_are_never_true_change_nothing(level):
    probs = np.random.default_rng(5).random((100, 9))
    more = np.c_[np.zeros((100, 40)), probs]
    here, there = (example_f1(p, beta=2.0, empty=1.0) for p in (probs, more))
    assert_array_equal(there.sets[:, 40:], here.sets)
    assert not there.sets[:, :40].any()
    assert_allclose(there.values, here.values, rtol=1e-14)


def test_what_is_sure_is_taken_and_scores_one(level):
    probs = np.random.default_rng(6).integers(0, 2, (50, 300)).astype(np.float64)
    found = example_f1(probs, beta=1.0, empty=1.0)
    assert_array_equal(found.sets, probs)
    assert_allclose(found.values, 1.0, rtol=1e-14)


def test_of_equals_the_first_labels_and_the_smallest_set_are_taken(level):
    ties = np.array([[0.5], [0.0]])
    assert_array_equal(example_f1(ties, beta=1.0, empty=1.0).sets, [[0], [0]])
    sets = example_f1(np.array([[0.1, 0.6, 0.1, 0.1, 0.6]]), beta=1.0, empty=0.0).sets
    assert_array_equal(sets, [[0, 1, 0, 0, 1]])
    sets = example_f1(np.full((1, 9), 0.02), beta=0.05, empty=0.0).sets
    assert_array_equal(sets[0], np.arange(9) < sets.sum())


@pytest.mark.parametrize(("n_labels", "power"), [(5000, 60), (400, 1)])
def test_many_labels_do_not_break_it(level, n_labels, power):
    probs = np.random.default_rng(7).random((2, n_labels)) ** power
    found = example_f1(probs, beta=1.0, empty=1.0)
    mean = np.where(found.sets == 1, probs, 0).sum(axis=1)
    # By the law of large numbers E F is close to F of the means.
    expected = 2 * mean / (probs.sum(axis=1) + found.sets.sum(axis=1))
    assert_allclose(found.values, expected, rtol=0.02)


def test_no_rows_are_no_answer(level):
    found = example_f1(np.zeros((0, 4)), beta=1.0, empty=1.0)
    assert found.sets.shape == (0, 4)
    assert found.values.shape == (0,)


def test_any_number_of_threads_gives_the_same_bits(level):
    if core() is None:
        pytest.skip("the NumPy twins have no threads of their own")
    probs = np.random.default_rng(8).random((3000, 40)).astype(np.float32)
    before = core().threads()
    try:
        found = []
        for count in (1, 2, 3):
            core().set_threads(count)
            found.append(example_f1(probs, beta=1.0, empty=1.0))
    finally:
        core().set_threads(before)
    for other in found[1:]:
        assert_array_equal(other.sets, found[0].sets)
        assert_array_equal(other.values, found[0].values)
