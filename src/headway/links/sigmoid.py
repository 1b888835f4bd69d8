"""The sigmoid link: each label on its own.

    potential(z) = sum(softplus(z))
    probs        = sigmoid(z)
    entropy(p)   = -sum(p log p + (1 - p) log(1 - p))
    J v          = p (1 - p) v

A binary problem is one logit column, read as the pair (0, z).  The trap: at an
infinite logit the loss is 0 where the target agrees and +inf where it does not,
never 0 * inf = NaN.
"""

from dataclasses import dataclass

from headway._array import Array, namespace, quiet, same_dtype, wide_sum
from headway.kernels import log_sigmoid, sigmoid, softplus
from headway.kernels.fused import can_fuse, fused_binary_cross_entropy

__all__ = ["SigmoidLink", "binary_cells"]


@quiet
def binary_cells(logits: Array, targets: Array, /, positive_weight: Array | None = None) -> Array:
    """Return the binary cross-entropy of each cell in nats; 0 where the target is NaN.

    As a sum of two non-negative terms it never cancels:
    w t softplus(-z) + (1 - t) softplus(z).
    """
    xp = namespace(logits, targets)
    zero = xp.zeros_like(logits)
    # NaN is taken out before the arithmetic: autograd multiplies 0 by it afterwards.
    missing = xp.isnan(targets)
    logits, known = xp.where(missing, zero, logits), xp.where(missing, zero, targets)
    present = known if positive_weight is None else known * positive_weight
    miss = xp.where(known > 0, present * softplus(-logits), zero)
    alarm = xp.where(targets < 1, (1 - known) * softplus(logits), zero)
    return miss + alarm


@dataclass(frozen=True)
class SigmoidLink:
    """Return independent probabilities: no label feels another, rows need not sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> SigmoidLink().to_probs(np.array([[0.0, np.log(3.0)]]))
    array([[0.5 , 0.75]])
    """

    def potential(self, logits: Array, /) -> Array:
        """Return the sum of softplus over each row, shape (n,)."""
        return wide_sum(softplus(logits), namespace(logits), axis=-1)

    def to_probs(self, logits: Array, /) -> Array:
        """Return sigmoid of each logit, shape (n, K)."""
        return sigmoid(logits)

    def to_log_probs(self, logits: Array, /) -> Array:
        """Return log_sigmoid of each logit, shape (n, K)."""
        return log_sigmoid(logits)

    @quiet
    def to_logits(self, probs: Array, /) -> Array:
        """Return the log-odds of the probabilities, shape (n, K)."""
        xp = namespace(probs)
        return xp.log(probs) - xp.log1p(-probs)

    @quiet
    def entropy(self, probs: Array, /) -> Array:
        """Return the sum of the binary entropies in nats, 0..K log 2, shape (n,)."""
        xp = namespace(probs)
        zero = xp.zeros_like(probs)
        present = xp.where(probs == 0, zero, probs * xp.log(probs))
        absent = xp.where(probs == 1, zero, (1 - probs) * xp.log1p(-probs))
        return 0 - wide_sum(present + absent, xp, axis=-1)

    def jacobian_product(self, probs: Array, directions: Array, /) -> Array:
        """Return p (1 - p) v: a diagonal Jacobian, shape (n, K)."""
        return probs * (1 - probs) * directions

    def canonical_loss(self, logits: Array, targets: Array, /) -> Array:
        """Return the binary cross-entropy summed over labels, in nats, shape (n,)."""
        if can_fuse(logits, targets):
            return fused_binary_cross_entropy(logits, targets, gradient=False).losses
        cells = binary_cells(logits, same_dtype(targets, logits))
        return wide_sum(cells, namespace(logits), axis=-1)
