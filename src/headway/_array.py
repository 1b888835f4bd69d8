"""The one file that knows array backends: NumPy, torch, and any array-API library.

torch is never imported here: whoever hands in a tensor has imported it already.
The trap is half precision: sums and exponentials of float16 or bfloat16 lose
all their digits, so such arrays are computed in float32 and cast back at the end.
"""

from typing import Any

import array_api_compat
import numpy as np

from headway.errors import InputTypeError

__all__ = [
    "Array",
    "as_array",
    "is_numpy",
    "like",
    "namespace",
    "quiet",
    "same_dtype",
    "stop_gradient",
    "to_floating",
    "wide_sum",
]

Array = Any

# The edges of the kernels are limits that IEEE arithmetic reaches through
# inf - inf, exp(-huge) or 1 / 0; NumPy would warn at each.  Used as a decorator.
quiet = np.errstate(all="ignore")


def is_numpy(*arrays: Array) -> bool:
    """Return whether every array is a NumPy array (or NumPy scalar)."""
    return all(isinstance(array, (np.ndarray, np.generic)) for array in arrays)


def as_array(values: Array, /) -> Array:
    """Return `values` as an array: arrays of any backend as they are, else by NumPy."""
    if isinstance(values, np.ndarray) or array_api_compat.is_array_api_obj(values):
        return values
    return np.asarray(values)


def namespace(*arrays: Array) -> Any:
    """Return the array-API namespace that the arrays share.

    Raises
    ------
    InputTypeError
        If the arrays come from different libraries.

    Examples
    --------
    >>> import numpy as np
    >>> namespace(np.zeros(2)).__name__
    'array_api_compat.numpy'
    """
    try:
        return array_api_compat.array_namespace(*arrays)
    except TypeError as error:
        kinds = sorted({type(array).__module__.partition(".")[0] for array in arrays})
        raise InputTypeError(
            f"All arrays must come from one library, got {' and '.join(kinds)}. "
            "Convert them first, for example with `torch.as_tensor` or `numpy.asarray`."
        ) from error


def to_floating(array: Array, xp: Any, /, *, name: str = "logits") -> tuple[Array, Any]:
    """Return `array` in a dtype fit for computing, and the dtype its results take.

    float32 and float64 stay; half types are widened to float32 and results go back;
    integers and booleans take the backend's default float.
    """
    dtype = array.dtype
    if xp.isdtype(dtype, "real floating"):
        if dtype.itemsize >= 4 if hasattr(dtype, "itemsize") else True:
            return array, dtype
        return xp.astype(array, xp.float32), dtype
    if xp.isdtype(dtype, ("integral", "bool")):
        dtype = xp.__array_namespace_info__().default_dtypes()["real floating"]
        return xp.astype(array, dtype), dtype
    raise InputTypeError(
        f"`{name}` must be real numbers, got dtype {dtype}. Convert them to float first."
    )


def like(values: Array, reference: Array, xp: Any, /) -> Array:
    """Return `values` as an array with the dtype and device of `reference`."""
    if array_api_compat.is_array_api_obj(values) and not is_numpy(values):
        return xp.astype(values, reference.dtype, copy=False)
    if is_numpy(reference):
        return np.asarray(values, dtype=reference.dtype)
    return xp.asarray(
        np.asarray(values).tolist(),
        dtype=reference.dtype,
        device=array_api_compat.device(reference),
    )


def stop_gradient(array: Array, /) -> Array:
    """Return `array` cut off from autograd, where the backend has one."""
    return array.detach() if hasattr(array, "detach") else array


def wide_sum(array: Array, xp: Any, /, *, axis: int, keepdims: bool = False) -> Array:
    """Return the sum along `axis`, accumulated in float64, in the dtype of `array`.

    A float32 running sum of a million terms is off by 1e-4; of a few terms it is
    as good as its last bit, and twice as quick.
    """
    if array.dtype == xp.float32 and array.shape[axis] > 32:
        total = xp.sum(array, axis=axis, keepdims=keepdims, dtype=xp.float64)
        return xp.astype(total, array.dtype)
    return xp.sum(array, axis=axis, keepdims=keepdims)


def same_dtype(array: Array, reference: Array, /) -> Array:
    """Return `array` in the dtype of `reference`, both of one library."""
    if array.dtype == reference.dtype:
        return array
    return namespace(array, reference).astype(array, reference.dtype)
