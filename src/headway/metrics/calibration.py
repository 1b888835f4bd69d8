"""Calibration: events given probability p should happen in a share p of cases.

Values are sorted into bins of (nearly) equal numbers of cases.  With r the mean of
outcome - confidence in a bin of n cases whose residuals have variance s^2:

    squared error = sum over bins of (n / N) (r^2 - s^2 / n)

The subtraction matters: r^2 is never zero, even for perfect probabilities, because a bin is a
sample.  The common plug-in ("ECE") therefore grows with the number of bins and shrinks with the
number of rows, whatever the classifier; the debiased square is right on average for any of both.
It can come out below zero, which is then reported as 0: no miscalibration seen.

`calibration_interval` puts the normal interval of that square under the root,

    sqrt(max(square - z e, 0))  ..  sqrt(max(square, 0) + z e)          e its standard error

which says of perfect probabilities that 0 is possible.  Simulated coverage of the nominal 95 %
interval: 93 to 97 % where the error is well seen, up to 99.8 % where it is hardly (the lower end
is cut off at 0).  Both are of the error that the bins show: what goes up and down within a bin is
averaged out.

A weight w counts as w equal cases; scale weights so that they sum to the number of cases.

References
----------
Ferro and Fricker (2012), "A bias-corrected decomposition of the Brier score", QJRMS 138.
Kumar, Liang and Ma (2019), "Verified uncertainty calibration", NeurIPS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from headway.errors import InputValueError
from headway.metrics.forecasts import case_weights, check_forecasts, equal_bins
from headway.metrics.intervals import wilson_interval

__all__ = [
    "DEFAULT_BINS",
    "CalibrationInterval",
    "ReliabilityCurve",
    "calibration_error",
    "calibration_interval",
    "reliability_curve",
    "squared_calibration_error",
]

DEFAULT_BINS = 15


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """Mean confidence against observed frequency, bin by bin.

    Attributes
    ----------
    confidence : float array of shape (bins,)
        Mean probability given, increasing, 0..1.
    frequency : float array of shape (bins,)
        Share of cases that came true, 0..1.
    count : array of shape (bins,)
        Cases in each bin; sums of weights where these were given.
    low, high : float arrays of shape (bins,)
        Ends of Wilson's interval of the frequency, 0..1.
    """

    confidence: np.ndarray
    frequency: np.ndarray
    count: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class CalibrationInterval:
    """A calibration error with its interval.

    Attributes
    ----------
    error : float
        Debiased root-mean-square error, 0..1; NaN for fewer than two cases.
    low, high : float
        Ends of the interval, 0..1; the error lies between them.
    level : float
        Its confidence.
    """

    error: float
    low: float
    high: float
    level: float


def reliability_curve(
    confidence: np.ndarray,
    outcome: np.ndarray,
    /,
    *,
    n_bins: int = DEFAULT_BINS,
    weights: np.ndarray | None = None,
    level: float = 0.95,
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
    weights : array of shape (n,), optional
        How many equal cases each stands for.
    level : float
        Confidence of the intervals, in (0, 1).

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
    confidence, outcome, weights = _cases(confidence, outcome, weights)
    bins = equal_bins(confidence, n_bins, weights)
    count = np.bincount(bins, weights)
    frequency = np.minimum(np.bincount(bins, _times(outcome, weights)) / count, 1.0)
    quantile = _quantile(level)
    ends = [
        wilson_interval(rate, n, quantile=quantile)
        for rate, n in zip(frequency.tolist(), count.tolist(), strict=True)
    ]
    low, high = np.array(ends).reshape(-1, 2).T
    return ReliabilityCurve(
        confidence=np.bincount(bins, _times(confidence, weights)) / count,
        frequency=frequency,
        count=count,
        low=low,
        high=high,
    )


def calibration_error(
    confidence: np.ndarray,
    outcome: np.ndarray,
    /,
    *,
    n_bins: int = DEFAULT_BINS,
    weights: np.ndarray | None = None,
) -> float:
    """Return the debiased root-mean-square calibration error of yes/no forecasts.

    Parameters
    ----------
    confidence, outcome, n_bins, weights
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
    square, _ = squared_calibration_error(confidence, outcome, n_bins=n_bins, weights=weights)
    return math.sqrt(max(square, 0.0)) if not math.isnan(square) else math.nan


def calibration_interval(
    confidence: np.ndarray,
    outcome: np.ndarray,
    /,
    *,
    n_bins: int = DEFAULT_BINS,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> CalibrationInterval:
    """Return the debiased root-mean-square calibration error of yes/no forecasts, with interval.

    Parameters
    ----------
    confidence, outcome, n_bins, weights, level
        As for `reliability_curve`.
    groups : integer array of shape (n,), optional
        As for `squared_calibration_error`.

    Returns
    -------
    CalibrationInterval
        NaN for fewer than two cases.

    Raises
    ------
    ValueError
        As for `reliability_curve`.

    Examples
    --------
    >>> import numpy as np
    >>> found = calibration_interval(np.full(10_000, 0.8), np.tile([1, 1, 1, 0, 0], 2000))
    >>> [round(value, 2) for value in (found.low, found.error, found.high)]
    [0.19, 0.2, 0.21]

    Of each label, or class, by itself:

    >>> from headway.metrics import by_label
    >>> probs, labels = np.full((1000, 2), 0.5), np.tile([0, 0, 0, 1], 250)
    >>> [round(found.error, 2) for found in by_label(calibration_interval, probs, labels)]
    [0.25, 0.25]
    """
    quantile = _quantile(level)
    square, error = squared_calibration_error(
        confidence, outcome, n_bins=n_bins, groups=groups, weights=weights
    )
    if math.isnan(square):
        return CalibrationInterval(math.nan, math.nan, math.nan, level)
    seen = max(square, 0.0)
    return CalibrationInterval(
        error=math.sqrt(seen),
        low=math.sqrt(max(square - quantile * error, 0.0)),
        high=min(math.sqrt(seen + quantile * error), 1.0),
        level=level,
    )


def squared_calibration_error(
    confidence: np.ndarray,
    outcome: np.ndarray,
    /,
    *,
    n_bins: int = DEFAULT_BINS,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> tuple[float, float]:
    """Return (debiased squared calibration error, its standard error).

    Parameters
    ----------
    confidence, outcome, n_bins
        As for `reliability_curve`.
    groups : integer array of shape (n,), optional
        Cases of one group (the labels of one row) are correlated; by default all cases are
        independent.
    weights : array of shape (n,), optional
        As for `reliability_curve`.

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
    groups = _numbered(groups, np.shape(confidence), weights)
    confidence, outcome, weights = _cases(confidence, outcome, weights)
    if len(confidence) < 2:
        return math.nan, math.nan
    bins = equal_bins(confidence, n_bins, weights)
    count = np.bincount(bins, weights)
    residual = outcome - confidence
    mean = np.bincount(bins, _times(residual, weights)) / count
    variance = _variance_of_bin_means(residual - mean[bins], bins, count, groups, weights)
    share = count / count.sum()
    square = float((share * (mean**2 - variance)).sum())
    # Summed before it is cut off at the noise alone: cut off bin by bin, chance would always add.
    noise = float((share**2 * 2 * variance**2).sum())
    signal = float((share**2 * 4 * (mean**2 - variance) * variance).sum())
    error = math.sqrt(noise + max(signal, 0.0))
    return square, error


def _variance_of_bin_means(
    deviation: np.ndarray,
    bins: np.ndarray,
    count: np.ndarray,
    groups: np.ndarray | None,
    weights: np.ndarray | None,
) -> np.ndarray:
    """Return the variance of each bin's mean residual (cluster sandwich for groups)."""
    if groups is None:
        return np.bincount(bins, _times(deviation**2, weights)) / (count * np.maximum(count - 1, 1))
    n_bins = len(count)
    # One cell for each (group, bin) that occurs: the table itself would be mostly empty.
    cells, inverse = np.unique(groups * n_bins + bins, return_inverse=True)
    sums = np.bincount(inverse, _times(deviation, weights))
    clusters = np.bincount(cells % n_bins, minlength=n_bins)
    spread = np.bincount(cells % n_bins, sums**2, minlength=n_bins)
    return spread / count**2 * clusters / np.maximum(clusters - 1, 1)


def _cases(
    confidence: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return checked cases without those of weight 0."""
    confidence, outcome = check_forecasts(confidence, outcome)
    weights = case_weights(weights, len(confidence))
    if weights is None or weights.all():
        return confidence, outcome, weights
    kept = weights > 0
    return confidence[kept], outcome[kept], weights[kept]


def _numbered(
    groups: np.ndarray | None, shape: tuple[int, ...], weights: np.ndarray | None
) -> np.ndarray | None:
    """Return groups numbered 0, 1, .. without those of cases of weight 0, if they fit."""
    if groups is None:
        return None
    if np.shape(groups) != shape:
        raise InputValueError(
            f"`groups` must have one entry for each case, shape {shape}, got {np.shape(groups)}. "
            "Give the row that each case belongs to."
        )
    numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
    return numbers if weights is None else numbers[np.asarray(weights) > 0]


def _times(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    return values if weights is None else values * weights


def _quantile(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise InputValueError(f"`level` must be in (0, 1), got {level}. Use 0.95 for 95 %.")
    return float(norm.ppf(0.5 + level / 2))
