"""A review of labels: what a model that has not seen them holds against them.

    log-odds = log p[suggested] - log p[given],   suggested = the most probable other class

The trap: the number of expected errors is as good as the model.  A model that is often wrong
finds fault with right labels, and an interval over rows would not say so; none is given.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.errors import InputTypeError, InputValueError
from headway.labels.reading import LabelKind

__all__ = ["LabelDoubt", "LabelReview"]

PRESENCE = ("absent", "present")


@dataclass(frozen=True)
class LabelDoubt:
    """One label that the model contradicts.

    Attributes
    ----------
    rank : int
        1 for the label contradicted most.
    row : int
        Row of the data, from 0.
    label : name or None
        Which label of a label matrix; None where a row has one label.
    given, suggested : name
        What the data say and what the model holds to be more probable; "absent" and "present"
        for a cell of a label matrix.
    given_prob, suggested_prob : float
        Their out-of-fold probabilities.
    log_odds : float
        log(suggested_prob / given_prob), above 0, in nats.
    flagged : bool
        Whether the contradiction is a confident one.
    """

    rank: int
    row: int
    label: Any
    given: Any
    suggested: Any
    given_prob: float
    suggested_prob: float
    log_odds: float
    flagged: bool


@dataclass(frozen=True, eq=False)
class LabelReview:
    """What a model thinks of the labels of rows that it was not fitted on.

    Attributes
    ----------
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    classes : tuple
        Names, in the order of the columns.
    labels : int64 array of shape (n,), or float64 array of shape (n, L) of 0, 1 and NaN
        The given labels.
    probs : float64 array of shape (n, K) or (n, L)
        Out-of-fold probabilities.
    weights : float64 array of shape (n,)
        Row weights.
    thresholds : float64 array of shape (K,); (L, 2) for label matrices
        Self-confidence of each class; of absent and present.
    confident_joint : float64 array of shape (K, K); (L, 2, 2) for label matrices
        Weight of the rows by given class and confident guess.
    joint : float64 array of the same shape
        The same, scaled so that each given class has its full weight: the estimated weight of
        the rows given i that truly are j.
    suggested : int64 array of shape (n,) or (n, L)
        The most probable other class; 1 - given in a label matrix (-1 where that is missing).
    log_odds : float64 array of shape (n,) or (n, L)
        log p[suggested] - log p[given], in nats; NaN where the cell is missing.
    flagged : bool array of shape (n,) or (n, L)
        Labels that are contradicted confidently.
    """

    kind: LabelKind
    classes: tuple[Any, ...]
    labels: np.ndarray
    probs: np.ndarray
    weights: np.ndarray
    thresholds: np.ndarray
    confident_joint: np.ndarray
    joint: np.ndarray
    suggested: np.ndarray
    log_odds: np.ndarray
    flagged: np.ndarray

    @property
    def expected_errors(self) -> float:
        """Return the estimated weight of wrong labels (or cells): the joint off its diagonal.

        There is no interval: it errs by the faults of the model far more than by chance.
        """
        return float(self.joint.sum() - np.trace(self.joint, axis1=-2, axis2=-1).sum())

    @property
    def noise_rates(self) -> np.ndarray:
        """Return the estimated P(given i | truly j), of the shape of `joint`.

        Each column sums to 1; NaN for a class that is estimated not to occur.
        """
        truly = self.joint.sum(axis=-2, keepdims=True)
        return np.divide(self.joint, truly, out=np.full_like(self.joint, np.nan), where=truly > 0)

    @property
    def n_labels(self) -> int:
        """Return the number of labels reviewed: rows, or known cells of a label matrix."""
        return int(np.sum(~np.isnan(self.labels))) if self.labels.ndim == 2 else len(self.labels)

    def order(self) -> np.ndarray:
        """Return where the labels stand that the model contradicts, the worst first.

        Returns
        -------
        int64 array of shape (m,), or (m, 2) of row and column for label matrices
            All those with log-odds above 0; rows of weight 0 left out.
        """
        weighed = self.weights > 0 if self.labels.ndim == 1 else self.weights[:, None] > 0
        places = np.argwhere((np.nan_to_num(self.log_odds, nan=-1.0) > 0) & weighed)
        odds = self.log_odds[tuple(places.T)]
        places = places[np.argsort(-odds, kind="stable")]
        return places[:, 0] if self.labels.ndim == 1 else places

    def table(self, top: int | None = 20) -> tuple[LabelDoubt, ...]:
        """Return the labels that are contradicted most, the worst first.

        Parameters
        ----------
        top : int or None
            How many; None for all that are less probable than another.

        Raises
        ------
        InputTypeError, InputValueError
            If `top` is not a whole number of at least 1.
        """
        if top is not None:
            if isinstance(top, bool) or not isinstance(top, int | np.integer):
                raise InputTypeError(f"`top` must be a whole number or None, got {top!r}. Try 20.")
            if top < 1:
                raise InputValueError(f"`top` must be at least 1, got {top}. Try 20.")
        return tuple(
            self._doubt(rank, tuple(np.atleast_1d(index).tolist()))
            for rank, index in enumerate(self.order()[:top], start=1)
        )

    def pairs(self) -> tuple[tuple[Any, Any, float], ...]:
        """Return (given, truly, estimated weight) of what is confused, the most frequent first.

        In label matrices the first is the label, the second what it should be there.
        """
        if self.labels.ndim == 2:
            found = [
                (name, PRESENCE[truly], float(self.joint[column, 1 - truly, truly]))
                for column, name in enumerate(self.classes)
                for truly in (0, 1)
            ]
        else:
            names = self.classes
            found = [
                (names[i], names[j], float(self.joint[i, j]))
                for i in range(len(names))
                for j in range(len(names))
                if i != j
            ]
        return tuple(sorted((p for p in found if p[2] > 0), key=lambda pair: -pair[2]))

    def to_dict(self, top: int | None = 20) -> dict[str, Any]:
        """Return the review as values that JSON can hold, with the `top` rows of the table."""
        return {
            "kind": self.kind,
            "classes": list(self.classes),
            "rows": len(self.labels),
            "labels": self.n_labels,
            "flagged": int(self.flagged.sum()),
            "contradicted": len(self.order()),
            "expected_errors": self.expected_errors,
            "thresholds": self.thresholds.tolist(),
            "confident_joint": self.confident_joint.tolist(),
            "joint": self.joint.tolist(),
            "table": [
                {key: value for key, value in vars(doubt).items() if value is not None}
                for doubt in self.table(top)
            ],
        }

    def _doubt(self, rank: int, index: tuple[int, ...]) -> LabelDoubt:
        row, given, other = index[0], int(self.labels[index]), int(self.suggested[index])
        if len(index) == 1:
            label, names = None, self.classes
            of_given, of_other = self.probs[row, given], self.probs[row, other]
        else:
            label, names = self.classes[index[1]], PRESENCE
            present = self.probs[index]
            of_given, of_other = (present, 1 - present) if given else (1 - present, present)
        return LabelDoubt(
            rank=rank,
            row=row,
            label=label,
            given=names[given],
            suggested=names[other],
            given_prob=float(of_given),
            suggested_prob=float(of_other),
            log_odds=float(self.log_odds[index]),
            flagged=bool(self.flagged[index]),
        )
