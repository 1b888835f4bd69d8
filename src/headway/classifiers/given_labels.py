"""Labels and weights as they come through the door of a classifier."""

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import _num_samples

from headway._check import check_weights
from headway.errors import InputTypeError, InputValueError

__all__ = [
    "check_lengths",
    "checked_label_smoothing",
    "flat",
    "given_weights",
    "require_two_weighted",
    "without_unknown",
]


def flat(y: Any) -> Any:
    """Return `y`, a single column flattened with scikit-learn's warning."""
    if not hasattr(y, "shape") and hasattr(y, "__array__"):
        y = np.asarray(y)
    shape = getattr(y, "shape", None)
    if shape is not None and len(shape) == 2 and shape[1] == 1 and not hasattr(y, "tocsr"):
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=3,
        )
        return np.asarray(y).ravel()
    return y


def check_lengths(X: Any, labels: np.ndarray) -> None:
    """Raise unless there is one label for each row of `X`."""
    n = _num_samples(X)
    if labels.shape[:1] != (n,):
        got = f"{len(labels)} rows" if labels.ndim == 1 else f"shape {labels.shape}"
        raise InputValueError(
            f"Found input variables with inconsistent numbers of samples: `X` has {n} "
            f"rows, `y` has {got}. Pass one label for each row of `X`."
        )


def given_weights(sample_weight: Any, n: int, /) -> np.ndarray | None:
    """Return the weights of n rows as float64, checked, or None if none are given."""
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float64)
    check_weights(weights, n_samples=n)
    return weights


def require_two_weighted(
    labels: np.ndarray, weights: np.ndarray, name: str, classes: np.ndarray
) -> None:
    """Raise unless two classes, where there is one a row, have a row that counts."""
    if labels.ndim == 2:
        return
    present = np.unique(labels[weights > 0])
    if present.size < 2:
        names = classes[present].tolist()
        got = f"only one class: {names[0]!r}" if names else "no class"
        raise InputValueError(
            f"At least two classes must carry a positive `{name}`, got {got}. Give rows of "
            "another class weight as well."
        )


def checked_label_smoothing(amount: Any, /) -> float:
    """Return the share of the targets that is spread over the classes, in 0..1."""
    if isinstance(amount, bool) or not isinstance(amount, (int, float, np.number)):
        raise InputTypeError(
            f"`label_smoothing` must be a number in 0..1, got {amount!r}. Pass 0 for none."
        )
    if not 0 <= amount < 1:
        raise InputValueError(
            f"`label_smoothing` must be at least 0 and below 1, got {amount}. Try 0.1."
        )
    return float(amount)


def without_unknown(
    labels: np.ndarray, weights: np.ndarray | None, /, *, refuse_nothing: bool = False
) -> np.ndarray | None:
    """Return the weights with 0 for rows of a label matrix of which no cell is known.

    Nothing is known of such a row, so it counts as little as a row that is not there.  With
    `refuse_nothing` it is an error if no other row has weight.
    """
    if labels.ndim == 1:
        return weights
    unknown = np.isnan(labels).all(axis=1)
    if not unknown.any():
        return weights
    weights = np.where(unknown, 0.0, 1.0 if weights is None else weights)
    if refuse_nothing and not weights.any():
        raise InputValueError(
            "A row that carries weight must have a known cell, got none in "
            f"{len(labels)} rows. Bring rows with a known label."
        )
    return weights
