"""The kernels for NumPy: two-dimensional rows, block by block, every step in place.

The formulas are those of `reference`; the results agree to the last few bits.
Inputs are float32 or float64 of shape (rows, K) with K > 0 (any shape for the
elementwise ones) and are not modified.  Large arrays are worked off in blocks
that stay in the cache: fresh memory costs more than the arithmetic.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from headway._array import quiet

__all__ = ["log_sigmoid", "log_softmax", "logsumexp", "sigmoid", "softmax", "softplus"]

BLOCK = 1 << 15  # entries: 128 KiB of float32, a share of the second-level cache


def _blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Return slices of rows with about `BLOCK` entries each."""
    step = max(1, BLOCK // n_columns)
    for start in range(0, n_rows, step):
        yield slice(start, start + step)


def _shift(rows: np.ndarray, tops: np.ndarray, out: np.ndarray) -> bool:
    """Write rows - tops, with the limits at infinite tops; return whether all were finite."""
    np.subtract(rows, tops, out=out)
    # A sum is finite only if every entry is; if it overflows, what follows changes nothing.
    if math.isfinite(np.add.reduce(tops, axis=None)):
        return True
    infinite = np.isinf(tops[:, 0])
    at_top = (rows[infinite] == tops[infinite]) & (tops[infinite] > 0)
    out[infinite] = np.where(at_top, 0.0, -np.inf)
    return False


def _sum(rows: np.ndarray) -> np.ndarray:
    """Return the row sums, kept as a column, accumulated in float64."""
    total = np.add.reduce(rows, axis=1, keepdims=True, dtype=np.float64)
    return total.astype(rows.dtype, copy=False)


@quiet
def softmax(rows: np.ndarray, /) -> tuple[np.ndarray, bool]:
    """Return the probabilities, and whether every row had a finite largest logit."""
    # C order whatever the input's: NumPy sums pairwise along a contiguous axis only.
    probs = np.empty(rows.shape, dtype=rows.dtype)
    all_finite = True
    for block in _blocks(*rows.shape):
        some, out = rows[block], probs[block]
        tops = np.maximum.reduce(some, axis=1, keepdims=True)
        finite = _shift(some, tops, out)
        np.exp(out, out=out)
        total = _sum(out)
        if not finite:
            all_finite = False
            total[total == 0] = 1  # a row of nothing but -inf becomes a row of zeros
        out /= total
    return probs, all_finite


def _log_parts(rows: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Write d = z - m; return log(sum(exp(d))) and m as columns, and whether m is finite."""
    first = rows.argmax(axis=1)[:, None]
    tops = np.take_along_axis(rows, first, axis=1)
    finite = _shift(rows, tops, shift)
    weights = np.exp(shift)
    # One top entry is left out, so that what remains is the argument of log1p.
    np.put_along_axis(weights, first, 0, axis=1)
    return np.log1p(_sum(weights)), tops, finite


@quiet
def log_softmax(rows: np.ndarray, /) -> tuple[np.ndarray, bool]:
    """Return the log-probabilities, and whether every row had a finite largest logit."""
    log_probs = np.empty(rows.shape, dtype=rows.dtype)
    all_finite = True
    for block in _blocks(*rows.shape):
        log_total, _, finite = _log_parts(rows[block], log_probs[block])
        log_probs[block] -= log_total
        all_finite &= finite
    return log_probs, all_finite


@quiet
def logsumexp(rows: np.ndarray, /) -> np.ndarray:
    """Return log(sum(exp(z))) of each row, shape (rows,)."""
    totals = np.empty(rows.shape[0], dtype=rows.dtype)
    for block in _blocks(*rows.shape):
        some = rows[block]
        log_total, tops, _ = _log_parts(some, np.empty(some.shape, dtype=rows.dtype))
        totals[block] = (log_total + tops)[:, 0]
    return totals


def _elementwise(step: Callable[[np.ndarray, np.ndarray], None], logits: np.ndarray) -> np.ndarray:
    """Return `step(logits, out)` done block by block; `out` starts as exp(-|z|)."""
    result = np.empty(logits.shape, dtype=logits.dtype)
    entries, filled = logits.reshape(-1), result.reshape(-1)
    for block in _blocks(entries.size, 1):
        some, out = entries[block], filled[block]
        np.abs(some, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        step(some, out)
    return result


def _sigmoid(logits: np.ndarray, decay: np.ndarray) -> None:
    numerator = np.where(logits >= 0, decay.dtype.type(1), decay)
    decay += 1
    np.divide(numerator, decay, out=decay)


def _log_sigmoid(logits: np.ndarray, decay: np.ndarray) -> None:
    np.log1p(decay, out=decay)
    np.subtract(np.minimum(logits, 0), decay, out=decay)


def _softplus(logits: np.ndarray, decay: np.ndarray) -> None:
    np.log1p(decay, out=decay)
    np.add(np.maximum(logits, 0), decay, out=decay)


@quiet
def sigmoid(logits: np.ndarray, /) -> np.ndarray:
    """Return 1 / (1 + exp(-z)) elementwise, by the exponential that cannot overflow."""
    return _elementwise(_sigmoid, logits)


@quiet
def log_sigmoid(logits: np.ndarray, /) -> np.ndarray:
    """Return min(z, 0) - log1p(exp(-|z|)) elementwise."""
    return _elementwise(_log_sigmoid, logits)


@quiet
def softplus(logits: np.ndarray, /) -> np.ndarray:
    """Return max(z, 0) + log1p(exp(-|z|)) elementwise."""
    return _elementwise(_softplus, logits)
