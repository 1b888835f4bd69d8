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

import math
from typing import Any

from headway._array import Array, quiet, stop_gradient, wide_sum

__all__ = [
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "softmax",
    "softplus",
]


def _shift(logits: Array, xp: Any, axis: int) -> tuple[Array, Array, bool]:
    """Return d = z - m, the largest logits m, and whether every m is finite.

    At an infinite m the limits are taken: 0 at the top, -inf beside it.  A row of
    nothing but -inf stays so: no class is possible there.
    """
    # The result does not depend on m, so autograd need not see it.
    tops = xp.max(stop_gradient(logits), axis=axis, keepdims=True)
    # One number tells: a sum is finite only if every entry is.  Should it overflow,
    # the long way round gives the same result.
    if math.isfinite(float(xp.sum(tops))):
        return logits - tops, tops, True
    zero, minus_inf = xp.zeros_like(logits), xp.full_like(logits, -float("inf"))
    limit = xp.where((logits == tops) & (tops > 0), zero, minus_inf)
    # NaN is not infinite: such rows take the last branch and stay NaN.
    return xp.where(xp.isinf(tops), limit, logits - tops), tops, False


@quiet
def softmax(logits: Array, xp: Any, /, *, axis: int) -> tuple[Array, Array | None]:
    """Return exp(d) / sum(exp(d)), and the largest logits m unless all are finite."""
    shift, tops, finite = _shift(logits, xp, axis)
    weights = xp.exp(shift)
    total = wide_sum(weights, xp, axis=axis, keepdims=True)
    if finite:
        return weights / total, None
    # A row of nothing but -inf becomes a row of zeros.
    return weights / xp.where(total == 0, xp.ones_like(total), total), tops


def _log_total(shift: Array, xp: Any, axis: int) -> Array:
    """Return log(sum(exp(d))) for d whose largest entry is 0, keeping the axis."""
    at_top = shift == 0
    # expm1 is 0 at the top, with the same derivatives as exp: autograd sees no seam.
    terms = xp.where(at_top, xp.expm1(shift), xp.exp(shift))
    rest = wide_sum(terms, xp, axis=axis, keepdims=True)
    ties = xp.sum(xp.astype(at_top, rest.dtype), axis=axis, keepdims=True)
    # A row without any possible class has no top either: m = -inf speaks for it.
    return xp.log1p(rest + xp.where(ties > 0, ties - 1, xp.zeros_like(ties)))


@quiet
def log_softmax(logits: Array, xp: Any, /, *, axis: int) -> tuple[Array, Array | None]:
    """Return d - log(sum(exp(d))), and the largest logits m unless all are finite."""
    shift, tops, finite = _shift(logits, xp, axis)
    return shift - _log_total(shift, xp, axis), None if finite else tops


@quiet
def logsumexp(logits: Array, xp: Any, /, *, axis: int, keepdims: bool) -> Array:
    """Return m + log(sum(exp(d))); -inf for a row of nothing but -inf."""
    shift, tops, _ = _shift(logits, xp, axis)
    total = _log_total(shift, xp, axis) + tops
    return total if keepdims else xp.squeeze(total, axis=axis)


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
