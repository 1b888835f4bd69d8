"""Common mistakes, written as losses, so that a learner can see what they cost.

    squared error on the sigmoid      sum((sigmoid(z) - t)^2)
    softmax twice                     cross_entropy(logits=softmax(z))
    binary cross-entropy on softmax   -sum(t log p + (1 - t) log(1 - p)), p = softmax(z)

Each has the exact gradient that automatic differentiation would give the person
who made the mistake, in a form that does not overflow: what is measured is the
mistake, not its rounding.
"""

from dataclasses import dataclass

from headway._array import Array, namespace, quiet, same_dtype, wide_sum
from headway.kernels import log_softmax, sigmoid, softmax
from headway.links.softmax import expected_nats
from headway.losses.log_odds import log_odds_parts

__all__ = ["BinaryCrossEntropyOnSoftmax", "CrossEntropyOnProbs", "SquaredErrorOnSigmoid"]


@dataclass(frozen=True)
class SquaredErrorOnSigmoid:
    """Return the squared error of sigmoid probabilities, summed over the classes.

    The mistake: the gradient carries the factor p (1 - p), which vanishes exactly
    where the model is confidently wrong, and the loss is not convex in the logits.

    Examples
    --------
    >>> import numpy as np
    >>> loss = SquaredErrorOnSigmoid()
    >>> loss.gradient(np.array([[0.0, -20.0]]), np.array([[1.0, 1.0]])).round(8)
    array([[-0.25, -0.  ]])
    """

    @quiet
    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return sum((p - t)^2), missing targets adding nothing, shape (n,)."""
        xp = namespace(logits, targets)
        miss = sigmoid(logits) - same_dtype(targets, logits)
        cells = xp.where(xp.isnan(targets), xp.zeros_like(miss), miss * miss)
        return wide_sum(cells, xp, axis=-1)

    @quiet
    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return 2 (p - t) p (1 - p), and 0 at missing targets, shape (n, K)."""
        xp = namespace(logits, targets)
        probs = sigmoid(logits)
        # sigmoid(-z) keeps the digits that 1 - p loses for large z.
        slope = 2 * (probs - same_dtype(targets, logits)) * probs * sigmoid(-logits)
        return xp.where(xp.isnan(targets), xp.zeros_like(slope), slope)


@dataclass(frozen=True)
class CrossEntropyOnProbs:
    """Return the cross-entropy of softmax probabilities taken for logits.

    The mistake: a softmax layer before a loss that applies softmax itself.  The
    second softmax sees numbers in 0..1, so its largest probability cannot exceed
    e / (e + K - 1), and the loss never comes near 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss = CrossEntropyOnProbs()
    >>> loss.value(np.array([[100.0, 0.0]]), np.array([[1.0, 0.0]])).round(4)  # not 0
    array([0.3133])
    """

    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return -sum(t log softmax(softmax(z))), shape (n,)."""
        return expected_nats(log_softmax(softmax(logits)), same_dtype(targets, logits))

    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return p (g - <p, g>) with g = softmax(p) - t, shape (n, K)."""
        xp = namespace(logits, targets)
        probs = softmax(logits)
        outer = softmax(probs) - same_dtype(targets, logits)
        mean = wide_sum(probs * outer, xp, axis=-1, keepdims=True)
        return probs * (outer - mean)


@dataclass(frozen=True)
class BinaryCrossEntropyOnSoftmax:
    """Return the binary cross-entropy of softmax probabilities, summed over the classes.

    The mistake: the other classes are punished twice, once for what they have and
    once through the shared sum; the loss is no longer convex in the logits.  With
    two classes it is exactly twice the cross-entropy, and harmless.

    Examples
    --------
    >>> import numpy as np
    >>> loss = BinaryCrossEntropyOnSoftmax()
    >>> loss.value(np.zeros((1, 2)), np.array([[1.0, 0.0]]))  # twice log 2
    array([1.38629436])
    """

    @quiet
    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return -sum(t log p + (1 - t) log(1 - p)), shape (n,)."""
        targets = same_dtype(targets, logits)
        log_probs, log_rest, _ = log_odds_parts(logits)
        return expected_nats(log_probs, targets) + expected_nats(log_rest, 1 - targets)

    @quiet
    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return the exact derivative by the logits, shape (n, K).

        With h = dloss/dlog p = -t + (1 - t) p / (1 - p) the derivative is
        h (1 - p) - p * (sum of h over the others).  Only the top class m can have
        p near 1; its h is never formed, p h_m being bounded for every other p.
        """
        xp = namespace(logits, targets)
        targets = same_dtype(targets, logits)
        log_probs, log_rest, top = log_odds_parts(logits)
        probs, rest, zero = xp.exp(log_probs), xp.exp(log_rest), xp.zeros_like(log_probs)
        own = (1 - targets) * probs - targets * rest
        odds = xp.where(top, zero, probs / rest)
        slopes = xp.where(top, zero, (1 - targets) * odds - targets)
        others = wide_sum(slopes, xp, axis=-1, keepdims=True) - slopes

        def at_top(values: Array) -> Array:
            return wide_sum(xp.where(top, values, zero), xp, axis=-1, keepdims=True)

        top_target = at_top(targets)
        shared = xp.exp(log_probs + at_top(log_probs) - at_top(log_rest))
        shared = xp.where(log_probs == -float("inf"), zero, shared)
        from_top = (1 - top_target) * shared - top_target * probs
        return own - probs * others - xp.where(top, zero, from_top)
