"""A link of two exclusive classes, seen through one logit column.

    potential(z) = potential of (0, z)
    probs        = probability of the second class

For softmax this is the sigmoid; it makes a binary head of any other link of exclusive classes.
The trap: the sum of the two probabilities is 1, so the column of the first class is taken from
the link, never as 1 - p, which loses the digits of a small one.
"""

from dataclasses import dataclass

from headway._array import Array, namespace
from headway.links.binary import two_column_logits
from headway.links.link import Link

__all__ = ["OneColumnLink"]


@dataclass(frozen=True)
class OneColumnLink:
    """Return the probability of the second of two classes.

    Parameters
    ----------
    link : Link
        A link of exclusive classes, such as `SparsemaxLink()`.

    Examples
    --------
    >>> import numpy as np
    >>> from headway.links import SparsemaxLink
    >>> link = OneColumnLink(SparsemaxLink())
    >>> z = np.array([[-2.0], [0.0], [0.5], [1.0]])
    >>> link.to_probs(z).ravel()
    array([0.  , 0.5 , 0.75, 1.  ])
    >>> link.both_probs(z[2:3])
    array([[0.25, 0.75]])
    """

    link: Link

    def both_probs(self, logits: Array, /) -> Array:
        """Return the probabilities of both classes, shape (n, 2)."""
        return self.link.to_probs(two_column_logits(logits))

    def both_log_probs(self, logits: Array, /) -> Array:
        """Return the log-probabilities of both classes in nats, shape (n, 2)."""
        return self.link.to_log_probs(two_column_logits(logits))

    def potential(self, logits: Array, /) -> Array:
        """Return the potential of (0, z), shape (n,)."""
        return self.link.potential(two_column_logits(logits))

    def to_probs(self, logits: Array, /) -> Array:
        """Return the probability of the second class, shape (n, 1)."""
        return self.both_probs(logits)[:, 1:]

    def to_log_probs(self, logits: Array, /) -> Array:
        """Return the log-probability of the second class in nats, shape (n, 1)."""
        return self.both_log_probs(logits)[:, 1:]

    def to_logits(self, probs: Array, /) -> Array:
        """Return logits that have these probabilities, shape (n, 1)."""
        both = self.link.to_logits(_pairs(probs))
        return both[:, 1:] - both[:, :1]

    def entropy(self, probs: Array, /) -> Array:
        """Return the entropy of both classes, shape (n,)."""
        return self.link.entropy(_pairs(probs))

    def jacobian_product(self, probs: Array, directions: Array, /) -> Array:
        """Return the derivative of the second probability times v, shape (n, 1)."""
        return self.link.jacobian_product(_pairs(probs), two_column_logits(directions))[:, 1:]

    def canonical_loss(self, logits: Array, targets: Array, /) -> Array:
        """Return the loss of (0, z) against (1 - t, t), shape (n,)."""
        return self.link.canonical_loss(two_column_logits(logits), _pairs(targets))


def _pairs(probs: Array) -> Array:
    return namespace(probs).concat([1 - probs, probs], axis=1)
