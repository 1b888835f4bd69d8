"""What every link can do.

A link is the gradient of a convex potential.  That one fact brings its loss,
the gradient of the loss and its dual for free:

    probs    = grad potential(logits)
    loss     = potential(logits) - <targets, logits>   (plus a constant of targets)
    gradient = probs - targets
    entropy  = -conjugate(potential)

The trap: as written the loss cancels (softplus(40) - 40 is 0, the truth is 4e-18)
and gives inf - inf at infinite logits, so each link brings its stable form.
"""

from typing import Protocol, runtime_checkable

from headway._array import Array

__all__ = ["Link"]


@runtime_checkable
class Link(Protocol):
    """Turns logits (n, K) into probabilities (n, K), and knows its potential.

    References
    ----------
    Blondel, Martins and Niculae (2020), "Learning with Fenchel-Young Losses", JMLR 21.

    Examples
    --------
    >>> from headway.links import SoftmaxLink
    >>> isinstance(SoftmaxLink(), Link)
    True
    """

    def potential(self, logits: Array, /) -> Array:
        """Return the convex potential of each row, shape (n,)."""

    def to_probs(self, logits: Array, /) -> Array:
        """Return the gradient of the potential: probabilities, shape (n, K)."""

    def to_log_probs(self, logits: Array, /) -> Array:
        """Return the logarithm of the probabilities, from the logits, shape (n, K)."""

    def to_logits(self, probs: Array, /) -> Array:
        """Return logits that have these probabilities, shape (n, K)."""

    def entropy(self, probs: Array, /) -> Array:
        """Return the entropy of each row in nats (minus the conjugate), shape (n,)."""

    def jacobian_product(self, probs: Array, directions: Array, /) -> Array:
        """Return J v for each row, J being the derivative of probs by logits, shape (n, K)."""

    def canonical_loss(self, logits: Array, targets: Array, /) -> Array:
        """Return the loss the link brings with it, in nats, shape (n,)."""
