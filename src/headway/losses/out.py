"""Where a gradient is written to, if the caller says so."""

from typing import Any

import array_api_compat
import numpy as np

from headway._array import Array, is_numpy, namespace
from headway.errors import InputTypeError, InputValueError

__all__ = ["check_out", "write"]


def check_out(out: Array, logits: Array, dtype: Any, /) -> None:
    """Raise unless `out` can receive the gradient of these logits, of this dtype."""
    if not (isinstance(out, np.ndarray) or array_api_compat.is_array_api_obj(out)):
        raise InputTypeError(
            f"`out` must be an array that receives the gradient, got {type(out).__name__}. "
            "Give an array of the shape and dtype of `logits`, or the logits themselves."
        )
    namespace(logits, out)
    if tuple(out.shape) != tuple(logits.shape):
        raise InputValueError(
            f"`out` must have the shape of `logits` {tuple(logits.shape)}, "
            f"got {tuple(out.shape)}. Give an array such as `empty_like(logits)`."
        )
    if out.dtype != dtype:
        raise InputTypeError(
            f"`out` must have the dtype of the gradient, {dtype}, got {out.dtype}. "
            "Give an array of that dtype, or leave `out` away."
        )
    if is_numpy(out) and not out.flags.writeable:
        raise InputValueError(
            "`out` must be writable, got a read-only array. Give a copy of it, or leave `out` away."
        )


def write(gradient: Array, out: Array | None, /) -> Array:
    """Return the gradient, written to `out` if there is one."""
    if out is None:
        return gradient
    out[...] = gradient
    return out
