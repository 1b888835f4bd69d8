"""Probabilities that can be exactly 0: the links of Tsallis' entropies.

Writing a > 1 for the index of the entropy and x for (a - 1) z:

    entropy(p)   = sum(p - p^a) / (a (a - 1))
    probs        = max(x - threshold, 0)^(1 / (a - 1)), the threshold such that rows sum to 1
    potential(z) = (threshold + 1 / a) / (a - 1) + sum(p^a) / a
    J v          = s (v - <s, v> / sum(s)),   s = p^(2 - a) where p > 0, else 0
    loss(z, t)   = entropy(t) + divergence(t, p) + sum over p = 0 of t (threshold - x) / (a - 1)

Towards a = 1 this is softmax; a = 2 is sparsemax, a = 1.5 the usual entmax, and both have exact
thresholds by sorting.  The trap is the loss: written as potential - <t, z> it cancels where the
model is right, and falls below 0; as a sum of terms that are none negative (the last line) it
does not.  Everything is computed in float64, of logits whose largest is 0: what lies below -1 in
x has probability 0, so that no infinity takes part.
"""

from typing import Any, NamedTuple

from headway._array import Array, as_array, namespace, quiet, stop_gradient, to_floating
from headway._check import check_logits, first_index, place
from headway.errors import InputValueError

__all__ = [
    "tsallis_entropy",
    "tsallis_jacobian_product",
    "tsallis_log_probs",
    "tsallis_logits",
    "tsallis_loss",
    "tsallis_potential",
    "tsallis_probs",
]

HALVINGS = 60  # of an interval no wider than 1


class _Rows(NamedTuple):
    """Rows of logits and what was found of them; all float64, the last axis kept."""

    x: Array  # (a - 1) (z - largest z), unbounded below
    tops: Array  # the largest logits
    threshold: Array
    inside: Array  # where probs are positive
    root: Array  # p^(a - 1) inside, 1 elsewhere
    dtype: Any  # of the logits, for the results
    xp: Any


def _solve(logits: Array, alpha: float) -> _Rows:
    logits = as_array(logits)
    xp = namespace(logits)
    values, dtype = to_floating(logits, xp)
    check_logits(values)
    wide = xp.astype(values, xp.float64, copy=False)
    tops = stop_gradient(xp.max(wide, axis=-1, keepdims=True))
    zero, one = xp.zeros_like(wide), xp.ones_like(wide)
    never = xp.full_like(wide, -float("inf"))
    limit = xp.where(wide == tops, zero, never)
    x = (alpha - 1) * xp.where(xp.isinf(tops), limit, wide - tops)
    bounded = xp.where(x > -1, x, -one)
    threshold = _threshold(bounded, alpha, xp)
    # No threshold lies below -1, but for rounding.
    inside = (x > -1) & (bounded > threshold)
    root = xp.where(inside, bounded - threshold, one)
    return _Rows(x, tops, threshold, inside, root, dtype, xp)


def _threshold(x: Array, alpha: float, xp: Any) -> Array:
    """Return the threshold of each row, shape (n, 1), differentiable by x.

    Which entries lie above it is found without derivatives; given those, the threshold is a
    smooth function of them.
    """
    fixed = stop_gradient(x)
    zero = xp.zeros_like(x)
    if alpha not in (1.5, 2.0):
        threshold = _halved(fixed, alpha, xp)
        power = 1 / (alpha - 1)
        # Newton's steps end the search, and make its first two derivatives right.
        for _ in range(2):
            inside = (fixed > -1) & (x > threshold)
            root = xp.where(inside, x - threshold, xp.ones_like(x))
            total = xp.sum(xp.where(inside, root**power, zero), axis=-1, keepdims=True)
            slope = xp.sum(xp.where(inside, root ** (power - 1), zero), axis=-1, keepdims=True)
            threshold = threshold + (total - 1) / (power * slope)
        # One class alone has the probability 1 exactly, whatever the search rounded to.
        inside = (fixed > -1) & (x > threshold)
        alone = xp.sum(xp.astype(inside, x.dtype), axis=-1, keepdims=True) == 1
        largest = xp.sum(xp.where(inside, x, zero), axis=-1, keepdims=True)
        return xp.where(alone, largest - 1, threshold)
    inside = (fixed > -1) & (fixed > _sorted_threshold(fixed, alpha, xp))
    count = xp.sum(xp.astype(inside, x.dtype), axis=-1, keepdims=True)
    mean = xp.sum(xp.where(inside, x, zero), axis=-1, keepdims=True) / count
    if alpha == 2.0:
        return mean - 1 / count
    spread = xp.sum(xp.where(inside, (x - mean) ** 2, zero), axis=-1, keepdims=True)
    return mean - xp.sqrt((1 - spread) / count)


def _sorted_threshold(x: Array, alpha: float, xp: Any) -> Array:
    """Return the threshold for alpha 1.5 or 2, from sums over the k largest entries."""
    ordered = xp.sort(x, axis=-1, descending=True)
    ranks = xp.cumulative_sum(xp.ones_like(ordered), axis=-1)
    means = xp.cumulative_sum(ordered, axis=-1) / ranks
    if alpha == 2.0:
        # The k largest alone need (sum - 1) / k; the true one is the largest of these.
        return xp.max(means - 1 / ranks, axis=-1, keepdims=True)
    squares = xp.cumulative_sum(ordered**2, axis=-1) / ranks
    rest = 1 / ranks - (squares - means**2)
    candidates = means - xp.sqrt(xp.where(rest > 0, rest, xp.zeros_like(rest)))
    count = xp.sum(xp.astype(candidates <= ordered, x.dtype), axis=-1, keepdims=True)
    chosen = xp.where(ranks == count, candidates, xp.zeros_like(candidates))
    return xp.sum(chosen, axis=-1, keepdims=True)


def _halved(x: Array, alpha: float, xp: Any) -> Array:
    """Return the threshold for any alpha by bisection."""
    low = xp.full_like(x[..., :1], -1.0)
    high = xp.full_like(low, -(float(x.shape[-1]) ** (1 - alpha)))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        root = xp.where(x > middle, x - middle, xp.zeros_like(x))
        short = xp.sum(root ** (1 / (alpha - 1)), axis=-1, keepdims=True) < 1
        low, high = xp.where(short, low, middle), xp.where(short, middle, high)
    return low


def _refuse_empty(rows: _Rows) -> None:
    empty = rows.xp.squeeze(rows.tops, axis=-1) == -float("inf")
    if bool(rows.xp.any(empty)):
        raise InputValueError(
            "Every row of `logits` must have a possible class, but all entries are -inf at "
            f"{place(first_index(empty, rows.xp))}. Drop the row."
        )


def _deliver(values: Array, rows: _Rows, *, kept: bool) -> Array:
    """Return values in the dtype of the logits, NaN where the row holds a NaN."""
    xp = rows.xp
    nan = xp.isnan(rows.tops) if kept else xp.isnan(xp.squeeze(rows.tops, axis=-1))
    values = xp.where(nan, xp.full_like(values, float("nan")), values)
    return xp.astype(values, rows.dtype, copy=False)


def _total(terms: Array, rows: _Rows) -> Array:
    """Return the sums over rows of what is inside."""
    xp = rows.xp
    return xp.sum(xp.where(rows.inside, terms, xp.zeros_like(terms)), axis=-1)


def _normaliser(rows: _Rows, alpha: float) -> Array:
    return _total(rows.root ** (1 / (alpha - 1)), rows)[..., None]


@quiet
def tsallis_probs(logits: Array, alpha: float) -> Array:
    """Return the probabilities, shape (n, K); a row of nothing but -inf is refused."""
    rows = _solve(logits, alpha)
    _refuse_empty(rows)
    xp = rows.xp
    probs = rows.root ** (1 / (alpha - 1)) / _normaliser(rows, alpha)
    return _deliver(xp.where(rows.inside, probs, xp.zeros_like(probs)), rows, kept=True)


@quiet
def tsallis_log_probs(logits: Array, alpha: float) -> Array:
    """Return the logarithms of the probabilities, -inf where these are 0, shape (n, K)."""
    rows = _solve(logits, alpha)
    _refuse_empty(rows)
    xp = rows.xp
    logs = xp.log(rows.root) / (alpha - 1) - xp.log(_normaliser(rows, alpha))
    logs = xp.where(rows.inside, logs, xp.full_like(logs, -float("inf")))
    return _deliver(logs, rows, kept=True)


@quiet
def tsallis_potential(logits: Array, alpha: float) -> Array:
    """Return the potential whose gradient the probabilities are, shape (n,)."""
    rows = _solve(logits, alpha)
    powers = _total(rows.root ** (alpha / (alpha - 1)), rows) / alpha
    ends = (rows.threshold + 1 / alpha) / (alpha - 1) + rows.tops
    return _deliver(powers + rows.xp.squeeze(ends, axis=-1), rows, kept=False)


@quiet
def tsallis_entropy(probs: Array, alpha: float) -> Array:
    """Return the entropy of each row, at least 0 and 0 at certainty, shape (n,)."""
    xp = namespace(probs)
    positive = probs > 0
    known = xp.where(positive, probs, xp.ones_like(probs))
    if alpha == 2.0:
        cells = known * (1 - known)
    elif alpha == 1.5:
        cells = known * (1 - xp.sqrt(known))
    else:
        cells = 0 - known * xp.expm1((alpha - 1) * xp.log(known))
    return xp.sum(cells, axis=-1) / (alpha * (alpha - 1))


@quiet
def tsallis_jacobian_product(probs: Array, directions: Array, alpha: float) -> Array:
    """Return J v for each row: the directions less their mean over the support, shape (n, K)."""
    xp = namespace(probs, directions)
    positive = probs > 0
    weights = xp.where(positive, probs, xp.ones_like(probs)) ** (2 - alpha)
    weights = xp.where(positive, weights, xp.zeros_like(probs))
    mean = xp.sum(weights * directions, axis=-1, keepdims=True) / xp.sum(
        weights, axis=-1, keepdims=True
    )
    return weights * (directions - mean)


def tsallis_logits(probs: Array, alpha: float) -> Array:
    """Return logits that have these probabilities, shape (n, K)."""
    return probs ** (alpha - 1) / (alpha - 1)


@quiet
def tsallis_loss(logits: Array, targets: Array, alpha: float) -> Array:
    """Return potential - <targets, logits> without its cancellation, shape (n,)."""
    rows = _solve(logits, alpha)
    _refuse_empty(rows)
    xp = rows.xp
    targets = xp.astype(targets, xp.float64, copy=False)
    zero = xp.zeros_like(rows.x)
    root = xp.where(rows.inside, rows.root, zero)
    if alpha == 2.0:
        cells = (targets - root) ** 2 / 2
    elif alpha == 1.5:
        present = targets > 0
        side = xp.where(present, xp.sqrt(xp.where(present, targets, xp.ones_like(zero))), zero)
        cells = 4 / 3 * (side - root) ** 2 * (side + root / 2)
    else:
        probs = xp.where(rows.inside, rows.root ** (1 / (alpha - 1)), zero)
        cells = (targets**alpha + (alpha - 1) * probs * root - alpha * root * targets) / (
            alpha * (alpha - 1)
        )
        cells = xp.where(cells > 0, cells, zero)
    # A target of 0 at a logit of -inf adds nothing: 0 times inf is 0 here.
    short = ~rows.inside & (targets > 0)
    slack = xp.where(short, (rows.threshold - rows.x) / (alpha - 1), zero)
    losses = xp.sum(cells + xp.where(short, targets * slack, zero), axis=-1)
    return _deliver(losses + tsallis_entropy(targets, alpha), rows, kept=False)
