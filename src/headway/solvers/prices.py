"""What products, Gram matrices and factors cost, about.

Computed from shapes, not measured, so that equal fits take equal steps.
"""

import scipy.sparse as sp

from headway.solvers.problem import LinearProblem

__all__ = ["EIGEN_RATE", "FACTOR_RATE", "GRAM_RATE", "gram_price", "pass_price"]

# About: multiply-adds a second of dense and sparse products and of Gram matrices; cubes of the
# width a second of factors and eigenbases; bytes a second.  Only their ratios matter.
DENSE_RATE, SPARSE_RATE, GRAM_RATE, SCATTER_RATE = 6e10, 2.5e10, 6e10, 1.4e9
FACTOR_RATE, EIGEN_RATE = 1e11, 2e9
BYTES_RATE = 2e10


def pass_price(problem: LinearProblem) -> float:
    """Return what one Hessian product costs, in seconds, about."""
    X, k = problem.rows.X, problem.n_classes
    if sp.issparse(X):
        return 2.0 * X.nnz * k / SPARSE_RATE + X.nnz * 8 / BYTES_RATE
    n, d = X.shape
    return max(2.0 * n * d * k / DENSE_RATE, n * d * X.itemsize / BYTES_RATE)


def gram_price(problem: LinearProblem) -> float:
    """Return what one row costs in a Gram matrix."""
    X, width = problem.rows.X, problem.shape[1]
    dense = width**2 / 2 / GRAM_RATE
    if not sp.issparse(X):
        return dense
    return min(dense, (X.nnz / X.shape[0] + 1) ** 2 / 2 / SCATTER_RATE)
