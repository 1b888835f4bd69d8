"""Cross-entropy of logits against soft targets: rows of probabilities.

Writing z for a row of logits and t for its targets:

    loss(z, t)     = -sum(t * log_softmax(z))
    gradient(z, t) = softmax(z) * sum(t) - t

The trap: a target of 0 at a logit of -inf adds 0, not 0 times infinity.
"""

from headway._array import Array
from headway.losses.exclusive import exclusive_task

__all__ = ["soft_cross_entropy", "soft_cross_entropy_gradient", "soft_cross_entropy_with_gradient"]


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
    task = exclusive_task(logits, axis, where, label_smoothing, class_weight)
    return task.against_targets(targets, losses=True)[0]


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
    task = exclusive_task(logits, axis, where, label_smoothing, class_weight)
    return task.against_targets(targets, gradient=True)[1]


def soft_cross_entropy_with_gradient(
    logits: Array,
    targets: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    class_weight: Array | None = None,
    out: Array | None = None,
) -> tuple[Array, Array]:
    """Return `soft_cross_entropy` and `soft_cross_entropy_gradient`, in one read of the logits.

    Parameters
    ----------
    logits, targets, axis, where, label_smoothing, class_weight
        As for `soft_cross_entropy`.
    out : array of the shape of `logits` and the dtype of the gradient, optional
        Receives the gradient.  It may be `logits` themselves, which are then
        overwritten, and saves the time that fresh memory takes.  After an error
        it holds anything.

    Returns
    -------
    losses : array of shape (n,)
        As from `soft_cross_entropy`.
    gradient : array of the shape of `logits`
        As from `soft_cross_entropy_gradient`; `out` if that is given.

    Raises
    ------
    InputTypeError, InputValueError
        As for `soft_cross_entropy`; and if `out` is no writable array of the right shape
        and dtype.

    Examples
    --------
    >>> losses, gradient = soft_cross_entropy_with_gradient([[0.0, 0.0]], [[0.25, 0.75]])
    >>> losses, gradient
    (array([0.69314718]), array([[ 0.25, -0.25]]))
    """
    task = exclusive_task(logits, axis, where, label_smoothing, class_weight, out)
    return task.against_targets(targets, losses=True, gradient=True)
