"""Binary cross-entropy of logits against labels that are not exclusive.

Writing z for a logit and t for its target (0, 1, a probability, or NaN if missing):

    loss(z, t)     = sum over labels of w t softplus(-z) + (1 - t) softplus(z)
    gradient(z, t) = sigmoid(z) (w t + 1 - t) - w t,  that is  probs - targets at w = 1

The trap: a mean over the labels instead of the sum divides the gradient by their
number, and a network with ten sigmoid outputs then learns ten times more slowly.
"""

from dataclasses import dataclass
from typing import Any

from headway._array import Array, as_array, like, namespace, quiet, to_floating, wide_sum
from headway._check import (
    check_fraction,
    check_logits,
    check_mask,
    check_multilabel_targets,
    check_positive_weight,
)
from headway.kernels import sigmoid
from headway.kernels.fused import can_fuse, fused_binary_cross_entropy
from headway.links.sigmoid import binary_cells
from headway.losses.out import check_out, write

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "binary_cross_entropy_with_gradient",
]


def binary_cross_entropy(
    logits: Array,
    targets: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    positive_weight: Array | float | None = None,
) -> Array:
    """Return the binary cross-entropy of each sample, summed over its labels, in nats.

    Parameters
    ----------
    logits : array of shape (n, L), or any shape with the labels along `axis`
        Log-odds of each label.  A binary problem is one column, shape (n, 1); a
        1-D array is ONE sample with many labels.
    targets : array of the shape of `logits`
        0 or 1 (or a probability) for each label; NaN where it is missing, which
        adds nothing.
    axis : int, default=-1
        The axis of the labels, which is summed over.
    where : bool array that broadcasts to `logits`, optional
        False for cells that take no part.
    label_smoothing : float, default=0.0
        Pulls each target towards 1/2: t (1 - a) + a / 2, for 0 <= a < 1.
    positive_weight : float or array of shape (L,), optional
        Positive finite weights of the present labels.

    Returns
    -------
    array of shape (n,)
        Non-negative losses in the dtype of `logits`.  At an infinite logit: 0
        where it agrees with the target, +inf where it does not.

    Raises
    ------
    InputTypeError
        If `logits` or `targets` are not real, or `where` is not boolean.
    InputValueError
        If shapes disagree or a target is outside 0..1; the message names the cell.

    References
    ----------
    Good (1952), "Rational Decisions", JRSS B 14(1).

    Examples
    --------
    >>> binary_cross_entropy([[0.0, 0.0, 9.0]], [[1.0, 0.0, float("nan")]])  # 2 log 2
    array([1.38629436])
    """
    task = _task(logits, axis, where, label_smoothing, positive_weight)
    return task.against(targets, losses=True)[0]


def binary_cross_entropy_gradient(
    logits: Array,
    targets: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    positive_weight: Array | float | None = None,
) -> Array:
    """Return the derivative of `binary_cross_entropy` by the logits: probs minus targets.

    Parameters
    ----------
    logits, targets, axis, where, label_smoothing, positive_weight
        As for `binary_cross_entropy`.

    Returns
    -------
    array of the shape of `logits`
        0 at missing and masked cells; finite everywhere the logits are not NaN.

    Raises
    ------
    InputTypeError, InputValueError
        As for `binary_cross_entropy`.

    Examples
    --------
    >>> binary_cross_entropy_gradient([[0.0, 0.0, 9.0]], [[1.0, 0.0, float("nan")]])
    array([[-0.5,  0.5,  0. ]])
    """
    task = _task(logits, axis, where, label_smoothing, positive_weight)
    return task.against(targets, gradient=True)[1]


def binary_cross_entropy_with_gradient(
    logits: Array,
    targets: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    positive_weight: Array | float | None = None,
    out: Array | None = None,
) -> tuple[Array, Array]:
    """Return `binary_cross_entropy` and its gradient, in one read of the logits.

    Parameters
    ----------
    logits, targets, axis, where, label_smoothing, positive_weight
        As for `binary_cross_entropy`.
    out : array of the shape of `logits` and the dtype of the gradient, optional
        Receives the gradient.  It may be `logits` themselves, which are then
        overwritten, and saves the time that fresh memory takes.  After an error
        it holds anything.

    Returns
    -------
    losses : array of shape (n,)
        As from `binary_cross_entropy`.
    gradient : array of the shape of `logits`
        As from `binary_cross_entropy_gradient`; `out` if that is given.

    Raises
    ------
    InputTypeError, InputValueError
        As for `binary_cross_entropy`; and if `out` is no writable array of the right
        shape and dtype.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.array([[0.0, 0.0, 9.0]])
    >>> losses, gradient = binary_cross_entropy_with_gradient(
    ...     logits, [[1.0, 0.0, float("nan")]], out=logits
    ... )
    >>> losses, gradient, gradient is logits
    (array([1.38629436]), array([[-0.5,  0.5,  0. ]]), True)
    """
    task = _task(logits, axis, where, label_smoothing, positive_weight, out)
    return task.against(targets, losses=True, gradient=True)


@dataclass(frozen=True)
class _Task:
    """Checked arguments but for the targets; logits of at least 32 bits."""

    logits: Array
    where: Array | None
    smoothing: float
    weight: Array | None
    dtype: Any
    axis: int
    out: Array | None
    xp: Any

    def against(
        self, targets: Array, *, losses: bool = False, gradient: bool = False
    ) -> tuple[Any, Any]:
        """Return losses and gradient, None for what is not wanted."""
        targets = as_array(targets)
        xp = namespace(self.logits, targets)
        targets, _ = to_floating(targets, xp, name="targets")
        shape = tuple(self.logits.shape)
        if can_fuse(self.logits, targets):
            # Rounded to fewer bits, a wrong target could pass.
            if targets.dtype.itemsize > self.logits.dtype.itemsize:
                check_multilabel_targets(targets, xp, shape=shape)
            return self._fused(targets, losses, gradient)
        check_multilabel_targets(targets, xp, shape=shape)
        return self._by_arrays(targets, losses, gradient)

    def _fused(self, targets: Array, losses: bool, gradient: bool) -> tuple[Any, Any]:
        fused = fused_binary_cross_entropy(
            self.logits,
            targets,
            axis=self.axis,
            where=self.where,
            smoothing=self.smoothing,
            weight=self.weight,
            losses=losses,
            gradient=gradient,
            out=self.out,
        )
        if fused.flags:
            check_multilabel_targets(targets, self.xp, shape=tuple(self.logits.shape))
        values, slopes = fused.losses, fused.gradient
        if values is not None:
            values = values.astype(self.dtype, copy=False)
        if slopes is not None and self.out is None:
            slopes = slopes.astype(self.dtype, copy=False)
        return values, slopes

    @quiet
    def _by_arrays(self, targets: Array, losses: bool, gradient: bool) -> tuple[Any, Any]:
        xp, logits = self.xp, self.logits
        targets = xp.astype(targets, logits.dtype, copy=False)
        if self.smoothing > 0:
            targets = (1 - self.smoothing) * targets + self.smoothing / 2
        if self.where is not None:
            # A masked cell is a missing one, whatever stands there.
            targets = xp.where(self.where, targets, xp.full_like(targets, float("nan")))
            logits = xp.where(self.where, logits, xp.zeros_like(logits))
        logits, targets = (xp.moveaxis(array, self.axis, -1) for array in (logits, targets))
        values = slopes = None
        if losses:
            cells = binary_cells(logits, targets, self.weight)
            values = xp.astype(wide_sum(cells, xp, axis=-1), self.dtype, copy=False)
        if gradient:
            present = targets if self.weight is None else targets * self.weight
            slopes = sigmoid(logits) * (present + (1 - targets)) - present
            slopes = xp.where(xp.isnan(targets), xp.zeros_like(slopes), slopes)
            slopes = xp.moveaxis(xp.astype(slopes, self.dtype, copy=False), -1, self.axis)
            slopes = write(slopes, self.out)
        return values, slopes


def _task(
    logits: Array,
    axis: int,
    where: Array | None,
    label_smoothing: float,
    positive_weight: Array | float | None,
    out: Array | None = None,
) -> _Task:
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
    if positive_weight is not None:
        weight = like(positive_weight, wide, xp)
        check_positive_weight(weight, xp, n_labels=wide.shape[axis])
    if out is not None:
        check_out(out, logits, dtype)
    return _Task(wide, where, smoothing, weight, dtype, axis, out, xp)
