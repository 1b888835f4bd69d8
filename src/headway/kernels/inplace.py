"""The kernels for NumPy: two-dimensional rows, block by block, every step in place.

The formulas are those of `reference`; the results agree to the last few bits.
Inputs are float32 or float64 of shape (rows, K) with K > 0 (any shape for the
elementwise ones); `out` is C-contiguous and may be the input itself.  Large arrays are
worked off in blocks that stay in the cache: fresh memory costs more than the arithmetic.
These are the twins of the compiled core and have its signatures.
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


def _shift(rows: np.ndarray, tops: np.ndarray, out: np.ndarray) -> np.ndarray | None:
    """Write rows - tops, with the limits at infinite tops; return where they are -inf, if any."""
    # A sum is finite only if every entry is; if it overflows, what follows changes nothing.
    if math.isfinite(np.add.reduce(tops, axis=None)):
        np.subtract(rows, tops, out=out)
        return None
    infinite = np.isinf(tops[:, 0])
    at_top = (rows[infinite] == tops[infinite]) & (tops[infinite] > 0)
    np.subtract(rows, tops, out=out)
    out[infinite] = np.where(at_top, 0.0, -np.inf)
    return tops[:, 0] == -np.inf


def _first(impossible: np.ndarray | None, start: int, before: int) -> int:
    """Return the first impossible row, if there is none `before` this block."""
    if before >= 0 or impossible is None or not impossible.any():
        return before
    return start + int(impossible.argmax())


def _sum(rows: np.ndarray) -> np.ndarray:
    """Return the row sums, kept as a column, accumulated in float64."""
    total = np.add.reduce(rows, axis=1, keepdims=True, dtype=np.float64)
    return total.astype(rows.dtype, copy=False)


@quiet
def softmax(rows: np.ndarray, out: np.ndarray, /) -> int:
    """Write the probabilities; return the first row of nothing but -inf, or -1."""
    first = -1
    for block in _blocks(*rows.shape):
        # C order whatever the input's: NumPy sums pairwise along a contiguous axis only.
        some, probs = rows[block], out[block]
        tops = np.maximum.reduce(some, axis=1, keepdims=True)
        impossible = _shift(some, tops, probs)
        np.exp(probs, out=probs)
        total = _sum(probs)
        if impossible is not None:
            first = _first(impossible, block.start, first)
            total[total == 0] = 1  # a row of nothing but -inf becomes a row of zeros
        probs /= total
    return first


def _log_parts(
    rows: np.ndarray, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Write d = z - m; return log(sum(exp(d))) and m as columns, and where m is -inf, if ever."""
    first = rows.argmax(axis=1)[:, None]
    tops = np.take_along_axis(rows, first, axis=1)
    impossible = _shift(rows, tops, shift)
    weights = np.exp(shift)
    # One top entry is left out, so that what remains is the argument of log1p.
    np.put_along_axis(weights, first, 0, axis=1)
    return np.log1p(_sum(weights)), tops, impossible


@quiet
def log_softmax(rows: np.ndarray, out: np.ndarray, /) -> int:
    """Write the log-probabilities; return the first row of nothing but -inf, or -1."""
    first = -1
    for block in _blocks(*rows.shape):
        log_total, _, impossible = _log_parts(rows[block], out[block])
        out[block] -= log_total
        first = _first(impossible, block.start, first)
    return first


@quiet
def logsumexp(rows: np.ndarray, out: np.ndarray, /) -> int:
    """Write one number a row; return the first row of nothing but -inf, or -1."""
    first = -1
    for block in _blocks(*rows.shape):
        some = rows[block]
        log_total, tops, impossible = _log_parts(some, np.empty(some.shape, dtype=rows.dtype))
        out[block] = (log_total + tops)[:, 0]
        first = _first(impossible, block.start, first)
    return first


def _elementwise(
    step: Callable[[np.ndarray, np.ndarray], None], logits: np.ndarray, out: np.ndarray
) -> None:
    """Do `step(logits, out)` block by block; `out` starts as exp(-|z|)."""
    entries, filled = logits.reshape(-1), out.reshape(-1)
    in_place = np.may_share_memory(entries, filled)
    for block in _blocks(entries.size, 1):
        some, part = entries[block], filled[block]
        if in_place:
            some = some.copy()
        np.abs(some, out=part)
        np.negative(part, out=part)
        np.exp(part, out=part)
        step(some, part)


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
def sigmoid(logits: np.ndarray, out: np.ndarray, /) -> None:
    """Write 1 / (1 + exp(-z)) elementwise, by the exponential that cannot overflow."""
    _elementwise(_sigmoid, logits, out)


@quiet
def log_sigmoid(logits: np.ndarray, out: np.ndarray, /) -> None:
    """Write min(z, 0) - log1p(exp(-|z|)) elementwise."""
    _elementwise(_log_sigmoid, logits, out)


@quiet
def softplus(logits: np.ndarray, out: np.ndarray, /) -> None:
    """Write max(z, 0) + log1p(exp(-|z|)) elementwise."""
    _elementwise(_softplus, logits, out)
