"""What an evaluation leaves behind: scores with intervals, a table of labels, the confusion.

Nothing here computes.  The trap: JSON knows no NaN and no infinity, and a log-loss may be
infinite; `to_dict` writes NaN as `null` and infinities as the strings "inf" and "-inf".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.evaluation.rows import EvaluatedRows

__all__ = ["SCORE_TITLES", "Evaluation", "LabelScores", "PairedEvaluation", "PairedScore", "Score"]

# How a score is called where a reader sees it.  "top_3_accuracy" and its like are made on the spot.
SCORE_TITLES = {
    "accuracy": "accuracy",
    "answered": "share answered",
    "accuracy_of_answered": "accuracy of answers",
    "coverage": "coverage of sets",
    "empty_sets": "empty sets",
    "set_size": "mean set size",
    "mean_cost": "mean cost",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "weighted_f1": "weighted F1",
    "example_f1": "example F1",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "micro_precision": "micro precision",
    "micro_recall": "micro recall",
    "example_precision": "example precision",
    "example_recall": "example recall",
    "jaccard": "Jaccard",
    "matthews": "Matthews correlation",
    "kappa": "Cohen's kappa",
    "roc_area": "ROC area",
    "average_precision": "average precision",
    "macro_roc_area": "macro ROC area",
    "micro_roc_area": "micro ROC area",
    "macro_average_precision": "macro average precision",
    "micro_average_precision": "micro average precision",
    "label_ranking_precision": "label ranking precision",
    "exact_match": "exact match",
    "hamming_accuracy": "Hamming accuracy",
    "coverage_error": "coverage error",
    "ranking_loss": "ranking loss",
    "one_error": "one-error",
    "log_loss": "log-loss, nats",
    "brier": "Brier score",
    "calibration_error": "calibration error",
}
SMALLER_IS_BETTER = (
    "log_loss",
    "brier",
    "calibration_error",
    "coverage_error",
    "ranking_loss",
    "one_error",
    "set_size",
    "empty_sets",
    "mean_cost",
)


@dataclass(frozen=True)
class Score:
    """A score with the interval that the rows leave it.

    Attributes
    ----------
    name : str
        For example "macro_f1".
    value : float
        On the rows given; NaN where undefined.
    low, high : float
        Ends of the interval; NaN where none can be given.
    method : str
        How the interval was made: "exact", "bootstrap, 1000", "normal" or "none".

    Examples
    --------
    >>> Score("accuracy", 0.9, 0.68, 0.99, "exact").to_dict()
    {'value': 0.9, 'low': 0.68, 'high': 0.99, 'method': 'exact'}
    """

    name: str
    value: float
    low: float
    high: float
    method: str

    @property
    def title(self) -> str:
        """The name as a reader sees it."""
        return _title(self.name)

    @property
    def smaller_is_better(self) -> bool:
        """Whether a smaller value is the better one."""
        return self.name in SMALLER_IS_BETTER

    def to_dict(self) -> dict[str, Any]:
        """Return value, ends and method as a JSON-ready dict."""
        return {
            "value": _plain(self.value),
            "low": _plain(self.low),
            "high": _plain(self.high),
            "method": self.method,
        }


@dataclass(frozen=True, eq=False)
class LabelScores:
    """One line for each class or label, over its observed cells.

    Attributes
    ----------
    names : tuple of str
        Classes or labels.
    support : float array of shape (K,)
        Weight of the rows that have it.
    decided : float array of shape (K,)
        Weight of the rows that were decided so.
    precision, recall, f1 : float arrays of shape (K,)
        0..1; NaN for a class that is neither true nor decided anywhere.
    calibration_error : float array of shape (K,)
        Debiased, of the probability of this class; 0..1.
    roc_area, average_precision : float arrays of shape (K,)
        Of this class against the rest; NaN where undefined.
    threshold : float array of shape (K,) or None
        Where the decision compares each label with a threshold.
    """

    names: tuple[str, ...]
    support: np.ndarray
    decided: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    calibration_error: np.ndarray
    roc_area: np.ndarray
    average_precision: np.ndarray
    threshold: np.ndarray | None

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the table as a JSON-ready dict: the name, then its line."""
        columns = {
            key: getattr(self, key)
            for key in (
                "support",
                "decided",
                "precision",
                "recall",
                "f1",
                "calibration_error",
                "roc_area",
                "average_precision",
                "threshold",
            )
        }
        return {
            name: {
                key: _plain(float(column[k]))
                for key, column in columns.items()
                if column is not None
            }
            for k, name in enumerate(self.names)
        }


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good probabilities and decisions are on some rows: what `evaluate` returns.

    Attributes
    ----------
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    n : int
        Rows judged.
    classes : tuple of str
        Names of the classes or labels, in column order.
    level : float
        Confidence of the intervals.
    scores : dict of str to Score
        Every score, in the order of the table.
    per_class : LabelScores
        One line for each class or label.
    confusion : array of shape (K, K + further actions) or None
        Weight of the rows of each true class (row) by decision (column); None for label sets and
        for decisions that are sets.
    actions : tuple of str
        Names of the columns of `confusion`.
    notes : tuple of str
        What was left out, and what a name means here.
    rows : EvaluatedRows
        The arrays, for pictures and for paired tests.
    zero_division : float
        What a row with no true and no decided label scores.

    Examples
    --------
    >>> from headway.evaluation import evaluate_probs
    >>> result = evaluate_probs([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]], [0, 0, 1])
    >>> round(result["accuracy"].value, 4), result["accuracy"].method
    (0.6667, 'exact')
    >>> result.confusion.tolist()
    [[1, 1], [0, 1]]
    """

    kind: str
    n: int
    classes: tuple[str, ...]
    level: float
    scores: dict[str, Score]
    per_class: LabelScores
    confusion: np.ndarray | None
    actions: tuple[str, ...]
    notes: tuple[str, ...]
    rows: EvaluatedRows
    zero_division: float

    def __getitem__(self, name: str) -> Score:
        """Return the score of that name."""
        return self.scores[name]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the arrays of rows as JSON-ready dicts, lists, numbers and text."""
        return {
            "format": "headway-evaluation",
            "version": 1,
            "kind": self.kind,
            "rows": self.n,
            "classes": list(self.classes),
            "level": self.level,
            "scores": {name: score.to_dict() for name, score in self.scores.items()},
            "per_class": self.per_class.to_dict(),
            "confusion": None
            if self.confusion is None
            else {"columns": list(self.actions), "counts": self.confusion.tolist()},
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class PairedScore:
    """The difference of one score between two models on the same rows.

    Attributes
    ----------
    name : str
        For example "macro_f1".
    first, second : float
        The two values.
    difference : float
        First minus second.
    low, high : float
        Ends of the interval of the difference; NaN where none can be given.
    better : {"first", "second", None}
        Which is better beyond chance: the interval leaves out 0.  None otherwise.
    """

    name: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    better: str | None

    @property
    def title(self) -> str:
        """The name as a reader sees it."""
        return _title(self.name)

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as a JSON-ready dict."""
        return {
            "first": _plain(self.first),
            "second": _plain(self.second),
            "difference": _plain(self.difference),
            "low": _plain(self.low),
            "high": _plain(self.high),
            "better": self.better,
        }


@dataclass(frozen=True, eq=False)
class PairedEvaluation:
    """Two models on the same rows: what `compare_evaluations` returns.

    Attributes
    ----------
    first, second : Evaluation
        The two; differences are first minus second.
    level : float
        Confidence of the intervals.
    scores : dict of str to PairedScore
        Every score both have.
    only_first, only_second : int
        Rows that only the first, or only the second, decided rightly (wholly, for label sets).
    p_value : float
        McNemar's exact test of those two counts: the chance of a split at least as uneven if
        the two were equally good.
    """

    first: Evaluation
    second: Evaluation
    level: float
    scores: dict[str, PairedScore]
    only_first: int
    only_second: int
    p_value: float

    def __getitem__(self, name: str) -> PairedScore:
        """Return the difference of that name."""
        return self.scores[name]

    def to_dict(self) -> dict[str, Any]:
        """Return the differences and the test as JSON-ready dicts and numbers."""
        return {
            "format": "headway-paired-evaluation",
            "version": 1,
            "level": self.level,
            "scores": {name: score.to_dict() for name, score in self.scores.items()},
            "mcnemar": {
                "only_first": self.only_first,
                "only_second": self.only_second,
                "p_value": _plain(self.p_value),
            },
        }


def _title(name: str) -> str:
    if name.startswith("top_"):
        return f"top-{name.split('_')[1]} accuracy"
    return SCORE_TITLES[name]


def _plain(value: float) -> float | str | None:
    """Return `value` as JSON can hold it."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)
