"""Cross-entropy behind its doors: arguments once checked, by the compiled core or array by array.

    mass = (t (1 - a) + a / possible classes) * weight,   t one-hot for a label

    loss     = -sum(mass * log_softmax(z))
    gradient = softmax(z) * sum(mass) - mass

The trap: smoothing must not give mass to a class that is masked or impossible.
"""

from dataclasses import dataclass
from typing import Any

from headway._array import Array, as_array, like, namespace, quiet, to_floating, wide_sum
from headway._check import (
    check_class_weight,
    check_fraction,
    check_labels,
    check_logits,
    check_mask,
    check_soft_targets,
    first_index,
    place,
)
from headway.errors import InputValueError
from headway.kernels import log_softmax, softmax
from headway.kernels.fused import (
    LABEL_OUTSIDE,
    MASS_MASKED,
    TARGET_WRONG,
    can_fuse,
    fused_cross_entropy,
)
from headway.links.softmax import expected_nats
from headway.losses.out import check_out, write

__all__ = ["ExclusiveTask", "exclusive_task"]


@dataclass(frozen=True)
class ExclusiveTask:
    """Checked arguments but for labels and targets; logits of at least 32 bits."""

    logits: Array
    where: Array | None
    smoothing: float
    weight: Array | None
    dtype: Any
    axis: int
    out: Array | None
    xp: Any

    def against_labels(
        self, labels: Array, *, losses: bool = False, gradient: bool = False
    ) -> tuple[Any, Any]:
        """Return losses and gradient against labels, None for what is not wanted."""
        labels = as_array(labels)
        xp = namespace(self.logits, labels)
        shape = tuple(self.logits.shape)
        shape = shape[: self.axis] + shape[self.axis + 1 :]
        if can_fuse(self.logits):
            check_labels(labels, xp, shape=shape)
            fused = self._fused(losses, gradient, labels=labels)
            if fused.flags & LABEL_OUTSIDE:
                check_labels(labels, xp, shape=shape, n_classes=self.logits.shape[self.axis])
            if fused.flags & MASS_MASKED:
                self._refuse_masked_mass(self._one_hot(xp.astype(labels, xp.int64)))
            return self._finish(fused)
        check_labels(labels, xp, shape=shape, n_classes=self.logits.shape[self.axis])
        labels = xp.astype(labels, xp.int64, copy=False)
        one_hot = None
        if self.where is not None or gradient or self.smoothing > 0 or self.weight is not None:
            one_hot = self._one_hot(labels)
            self._refuse_masked_mass(one_hot)
        values = slopes = None
        if losses:
            log_probs = log_softmax(self._rows, where=self._mask)
            if self.smoothing == 0 and self.weight is None:
                values = 0 - xp.take_along_axis(log_probs, labels[..., None], axis=-1)[..., 0]
            else:
                values = expected_nats(log_probs, self._mass(one_hot))
            values = xp.astype(values, self.dtype, copy=False)
        if gradient:
            slopes = self._gradient(one_hot)
        return values, slopes

    def against_targets(
        self, targets: Array, *, losses: bool = False, gradient: bool = False
    ) -> tuple[Any, Any]:
        """Return losses and gradient against targets, None for what is not wanted."""
        targets = as_array(targets)
        xp = namespace(self.logits, targets)
        wide, dtype = to_floating(targets, xp, name="targets")
        half = wide.dtype != dtype
        if can_fuse(self.logits, wide):
            # Rounded to fewer bits, a wrong target could pass.
            if wide.dtype.itemsize > self.logits.dtype.itemsize:
                self._check_targets(wide, half)
            tolerance = 1e-2 if half else 1e-5
            fused = self._fused(losses, gradient, targets=wide, tolerance=tolerance)
            if fused.flags & TARGET_WRONG:
                self._check_targets(wide, half)
            if fused.flags & MASS_MASKED:
                self._refuse_masked_mass(xp.moveaxis(wide, self.axis, -1))
            return self._finish(fused)
        moved = self._check_targets(wide, half)
        targets = xp.astype(moved, self.logits.dtype, copy=False)
        self._refuse_masked_mass(targets)
        values = slopes = None
        if losses:
            log_probs = log_softmax(self._rows, where=self._mask)
            values = expected_nats(log_probs, self._mass(targets))
            values = xp.astype(values, self.dtype, copy=False)
        if gradient:
            slopes = self._gradient(targets)
        return values, slopes

    # -- by the compiled core ----------------------------------------------------------------

    def _fused(self, losses: bool, gradient: bool, **against: Any) -> Any:
        return fused_cross_entropy(
            self.logits,
            axis=self.axis,
            where=self.where,
            smoothing=self.smoothing,
            weight=self.weight,
            losses=losses,
            gradient=gradient,
            out=self.out,
            **against,
        )

    def _finish(self, fused: Any) -> tuple[Any, Any]:
        fused.refuse_empty_row()
        values, slopes = fused.losses, fused.gradient
        if values is not None:
            values = values.astype(self.dtype, copy=False)
        if slopes is not None and self.out is None:
            slopes = slopes.astype(self.dtype, copy=False)
        return values, slopes

    # -- array by array ----------------------------------------------------------------------

    @property
    def _rows(self) -> Array:
        return self.xp.moveaxis(self.logits, self.axis, -1)

    @property
    def _mask(self) -> Array | None:
        if self.where is None:
            return None
        whole = self.xp.broadcast_to(self.where, tuple(self.logits.shape))
        return self.xp.moveaxis(whole, self.axis, -1)

    def _check_targets(self, wide: Array, half: bool) -> Array:
        """Return the targets with the classes along the last axis, or raise."""
        xp = self.xp
        if wide.ndim == self.logits.ndim:
            wide = xp.moveaxis(wide, self.axis, -1)
        check_soft_targets(wide, xp, shape=tuple(self._rows.shape), half=half)
        return wide

    def _refuse_masked_mass(self, targets: Array) -> None:
        if self.where is None:
            return
        masked = (targets > 0) & ~self._mask  # type: ignore[operator]
        if bool(self.xp.any(masked)):
            index = first_index(masked, self.xp)
            raise InputValueError(
                f"The true class must not be masked, but `where` is False for class {index[-1]} "
                f"at {place(index[:-1])}. Allow the class there, or drop the row."
            )

    def _one_hot(self, labels: Array) -> Array:
        classes = self.xp.arange(self.logits.shape[self.axis], device=self.logits.device)
        return self.xp.astype(labels[..., None] == classes, self.logits.dtype)

    @quiet
    def _mass(self, targets: Array) -> Array:
        """Return the targets after smoothing and weighting."""
        xp = self.xp
        if self.smoothing > 0:
            possible = ~(self._rows == -float("inf"))
            if self.where is not None:
                possible = possible & self._mask
            share = xp.astype(possible, self.logits.dtype)
            share = share / wide_sum(share, xp, axis=-1, keepdims=True)
            targets = (1 - self.smoothing) * targets + self.smoothing * share
        return targets if self.weight is None else targets * self.weight

    @quiet
    def _gradient(self, targets: Array) -> Array:
        xp = self.xp
        mass = self._mass(targets)
        probs = softmax(self._rows, where=self._mask)
        if self.weight is not None:
            probs = probs * wide_sum(mass, xp, axis=-1, keepdims=True)
        gradient = xp.astype(probs - mass, self.dtype, copy=False)
        return write(xp.moveaxis(gradient, -1, self.axis), self.out)


def exclusive_task(
    logits: Array,
    axis: int,
    where: Array | None,
    label_smoothing: float,
    class_weight: Array | None,
    out: Array | None = None,
) -> ExclusiveTask:
    """Return the checked task of one call."""
    logits = as_array(logits)
    xp = namespace(logits)
    smoothing = check_fraction(label_smoothing, "label_smoothing")
    wide, dtype = to_floating(logits, xp)
    axis = check_logits(wide, axis=axis)
    if where is not None:
        where = as_array(where)
        namespace(wide, where)
        check_mask(where, tuple(wide.shape), xp)
    weight = None
    if class_weight is not None:
        weight = like(class_weight, wide, xp)
        check_class_weight(weight, xp, n_classes=wide.shape[axis])
    if out is not None:
        check_out(out, logits, dtype)
    return ExclusiveTask(wide, where, smoothing, weight, dtype, axis, out, xp)
