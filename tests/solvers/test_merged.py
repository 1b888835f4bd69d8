"""Merging sparse features that one row alone has changes the work, not the optimum."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from headway import LinearClassifier, LinearClassifierCV
from headway.kernels.linear import LinearRows
from headway.solvers import convex, solve_convex
from headway.solvers.merged import merge_features


def words(n=120, shared=15, own=3, k=5, seed=0, dtype=np.float32):
    """Rows with some shared features, `own` of their own, and some features that no row has."""
    rng = np.random.default_rng(seed)
    common = sp.random(n, shared, 0.4, random_state=seed, format="csr")
    private = sp.kron(sp.eye(n), np.ones((1, own)), format="csr")
    private.data = rng.uniform(0.5, 2.0, private.nnz)
    X = sp.hstack([private, common, sp.csr_array((n, 40))], format="csr").astype(dtype)
    X = sp.csr_array(X[:, rng.permutation(X.shape[1])])
    y = rng.integers(0, k, n)
    y[:k] = np.arange(k)
    return X, y


def rows_of(X, k=5):
    return LinearRows(X, k, labels=np.zeros(X.shape[0], dtype=np.int32))


def alone(monkeypatch, *args, **options):
    """The solution without merging."""
    with monkeypatch.context() as patch:
        patch.setattr(convex, "merge_features", lambda rows: None)
        return solve_convex(*args, **options)


def test_the_merged_features_are_those_of_several_rows_and_one_more_a_row():
    X, _ = words()
    merged = merge_features(rows_of(X))
    assert merged.rows.shape == (120, 15 + 120)
    assert merged.rows.X.dtype == np.float64


def test_merging_is_a_rotation_of_the_features():
    X, _ = words(dtype=np.float64)
    merged = merge_features(rows_of(X))
    assert_allclose((merged.rows.X @ merged.rows.X.T).toarray(), (X @ X.T).toarray(), rtol=1e-12)
    coef = np.random.default_rng(1).normal(size=(5, merged.rows.shape[1]))
    parts = merged.part(coef)
    assert_allclose(X @ parts.T, merged.rows.X @ coef.T, rtol=1e-12)
    assert_allclose((parts**2).sum(), (coef**2).sum(), rtol=1e-12)
    assert_allclose(merged.merge(parts), coef, rtol=1e-12)


@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_optimum_is_that_of_all_features(monkeypatch, coupled, dtype):
    X, y = words(dtype=dtype)
    targets = np.eye(5)[y]
    expected = alone(monkeypatch, X, targets, coupled=coupled, C=3.0, tol=1e-10)
    found = solve_convex(X, targets, coupled=coupled, C=3.0, tol=1e-10)
    assert found.coef.shape == expected.coef.shape
    assert_allclose(found.objective, expected.objective, rtol=1e-9)
    assert_allclose(found.coef, expected.coef, atol=1e-5)


def test_the_gap_is_that_of_the_problem_that_was_given():
    X, y = words()
    found = solve_convex(X, np.eye(5)[y], coupled=True, C=3.0, tol=1e-11)
    logits = X.astype(np.float64) @ found.coef.T + found.intercept
    objective = (logsumexp(logits, axis=1) - logits[np.arange(len(y)), y]).sum()
    objective += (found.coef**2).sum() / 6.0
    assert found.optimality_gap <= 1e-11
    assert_allclose(found.objective, objective, rtol=1e-12)


def test_features_that_no_row_has_get_no_weight():
    X, y = words()
    X.data[np.flatnonzero(np.bincount(X.indices)[X.indices] == 1)[0]] = 0.0  # an explicit zero
    found = solve_convex(X, np.eye(5)[y], coupled=True)
    empty = np.flatnonzero(abs(X).sum(axis=0) == 0)
    assert len(empty) > 40
    assert_array_equal(found.coef[:, empty], 0.0)


def test_a_warm_start_from_the_optimum_stays_there():
    X, y = words()
    targets = np.eye(5)[y]
    found = solve_convex(X, targets, coupled=True, tol=1e-9)
    start = np.c_[found.coef, found.intercept]
    again = solve_convex(X, targets, coupled=True, tol=1e-6, start=start, max_iter=1)
    assert again.converged
    assert_allclose(again.coef, found.coef, atol=1e-4)


def test_labels_that_are_solved_early_are_left_alone():
    X, _ = words(n=600, shared=30)
    rng = np.random.default_rng(3)
    logits = X @ rng.normal(size=(X.shape[1], 24)) * np.geomspace(0.1, 30, 24)
    targets = (logits + rng.logistic(size=logits.shape) > 1.0).astype(float)
    found = solve_convex(X, targets, coupled=False, C=10.0)
    assert found.optimality_gap <= 1e-6
    for k in (0, 12, 23):
        single = solve_convex(X, targets[:, [k]], coupled=False, C=10.0, tol=1e-9)
        assert_allclose(found.coef[k], single.coef[0], atol=2e-3 * abs(single.coef).max())


@pytest.mark.parametrize(
    "features",
    [
        lambda X: X.toarray(),  # dense ones are not merged
        lambda X: sp.csr_array(X[:, np.bincount(X.indices, minlength=X.shape[1]) > 1]),
    ],
)
def test_nothing_is_merged_where_there_is_nothing_to_merge(features):
    assert merge_features(rows_of(features(words()[0]))) is None


def test_nothing_is_merged_where_the_new_rows_would_take_more_than_it_saves():
    X, _ = words(shared=400, own=1)
    assert merge_features(rows_of(X, k=2)) is None


def test_penalty_weights_keep_every_feature_apart():
    X, y = words()
    weights = np.random.default_rng(2).uniform(0.5, 2.0, X.shape[1])
    found = solve_convex(X, np.eye(5)[y], coupled=True, penalty_weights=weights, tol=1e-8)
    scaled = sp.csr_array(X @ sp.diags_array(1 / np.sqrt(weights)))
    expected = solve_convex(scaled, np.eye(5)[y], coupled=True, tol=1e-8)
    assert_allclose(found.coef * np.sqrt(weights), expected.coef, atol=1e-3)


def test_a_classifier_and_its_path_take_such_features():
    X, y = words()
    model = LinearClassifier(C=2.0).fit(X, y)
    assert model.coef_.shape == (5, X.shape[1])
    assert model.optimality_gap_ <= 1e-6
    path = LinearClassifierCV(Cs=[0.1, 2.0], cv=3).fit(X, y)
    assert path.coef_.shape == (5, X.shape[1])
