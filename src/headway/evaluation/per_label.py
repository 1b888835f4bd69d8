"""The table of classes or labels, and the confusion of classes."""

from __future__ import annotations

import math

import numpy as np

from headway.evaluation.areas import Areas
from headway.evaluation.calibration import BinnedErrors
from headway.evaluation.results import LabelScores
from headway.evaluation.rows import EvaluatedRows
from headway.evaluation.sums import count_cells, count_columns

__all__ = ["confusion_of", "label_scores"]


def label_scores(rows: EvaluatedRows) -> LabelScores:
    """Return one line for each class or label, each over the cells that were observed."""
    size, columns = len(rows.classes), rows.weights[:, None]
    if rows.kind == "multilabel":
        counts = count_cells(rows.decisions, rows.labels)(columns)
    else:
        counts = count_columns(rows.choices, rows.labels, len(rows.actions))(columns)
    errors, roc, precision = (np.full(size, math.nan) for _ in range(3))
    for k in range(size):
        truth = rows.labels[:, k] if rows.kind == "multilabel" else 1.0 * (rows.labels == k)
        known = np.flatnonzero(~np.isnan(truth))
        probs, truth = rows.probs[known, k], truth[known]
        errors[k] = BinnedErrors(probs, truth, known, rows.weights).interval(0.95)[0]
        areas = Areas(probs, truth, known, rows.n)(columns)
        roc[k], precision[k] = (float(area[0]) for area in areas)
    return LabelScores(
        names=rows.classes,
        support=counts.true[:size, 0],
        decided=counts.decided[:size, 0],
        precision=counts.precision[:size, 0],
        recall=counts.recall[:size, 0],
        f1=counts.f1[:size, 0],
        calibration_error=errors,
        roc_area=roc,
        average_precision=precision,
        threshold=rows.thresholds,
    )


def confusion_of(rows: EvaluatedRows) -> np.ndarray | None:
    """Return the weights of true class by decision; counts where no weights were given."""
    if rows.kind == "multilabel" or rows.sets:
        return None
    table = np.zeros((len(rows.classes), len(rows.actions)))
    np.add.at(table, (rows.labels, rows.decisions), rows.weights)
    return table if rows.weighted else table.astype(np.int64)
