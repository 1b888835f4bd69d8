"""Linear logits and their cross-entropy for very many classes, never holding all the logits.

For features x, weights w_k and biases b_k, with z_k = <x, w_k> + b_k, label y, smoothing a:

    loss     = logsumexp(z) - (1 - a) z_y - a mean(z)         (the mean over possible classes)
    residual = softmax(z) - (1 - a) one_hot(y) - a / K

The gradients by features, weights and biases are sums of residuals.  Logits are formed for a
chunk of rows at a time.  The trap is memory: with a million classes, one temporary of the shape
of the weights, or one of (n, K), costs more than everything else.
"""

from typing import Any

import numpy as np

from headway._array import quiet
from headway.kernels.core import core
from headway.kernels.rows import log_softmax, softmax

__all__ = ["sum_linear_cross_entropy"]

CHUNK = 1 << 22  # logits held at a time by the twin


def sum_linear_cross_entropy(
    features: np.ndarray,
    weights: np.ndarray,
    labels: np.ndarray,
    /,
    *,
    bias: np.ndarray | None,
    smoothing: float,
    sample_weights: np.ndarray | None,
    losses: np.ndarray,
    features_gradient: np.ndarray | None,
    weights_gradient: np.ndarray,
    bias_gradient: np.ndarray | None,
) -> int:
    """Write losses and the gradients of their weighted sum; return the first empty row, or -1.

    All arrays are float32 or all float64, with contiguous rows (the labels int64, in 0..K-1).
    An empty row has no class with a logit above -inf; what is written then means nothing.
    """
    arrays: dict[str, Any] = {
        "bias": bias,
        "sample_weights": sample_weights,
        "losses": losses,
        "features_gradient": features_gradient,
        "weights_gradient": weights_gradient,
        "bias_gradient": bias_gradient,
    }
    compiled = core()
    if compiled is not None:
        return compiled.linear_cross_entropy(
            features=features, weights=weights, labels=labels, smoothing=smoothing, **arrays
        )
    return _twin(features, weights, labels, smoothing, **arrays)


@quiet
def _twin(
    features: np.ndarray,
    weights: np.ndarray,
    labels: np.ndarray,
    smoothing: float,
    bias: np.ndarray | None,
    sample_weights: np.ndarray | None,
    losses: np.ndarray,
    features_gradient: np.ndarray | None,
    weights_gradient: np.ndarray,
    bias_gradient: np.ndarray | None,
) -> int:
    n_classes = len(weights)
    step = max(1, CHUNK // n_classes)
    block = max(1, CHUNK // max(weights.shape[1], 1))
    weights_gradient[:] = 0
    if bias_gradient is not None:
        bias_gradient[:] = 0
    for start in range(0, len(features), step):
        rows = slice(start, start + step)
        logits = features[rows] @ weights.T
        if bias is not None:
            logits += bias
        empty = np.isneginf(logits.max(axis=1))
        if empty.any():
            return start + int(np.argmax(empty))
        losses[rows] = _losses(logits, labels[rows], smoothing)
        residuals = _residuals(logits, labels[rows], smoothing)
        if sample_weights is not None:
            by = sample_weights[rows, None]
            residuals *= by
            residuals[by[:, 0] == 0] = 0  # whatever its logits
        if features_gradient is not None:
            np.matmul(residuals, weights, out=features_gradient[rows])
        for first in range(0, n_classes, block):
            some = slice(first, first + block)
            weights_gradient[some] += residuals[:, some].T @ features[rows]
        if bias_gradient is not None:
            bias_gradient += residuals.sum(axis=0)
    return -1


def _losses(logits: np.ndarray, labels: np.ndarray, smoothing: float) -> np.ndarray:
    log_probs = log_softmax(logits)
    losses = -np.take_along_axis(log_probs, labels[:, None], axis=1)[:, 0]
    if smoothing > 0:
        possible = ~np.isneginf(logits)
        log_probs[~possible] = 0
        total = np.add.reduce(log_probs, axis=1, dtype=np.float64)
        losses = (1 - smoothing) * losses - smoothing * total / possible.sum(axis=1)
    return losses


def _residuals(logits: np.ndarray, labels: np.ndarray, smoothing: float) -> np.ndarray:
    residuals = softmax(logits)
    if smoothing > 0:
        possible = ~np.isneginf(logits)
        share = smoothing / possible.sum(axis=1, keepdims=True)
        residuals -= np.where(possible, share, 0).astype(logits.dtype)
    residuals[np.arange(len(labels)), labels] -= 1 - smoothing
    return residuals
