"""Standardised features: mean 0 and deviation 1, of the rows that carry weight.

    standardised = (x - mean) / deviation

The trap: a constant feature has no deviation; it is given 1, and so becomes 0.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

__all__ = ["BLOCK_CELLS", "moments", "standardised"]

BLOCK_CELLS = 4 << 20


def moments(X: Any, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted mean and deviation of each feature; a constant one has deviation 1.

    The mean of sparse features is given as 0: they are scaled only.
    """
    n, d = X.shape
    shares = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
    if sp.issparse(X):
        mean = np.asarray(shares @ X, dtype=np.float64)
        squares = np.asarray(shares @ X.multiply(X), dtype=np.float64)
        deviation = np.sqrt(np.maximum(squares - mean**2, 0.0))
        deviation[deviation <= 1e-7 * np.sqrt(squares)] = 1.0
        return np.zeros(d), deviation
    mean, squares = np.zeros(d), np.zeros(d)
    block = max(1, BLOCK_CELLS // d)
    for start in range(0, n, block):
        mean += shares[start : start + block] @ X[start : start + block].astype(np.float64)
    for start in range(0, n, block):
        squares += shares[start : start + block] @ (X[start : start + block] - mean) ** 2
    deviation = np.sqrt(squares)
    deviation[deviation <= 1e-12 * np.abs(mean)] = 1.0
    deviation[deviation == 0] = 1.0
    return mean, deviation


def standardised(X: Any, mean: np.ndarray, deviation: np.ndarray) -> Any:
    """Return a standardised copy of the features; sparse ones are scaled only."""
    if sp.issparse(X):
        scaled = X.copy()
        scaled.data = (X.data / deviation[X.indices]).astype(X.dtype)
        return scaled
    return ((X - mean) / deviation).astype(X.dtype)
