"""Targets: the rows of numbers that a loss compares with probabilities.

    one-hot      t[k] = 1 if k is the label, else 0
    smoothed     (1 - a) t + a / K      exclusive classes: mass a spread over K classes
                 (1 - a) t + a / 2      independent labels: each its own pair (no, yes)

The trap is a masked class: spreading mass over it asks for a probability the model cannot
give, and the loss becomes infinite.  The mass goes to the allowed classes only.
"""

from typing import Any

import numpy as np

from headway._array import namespace
from headway.errors import InputTypeError, InputValueError

__all__ = ["one_hot", "smooth_targets", "to_targets"]


def one_hot(
    labels: Any, n_classes: int | None = None, /, *, axis: int = -1, dtype: Any = None
) -> Any:
    """Return one-hot rows: 1 at the place of each label, 0 elsewhere.

    Parameters
    ----------
    labels : integer array of any shape, NumPy or torch
        Labels in 0..K-1.
    n_classes : int, optional
        The number of classes K; by default the largest label plus one.
    axis : int
        Where the new axis of length K stands in the result.
    dtype : dtype, optional
        Of the result; by default the backend's usual floating type (NumPy: float64).

    Returns
    -------
    array
        The shape of `labels` with K inserted at `axis`; same backend and device.

    Raises
    ------
    InputTypeError
        If `labels` are not integers.
    InputValueError
        If a label is outside 0..K-1, or K is zero or cannot be known (no labels at all).

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    if not hasattr(labels, "dtype"):
        # NumPy makes an empty list floating, yet it holds no label that is not an integer.
        labels = np.asarray(labels, dtype=None if np.size(labels) else np.int64)
    xp = namespace(labels)
    if not xp.isdtype(labels.dtype, "integral"):
        raise InputTypeError(
            f"`labels` must be integers, got dtype {labels.dtype}. "
            "Encode class names with `LabelEncoder` first."
        )
    size = int(np.prod(labels.shape))
    if n_classes is None:
        if not size:
            raise InputValueError(
                "`n_classes` must be given when there are no labels to read it from, "
                f"got labels of shape {tuple(labels.shape)}. Pass it as the second argument."
            )
        n_classes = int(xp.max(labels)) + 1 if int(xp.min(labels)) >= 0 else 1
    if n_classes < 1:
        raise InputValueError(
            f"`n_classes` must be at least 1, got {n_classes}. Pass the number of classes."
        )
    if size and (int(xp.min(labels)) < 0 or int(xp.max(labels)) >= n_classes):
        outside = xp.reshape((labels < 0) | (labels >= n_classes), (-1,))
        first = int(xp.argmax(xp.astype(outside, xp.int8)))
        place = np.unravel_index(first, tuple(labels.shape))
        row = int(place[0]) if len(place) == 1 else tuple(int(index) for index in place)
        raise InputValueError(
            f"`labels` must be in 0..{n_classes - 1}, got {int(xp.reshape(labels, (-1,))[first])} "
            f"at row {row}. Encode class names with `LabelEncoder` first."
        )
    n_dimensions = labels.ndim + 1
    if not -n_dimensions <= axis < n_dimensions:
        raise InputValueError(f"`axis` must be in {-n_dimensions}..{n_dimensions - 1}, got {axis}.")
    device = {} if isinstance(labels, np.ndarray) else {"device": labels.device}
    if dtype is None:
        dtype = xp.empty((0,), **device).dtype
    # int64, since a narrow label dtype may not be able to count up to K.
    places = xp.arange(n_classes, dtype=xp.int64, **device)
    equal = xp.astype(labels, xp.int64)[..., None] == places
    return xp.moveaxis(xp.astype(equal, dtype), -1, axis)


def to_targets(labels: Any, kind: str, n_logits: int, /, *, dtype: Any = np.float64) -> np.ndarray:
    """Return the targets of encoded labels: one row for each row of logits.

    Parameters
    ----------
    labels : integer array of shape (n,), or 0/1/NaN matrix of shape (n, L)
        As `LabelEncoder.transform` returns them.
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    n_logits : int
        Columns of logits: 1, K or L.
    dtype : floating dtype
        Of the result.

    Returns
    -------
    ndarray of shape (n, n_logits)
        binary: the label itself, 0 or 1, in one column.  exclusive: one-hot rows.
        multilabel: the matrix, NaN where a label is missing.

    Examples
    --------
    >>> to_targets(np.array([0, 1]), "binary", 1).tolist()
    [[0.0], [1.0]]
    >>> to_targets(np.array([2]), "exclusive", 3).tolist()
    [[0.0, 0.0, 1.0]]
    """
    labels = np.asarray(labels)
    if kind == "exclusive":
        return one_hot(labels, n_logits, dtype=np.dtype(dtype))
    if kind == "binary":
        if n_logits != 1:
            raise InputValueError(f"Binary labels have one logit, got n_logits={n_logits}.")
        # One-hot checks dtype and range; its second column is the label.
        return one_hot(labels, 2, dtype=np.dtype(dtype))[:, 1:]
    if kind != "multilabel":
        raise InputValueError(
            f"`kind` must be 'binary', 'exclusive' or 'multilabel', got {kind!r}."
        )
    if labels.ndim != 2 or labels.shape[1] != n_logits:
        raise InputValueError(
            f"Multi-label `labels` must have shape (n, {n_logits}), got {labels.shape}."
        )
    return labels.astype(dtype)


def smooth_targets(targets: Any, amount: float, /, *, exclusive: bool, where: Any = None) -> Any:
    """Return targets with a share `amount` of their mass spread out.

    Parameters
    ----------
    targets : floating array of shape (n, K), NumPy or torch
        Rows of targets; NaN (a missing cell) stays NaN.
    amount : float
        How much to spread, in 0..1 (1 leaves nothing of the targets).
    exclusive : bool
        True: rows are distributions over K classes, and the mass goes to all allowed
        classes alike.  False: each cell is its own question (also the one column of
        binary labels), and is drawn towards 1/2.
    where : boolean array of shape (n, K) or (K,), optional
        The allowed classes; cells that are not allowed stay as they are.

    Raises
    ------
    InputValueError
        If `amount` is outside 0..1, or exclusive rows have one column only.

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna (2016), "Rethinking the Inception
    Architecture for Computer Vision", CVPR.

    Examples
    --------
    >>> smooth_targets(np.array([[0.0, 1.0]]), 0.25, exclusive=True).tolist()
    [[0.125, 0.875]]
    """
    if not 0 <= amount <= 1:
        raise InputValueError(
            f"`amount` of label smoothing must be in 0..1, got {amount}. Try 0.1."
        )
    xp = namespace(targets)
    if exclusive and targets.shape[-1] == 1:
        raise InputValueError(
            "Exclusive targets must have at least 2 columns, got 1. Binary labels in one "
            "column are smoothed with exclusive=False."
        )
    if where is None:
        share = 1 / targets.shape[-1] if exclusive else 0.5
        return (1 - amount) * targets + amount * share
    allowed = xp.astype(where, targets.dtype) + xp.zeros_like(targets)
    share = 0.5
    if exclusive:
        count = xp.sum(allowed, axis=-1, keepdims=True)
        share = 1 / xp.where(count == 0, xp.ones_like(count), count)
    return xp.where(allowed == 1, (1 - amount) * targets + amount * share, targets)
