"""The kernels written once for every array library, with autograd where it has one.

For a row z with largest entry m, and d = z - m:

    softmax(z)     = exp(d) / sum(exp(d))
    logsumexp(z)   = m + log1p(sum(exp(d)) - 1)
    log_softmax(z) = d - log1p(sum(exp(d)) - 1)

The trap is the last term: once the largest entry dominates, the sum rounds to 1
and its logarithm to 0.  So the ones (where d is 0) are counted apart from the rest.

Inputs are floating arrays of at least 32 bits with a non-empty `axis`; the public
functions see to that.
"""

from typing import Any

from headway._array import Array, quiet, stop_gradient, wide_sum

__all__ = [
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "row_tops",
    "sigmoid",
    "softmax",
    "softplus",
]


def row_tops(logits: Array, xp: Any, /, *, axis: int) -> Array:
    """Return the largest logit of each row, keeping the axis, outside autograd."""
    return xp.max(stop_gradient(logits), axis=axis, keepdims=True)


@quiet
def shifted(logits: Array, tops: Array, xp: Any, /) -> Array:
    """Return logits minus the row's largest; 0 at and -inf beside an infinite one.

    A row of nothing but -inf stays so: no class is possible there.
    """
    if bool(xp.all(xp.isfinite(tops))):
        return logits - tops
    # The limits at an infinite top; NaN rows take the last branch and stay NaN.
    zero, minus_inf = xp.zeros_like(logits), xp.full_like(logits, -float("inf"))
    limit = xp.where((logits == tops) & (tops > 0), zero, minus_inf)
    return xp.where(xp.isinf(tops), limit, logits - tops)


@quiet
def softmax(logits: Array, tops: Array, xp: Any, /, *, axis: int) -> Array:
    """Return exp(d) / sum(exp(d)), and zeros for a row of nothing but -inf."""
    weights = xp.exp(shifted(logits, tops, xp))
    total = wide_sum(weights, xp, axis=axis, keepdims=True)
    return weights / xp.where(total == 0, xp.ones_like(total), total)


@quiet
def _log_total(shift: Array, xp: Any, /, *, axis: int) -> Array:
    """Return log(sum(exp(d))) for d whose largest entry is 0, keeping the axis."""
    at_top = shift == 0
    # expm1 is 0 at the top, with the same derivatives as exp: autograd sees no seam.
    rest = wide_sum(xp.where(at_top, xp.expm1(shift), xp.exp(shift)), xp, axis=axis, keepdims=True)
    ties = xp.sum(xp.astype(at_top, rest.dtype), axis=axis, keepdims=True)
    return xp.log1p(rest + xp.clip(ties - 1, 0, None))


@quiet
def logsumexp(logits: Array, tops: Array, xp: Any, /, *, axis: int, keepdims: bool) -> Array:
    """Return m + log(sum(exp(d))); -inf for a row of nothing but -inf."""
    shift = shifted(logits, tops, xp)
    total = _log_total(shift, xp, axis=axis) + tops
    return total if keepdims else xp.squeeze(total, axis=axis)


@quiet
def log_softmax(logits: Array, tops: Array, xp: Any, /, *, axis: int) -> Array:
    """Return d - log(sum(exp(d))); -inf everywhere in a row of nothing but -inf."""
    shift = shifted(logits, tops, xp)
    return shift - _log_total(shift, xp, axis=axis)


@quiet
def sigmoid(logits: Array, xp: Any, /) -> Array:
    """Return 1 / (1 + exp(-z)), by the exponential that cannot overflow."""
    positive = logits >= 0
    decay = xp.exp(xp.where(positive, -logits, logits))
    return xp.where(positive, xp.ones_like(decay), decay) / (1 + decay)


@quiet
def log_sigmoid(logits: Array, xp: Any, /) -> Array:
    """Return min(z, 0) - log1p(exp(-|z|))."""
    positive = logits >= 0
    decay = xp.exp(xp.where(positive, -logits, logits))
    return xp.where(positive, xp.zeros_like(logits), logits) - xp.log1p(decay)


@quiet
def softplus(logits: Array, xp: Any, /) -> Array:
    """Return max(z, 0) + log1p(exp(-|z|))."""
    positive = logits >= 0
    decay = xp.exp(xp.where(positive, -logits, logits))
    return xp.where(positive, logits, xp.zeros_like(logits)) + xp.log1p(decay)
