"""One pass over the rows of a linear problem: everything that is asked of a block while it is near.

For logits z = W x + b of weights (K, d + 1), intercepts last, and row weights w:

    gradient   losses; the sum of w (probs - targets) x';  the probs, if they are kept
    product    the sum of w J (V x) x': the Hessian times a direction V
    dual       the probs q = p + J dz that a step predicts (for the certificate)
    moments    the sum of w (q - targets) x' and the entropies of q, once it is balanced

`linear_pass` returns the compiled pass, or its NumPy twin, which has the same methods.  Both write
into arrays they are handed.  The trap: float32 sums over all rows stop a line search well before
1e-6, so sums over rows are float64 even where the products are float32.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from headway.kernels.core import core
from headway.kernels.linear_twin import NumpyLinearPass

__all__ = ["LinearRows", "linear_pass", "linear_rows"]

# Share of nonzeros up to which a pass over compressed rows is quicker, and the share of the
# features' memory that they may take.
SPARSE_SHARE = 0.3
MOST_MEMORY = 0.45
WORTH_COMPRESSING = 1 << 22  # cells
SAMPLED_ROWS = 512


@dataclass(frozen=True)
class LinearRows:
    """The rows of a linear problem, never copied: features, targets and weights.

    Attributes
    ----------
    X : float32, float64 or uint8 array of shape (n, d) in any memory order, or CSR
        Features.
    n_classes : int
        Number of logits K.
    labels : int32 array of shape (n,), optional
        The class of each row, whose target is `on` while that of the others is `off`.
    codes : uint8 array of shape (n, K), optional
        1 for `on`, 0 for `off`, 2 for a missing cell.
    values : float64 array of shape (n, K), optional
        Targets as they are, NaN where missing.  Exactly one of the three is given.
    on, off : float
        Targets of present and absent classes.
    row_weights : float64 array of shape (n,), optional
        Non-negative weights, 1 if not given.
    positive_weight : float64 array of shape (K,), optional
        Weights of the present share of each cell (sigmoid only).
    shift, scale : float64 arrays of shape (d,), optional
        Dense columns are read as (x - shift) * scale.
    """

    X: Any
    n_classes: int
    labels: np.ndarray | None = None
    codes: np.ndarray | None = None
    values: np.ndarray | None = None
    on: float = 1.0
    off: float = 0.0
    row_weights: np.ndarray | None = None
    positive_weight: np.ndarray | None = None
    shift: np.ndarray | None = None
    scale: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, d)."""
        return self.X.shape

    def targets(self, rows: slice, /) -> np.ndarray:
        """Return the targets of some rows, float64 (m, K), NaN where missing."""
        if self.labels is not None:
            labels = self.labels[rows]
            block = np.full((len(labels), self.n_classes), self.off)
            block[np.arange(len(labels)), labels] = self.on
            return block
        if self.codes is not None:
            return np.array([self.off, self.on, np.nan])[self.codes[rows]]
        assert self.values is not None
        return self.values[rows]

    def weighted_targets(self, rows: slice, /) -> tuple[np.ndarray, np.ndarray]:
        """Return (targets, cell weights) of some rows, float64 (m, K).

        Positive weights and missing cells are folded in:
        a t softplus(-z) + (1 - t) softplus(z) is c times the plain loss at the target a t / c,
        where c = a t + 1 - t.
        """
        targets = self.targets(rows)
        weights = np.ones_like(targets)
        missing = np.isnan(targets)
        if missing.any():
            targets = np.where(missing, 0.0, targets)
            weights[missing] = 0.0
        if self.positive_weight is not None:
            positives = self.positive_weight * targets
            total = positives + (1.0 - targets)
            targets = np.divide(positives, total, out=np.zeros_like(total), where=total > 0)
            weights *= total
        if self.row_weights is not None:
            weights *= self.row_weights[rows, None]
        return targets, weights

    def features(self, size: int, dtype: Any = None, /) -> Iterator[tuple[slice, Any]]:
        """Yield (rows, features of those rows), `size` rows at a time, as floats of a dtype."""
        n, d = self.X.shape
        for start in range(0, n, size):
            rows = slice(start, min(start + size, n))
            if sp.issparse(self.X):
                first, last = self.X.indptr[rows.start], self.X.indptr[rows.stop]
                data = self.X.data[first:last]
                indptr = self.X.indptr[rows.start : rows.stop + 1] - first
                if dtype is not None:
                    data = data.astype(dtype, copy=False)
                shape = (rows.stop - rows.start, d)
                yield rows, sp.csr_array((data, self.X.indices[first:last], indptr), shape=shape)
                continue
            yield rows, self.dense_rows(rows, dtype)

    def dense_rows(self, rows: Any, dtype: Any = None, /) -> np.ndarray:
        """Return the features of some rows (a slice or integers) as a dense floating array."""
        block = self.X[rows]
        if sp.issparse(block):
            block = block.toarray()
        wanted = np.dtype(dtype if dtype is not None else self.X.dtype)
        if wanted.kind != "f":
            wanted = np.dtype(np.float32)
        if self.scale is not None and self.shift is not None:
            return np.ascontiguousarray((block - self.shift) * self.scale, dtype=wanted)
        return np.ascontiguousarray(block, dtype=wanted)

    def columns(self, kept: np.ndarray, /) -> "LinearRows":
        """Return the rows with the classes `kept` (integers), in that order.

        The classes left out must carry no weight, unless the columns are independent.
        """
        if np.array_equal(kept, np.arange(self.n_classes)):
            return self
        if self.labels is not None and not self._keeps_every_label(kept):
            codes = (self.labels[:, None] == kept).astype(np.uint8)
            return replace(self, n_classes=len(kept), labels=None, codes=codes)
        labels = None
        if self.labels is not None:
            places = np.zeros(self.n_classes, dtype=np.int32)
            places[kept] = np.arange(len(kept), dtype=np.int32)
            labels = places[self.labels]
        return replace(
            self,
            n_classes=len(kept),
            labels=labels,
            codes=None if self.codes is None else np.ascontiguousarray(self.codes[:, kept]),
            values=None if self.values is None else np.ascontiguousarray(self.values[:, kept]),
            positive_weight=None if self.positive_weight is None else self.positive_weight[kept],
        )

    def _keeps_every_label(self, kept: np.ndarray) -> bool:
        assert self.labels is not None
        there = np.zeros(self.n_classes, dtype=bool)
        there[kept] = True
        labels = self.labels if self.row_weights is None else self.labels[self.row_weights > 0]
        return bool(there[labels].all())


def linear_rows(
    X: Any,
    targets: np.ndarray,
    weights: np.ndarray | None = None,
    /,
    *,
    coupled: bool,
    positive_weight: np.ndarray | None = None,
) -> LinearRows:
    """Return rows with the targets in their smallest form: labels, codes or values.

    Parameters
    ----------
    X : float32, float64 or uint8 array of shape (n, d), or CSR
        Features.
    targets : float array of shape (n, K)
        Probabilities; NaN where a cell is missing.
    weights : float array of shape (n,), optional
        Row weights.
    coupled : bool
        Whether each row's targets are a distribution over the classes.
    positive_weight : float array of shape (K,), optional
        Weights of the present share of each cell.

    Examples
    --------
    >>> rows = linear_rows(np.zeros((2, 1)), np.array([[0.0, 1.0], [1.0, 0.0]]), coupled=True)
    >>> rows.labels.tolist()
    [1, 0]
    """
    k = targets.shape[1]
    present, missing = targets == 1, np.isnan(targets)
    forms: dict[str, Any] = {}
    if not np.all(present | missing | (targets == 0)):
        forms["values"] = np.ascontiguousarray(targets, dtype=np.float64)
    elif coupled:
        forms["labels"] = present.argmax(axis=1).astype(np.int32)
    else:
        forms["codes"] = np.where(missing, 2, present).astype(np.uint8)
    if weights is not None:
        forms["row_weights"] = np.array(weights, dtype=np.float64)
    if positive_weight is not None:
        forms["positive_weight"] = np.array(positive_weight, dtype=np.float64)
    return LinearRows(X, k, **forms)


def linear_pass(rows: LinearRows, /, *, coupled: bool, like: Any = None) -> Any:
    """Return the pass over the rows: compiled where there is a core, else its NumPy twin.

    Mostly-zero dense features are compressed for the compiled pass: see `SPARSE_SHARE`.

    Parameters
    ----------
    rows : LinearRows
        Features, targets, weights.
    coupled : bool
        True for softmax, False for one sigmoid a column.
    like : pass, optional
        Another pass over the same features, which are then made ready only once.

    Returns
    -------
    pass
        With the methods `gradient`, `product`, `dual` and `moments` of `NumpyLinearPass`.
    """
    module = core()
    if module is None or isinstance(like, NumpyLinearPass):
        return NumpyLinearPass(rows, coupled)
    made = module.LinearPass(*rows.shape, rows.n_classes, coupled)
    if like is None:
        _set_features(made, rows, module)
    else:
        made.share_features(like)
    if rows.labels is not None:
        made.set_labels(np.ascontiguousarray(rows.labels), rows.on, rows.off)
    elif rows.codes is not None:
        made.set_codes(np.ascontiguousarray(rows.codes), rows.on, rows.off)
    else:
        made.set_values(np.ascontiguousarray(rows.values))
    made.set_weights(rows.row_weights, rows.positive_weight)
    return made


def _set_features(made: Any, rows: LinearRows, module: Any) -> None:
    X = rows.X
    if sp.issparse(X):
        made.set_sparse(X.data, X.indices, X.indptr.astype(np.int64, copy=False))
        return
    if any(stride % X.itemsize for stride in X.strides):
        X = np.ascontiguousarray(X)  # fields of records: no stride in whole numbers
    nonzeros = _compressed(X, module) if rows.scale is None else None
    if nonzeros is None:
        made.set_dense(X, rows.shift, rows.scale)
    else:
        made.set_sparse(*nonzeros)


def _compressed(X: np.ndarray, module: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return (values, column numbers, row ends) of mostly-zero features, else None."""
    n, d = X.shape
    if n * d < WORTH_COMPRESSING:
        return None
    sample = X[np.linspace(0, n - 1, min(n, SAMPLED_ROWS)).astype(np.intp)]
    if np.count_nonzero(sample) > 1.1 * SPARSE_SHARE * sample.size:
        return None
    ends = np.zeros(n + 1, dtype=np.int64)
    module.count_nonzeros(X, ends)
    np.cumsum(ends, out=ends)
    number = np.dtype(np.uint16 if d <= 1 << 16 else np.int32)
    memory = ends[-1] * (X.itemsize + number.itemsize)
    if ends[-1] > SPARSE_SHARE * n * d or memory > MOST_MEMORY * n * d * X.itemsize:
        return None
    values = np.empty(ends[-1], dtype=X.dtype)
    columns = np.empty(ends[-1], dtype=number)
    module.write_nonzeros(X, ends, values, columns)
    return values, columns, ends
