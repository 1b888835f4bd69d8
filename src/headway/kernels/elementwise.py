"""Sigmoid, its logarithm and its potential, entry by entry.

    sigmoid(z)  = 1 / (1 + exp(-z))
    softplus(z) = log(1 + exp(z))

The trap: exp(-z) overflows for z below -88 in float32, and 1 + exp(z) forgets
exp(z) below 1e-8.  So only exp(-|z|) is ever taken, and log1p of it.
"""

from typing import Any

import numpy as np

from headway._array import Array, as_array, is_numpy, namespace, to_floating
from headway.kernels import inplace, reference

__all__ = ["log_sigmoid", "sigmoid", "softplus"]


def sigmoid(logits: Array, /) -> Array:
    """Return the probabilities 1 / (1 + exp(-z)), each logit on its own.

    Parameters
    ----------
    logits : array of real numbers, any shape
        Log-odds; infinities give exactly 0 and 1.

    Returns
    -------
    array of the shape of `logits`
        Probabilities in 0..1 in the dtype of `logits` (integers give the
        default float).

    Raises
    ------
    InputTypeError
        If `logits` are not real.

    References
    ----------
    Verhulst (1845), "Recherches mathématiques sur la loi d'accroissement de la
    population", Nouveaux Mémoires de l'Académie Royale de Bruxelles 18.

    Examples
    --------
    >>> sigmoid([-0.5, 1.2, -0.1, 2.4]).round(2)
    array([0.38, 0.77, 0.48, 0.92])
    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    return _apply("sigmoid", logits)


def log_sigmoid(logits: Array, /) -> Array:
    """Return log(sigmoid(z)), each logit on its own, in nats.

    Parameters
    ----------
    logits : array of real numbers, any shape
        Log-odds.

    Returns
    -------
    array of the shape of `logits`
        Log-probabilities, at most 0; close to z itself where z is very negative.

    Raises
    ------
    InputTypeError
        If `logits` are not real.

    Examples
    --------
    >>> log_sigmoid([-1000.0, 0.0])
    array([-1.00000000e+03, -6.93147181e-01])
    """
    return _apply("log_sigmoid", logits)


def softplus(logits: Array, /) -> Array:
    """Return log(1 + exp(z)): the potential whose gradient is the sigmoid.

    Parameters
    ----------
    logits : array of real numbers, any shape
        Log-odds.

    Returns
    -------
    array of the shape of `logits`
        Non-negative numbers; close to z itself where z is very large.

    Raises
    ------
    InputTypeError
        If `logits` are not real.

    Examples
    --------
    >>> softplus([0.0, 1000.0])
    array([6.93147181e-01, 1.00000000e+03])
    """
    return _apply("softplus", logits)


def _apply(name: str, logits: Array) -> Array:
    """Return the named kernel of `logits`, by the twin for their library."""
    logits = as_array(logits)
    if type(logits) is np.ndarray and logits.dtype.char in "fd":
        return getattr(inplace, name)(logits)[()]
    xp: Any = namespace(logits)
    values, dtype = to_floating(logits, xp)
    if is_numpy(values):
        return getattr(inplace, name)(values).astype(dtype, copy=False)[()]
    return xp.astype(getattr(reference, name)(values, xp), dtype, copy=False)
