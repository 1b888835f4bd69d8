"""Scores of label sets: several labels may hold in a row, and some may not be known.

A cell whose truth is missing counts nowhere.  Numbers of rows (Hamming accuracy, log-loss,
Brier score, example F1) are means over a row's observed cells, averaged over rows; macro scores
are means over labels; micro scores pool all cells.

Two traps.  A row with no true and no decided label is a perfect answer whose F1 reads 0 / 0: it
scores `zero_division`, 1 unless said otherwise.  And a label without a positive or without a
negative has no ROC area: it is left out of the mean, and a note says so, since a made-up 0 or
0.5 would drag the mean along.
"""

from __future__ import annotations

import numpy as np

from headway.evaluation.areas import Areas
from headway.evaluation.calibration import BinnedErrors
from headway.evaluation.label_ranking import label_ranking
from headway.evaluation.rows import EvaluatedRows
from headway.evaluation.scorer import Scorer, Values
from headway.evaluation.sums import RowMeans, count_cells, mean_over_labels, ratio
from headway.metrics import cell_brier_score, hits, observed_cells

__all__ = ["multilabel_scorer"]

NAMES = (
    "exact_match",
    "hamming_accuracy",
    "macro_f1",
    "micro_f1",
    "example_f1",
    "macro_precision",
    "macro_recall",
    "micro_precision",
    "micro_recall",
    "example_precision",
    "example_recall",
    "jaccard",
    "macro_roc_area",
    "micro_roc_area",
    "macro_average_precision",
    "micro_average_precision",
    "label_ranking_precision",
    "coverage_error",
    "ranking_loss",
    "one_error",
    "log_loss",
    "brier",
    "calibration_error",
)


def multilabel_scorer(rows: EvaluatedRows, *, zero_division: float) -> Scorer:
    """Return the scorer of label sets."""
    probs, labels = rows.probs, rows.labels
    seen = ~np.isnan(labels)
    ranking = label_ranking(probs, labels)
    exact = {"exact_match": hits(rows.decisions, labels), "one_error": ranking["one_error"]}
    means = RowMeans(
        exact
        | ranking
        | _of_rows(rows.decisions, labels, zero_division)
        | ({} if rows.costs is None else {"mean_cost": rows.costs})
        | {"log_loss": rows.losses, "brier": cell_brier_score(probs, labels)}
    )
    counter = count_cells(rows.decisions, labels)
    everything = counter(np.ones((rows.n, 1)))
    # A label nobody has and nobody decided scores 0, as in scikit-learn; one that is only missing
    # from a resample is left out of it.
    nowhere = (everything.decided + everything.true) == 0
    cells, truth, owners = observed_cells(probs, labels)
    pooled = Areas(cells, truth, owners, rows.n)
    each = [
        Areas(probs[known, k], labels[known, k], np.flatnonzero(known), rows.n)
        for k, known in enumerate(seen.T)
    ]

    def sums(weights: np.ndarray) -> Values:
        counts = counter(weights)
        found = {"f1": counts.f1, "precision": counts.precision, "recall": counts.recall}
        values = {
            f"macro_{name}": mean_over_labels(np.where(nowhere, 0.0, table))
            for name, table in found.items()
        }
        all_hits, decided, true = (
            part.sum(axis=0) for part in (counts.hits, counts.decided, counts.true)
        )
        values["micro_f1"] = np.nan_to_num(ratio(2 * all_hits, decided + true))
        values["micro_precision"] = np.nan_to_num(ratio(all_hits, decided))
        values["micro_recall"] = np.nan_to_num(ratio(all_hits, true))
        return means(weights) | values

    def areas(weights: np.ndarray) -> Values:
        found = [area(weights) for area in each]
        roc, precision = (np.stack([pair[side] for pair in found]) for side in (0, 1))
        micro = pooled(weights)
        return {
            "macro_roc_area": mean_over_labels(roc),
            "micro_roc_area": micro[0],
            "macro_average_precision": mean_over_labels(precision),
            "micro_average_precision": micro[1],
        }

    return Scorer(
        names=NAMES if rows.costs is None else ("mean_cost", *NAMES),
        sums=sums,
        areas=areas,
        area_cells=2 * len(cells),
        proportions=exact,
        calibration=BinnedErrors(cells, truth, owners, rows.weights),
        notes=_notes(rows, nowhere[:, 0], zero_division),
    )


def _of_rows(decisions: np.ndarray, labels: np.ndarray, zero_division: float) -> Values:
    """Return what is measured in each row by itself."""
    seen, present = ~np.isnan(labels), labels == 1
    chosen = (decisions == 1) & seen
    both, decided, true = ((part).sum(axis=1) for part in (chosen & present, chosen, present))
    neither = (decided + true) == 0

    def rate(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return np.where(neither, zero_division, np.nan_to_num(ratio(part, whole)))

    return {
        "hamming_accuracy": ((decisions == labels) & seen).sum(axis=1) / seen.sum(axis=1),
        "example_f1": rate(2 * both, decided + true),
        "example_precision": rate(both, decided),
        "example_recall": rate(both, true),
        "jaccard": rate(both, decided + true - both),
    }


def _notes(rows: EvaluatedRows, nowhere: np.ndarray, zero_division: float) -> tuple[str, ...]:
    labels, classes = rows.labels, rows.classes
    notes = []
    missing = np.isnan(labels)
    if missing.any():
        notes.append(f"{missing.sum():,} of {labels.size:,} cells are missing and count nowhere.")
    no_positive, no_negative = ~(labels == 1).any(axis=0), ~(labels == 0).any(axis=0)
    if no_positive.any() or no_negative.any():
        notes.append(
            "Without a positive or without a negative, and so left out of the macro ROC area (and, "
            "without a positive, of the macro average precision): "
            f"{_named(classes, no_positive | no_negative)}."
        )
    if nowhere.any():
        notes.append(f"Neither true nor decided anywhere, F1 of 0: {_named(classes, nowhere)}.")
    empty = ((rows.decisions == 1) & ~missing).sum(axis=1) + (labels == 1).sum(axis=1) == 0
    if empty.any():
        notes.append(
            f"With no true and no decided label, and so an example F1 of {zero_division:g}: "
            f"{empty.sum():,} of {rows.n:,} rows."
        )
    unlabelled = ~(labels == 1).any(axis=1)
    if unlabelled.any():
        notes.append(
            "With no true label, and so left out of the one-error: "
            f"{unlabelled.sum():,} of {rows.n:,} rows."
        )
    return tuple(notes)


def _named(classes: tuple[str, ...], which: np.ndarray, most: int = 5) -> str:
    columns = np.flatnonzero(which)
    more = f" and {len(columns) - most} more" if len(columns) > most else ""
    return ", ".join(classes[k] for k in columns[:most]) + more
