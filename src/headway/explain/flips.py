"""The smallest change of one logit, of a threshold or of the temperature that flips a decision.

    logit         one calibrated logit moves, the others stay
    threshold     to the probability itself
    temperature   all calibrated logits are divided by T

Nothing is believed that is not tried: each candidate is applied just beyond, and counts only if
the decision is another one there.  Where a decision's boundaries are known (`boundaries`) the
candidates are exact and complete; elsewhere they are found by walking outwards in small steps and
halving the one in which the decision changed, so that a region narrower than a step can be missed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from headway.decisions import Abstain, ApsScore, Argmax, LabelThresholds, PredictionSets, TopK
from headway.decisions.row_draws import row_draws
from headway.explain.boundaries import MOST_MOVED, critical_logits
from headway.explain.explanation import Flip
from headway.heads import Head

__all__ = [
    "logit_flips",
    "smallest_flip",
    "temperature_flip",
    "threshold_flip",
    "with_held_draw",
]

BEYOND = (1e-12, 1e-9, 1e-6)  # relative steps over a boundary, tried in turn
FARTHEST = 60.0  # logits: beyond, probabilities are 0 or 1 to the last digit
STEPS = 400
MOST_CELLS, LEAST_MOVED = 1 << 24, 8  # of a search: cells of logits, and columns all the same
HOTTEST = 1000.0
HALVINGS = 60
NAN = float("nan")

Words = Callable[[Any], str]


def logit_flips(
    head: Head, z: np.ndarray, names: Sequence[str], words: Words, /
) -> tuple[Flip, ...]:
    """Return for each calibrated logit its smallest move that changes the decision.

    Parameters
    ----------
    head : Head
        Link and decision.
    z : float64 array of shape (K,)
        Calibrated logits; (1,) for binary heads.
    names : sequence of K str
        Whose logits they are.
    words : callable
        Puts a decision into words.
    """
    nearest: dict[int, tuple[float, Any]] = {}
    for column, then, decision in _found_logits(head, z):
        if column not in nearest or abs(then - z[column]) < abs(nearest[column][0] - z[column]):
            nearest[column] = then, decision
    flips = []
    for k, name in enumerate(names):
        now = float(z[k])
        if k in nearest:
            then, decision = nearest[k]
            flips.append(Flip("logit", name, now, then, words(decision)))
        else:
            reason = f"No value of the logit of {name} alone gives another decision."
            flips.append(Flip("logit", name, now, NAN, reason=reason))
    return tuple(flips)


def smallest_flip(flips: Sequence[Flip], /) -> Flip:
    """Return the flip of least change, or one that says that there is none."""
    found = [flip for flip in flips if flip.exists]
    if not found:
        reason = "No change of a single logit gives another decision."
        return Flip("logit", "", NAN, NAN, reason=reason)
    return min(found, key=lambda flip: abs(flip.change))


def _found_logits(head: Head, z: np.ndarray) -> list[tuple[int, float, Any]]:
    """Return (column, logit, other decision) for each change of a single logit that flips."""
    decided = head.decide(z[None, :])[0]
    critical = critical_logits(head, z, decided)
    if critical is None:
        return _searched_logits(head, z, decided)
    columns, at = critical
    # A boundary is crossed away from where the logit is; one that it lies on (a tie) either way.
    tie = np.flatnonzero(at == z[columns])
    columns, at = np.append(columns, columns[tie]), np.append(at, at[tie])
    way = np.where(at >= z[columns], 1.0, -1.0)
    way[len(way) - len(tie) :] = -1.0
    # What is decided holds on an interval around the logit: nearest first, on each side.
    order = np.lexsort((np.abs(at - z[columns]), way, columns))
    columns, at, way = columns[order], at[order], way[order]
    waiting = np.ones(len(at), dtype=bool)
    found = []
    while waiting.any():
        left = np.flatnonzero(waiting)
        sides = 2 * columns[left] + (way[left] > 0)
        _, first = np.unique(sides, return_index=True)
        tried = left[first]
        waiting[tried] = False
        others, changed = _tried(head, z, columns[tried], at[tried], way[tried], decided)
        for i in np.flatnonzero(changed):
            found.append((int(columns[tried[i]]), float(at[tried[i]]), others[i]))
        waiting &= ~np.isin(2 * columns + (way > 0), sides[first][changed])
    return found


def _tried(
    head: Head, z: np.ndarray, columns: np.ndarray, at: np.ndarray, way: np.ndarray, decided: Any
) -> tuple[list[Any], np.ndarray]:
    """Return what is decided just beyond each boundary, and where that is another decision."""
    answers: list[Any] = [None] * len(at)
    changed = np.zeros(len(at), dtype=bool)
    for step in BEYOND:
        left = np.flatnonzero(~changed)
        if not len(left):
            break
        rows = np.repeat(z[None, :], len(left), axis=0)
        size = step * np.maximum(1.0, np.abs(at[left]))
        rows[np.arange(len(left)), columns[left]] = at[left] + way[left] * size
        others = head.decide(rows)
        for i in np.flatnonzero(_differ(others, decided)):
            answers[left[i]], changed[left[i]] = others[i], True
    return answers, changed


def _searched_logits(head: Head, z: np.ndarray, decided: Any) -> list[tuple[int, float, Any]]:
    """Return the same by walking outwards along each logit."""
    reach = np.concatenate([[1e-9], np.geomspace(1e-4, FARTHEST, STEPS)])
    found = []
    most = int(np.clip(MOST_CELLS / (2 * len(reach) * len(z)), LEAST_MOVED, MOST_MOVED))
    for k in np.argsort(-z, kind="stable")[:most]:
        for sign in (1.0, -1.0):

            def moved(distance: np.ndarray, k: int = int(k), sign: float = sign) -> np.ndarray:
                rows = np.repeat(z[None, :], len(distance), axis=0)
                rows[:, k] += sign * distance
                return head.decide(rows)

            place = _first_change(moved, reach, decided)
            if place is not None:
                found.append((int(k), float(z[k] + sign * place[0]), place[1]))
    return found


@dataclass(frozen=True)
class HeldDraw:
    """An APS score whose random share stays what it was for one row.

    A row's draw is hashed from its probabilities: the least change would bring another draw, and
    with it a change of the set that no number explains.
    """

    score: ApsScore
    share: float

    def __call__(self, probs: np.ndarray, /) -> np.ndarray:
        """Return the scores (n, K) with that share of each class's own probability."""
        return replace(self.score, randomized=False)(probs) - (1.0 - self.share) * probs


def with_held_draw(head: Head, logits: np.ndarray, /) -> Head:
    """Return the head with a decision that draws nothing; the same head if it never does.

    Parameters
    ----------
    logits : float array of shape (1, K)
        Calibrated logits of the row whose draw is held.
    """
    decision = head.decision
    score = getattr(decision, "score", None)
    if not isinstance(decision, PredictionSets) or not isinstance(score, ApsScore):
        return head
    if not score.randomized:
        return head
    probs = np.asarray(head.to_probs(logits), dtype=np.float64)
    held = HeldDraw(score, float(row_draws(probs, score.seed)[0]))
    return replace(head, decision=replace(decision, score=held))


def temperature_flip(head: Head, z: np.ndarray, words: Words, /) -> Flip:
    """Return the temperature nearest to 1 (as a ratio) that changes the decision.

    Parameters
    ----------
    head, z, words
        As for `logit_flips`.  Temperatures from 1/1000 to 1000 are tried.
    """
    if isinstance(head.decision, (Argmax, TopK)):
        reason = "Dividing all logits by one number keeps their order, and order alone decides."
        return Flip("temperature", "", 1.0, NAN, reason=reason)
    decided = head.decide(z[None, :])[0]
    reach = np.concatenate([[1e-12], np.linspace(0.0, math.log(HOTTEST), 4 * STEPS)[1:]])
    found = []
    for sign in (1.0, -1.0):

        def warmed(distance: np.ndarray, sign: float = sign) -> np.ndarray:
            return head.decide(z[None, :] * np.exp(-sign * distance)[:, None])

        place = _first_change(warmed, reach, decided)
        if place is not None:
            found.append((place[0], float(math.exp(sign * place[0])), place[1]))
    if not found:
        reason = (
            f"Every temperature from {1 / HOTTEST:g} (probabilities near 0 and 1) to {HOTTEST:g} "
            "(all nearly alike) gives the same decision."
        )
        return Flip("temperature", "", 1.0, NAN, reason=reason)
    _, then, decision = min(found, key=lambda item: item[0])
    return Flip("temperature", "", 1.0, then, words(decision))


def threshold_flip(head: Head, z: np.ndarray, names: Sequence[str], words: Words, /) -> Flip:
    """Return the smallest change of a threshold that changes the decision.

    Parameters
    ----------
    head, z, words
        As for `logit_flips`.
    names : sequence of str
        One for each column of the probabilities.
    """
    decision = head.decision
    probs = head.to_probs(z[None, :])
    decided = decision(probs)[0]
    tries = [
        (abs(then - now), then, now, field, column)
        for field, column, now, candidates in _thresholds(decision, probs[0], decided)
        for then in candidates
    ]
    found = None
    for _, then, now, field, column in sorted(tries, key=lambda item: item[0]):
        way = np.inf if then >= now else -np.inf
        beyond = (np.nextafter(then, way), *(then + np.sign(way) * step for step in BEYOND[:2]))
        # On the line itself first: "exceeds" and "is at least" fall on different sides of it.
        for changed in (then, *beyond, np.nextafter(then, -way)):
            other = _decided_by(decision, field, column, float(changed), probs)
            if other is not None and _differ(other[None], decided)[0]:
                found = now, float(then), column, other
                break
        if found is not None:
            break
    if found is None:
        reason = (
            "No threshold from 0 to 1 gives another decision."
            if tries
            else f"{_rule(decision)} has no threshold."
        )
        return Flip("threshold", "", NAN, NAN, reason=reason)
    now, then, column, other = found
    name = "" if column is None else names[column]
    return Flip("threshold", name, now, then, words(other))


def _thresholds(
    decision: Any, probs: np.ndarray, decided: Any
) -> list[tuple[str, int | None, float, list[float]]]:
    """Return (field, place in it, value, values at which the decision can change) of each one."""
    known = {field.name for field in fields(decision)} if is_dataclass(decision) else set()
    if isinstance(decision, LabelThresholds):
        values = decision.values
        rivals = np.zeros(0)
        if decision.at_least_one or decision.at_most is not None:
            # A label's margin matters where it passes the least of those in or the best of those
            # out; the second ones, where it is one of these itself.
            gains = probs - np.asarray(values)
            inside, outside = np.sort(gains[decided == 1]), np.sort(gains[decided == 0])
            rivals = np.concatenate([inside[:2], outside[-2:]])
        return [
            (
                "values",
                k,
                values[k],
                [float(p), *(float(p - g) for g in rivals if 0 <= p - g <= 1)],
            )
            for k, p in enumerate(probs)
        ]
    if "value" in known and isinstance(decision.value, float):
        return [("value", None, decision.value, probs.tolist())]
    if isinstance(decision, Abstain):
        return [("threshold", None, decision.threshold, [float(probs.max())])]
    if isinstance(decision, PredictionSets):
        scores = np.asarray(decision.score(probs[None, :]))[0].tolist()
        cutoffs = decision.cutoffs
        if len(cutoffs) == 1:
            return [("cutoffs", 0, cutoffs[0], scores)]
        return [("cutoffs", k, cutoffs[k], [score]) for k, score in enumerate(scores)]
    return []


def _decided_by(
    decision: Any, field: str, column: int | None, value: float, probs: np.ndarray
) -> Any:
    """Return what is decided with another threshold, or None if that may not be."""
    old = getattr(decision, field)
    new: Any = value
    if column is not None:
        new = tuple(value if k == column else other for k, other in enumerate(old))
    try:
        return replace(decision, **{field: new})(probs)[0]
    except ValueError:
        return None


def _first_change(
    decide: Callable[[np.ndarray], np.ndarray], reach: np.ndarray, decided: Any
) -> tuple[float, Any] | None:
    """Return (distance, decision beyond it) of the first change along a walk, or None."""
    changed = _differ(decide(reach), decided)
    if not changed.any():
        return None
    first = int(np.argmax(changed))
    high = float(reach[first])
    low = float(reach[first - 1]) if first else 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if _differ(decide(np.array([middle])), decided)[0]:
            high = middle
        else:
            low = middle
    return high, decide(np.array([high]))[0]


def _differ(others: np.ndarray, decided: Any) -> np.ndarray:
    """Return which rows of decisions are another one than `decided`."""
    others = np.asarray(others)
    different = others != np.asarray(decided)
    return different if others.ndim == 1 else different.any(axis=1)


def _rule(decision: Any) -> str:
    words = {"LeastCost": "The least expected cost", "ExpectedF1": "The largest expected F"}
    return words.get(type(decision).__name__, type(decision).__name__)
