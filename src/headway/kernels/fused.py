"""Losses and gradients in one read of the logits, by the compiled core.

Each row of logits is read from memory once; its loss, its gradient and whatever is wrong with it
come out of that read.  The functions here take any NumPy arrays and bring them into the layout
of the core.  The trap is `out`: it may be the logits themselves, but where it overlaps anything
else, or lies in memory in another order, the gradient must take a detour.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway._array import Array
from headway._check import place
from headway.errors import InputValueError
from headway.kernels.core import core

__all__ = [
    "LABEL_OUTSIDE",
    "MASS_MASKED",
    "TARGET_WRONG",
    "Fused",
    "can_fuse",
    "fused_binary_cross_entropy",
    "fused_cross_entropy",
]

# What the core may find (kernels/loss_table.hpp).
LABEL_OUTSIDE, TARGET_WRONG, MASS_MASKED, ROW_EMPTY = 1, 2, 4, 8


@dataclass(frozen=True)
class Fused:
    """What came out: losses (or None), gradient (or None), and what is wrong with the input.

    With a flag set, losses and gradient hold anything.
    """

    losses: Any
    gradient: Any
    flags: int
    empty_row: int
    shape: tuple[int, ...]

    def refuse_empty_row(self) -> None:
        """Raise if all logits of a row are -inf or masked, naming the first such row."""
        if self.flags & ROW_EMPTY:
            index = tuple(int(i) for i in np.unravel_index(self.empty_row, self.shape))
            raise InputValueError(
                "Every row of `logits` must have a possible class, but all entries are -inf or "
                f"masked at {place(index)}. Drop the row."
            )


def can_fuse(*arrays: Array) -> bool:
    """Return whether the core is there and can take float arrays of one shape like these."""
    return (
        core() is not None
        and all(type(array) in (np.ndarray, np.memmap) for array in arrays)
        and all(array.dtype.char in "fd" for array in arrays[:1])
        and arrays[0].ndim > 0
        and all(array.shape == arrays[0].shape for array in arrays[1:])
    )


def fused_cross_entropy(
    logits: np.ndarray,
    /,
    *,
    labels: np.ndarray | None = None,
    targets: np.ndarray | None = None,
    axis: int = -1,
    where: np.ndarray | None = None,
    smoothing: float = 0.0,
    weight: np.ndarray | None = None,
    tolerance: float = 1e-5,
    losses: bool = True,
    gradient: bool = True,
    out: np.ndarray | None = None,
) -> Fused:
    """Return cross-entropy losses and gradients against labels or targets.

    The arguments are checked, but for the range of the labels and the values of the targets:
    those come back as flags.  A row of targets whose sum is further than `tolerance` from 1
    raises a flag, and perhaps one that is nearly so.
    """
    call = _Call(logits, axis, where, weight)
    numbers: dict[str, Any] = {"labels": None, "short_labels": None}
    if labels is not None:
        short = labels.dtype == np.int32
        numbers["short_labels" if short else "labels"] = np.require(
            labels, np.int32 if short else np.int64, ["C", "A"]
        ).reshape(-1)
    # Half the tolerance: the core's sums are not to the last bit those of the check.
    options = {"smoothing": smoothing, "tolerance": tolerance / 2}
    rows = None if targets is None else call.rows(targets)
    return call.run(core().cross_entropy, losses, gradient, out, targets=rows, **numbers, **options)


def fused_binary_cross_entropy(
    logits: np.ndarray,
    targets: np.ndarray,
    /,
    *,
    axis: int = -1,
    where: np.ndarray | None = None,
    smoothing: float = 0.0,
    weight: Any = None,
    losses: bool = True,
    gradient: bool = True,
    out: np.ndarray | None = None,
) -> Fused:
    """Return binary cross-entropy losses, summed over `axis`, and gradients.

    The arguments are checked, but for the range of the targets, which comes back as a flag.
    """
    call = _Call(logits, axis, where, weight)
    return call.run(
        core().binary_cross_entropy,
        losses,
        gradient,
        out,
        targets=call.rows(targets),
        smoothing=smoothing,
    )


class _Call:
    """The arrays of one call in the layout of the core: (rows, K), contiguous, native."""

    def __init__(
        self, logits: np.ndarray, axis: int, where: np.ndarray | None, weight: Any
    ) -> None:
        self.axis = axis % logits.ndim
        self.dtype = logits.dtype.newbyteorder("=")
        self.moved_shape = np.moveaxis(logits, self.axis, -1).shape
        self.n_columns = self.moved_shape[-1]
        self.logits = self.rows(logits)
        self.mask = None if where is None else self._mask(np.broadcast_to(where, logits.shape))
        self.weight = weight
        if weight is not None:
            self.weight = np.empty(self.n_columns, dtype=self.dtype)
            self.weight[:] = weight

    def rows(self, array: np.ndarray) -> np.ndarray:
        moved = array if self.axis == array.ndim - 1 else np.moveaxis(array, self.axis, -1)
        flat = np.require(moved, self.dtype, ["C", "A"]).reshape(-1, self.n_columns)
        return flat.view(np.ndarray)

    def _mask(self, where: np.ndarray) -> np.ndarray | None:
        moved = np.moveaxis(where, self.axis, -1)
        if moved.size == 0:
            return None
        steps = zip(moved.shape[:-1], moved.strides[:-1], strict=True)
        if all(length == 1 or step == 0 for length, step in steps):
            moved = moved[(0,) * (moved.ndim - 1)]  # one mask for all rows
        return np.ascontiguousarray(moved).view(np.uint8)

    def _writable_rows(self, out: np.ndarray | None, inputs: list[Any]) -> np.ndarray | None:
        """Return `out` as rows if the core can write into it while it reads."""
        if (
            out is None
            or self.axis != out.ndim - 1
            or out.dtype != self.dtype
            or not (out.flags.c_contiguous and out.flags.aligned)
        ):
            return None
        rows = out.reshape(self.logits.shape).view(np.ndarray)
        others = [array for array in inputs if array is not None]
        if rows.ctypes.data != self.logits.ctypes.data:
            others.append(self.logits)
        if any(np.may_share_memory(rows, array) for array in others):
            return None
        return rows

    def run(
        self, kernel: Any, losses: bool, gradient: bool, out: np.ndarray | None, **inputs: Any
    ) -> Fused:
        slopes = None
        arrays = [a for a in inputs.values() if isinstance(a, np.ndarray)]
        n_rows = len(self.logits)
        if gradient:
            slopes = self._writable_rows(out, [*arrays, self.mask, self.weight])
            direct = slopes is not None
            if slopes is None:
                slopes = np.empty(self.logits.shape, dtype=self.dtype)
        values = np.empty(n_rows, dtype=self.dtype) if losses else None
        found = kernel(
            logits=self.logits,
            mask=self.mask,
            weight=self.weight,
            losses=values,
            gradient=slopes,
            **inputs,
        )
        flags, empty_row = found if isinstance(found, tuple) else (found, -1)
        if slopes is not None:
            slopes = slopes.reshape(self.moved_shape)
            if self.axis != len(self.moved_shape) - 1:
                slopes = np.moveaxis(slopes, -1, self.axis)
            if out is not None:
                if not direct and not flags:
                    np.copyto(out, slopes, casting="same_kind")
                slopes = out
        shape = self.moved_shape[:-1]
        if values is not None:
            values = values.reshape(shape)[()]
        return Fused(values, slopes, flags, empty_row, shape)
