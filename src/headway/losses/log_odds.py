"""The two logarithms of a softmax: log p and log(1 - p), both with all their digits.

    log(1 - p_k) = log1p(-p_k)                 for every class but the largest
                 = logsumexp of the others     for the largest

The trap: 1 - p rounds to 0 where p is nearly 1, and that is the class which matters.
"""

from headway._array import Array, namespace
from headway.kernels import log_softmax, logsumexp

__all__ = ["log_odds_parts"]


def log_odds_parts(logits: Array, /) -> tuple[Array, Array, Array]:
    """Return log p, log(1 - p) and the mask of each row's first top class, all (n, K)."""
    log_probs = log_softmax(logits)
    xp = namespace(log_probs)
    columns = xp.arange(log_probs.shape[-1], device=log_probs.device)
    top = columns == xp.argmax(log_probs, axis=-1, keepdims=True)
    # 1 - p rounds to 0 at the top class: there it is the sum of the others.
    minus_inf = xp.full_like(log_probs, -float("inf"))
    rest_of_top = logsumexp(xp.where(top, minus_inf, log_probs), keepdims=True)
    return log_probs, xp.where(top, rest_of_top, xp.log1p(-xp.exp(log_probs))), top
