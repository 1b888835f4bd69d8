"""What pictures of a comparison are drawn from: counts, curves and rows, computed from runs.

Counts pool the runs of an entry, for there a picture wants many rows; no number with an interval
is made here.  Rows shown as pictures come from the first run alone, whose features
`Comparison.X_test` holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headway.comparison.results import Entry

__all__ = [
    "LossCurve",
    "confusion_counts",
    "disagreements",
    "loss_curve",
]


@dataclass(frozen=True, eq=False)
class LossCurve:
    """Loss and accuracy by epoch, as mean and range over seeds.

    Attributes
    ----------
    epoch : integer array of shape (epochs,)
        1, 2, ...
    mean, low, high : float arrays of shape (epochs,)
        Mean, least and greatest over the runs that reached that epoch.
    """

    epoch: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def confusion_counts(entry: Entry, n_classes: int) -> np.ndarray:
    """Return the counts (truth by decision), summed over the runs of an entry.

    Parameters
    ----------
    entry : Entry
        Of binary or exclusive classes.
    n_classes : int
        K.

    Returns
    -------
    integer array of shape (K, K)
        Row: the true class; column: the decision.
    """
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    for run in entry.runs:
        np.add.at(counts, (run.labels, run.predictions), 1)
    return counts


def disagreements(first: Entry, second: Entry) -> np.ndarray:
    """Return the test rows of the first run on which two entries decide differently.

    Returns
    -------
    integer array
        Positions in `Comparison.X_test` (and in the arrays of `entry.runs[0]`).
    """
    differs = first.runs[0].predictions != second.runs[0].predictions
    return np.flatnonzero(differs if differs.ndim == 1 else differs.any(axis=1))


def loss_curve(entry: Entry, key: str = "loss") -> LossCurve | None:
    """Return a column of the training history over epochs, or None if there is no history.

    Parameters
    ----------
    entry : Entry
        The entry.
    key : str
        "loss", "accuracy", "val_loss" or "val_accuracy".
    """
    columns = [
        [float(epoch[key]) for epoch in run.history if epoch.get(key) is not None]
        for run in entry.runs
        if run.history
    ]
    columns = [column for column in columns if column]
    if not columns:
        return None
    longest = max(len(column) for column in columns)
    table = np.full((len(columns), longest), np.nan)
    for line, column in zip(table, columns, strict=True):
        line[: len(column)] = column
    return LossCurve(
        epoch=np.arange(1, longest + 1),
        mean=np.nanmean(table, axis=0),
        low=np.nanmin(table, axis=0),
        high=np.nanmax(table, axis=0),
    )
