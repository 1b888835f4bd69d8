"""What every calibrator is: a frozen map from logits to logits."""

from typing import Protocol, runtime_checkable

import numpy as np

__all__ = ["Calibrator"]


@runtime_checkable
class Calibrator(Protocol):
    """Maps logits (n, K) to better calibrated logits (n, K).

    Attributes
    ----------
    keeps_order : bool
        Whether the largest logit of a row (of a label set: the order of the rows within a column)
        stays where it is, so that no decision by argmax changes.

    Examples
    --------
    >>> from headway.calibration import Temperature
    >>> isinstance(Temperature(2.0), Calibrator)
    True
    """

    @property
    def keeps_order(self) -> bool:
        """Return whether decisions by argmax stay the same."""

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return calibrated logits of the same shape."""
