"""A convex linear head as an optimisation problem, passed over in chunks of rows.

With z_i = W x_i + b, non-negative weights and targets t_i:

    objective(W, b) = sum_i w_i loss(z_i, t_i) + |W|^2 / (2 C)

    softmax   loss = logsumexp(z) - <t, z>             the classes are coupled
    sigmoid   loss = sum_k w_ik (softplus(z_k) - t_k z_k)   one problem a column

A pass reads the features once, a chunk at a time, so that logits, probabilities and gradient are
made while the chunk is in cache.  Everything but the two matrix products is done class by class,
(K, rows), and in float64: with float32 features each product is rounded at 1e-7, but sums over
rows are not.  The trap: float32 sums over all rows stop the line search well before 1e-6.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

__all__ = ["LinearProblem", "Point"]

CHUNK_BYTES = 2 << 20
SPARSE_CHUNK_CELLS = 4 << 20
COLLINEAR = 1e-14  # relative curvature, times d, below which a direction counts as flat


@dataclass(frozen=True)
class Point:
    """A place in weight space with what one pass learned there.

    Attributes
    ----------
    weights : float64 array of shape (K, d + 1)
        Coefficients, intercepts in the last column.
    values : float64 array of shape (G, 1)
        The objective of each independent part: one for softmax, one a column for sigmoid.
    gradient : float64 array of shape (K, d + 1)
        Its gradient.
    probs : array of shape (K, n)
        Probabilities of the rows, class by class.
    """

    weights: np.ndarray
    values: np.ndarray
    gradient: np.ndarray
    probs: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class LinearProblem:
    """Features, targets, weights and penalty of a softmax or sigmoid head.

    Parameters
    ----------
    X : float array of shape (n, d), or CSR
        Features; read-only and any memory order will do.
    targets : float array of shape (K, n)
        Class by class, in 0..1, finite; for softmax the columns sum to 1.
    cell_weights : float64 array of shape (1, n) or (K, n)
        Non-negative weights: (1, n) for softmax.
    penalty : float64 array of shape (d + 1,)
        Curvature 1/C of the penalty for each feature; 0 for the intercept.
    coupled : bool
        True for softmax, False for sigmoid.
    dtype : dtype, optional
        Precision of the matrix products; that of `X` unless given.
    null_space : float64 array of shape (d + 1, r), optional
        Orthonormal directions that change no logit, kept out of the weights where no penalty
        does so.
    """

    X: Any
    targets: np.ndarray
    cell_weights: np.ndarray
    penalty: np.ndarray
    coupled: bool
    dtype: Any = None
    null_space: np.ndarray | None = field(default=None, repr=False)

    @property
    def n_classes(self) -> int:
        """Return K, the number of logit columns."""
        return self.targets.shape[0]

    @property
    def penalised(self) -> bool:
        """Return whether every coefficient is penalised, so that an optimum exists."""
        return bool(self.penalty[:-1].all())

    @property
    def products_dtype(self) -> Any:
        """Return the precision of the matrix products."""
        return np.dtype(self.X.dtype if self.dtype is None else self.dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """Return the shape (K, d + 1) of the weights."""
        return self.n_classes, self.X.shape[1] + 1

    @cached_property
    def n_row_weights(self) -> np.ndarray:
        """Return the total weight of each independent part, (1, 1) or (K, 1)."""
        return self.cell_weights.sum(axis=1, keepdims=True)

    def columns(self, kept: np.ndarray, /) -> "LinearProblem":
        """Return the sub-problem of some sigmoid columns."""
        if self.coupled:
            raise ValueError("the columns of a softmax are coupled")
        cell_weights = self.cell_weights
        if cell_weights.shape[0] > 1:
            cell_weights = cell_weights[kept]
        return replace(self, targets=self.targets[kept], cell_weights=cell_weights)

    def dot(self, a: np.ndarray, b: np.ndarray, /) -> np.ndarray:
        """Return the inner product of each independent part, (1, 1) or (K, 1)."""
        products = np.einsum("kj,kj->k", a, b)
        return products.sum().reshape(1, 1) if self.coupled else products[:, None]

    def project(self, direction: np.ndarray, /) -> np.ndarray:
        """Return the direction without the parts that no optimum has.

        Adding one vector to every class of a softmax changes no probability and only costs
        penalty, so the optimum has class mean zero; a class-by-class preconditioner would leave
        that subspace.  Likewise for the null space of unpenalised features.
        """
        if self.coupled:
            direction = direction - direction.mean(axis=0)
        if self.null_space is not None:
            direction = direction - (direction @ self.null_space) @ self.null_space.T
        return direction

    def feature_scales(self) -> np.ndarray:
        """Return a quarter of the weighted sum of squares of each feature, (d + 1,)."""
        row_weights = self.cell_weights.mean(axis=0)
        scales = np.zeros(self.shape[1])
        for rows, X in self.chunks(np.float64):
            squares = X.multiply(X) if sp.issparse(X) else X * X
            scales[:-1] += squares.T @ row_weights[rows]
        scales[-1] = row_weights.sum()
        return 0.25 * scales

    def without_null_space(self) -> "LinearProblem":
        """Return the problem with the null space of its features known and kept out.

        For unpenalised problems: among the many optima of collinear features, the iteration
        then finds the one of least norm instead of blowing rounding up into huge weights.
        """
        width = self.shape[1]
        gram = np.zeros((width, width))
        for _, X in self.chunks(np.float64):
            X1 = with_ones(X)
            gram += X1.T @ X1
        diagonal = np.diag(gram)
        scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        values, vectors = np.linalg.eigh(gram * scale * scale[:, None])
        flat = vectors[:, values <= COLLINEAR * width] * scale[:, None]
        if not flat.size:
            return self
        return replace(self, null_space=np.linalg.qr(flat)[0])

    # -- passes -----------------------------------------------------------------------------

    def chunks(self, dtype: Any = None) -> Iterator[tuple[slice, Any]]:
        """Yield (rows, features of those rows), fit for fast matrix products."""
        dtype = self.dtype if dtype is None else dtype
        n, d = self.X.shape
        if sp.issparse(self.X):
            yield from _sparse_chunks(self.X, max(1, SPARSE_CHUNK_CELLS // self.n_classes), dtype)
            return
        size = max(64, CHUNK_BYTES // max(1, d * self.X.itemsize))
        for start in range(0, n, size):
            rows = slice(start, min(start + size, n))
            chunk = self.X[rows]
            if dtype is not None and chunk.dtype != dtype:
                chunk = chunk.astype(dtype)
            elif chunk.itemsize not in chunk.strides:
                chunk = np.ascontiguousarray(chunk)
            yield rows, chunk

    def at(self, weights: np.ndarray, /) -> Point:
        """Return value, gradient and probabilities at `weights`, from one pass."""
        gradient = weights * self.penalty
        values = 0.5 * self.dot(gradient, weights)
        probs = np.empty(self.targets.shape, dtype=self.products_dtype)
        for rows, X in self.chunks():
            logits = forward(X, weights)
            losses, chunk_probs = self.losses_and_probs(logits, rows)
            values += losses
            probs[:, rows] = chunk_probs
            chunk_probs -= self.targets[:, rows]
            chunk_probs *= self.cell_weights[:, rows]
            backward(X, chunk_probs, out=gradient)
        return Point(weights, values, gradient, probs)

    def losses_and_probs(self, logits: np.ndarray, rows: slice, /) -> tuple[np.ndarray, np.ndarray]:
        """Return (weighted loss of each part, probabilities); `logits` (K, m) is overwritten."""
        targets, weights = self.targets[:, rows], self.cell_weights[:, rows]
        if not self.coupled:
            # softplus(z) - t z = softplus(-|z|) + max(z, 0) - t z
            small = np.exp(-np.abs(logits))
            losses = np.log1p(small) + np.maximum(logits, 0.0) - targets * logits
            probs = np.where(logits >= 0, 1.0, small) / (1.0 + small)
            losses *= weights
            return losses.sum(axis=1, keepdims=True), probs
        logits -= logits.max(axis=0)
        linear = np.einsum("km,km->m", targets, logits)
        np.exp(logits, out=logits)
        total = logits.sum(axis=0)
        logits /= total
        losses = np.log(total, out=total) - linear
        return np.dot(weights[0], losses).reshape(1, 1), logits

    def curvature_product(self, probs: np.ndarray, direction: np.ndarray, /) -> np.ndarray:
        """Return the Hessian at `probs` (K, n) times a direction (K, d + 1), penalty included."""
        product = direction * self.penalty
        for rows, X in self.chunks():
            change = self.probs_change(probs[:, rows], forward(X, direction))
            change *= self.cell_weights[:, rows]
            backward(X, change, out=product)
        return product

    def probs_change(self, probs: np.ndarray, logits: np.ndarray, /) -> np.ndarray:
        """Return J v, the first-order change of the probabilities; `logits` is overwritten."""
        if self.coupled:
            logits -= np.einsum("km,km->m", probs, logits)
            logits *= probs
        else:
            logits *= probs
            logits *= 1.0 - probs
        return logits

    def curvatures(self, probs: np.ndarray, /) -> np.ndarray:
        """Return w p (1 - p), the weight of each row in each diagonal block, (K, n)."""
        return self.cell_weights * probs * (1.0 - probs.astype(np.float64))


def forward(X: Any, weights: np.ndarray, /) -> np.ndarray:
    """Return the float64 logits (K, m) of a chunk under weights (K, d + 1)."""
    if sp.issparse(X):
        coef = np.ascontiguousarray(weights[:, :-1].T.astype(X.dtype, copy=False))
    else:
        coef = weights[:, :-1].T.astype(X.dtype, copy=False)
    logits = (X @ coef).T.astype(np.float64, order="C")
    logits += weights[:, -1:]
    return logits


def backward(X: Any, cells: np.ndarray, /, *, out: np.ndarray) -> None:
    """Add to `out` (K, d + 1) the product of cells (K, m) with the chunk and its ones."""
    if sp.issparse(X):
        out[:, :-1] += (X.T @ np.ascontiguousarray(cells.T.astype(X.dtype, copy=False))).T
    else:
        out[:, :-1] += cells.astype(X.dtype, copy=False) @ X
    out[:, -1] += cells.sum(axis=1)


def with_ones(X: Any, /) -> np.ndarray:
    """Return a dense copy of a chunk with a column of ones at the end."""
    dense = X.toarray() if sp.issparse(X) else X
    return np.concatenate([dense, np.ones((dense.shape[0], 1), dtype=dense.dtype)], axis=1)


def _sparse_chunks(X: Any, size: int, dtype: Any) -> Iterator[tuple[slice, Any]]:
    """Yield row blocks of a CSR array that share its memory."""
    n, d = X.shape
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        first, last = X.indptr[rows.start], X.indptr[rows.stop]
        data = X.data[first:last]
        if dtype is not None:
            data = data.astype(dtype, copy=False)
        indptr = X.indptr[rows.start : rows.stop + 1] - first
        shape = (rows.stop - rows.start, d)
        yield rows, sp.csr_array((data, X.indices[first:last], indptr), shape=shape)
