"""A loss of two logit columns, seen through one.

    value(z, t) = two(  [0, z], [1 - t, t]  )

so that losses written for softmax also train a binary head, which has one column.
"""

from dataclasses import dataclass

from headway._array import Array, namespace, same_dtype
from headway.links import two_column_logits
from headway.losses.loss import Loss

__all__ = ["OneColumnLoss"]


@dataclass(frozen=True)
class OneColumnLoss:
    """Return a two-class loss of the logit pair (0, z).

    Parameters
    ----------
    loss : Loss
        A loss of logits and targets with two columns.

    Examples
    --------
    >>> import numpy as np
    >>> from headway.links import SoftmaxLink
    >>> from headway.losses import CanonicalLoss
    >>> loss = OneColumnLoss(CanonicalLoss(SoftmaxLink()))
    >>> loss.gradient(np.array([[0.0]]), np.array([[1.0]]))
    array([[-0.5]])
    """

    loss: Loss

    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return the loss of each sample, shape (n,)."""
        return self.loss.value(two_column_logits(logits), self._pairs(logits, targets))

    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return the derivative by the one logit, shape (n, 1)."""
        both = self.loss.gradient(two_column_logits(logits), self._pairs(logits, targets))
        return both[:, 1:2]

    @staticmethod
    def _pairs(logits: Array, targets: Array) -> Array:
        targets = same_dtype(targets, logits)
        return namespace(targets).concat([1 - targets, targets], axis=1)
