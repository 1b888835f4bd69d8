"""The optimum of a softmax or sigmoid linear head, with proof of how near it is.

    minimise  sum_i w_i loss(W x_i + b, t_i) + |W|^2 / (2 C)        b is free of penalty

Classes without any weight (declared, but absent from the data) have no optimum of their own:
their intercept falls for ever.  They are left out of the iteration and given the coefficients 0
and the largest intercept that keeps their share of the objective within a tenth of `tol`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from headway.kernels.linear import LinearRows, linear_rows
from headway.solvers.grams import Grams
from headway.solvers.merged import merge_features
from headway.solvers.nested import nested_start
from headway.solvers.newton import newton
from headway.solvers.precondition import MOST_BLOCK_FEATURES
from headway.solvers.problem import LinearProblem, class_masses
from headway.solvers.solution import LinearSolution

__all__ = ["solve_convex"]

MOST_EXAMINED_FEATURES = 4000


def solve_convex(
    X: Any,
    targets: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    /,
    *,
    coupled: bool,
    C: float = 1.0,
    positive_weight: np.ndarray | None = None,
    penalty_weights: np.ndarray | None = None,
    start: np.ndarray | None = None,
    like: Any = None,
    grams: Grams | None = None,
    tol: float = 1e-6,
    max_iter: int = 100,
    rng: np.random.Generator | None = None,
    report: Callable[[str], None] | None = None,
) -> LinearSolution:
    """Return the linear head of least objective.

    Parameters
    ----------
    X : float32, float64 or uint8 array of shape (n, d), or CSR; or LinearRows
        Features, neither copied nor changed; or the rows with their targets and weights.
    targets : float array of shape (n, K)
        Probabilities; rows sum to 1 if `coupled`.  Otherwise NaN cells are missing: they have
        no loss, no gradient and no curvature.
    weights : float array of shape (n,), optional
        Non-negative row weights.
    coupled : bool
        True for softmax, False for K independent sigmoids.
    C : float
        Inverse strength of the penalty; `np.inf` for none.
    positive_weight : float array of shape (K,), optional
        Sigmoids only: the weight of the positive share of each cell.
    penalty_weights : float array of shape (d,), optional
        Multiplies the penalty of each feature's coefficients; positive.
    start : float array of shape (K, d + 1), optional
        Weights to begin from, intercepts last; by default those of the class shares.
    like : pass, optional
        A `linear_pass` over the same features, which are then made ready only once.
    grams : Grams, optional
        Gram matrices shared with other fits, of other rows or another C.
    tol : float
        Relative gap at which to stop.
    max_iter : int
        Most Newton steps.
    rng : Generator, optional
        Draws the rows of preconditioners; the optimum does not depend on it.
    report : callable, optional
        Is handed one line of text a step.

    Returns
    -------
    LinearSolution
        Weights, objective and a certified gap (NaN without an optimum).

    Examples
    --------
    The best constant for three successes in four is their log-odds, log 3:

    >>> X, t = np.zeros((4, 1)), np.array([[1.0], [1.0], [1.0], [0.0]])
    >>> solution = solve_convex(X, t, coupled=False)
    >>> float(round(np.exp(solution.intercept[0]), 6))
    3.0
    >>> solution.optimality_gap <= 1e-6
    True
    """
    if isinstance(X, LinearRows):
        rows = X
    else:
        assert targets is not None
        rows = linear_rows(X, targets, weights, coupled=coupled, positive_weight=positive_weight)
    steps: dict[str, Any] = {"max_iter": max_iter, "report": report, "tol": tol, "grams": grams}
    steps["rng"] = np.random.default_rng(0) if rng is None else rng
    # Without a penalty the certificate needs a residual that only float64 can reach.
    steps["single"] = bool(rows.X.dtype != np.float64 and np.isfinite(C))
    merged = None
    if penalty_weights is None and np.isfinite(C):
        merged = merge_features(rows)
    if merged is not None and (grams is None or merged.rows.shape[1] > MOST_BLOCK_FEATURES):
        if start is not None:
            start = np.c_[merged.merge(start[:, :-1]), start[:, -1]]
        found = _solve(merged.rows, np.full(merged.rows.shape[1], 1.0 / C), coupled, start, **steps)
        return replace(found, coef=merged.part(found.coef))
    penalty = np.full(rows.shape[1], 1.0 / C)
    if penalty_weights is not None:
        penalty *= penalty_weights
    return _solve(rows, penalty, coupled, start, like=like, **steps)


def _solve(
    rows: LinearRows,
    penalty: np.ndarray,
    coupled: bool,
    start: np.ndarray | None,
    *,
    single: bool,
    tol: float,
    grams: Grams | None,
    like: Any = None,
    **steps: Any,
) -> LinearSolution:
    """Return the linear head of least objective with a penalty (d,) on each feature."""
    d, k = rows.shape[1], rows.n_classes
    penalty = np.append(penalty, 0.0)
    mass, present = class_masses(rows)
    shares = present / np.maximum(mass, 1e-300)
    learnable = shares > 0 if coupled else (shares > 0) & (shares < 1)
    columns = np.flatnonzero(learnable)
    if not coupled:
        # Frequent labels take more iterations than rare ones: side by side, they can go on alone.
        columns = columns[np.argsort(-(mass * shares * (1 - shares))[columns], kind="stable")]
    problem = LinearProblem(
        rows.columns(columns),
        penalty,
        coupled,
        like=like,
        single=single,
    )
    if start is None:
        first = np.zeros(problem.shape)
        first[:, -1] = np.log(shares[columns])
        if not coupled:
            first[:, -1] -= np.log1p(-shares[columns])
    else:
        first = np.array(start, dtype=np.float64)[columns]
    if coupled:
        first -= first.mean(axis=0)
    if not problem.penalised and d <= MOST_EXAMINED_FEATURES:
        problem = problem.without_null_space()
        first = problem.project(first)
    weights_found = np.zeros((k, d + 1))
    nested = nested_start(problem, first, **steps) if start is None else None
    if nested is not None:
        first = nested.weights
    if nested is not None and nested.interrupted:
        steps["max_iter"] = 0
    found = newton(problem, first, tol=0.9 * tol, grams=grams, **steps)
    if nested is not None and nested.interrupted:
        found = replace(found, interrupted=True)
    weights_found[columns] = found.weights
    objective, bound = float(found.values.sum()), float(found.bounds.sum())
    if not learnable.all():
        absent = ~learnable
        allowed = min(max(0.09 * tol * objective, 1e-12 * float(mass.max())), float(mass.max()))
        each = allowed / absent.sum() / np.maximum(mass, 1e-300)
        low = np.log(np.clip(each, 1e-15, 1e-3)[absent])
        if coupled:
            weights_found[absent, -1] = low + _least_logsumexp(problem, found.weights)
        else:
            weights_found[absent, -1] = np.where(shares[absent] > 0, -low, low)
        objective += allowed
    separated = np.sort(columns[np.flatnonzero(found.separated)]) if not coupled else ()
    if coupled and found.separated.any():
        separated = np.arange(k)
    gap = (objective - bound) / bound if bound > 0 else np.nan
    if len(separated):
        gap = np.nan
    return LinearSolution(
        coef=weights_found[:, :-1].copy(),
        intercept=weights_found[:, -1].copy(),
        objective=objective,
        optimality_gap=max(gap, 0.0) if np.isfinite(gap) else np.nan,
        n_iter=found.n_iter,
        converged=bool(gap <= tol),
        interrupted=found.interrupted,
        separated=tuple(int(column) for column in separated),
    )


def _least_logsumexp(problem: LinearProblem, weights: np.ndarray) -> float:
    """Return the least logsumexp of the logits of a row with weight."""
    least = np.inf
    for rows, X in problem.chunks(np.float64):
        logits = X @ weights[:, :-1].T + weights[:, -1]
        top = logits.max(axis=1)
        lse = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        if problem.rows.row_weights is not None:
            lse = lse[problem.rows.row_weights[rows] > 0]
        least = min(least, float(lse.min(initial=np.inf)))
    return least
