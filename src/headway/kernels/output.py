"""Where a kernel of NumPy arrays reads and writes: plain memory, the caller's `out=` if it can be.

The trap is an `out` that shares memory with the input.  If it is the very same array the kernels
work in place; if it merely overlaps, what is written would spoil what is yet to be read, so the
result is computed apart and copied.
"""

from typing import Any

import array_api_compat
import numpy as np

from headway._array import Array, namespace, quiet, to_floating
from headway.errors import InputTypeError, InputValueError

__all__ = ["check_out", "deliver", "plain", "target", "to_native"]


def check_out(out: Any, shape: tuple[int, ...], dtype: Any, logits: Array) -> None:
    """Raise unless `out` can take a result of this shape and dtype, computed from `logits`."""
    numpy = isinstance(logits, np.ndarray)
    if not (
        isinstance(out, np.ndarray)
        if numpy
        else array_api_compat.is_array_api_obj(out) and not isinstance(out, np.ndarray)
    ):
        raise InputTypeError(
            f"`out` must be an array of the library of `logits`, got {type(out).__name__}. "
            "Leave it out to get a new array."
        )
    if out.dtype != dtype:
        raise InputTypeError(
            f"`out` must have the dtype of the result, {dtype}, got {out.dtype}. "
            "Allocate it with that dtype, or convert the logits."
        )
    if tuple(out.shape) != shape:
        raise InputValueError(
            f"`out` must have the shape of the result, {shape}, got {tuple(out.shape)}. "
            "Nothing is broadcast into it."
        )
    if numpy and not out.flags.writeable:
        raise InputValueError("`out` must be writeable, got a read-only array. Give a copy of it.")


def to_native(logits: np.ndarray) -> tuple[np.ndarray, np.dtype]:
    """Return NumPy logits as floats of this machine's byte order, and the dtype of results."""
    values, dtype = to_floating(logits, namespace(logits))
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    return np.asarray(values), dtype


def plain(values: np.ndarray) -> np.ndarray:
    """Return an array, itself if possible, whose entries lie in C order and aligned."""
    flags = values.flags
    if flags.c_contiguous and flags.aligned:
        return values
    return np.array(values, order="C")


def target(
    values: np.ndarray, logits: np.ndarray, out: np.ndarray | None, shape: tuple[int, ...]
) -> np.ndarray:
    """Return the plain array of `shape` that a kernel writes to.

    Parameters
    ----------
    values : array
        What the kernel reads: `logits`, a view of them, or a copy that may be overwritten.
    logits : array
        What the caller gave.
    out : array or None
        What the caller wants filled, checked; `out` itself is returned where that is safe.
    shape : tuple of int
        The shape of the result.
    """
    if out is None:
        own = values is not logits and not np.may_share_memory(values, logits)
        return values if own and values.shape == shape else np.empty(shape, values.dtype)
    flags = out.flags
    if (
        out.dtype == values.dtype
        and flags.c_contiguous
        and flags.aligned
        and (
            out is values
            or not np.may_share_memory(values, out)
            or (out.shape == values.shape and _address(out) == _address(values))
        )
    ):
        return out
    return np.empty(shape, values.dtype)


def deliver(result: np.ndarray, out: np.ndarray | None, dtype: np.dtype) -> np.ndarray:
    """Return the result in the caller's dtype, in the caller's array if there is one."""
    if out is None:
        return result if result.dtype == dtype else _narrow(result, dtype)
    if out is not result:
        _copy(result, out)
    return out


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


# What leaves the range of a half type becomes infinite, as it should.
@quiet
def _narrow(result: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return result.astype(dtype)


@quiet
def _copy(result: np.ndarray, out: np.ndarray) -> None:
    np.copyto(out, result, casting="same_kind")
