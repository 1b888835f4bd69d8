"""The rows that are judged: probabilities, truth, decisions and weights, checked once.

    exclusive, binary    labels (n,) in 0..K-1          decisions (n,), or a 0/1 matrix of sets
    multilabel           labels (n, L) of 0, 1, NaN     decisions (n, L) of 0 and 1

A row of weight 0 and a row without one observed label say nothing: they are dropped here, so
that everything behind may divide by what is left.  The trap: a decision of K or more is no
class.  It is an action such as "abstain", and counts as wrong wherever all rows are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from headway._array import namespace
from headway._check import check_probs, check_weights, checked_cells
from headway.decisions import Argmax, Threshold
from headway.errors import InputTypeError, InputValueError
from headway.metrics import log_loss

__all__ = ["EvaluatedRows", "read_rows"]

SUM_TOLERANCE = 1e-4  # what float32 leaves of 1 over a thousand classes


@dataclass(frozen=True, eq=False)
class EvaluatedRows:
    """Checked arrays of n rows, every one with a positive weight and an observed label.

    Attributes
    ----------
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    classes : tuple of str
        Names of the K classes or L labels, in column order.
    probs : float64 array of shape (n, K) or (n, L)
        Probabilities, 0..1.
    labels : int64 array (n,), or float64 array (n, L) of 0, 1 and NaN
        The truth.
    decisions : int64 array (n,) or 0/1 array (n, K) or (n, L)
        For classes: columns 0..K-1, K and more for further actions; or sets of classes.
    losses : float64 array of shape (n,)
        Log-loss of each row in nats; for label sets the mean over its observed cells.
    weights : float64 array of shape (n,)
        Positive.
    weighted : bool
        Whether weights were given.
    actions : tuple of str
        Names of what can be decided: the classes, then further actions such as "abstain".
    thresholds : float array of shape (L,) or None
        Where the decision compares each label with a threshold.
    costs : float64 array of shape (n,) or None
        What the decision about each row cost, where prices are known.
    notes : tuple of str
        What was dropped.
    """

    kind: str
    classes: tuple[str, ...]
    probs: np.ndarray
    labels: np.ndarray
    decisions: np.ndarray
    losses: np.ndarray
    weights: np.ndarray
    weighted: bool
    actions: tuple[str, ...]
    thresholds: np.ndarray | None
    costs: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.labels)

    @property
    def sets(self) -> bool:
        """Whether the decisions are sets over exclusive classes."""
        return self.kind != "multilabel" and self.decisions.ndim == 2

    @property
    def choices(self) -> np.ndarray:
        """The decided column of each row; where sets are decided, the most probable class."""
        return Argmax()(self.probs) if self.sets else self.decisions


def read_rows(
    probs: Any,
    labels: Any,
    *,
    decisions: Any,
    classes: Sequence[Any] | None,
    losses: np.ndarray | None,
    sample_weight: Any,
    further: tuple[str, ...] | None = None,
    thresholds: np.ndarray | None = None,
    costs: Any = None,
) -> EvaluatedRows:
    """Return the rows, checked; `losses` are made from the probabilities where not given.

    `further` are the names of actions that are no class; by default there are as many as the
    decisions show.

    Raises
    ------
    InputTypeError, InputValueError
        If the arrays do not fit together; the message names the place.
    """
    probs = np.asarray(probs)
    check_probs(probs, namespace(probs))
    probs = np.asarray(probs, dtype=np.float64)
    n, width = probs.shape
    if n == 0:
        raise InputValueError("`probs` must have at least one row, got none. Give rows to judge.")
    outside = ~((probs >= 0) & (probs <= 1))
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise InputValueError(
            f"`probs` must be in 0..1, got {probs[row, column]:g} at row {row}, column {column}. "
            "Give probabilities, not logits."
        )
    labels = np.asarray(labels)
    multilabel = labels.ndim == 2
    labels = checked_cells(labels, probs.shape) if multilabel else _classes(labels, n, width)
    kind = "multilabel" if multilabel else "binary" if width == 2 else "exclusive"
    if not multilabel:
        _check_sums(probs)
    names = tuple(map(str, range(width) if classes is None else classes))
    if len(names) != width or len(set(names)) != width:
        raise InputValueError(
            f"`classes` must be {width} distinct names, one for each column of `probs`, got "
            f"{len(names)}{'' if len(set(names)) == len(names) else ' with repeats'}. Name each."
        )
    if decisions is None:
        decisions = Threshold(0.5)(probs) if multilabel else Argmax()(probs)
        thresholds = np.full(width, 0.5) if multilabel else None
    decisions = _decisions(np.asarray(decisions), probs.shape, multilabel=multilabel)
    if losses is None:
        losses = _cell_losses(probs, labels) if multilabel else _losses(probs, labels)
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    check_weights(weights, n_samples=n)
    rows = EvaluatedRows(
        kind=kind,
        classes=names,
        probs=probs,
        labels=labels,
        decisions=decisions,
        losses=np.asarray(losses, dtype=np.float64),
        weights=weights,
        weighted=sample_weight is not None,
        actions=names + (_further(decisions, width) if further is None else further),
        thresholds=thresholds,
        costs=None if costs is None else _costs(costs, n),
        notes=(),
    )
    return _drop(rows)


def _drop(rows: EvaluatedRows) -> EvaluatedRows:
    """Return the rows without those that say nothing."""
    weightless = rows.weights == 0
    blank = np.zeros(rows.n, dtype=bool)
    if rows.kind == "multilabel":
        blank = np.isnan(rows.labels).all(axis=1)
    keep = ~(weightless | blank)
    if keep.all():
        return rows
    if not keep.any():
        raise InputValueError(
            "At least one row must have an observed label and a positive weight, got none. "
            "Give rows whose truth is known."
        )
    notes = []
    if weightless.any():
        notes.append(f"Left out, for their weight is 0: {_rows(weightless)}.")
    if (blank & ~weightless).any():
        notes.append(f"Left out, for no label is known: {_rows(blank & ~weightless)}.")
    take = partial(np.compress, keep, axis=0)
    return EvaluatedRows(
        kind=rows.kind,
        classes=rows.classes,
        probs=take(rows.probs),
        labels=take(rows.labels),
        decisions=take(rows.decisions),
        losses=take(rows.losses),
        weights=take(rows.weights),
        weighted=rows.weighted,
        actions=rows.actions,
        thresholds=rows.thresholds,
        costs=None if rows.costs is None else take(rows.costs),
        notes=tuple(notes),
    )


def _rows(which: np.ndarray) -> str:
    count = int(which.sum())
    return f"{count:,} row{'s' if count > 1 else ''}"


def _further(decisions: np.ndarray, width: int) -> tuple[str, ...]:
    """Return names for the actions that are no class, as many as were taken."""
    count = 0 if decisions.ndim == 2 else max(0, int(decisions.max()) + 1 - width)
    return ("abstain",) if count == 1 else tuple(f"action {width + k}" for k in range(count))


def _classes(labels: np.ndarray, n: int, width: int) -> np.ndarray:
    if labels.dtype.kind not in "biu":
        raise InputTypeError(
            f"`labels` must be integers (n,) or a matrix of 0, 1 and NaN (n, L), got dtype "
            f"{labels.dtype} and shape {labels.shape}. Encode names with `LabelEncoder`."
        )
    if labels.shape != (n,):
        raise InputValueError(
            f"`labels` must have shape ({n},), one for each row of `probs`, got {labels.shape}. "
            "Give one label a row."
        )
    if width < 2:
        raise InputValueError(
            "`probs` must have a column for each class, got 1 column. For two classes give both: "
            "`np.column_stack([1 - p, p])`."
        )
    outside = (labels < 0) | (labels >= width)
    if outside.any():
        row = int(outside.argmax())
        raise InputValueError(
            f"`labels` must be in 0..{width - 1}, got {labels[row]} at row {row}. "
            "Encode class names with `LabelEncoder` first."
        )
    return labels.astype(np.int64)


def _check_sums(probs: np.ndarray) -> None:
    off = ~(np.abs(probs.sum(axis=1) - 1) <= SUM_TOLERANCE)
    if off.any():
        row = int(off.argmax())
        raise InputValueError(
            f"`probs` of exclusive classes must sum to 1, got {probs[row].sum():g} at row {row}. "
            "Normalise them, or give labels as a matrix if several can hold at once."
        )


def _decisions(decisions: np.ndarray, shape: tuple[int, ...], *, multilabel: bool) -> np.ndarray:
    n = shape[0]
    wanted = f"a 0/1 matrix {shape}" if multilabel else f"integers ({n},) or a 0/1 matrix {shape}"
    if decisions.dtype.kind not in "biuf" or (
        decisions.shape != shape and (multilabel or decisions.shape != (n,))
    ):
        raise InputValueError(
            f"`decisions` must be {wanted}, got dtype {decisions.dtype} and shape "
            f"{decisions.shape}. Pass what a decision returns for `probs`."
        )
    top = 1 if decisions.ndim == 2 else np.inf
    odd = ~((decisions >= 0) & (decisions <= top) & (decisions == np.floor(decisions)))
    if odd.any():
        place = np.argwhere(odd)[0]
        raise InputValueError(
            f"`decisions` must be {wanted}, got {decisions[tuple(place)]:g} at row {place[0]}. "
            "Pass what a decision returns for `probs`."
        )
    return decisions.astype(np.int64)


def _costs(costs: Any, n: int) -> np.ndarray:
    costs = np.asarray(costs, dtype=np.float64)
    if costs.shape != (n,) or not np.isfinite(costs).all():
        raise InputValueError(
            f"`costs` must be {n} finite numbers, one for each row of `probs`, got shape "
            f"{costs.shape}{' with others' if costs.shape == (n,) else ''}. Give what the decision "
            "about each row cost."
        )
    return costs


def _losses(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return log_loss(np.log(probs), labels)


def _cell_losses(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean over observed cells of -log(p) or -log(1 - p); infinite where it is."""
    with np.errstate(divide="ignore"):
        cells = np.where(labels == 1, -np.log(probs), -np.log1p(-probs))
    seen = ~np.isnan(labels)
    sums = np.where(seen, cells, 0.0).sum(axis=1)
    return sums / np.maximum(seen.sum(axis=1), 1) + 0.0
