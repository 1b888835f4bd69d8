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
from headway.links.sigmoid import binary_cells

__all__ = ["binary_cross_entropy", "binary_cross_entropy_gradient"]


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
    task = _task(logits, targets, axis, where, label_smoothing, positive_weight)
    cells = binary_cells(task.logits, task.targets, task.weight)
    return task.xp.astype(wide_sum(cells, task.xp, axis=-1), task.dtype, copy=False)


@quiet
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
    task = _task(logits, targets, axis, where, label_smoothing, positive_weight)
    xp, targets = task.xp, task.targets
    present = targets if task.weight is None else targets * task.weight
    gradient = sigmoid(task.logits) * (present + (1 - targets)) - present
    gradient = xp.where(xp.isnan(targets), xp.zeros_like(gradient), gradient)
    return xp.moveaxis(xp.astype(gradient, task.dtype, copy=False), -1, task.axis)


@dataclass(frozen=True)
class _Task:
    """Checked arguments, with the labels along the last axis and at least 32 bits."""

    logits: Array
    targets: Array
    weight: Array | None
    dtype: Any
    axis: int
    xp: Any


def _task(
    logits: Array,
    targets: Array,
    axis: int,
    where: Array | None,
    label_smoothing: float,
    positive_weight: Array | float | None,
) -> _Task:
    logits, targets = as_array(logits), as_array(targets)
    xp = namespace(logits, targets)
    smoothing = check_fraction(label_smoothing, "label_smoothing")
    logits, dtype = to_floating(logits, xp)
    axis = check_logits(logits, axis=axis)
    shape = tuple(logits.shape)
    targets, _ = to_floating(targets, xp, name="targets")
    check_multilabel_targets(targets, xp, shape=shape)
    targets = xp.astype(targets, logits.dtype, copy=False)
    if smoothing > 0:
        targets = (1 - smoothing) * targets + smoothing / 2
    if where is not None:
        where = as_array(where)
        namespace(logits, where)
        check_mask(where, shape, xp)
        # A masked cell is a missing one, whatever stands there.
        nothing = xp.full_like(targets, float("nan"))
        targets = xp.where(where, targets, nothing)
        logits = xp.where(where, logits, xp.zeros_like(logits))
    logits, targets = xp.moveaxis(logits, axis, -1), xp.moveaxis(targets, axis, -1)
    weight = None
    if positive_weight is not None:
        weight = like(positive_weight, logits, xp)
        check_positive_weight(weight, xp, n_labels=logits.shape[-1])
    return _Task(logits, targets, weight, dtype, axis, xp)
