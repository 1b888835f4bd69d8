"""The one reduction: a weighted mean of losses.

    mean = sum(w * l) / sum(w)

The trap: a sample of weight 0 must add nothing even when its loss is infinite
or NaN, and nothing to average is an error, not NaN.
"""

from typing import Any

from headway._array import Array, as_array, like, namespace, quiet, to_floating
from headway._check import check_weights
from headway.errors import InputValueError

__all__ = ["weighted_mean"]


@quiet
def weighted_mean(values: Array, /, weights: Array | None = None) -> Array:
    """Return the mean of the values, each counted by its weight.

    Parameters
    ----------
    values : array of shape (n,), or any other
        One value for each sample, for example losses in nats.
    weights : array of the shape of `values`, optional
        Finite and at least 0; a sample of weight 0 is ignored, whatever its value.

    Returns
    -------
    scalar
        The mean, in the dtype of `values` (integers give the default float).

    Raises
    ------
    InputValueError
        If there is nothing to average: no values, or only weights of 0; or if a
        weight is negative or not finite.

    Examples
    --------
    >>> float(weighted_mean([1.0, 4.0], weights=[2.0, 1.0]))
    2.0
    """
    values = as_array(values)
    xp = namespace(values)
    values, dtype = to_floating(values, xp, name="values")
    if 0 in values.shape:
        raise InputValueError(
            f"`values` must not be empty, got shape {tuple(values.shape)}: "
            "there is nothing to average. Give at least one sample."
        )
    # A float32 mean of a million losses needs a wider sum.
    wide = xp.float64 if values.dtype == xp.float32 else None
    if weights is None:
        total, count = xp.sum(values, dtype=wide), float(_size(values))
        return xp.astype(total / count, dtype, copy=False)
    values, weights = xp.reshape(values, (-1,)), _flat_weights(weights, values, xp)
    # Scaled by the largest weight, so that neither sum can overflow for large weights.
    weights = weights / xp.max(weights)
    products = xp.where(weights == 0, xp.zeros_like(values), values * weights)
    return xp.astype(xp.sum(products, dtype=wide) / xp.sum(weights, dtype=wide), dtype, copy=False)


def _flat_weights(weights: Array, values: Array, xp: Any) -> Array:
    weights = like(weights, values, xp)
    if weights.shape == values.shape and values.ndim != 1:
        weights = xp.reshape(weights, (-1,))
    check_weights(weights, n_samples=_size(values))
    return weights


def _size(values: Array) -> int:
    size = 1
    for length in values.shape:
        size *= int(length)
    return size
