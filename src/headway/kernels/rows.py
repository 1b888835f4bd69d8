"""Softmax, its logarithm and its potential, along any axis of any real array.

    softmax(z)   = exp(z) / sum(exp(z))
    logsumexp(z) = log(sum(exp(z)))

The formulas overflow at z = 89 in float32; everything here first subtracts the
largest entry, which changes nothing in exact arithmetic.
"""

from typing import Any, Literal

import numpy as np

from headway._array import Array, as_array, namespace, to_floating
from headway._check import check_logits, check_mask, first_index, place
from headway.errors import InputValueError
from headway.kernels import inplace, reference

__all__ = ["log_softmax", "logsumexp", "softmax"]

Empty = Literal["raise", "zero"]


def softmax(
    logits: Array, /, *, axis: int = -1, where: Array | None = None, empty: Empty = "raise"
) -> Array:
    """Return the probabilities exp(z) / sum(exp(z)) along `axis`.

    Parameters
    ----------
    logits : array of real numbers, any shape
        Unnormalised log-probabilities; adding a constant along `axis` changes
        nothing.  -inf marks an impossible class; +inf entries share all mass.
        A 1-D array is one distribution.
    axis : int, default=-1
        The axis of the classes; it must not be empty.
    where : bool array that broadcasts to `logits`, optional
        False for classes that take no part: their probability is 0.
    empty : {"raise", "zero"}, default="raise"
        What a row without any possible class gives: an error, or a row of zeros.

    Returns
    -------
    array of the shape of `logits`
        Probabilities in 0..1 that sum to 1 along `axis`, in the dtype of `logits`
        (integers give the default float).  A NaN spoils its own row alone.

    Raises
    ------
    InputTypeError
        If `logits` are not real or `where` is not boolean.
    InputValueError
        If there is no class, or a row has no possible class (naming the row).

    See Also
    --------
    log_softmax : the logarithm, without a detour through the probabilities.

    References
    ----------
    Bridle (1990), "Probabilistic Interpretation of Feedforward Classification
    Network Outputs", Neurocomputing, NATO ASI F 68.

    Examples
    --------
    >>> softmax([-0.5, 1.2, -0.1, 2.4]).round(2)
    array([0.04, 0.21, 0.06, 0.7 ])
    >>> softmax([[0.0, 0.0], [1e4, -1e4]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    rows, dtype, xp, axis = _prepare(logits, axis, where, empty)
    if isinstance(rows, np.ndarray):
        flat, shape = _as_rows(rows, axis)
        probs, finite = inplace.softmax(flat)
        if not finite and empty == "raise":
            _refuse_empty(np.max(rows, axis=axis), np)
        return _restore(probs, shape, axis, dtype)
    probs, tops = reference.softmax(rows, xp, axis=axis)
    if tops is not None and empty == "raise":
        _refuse_empty(xp.squeeze(tops, axis=axis), xp)
    return probs if probs.dtype == dtype else xp.astype(probs, dtype)


def log_softmax(
    logits: Array, /, *, axis: int = -1, where: Array | None = None, empty: Empty = "raise"
) -> Array:
    """Return the log-probabilities z - logsumexp(z) along `axis`, in nats.

    Parameters
    ----------
    logits : array of real numbers, any shape
        As for `softmax`.
    axis : int, default=-1
        The axis of the classes; it must not be empty.
    where : bool array that broadcasts to `logits`, optional
        False for classes that take no part: their log-probability is -inf.
    empty : {"raise", "zero"}, default="raise"
        What a row without any possible class gives: an error, or the logarithm
        of a row of zeros.

    Returns
    -------
    array of the shape of `logits`
        Log-probabilities, at most 0; finite wherever the true value is.

    Raises
    ------
    InputTypeError
        If `logits` are not real or `where` is not boolean.
    InputValueError
        If there is no class, or a row has no possible class (naming the row).

    Examples
    --------
    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    >>> float(log_softmax([0.0, 40.0])[1])  # log(softmax(z)) would be 0
    -4.248354255291589e-18
    """
    rows, dtype, xp, axis = _prepare(logits, axis, where, empty)
    if isinstance(rows, np.ndarray):
        flat, shape = _as_rows(rows, axis)
        log_probs, finite = inplace.log_softmax(flat)
        if not finite and empty == "raise":
            _refuse_empty(np.max(rows, axis=axis), np)
        return _restore(log_probs, shape, axis, dtype)
    log_probs, tops = reference.log_softmax(rows, xp, axis=axis)
    if tops is not None and empty == "raise":
        _refuse_empty(xp.squeeze(tops, axis=axis), xp)
    return log_probs if log_probs.dtype == dtype else xp.astype(log_probs, dtype)


def logsumexp(
    logits: Array, /, *, axis: int = -1, where: Array | None = None, keepdims: bool = False
) -> Array:
    """Return log(sum(exp(z))) along `axis`: the potential whose gradient is softmax.

    Parameters
    ----------
    logits : array of real numbers, any shape
        Logits; -inf entries add nothing.
    axis : int, default=-1
        The axis to sum over; it must not be empty.
    where : bool array that broadcasts to `logits`, optional
        False for entries that take no part.
    keepdims : bool, default=False
        Keep the summed axis with length 1.

    Returns
    -------
    array of the shape of `logits` without `axis`
        At least the largest logit, and at most that plus log(K).  -inf where
        every entry is -inf or masked.

    Raises
    ------
    InputTypeError
        If `logits` are not real or `where` is not boolean.
    InputValueError
        If the axis is empty.

    Examples
    --------
    >>> float(logsumexp([1000.0, 1000.0]))  # 1000 + log 2
    1000.6931471805599
    """
    rows, dtype, xp, axis = _prepare(logits, axis, where, "zero")
    if isinstance(rows, np.ndarray):
        flat, shape = _as_rows(rows, axis)
        total = inplace.logsumexp(flat).reshape(shape[:-1]).astype(dtype, copy=False)
        return np.expand_dims(total, axis) if keepdims else total[()]
    total = reference.logsumexp(rows, xp, axis=axis, keepdims=keepdims)
    return total if total.dtype == dtype else xp.astype(total, dtype)


def _prepare(
    logits: Array, axis: int, where: Array | None, empty: str
) -> tuple[Array, Any, Any, int]:
    """Return computable logits with masked entries at -inf, dtype, namespace and axis."""
    if empty not in ("raise", "zero"):
        raise InputValueError(f'`empty` must be "raise" or "zero", got {empty!r}.')
    logits = as_array(logits)
    if type(logits) is np.ndarray and logits.dtype.char in "fd":
        rows, dtype, xp = logits, logits.dtype, np
    else:
        xp = namespace(logits)
        rows, dtype = to_floating(logits, xp)
    axis = check_logits(rows, axis=axis)
    if where is not None:
        where = as_array(where)
        xp = namespace(rows, where)
        check_mask(where, tuple(rows.shape), xp)
        rows = xp.where(where, rows, xp.full_like(rows, -float("inf")))
    return rows, dtype, xp, axis


def _as_rows(array: np.ndarray, axis: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the array as (rows, K) with `axis` last, and the shape before flattening."""
    if axis != array.ndim - 1:
        array = np.moveaxis(array, axis, -1)
    return array.reshape(-1, array.shape[-1]), array.shape


def _restore(rows: np.ndarray, shape: tuple[int, ...], axis: int, dtype: Any) -> np.ndarray:
    """Undo `_as_rows`, in the dtype that was asked for."""
    array = rows.reshape(shape).astype(dtype, copy=False)
    return array if axis == array.ndim - 1 else np.moveaxis(array, -1, axis)


def _refuse_empty(tops: Array, xp: Any) -> None:
    """Raise if a row's largest logit is -inf, naming the first such row."""
    impossible = tops == -float("inf")
    if bool(xp.any(impossible)):
        raise InputValueError(
            "Every row of `logits` must have a possible class, but all entries are -inf or "
            f'masked at {place(first_index(impossible, xp))}. Drop the row, or pass empty="zero" '
            "for probabilities of 0."
        )
