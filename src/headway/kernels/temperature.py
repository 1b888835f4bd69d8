"""The cross-entropy of logits b z and its derivatives by the sharpness b, in one read.

    softmax   loss = logsumexp(b z) - b z_y     slope = <p, z> - z_y    curvature = var_p(z)
    sigmoid   loss = softplus(b z) - t b z      slope = (p - t) z       curvature = p (1 - p) z^2

Both losses are convex in b, which is one over the temperature.  The trap: 0 times an infinite
logit is 0 here.
"""

from typing import NamedTuple

import numpy as np

from headway.kernels.core import core

__all__ = ["SharpnessSums", "sharpness_sums"]

CELLS_AT_A_TIME = 1 << 20


class SharpnessSums(NamedTuple):
    """The loss summed over the rows, in nats, and its derivatives by the sharpness."""

    loss: float
    slope: float
    curvature: float


def sharpness_sums(
    logits: np.ndarray,
    labels: np.ndarray | None,
    targets: np.ndarray | None,
    weights: np.ndarray | None,
    sharpness: float,
    /,
) -> SharpnessSums:
    """Return the loss of all rows at a sharpness, with its first two derivatives.

    Parameters
    ----------
    logits : float32 or float64 array of shape (n, K), contiguous
        Finite, or -inf for impossible classes of a softmax.
    labels : int64 array of shape (n,) or None
        True classes 0..K-1 of a softmax; or
    targets : array of shape (n, K) and the dtype of `logits`, or None
        Targets in 0..1 of one sigmoid a column, NaN where missing.
    weights : float64 array of shape (n,) or None
        Non-negative row weights.
    sharpness : float
        b > 0, one over the temperature.

    Examples
    --------
    >>> z = np.array([[0.0, 2.0]])
    >>> sums = sharpness_sums(z, np.array([1]), None, None, 1.0)
    >>> [round(value, 4) for value in sums]
    [0.1269, -0.2384, 0.42]
    """
    module = core()
    if module is not None:
        return SharpnessSums(*module.temperature(logits, labels, targets, weights, sharpness))
    total = np.zeros(3)
    step = max(1, CELLS_AT_A_TIME // logits.shape[1])
    for start in range(0, len(logits), step):
        rows = slice(start, start + step)
        z = logits[rows].astype(np.float64)
        if labels is not None:
            parts = _softmax(z, labels[rows], sharpness)
        else:
            assert targets is not None
            parts = _sigmoid(z, targets[rows].astype(np.float64), sharpness)
        if weights is not None:
            parts = parts * weights[rows]
        total += parts.sum(axis=1)
    return SharpnessSums(*total.tolist())


def _softmax(z: np.ndarray, labels: np.ndarray, b: float) -> np.ndarray:
    """Return (loss, slope, curvature) of each row, (3, m)."""
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(b * z)
    total = p.sum(axis=1)
    p /= total[:, None]
    possible = np.where(p > 0, z, 0.0)
    mean = np.einsum("nk,nk->n", p, possible)
    square = np.einsum("nk,nk,nk->n", p, possible, possible)
    picked = np.take_along_axis(z, labels[:, None], axis=1)[:, 0]
    return np.stack([np.log(total) - b * picked, mean - picked, square - mean**2])


def _sigmoid(z: np.ndarray, t: np.ndarray, b: float) -> np.ndarray:
    """Return (loss, slope, curvature) of each row, (3, m)."""
    seen = ~np.isnan(t)
    t, z = np.where(seen, t, 0.0), np.where(seen, z, 0.0)
    y = b * z
    u = np.exp(-np.abs(y))
    q = u / (1.0 + u)
    p = np.where(y >= 0, 1.0 - q, q)
    losses = np.where(seen, np.log1p(u) + np.maximum(y, 0.0) - t * y, 0.0)
    return np.stack(
        [losses.sum(axis=1), ((p - t) * z).sum(axis=1), (q * (1.0 - q) * z * z).sum(axis=1)]
    )
