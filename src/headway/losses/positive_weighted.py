"""Binary cross-entropy that counts present labels w times.

    value    = sum(w t softplus(-z) + (1 - t) softplus(z))
    gradient = p (w t + 1 - t) - w t

The trap: weighting buys recall with honesty; the probabilities of a model trained
so are shifted by log w at the logits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headway._array import Array, like, namespace, quiet, same_dtype, wide_sum
from headway.errors import InputValueError
from headway.kernels import sigmoid
from headway.kernels.fused import can_fuse, fused_binary_cross_entropy
from headway.links.sigmoid import binary_cells

__all__ = ["PositiveWeightedLoss"]


@dataclass(frozen=True)
class PositiveWeightedLoss:
    """Return binary cross-entropy with the present labels weighted.

    Parameters
    ----------
    weight : float or sequence of float of length L
        Positive and finite; one for all labels or one for each.

    Examples
    --------
    >>> import numpy as np
    >>> loss = PositiveWeightedLoss(3.0)
    >>> loss.gradient(np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    array([[-1.5,  0.5]])
    """

    weight: float | Sequence[float]

    def __post_init__(self) -> None:
        values = np.asarray(self.weight, dtype=np.float64)
        if values.ndim > 1 or not (np.isfinite(values) & (values > 0)).all():
            raise InputValueError(
                "`weight` must be one positive finite number, or one for each label, "
                f"got {self.weight!r}. Use 1.0 for labels that count as they are."
            )
        # A tuple keeps the loss hashable and comparable.
        object.__setattr__(
            self, "weight", float(values) if values.ndim == 0 else tuple(values.tolist())
        )

    def _weight(self, logits: Array) -> Array:
        if isinstance(self.weight, float):
            return self.weight
        return like(self.weight, logits, namespace(logits))

    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return the loss of each sample in nats, shape (n,)."""
        if can_fuse(logits, targets):
            return fused_binary_cross_entropy(
                logits, targets, weight=self.weight, gradient=False
            ).losses
        cells = binary_cells(logits, same_dtype(targets, logits), self._weight(logits))
        return wide_sum(cells, namespace(logits), axis=-1)

    @quiet
    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return p (w t + 1 - t) - w t, and 0 at missing targets, shape (n, K)."""
        if can_fuse(logits, targets):
            return fused_binary_cross_entropy(
                logits, targets, weight=self.weight, losses=False
            ).gradient
        xp = namespace(logits, targets)
        targets = same_dtype(targets, logits)
        present = self._weight(logits) * targets
        gradient = sigmoid(logits) * (present + 1 - targets) - present
        return xp.where(xp.isnan(targets), xp.zeros_like(gradient), gradient)
