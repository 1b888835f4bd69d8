"""Newton's step on sparse rows, of which only the columns that need one are moved."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from headway.kernels.core import available_levels, use_core
from headway.kernels.linear import LinearRows
from headway.solvers import solve_convex
from headway.solvers.direction import newton_direction
from headway.solvers.precondition import _diagonal
from headway.solvers.problem import LinearProblem

TOL = 1e-4


@pytest.fixture(params=[level for level in available_levels() if level != "numpy"], autouse=True)
def compiled_level(request):
    with use_core(request.param):
        yield


@pytest.fixture
def labelled():
    rng = np.random.default_rng(0)
    X = sp.csr_array(sp.random(400, 60, 0.1, random_state=0, format="csr", dtype=np.float32))
    targets = rng.integers(0, 2, (400, 12)).astype(np.float64)
    return X, targets


def problem_of(X, targets):
    rows = LinearRows(X, targets.shape[1], codes=targets.astype(np.uint8))
    return LinearProblem(rows, np.append(np.full(X.shape[1], 1.0), 0.0), False, single=True)


def step_from(problem, weights):
    point = problem.at(weights)
    wanted = np.ones((problem.n_classes, 1), dtype=bool)
    return newton_direction(problem, point, _diagonal(problem), TOL, wanted, 100)


def test_columns_at_their_optimum_stand_still_and_the_others_step_as_if_alone(labelled):
    X, targets = labelled
    best = solve_convex(X, targets, coupled=False, tol=1e-10)
    weights = np.c_[best.coef, best.intercept]
    far = [2, 7, 8]
    weights[far] = 0.0
    step, products = step_from(problem_of(X, targets), weights)
    alone, products_alone = step_from(problem_of(X, targets[:, far]), weights[far])
    assert products == products_alone > 0
    assert_array_equal(np.delete(step, far, axis=0), 0.0)
    assert_allclose(step[far], alone, rtol=1e-6, atol=1e-7)


def test_no_column_moves_from_the_optimum_of_all(labelled):
    X, targets = labelled
    best = solve_convex(X, targets, coupled=False, tol=1e-10)
    step, products = step_from(problem_of(X, targets), np.c_[best.coef, best.intercept])
    assert products == 0
    assert_array_equal(step, 0.0)


def test_every_column_moves_from_afar(labelled):
    step, products = step_from(problem_of(*labelled), np.zeros((12, 61)))
    assert products > 0
    assert np.all(np.abs(step).max(axis=1) > 0)
