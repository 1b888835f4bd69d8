"""Calibration: events given probability p should happen in a share p of cases.

Values are sorted into bins of (nearly) equal numbers of cases.  With r the mean of
outcome - confidence in a bin of n cases whose residuals have variance s^2:

    squared error = sum over bins of (n / N) (r^2 - s^2 / n)

The subtraction matters: r^2 is never zero, even for perfect probabilities, because a bin is a
sample.  The common plug-in ("ECE") therefore grows with the number of bins and shrinks with the
number of rows, whatever the classifier; the debiased square is right on average for any of both.
It can come out below zero, which is then reported as 0: no miscalibration seen.

References
----------
Ferro and Fricker (2012), "A bias-corrected decomposition of the Brier score", QJRMS 138.
Kumar, Liang and Ma (2019), "Verified uncertainty calibration", NeurIPS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from headway.errors import InputValueError

__all__ = [
    "DEFAULT_BINS",
    "ReliabilityCurve",
    "calibration_error",
    "observed_cells",
    "reliability_curve",
    "squared_calibration_error",
    "top_label",
]

DEFAULT_BINS = 15
# Fewer cases than this cannot show a frequency, and their variance is guesswork.
SMALLEST_BIN = 10


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """Mean confidence against observed frequency, bin by bin.

    Attributes
    ----------
    confidence : float array of shape (bins,)
        Mean probability given, increasing, 0..1.
    frequency : float array of shape (bins,)
        Share of cases that came true, 0..1.
    count : integer array of shape (bins,)
        Cases in each bin.
    """

    confidence: np.ndarray
    frequency: np.ndarray
    count: np.ndarray


def top_label(probs: np.ndarray, labels: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    """Return (largest probability of each row, 1.0 where that class is the true one).

    Parameters
    ----------
    probs : float array of shape (n, K)
        Probabilities, or raw membership values, 0..1.
    labels : integer array of shape (n,)
        True classes, 0..K-1.

    Returns
    -------
    tuple of float arrays of shape (n,)
        What `calibration_error` and `reliability_curve` take.

    Examples
    --------
    >>> import numpy as np
    >>> top_label(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]))
    (array([0.9, 0.6]), array([1., 0.]))
    """
    probs, labels = np.asarray(probs, dtype=np.float64), np.asarray(labels)
    return probs.max(axis=1), (probs.argmax(axis=1) == labels).astype(np.float64)


def observed_cells(
    probs: np.ndarray, targets: np.ndarray, /
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (probability, truth, row number) of every observed cell of a label matrix.

    Parameters
    ----------
    probs : float array of shape (n, L)
        Probabilities of independent labels.
    targets : array of shape (n, L)
        0, 1, or NaN for a cell that was not observed.

    Returns
    -------
    tuple of arrays of shape (cells,)
        The row numbers are the `groups` of `squared_calibration_error`: the labels of one row
        are not independent of each other.

    Examples
    --------
    >>> import numpy as np
    >>> observed_cells(np.array([[0.9, 0.2]]), np.array([[1.0, np.nan]]))
    (array([0.9]), array([1.]), array([0]))
    """
    probs, targets = np.asarray(probs, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    seen = ~np.isnan(targets)
    return probs[seen], targets[seen], np.nonzero(seen)[0]


def reliability_curve(
    confidence: np.ndarray, outcome: np.ndarray, /, *, n_bins: int = DEFAULT_BINS
) -> ReliabilityCurve:
    """Return the reliability curve of yes/no forecasts.

    Parameters
    ----------
    confidence : float array of shape (n,)
        Probabilities given, 0..1.
    outcome : array of shape (n,)
        1 where the event happened, else 0.
    n_bins : int
        Bins of nearly equal numbers of cases; fewer where a bin would hold under 10 cases or
        where equal confidences would have to be parted.

    Returns
    -------
    ReliabilityCurve
        No bins at all for no cases.

    Raises
    ------
    ValueError
        If the shapes differ, a confidence is outside 0..1 or an outcome is not 0 or 1.

    Examples
    --------
    >>> import numpy as np
    >>> curve = reliability_curve(np.repeat([0.2, 0.8], 50), np.tile([0, 0, 0, 1, 1], 20))
    >>> [(round(float(c), 2), round(float(f), 2)) for c, f in zip(curve.confidence,
    ...                                                           curve.frequency)]
    [(0.2, 0.4), (0.8, 0.4)]
    """
    confidence, outcome = _check_forecasts(confidence, outcome)
    bins = _equal_bins(confidence, n_bins)
    count = np.bincount(bins)
    return ReliabilityCurve(
        confidence=np.bincount(bins, confidence) / np.maximum(count, 1),
        frequency=np.bincount(bins, outcome) / np.maximum(count, 1),
        count=count,
    )


def calibration_error(
    confidence: np.ndarray, outcome: np.ndarray, /, *, n_bins: int = DEFAULT_BINS
) -> float:
    """Return the debiased root-mean-square calibration error of yes/no forecasts.

    Parameters
    ----------
    confidence, outcome, n_bins
        As for `reliability_curve`.

    Returns
    -------
    float
        0..1; 0 where no miscalibration is seen beyond the bins' own noise; NaN for fewer than
        two cases.

    Raises
    ------
    ValueError
        As for `reliability_curve`.

    Examples
    --------
    Forecasts of 0.8 that come true in 6 of 10 cases are 0.2 off:

    >>> import numpy as np
    >>> error = calibration_error(np.full(10_000, 0.8), np.tile([1, 1, 1, 0, 0], 2000))
    >>> round(error, 3)
    0.2
    """
    square, _ = squared_calibration_error(confidence, outcome, n_bins=n_bins)
    return math.sqrt(max(square, 0.0)) if not math.isnan(square) else math.nan


def squared_calibration_error(
    confidence: np.ndarray,
    outcome: np.ndarray,
    /,
    *,
    n_bins: int = DEFAULT_BINS,
    groups: np.ndarray | None = None,
) -> tuple[float, float]:
    """Return (debiased squared calibration error, its standard error).

    Parameters
    ----------
    confidence, outcome, n_bins
        As for `reliability_curve`.
    groups : integer array of shape (n,), optional
        Cases of one group (the labels of one row) are correlated; by default all cases are
        independent.

    Returns
    -------
    tuple of (float, float)
        The square may be slightly negative: squares, not roots, are averaged over seeds.  The
        standard error is that of sum w_b r_b^2 for normal bin means, 4 (r^2 - v) v + 2 v^2 a
        bin, with v the variance of r; it stays positive when no miscalibration is seen.

    Raises
    ------
    ValueError
        As for `reliability_curve`.

    Examples
    --------
    >>> import numpy as np
    >>> square, error = squared_calibration_error(np.full(100, 0.5), np.tile([0, 1], 50))
    >>> round(square, 4), round(error, 4)
    (-0.0025, 0.0036)
    """
    confidence, outcome = _check_forecasts(confidence, outcome)
    if len(confidence) < 2:
        return math.nan, math.nan
    bins = _equal_bins(confidence, n_bins)
    count = np.bincount(bins)
    residual = outcome - confidence
    mean = np.bincount(bins, residual) / count
    variance = _variance_of_bin_means(residual - mean[bins], bins, count, groups)
    share = count / count.sum()
    square = float((share * (mean**2 - variance)).sum())
    # Summed before it is cut off at the noise alone: cut off bin by bin, chance would always add.
    noise = float((share**2 * 2 * variance**2).sum())
    signal = float((share**2 * 4 * (mean**2 - variance) * variance).sum())
    error = math.sqrt(noise + max(signal, 0.0))
    return square, error


def _variance_of_bin_means(
    deviation: np.ndarray, bins: np.ndarray, count: np.ndarray, groups: np.ndarray | None
) -> np.ndarray:
    """Return the variance of each bin's mean residual (cluster sandwich for groups)."""
    if groups is None:
        return np.bincount(bins, deviation**2) / (count * np.maximum(count - 1, 1))
    n_bins = len(count)
    # One cell for each (group, bin) that occurs: the table itself would be mostly empty.
    cells, inverse = np.unique(np.asarray(groups) * n_bins + bins, return_inverse=True)
    sums = np.bincount(inverse, deviation)
    clusters = np.bincount(cells % n_bins, minlength=n_bins)
    spread = np.bincount(cells % n_bins, sums**2, minlength=n_bins)
    return spread / count**2 * clusters / np.maximum(clusters - 1, 1)


def _equal_bins(confidence: np.ndarray, n_bins: int) -> np.ndarray:
    """Return the bin number (0, 1, ...) of each case: near-equal counts, ties together."""
    if n_bins < 1:
        raise InputValueError(f"`n_bins` must be at least 1, got {n_bins}. 15 is a good choice.")
    n = len(confidence)
    n_bins = max(1, min(n_bins, n // SMALLEST_BIN))
    ordered = np.sort(confidence)
    starts = ordered[(np.arange(1, n_bins) * n) // n_bins] if n else ordered[:0]
    numbers = np.searchsorted(np.unique(starts), confidence, side="right")
    # Ties can leave a bin without cases; number only those that have some.
    return np.unique(numbers, return_inverse=True)[1]


def _check_forecasts(confidence: np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    confidence = np.asarray(confidence, dtype=np.float64)
    outcome = np.asarray(outcome, dtype=np.float64)
    if confidence.ndim != 1 or confidence.shape != outcome.shape:
        raise InputValueError(
            f"`confidence` and `outcome` must have the same shape (n,), got {confidence.shape} "
            f"and {outcome.shape}. Use `top_label` or `observed_cells` to make them."
        )
    bad = ~((confidence >= 0) & (confidence <= 1))
    if bad.any():
        row = int(bad.argmax())
        raise InputValueError(
            f"`confidence` must be in 0..1, got {confidence[row]} at row {row}. "
            "Give probabilities, not logits."
        )
    odd = (outcome != 0) & (outcome != 1)
    if odd.any():
        row = int(odd.argmax())
        raise InputValueError(
            f"`outcome` must be 0 or 1, got {outcome[row]} at row {row}. "
            "Say whether the event happened."
        )
    return confidence, outcome
