"""Cholesky factors of positive definite matrices, and solves with them, for preconditioners.

    M = s^-1 R'R s^-1     s = 1 / sqrt(diagonal of M)

The scaling matters: without it a feature measured in thousands would drown one measured in units.
The trap: a matrix that is singular to rounding.  The core holds its vanishing pivots at a small
floor and drops what stands beside them, NumPy adds to the diagonal until they are that large: a
preconditioner can afford either.

References
----------
Golub and Van Loan (2013), "Matrix Computations", 4th edition, section 4.2.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg as sla

from headway.kernels.core import core

__all__ = ["Factors", "factor"]

FLOOR_ROUNDINGS = 32


@dataclass(frozen=True)
class Factors:
    """Factors of some matrices of one size.

    Attributes
    ----------
    upper : float array of shape (count, w, w)
        R in the upper triangles; what is below is of no meaning.
    scales : float64 array of shape (count, w)
        The scales s.
    """

    upper: np.ndarray
    scales: np.ndarray

    def solve(self, right: np.ndarray, which: np.ndarray | None = None, /) -> np.ndarray:
        """Return M^-1 times each right side, float64 (rows, w).

        Parameters
        ----------
        right : float64 array of shape (rows, w)
            Right sides.
        which : integer array of shape (rows,), optional
            The matrix of each; by default all belong to the first.
        """
        module: Any = core()
        if module is not None:
            right = np.ascontiguousarray(right, dtype=np.float64)
            out = np.empty_like(right)
            places = None if which is None else np.ascontiguousarray(which, dtype=np.int64)
            module.factor_solve(self.upper, self.scales, right, places, out)
            return out
        if which is None:
            return self._solve_all(0, right)
        return np.concatenate(
            [self._solve_all(int(c), row[None]) for c, row in zip(which, right, strict=True)]
        )

    def _solve_all(self, c: int, right: np.ndarray) -> np.ndarray:
        scale = self.scales[c]
        wanted = (right * scale).T.astype(self.upper.dtype, copy=False)
        # The transpose is in LAPACK's order, and our upper triangle is its lower one.
        solved = sla.cho_solve((self.upper[c].T, True), wanted, check_finite=False)
        return solved.T.astype(np.float64) * scale


def factor(matrices: np.ndarray, /, *, floor: float | None = None) -> Factors:
    """Return the factors of positive definite matrices, in their memory.

    Parameters
    ----------
    matrices : float32 or float64 array of shape (count, w, w)
        Only the lower triangles are read; all is overwritten.
    floor : float, optional
        Least pivot of a matrix of unit diagonal; by default some roundings of its dtype.

    Examples
    --------
    >>> factors = factor(np.array([[[4.0, 0.0], [2.0, 2.0]]]))
    >>> factors.solve(np.array([[8.0, 6.0]]))
    array([[1., 2.]])
    """
    least = FLOOR_ROUNDINGS * float(np.finfo(matrices.dtype).eps) if floor is None else floor
    scales = np.empty(matrices.shape[:2])
    module: Any = core()
    if module is not None:
        module.factor(matrices, scales, least)
        return Factors(matrices, scales)
    for matrix, scale in zip(matrices, scales, strict=True):
        _factor_one(matrix, scale, least)
    return Factors(matrices, scales)


def _factor_one(matrix: np.ndarray, scale: np.ndarray, floor: float) -> None:
    diagonal = matrix.diagonal().astype(np.float64)
    scale[:] = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = (matrix * scale * scale[:, None]).astype(matrix.dtype)
    ones = np.diag(scaled).copy()
    ridge = 0.0
    while True:
        np.fill_diagonal(scaled, ones + ridge)
        upper, failed = sla.lapack.get_lapack_funcs("potrf", (scaled,))(scaled.T, lower=False)
        if not failed and np.diag(upper).min() ** 2 >= floor:
            matrix[:] = upper
            return
        ridge = max(10.0 * ridge, floor)
