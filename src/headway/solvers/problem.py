"""A convex linear head as an optimisation problem.

With z_i = W x_i + b, non-negative weights and targets t_i:

    objective(W, b) = sum_i w_i loss(z_i, t_i) + |W|^2 / (2 C)

    softmax   loss = logsumexp(z) - <t, z>             the classes are coupled
    sigmoid   loss = sum_k w_ik (softplus(z_k) - t_k z_k)   one problem a column

Everything that reads the rows is one fused pass (`headway.kernels.linear`).  The trap: probs are
kept in ONE buffer (fresh memory costs more than the arithmetic), so those of a point are gone
once another point is looked at.
"""

from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from headway.kernels.linear import LinearRows, linear_pass

__all__ = ["LinearProblem", "Point", "class_masses", "with_ones"]

CHUNK_BYTES = 2 << 20
KEPT_PROBS = 64 << 20  # bytes of probs that are always kept
KEPT_SHARE = 0.15  # of the memory of the features, beyond which probs are made again
SAMPLED_ROWS, SAMPLED_CELLS = 1000, 1 << 22  # for rough means of features
EVERY = slice(None)
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
    """

    weights: np.ndarray
    values: np.ndarray
    gradient: np.ndarray


@dataclass(frozen=True)
class LinearProblem:
    """Rows and penalty of a softmax or sigmoid head.

    Parameters
    ----------
    rows : LinearRows
        Features, targets and weights; softmax targets sum to 1 in each row.
    penalty : float64 array of shape (d + 1,)
        Curvature 1/C of the penalty for each feature; 0 for the intercept.
    coupled : bool
        True for softmax, False for sigmoid.
    single : bool
        Whether products are made in float32.
    null_space : float64 array of shape (d + 1, r), optional
        Orthonormal directions that change no logit, kept out of the weights where no penalty
        does so.
    passes : pass, optional
        The fused passes over `rows`, made if not given.
    every : int
        Products are made from one row in about so many, standing for all.
    like : pass, optional
        Another pass over the same features, from which those made take them.
    """

    rows: LinearRows
    penalty: np.ndarray
    coupled: bool
    single: bool = False
    null_space: np.ndarray | None = field(default=None, repr=False)
    passes: Any = field(default=None, repr=False, compare=False)
    probs: np.ndarray | None = field(default=None, repr=False, compare=False)
    every: int = 1
    like: InitVar[Any] = None

    def __post_init__(self, like: Any) -> None:
        if self.passes is not None:
            return
        object.__setattr__(self, "passes", linear_pass(self.rows, coupled=self.coupled, like=like))
        n = self.rows.shape[0]
        X = self.rows.X
        size = X.data.nbytes + X.indices.nbytes if sp.issparse(X) else X.nbytes
        if 4 * n * self.n_classes <= max(KEPT_PROBS, KEPT_SHARE * size):
            probs = np.empty((n, self.n_classes), dtype=np.float32)
            object.__setattr__(self, "probs", probs)

    @property
    def n_classes(self) -> int:
        """Return K, the number of logit columns."""
        return self.rows.n_classes

    @property
    def n_parts(self) -> int:
        """Return G, the number of independent parts: 1, or K for sigmoids."""
        return 1 if self.coupled else self.n_classes

    @property
    def penalised(self) -> bool:
        """Return whether every coefficient is penalised, so that an optimum exists."""
        return bool(self.penalty[:-1].all())

    @property
    def shape(self) -> tuple[int, int]:
        """Return the shape (K, d + 1) of the weights."""
        return self.n_classes, self.rows.shape[1] + 1

    @cached_property
    def masses(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the weight of all cells of each class and its weighted targets, (K,) each."""
        return class_masses(self.rows)

    def columns(self, kept: np.ndarray, /) -> "LinearProblem":
        """Return the problem of some sigmoid columns (integers), at the point last looked at."""
        if self.coupled:
            raise ValueError("the columns of a softmax are coupled")
        rows = self.rows.columns(kept)
        probs = None if self.probs is None else np.ascontiguousarray(self.probs[:, kept])
        passes = linear_pass(rows, coupled=False, like=self.passes)
        return replace(self, rows=rows, passes=passes, probs=probs)

    def dot(self, a: np.ndarray, b: np.ndarray, /) -> np.ndarray:
        """Return the inner product of each independent part, (1, 1) or (K, 1)."""
        return self.parts(np.einsum("kj,kj->k", a, b))

    def penalties(self, a: np.ndarray, b: np.ndarray, /) -> np.ndarray:
        """Return half the penalised inner product of each part: the penalty, of equal weights."""
        return 0.5 * self.parts(np.einsum("kj,kj,j->k", a, b, self.penalty))

    def parts(self, products: np.ndarray, /) -> np.ndarray:
        """Return what belongs to each independent part, (1, 1) or (K, 1), of values (K,)."""
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

    @cached_property
    def _rough_moments(self) -> tuple[np.ndarray, np.ndarray]:
        n = self.rows.shape[0]
        most = max(16, min(SAMPLED_ROWS, SAMPLED_CELLS // self.rows.shape[1]))
        some = np.linspace(0, n - 1, min(n, most)).astype(np.intp)
        X = self.rows.dense_rows(some, np.float64)
        return X.mean(axis=0), np.append(np.einsum("nj,nj->j", X, X) / len(X), 1.0)

    @property
    def feature_means(self) -> np.ndarray:
        """Return the means of the features over some of the rows, (d,)."""
        return self._rough_moments[0]

    @property
    def mean_squares(self) -> np.ndarray:
        """Return the mean squares of the features over some of the rows, and of 1, (d + 1,)."""
        return self._rough_moments[1]

    @cached_property
    def feature_scales(self) -> np.ndarray:
        """Return a quarter of the weighted sum of squares of each feature, (d + 1,)."""
        weights = self.rows.row_weights
        scales = np.zeros(self.shape[1])
        for rows, X in self.chunks(np.float64):
            squares = X.multiply(X) if sp.issparse(X) else X * X
            scales[:-1] += (
                squares.sum(axis=0) if weights is None else np.asarray(squares.T @ weights[rows])
            )
        scales[-1] = self.rows.shape[0] if weights is None else weights.sum()
        return 0.25 * scales

    def without_null_space(self) -> "LinearProblem":
        """Return the problem with the null space of its features known and kept out.

        For unpenalised problems: among the many optima of collinear features, the iteration
        then finds the one of least norm instead of blowing rounding up into huge weights.
        """
        width = self.shape[1]
        gram = np.zeros((width, width))
        weights = self.rows.row_weights
        for rows, X in self.chunks(np.float64):
            X1 = with_ones(X)
            if weights is not None:
                X1 = X1[weights[rows] > 0]
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
        """Yield (rows, features of those rows), a few megabytes at a time."""
        return self.rows.features(max(64, CHUNK_BYTES // 8 // self.rows.shape[1]), dtype)

    def at(self, weights: np.ndarray, /) -> Point:
        """Return value and gradient at `weights`, from one pass; `self.probs` are those there."""
        values = np.empty(self.n_parts)
        gradient = np.empty(self.shape)
        self.passes.gradient(weights, values, gradient, self.probs, self.single, self.penalty)
        return Point(weights, values[:, None] + self.penalties(weights, weights), gradient)

    def curvature_product(self, point: Point, direction: np.ndarray, /) -> np.ndarray:
        """Return the Hessian at a point, the last looked at, times a direction (K, d + 1)."""
        product = np.empty(self.shape)
        self.passes.product(
            direction, product, self.probs, point.weights, self.single, self.every, self.penalty
        )
        return product

    def curvature(self, column: int, rows: slice = EVERY, /) -> np.ndarray:
        """Return w p (1 - p) of some rows, their weight in one class's diagonal block, (m,)."""
        if self.probs is None:
            weights, targets = self.masses
            share = targets[column] / max(weights[column], 1e-300)
            p: Any = np.full(len(range(*rows.indices(self.rows.shape[0]))), share)
        else:
            p = self.probs[rows, column].astype(np.float64)
        curvature = p * (1.0 - p)
        if self.rows.row_weights is not None:
            curvature *= self.rows.row_weights[rows]
        if not self._plain_cells:
            curvature *= self._cell_factors(column, rows)
        return curvature

    def mean_curvature(self, rows: slice = EVERY, /) -> np.ndarray:
        """Return the mean over the classes of w p (1 - p) of some rows, (m,)."""
        if self.probs is None or self.rows.labels is None or not self.coupled:
            used = range(self.n_classes if self.probs is not None else 1)
            total: Any = sum(self.curvature(column, rows) for column in used)
        else:
            # Of probs that sum to 1: sum p (1 - p) = 1 - sum p^2.
            probs = self.probs[rows]
            total = 1.0 - np.einsum("nk,nk->n", probs, probs, dtype=np.float64)
            if self.rows.row_weights is not None:
                total *= self.rows.row_weights[rows]
        return np.maximum(total, 0.0) / self.n_classes

    def curvature_masses(self) -> np.ndarray:
        """Return the sum over rows of w p (1 - p) for each class, (K,)."""
        if self.probs is None:
            weights, targets = self.masses
            return targets * (1.0 - targets / np.maximum(weights, 1e-300))
        if self._plain_cells and self.rows.row_weights is None:
            # Not as the sum of p less that of p^2: they cancel where p is near 1.
            parts = np.array_split(self.probs, max(1, self.probs.size >> 16))
            return sum((p * (1.0 - p)).sum(axis=0, dtype=np.float64) for p in parts)
        return np.array([self.curvature(column).sum() for column in range(self.n_classes)])

    @cached_property
    def _plain_cells(self) -> bool:
        """Return whether all cells weigh the same: none is missing or positively weighted."""
        rows = self.rows
        if rows.positive_weight is not None:
            return False
        if rows.codes is not None:
            return rows.codes.max(initial=0) < 2
        return rows.values is None or not np.isnan(rows.values).any()

    def _cell_factors(self, column: int, chosen: slice) -> Any:
        """Return c = a t + 1 - t of a column in some rows, 0 where it is missing."""
        rows = self.rows
        if rows.labels is not None:
            t: Any = np.where(rows.labels[chosen] == column, rows.on, rows.off)
        elif rows.codes is not None:
            t = np.array([rows.off, rows.on, np.nan])[rows.codes[chosen, column]]
        else:
            assert rows.values is not None
            t = rows.values[chosen, column]
        a = 1.0 if rows.positive_weight is None else rows.positive_weight[column]
        return np.nan_to_num(a * t + 1.0 - t, nan=0.0)


def class_masses(rows: LinearRows, /) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of all cells of each class and of its weighted targets, (K,) each."""
    k = rows.n_classes
    if rows.labels is not None and rows.positive_weight is None:
        counts = np.bincount(rows.labels, rows.row_weights, minlength=k).astype(np.float64)
        total = counts.sum()
        return np.full(k, total), rows.on * counts + rows.off * (total - counts)
    if rows.codes is not None and rows.positive_weight is None and rows.row_weights is None:
        present = np.count_nonzero(rows.codes == 1, axis=0).astype(np.float64)
        cells = rows.shape[0] - np.count_nonzero(rows.codes == 2, axis=0).astype(np.float64)
        return cells, rows.on * present + rows.off * (cells - present)
    weights, targets = np.zeros(k), np.zeros(k)
    size = max(1, CHUNK_BYTES // 8 // k)
    for start in range(0, rows.shape[0], size):
        t, w = rows.weighted_targets(slice(start, start + size))
        weights += w.sum(axis=0)
        targets += (w * t).sum(axis=0)
    return weights, targets


def with_ones(X: Any, /) -> np.ndarray:
    """Return a dense copy of a chunk with a column of ones at the end."""
    dense = X.toarray() if sp.issparse(X) else X
    return np.concatenate([dense, np.ones((dense.shape[0], 1), dtype=dense.dtype)], axis=1)
