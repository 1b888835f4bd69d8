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


def critical_logits(head: Head, z: np.ndarray, decided: Any, /) -> list[tuple[int, float]] | None:
    """Return (column, logit) pairs at which alone the decision can change, or None if unknown.

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
    if not isinstance(head.link, (SigmoidLink, SoftmaxLink)):
        return _order_pairs(z, decided) if isinstance(decision, Argmax) and len(z) > 1 else None
    if not head.exclusive:
        return _label_criticals(decision, z, head, decided)
    binary = len(z) == 1
    both = np.array([0.0, z[0]]) if binary else z
    if isinstance(decision, Argmax) and not binary:
        return _order_pairs(z, decided)
    planes = _planes(decision, len(both), decided, both)
    if planes is None:
        return None
    sigmoids = isinstance(head.link, SigmoidLink) and not binary
    logs = np.asarray(log_sigmoid(both)) if sigmoids else both
    columns = [1] if binary else np.argsort(-both, kind="stable")[:MOST_MOVED].tolist()
    found = []
    for k in columns:
        values = _solved(planes, logs, k)
        if sigmoids:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = values - np.log(-np.expm1(values))
        found += [(0 if binary else k, float(v)) for v in values if np.isfinite(v)]
    return found


def _order_pairs(z: np.ndarray, chosen: int) -> list[tuple[int, float]]:
    """Return where another logit reaches the largest, or the largest comes down to another."""
    others = np.delete(np.arange(len(z)), chosen)
    return [
        *((int(k), float(z[chosen])) for k in others),
        *((int(chosen), float(z[k])) for k in others),
    ]


def _planes(decision: Any, K: int, decided: Any, z: np.ndarray) -> np.ndarray | None:
    """Return the planes D (m, K) that bound what was decided, or None if they are not known."""
    unit = np.eye(K)
    if isinstance(decision, Argmax):
        return unit[decided] - np.delete(unit, decided, axis=0)
    if isinstance(decision, LeastCost):
        return (decision.cost[:, [decided]] - np.delete(decision.cost, decided, axis=1)).T
    if isinstance(decision, BinaryThreshold):
        return unit[1:] - decision.value
    if isinstance(decision, TopK):
        inside, outside = np.flatnonzero(decided), np.flatnonzero(decided == 0)
        return np.array([unit[i] - unit[j] for i in inside for j in outside]).reshape(-1, K)
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


def _solved(planes: np.ndarray, logs: np.ndarray, k: int) -> np.ndarray:
    """Return log u_k on each plane, the other logs u staying; NaN where it meets none."""
    rest = np.delete(planes, k, axis=1)
    own = planes[:, k]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.delete(logs, k) + np.log(np.abs(rest))
        positive = np.logaddexp.reduce(np.where(rest > 0, terms, -np.inf), axis=1)
        negative = np.logaddexp.reduce(np.where(rest < 0, terms, -np.inf), axis=1)
        # own * u_k must be minus the sum of the rest.
        larger, smaller = np.maximum(positive, negative), np.minimum(positive, negative)
        size = larger + np.log1p(-np.exp(smaller - larger))
        sign = np.where(negative > positive, 1.0, -1.0)
        return np.where(sign * own > 0, size - np.log(np.abs(own)), np.nan)


def _label_criticals(
    decision: Any, z: np.ndarray, head: Head, decided: np.ndarray
) -> list[tuple[int, float]] | None:
    """Return where each label's own probability meets a threshold or another label's margin."""
    L = len(z)
    if isinstance(decision, Threshold):
        line = _logit(decision.value)
        return [(k, line) for k in range(L)] if np.isfinite(line) else []
    if isinstance(decision, TopK):
        return [(j, float(z[k])) for j in range(L) for k in range(L) if decided[j] != decided[k]]
    if not isinstance(decision, LabelThresholds):
        return None
    thresholds = np.asarray(decision.values)
    found = [(k, float(_logit(t))) for k, t in enumerate(thresholds)]
    if decision.at_least_one or decision.at_most is not None:
        gains = head.to_probs(z[None, :])[0] - thresholds
        found += [
            (k, float(_logit(thresholds[k] + gains[j])))
            for k in range(L)
            for j in range(L)
            if j != k and 0 < thresholds[k] + gains[j] < 1
        ]
    return [(k, v) for k, v in found if np.isfinite(v)]


def _logit(probability: float) -> float:
    with np.errstate(divide="ignore"):
        return float(logit(probability))
