"""The softmax link: one label out of K.

    potential(z) = logsumexp(z)
    probs        = softmax(z)
    entropy(p)   = -sum(p log p)
    J v          = p (v - <p, v>)

The trap: a class of probability 0 has log-probability -inf, and counts as
0 log 0 = 0 in entropies and losses.
"""

from dataclasses import dataclass

from headway._array import Array, namespace, quiet, same_dtype, wide_sum
from headway.kernels import log_softmax, logsumexp, softmax
from headway.kernels.fused import can_fuse, fused_cross_entropy

__all__ = ["SoftmaxLink", "expected_nats"]


@quiet
def expected_nats(log_probs: Array, targets: Array, /) -> Array:
    """Return -sum(targets * log_probs) over the last axis, with 0 * -inf = 0."""
    xp = namespace(log_probs, targets)
    impossible = (targets == 0) & (log_probs == -float("inf"))
    log_probs = xp.where(impossible, xp.zeros_like(log_probs), log_probs)
    return 0 - wide_sum(targets * log_probs, xp, axis=-1)


@dataclass(frozen=True)
class SoftmaxLink:
    """Return exclusive probabilities: the rows sum to 1, each class feels all others.

    Examples
    --------
    >>> import numpy as np
    >>> link = SoftmaxLink()
    >>> link.to_probs(np.array([[0.0, 0.0], [0.0, np.log(3.0)]]))
    array([[0.5 , 0.5 ],
           [0.25, 0.75]])
    """

    def potential(self, logits: Array, /) -> Array:
        """Return logsumexp of each row, shape (n,)."""
        return logsumexp(logits)

    def to_probs(self, logits: Array, /) -> Array:
        """Return softmax of each row, shape (n, K)."""
        return softmax(logits)

    def to_log_probs(self, logits: Array, /) -> Array:
        """Return log_softmax of each row, shape (n, K)."""
        return log_softmax(logits)

    @quiet
    def to_logits(self, probs: Array, /) -> Array:
        """Return the logarithms of the probabilities, shape (n, K)."""
        return namespace(probs).log(probs)

    @quiet
    def entropy(self, probs: Array, /) -> Array:
        """Return Shannon's entropy of each row in nats, 0..log K, shape (n,)."""
        xp = namespace(probs)
        return expected_nats(xp.log(probs), probs)

    @quiet
    def jacobian_product(self, probs: Array, directions: Array, /) -> Array:
        """Return p (v - <p, v>): what one class gains the others lose, shape (n, K)."""
        xp = namespace(probs, directions)
        mean = wide_sum(probs * directions, xp, axis=-1, keepdims=True)
        return probs * (directions - mean)

    def canonical_loss(self, logits: Array, targets: Array, /) -> Array:
        """Return the cross-entropy -sum(targets * log_probs) in nats, shape (n,)."""
        if can_fuse(logits, targets):
            fused = fused_cross_entropy(logits, targets=targets, gradient=False)
            fused.refuse_empty_row()
            return fused.losses
        return expected_nats(log_softmax(logits), same_dtype(targets, logits))
