"""The sparsemax link: the point of the simplex that lies nearest to the logits.

    probs        = max(z - threshold, 0),   rows sum to 1
    potential(z) = threshold + 1/2 + sum(p^2) / 2
    entropy(p)   = sum(p - p^2) / 2
    J v          = v - mean of v over the support where p > 0, else 0

The trap: a probability of exactly 0 has log-probability -inf, so the log-loss of a row whose
class was ruled out is +inf.  Sparsemax is trained and judged by its own loss, which is finite
and reaches exactly 0 once the logit of the class leads all others by 1.
"""

from dataclasses import dataclass

from headway._array import Array
from headway.links.tsallis import (
    tsallis_entropy,
    tsallis_jacobian_product,
    tsallis_log_probs,
    tsallis_logits,
    tsallis_loss,
    tsallis_potential,
    tsallis_probs,
)

__all__ = ["SparsemaxLink"]


@dataclass(frozen=True)
class SparsemaxLink:
    """Return exclusive probabilities of which many are exactly 0; the rows sum to 1.

    References
    ----------
    Martins and Astudillo (2016), "From Softmax to Sparsemax: A Sparse Model of Attention and
    Multi-Label Classification", ICML.

    Examples
    --------
    >>> import numpy as np
    >>> link = SparsemaxLink()
    >>> link.to_probs(np.array([[0.5, 0.0, -2.0], [1.0, 0.0, 0.0]]))
    array([[0.75, 0.25, 0.  ],
           [1.  , 0.  , 0.  ]])
    >>> link.canonical_loss(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 0.0]] * 2))
    array([0.  , 0.25])
    """

    def potential(self, logits: Array, /) -> Array:
        """Return the conjugate of minus the entropy, shape (n,)."""
        return tsallis_potential(logits, 2.0)

    def to_probs(self, logits: Array, /) -> Array:
        """Return the nearest distribution to each row, exact up to rounding, shape (n, K)."""
        return tsallis_probs(logits, 2.0)

    def to_log_probs(self, logits: Array, /) -> Array:
        """Return the logarithms of the probabilities, -inf where these are 0, shape (n, K)."""
        return tsallis_log_probs(logits, 2.0)

    def to_logits(self, probs: Array, /) -> Array:
        """Return logits that have these probabilities: the probabilities themselves, (n, K)."""
        return tsallis_logits(probs, 2.0)

    def entropy(self, probs: Array, /) -> Array:
        """Return Gini's entropy of each row, 0..(1 - 1/K)/2, shape (n,)."""
        return tsallis_entropy(probs, 2.0)

    def jacobian_product(self, probs: Array, directions: Array, /) -> Array:
        """Return the directions less their mean over the support, shape (n, K)."""
        return tsallis_jacobian_product(probs, directions, 2.0)

    def canonical_loss(self, logits: Array, targets: Array, /) -> Array:
        """Return the sparsemax loss; 0 exactly where the class leads by 1, shape (n,)."""
        return tsallis_loss(logits, targets, 2.0)
