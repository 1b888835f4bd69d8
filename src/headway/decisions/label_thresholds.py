"""A threshold for each label, and rules on how many labels a row may have.

    present[l] = p[l] > t[l]

Where a false alarm costs t and a miss 1 - t, saying "present" instead of "absent" gains
p (1 - t) - (1 - p) t = p - t on average.  So p - t is the currency in which labels of
different thresholds compare: "at least one" and "at most k" take those of the largest p - t,
which is the set of least expected cost that keeps the rule.

The trap is the dtype: a threshold between two neighbouring float32 scores is none of float32,
so that probabilities are compared in float64.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headway._array import Array
from headway._check import check_fraction
from headway.decisions.columns import as_probs, check_count, largest_columns
from headway.errors import InputTypeError, InputValueError

__all__ = ["LabelThresholds"]


@dataclass(frozen=True)
class LabelThresholds:
    """Return 1 for each label whose probability exceeds the label's own threshold.

    Parameters
    ----------
    values : sequence of L floats
        0 <= value <= 1; a probability equal to it counts as absent, so that 1 means never.
    at_least_one : bool, default=False
        Whether a row without any label gets the one with the largest p - t (the first of
        equals).
    at_most : int, optional
        Keep no more labels in a row than this, those with the largest p - t.

    Raises
    ------
    InputTypeError
        If a value is not a number, or `at_most` is not a whole one.
    InputValueError
        If there are no values, one lies outside 0..1, or `at_most` is below 1.

    References
    ----------
    Elkan (2001), "The Foundations of Cost-Sensitive Learning", IJCAI.

    Examples
    --------
    >>> probs = [[0.4, 0.4], [0.1, 0.7], [0.25, 0.9]]
    >>> LabelThresholds((0.2, 0.6))(probs)
    array([[1, 0],
           [0, 1],
           [1, 1]])
    >>> LabelThresholds((0.2, 0.6), at_most=1)(probs)[2]
    array([0, 1])
    >>> LabelThresholds((0.5, 0.8), at_least_one=True)(probs)[:2]
    array([[1, 0],
           [0, 1]])
    """

    values: tuple[float, ...]
    at_least_one: bool = False
    at_most: int | None = None
    kinds: ClassVar[tuple[str, ...]] = ("exclusive", "multilabel")

    def __post_init__(self) -> None:
        shape = np.shape(self.values)
        if not shape:
            raise InputTypeError(
                f"`values` must be a sequence of numbers, got {self.values!r}. "
                "Give one threshold for each label; `Threshold` has one for all."
            )
        if len(shape) != 1 or shape[0] == 0:
            raise InputValueError(
                f"`values` must have shape (L,) with at least one label, got {shape}. "
                "Give one threshold for each label."
            )
        values = tuple(
            check_fraction(value, f"values[{label}]", below_one=False)
            for label, value in enumerate(self.values)
        )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "at_least_one", bool(self.at_least_one))
        if self.at_most is not None:
            object.__setattr__(self, "at_most", check_count(self.at_most, "at_most"))

    def __call__(self, probs: Array, /) -> np.ndarray:
        """Return an int64 0/1 matrix of shape (n, L) for `probs` of shape (n, L)."""
        probs = as_probs(
            probs, columns=len(self.values), advice="Thresholds belong to the labels of one model."
        )
        thresholds = np.asarray(self.values)
        present = probs > thresholds
        gains = probs - thresholds
        if self.at_most is not None and self.at_most < probs.shape[1]:
            # Gains are at least -1, so that absent labels come last.
            present &= largest_columns(np.where(present, gains, -2.0), self.at_most)
        if self.at_least_one:
            bare = ~present.any(axis=1)
            present[bare] = largest_columns(gains[bare], 1)
        return present.astype(np.int64)
