"""The bootstrap over rows: a resample is a column of integer row weights.

    values = statistic(weights),   weights of shape (n, R),   column 0 the data themselves

so that every score is written once, for R columns of weights at a time, and all scores see the
same resamples.  A statistic that is a function of sums over rows costs one matrix product.

The interval is Efron's bias-corrected and accelerated one.  With z0 the normal quantile of the
share of resamples below the estimate, and a the acceleration,

    end = quantile of the resamples at  Phi(z0 + (z0 + z) / (1 - a (z0 + z)))

The acceleration is the skewness of the statistic's influence over six.  It is taken from the
resamples themselves (for a mean their skewness IS that of the influence, divided by sqrt(n)),
since a jackknife would cost n evaluations of every score.

Simulated coverage of the nominal 95 % interval, 300 samples of 60 and of 400 rows, 2 and 6 classes
and 20 labels (`tests/evaluation/test_intervals.py` repeats the idea): 92 to 97 % for most scores,
better than plain percentiles where the bootstrap is biased (macro F1 on 60 rows 92 against 86 %,
average precision 96 against 91 %), though not everywhere.  It is too short for means over classes
or labels of which most have a handful of positives: on 60 rows, average precision of 6 classes
90 %, and of 20 labels macro F1 86 % and macro average precision 82 % (percentiles: 83 and 54 %);
on 400 rows these two reach 92 and 93 %.

The trap: a weighted row is ONE observation.  Its weight goes with it into every resample, and
the interval is that of n rows, not of as many as the weights add up to.

References
----------
Efron (1987), "Better bootstrap confidence intervals", JASA 82(397).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.stats import norm

__all__ = ["bootstrap_interval", "weight_blocks"]

BLOCK = 2**24  # cells of a block of weights: 128 MB


def weight_blocks(weights: np.ndarray, draws: int, /, *, random_state: int) -> Iterator[np.ndarray]:
    """Return blocks of columns of row weights: first the weights, then `draws` resamples.

    Parameters
    ----------
    weights : float array of shape (n,)
        Positive row weights.
    draws : int
        Number of resamples.
    random_state : int
        The same number and n give the same resamples, however they are cut into blocks.

    Yields
    ------
    float64 arrays of shape (n, R)
        1 + `draws` columns in all.

    Examples
    --------
    >>> [block.shape for block in weight_blocks(np.ones(4), 5, random_state=0)]
    [(4, 6)]
    >>> next(weight_blocks(np.ones(4), 5, random_state=0)).sum(axis=0)
    array([4., 4., 4., 4., 4., 4.])
    """
    n = len(weights)
    rng = np.random.default_rng(random_state)
    width = max(1, BLOCK // n)
    for start in range(0, draws + 1, width):
        columns = range(start, min(start + width, draws + 1))
        block = np.empty((len(columns), n))
        for line, column in zip(block, columns, strict=True):
            if column == 0:
                line[:] = 1.0
            else:
                line[:] = np.bincount(rng.integers(0, n, n), minlength=n)
        yield np.ascontiguousarray((block * weights).T)


def bootstrap_interval(
    values: np.ndarray, estimate: float, /, *, level: float
) -> tuple[float, float]:
    """Return the ends of the bias-corrected and accelerated interval.

    Parameters
    ----------
    values : float array of shape (R,)
        The statistic on each resample; NaN where it was undefined there.
    estimate : float
        The statistic on the data.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    tuple of (float, float)
        NaN twice where fewer than half of the resamples define the statistic, or where the
        estimate is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> low, high = bootstrap_interval(rng.normal(size=10_000), 0.0, level=0.95)
    >>> round(low, 1), round(high, 1)
    (-2.0, 2.0)
    """
    kept = np.sort(values[np.isfinite(values)])
    if not math.isfinite(estimate) or 2 * len(kept) <= len(values):
        return math.nan, math.nan
    if kept[0] == kept[-1]:
        # Every resample says the same: no spread to correct (all rows right, one row, ...).
        return min(estimate, float(kept[0])), max(estimate, float(kept[0]))
    # Shares often equal the estimate but for rounding, which must not choose the side.
    level_with = np.isclose(kept, estimate, rtol=1e-12, atol=1e-12)
    below = ((kept < estimate) & ~level_with).mean() + 0.5 * level_with.mean()
    bias = float(norm.ppf(min(max(below, 0.5 / len(kept)), 1 - 0.5 / len(kept))))
    deviation = kept - kept.mean()
    skewness = float((deviation**3).mean() / (deviation**2).mean() ** 1.5)
    acceleration = min(max(skewness / 6, -0.25), 0.25)
    ends = []
    for tail in (0.5 - level / 2, 0.5 + level / 2):
        shifted = bias + float(norm.ppf(tail))
        place = float(norm.cdf(bias + shifted / (1 - acceleration * shifted)))
        ends.append(float(np.quantile(kept, place)))
    return ends[0], ends[1]
