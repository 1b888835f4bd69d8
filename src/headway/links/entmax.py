"""The entmax link: between softmax (alpha = 1) and sparsemax (alpha = 2).

    probs      = max((alpha - 1) z - threshold, 0)^(1 / (alpha - 1)),   rows sum to 1
    entropy(p) = sum(p - p^alpha) / (alpha (alpha - 1))

Exact by sorting for alpha 1.5 and 2, by bisection for any other.  The trap is that of
sparsemax: probabilities of exactly 0, and so log-losses of +inf; its own loss is finite, and 0
once the logit of the class leads all others by 1 / (alpha - 1).  Near alpha = 1 the powers cost
digits, about as many as 1 / (alpha - 1) has: take softmax there.  Far above 2, p^(alpha - 1)
drowns beside logits of size 1: at alpha 6 nothing was left of the probabilities of 60 like
classes, at 4 twelve digits; larger ones are refused.
"""

from dataclasses import dataclass

import numpy as np

from headway._array import Array
from headway.errors import InputTypeError, InputValueError
from headway.links.tsallis import (
    tsallis_entropy,
    tsallis_jacobian_product,
    tsallis_log_probs,
    tsallis_logits,
    tsallis_loss,
    tsallis_potential,
    tsallis_probs,
)

__all__ = ["EntmaxLink"]

MOST = 4.0


@dataclass(frozen=True)
class EntmaxLink:
    """Return exclusive probabilities of which some are exactly 0; the rows sum to 1.

    Parameters
    ----------
    alpha : float
        Above 1 and at most 4; the larger, the more zeros.  2 is sparsemax.

    References
    ----------
    Peters, Niculae and Martins (2019), "Sparse Sequence-to-Sequence Models", ACL;
    Tsallis (1988), "Possible Generalization of Boltzmann-Gibbs Statistics", Journal of
    Statistical Physics 52.

    Examples
    --------
    >>> import numpy as np
    >>> link = EntmaxLink()
    >>> link.to_probs(np.array([[0.0, 0.0, -2.0], [2.0, 0.0, 0.0]]))
    array([[0.5, 0.5, 0. ],
           [1. , 0. , 0. ]])
    """

    alpha: float = 1.5

    def __post_init__(self) -> None:
        if isinstance(self.alpha, bool) or not isinstance(
            self.alpha, (int, float, np.floating, np.integer)
        ):
            raise InputTypeError(f"`alpha` must be a number, got {self.alpha!r}. Try 1.5.")
        if not 1 < self.alpha <= MOST:
            raise InputValueError(
                f"`alpha` must be above 1 and at most {MOST:g}, got {self.alpha}. Use "
                "`SoftmaxLink` for 1; beyond 2 there is little left to make sparse."
            )
        object.__setattr__(self, "alpha", float(self.alpha))

    def potential(self, logits: Array, /) -> Array:
        """Return the conjugate of minus the entropy, shape (n,)."""
        return tsallis_potential(logits, self.alpha)

    def to_probs(self, logits: Array, /) -> Array:
        """Return the entmax of each row, shape (n, K)."""
        return tsallis_probs(logits, self.alpha)

    def to_log_probs(self, logits: Array, /) -> Array:
        """Return the logarithms of the probabilities, -inf where these are 0, shape (n, K)."""
        return tsallis_log_probs(logits, self.alpha)

    def to_logits(self, probs: Array, /) -> Array:
        """Return logits that have these probabilities, shape (n, K)."""
        return tsallis_logits(probs, self.alpha)

    def entropy(self, probs: Array, /) -> Array:
        """Return Tsallis' entropy of each row, at least 0, shape (n,)."""
        return tsallis_entropy(probs, self.alpha)

    def jacobian_product(self, probs: Array, directions: Array, /) -> Array:
        """Return J v for each row, shape (n, K)."""
        return tsallis_jacobian_product(probs, directions, self.alpha)

    def canonical_loss(self, logits: Array, targets: Array, /) -> Array:
        """Return the entmax loss of each row, shape (n,)."""
        return tsallis_loss(logits, targets, self.alpha)
