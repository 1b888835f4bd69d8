"""The generic solver agrees with the convex one where both apply."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from sklearn.datasets import make_classification

from headway.links import SigmoidLink, SoftmaxLink
from headway.losses import (
    BinaryCrossEntropyOnSoftmax,
    CanonicalLoss,
    CrossEntropyOnProbs,
    SquaredErrorOnSigmoid,
)
from headway.solvers import smooth, solve_convex, solve_smooth

X, Y = make_classification(
    300, 6, n_informative=6, n_redundant=0, n_classes=3, flip_y=0.3, random_state=0
)
TARGETS = np.eye(3)[Y]
WEIGHTS = np.random.default_rng(0).uniform(0, 2, 300)


@pytest.mark.parametrize("link", [SoftmaxLink(), SigmoidLink()], ids=["softmax", "sigmoid"])
def test_on_a_canonical_loss_it_finds_the_convex_optimum(link):
    coupled = isinstance(link, SoftmaxLink)
    best = solve_convex(X, TARGETS, WEIGHTS, coupled=coupled)
    found = solve_smooth(X, TARGETS, WEIGHTS, loss=CanonicalLoss(link), tol=1e-9)
    assert found.converged
    assert best.objective <= found.objective * (1 + 1e-12)
    assert_allclose(found.objective, best.objective, rtol=1e-7)
    assert np.isnan(found.optimality_gap)


@pytest.mark.parametrize(
    "loss",
    [SquaredErrorOnSigmoid(), CrossEntropyOnProbs(), BinaryCrossEntropyOnSoftmax()],
    ids=repr,
)
def test_it_stops_where_the_gradient_vanishes(loss):
    found = solve_smooth(X, TARGETS, WEIGHTS, loss=loss, C=1.0, tol=1e-9)
    logits = X @ found.coef.T + found.intercept
    slopes = loss.gradient(logits, TARGETS) * WEIGHTS[:, None]
    assert_allclose(slopes.T @ X + found.coef, 0, atol=1e-3)
    assert_allclose(slopes.sum(axis=0), 0, atol=1e-3)


def test_sparse_features_give_the_dense_answer():
    dense = solve_smooth(X, TARGETS, loss=SquaredErrorOnSigmoid())
    sparse = solve_smooth(sp.csr_array(X), TARGETS, loss=SquaredErrorOnSigmoid())
    assert_allclose(sparse.objective, dense.objective, rtol=1e-6)


def test_too_few_steps_are_not_called_converged():
    found = solve_smooth(X, TARGETS, loss=CanonicalLoss(SoftmaxLink()), tol=1e-12, max_iter=2)
    assert not found.converged


def test_a_line_search_that_fails_is_not_called_converged():
    wide = X * np.r_[1e12, np.ones(5)]
    found = solve_smooth(wide, TARGETS, loss=SquaredErrorOnSigmoid())
    assert found.n_iter == 0
    assert not found.converged


def test_a_line_search_at_the_rounding_of_the_objective_is_converged(monkeypatch):
    def stuck(*args, **options):
        found = minimize(*args, **options)
        found.status = smooth.STUCK
        return found

    monkeypatch.setattr(smooth, "minimize", stuck)
    narrow = X.astype(np.float32)
    assert solve_smooth(narrow, TARGETS, loss=CanonicalLoss(SoftmaxLink()), tol=1e-9).converged
    early = solve_smooth(narrow, TARGETS, loss=CanonicalLoss(SoftmaxLink()), max_iter=2)
    assert not early.converged
