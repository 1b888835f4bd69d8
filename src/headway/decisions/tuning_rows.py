"""The rows that a decision is tuned on, checked once at the door."""

from typing import Any

import numpy as np

from headway._check import check_labels, check_probs, checked_cells, first_index, place
from headway.errors import InputValueError

__all__ = ["class_labels", "finite_probs", "label_cells", "refuse_weights"]

ROUNDING = 1e-4  # of a row of float16 probabilities; logits are further off


def finite_probs(probs: Any, /) -> np.ndarray:
    """Return probabilities as a float64 matrix without NaN.

    Raises
    ------
    InputTypeError, InputValueError
        If they are no floating matrix, or one is outside 0..1.

    Examples
    --------
    >>> finite_probs([[0.5, 0.5]])
    array([[0.5, 0.5]])
    """
    probs = np.asarray(probs)
    check_probs(probs, np)
    bad = ~((probs >= 0) & (probs <= 1 + ROUNDING))
    if bad.any():
        index = first_index(bad, np)
        raise InputValueError(
            f"`probs` must be in 0..1, got {probs[index]:g} at {place(index)}. Turn logits into "
            "probabilities first, for example with `softmax`."
        )
    return probs.astype(np.float64)


def class_labels(probs: np.ndarray, labels: Any, /) -> np.ndarray:
    """Return one true class for each of at least one row of probabilities.

    Raises
    ------
    InputTypeError, InputValueError
        If there is no row, or the labels are not integers in 0..K-1, one for each row.

    Examples
    --------
    >>> class_labels(np.array([[0.5, 0.5]]), [1])
    array([1])
    """
    if not len(probs):
        raise InputValueError(
            "`probs` must have at least one row to tune on, got none. Keep some rows back from "
            "training."
        )
    labels = np.asarray(labels)
    if labels.ndim == 2:
        raise InputValueError(
            f"`labels` must be one true class for each row, got a matrix of shape {labels.shape}. "
            "For label sets use RiskControlledSets or LabelThresholds."
        )
    check_labels(labels, np, shape=(len(probs),), n_classes=probs.shape[1])
    return labels.astype(np.int64)


def label_cells(probs: np.ndarray, labels: Any, /) -> tuple[np.ndarray, bool]:
    """Return labels as a 0/1/NaN matrix, and whether they were classes of a binary problem.

    Parameters
    ----------
    probs : float64 array of shape (n, L), or (n, 2) with labels of shape (n,)
        At least one row.
    labels : 0/1/NaN matrix of shape (n, L), or 0/1 integers of shape (n,)

    Returns
    -------
    float64 array of shape (n, L), or (n, 1) for a binary problem; bool

    Raises
    ------
    InputTypeError, InputValueError
        If there is no row, the shapes differ, or there are more than two exclusive classes.

    Examples
    --------
    >>> label_cells(np.array([[0.5, 0.5]]), [1])
    (array([[1.]]), True)
    """
    labels = np.asarray(labels)
    if labels.ndim == 1:
        if probs.shape[1] != 2:
            raise InputValueError(
                f"`labels` must be a matrix of shape {probs.shape} to tune thresholds, got shape "
                f"{labels.shape}. Exclusive classes have one threshold if they are two; for more "
                "of them use `LeastCost`."
            )
        return class_labels(probs, labels)[:, None].astype(np.float64), True
    if not len(probs):
        raise InputValueError(
            "`probs` must have at least one row to tune on, got none. Keep some rows back from "
            "training."
        )
    return checked_cells(labels, probs.shape), False


def refuse_weights(weights: Any, name: str, /) -> None:
    """Raise if there are row weights, under which a promise about new rows does not hold."""
    if weights is not None:
        raise InputValueError(
            f"{name} takes no `weights`, got some: its promise is about rows drawn like the tuning "
            "rows, each as likely as any other, and a repeated row is not a new one. Leave them "
            "out, or tune on rows drawn in these proportions."
        )
