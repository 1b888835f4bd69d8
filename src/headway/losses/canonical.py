"""The loss a link brings with it.

    value    = potential(logits) - <targets, logits>   (plus a constant of targets)
    gradient = to_probs(logits) - targets

For softmax this is the cross-entropy, for sigmoid the binary cross-entropy summed
over the labels.  In BOTH the gradient at the logits is probs - targets: that is
how a sigmoid layer learns a digit from a one-hot row.
"""

from dataclasses import dataclass

from headway._array import Array, namespace, same_dtype
from headway.kernels.fused import can_fuse, fused_binary_cross_entropy, fused_cross_entropy
from headway.links import Link, SigmoidLink, SoftmaxLink

__all__ = ["CanonicalLoss"]


@dataclass(frozen=True)
class CanonicalLoss:
    """Return cross-entropy: the convex loss whose gradient is probs minus targets.

    Parameters
    ----------
    link : Link
        `SoftmaxLink()` for exclusive classes, `SigmoidLink()` for labels that are not.

    References
    ----------
    Blondel, Martins and Niculae (2020), "Learning with Fenchel-Young Losses", JMLR 21.

    Examples
    --------
    >>> import numpy as np
    >>> from headway.links import SoftmaxLink
    >>> loss = CanonicalLoss(SoftmaxLink())
    >>> logits, targets = np.zeros((1, 2)), np.array([[0.0, 1.0]])
    >>> loss.value(logits, targets), loss.gradient(logits, targets)
    (array([0.69314718]), array([[ 0.5, -0.5]]))
    """

    link: Link

    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return the loss of each sample in nats, shape (n,)."""
        return self.link.canonical_loss(logits, targets)

    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return probs - targets, and 0 at missing targets, shape (n, K)."""
        if can_fuse(logits, targets):
            if isinstance(self.link, SigmoidLink):
                return fused_binary_cross_entropy(logits, targets, losses=False).gradient
            if isinstance(self.link, SoftmaxLink):
                fused = fused_cross_entropy(logits, targets=targets, losses=False)
                fused.refuse_empty_row()
                return fused.gradient
        probs = self.link.to_probs(logits)
        gradient = probs - same_dtype(targets, logits)
        if isinstance(self.link, SigmoidLink):
            xp = namespace(gradient)
            # Only targets may be NaN in silence: a NaN logit stays visible.
            return xp.where(xp.isnan(targets), xp.zeros_like(gradient), gradient)
        return gradient
