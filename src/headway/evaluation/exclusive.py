"""Scores of exclusive classes: one true class a row.

    balanced accuracy   mean recall of the classes that are there
    macro F1            mean F1 of the classes that are true or decided anywhere
    MCC                 (c s - <p, t>) / sqrt((s^2 - <p, p>) (s^2 - <t, t>))
    kappa               (c s - <p, t>) / (s^2 - <p, t>)

with c the weight decided rightly, s the total, p and t the weights decided and true of each
class.  An action that is no class (abstaining) is a column of p whose t is 0: it counts as wrong
in the accuracy, and `answered` and `accuracy_of_answered` tell the two apart.  Sets of classes
have `coverage`, `set_size` and `empty_sets`; the rest then judges the most probable class.
"""

from __future__ import annotations

import numpy as np

from headway.evaluation.areas import Areas
from headway.evaluation.calibration import BinnedErrors
from headway.evaluation.rows import EvaluatedRows
from headway.evaluation.scorer import Scorer, Values
from headway.evaluation.sums import ClassCounts, RowMeans, count_columns, mean_over_labels, ratio
from headway.metrics import brier_score, hits, top_label

__all__ = ["exclusive_scorer"]

TOP = (3, 5)


def exclusive_scorer(rows: EvaluatedRows) -> Scorer:
    """Return the scorer of binary or exclusive classes."""
    probs, labels, n_classes = rows.probs, rows.labels, len(rows.classes)
    decided = rows.choices
    shares = _shares(rows)
    means = RowMeans(
        shares
        | ({"set_size": rows.decisions.sum(axis=1)} if rows.sets else {})
        | ({} if rows.costs is None else {"mean_cost": rows.costs})
        | {"log_loss": rows.losses, "brier": brier_score(probs, labels)}
    )
    counter = count_columns(decided, labels, len(rows.actions))
    binary = rows.kind == "binary"
    everyone = np.arange(rows.n)
    areas = [
        Areas(probs[:, k], labels == k, everyone, rows.n)
        for k in ([1] if binary else range(n_classes))
    ]

    def sums(weights: np.ndarray) -> Values:
        counts = counter(weights)
        return means(weights) | _from_counts(counts, n_classes, binary=binary)

    def both_areas(weights: np.ndarray) -> Values:
        found = [area(weights) for area in areas]
        roc, precision = (np.stack([pair[side] for pair in found]) for side in (0, 1))
        return {
            "roc_area": mean_over_labels(roc),
            "average_precision": mean_over_labels(precision),
        }

    confidence, outcome = (probs[:, 1], labels) if binary else top_label(probs, labels)
    return Scorer(
        names=_names(rows, tuple(shares)),
        sums=sums,
        areas=both_areas,
        area_cells=rows.n * len(areas),
        proportions=shares,
        calibration=BinnedErrors(confidence, outcome.astype(float), everyone, rows.weights),
        notes=_notes(rows),
    )


def _shares(rows: EvaluatedRows) -> dict[str, np.ndarray]:
    """Return what is 1 or 0 in each row."""
    n_classes = len(rows.classes)
    decided = rows.choices
    shares = {"accuracy": hits(decided, rows.labels)}
    answered = decided < n_classes
    if len(rows.actions) > n_classes:
        shares["answered"] = answered.astype(np.float64)
        shares["accuracy_of_answered"] = np.where(answered, shares["accuracy"], np.nan)
    if rows.sets:
        held = np.take_along_axis(rows.decisions, rows.labels[:, None], axis=1)[:, 0]
        shares["coverage"] = held.astype(np.float64)
        shares["empty_sets"] = (rows.decisions.sum(axis=1) == 0).astype(np.float64)
    true = np.take_along_axis(rows.probs, rows.labels[:, None], axis=1)
    # Ties go to the earlier column, as argmax breaks them.
    earlier = np.arange(n_classes) < rows.labels[:, None]
    place = ((rows.probs > true) | ((rows.probs == true) & earlier)).sum(axis=1)
    for k in TOP:
        if k < n_classes:
            shares[f"top_{k}_accuracy"] = (place < k).astype(np.float64)
    return shares


def _from_counts(counts: ClassCounts, n_classes: int, *, binary: bool) -> Values:
    precision, recall, f1 = (
        table[:n_classes] for table in (counts.precision, counts.recall, counts.f1)
    )
    true = counts.true[:n_classes]
    values = {
        "balanced_accuracy": mean_over_labels(np.where(true > 0, recall, np.nan)),
        "macro_f1": mean_over_labels(f1),
        "micro_f1": ratio(
            2 * counts.hits.sum(axis=0), counts.decided[:n_classes].sum(axis=0) + true.sum(axis=0)
        ),
        "weighted_f1": ratio((true * np.nan_to_num(f1)).sum(axis=0), true.sum(axis=0)),
        "macro_precision": mean_over_labels(precision),
        "macro_recall": mean_over_labels(recall),
    }
    if binary:
        # Of one class alone 0 / 0 is 0, as in scikit-learn.
        values |= {
            "f1": np.nan_to_num(f1[1]),
            "precision": np.nan_to_num(precision[1]),
            "recall": np.nan_to_num(recall[1]),
        }
    total = counts.true.sum(axis=0)
    chance = (counts.decided * counts.true).sum(axis=0)
    beyond = counts.hits.sum(axis=0) * total - chance
    spread = (total**2 - (counts.decided**2).sum(axis=0)) * (
        total**2 - (counts.true**2).sum(axis=0)
    )
    values["matthews"] = np.nan_to_num(ratio(beyond, np.sqrt(np.maximum(spread, 0.0))))
    values["kappa"] = ratio(beyond, total**2 - chance)
    return values


def _names(rows: EvaluatedRows, shares: tuple[str, ...]) -> tuple[str, ...]:
    top = tuple(name for name in shares if name.startswith("top_"))
    return (
        *(name for name in shares if name not in top),
        *(("set_size",) if rows.sets else ()),
        *(() if rows.costs is None else ("mean_cost",)),
        *top,
        "balanced_accuracy",
        *(("f1", "precision", "recall") if rows.kind == "binary" else ()),
        "macro_f1",
        "micro_f1",
        "weighted_f1",
        "macro_precision",
        "macro_recall",
        "matthews",
        "kappa",
        "roc_area",
        "average_precision",
        "log_loss",
        "brier",
        "calibration_error",
    )


def _notes(rows: EvaluatedRows) -> tuple[str, ...]:
    notes = []
    absent = np.setdiff1d(np.arange(len(rows.classes)), rows.labels)
    if absent.size and rows.kind == "exclusive":
        named = ", ".join(rows.classes[k] for k in absent[:5])
        more = f" and {absent.size - 5} more" if absent.size > 5 else ""
        notes.append(
            f"No row of {named}{more}: left out of the balanced accuracy, the ROC area and the "
            "average precision."
        )
    elif absent.size:
        notes.append(
            f"All rows are of one class, none is {rows.classes[absent[0]]}: the ROC area is "
            "undefined."
        )
    if rows.sets:
        notes.append(
            "The decision gives sets of classes: all but their coverage and size judges the most "
            "probable class."
        )
    if len(rows.actions) > len(rows.classes):
        notes.append("A row without an answer counts as wrong, except in the accuracy of answers.")
    return tuple(notes)
