"""The kernels for NumPy: two-dimensional rows, one buffer, every step in place.

The formulas are those of `reference`; the results agree to the last few bits.
Inputs are float32 or float64 of shape (rows, K) with K > 0 and are not modified.
"""

import numpy as np

from headway._array import quiet

__all__ = ["log_sigmoid", "log_softmax", "logsumexp", "sigmoid", "softmax", "softplus"]


def _shift(rows: np.ndarray, tops: np.ndarray) -> np.ndarray:
    """Return a fresh buffer of rows - tops, with the limits at infinite tops."""
    # C order whatever the input's: NumPy sums pairwise along a contiguous axis only.
    buffer = np.empty(rows.shape, dtype=rows.dtype)
    np.subtract(rows, tops, out=buffer)
    if not np.isfinite(tops).all():
        infinite = np.isinf(tops[:, 0])
        at_top = (rows[infinite] == tops[infinite]) & (tops[infinite] > 0)
        buffer[infinite] = np.where(at_top, 0.0, -np.inf)
    return buffer


def _sum(rows: np.ndarray) -> np.ndarray:
    """Return the row sums, kept as a column, accumulated in float64."""
    return np.add.reduce(rows, axis=1, keepdims=True, dtype=np.float64).astype(
        rows.dtype, copy=False
    )


@quiet
def softmax(rows: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities and the column of largest logits."""
    tops = np.maximum.reduce(rows, axis=1, keepdims=True)
    buffer = _shift(rows, tops)
    np.exp(buffer, out=buffer)
    total = _sum(buffer)
    total[total == 0] = 1  # a row of nothing but -inf stays a row of zeros
    buffer /= total
    return buffer, tops


def _log_parts(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return d = z - m, log(sum(exp(d))) and m; the last two as columns."""
    first = rows.argmax(axis=1)[:, None]
    tops = np.take_along_axis(rows, first, axis=1)
    shift = _shift(rows, tops)
    weights = np.exp(shift)
    # One top entry is left out, so that what remains is the argument of log1p.
    np.put_along_axis(weights, first, 0, axis=1)
    return shift, np.log1p(_sum(weights)), tops


@quiet
def log_softmax(rows: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    """Return the log-probabilities and the column of largest logits."""
    shift, log_total, tops = _log_parts(rows)
    shift -= log_total
    return shift, tops


@quiet
def logsumexp(rows: np.ndarray, /) -> np.ndarray:
    """Return log(sum(exp(z))) of each row, shape (rows,)."""
    _, log_total, tops = _log_parts(rows)
    return (log_total + tops)[:, 0]


def _decay(logits: np.ndarray) -> np.ndarray:
    """Return exp(-|z|) in a fresh buffer."""
    buffer = np.empty(logits.shape, dtype=logits.dtype)
    np.abs(logits, out=buffer)
    np.negative(buffer, out=buffer)
    return np.exp(buffer, out=buffer)


@quiet
def sigmoid(logits: np.ndarray, /) -> np.ndarray:
    """Return 1 / (1 + exp(-z)) elementwise."""
    decay = _decay(logits)
    numerator = np.where(logits >= 0, decay.dtype.type(1), decay)
    decay += 1
    return np.divide(numerator, decay, out=decay)


@quiet
def log_sigmoid(logits: np.ndarray, /) -> np.ndarray:
    """Return log(sigmoid(z)) elementwise."""
    decay = _decay(logits)
    np.log1p(decay, out=decay)
    return np.subtract(np.minimum(logits, 0), decay, out=decay)


@quiet
def softplus(logits: np.ndarray, /) -> np.ndarray:
    """Return log(1 + exp(z)) elementwise."""
    decay = _decay(logits)
    np.log1p(decay, out=decay)
    return np.add(np.maximum(logits, 0), decay, out=decay)
