"""What every loss can do.

A loss object compares logits (n, K) with rows of targets (n, K): one-hot rows,
soft rows, or cells of 0, 1 and NaN (missing).  It trusts its input: checks belong
to the public functions and the estimators, not into a training loop.
"""

from typing import Protocol, runtime_checkable

from headway._array import Array

__all__ = ["Loss"]


@runtime_checkable
class Loss(Protocol):
    """Compares logits with targets, sample by sample.

    Examples
    --------
    >>> from headway.links import SoftmaxLink
    >>> from headway.losses import CanonicalLoss
    >>> isinstance(CanonicalLoss(SoftmaxLink()), Loss)
    True
    """

    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return the loss of each sample, shape (n,)."""

    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return the derivative of each sample's loss by its logits, shape (n, K)."""
