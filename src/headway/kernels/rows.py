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
from headway.kernels.core import core
from headway.kernels.output import check_out, deliver, plain, target, to_native

__all__ = ["log_softmax", "logsumexp", "softmax"]

Empty = Literal["raise", "zero"]


def softmax(
    logits: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    empty: Empty = "raise",
    out: Array | None = None,
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
    out : array of the shape and dtype of the result, optional
        Where to write, and what is returned then.  It may be `logits` itself, and may overlap
        them.  After an error its entries are undefined.

    Returns
    -------
    array of the shape of `logits`
        Probabilities in 0..1 that sum to 1 along `axis`, in the dtype of `logits`
        (integers give the default float).  A NaN spoils its own row alone.

    Raises
    ------
    InputTypeError
        If `logits` are not real, `where` is not boolean, or `out` has another dtype than the
        result.
    InputValueError
        If there is no class, a row has no possible class (naming the row), or `out` has
        another shape than the result or cannot be written.

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
    return _distribution("softmax", logits, axis, where, empty, out)


def log_softmax(
    logits: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    empty: Empty = "raise",
    out: Array | None = None,
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
    out : array of the shape and dtype of the result, optional
        Where to write, and what is returned then.  It may be `logits` itself, and may overlap
        them.  After an error its entries are undefined.

    Returns
    -------
    array of the shape of `logits`
        Log-probabilities, at most 0; finite wherever the true value is.

    Raises
    ------
    InputTypeError
        If `logits` are not real, `where` is not boolean, or `out` has another dtype than the
        result.
    InputValueError
        If there is no class, a row has no possible class (naming the row), or `out` has
        another shape than the result or cannot be written.

    Examples
    --------
    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    >>> float(log_softmax([0.0, 40.0])[1])  # log(softmax(z)) would be 0
    -4.248354255291589e-18
    """
    return _distribution("log_softmax", logits, axis, where, empty, out)


def logsumexp(
    logits: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    keepdims: bool = False,
    out: Array | None = None,
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
    out : array of the shape and dtype of the result, optional
        Where to write, and what is returned then.

    Returns
    -------
    array of the shape of `logits` without `axis`
        At least the largest logit, and at most that plus log(K).  -inf where
        every entry is -inf or masked.

    Raises
    ------
    InputTypeError
        If `logits` are not real, `where` is not boolean, or `out` has another dtype than the
        result.
    InputValueError
        If the axis is empty, or `out` has another shape than the result or cannot be written.

    Examples
    --------
    >>> float(logsumexp([1000.0, 1000.0]))  # 1000 + log 2
    1000.6931471805599
    """
    logits = as_array(logits)
    if not isinstance(logits, np.ndarray):
        rows, dtype, xp, axis = _prepare(logits, axis, where)
        total = reference.logsumexp(rows, xp, axis=axis, keepdims=keepdims)
        total = total if total.dtype == dtype else xp.astype(total, dtype)
        return total if out is None else _fill(out, total, logits)
    rows, dtype, axis = _prepare_numpy(logits, axis, where)
    shape = rows.shape[:-1]
    if out is not None:
        kept = (*logits.shape[:axis], 1, *logits.shape[axis + 1 :])
        check_out(out, kept if keepdims else shape, dtype, logits)
    flat = out if out is None or not keepdims else np.squeeze(out, axis)
    total = target(rows, rows, flat, shape)
    _run("logsumexp", rows, total)
    total = deliver(total, flat, dtype)
    if out is not None:
        return out
    return np.expand_dims(total, axis) if keepdims else total[()]


def _distribution(
    name: str, logits: Array, axis: int, where: Array | None, empty: str, out: Array | None
) -> Array:
    """Return softmax or log_softmax, by the compiled core or the twin for the library."""
    if empty not in ("raise", "zero"):
        raise InputValueError(f'`empty` must be "raise" or "zero", got {empty!r}.')
    logits = as_array(logits)
    if not isinstance(logits, np.ndarray):
        rows, dtype, xp, axis = _prepare(logits, axis, where)
        result, tops = getattr(reference, name)(rows, xp, axis=axis)
        if tops is not None and empty == "raise":
            impossible = xp.squeeze(tops, axis=axis) == -float("inf")
            if bool(xp.any(impossible)):
                _refuse(first_index(impossible, xp))
        result = result if result.dtype == dtype else xp.astype(result, dtype)
        return result if out is None else _fill(out, result, logits)
    rows, dtype, axis = _prepare_numpy(logits, axis, where)
    turned = axis != logits.ndim - 1
    wanted = out
    if out is not None:
        check_out(out, logits.shape, dtype, logits)
        wanted = np.moveaxis(out, axis, -1) if turned else out
    result = target(rows, logits, wanted, rows.shape)
    impossible = _run(name, rows, result)
    if impossible >= 0 and empty == "raise":
        _refuse(tuple(int(i) for i in np.unravel_index(impossible, rows.shape[:-1])))
    result = deliver(result, wanted, dtype)
    if out is not None:
        return out
    return np.moveaxis(result, -1, axis) if turned else result


def _prepare(logits: Array, axis: int, where: Array | None) -> tuple[Array, Any, Any, int]:
    """Return computable logits with masked entries at -inf, dtype, namespace and axis."""
    xp = namespace(logits)
    rows, dtype = to_floating(logits, xp)
    axis = check_logits(rows, axis=axis)
    if where is not None:
        where = as_array(where)
        xp = namespace(rows, where)
        check_mask(where, tuple(rows.shape), xp)
        rows = xp.where(where, rows, xp.full_like(rows, -float("inf")))
    return rows, dtype, xp, axis


def _prepare_numpy(
    logits: np.ndarray, axis: int, where: Array | None
) -> tuple[np.ndarray, np.dtype, int]:
    """Return plain rows (the axis last, masked entries at -inf), dtype and axis.

    They are `logits` themselves where nothing had to be done.
    """
    rows, dtype = logits, logits.dtype
    if type(logits) is not np.ndarray or dtype.char not in "fd" or not dtype.isnative:
        rows, dtype = to_native(logits)
    axis = check_logits(rows, axis=axis)
    if where is not None:
        where = as_array(where)
        check_mask(where, rows.shape, namespace(rows, where))
        rows = np.where(where, rows, rows.dtype.type(-np.inf))
    if axis != rows.ndim - 1:
        rows = np.moveaxis(rows, axis, -1)
    return plain(rows), dtype, axis


def _run(name: str, rows: np.ndarray, result: np.ndarray) -> int:
    """Write the kernel's result; return the first row of nothing but -inf, or -1."""
    compiled = core() if rows.dtype.char in "fd" else None
    if compiled is not None:
        return getattr(compiled, name)(rows, result)
    n_columns = rows.shape[-1]
    flat = rows.reshape(-1, n_columns)
    return getattr(inplace, name)(
        flat, result.reshape(flat.shape if result.shape == rows.shape else -1)
    )


def _fill(out: Array, result: Array, logits: Array) -> Array:
    """Return `out` with the result in it, for libraries other than NumPy."""
    check_out(out, tuple(result.shape), result.dtype, logits)
    out[...] = result
    return out


def _refuse(row: tuple[int, ...]) -> None:
    """Raise because this row has no possible class."""
    raise InputValueError(
        "Every row of `logits` must have a possible class, but all entries are -inf or "
        f'masked at {place(row)}. Drop the row, or pass empty="zero" '
        "for probabilities of 0."
    )
