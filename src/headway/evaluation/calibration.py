"""Calibration error of weighted rows, and its resamples.

As in `headway.metrics.calibration`, whose values these are for weights of 1: near-equal bins
(equal in weight), r_b the weighted mean residual of a bin, v_b its variance over ROWS,

    squared error = sum_b share_b (r_b^2 - v_b)

A weighted row is one observation, so v_b follows from the squares of the weights.  The trap is
the bootstrap: a resample adds the noise v_b once more, and must lose it twice.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import norm

from headway.evaluation.sums import ratio
from headway.metrics import DEFAULT_BINS
from headway.metrics.forecasts import SMALLEST_BIN

__all__ = ["BinnedErrors"]


class BinnedErrors:
    """The residuals of yes/no forecasts, binned once.

    Parameters
    ----------
    confidence, outcome : float arrays of shape (cells,)
        Probabilities, and 1 where the event happened, else 0.
    rows : integer array of shape (cells,)
        The row of each cell: cells of one row are not independent.
    weights : float array of shape (n,)
        Row weights.

    Examples
    --------
    Forecasts of 0.8 that come true in 6 of 10 cases are 0.2 off:

    >>> outcome = np.tile([1.0, 1, 1, 0, 0], 2000)
    >>> errors = BinnedErrors(np.full(10_000, 0.8), outcome, np.arange(10_000), np.ones(10_000))
    >>> [round(value, 2) for value in errors.interval(0.95)]
    [0.2, 0.19, 0.21]
    """

    def __init__(
        self, confidence: np.ndarray, outcome: np.ndarray, rows: np.ndarray, weights: np.ndarray
    ):
        cells = weights[rows]
        bins = _equal_bins(confidence, cells)
        n_bins = int(bins.max()) + 1 if len(bins) else 0
        shape = (n_bins, len(weights))
        self._cells = len(confidence)
        self._residual = csr_matrix((outcome - confidence, (bins, rows)), shape=shape)
        self._count = csr_matrix((np.ones(len(bins)), (bins, rows)), shape=shape)
        totals = self._count @ weights
        mean = ratio(self._residual @ weights, totals)
        # Residuals of one row in one bin stay together: their sum is one draw.
        spread = (self._residual - csr_matrix(mean[:, None]).multiply(self._count)).power(2)
        clusters = np.diff(self._count.indptr)
        self._variance = spread @ weights**2 / totals**2 * clusters / np.maximum(clusters - 1, 1)
        self._share, self._mean = totals / totals.sum() if n_bins else totals, mean

    def interval(self, level: float) -> tuple[float, float, float]:
        """Return (root of the debiased square, low, high); NaN for fewer than two cells."""
        if self._cells < 2:
            return math.nan, math.nan, math.nan
        share, square, v = self._share, self._mean**2 - self._variance, self._variance
        noise = float((share**2 * 2 * v**2).sum())
        signal = float((share**2 * 4 * square * v).sum())
        half = float(norm.ppf(0.5 + level / 2)) * math.sqrt(noise + max(signal, 0.0))
        mean = float((share * square).sum())
        value, low, high = (math.sqrt(max(s, 0.0)) for s in (mean, mean - half, mean + half))
        return value, low, min(high, 1.0)

    def resampled(self, weights: np.ndarray) -> np.ndarray:
        """Return the calibration error of each column of resampled weights (n, R)."""
        totals = self._count @ weights
        mean = ratio(self._residual @ weights, totals)
        square = np.where(totals > 0, mean**2 - 2 * self._variance[:, None], 0.0)
        return np.sqrt(np.maximum((totals * square).sum(axis=0) / totals.sum(axis=0), 0.0))


def _equal_bins(confidence: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the bin (0, 1, ...) of each case: near-equal weight, ties together."""
    n_bins = max(1, min(DEFAULT_BINS, len(confidence) // SMALLEST_BIN))
    order = np.argsort(confidence)
    running = np.cumsum(weights[order])
    places = np.searchsorted(
        running, np.arange(1, n_bins) * running[-1] / n_bins if len(order) else [], side="right"
    )
    starts = confidence[order][np.minimum(places, max(len(order) - 1, 0))]
    numbers = np.searchsorted(np.unique(starts), confidence, side="right")
    return np.unique(numbers, return_inverse=True)[1]
