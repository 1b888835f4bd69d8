"""A linear head under any differentiable loss, convex or not, by L-BFGS.

There is no certificate: the gap is NaN.  For convex losses (those of sparsemax and entmax) what is
found is the optimum as nearly as the gradient tells; for others it is where the gradient
vanishes, which need not be the best there is.

The trap is a line search that finds nothing lower.  It may be at the rounding of the objective,
which is then flat: an error of sqrt(eps) in the gradient is one of eps in the objective.  Or it
failed, over features of 1e12 at its first step: this is not called converged.

References
----------
Liu and Nocedal (1989), "On the limited memory BFGS method for large scale optimization",
Mathematical Programming 45.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from scipy.optimize import minimize

from headway.kernels.linear import LinearRows
from headway.solvers.solution import LinearSolution

__all__ = ["solve_smooth"]

MEMORY = 20
CHUNK_CELLS = 1 << 18
STUCK = 2  # SciPy's status where the line search finds nothing lower


class _Loss(Protocol):
    def value(self, logits: Any, targets: Any, /) -> Any: ...

    def gradient(self, logits: Any, targets: Any, /) -> Any: ...


def solve_smooth(
    X: Any,
    targets: np.ndarray,
    weights: np.ndarray | None = None,
    /,
    *,
    loss: _Loss,
    C: float = 1.0,
    tol: float = 1e-6,
    max_iter: int = 1000,
    report: Callable[[str], None] | None = None,
) -> LinearSolution:
    """Return a linear head at which the objective stops falling, starting from zero.

    Parameters
    ----------
    X : float32 or float64 array of shape (n, d), or CSR
        Features.
    targets : float array of shape (n, K)
        What the loss compares logits with.
    weights : float array of shape (n,), optional
        Non-negative row weights.
    loss : Loss
        `value(logits, targets)` (n,) and `gradient(logits, targets)` (n, K).
    C : float
        Inverse strength of the penalty; `np.inf` for none.
    tol : float
        Stop when a step lowers the objective by less than a hundredth of this share of it.
    max_iter : int
        Most steps.
    report : callable, optional
        Is handed one line of text a step.

    Examples
    --------
    >>> from headway.losses import SquaredErrorOnSigmoid
    >>> X, t = np.zeros((4, 1)), np.array([[1.0], [1.0], [1.0], [0.0]])
    >>> solution = solve_smooth(X, t, loss=SquaredErrorOnSigmoid())
    >>> float(np.round(1 / (1 + np.exp(-solution.intercept[0])), 3))
    0.75
    """
    n, d = X.shape
    k = targets.shape[1]
    row_weights = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    rows_of = LinearRows(X, k)
    penalty = np.append(np.full(d, 1.0 / C), 0.0)
    size = max(64, CHUNK_CELLS // max(d, k))
    # A mean is of the size of one, which is what the line search of L-BFGS-B expects.
    total = float(row_weights.sum())

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        current = flat.reshape(k, d + 1)
        gradient = current * penalty
        value = 0.5 * float((gradient * current).sum())
        coef = current[:, :-1].T.astype(X.dtype, copy=False)
        for rows, X_rows in rows_of.features(size):
            logits = np.asarray(X_rows @ coef, dtype=np.float64) + current[:, -1]
            row_targets = targets[rows].astype(np.float64, copy=False)
            value += float(row_weights[rows] @ loss.value(logits, row_targets))
            slopes = loss.gradient(logits, row_targets) * row_weights[rows, None]
            gradient[:, :-1] += (X_rows.T @ slopes.astype(X.dtype, copy=False)).T
            gradient[:, -1] += slopes.sum(axis=0)
        return value / total, gradient.ravel() / total

    steps = 0

    def step_done(intermediate_result: Any) -> None:
        nonlocal steps
        steps += 1
        if report is not None:
            report(f"step {steps}: objective {intermediate_result.fun * total:.9g}")

    start = np.zeros(k * (d + 1))
    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=step_done,
        options={
            "maxiter": max_iter,
            "maxfun": 2 * max_iter + 100,
            "maxcor": MEMORY,
            "ftol": 0.01 * tol,
            "gtol": 0.01 * tol,
        },
    )
    converged = found.status == 0
    if found.status == STUCK:
        flat = np.sqrt(np.finfo(X.dtype).eps) * np.abs(objective(start)[1]).max()
        converged = bool(np.abs(found.jac).max() <= flat)
    solved = found.x.reshape(k, d + 1)
    return LinearSolution(
        coef=solved[:, :-1].copy(),
        intercept=solved[:, -1].copy(),
        objective=float(found.fun) * total,
        optimality_gap=np.nan,
        n_iter=int(found.nit),
        converged=converged,
    )
