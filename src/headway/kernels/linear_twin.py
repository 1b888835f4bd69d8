"""The NumPy twin of the compiled pass over a linear problem: the same methods, the same results.

Rows are worked off in chunks, so that nothing of the size of all logits is made.  The products
are of the precision of the features (or float64 if asked), everything else is float64.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

__all__ = ["NumpyLinearPass"]

CHUNK_CELLS = 1 << 19


class NumpyLinearPass:
    """Passes over the rows of a linear problem, by NumPy and SciPy.

    Parameters
    ----------
    rows : LinearRows
        Features, targets, weights.
    coupled : bool
        True for softmax, False for one sigmoid a column.
    """

    def __init__(self, rows: Any, coupled: bool):
        self._rows = rows
        self._coupled = coupled
        n, d = rows.shape
        self._size = max(16, min(n, CHUNK_CELLS // max(d, rows.n_classes)))
        if sp.issparse(rows.X):
            self._size = max(16, min(n, CHUNK_CELLS // rows.n_classes))

    def gradient(
        self,
        weights: np.ndarray,
        values: np.ndarray,
        sums: np.ndarray,
        probs: np.ndarray | None,
        single: bool,
        penalty: np.ndarray | None = None,
    ) -> None:
        """Write losses (1,) or (K,), sums (K, d + 1) and, unless None, probs (n, K).

        With a penalty (d + 1,) the sums, but not the losses, are those of the penalised objective.
        """
        values[:] = 0.0
        sums[:] = 0.0
        for rows, X in self._chunks(single):
            losses, p, residual = self._losses(rows, _forward(X, weights))
            values += losses
            if probs is not None:
                probs[rows] = p
            _backward(X, residual, sums)
        if penalty is not None:
            sums += penalty * weights

    def product(
        self,
        direction: np.ndarray,
        sums: np.ndarray,
        probs: np.ndarray | None,
        weights: np.ndarray | None,
        single: bool,
        every: int = 1,
        penalty: np.ndarray | None = None,
    ) -> None:
        """Write the Hessian at `probs` (or else at `weights`) times a direction.

        With `every`, from one row in so many, standing for all; with a penalty (d + 1,), that of
        the penalised objective.
        """
        sums[:] = 0.0
        for rows, X in self._chunks(single):
            if every > 1:
                rows, X = slice(rows.start, rows.stop, every), X[::every]
            if probs is not None:
                p = probs[rows].astype(np.float64)
            else:
                p = self._losses(rows, _forward(X, weights))[1]
            change = self._jacobian(p, _forward(X, direction))
            change *= self._rows.weighted_targets(rows)[1]
            _backward(X, change, sums)
        sums *= every
        if penalty is not None:
            sums += penalty * direction

    thins = True  # products of some of the rows cost less

    @property
    def sparse(self) -> bool:
        """Return whether the features are stored sparse, so that `diagonal` may be asked."""
        return sp.issparse(self._rows.X)

    def diagonal(self, probs: np.ndarray, sums: np.ndarray) -> None:
        """Write the sum of w p (1 - p) x^2: the Hessian's diagonal, without penalty."""
        sums[:] = 0.0
        for rows, X in self._chunks(single=True):
            p = probs[rows].astype(np.float64)
            cells = p * (1.0 - p) * self._rows.weighted_targets(rows)[1]
            _backward(X.multiply(X).tocsr(), cells, sums)

    def dual(
        self,
        weights: np.ndarray,
        step: np.ndarray,
        values: np.ndarray,
        next_values: np.ndarray,
        excess: np.ndarray,
        probs: np.ndarray | None,
    ) -> None:
        """Write the losses here and one step on, q into `probs`, and the sum of w q (K,)."""
        values[:] = 0.0
        next_values[:] = 0.0
        excess[:] = 0.0
        for rows, X in self._chunks(single=False):
            losses, next_losses, q = self._predicted(rows, X, weights, step)
            values += losses
            next_values += next_losses
            excess += (self._rows.weighted_targets(rows)[1] * self._normalised(q)).sum(axis=0)
            if probs is not None:
                probs[rows] = q

    def moments(
        self,
        probs: np.ndarray | None,
        weights: np.ndarray,
        step: np.ndarray,
        tilt: np.ndarray,
        shift_by: np.ndarray,
        shares: np.ndarray,
        mix: np.ndarray,
        values: np.ndarray,
        sums: np.ndarray,
    ) -> None:
        """Write the entropies and the sum of w (q - targets) x' of balanced q.

        `q <- q + J(q) tilt`, then `(q - shift_by) (1 - mix) + mix shares`, each (K,), cut to 0..1.
        """
        values[:] = 0.0
        sums[:] = 0.0
        for rows, X in self._chunks(single=False):
            q = probs[rows] if probs is not None else self._predicted(rows, X, weights, step)[2]
            q = self._normalised(q)
            q += self._jacobian(q, np.broadcast_to(tilt, q.shape))
            q = (q - shift_by) * (1.0 - mix) + mix * shares
            np.clip(q, 0.0, 1.0, out=q)
            targets, cell_weights = self._rows.weighted_targets(rows)
            entropies = _minus_x_log_x(q)
            if not self._coupled:
                entropies += _minus_x_log_x(1.0 - q)
            entropies *= cell_weights
            values += entropies.sum() if self._coupled else entropies.sum(axis=0)
            _backward(X, cell_weights * (q - targets), sums)

    def grams(
        self, drawn: np.ndarray | None, weights: np.ndarray | None, matrices: np.ndarray
    ) -> None:
        """Write the Gram matrices (count, d + 1, d + 1) of the rows drawn (count, m), or of all.

        The ones of the intercept come last; `weights` are (count, m).  The compiled pass writes
        lower triangles only.
        """
        n = self._rows.shape[0]
        matrices[:] = 0.0
        for c, matrix in enumerate(matrices):
            m = n if drawn is None else drawn.shape[1]
            for start in range(0, m, self._size):
                chosen: Any = slice(start, start + self._size)
                scale = None if weights is None else np.sqrt(weights[c, chosen])[:, None]
                if drawn is not None:
                    chosen = drawn[c, chosen]
                X = self._rows.dense_rows(chosen, matrix.dtype)
                X1 = np.concatenate([X, np.ones((len(X), 1), dtype=X.dtype)], axis=1)
                if scale is not None:
                    X1 *= scale
                matrix += X1.T @ X1

    # -- inside -----------------------------------------------------------------------------

    def _chunks(self, single: bool) -> Any:
        return self._rows.features(self._size, np.float32 if single else np.float64)

    def _losses(self, rows: slice, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (losses of each part, probs, weighted residual); `logits` is overwritten."""
        targets, weights = self._rows.weighted_targets(rows)
        if self._coupled:
            logits -= logits.max(axis=1, keepdims=True)
            linear = np.einsum("mk,mk->m", targets, logits)
            probs = np.exp(logits, out=logits)
            total = probs.sum(axis=1)
            probs /= total[:, None]
            losses = np.array([weights[:, 0] @ (np.log(total) - linear)])
        else:
            # softplus(z) - t z = softplus(-|z|) + max(z, 0) - t z
            small = np.exp(-np.abs(logits))
            cells = np.log1p(small) + np.maximum(logits, 0.0) - targets * logits
            losses = (cells * weights).sum(axis=0)
            probs = np.where(logits >= 0, 1.0, small) / (1.0 + small)
        return losses, probs, weights * (probs - targets)

    def _jacobian(self, probs: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return J v, the first-order change of the probs."""
        if self._coupled:
            change = change - np.einsum("mk,mk->m", probs, change)[:, None]
            return probs * change
        return probs * (1.0 - probs) * change

    def _predicted(
        self, rows: slice, X: Any, weights: np.ndarray, step: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (losses, losses a step on, q in float32 and cut to 0..1)."""
        logits, change = _forward(X, weights), _forward(X, step)
        next_losses = self._losses(rows, logits + change)[0]
        losses, probs, _ = self._losses(rows, logits)
        moved = probs + self._jacobian(probs, change)
        return losses, next_losses, np.clip(moved, 0.0, 1.0).astype(np.float32)

    def _normalised(self, q: np.ndarray) -> np.ndarray:
        """Return q in float64, a distribution again if the classes are coupled."""
        wide = q.astype(np.float64)
        return wide / wide.sum(axis=1, keepdims=True) if self._coupled else wide


def _forward(X: Any, weights: np.ndarray | None) -> np.ndarray:
    """Return the float64 logits (m, K) of a chunk."""
    assert weights is not None
    coef = np.ascontiguousarray(weights[:, :-1].T.astype(X.dtype, copy=False))
    return (X @ coef).astype(np.float64) + weights[:, -1]


def _backward(X: Any, cells: np.ndarray, sums: np.ndarray) -> None:
    """Add the product of cells (m, K) with the chunk and its ones to `sums` (K, d + 1)."""
    sums[:, :-1] += (X.T @ cells.astype(X.dtype, copy=False)).T
    sums[:, -1] += cells.sum(axis=0)


def _minus_x_log_x(x: np.ndarray) -> np.ndarray:
    """Return -x log(x), 0 at 0."""
    return -x * np.log(np.where(x > 0, x, 1.0))
