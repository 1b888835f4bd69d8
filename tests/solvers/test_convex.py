"""Laws of the convex solver, checked against float64 truths."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from sklearn.datasets import load_digits, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from headway.kernels import linear_twin
from headway.kernels.core import available_levels, core, use_core
from headway.kernels.linear import linear_rows
from headway.solvers import grams as grams_module
from headway.solvers import nested, precondition, solve_convex
from headway.solvers import newton as newton_module
from headway.solvers.certificate import certify
from headway.solvers.problem import LinearProblem


@pytest.fixture(scope="module", params=["numpy", available_levels()[-1]], autouse=True)
def solver_level(request):
    """Run everything on the NumPy twins and on the best compiled level."""
    with use_core(request.param):
        yield request.param


def objective(X, targets, coef, intercept, C, coupled, weights=None):
    """The plain formula, in float64."""
    logits = np.asarray(X, dtype=np.float64) @ coef.T + intercept
    known = ~np.isnan(targets)
    targets = np.where(known, targets, 0.0)
    if coupled:
        losses = logsumexp(logits, axis=1) - (targets * logits).sum(axis=1)
    else:
        losses = (known * (np.logaddexp(0, logits) - targets * logits)).sum(axis=1)
    weights = np.ones(len(losses)) if weights is None else weights
    return weights @ losses + (coef**2).sum() / (2 * C)


def messy(n=300, d=6, k=4, seed=0):
    X, y = make_classification(
        n, d, n_informative=d, n_redundant=0, n_classes=k, flip_y=0.3, random_state=seed
    )
    return X, np.eye(k)[y], y


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, np.eye(10)[y], y


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softmax_reaches_the_optimum_of_scikit_learn(digits, C, dtype):
    X, targets, y = digits
    X = X.astype(dtype)
    found = solve_convex(X, targets, coupled=True, C=C)
    peer = LogisticRegression(C=C, solver="newton-cg", tol=1e-10, max_iter=10_000)
    peer.fit(X.astype(np.float64), y)
    truth = objective(X, targets, peer.coef_, peer.intercept_, C, coupled=True)
    assert_allclose(found.objective, truth, rtol=1e-8)
    assert_allclose(found.coef, peer.coef_, atol=1e-4 * np.abs(peer.coef_).max())


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_sigmoid_reaches_the_optimum_of_one_problem_a_class(digits, C):
    X, targets, y = digits
    found = solve_convex(X, targets, coupled=False, C=C)
    for k in range(10):
        peer = LogisticRegression(C=C, solver="newton-cg", tol=1e-10, max_iter=10_000)
        peer.fit(X, y == k)
        assert_allclose(found.coef[k], peer.coef_[0], atol=1e-4 * np.abs(peer.coef_).max())


@pytest.mark.parametrize("coupled", [True, False])
def test_the_reported_objective_is_the_formula(coupled):
    X, targets, _ = messy()
    weights = np.random.default_rng(0).uniform(0, 3, len(X))
    found = solve_convex(X, targets, weights, coupled=coupled, C=0.3)
    truth = objective(X, targets, found.coef, found.intercept, 0.3, coupled, weights)
    assert_allclose(found.objective, truth, rtol=1e-12)


def test_two_softmax_columns_at_C_are_one_column_at_2C():
    X, targets, _ = messy(k=2)
    two = solve_convex(X, targets, coupled=True, C=0.5)
    one = solve_convex(X, targets[:, 1:], coupled=False, C=1.0)
    assert_allclose(two.coef[1] - two.coef[0], one.coef[0], rtol=1e-6)
    assert_allclose(two.objective, one.objective, rtol=1e-10)


def test_softmax_weights_have_class_mean_zero():
    X, targets, _ = messy()
    found = solve_convex(X, targets, coupled=True)
    assert_allclose(found.coef.sum(axis=0), 0, atol=1e-10)
    assert_allclose(found.intercept.sum(), 0, atol=1e-10)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    C=st.sampled_from([1e-3, 0.1, 1.0, 30.0]),
    coupled=st.booleans(),
    max_iter=st.integers(1, 8),
    dtype=st.sampled_from([np.float32, np.float64]),
    soft=st.booleans(),
)
def test_the_bound_is_never_below_the_true_gap(seed, C, coupled, max_iter, dtype, soft):
    rng = np.random.default_rng(seed)
    n, d, k = rng.integers(8, 60), rng.integers(1, 6), rng.integers(2, 5)
    X = (rng.normal(size=(n, d)) * rng.uniform(0.1, 5)).astype(dtype)
    targets = np.eye(k)[rng.integers(0, k, n)]
    targets[:k] = np.eye(k)
    if soft:
        targets = 0.8 * targets + 0.2 * rng.dirichlet(np.ones(k), n)
    weights = rng.uniform(0.1, 2, n)
    problem = {"coupled": coupled, "C": C}
    early = solve_convex(X, targets, weights, **problem, max_iter=max_iter, tol=1e-3)
    truth = solve_convex(X.astype(np.float64), targets, weights, **problem, tol=1e-10)
    best = min(truth.objective, early.objective)
    if np.isnan(early.optimality_gap):
        assert not early.converged
    else:
        assert early.optimality_gap >= (early.objective - best) / best - 1e-12


@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_the_bound_is_tight(digits, coupled, C):
    X, targets, _ = digits
    best = solve_convex(X, targets, coupled=coupled, C=C, tol=1e-12)
    optimum = np.c_[best.coef, best.intercept]
    penalty = np.append(np.full(64, 1 / C), 0.0)
    problem = LinearProblem(linear_rows(X, targets, coupled=coupled), penalty, coupled)
    # Walk off the optimum by 1 % along itself; Newton's step leads back to second order.
    step = -0.01 * optimum
    there = certify(problem, optimum - step, step)
    true_gap = there.values.sum() - best.objective
    assert true_gap > 0
    assert true_gap <= there.values.sum() - there.bounds.sum() <= 1.1 * true_gap
    # Without the step the bound still holds, but says little.
    blind = certify(problem, optimum - step, np.zeros_like(step))
    assert blind.values.sum() - blind.bounds.sum() > (3 if C == 1.0 else 1) * true_gap


def test_the_bound_holds_for_a_bad_step_too():
    X, targets, _ = messy()
    found = solve_convex(X, targets, coupled=True, tol=1e-10)
    problem = LinearProblem(
        linear_rows(X, targets, coupled=True), np.append(np.ones(X.shape[1]), 0.0), True
    )
    rng = np.random.default_rng(0)
    for scale in (0.0, 0.1, 10.0):
        at = certify(
            problem,
            scale * rng.normal(size=problem.shape),
            scale * rng.normal(size=problem.shape),
        )
        assert at.bounds.sum() <= found.objective * (1 + 1e-12)
        assert at.bounds.sum() > -np.inf


@pytest.mark.parametrize("coupled", [True, False])
def test_memory_layout_and_read_only_features_change_nothing(coupled):
    X, targets, _ = messy(500, 8)
    expected = solve_convex(X, targets, coupled=coupled)
    wide = np.empty((500, 16))
    wide[:, ::2] = X
    tall = np.empty((1000, 8))
    tall[::2] = X
    read_only = X.copy()
    read_only.setflags(write=False)
    for same in (np.asfortranarray(X), wide[:, ::2], tall[::2], read_only, X[::-1][::-1]):
        found = solve_convex(same, targets, coupled=coupled)
        assert_allclose(found.coef, expected.coef, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("coupled", [True, False])
def test_chunks_change_nothing(coupled, monkeypatch):
    X, targets, _ = messy(700, 8)
    expected = solve_convex(X, targets, coupled=coupled)
    monkeypatch.setattr(linear_twin, "CHUNK_CELLS", 300)
    for features in (X, sp.csr_array(X)):
        found = solve_convex(features, targets, coupled=coupled)
        assert_allclose(found.coef, expected.coef, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_sparse_features_give_the_dense_answer(coupled, C):
    X, targets, _ = messy(500, 8)
    X[np.abs(X) < 0.7] = 0
    dense = solve_convex(X, targets, coupled=coupled, C=C)
    sparse = solve_convex(sp.csr_array(X), targets, coupled=coupled, C=C)
    assert_allclose(sparse.coef, dense.coef, rtol=1e-8)


KINDS = {
    "the diagonal": lambda ladder: precondition._diagonal,
    "one block": lambda ladder: (
        lambda problem: precondition._one_block(problem, ladder._rng, ladder._grams)
    ),
    "blocks from all rows": lambda ladder: (
        lambda problem: precondition._blocks(problem, ladder._rng, ladder._grams, exact=True)
    ),
    "blocks from drawn rows": lambda ladder: (
        lambda problem: precondition._blocks(problem, ladder._rng, ladder._grams, exact=False)
    ),
    "one shared matrix": lambda ladder: ladder._shared,
    "everything": lambda ladder: precondition._full,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_every_preconditioner_leads_to_the_same_optimum(kind, coupled, C, monkeypatch):
    if kind == "everything" and not coupled:
        pytest.skip("independent columns have no Hessian in common")
    X, targets, _ = messy(900, 10)
    expected = solve_convex(X, targets, coupled=coupled, C=C)
    monkeypatch.setattr(newton_module, "EXACT_WORK", -1)
    monkeypatch.setattr(
        precondition.Ladder,
        "_kinds",
        lambda ladder, problem: [precondition.Rung(KINDS[kind](ladder), 1.0)],
    )
    for features in (X, sp.csr_array(X)):
        found = solve_convex(features, targets, coupled=coupled, C=C)
        assert found.converged
        assert_allclose(found.objective, expected.objective, rtol=1e-9)


def test_a_ladder_is_climbed_as_products_are_spent():
    X, targets, _ = messy(2000, 40)
    problem = LinearProblem(
        linear_rows(X, targets, coupled=False), np.append(np.ones(40), 0.0), coupled=False
    )
    problem.at(np.zeros(problem.shape))
    ladder = precondition.Ladder(problem, np.random.default_rng(0))
    ladder._rungs = [
        precondition.Rung(lambda problem, name=name: name, price) for name, price in RUNGS
    ]
    ladder._at = 0
    ladder.pass_price = 1.0
    assert ladder.climb(problem, left=1e-3) == "a"
    for _ in range(2):
        assert ladder.budget(1e-3) >= 5
        ladder.spend(4)
        ladder.climb(problem, left=1e-3)
    assert ladder._at == 1
    ladder.spend(1000)
    assert ladder._at == 1
    ladder.climb(problem, left=1e-3)
    assert ladder._at == 2
    assert ladder.budget(1e-3) > 1000


RUNGS = (("a", 1.0), ("b", 10.0), ("c", 1000.0))


def test_missing_cells_weigh_nothing():
    X, targets, _ = messy(400, 6, 3)
    targets[:150, 0] = np.nan
    found = solve_convex(X, targets, coupled=False)
    alone = solve_convex(X[150:], targets[150:, :1], coupled=False)
    assert_allclose(found.coef[:1], alone.coef, rtol=1e-5)
    assert_allclose(
        found.objective,
        objective(X, targets, found.coef, found.intercept, 1.0, coupled=False),
        rtol=1e-12,
    )


def test_positive_weights_are_the_weights_of_positive_rows():
    X, targets, y = messy(400, 6, 2)
    column = targets[:, 1:]
    weighted = solve_convex(X, column, coupled=False, positive_weight=np.array([3.0]))
    rows = solve_convex(X, column, np.where(y == 1, 3.0, 1.0), coupled=False)
    assert_allclose(weighted.coef, rows.coef, rtol=1e-8)
    soft = 0.9 * column + 0.05
    found = solve_convex(X, soft, coupled=False, positive_weight=np.array([3.0]), tol=1e-10)
    z = X @ found.coef.T + found.intercept
    residual = 1 / (1 + np.exp(-z)) * (3 * soft + 1 - soft) - 3 * soft
    assert_allclose(residual.T @ X + found.coef, 0, atol=1e-5)


@pytest.mark.parametrize("coupled", [True, False])
def test_integer_weights_are_repeated_rows(coupled):
    X, targets, _ = messy(100)
    weights = np.random.default_rng(0).integers(0, 4, 100)
    weighted = solve_convex(X, targets, weights, coupled=coupled)
    repeated = solve_convex(
        np.repeat(X, weights, axis=0), np.repeat(targets, weights, axis=0), coupled=coupled
    )
    assert_allclose(weighted.coef, repeated.coef, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("coupled", [True, False])
def test_a_class_without_rows_costs_less_than_the_tolerance(coupled):
    X, targets, _ = messy(300, 6, 3)
    without = solve_convex(X, targets, coupled=coupled)
    with_absent = solve_convex(X, np.c_[targets, np.zeros(300)], coupled=coupled)
    assert_allclose(with_absent.coef[:3], without.coef, rtol=1e-9)
    assert (with_absent.coef[3] == 0).all()
    assert np.isfinite(with_absent.intercept).all()
    truth = objective(
        X,
        np.c_[targets, np.zeros(300)],
        with_absent.coef,
        with_absent.intercept,
        1.0,
        coupled,
    )
    assert without.objective <= truth <= with_absent.objective * (1 + 1e-12)
    assert (truth - without.objective) / without.objective <= with_absent.optimality_gap <= 1e-6


@pytest.mark.parametrize("coupled", [True, False])
def test_without_a_penalty_overlapping_classes_have_a_certified_optimum(coupled):
    X, targets, _ = messy(600)
    found = solve_convex(X, targets, coupled=coupled, C=np.inf)
    assert found.converged
    assert found.optimality_gap <= 1e-6
    assert found.separated == ()
    nearby = solve_convex(X, targets, coupled=coupled, C=1e9)
    assert_allclose(found.objective, nearby.objective, rtol=1e-7)


@pytest.mark.parametrize("coupled", [True, False])
def test_collinear_features_without_a_penalty_give_the_optimum_of_least_norm(coupled):
    X, targets, _ = messy(600)
    doubled = solve_convex(np.c_[X, X], targets, coupled=coupled, C=np.inf)
    single = solve_convex(X, targets, coupled=coupled, C=np.inf)
    assert doubled.converged
    assert_allclose(doubled.objective, single.objective, rtol=1e-10)
    assert_allclose(doubled.coef[:, :6], single.coef / 2, rtol=1e-5)
    assert_allclose(doubled.coef[:, 6:], single.coef / 2, rtol=1e-5)


@pytest.mark.parametrize("coupled", [True, False])
def test_separated_classes_without_a_penalty_have_no_gap(coupled):
    X = np.arange(8.0)[:, None]
    targets = np.eye(2)[[0, 0, 0, 0, 1, 1, 1, 1]]
    found = solve_convex(X, targets, coupled=coupled, C=np.inf)
    assert found.separated == (0, 1)
    assert np.isnan(found.optimality_gap)
    assert not found.converged
    # The last iterate still predicts every row.
    assert ((X @ found.coef.T + found.intercept).argmax(axis=1) == targets.argmax(axis=1)).all()


def test_quasi_separation_is_found_too():
    # One row of each class shares x = 3, so no threshold is strict.
    X = np.array([0.0, 1, 2, 3, 3, 4, 5, 6])[:, None]
    targets = np.array([0.0, 0, 0, 0, 1, 1, 1, 1])[:, None]
    found = solve_convex(X, targets, coupled=False, C=np.inf)
    assert found.separated == (0,)
    assert np.isnan(found.optimality_gap)


def test_one_separated_label_does_not_stop_the_others():
    X, targets, _ = messy(400, 3, 3)
    separated = (X[:, 0] > 0).astype(float)
    found = solve_convex(X, np.c_[targets[:, 0], separated], coupled=False, C=np.inf)
    alone = solve_convex(X, targets[:, :1], coupled=False, C=np.inf)
    assert found.separated == (1,)
    assert_allclose(found.coef[:1], alone.coef, rtol=1e-5)


@pytest.mark.parametrize("coupled", [True, False])
def test_saturated_rows_do_not_throw_the_weights_away(digits, coupled):
    # Smoothed targets on nearly separable data: Newton's plain step overshoots by 1e50 here.
    X, targets, _ = digits
    found = solve_convex(X, 0.9 * targets + 0.01, coupled=coupled, C=np.inf)
    assert found.converged
    assert np.abs(found.coef).max() < 1e3


@pytest.mark.parametrize("coupled", [True, False])
def test_features_of_very_different_scales_are_no_obstacle(coupled):
    X, targets, _ = messy(500, 5)
    X = X * np.array([1e-4, 1e-2, 1.0, 1e2, 1e4]) + np.array([0, 1, -3, 50, 1e4])
    assert solve_convex(X, targets, coupled=coupled, C=1.0).converged


def test_float32_and_float64_features_agree():
    X, targets, _ = messy(2000, 20, 5)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    single = solve_convex(X, targets, coupled=True)
    double = solve_convex(X.astype(np.float64), targets, coupled=True)
    assert_allclose(single.objective, double.objective, rtol=1e-9)


def test_float32_products_are_left_where_they_stall(monkeypatch):
    monkeypatch.setattr("headway.solvers.newton.SMALL_WORK", 0)
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    found = solve_convex(X, np.eye(10)[y], coupled=True, C=100.0, tol=1e-8)
    assert found.converged
    assert found.optimality_gap <= 1e-8


def test_the_solver_stops_at_max_iter_and_says_so():
    X, targets, _ = messy()
    found = solve_convex(X, targets, coupled=True, C=100.0, max_iter=1, tol=1e-12)
    assert not found.converged
    assert found.n_iter == 1


@pytest.mark.parametrize("C", [1.0, np.inf])
def test_rows_of_weight_zero_are_as_good_as_absent(C):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    X[:60, 2] = X[:60, 0] + X[:60, 1]  # collinear, but for the rows without weight
    targets = np.eye(4)[np.r_[rng.integers(3, size=60), np.full(30, 3)]]
    weights = np.r_[np.ones(60), np.zeros(30)]
    X[60:] *= 100
    found = solve_convex(X, targets, weights, coupled=True, C=C)
    alone = solve_convex(X[:60].copy(), targets[:60], coupled=True, C=C)
    assert_allclose(found.coef, alone.coef, atol=1e-6)
    assert_allclose(found.intercept, alone.intercept, atol=1e-5)
    assert found.optimality_gap <= 1e-6


def test_rows_of_weight_zero_do_not_lower_the_intercept_of_an_absent_class():
    # Trained rows are far from 0, where the logits of the others would be least.
    X = np.array([[-2.0], [-2.0], [2.0], [2.0], [0.0]])
    targets = np.eye(3)[[0, 0, 1, 1, 2]]
    found = solve_convex(X, targets, np.array([1.0, 1.0, 1.0, 1.0, 0.0]), coupled=True)
    alone = solve_convex(X[:4], targets[:4], coupled=True)
    assert_allclose(found.intercept, alone.intercept, atol=1e-5)


@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("kind", ["plain", "weighted", "missing", "sparse", "values"])
def test_exact_steps_end_where_the_iteration_does(monkeypatch, kind, coupled):
    X, targets, _ = messy(200, 6, 3)
    forms = {"coupled": coupled, "C": 0.5, "tol": 1e-9}
    weights = None
    if kind == "weighted":
        weights = np.random.default_rng(0).uniform(0, 3, len(X))
        if not coupled:
            forms["positive_weight"] = np.array([0.5, 2.0, 3.0])
    elif kind == "missing" and not coupled:
        targets = targets.copy()
        targets[::3, 1] = np.nan
    elif kind == "sparse":
        X = sp.csr_array(np.where(np.abs(X) < 0.5, 0.0, X))
    elif kind == "values":
        targets = 0.8 * targets + 0.2 / 3
    lines = []
    exact = solve_convex(X, targets, weights, **forms, report=lines.append)
    monkeypatch.setattr(newton_module, "EXACT_WORK", -1)
    iterated = solve_convex(X, targets, weights, **forms)
    assert (core() is None) or ("exact steps" in lines[0])
    assert exact.converged
    assert_allclose(exact.coef, iterated.coef, atol=1e-7)
    assert_allclose(exact.intercept, iterated.intercept, atol=1e-7)


@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_a_start_from_some_rows_ends_at_the_same_optimum(monkeypatch, coupled, sparse):
    X, targets, _ = messy(3000, 6, 3)
    if sparse:
        X = sp.csr_array(np.where(np.abs(X) < 0.5, 0.0, X))
    weights = np.random.default_rng(0).uniform(0, 3, 3000)
    expected = solve_convex(X, targets, weights, coupled=coupled, tol=1e-9)
    lines = []
    monkeypatch.setattr(nested, "LEAST_ROWS", 1000)
    monkeypatch.setattr(nested, "ROWS_PER_WEIGHT", 20)
    found = solve_convex(X, targets, weights, coupled=coupled, tol=1e-9, report=lines.append)
    assert lines[0].startswith("1 row of 7:")
    assert_allclose(found.coef, expected.coef, atol=1e-6)
    assert_allclose(found.objective, expected.objective, rtol=1e-9)


def test_some_rows_without_a_class_are_no_start(monkeypatch):
    X, targets, _ = messy(3000, 6, 3)
    targets[:, 2] = 0.0
    targets[3] = [0, 0, 1]  # the only row of its class, and none of every 7th
    monkeypatch.setattr(nested, "LEAST_ROWS", 1000)
    monkeypatch.setattr(nested, "ROWS_PER_WEIGHT", 20)
    lines = []
    assert solve_convex(X, targets, coupled=True, report=lines.append).converged
    assert not lines[0].startswith("1 row of")


def test_every_nth_row_stands_for_n():
    rows = linear_rows(np.arange(10.0)[:, None], np.eye(2)[np.arange(10) % 2], coupled=True)
    some = nested.every_nth(rows, 3)
    assert some.X[:, 0].tolist() == [0, 3, 6, 9]
    assert some.labels.tolist() == [0, 1, 0, 1]
    assert some.row_weights.tolist() == [3.0] * 4


@pytest.mark.parametrize("coupled", [True, False])
def test_fits_of_a_path_share_gram_matrices(monkeypatch, coupled):
    X, targets, _ = messy(900, 10)
    monkeypatch.setattr(newton_module, "EXACT_WORK", -1)
    made = []

    def one_rung(ladder, problem):
        rung = KINDS["blocks from drawn rows"](ladder)
        return [precondition.Rung(rung, 1e9, matrices=problem.n_classes)]

    def counted(*arguments, **options):
        made.append(1)
        return grams_module.class_grams(*arguments, **options)

    monkeypatch.setattr(precondition.Ladder, "_kinds", one_rung)
    monkeypatch.setattr(precondition, "class_grams", counted)
    shared = grams_module.Grams(keep=True)
    for C in (0.1, 1.0, 10.0):
        found = solve_convex(X[:800], targets[:800], coupled=coupled, C=C, grams=shared)
        alone = solve_convex(X[:800], targets[:800], coupled=coupled, C=C)
        assert found.converged
        assert_allclose(found.objective, alone.objective, rtol=1e-9)
    assert len(made) == 1 + 3  # one for the path, one for each fit alone
    # Another fold takes them too; another number of classes or features makes its own.
    solve_convex(X[100:], targets[100:], coupled=coupled, grams=shared)
    assert len(made) == 4
    solve_convex(X[:, :9], targets, coupled=coupled, grams=shared)
    assert len(made) == 5


def test_a_kept_matrix_of_all_classes_does_not_stand_for_one_a_class():
    X, targets, _ = messy(100, 5, 3)
    problem = LinearProblem(
        linear_rows(X, targets, coupled=True), np.append(np.ones(5), 0.0), coupled=True
    )
    kept = grams_module.Grams(keep=True)
    kept.take(problem, 1, lambda: np.ones((1, 6, 6)))
    assert kept.take(problem, 1, lambda: np.zeros((1, 6, 6))).all()
    assert not kept.take(problem, 3, lambda: np.zeros((3, 6, 6))).any()
    assert kept.has(problem, 3)
    assert not kept.has(problem, 1)
