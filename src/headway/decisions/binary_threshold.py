"""The second of two classes where its probability exceeds a threshold.

With cost a for a false alarm and b for a miss, the least expected cost is class 1 when
p > a / (a + b).  Argmax is the threshold 0.5 (but for the rows at exactly 0.5, where both take
the first class).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headway._array import Array
from headway._check import check_fraction
from headway.decisions.columns import as_probs

__all__ = ["BinaryThreshold"]


@dataclass(frozen=True)
class BinaryThreshold:
    """Return class 1 where its probability exceeds the threshold, else class 0.

    Parameters
    ----------
    value : float, default=0.5
        0 <= value <= 1; a probability equal to it gives class 0, so that 1 means never.

    Raises
    ------
    InputTypeError
        If the value is not a number.
    InputValueError
        If it lies outside 0..1.

    References
    ----------
    Elkan (2001), "The Foundations of Cost-Sensitive Learning", IJCAI.

    Examples
    --------
    >>> BinaryThreshold(0.3)([[0.6, 0.4], [0.8, 0.2]])
    array([1, 0])
    """

    value: float = 0.5
    kinds: ClassVar[tuple[str, ...]] = ("binary",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", check_fraction(self.value, "value", below_one=False))

    def __call__(self, probs: Array, /) -> np.ndarray:
        """Return int64 classes 0 or 1 of shape (n,) for `probs` of shape (n, 2)."""
        probs = as_probs(
            probs, columns=2, advice="For label sets use `Threshold`, for more classes `LeastCost`."
        )
        # A NumPy scalar, since a Python one would be rounded to the dtype of the probs.
        return (probs[:, 1] > np.float64(self.value)).astype(np.int64)
