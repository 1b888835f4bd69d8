"""What decisions with a number for each column ask of the probabilities they are given."""

import operator

import numpy as np

from headway._array import Array
from headway._check import check_probs, first_index, place
from headway.errors import InputTypeError, InputValueError

__all__ = ["as_probs", "check_beta", "check_count", "check_probabilities", "largest_columns"]


def as_probs(probs: Array, /, *, columns: int | None = None, advice: str = "") -> np.ndarray:
    """Return `probs` as a NumPy array (n, K), or raise unless it has that many columns."""
    probs = np.asarray(probs)
    check_probs(probs, np)
    if columns is not None and probs.shape[1] != columns:
        raise InputValueError(
            f"`probs` must have {columns} columns, got {probs.shape[1]}. {advice}"
        )
    return probs


def check_probabilities(probs: np.ndarray, /) -> None:
    """Raise unless every entry is in 0..1."""
    outside = ~((probs >= 0) & (probs <= 1))
    if outside.any():
        index = first_index(outside, np)
        raise InputValueError(
            f"`probs` must be in 0..1, got {float(probs[index]):g} at {place(index)}. "
            "Give probabilities, for example from `predict_proba`."
        )


def check_beta(value: float, /) -> float:
    """Return `value` as a float unless it lies outside 1e-100..1e100: its square is needed."""
    try:
        beta = float(value)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"`beta` must be a number, got {value!r}. 1 weighs precision and recall alike."
        ) from error
    if not 1e-100 <= beta <= 1e100:
        raise InputValueError(
            f"`beta` must be positive and finite (1e-100 to 1e100), got {beta:g}. 1 weighs "
            "precision and recall alike; 2 counts recall twice as much."
        )
    return beta


def check_count(value: int, name: str, /, *, least: int = 1) -> int:
    """Return `value` as an int unless it is not a whole number from `least` on."""
    try:
        count = operator.index(value)
    except TypeError as error:
        raise InputTypeError(
            f"`{name}` must be a whole number, got {value!r}. Give one such as 3."
        ) from error
    if count < least:
        raise InputValueError(
            f"`{name}` must be at least {least}, got {count}. Give one such as 3."
        )
    return count


def largest_columns(scores: np.ndarray, k: int, /) -> np.ndarray:
    """Return a boolean matrix that marks the k largest of each row, the first of equals."""
    marked = np.zeros(scores.shape, dtype=bool)
    # A stable sort, since a partition leaves open which of equals it takes.
    first = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.put_along_axis(marked, first, True, axis=1)
    return marked
