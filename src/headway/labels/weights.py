"""Weights of classes, given by name or chosen so that every class counts alike.

    exclusive    w[k] = n / (K n_k)             the weights of all rows still sum to n
    multilabel   w[l] = negatives / positives   the weight of a positive cell of label l

Reweighting buys recall of rare classes at a price: the probabilities are then those of a
world in which classes are balanced, and no longer the frequencies of the data.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from headway.errors import InputTypeError, InputValueError
from headway.labels.names import as_names, find_codes, nearest_names, quote

__all__ = ["class_weights"]


def class_weights(
    class_weight: Any, labels: Any, /, *, classes: Any, kind: str, weights: Any = None
) -> np.ndarray:
    """Return one weight a class; for multi-label data the weight of each label's positives.

    Parameters
    ----------
    class_weight : None, "balanced" or mapping of class name to weight
        None gives 1 to each class; classes that a mapping lacks weigh 1.
    labels : integer array of shape (n,), or 0/1/NaN matrix of shape (n, L)
        Encoded labels.
    classes : array of K or L names
        The user's names, in the order of the columns.
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    weights : array of shape (n,), optional
        Sample weights, by which "balanced" counts rows.

    Returns
    -------
    ndarray of float64, shape (K,) or (L,)
        Non-negative and finite.  A class without rows weighs 1 under "balanced".

    Raises
    ------
    InputTypeError
        If `class_weight` is none of the three.
    InputValueError
        If a name is unknown (the nearest are suggested) or a weight is negative, not a
        number, or infinite.

    References
    ----------
    King, Zeng (2001), "Logistic Regression in Rare Events Data", Political Analysis 9(2).

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 1])
    >>> class_weights("balanced", labels, classes=["ham", "spam"], kind="binary").tolist()
    [0.6666666666666666, 2.0]
    >>> class_weights({"spam": 5}, labels, classes=["ham", "spam"], kind="binary").tolist()
    [1.0, 5.0]
    """
    n_classes = len(classes)
    if class_weight is None:
        return np.ones(n_classes)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise InputValueError(
                f"`class_weight` must be None, 'balanced' or a dict, got {class_weight!r}. "
                "Pass for example {'spam': 5}."
            )
        if kind == "multilabel":
            return _balanced_positives(np.asarray(labels), weights)
        return _balanced_classes(np.asarray(labels), n_classes, weights)
    if not isinstance(class_weight, Mapping):
        raise InputTypeError(
            "`class_weight` must be None, 'balanced' or a dict of class name to weight, "
            f"got {type(class_weight).__name__}. Pass for example {{'spam': 5}}."
        )
    return _named_weights(class_weight, np.asarray(classes))


def _balanced_classes(labels: np.ndarray, n_classes: int, weights: Any) -> np.ndarray:
    counts = np.bincount(labels, weights=weights, minlength=n_classes).astype(np.float64)
    present = counts > 0
    share = counts.sum() / max(int(present.sum()), 1)
    return np.divide(share, counts, out=np.ones(n_classes), where=present)


def _balanced_positives(matrix: np.ndarray, weights: Any) -> np.ndarray:
    rows = np.ones(len(matrix)) if weights is None else np.asarray(weights, dtype=np.float64)
    positives = rows @ (matrix == 1)
    negatives = rows @ (matrix == 0)
    known = (positives > 0) & (negatives > 0)
    return np.divide(negatives, positives, out=np.ones(matrix.shape[1]), where=known)


def _named_weights(class_weight: Mapping[Any, Any], classes: np.ndarray) -> np.ndarray:
    result = np.ones(len(classes))
    for name, weight in class_weight.items():
        code = int(find_codes(as_names([name], what="class_weight"), classes)[0])
        if code < 0:
            near = nearest_names(name, classes)
            hint = f"Did you mean {', '.join(map(repr, near))}?" if near else "Correct the name."
            raise InputValueError(
                f"`class_weight` must name classes among {quote(classes)}, got {name!r}. {hint}"
            )
        try:
            value = float(weight)
        except (TypeError, ValueError):
            value = np.nan
        if not (np.isfinite(value) and value >= 0):
            raise InputValueError(
                "Class weights must be finite and not negative, "
                f"got {weight!r} for class {name!r}. 1 leaves a class as it is."
            )
        result[code] = value
    return result
