"""Cross-entropy of logits against integer labels or soft targets, with its gradient.

Writing z for a row of logits, y for its label and t for a row of targets:

    loss(z, y)     = logsumexp(z) - z[y]
    loss(z, t)     = -sum(t * log_softmax(z))
    gradient(z, t) = softmax(z) * sum(t) - t

Label smoothing moves the share `a` of the mass evenly to all possible classes;
class weights multiply the mass of their class.  The trap: log(softmax(z)) loses
every digit once the smaller probability underflows, and smoothing must not give
mass to a class that is masked.
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
from headway.links.softmax import expected_nats

__all__ = [
    "cross_entropy",
    "cross_entropy_gradient",
    "soft_cross_entropy",
    "soft_cross_entropy_gradient",
]


def cross_entropy(
    logits: Array,
    labels: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    class_weight: Array | None = None,
) -> Array:
    """Return the cross-entropy of each sample against its label, in nats.

    Parameters
    ----------
    logits : array of shape (n, K), or any shape with the classes along `axis`
        Unnormalised log-probabilities; adding a constant to a row changes nothing.
    labels : integer array of shape (n,), or the shape of `logits` without `axis`
        True classes, each in 0..K-1.
    axis : int, default=-1
        The axis of the classes.
    where : bool array that broadcasts to `logits`, optional
        False for classes that take no part; a label must not be one of them.
    label_smoothing : float, default=0.0
        Share of the mass, 0 <= share < 1, spread evenly over the possible classes:
        those that are neither masked nor at a logit of -inf.
    class_weight : array of shape (K,), optional
        Finite weights, at least 0, that multiply each class's mass.

    Returns
    -------
    array of shape (n,)
        Non-negative losses in the dtype of `logits`; +inf where the label's logit
        is -inf.  Average them with `weighted_mean`; no reduction is done here.

    Raises
    ------
    InputTypeError
        If `logits` are not real or `labels` are not integers.
    InputValueError
        If shapes disagree, a label is outside 0..K-1 or masked, or a row has no
        possible class; the message names the first such row.

    See Also
    --------
    soft_cross_entropy : the same loss against rows of target probabilities.

    References
    ----------
    Good (1952), "Rational Decisions", JRSS B 14(1).
    Szegedy et al. (2016), "Rethinking the Inception Architecture", CVPR (smoothing).

    Examples
    --------
    >>> cross_entropy([[0.0, 0.0], [0.0, 200.0]], [0, 0])
    array([  0.69314718, 200.        ])
    """
    task = _task(logits, axis, where, label_smoothing, class_weight)
    labels = task.check_labels(labels)
    log_probs = log_softmax(task.logits, where=task.where)
    if task.smoothing == 0 and task.weight is None:
        xp = task.xp
        losses = 0 - xp.take_along_axis(log_probs, labels[..., None], axis=-1)[..., 0]
    else:
        losses = expected_nats(log_probs, task.mass(task.one_hot(labels)))
    return task.xp.astype(losses, task.dtype, copy=False)


def cross_entropy_gradient(
    logits: Array,
    labels: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    class_weight: Array | None = None,
) -> Array:
    """Return the derivative of `cross_entropy` by the logits: softmax minus one-hot.

    Parameters
    ----------
    logits, labels, axis, where, label_smoothing, class_weight
        As for `cross_entropy`.

    Returns
    -------
    array of the shape of `logits`
        One row for each sample, not divided by their number; finite even where
        the loss is infinite; rows sum to 0.

    Raises
    ------
    InputTypeError, InputValueError
        As for `cross_entropy`.

    Examples
    --------
    >>> cross_entropy_gradient([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    """
    task = _task(logits, axis, where, label_smoothing, class_weight)
    return task.gradient(task.one_hot(task.check_labels(labels)))


def soft_cross_entropy(
    logits: Array,
    targets: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    class_weight: Array | None = None,
) -> Array:
    """Return the cross-entropy of each sample against target probabilities, in nats.

    Parameters
    ----------
    logits : array of shape (n, K), or any shape with the classes along `axis`
        Unnormalised log-probabilities.
    targets : array of the shape of `logits`
        Rows that are at least 0 and sum to 1.  A target of 0 adds 0, even at a
        logit of -inf.
    axis, where, label_smoothing, class_weight
        As for `cross_entropy`.

    Returns
    -------
    array of shape (n,)
        Losses in the dtype of `logits`, least (the entropy of the targets) where
        the probabilities equal the targets.

    Raises
    ------
    InputTypeError
        If `logits` or `targets` are not real.
    InputValueError
        If shapes disagree, a target is negative or NaN, a row does not sum to 1 or
        gives mass to a masked class; the message names the first such row.

    References
    ----------
    Good (1952), "Rational Decisions", JRSS B 14(1).

    Examples
    --------
    >>> soft_cross_entropy([[0.0, 0.0]], [[0.25, 0.75]])
    array([0.69314718])
    """
    task = _task(logits, axis, where, label_smoothing, class_weight)
    targets = task.check_targets(targets)
    log_probs = log_softmax(task.logits, where=task.where)
    return task.xp.astype(expected_nats(log_probs, task.mass(targets)), task.dtype, copy=False)


def soft_cross_entropy_gradient(
    logits: Array,
    targets: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    class_weight: Array | None = None,
) -> Array:
    """Return the derivative of `soft_cross_entropy` by the logits: probs minus targets.

    Parameters
    ----------
    logits, targets, axis, where, label_smoothing, class_weight
        As for `soft_cross_entropy`.

    Returns
    -------
    array of the shape of `logits`
        One row for each sample, not divided by their number.

    Raises
    ------
    InputTypeError, InputValueError
        As for `soft_cross_entropy`.

    Examples
    --------
    >>> soft_cross_entropy_gradient([[0.0, 0.0]], [[0.25, 0.75]])
    array([[ 0.25, -0.25]])
    """
    task = _task(logits, axis, where, label_smoothing, class_weight)
    return task.gradient(task.check_targets(targets))


@dataclass(frozen=True)
class _Task:
    """Checked arguments, with the classes along the last axis and at least 32 bits."""

    logits: Array
    where: Array | None
    smoothing: float
    weight: Array | None
    dtype: Any
    axis: int
    xp: Any

    def check_labels(self, labels: Array) -> Array:
        xp, shape = self.xp, tuple(self.logits.shape)
        labels = as_array(labels)
        namespace(self.logits, labels)
        check_labels(labels, xp, shape=shape[:-1], n_classes=shape[-1])
        labels = xp.astype(labels, xp.int64, copy=False)
        if self.where is not None:
            self._refuse_masked_mass(self.one_hot(labels))
        return labels

    def check_targets(self, targets: Array) -> Array:
        xp = self.xp
        targets = as_array(targets)
        namespace(self.logits, targets)
        wide, dtype = to_floating(targets, xp, name="targets")
        if wide.ndim == self.logits.ndim:
            wide = xp.moveaxis(wide, self.axis, -1)
        check_soft_targets(wide, xp, shape=tuple(self.logits.shape), half=wide.dtype != dtype)
        targets = xp.astype(wide, self.logits.dtype, copy=False)
        if self.where is not None:
            self._refuse_masked_mass(targets)
        return targets

    def _refuse_masked_mass(self, targets: Array) -> None:
        masked = (targets > 0) & ~self.where  # type: ignore[operator]
        if bool(self.xp.any(masked)):
            index = first_index(masked, self.xp)
            raise InputValueError(
                f"The true class must not be masked, but `where` is False for class {index[-1]} "
                f"at {place(index[:-1])}. Allow the class there, or drop the row."
            )

    def one_hot(self, labels: Array) -> Array:
        classes = self.xp.arange(self.logits.shape[-1], device=self.logits.device)
        return self.xp.astype(labels[..., None] == classes, self.logits.dtype)

    @quiet
    def mass(self, targets: Array) -> Array:
        """Return the targets after smoothing and weighting."""
        xp = self.xp
        if self.smoothing > 0:
            possible = ~(self.logits == -float("inf"))
            if self.where is not None:
                possible = possible & self.where
            share = xp.astype(possible, self.logits.dtype)
            share = share / wide_sum(share, xp, axis=-1, keepdims=True)
            targets = (1 - self.smoothing) * targets + self.smoothing * share
        return targets if self.weight is None else targets * self.weight

    @quiet
    def gradient(self, targets: Array) -> Array:
        xp = self.xp
        mass = self.mass(targets)
        probs = softmax(self.logits, where=self.where)
        if self.weight is not None:
            probs = probs * wide_sum(mass, xp, axis=-1, keepdims=True)
        gradient = xp.astype(probs - mass, self.dtype, copy=False)
        return xp.moveaxis(gradient, -1, self.axis)


def _task(
    logits: Array,
    axis: int,
    where: Array | None,
    label_smoothing: float,
    class_weight: Array | None,
) -> _Task:
    logits = as_array(logits)
    xp = namespace(logits)
    smoothing = check_fraction(label_smoothing, "label_smoothing")
    logits, dtype = to_floating(logits, xp)
    axis = check_logits(logits, axis=axis)
    if where is not None:
        where = as_array(where)
        namespace(logits, where)
        check_mask(where, tuple(logits.shape), xp)
        where = xp.moveaxis(xp.broadcast_to(where, tuple(logits.shape)), axis, -1)
    logits = xp.moveaxis(logits, axis, -1)
    weight = None
    if class_weight is not None:
        weight = like(class_weight, logits, xp)
        check_class_weight(weight, xp, n_classes=logits.shape[-1])
    return _Task(logits, where, smoothing, weight, dtype, axis, xp)
