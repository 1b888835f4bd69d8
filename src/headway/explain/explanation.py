"""The explanation of one decision: numbers from the features to what would have changed it.

`explain_prediction` fills these; they hold numbers and short sentences, and tell them as text or
JSON.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Explanation", "Flip", "Option", "Reason", "in_words"]


@dataclass(frozen=True, eq=False)
class Reason:
    """What moved one logit, or the difference of two.

    Attributes
    ----------
    question : str
        In words, such as "virginica rather than versicolor".
    classes : tuple of str
        The class whose logit it is, and (for a difference) the one whose logit is taken off.
    logit, base : float
        The uncalibrated logit, or difference, of the row and of the baseline.
    values : float array (d,)
        The contribution of each feature: base + sum of values = logit, up to `Explanation.error`.
    """

    question: str
    classes: tuple[str, ...]
    logit: float
    base: float
    values: np.ndarray

    def largest(self, count: int) -> np.ndarray:
        """Return the columns of the `count` contributions that weigh most, largest first."""
        order = np.argsort(-np.abs(self.values), kind="stable")[:count]
        return order[self.values[order] != 0]


@dataclass(frozen=True)
class Option:
    """One thing that could be decided: a class, a label, or an action that is no class.

    Attributes
    ----------
    name : str
        Of the class, label or action.
    chosen : bool
        Whether it was.
    value : float
        What the decision compares: a probability, or an expected cost.
    line : float or None
        What `value` is compared with, if that is a fixed number.
    """

    name: str
    chosen: bool
    value: float
    line: float | None = None


@dataclass(frozen=True)
class Flip:
    """The smallest change of one number that changes the decision.

    Attributes
    ----------
    kind : {"logit", "threshold", "temperature"}
        Of which number.
    name : str
        Whose logit or threshold; empty for the temperature.
    now, then : float
        The (calibrated) logit, threshold or temperature that is, and the one at whose far side
        the decision is another.  NaN in `then`: there is none.
    result : str
        The other decision.
    reason : str
        Why there is none; else empty.
    """

    kind: str
    name: str
    now: float
    then: float
    result: str = ""
    reason: str = ""

    @property
    def exists(self) -> bool:
        """Return whether some change of this number changes the decision."""
        return not math.isnan(self.then)

    @property
    def change(self) -> float:
        """Return by how much the number has to move."""
        return self.then - self.now

    def to_dict(self) -> dict[str, Any]:
        """Return it in JSON's types; null where there is no such change."""
        return {
            "kind": self.kind,
            "name": self.name,
            "now": _plain(self.now),
            "then": _plain(self.then),
            "change": _plain(self.change),
            "result": self.result,
            "reason": self.reason,
        }


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model decided one row as it did.

    Attributes
    ----------
    row : int
        Which row, counted from 0.
    model : str
        Class of the model.
    kind : {"binary", "exclusive", "multilabel"}
        Of its labels.
    classes : tuple of str
        All classes or labels.
    logit_names : tuple of str
        One for each logit: the classes, but for two classes only the second.
    raw_logits, logits : float array (K,)
        Before and after calibration.
    calibration : str
        What the calibrator did, in words.
    head : str
        What the head did, in words.
    membership : float array (K,) or None
        The raw values of one sigmoid for each exclusive class; else None.
    probs : float array (K,)
        One for each of `classes`.
    rule : str
        How probabilities become a decision, in words.
    decision : tuple of str
        What was decided: one class or action, or a set of labels or candidates.
    several : bool
        Whether the decision is a set.
    options : tuple of Option
        What could be decided, with the numbers that the rule compares.
    compared : {"prob", "expected cost"}
        What those numbers are.
    runner_up : str
        What would have been decided next.
    flips : tuple of three Flip
        The smallest changes: of one logit, of the threshold, of the temperature.
    logit_flips : tuple of K Flip
        The smallest change of each logit that changes the decision.
    reasons : tuple of Reason
        What moved the logits; none where that is not known.
    no_reasons : str
        Why there are none; else empty.
    baseline_name : str
        What the features are compared with, in words.
    method : str
        "exact" or "integrated gradients".
    error : float
        How far contributions and baseline are from adding up to the logit.
    steps : int
        Points at which a network's gradient was read.
    feature_names : tuple of str
        One for each feature.
    features, baseline : float array (d,)
        The row, and what it is compared with.
    image_shape : tuple of int or None
        (channels, height, width), if a row is a picture.
    top : int
        How many features are told.
    """

    row: int
    model: str
    kind: str
    classes: tuple[str, ...]
    logit_names: tuple[str, ...]
    raw_logits: np.ndarray
    logits: np.ndarray
    calibration: str
    head: str
    membership: np.ndarray | None
    probs: np.ndarray
    rule: str
    decision: tuple[str, ...]
    several: bool
    options: tuple[Option, ...]
    compared: str
    runner_up: str
    flips: tuple[Flip, ...]
    logit_flips: tuple[Flip, ...]
    reasons: tuple[Reason, ...]
    no_reasons: str
    baseline_name: str
    method: str
    error: float
    steps: int
    feature_names: tuple[str, ...]
    features: np.ndarray
    baseline: np.ndarray
    image_shape: tuple[int, int, int] | None
    top: int

    @property
    def answer(self) -> str:
        """Return the decision in words."""
        return in_words(self.decision, self.kind)

    def smallest(self, kind: str) -> Flip:
        """Return the smallest change of that kind: "logit", "threshold" or "temperature"."""
        return next(flip for flip in self.flips if flip.kind == kind)

    def to_text(self) -> str:
        """Return the explanation as text of at most 80 columns."""
        from headway.explain.telling import tell

        return tell(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON-ready dicts, lists and numbers."""
        return {
            "format": "headway-explanation",
            "version": 1,
            "row": self.row,
            "model": self.model,
            "kind": self.kind,
            "classes": list(self.classes),
            "logits": {
                "names": list(self.logit_names),
                "raw": _plain_list(self.raw_logits),
                "calibrated": _plain_list(self.logits),
            },
            "calibration": self.calibration,
            "head": self.head,
            "membership": None if self.membership is None else _plain_list(self.membership),
            "probs": _plain_list(self.probs),
            "rule": self.rule,
            "decision": list(self.decision) if self.several else self.decision[0],
            "compared": self.compared,
            "options": [
                {
                    "name": option.name,
                    "chosen": option.chosen,
                    "value": _plain(option.value),
                    "line": None if option.line is None else _plain(option.line),
                }
                for option in self.options
            ],
            "runner_up": self.runner_up,
            "flips": {flip.kind: flip.to_dict() for flip in self.flips},
            "logit_flips": [flip.to_dict() for flip in self.logit_flips],
            "contributions": None
            if not self.reasons
            else {
                "baseline": self.baseline_name,
                "method": self.method,
                "error": self.error,
                "steps": self.steps,
                "reasons": [self._reason(reason) for reason in self.reasons],
            },
            "no_contributions": self.no_reasons or None,
        }

    def _reason(self, reason: Reason) -> dict[str, Any]:
        shown = reason.largest(self.top)
        total = float(reason.values.sum())
        return {
            "question": reason.question,
            "classes": list(reason.classes),
            "logit": reason.logit,
            "base": reason.base,
            "features": [
                {
                    "name": self.feature_names[j],
                    "column": int(j),
                    "value": float(self.features[j]),
                    "baseline": float(self.baseline[j]),
                    "contribution": float(reason.values[j]),
                }
                for j in shown
            ],
            "others": {
                "count": int(np.count_nonzero(reason.values) - len(shown)),
                "contribution": total - float(reason.values[shown].sum()),
            },
        }


def in_words(names: tuple[str, ...], kind: str, /) -> str:
    """Return a decision in words: a name, labels joined by "and", candidates joined by "or".

    Examples
    --------
    >>> in_words(("calm", "sad"), "multilabel"), in_words(("ant", "bee"), "exclusive")
    ('calm and sad', 'ant or bee')
    """
    if not names:
        return "no label" if kind == "multilabel" else "no class"
    return (" and " if kind == "multilabel" else " or ").join(names)


def _plain_list(values: np.ndarray) -> list[float | str | None]:
    return [_plain(float(value)) for value in values]


def _plain(value: float) -> float | str | None:
    """Return a number that JSON can hold; NaN becomes null, an infinity text."""
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else str(float(value))
