"""Sigmoid, its logarithm and its potential, entry by entry.

    sigmoid(z)  = 1 / (1 + exp(-z))
    softplus(z) = log(1 + exp(z))

The trap: exp(-z) overflows for z below -88 in float32, and 1 + exp(z) forgets
exp(z) below 1e-8.  So only exp(-|z|) is ever taken, and log1p of it.
"""

from typing import Any

import numpy as np

from headway._array import Array, as_array, namespace, to_floating
from headway.kernels import inplace, reference
from headway.kernels.core import core
from headway.kernels.output import check_out, deliver, plain, target, to_native

__all__ = ["log_sigmoid", "sigmoid", "softplus"]


def sigmoid(logits: Array, /, *, out: Array | None = None) -> Array:
    """Return the probabilities 1 / (1 + exp(-z)), each logit on its own.

    Parameters
    ----------
    logits : array of real numbers, any shape
        Log-odds; infinities give exactly 0 and 1.
    out : array of the shape and dtype of the result, optional
        Where to write, and what is returned then.  It may be `logits` itself, and may overlap
        them.

    Returns
    -------
    array of the shape of `logits`
        Probabilities in 0..1 in the dtype of `logits` (integers give the
        default float).

    Raises
    ------
    InputTypeError
        If `logits` are not real, or `out` has another dtype than the result.
    InputValueError
        If `out` has another shape than the result, or cannot be written.

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
    return _apply("sigmoid", logits, out)


def log_sigmoid(logits: Array, /, *, out: Array | None = None) -> Array:
    """Return log(sigmoid(z)), each logit on its own, in nats.

    Parameters
    ----------
    logits : array of real numbers, any shape
        Log-odds.
    out : array of the shape and dtype of the result, optional
        Where to write, and what is returned then.  It may be `logits` itself, and may overlap
        them.

    Returns
    -------
    array of the shape of `logits`
        Log-probabilities, at most 0; close to z itself where z is very negative.

    Raises
    ------
    InputTypeError
        If `logits` are not real, or `out` has another dtype than the result.
    InputValueError
        If `out` has another shape than the result, or cannot be written.

    Examples
    --------
    >>> log_sigmoid([-1000.0, 0.0])
    array([-1.00000000e+03, -6.93147181e-01])
    """
    return _apply("log_sigmoid", logits, out)


def softplus(logits: Array, /, *, out: Array | None = None) -> Array:
    """Return log(1 + exp(z)): the potential whose gradient is the sigmoid.

    Parameters
    ----------
    logits : array of real numbers, any shape
        Log-odds.
    out : array of the shape and dtype of the result, optional
        Where to write, and what is returned then.  It may be `logits` itself, and may overlap
        them.

    Returns
    -------
    array of the shape of `logits`
        Non-negative numbers; close to z itself where z is very large.

    Raises
    ------
    InputTypeError
        If `logits` are not real, or `out` has another dtype than the result.
    InputValueError
        If `out` has another shape than the result, or cannot be written.

    Examples
    --------
    >>> softplus([0.0, 1000.0])
    array([6.93147181e-01, 1.00000000e+03])
    """
    return _apply("softplus", logits, out)


def _apply(name: str, logits: Array, out: Array | None) -> Array:
    """Return the named kernel of `logits`, by the compiled core or the twin for their library."""
    logits = as_array(logits)
    if not isinstance(logits, np.ndarray):
        return _apply_reference(name, logits, out)
    values, dtype = logits, logits.dtype
    if type(logits) is not np.ndarray or dtype.char not in "fd" or not dtype.isnative:
        values, dtype = to_native(logits)
    if out is not None:
        check_out(out, logits.shape, dtype, logits)
    values = plain(values)
    result = target(values, logits, out, values.shape)
    compiled = core() if values.dtype.char in "fd" else None
    getattr(compiled or inplace, name)(values, result)
    result = deliver(result, out, dtype)
    return result if result.ndim or out is not None else result[()]


def _apply_reference(name: str, logits: Array, out: Array | None) -> Array:
    """Return the named kernel of an array of another library than NumPy."""
    xp: Any = namespace(logits)
    values, dtype = to_floating(logits, xp)
    result = xp.astype(getattr(reference, name)(values, xp), dtype, copy=False)
    if out is None:
        return result
    check_out(out, tuple(logits.shape), dtype, logits)
    out[...] = result
    return out
