"""Each label on its own: present where its probability exceeds a threshold.

With cost a for a false alarm and b for a miss, the least expected cost is to say
"present" when p > a / (a + b); 0.5 means that both cost the same.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headway._array import Array, as_array, is_numpy, namespace
from headway._check import check_probs
from headway.errors import InputTypeError, InputValueError

__all__ = ["Threshold"]


@dataclass(frozen=True)
class Threshold:
    """Return 1 where the probability exceeds the threshold, else 0.

    Parameters
    ----------
    value : float, default=0.5
        0 <= value <= 1; a probability equal to it counts as absent.

    References
    ----------
    Elkan (2001), "The Foundations of Cost-Sensitive Learning", IJCAI.

    Examples
    --------
    >>> Threshold(0.5)([[0.4, 0.8], [0.5, 0.51]])
    array([[0, 1],
           [0, 1]])
    """

    value: float = 0.5
    kinds: ClassVar[tuple[str, ...]] = ("multilabel",)

    def __post_init__(self) -> None:
        try:
            value = float(self.value)
        except (TypeError, ValueError) as error:
            raise InputTypeError(
                f"`value` must be a number in 0..1, got {self.value!r}. Give one such as 0.5."
            ) from error
        if math.isnan(value) or not 0 <= value <= 1:
            raise InputValueError(
                f"`value` must be in 0..1, got {value:g}. It is compared with probabilities; "
                "a threshold on logits is sigmoid(z) away."
            )
        object.__setattr__(self, "value", value)

    def __call__(self, probs: Array, /) -> Array:
        """Return an int64 0/1 matrix of shape (n, L) for `probs` of shape (n, L)."""
        probs = as_array(probs)
        xp = namespace(probs)
        check_probs(probs, xp)
        # A NumPy scalar, since a Python one would be rounded to the dtype of the probs.
        value = np.float64(self.value) if is_numpy(probs) else self.value
        return xp.astype(probs > value, xp.int64)
