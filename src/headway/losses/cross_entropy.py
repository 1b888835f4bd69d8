"""Cross-entropy of logits against integer labels, with its gradient.

Writing z for a row of logits and y for its label:

    loss(z, y)     = logsumexp(z) - z[y]
    gradient(z, y) = softmax(z) - one_hot(y)

Label smoothing moves the share `a` of the mass evenly to all possible classes;
class weights multiply the mass of their class.  The trap: log(softmax(z)) loses
every digit once the smaller probability underflows.
"""

from headway._array import Array
from headway.losses.exclusive import exclusive_task

__all__ = ["cross_entropy", "cross_entropy_gradient", "cross_entropy_with_gradient"]


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
    task = exclusive_task(logits, axis, where, label_smoothing, class_weight)
    return task.against_labels(labels, losses=True)[0]


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
    task = exclusive_task(logits, axis, where, label_smoothing, class_weight)
    return task.against_labels(labels, gradient=True)[1]


def cross_entropy_with_gradient(
    logits: Array,
    labels: Array,
    /,
    *,
    axis: int = -1,
    where: Array | None = None,
    label_smoothing: float = 0.0,
    class_weight: Array | None = None,
    out: Array | None = None,
) -> tuple[Array, Array]:
    """Return `cross_entropy` and `cross_entropy_gradient`, in one read of the logits.

    Parameters
    ----------
    logits, labels, axis, where, label_smoothing, class_weight
        As for `cross_entropy`.
    out : array of the shape of `logits` and the dtype of the gradient, optional
        Receives the gradient.  It may be `logits` themselves, which are then
        overwritten, and saves the time that fresh memory takes.  After an error
        it holds anything.

    Returns
    -------
    losses : array of shape (n,)
        As from `cross_entropy`.
    gradient : array of the shape of `logits`
        As from `cross_entropy_gradient`; `out` if that is given.

    Raises
    ------
    InputTypeError, InputValueError
        As for `cross_entropy`; and if `out` is no writable array of the right shape
        and dtype.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.array([[0.0, 0.0]])
    >>> cross_entropy_with_gradient(logits, [1], out=logits)
    (array([0.69314718]), array([[ 0.5, -0.5]]))
    >>> logits
    array([[ 0.5, -0.5]])
    """
    task = exclusive_task(logits, axis, where, label_smoothing, class_weight, out)
    return task.against_labels(labels, losses=True, gradient=True)
