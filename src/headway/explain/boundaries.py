"""Where a decision can change when one logit moves and the others stay.

Every exclusive decision compares weighted sums of the head's unnormalised values u (exp(z) under
softmax, sigmoid(z) under sigmoids), so that it can change only on a plane

    sum_k D_k u_k = 0           argmax        D = e_a - e_b
                                threshold t   D = e_k - t
                                costs         D = cost[:, a] - cost[:, b]

and along one logit that is solved exactly: u_k = -(sum of the other terms) / D_k.  Labels on
their own change where their probability meets a number.  The trap is cancellation in that sum:
it is taken from the logarithms of its positive and its negative terms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logit

from headway.decisions import (
    Abstain,
    Argmax,
    BinaryThreshold,
    LabelThresholds,
    LacScore,
    LeastCost,
    PredictionSets,
    Threshold,
    TopK,
)
from headway.heads import Head
from headway.kernels import log_sigmoid
from headway.links import SigmoidLink, SoftmaxLink

__all__ = ["critical_logits"]

MOST_MOVED = 128  # classes whose logits are moved, the most probable first


Critical = tuple[np.ndarray, np.ndarray]


def critical_logits(head: Head, z: np.ndarray, decided: Any, /) -> Critical | None:
    """Return (columns, logits) at which alone the decision can change, or None if unknown.

    Parameters
    ----------
    head : Head
        Its link must be softmax or sigmoid, and its decision one that is known here.
    z : float64 array of shape (K,)
        Calibrated logits; (1,) for binary heads.
    decided : int, or 0/1 array
        What the head decides at `z`.
    """
    decision = head.decision
    binary = len(z) == 1
    if isinstance(decision, Argmax) and not binary:
        return _order(z, np.arange(len(z)) == decided)
    if not isinstance(head.link, (SigmoidLink, SoftmaxLink)):
        return None
    if isinstance(decision, TopK) and not binary:
        return _order(z, decided == 1)
    if not head.exclusive:
        return _label_criticals(decision, z, head)
    both = np.array([0.0, z[0]]) if binary else z
    planes = _planes(decision, len(both), decided, both)
    if planes is None:
        return None
    sigmoids = isinstance(head.link, SigmoidLink) and not binary
    logs = np.asarray(log_sigmoid(both)) if sigmoids else both
    columns = np.array([1]) if binary else np.argsort(-both, kind="stable")[:MOST_MOVED]
    values = _solved(planes, logs, columns)
    if sigmoids:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = values - np.log(-np.expm1(values))
    columns = np.broadcast_to(columns * (not binary), values.shape)
    met = np.isfinite(values)
    return columns[met], values[met]


def _order(z: np.ndarray, inside: np.ndarray) -> Critical:
    """Return where one outside reaches the least inside, or one inside the largest outside."""
    if inside.all() or not inside.any():
        return np.zeros(0, dtype=int), np.zeros(0)
    return np.arange(len(z)), np.where(inside, z[~inside].max(), z[inside].min())


def _planes(decision: Any, K: int, decided: Any, z: np.ndarray) -> np.ndarray | None:
    """Return the planes D (m, K) that bound what was decided, or None if they are not known."""
    unit = np.eye(K)
    if isinstance(decision, Argmax):
        return unit[decided] - np.delete(unit, decided, axis=0)
    if isinstance(decision, LeastCost):
        return (decision.cost[:, [decided]] - np.delete(decision.cost, decided, axis=1)).T
    if isinstance(decision, BinaryThreshold):
        return unit[1:] - decision.value
    if isinstance(decision, Abstain):
        if decided < K:
            others = unit[decided] - np.delete(unit, decided, axis=0)
            return np.vstack([others, unit[decided] - decision.threshold])
        return unit - decision.threshold
    if isinstance(decision, PredictionSets) and isinstance(decision.score, LacScore):
        # A class is a candidate where -p <= cutoff; an empty set may get the most probable one.
        lines = -np.broadcast_to(decision.cutoffs, (K,))
        largest = int(z.argmax())
        others = unit[largest] - np.delete(unit, largest, axis=0)
        return np.vstack([(unit - lines[:, None])[np.isfinite(lines)], others])
    return None


def _solved(planes: np.ndarray, logs: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return log u_k on each plane for each column k, the other logs u staying, or NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = logs + np.log(np.abs(planes))
        positive = _sums_without(np.where(planes > 0, terms, -np.inf), columns)
        negative = _sums_without(np.where(planes < 0, terms, -np.inf), columns)
        # The term of u_k must be minus the sum of the others.
        own = planes[:, columns]
        larger, smaller = np.maximum(positive, negative), np.minimum(positive, negative)
        size = larger + np.log1p(-np.exp(smaller - larger))
        sign = np.where(negative > positive, 1.0, -1.0)
        return np.where(sign * own > 0, size - np.log(np.abs(own)), np.nan)


def _sums_without(terms: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the logsumexp of each row of terms without column k, for each k of `columns`.

    The largest term is summed around; without any other, what is left is at least half of the
    sum, so that it may be taken off without cancellation.
    """
    rows = np.arange(len(terms))
    top = terms.argmax(axis=1)
    total = np.logaddexp.reduce(terms, axis=1)[:, None]
    others = terms.copy()
    others[rows, top] = -np.inf
    rest = np.logaddexp.reduce(others, axis=1)[:, None]
    own = terms[:, columns]
    left = np.where(own > -np.inf, total + np.log1p(-np.exp(own - total)), total)
    return np.where(columns == top[:, None], rest, left)


def _label_criticals(decision: Any, z: np.ndarray, head: Head) -> Critical | None:
    """Return where each label's own probability meets a threshold or another label's margin."""
    L = len(z)
    every = np.arange(L)
    if isinstance(decision, Threshold):
        probs = np.full((L, 1), decision.value)
    elif isinstance(decision, LabelThresholds):
        thresholds = np.asarray(decision.values)
        probs = thresholds[:, None]
        if decision.at_least_one or decision.at_most is not None:
            gains = head.to_probs(z[None, :])[0] - thresholds
            margins = np.where(every == every[:, None], np.nan, probs + gains)
            probs = np.column_stack([probs, margins])
    else:
        return None
    columns = np.broadcast_to(every[:, None], probs.shape)
    met = (probs > 0) & (probs < 1)
    return columns[met], logit(probs[met])
