"""Scaling: the shift and the divisor that bring features near 0 and 1 before a network.

    shared     (x - mean of all features) / (deviation of all features)
    feature    r = (x - median) / (quartile distance),  then  r / sqrt(1 + (r / 3)^2)

Pixels share one scale: dividing each by its own deviation would blow up a corner pixel that is
lit in one image of a thousand.  Columns of a table do not: metres stand beside millions, and one
outlier would set a column's deviation.  Hence medians and quartiles, and a smooth bound of 3
on what is left.  The trap is the column whose quartiles coincide: it is divided by half its range,
and a constant one becomes 0.

The quantiles come from at most 10,000 rows, evenly spaced: exact ones of 60,000 images cost more
than an epoch of training.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["FeatureScaling", "feature_scaling", "image_scaling", "share_a_scale"]

MOST_ROWS = 10_000


@dataclass(frozen=True)
class FeatureScaling:
    """What a network subtracts and divides by; `bounded` adds the smooth bound of 3."""

    center: np.ndarray
    scale: np.ndarray
    bounded: bool


def feature_scaling(X: np.ndarray, standardize: object, /) -> FeatureScaling:
    """Return the scaling of the columns of a table.

    Parameters
    ----------
    X : floating array of shape (n, d)
        Finite features.
    standardize : {"auto", "feature", "shared", True, False}
        "auto" is "shared" if the features share a scale (see `share_a_scale`), else "feature".
        True is "feature"; False leaves the features as they are.

    Returns
    -------
    FeatureScaling
        `center` and `scale` of dtype float64 and shape (d,).

    Examples
    --------
    >>> scaling = feature_scaling(np.array([[0.0, 7.0], [2.0, 7.0], [4.0, 7.0]]), "feature")
    >>> scaling.center.tolist(), scaling.scale.tolist()
    ([2.0, 7.0], [2.0, 1.0])
    """
    d = X.shape[1]
    if standardize is False:
        return _scaling(np.zeros(d), np.ones(d), bounded=False)
    sample = _sample(X)
    least, most = sample.min(axis=0), sample.max(axis=0)
    if standardize == "auto":
        standardize = "shared" if share_a_scale(least, most) else "feature"
    if standardize == "shared":
        deviation = sample.std() or 1.0
        return _scaling(np.full(d, sample.mean()), np.full(d, deviation), bounded=False)
    lower, median, upper = np.quantile(sample, [0.25, 0.5, 0.75], axis=0)
    scale = np.where(upper > lower, upper - lower, (most - least) / 2)
    # What is constant but for rounding would be divided by that rounding.
    tiny = 8 * np.finfo(X.dtype).eps * np.abs(median)
    return _scaling(median, np.where(scale > tiny, scale, 1.0), bounded=True)


def image_scaling(images: np.ndarray, standardize: object, /) -> FeatureScaling:
    """Return the scaling of images (n, c, h, w): one mean and one deviation a channel.

    Examples
    --------
    >>> scaling = image_scaling(np.array([[[[1.0, 3.0]]]]), True)
    >>> scaling.center.ravel().tolist(), scaling.scale.ravel().tolist()
    ([2.0], [1.0])
    """
    shape = (images.shape[1], 1, 1)
    if standardize is False:
        return _scaling(np.zeros(shape), np.ones(shape), bounded=False)
    sample = _sample(images)
    deviation = sample.std(axis=(0, 2, 3)).reshape(shape)
    mean = sample.mean(axis=(0, 2, 3)).reshape(shape)
    return _scaling(mean, np.where(deviation > 0, deviation, 1.0), bounded=False)


def share_a_scale(least: np.ndarray, most: np.ndarray, /) -> bool:
    """Return whether features given by their extremes are measured on one scale.

    They are if at least half of those that vary have a range of at least half the distance
    from the least value of all to the greatest: pixels, words that occur or not, data that was
    standardised before.

    Examples
    --------
    >>> share_a_scale(np.array([0.0, 0.0, 0.0]), np.array([16.0, 12.0, 0.0]))
    True
    >>> share_a_scale(np.array([0.0, -1.0, 3.0]), np.array([1.0, 1.0, 9000.0]))
    False
    """
    varies = most > least
    if not varies.any():
        return True
    whole = most[varies].max() - least[varies].min()
    return bool(np.mean((most - least)[varies] >= whole / 2) >= 0.5)


def _sample(rows: np.ndarray) -> np.ndarray:
    step = -(-len(rows) // MOST_ROWS)
    return np.asarray(rows[::step], dtype=np.float64)


def _scaling(center: np.ndarray, scale: np.ndarray, *, bounded: bool) -> FeatureScaling:
    return FeatureScaling(center.astype(np.float64), scale.astype(np.float64), bounded)
