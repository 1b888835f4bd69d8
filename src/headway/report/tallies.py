"""What the pictures of a comparison count: confusions, disagreements, reliability, sums.

Counts run over all seeds unless they say otherwise.  The trap: a row that is tested under
several seeds is not several rows.  Intervals therefore count distinct rows, never row-seed pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from headway.comparison import Comparison, Entry, Run, confusion_counts, disagreements
from headway.metrics import wilson_interval

__all__ = [
    "Agreement",
    "Pair",
    "Reliability",
    "agreement",
    "confused_pairs",
    "label_errors",
    "pair_rows",
    "reliability_bins",
    "right_heads",
]

BINS = 10


@dataclass(frozen=True)
class Pair:
    """One class taken for another: column numbers, and how often under each head."""

    true: int
    taken: int
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """Return how often over all heads."""
        return sum(self.counts)


@dataclass(frozen=True, eq=False)
class Agreement:
    """Two heads of one model on the same test rows, over all seeds.

    Attributes
    ----------
    both_right, only_first, only_second, both_wrong : int
        Row-seed pairs; multi-label rows are right if every label is.
    differing : integer array
        Rows of the first split's test set on which the two decisions differ.
    """

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    differing: np.ndarray


@dataclass(frozen=True, eq=False)
class Reliability:
    """Mean confidence and observed frequency in bins of equal width, with intervals.

    Attributes
    ----------
    confidence, frequency, low, high : float array (bins,)
        Each 0..1; low and high are the ends of the 95 % interval of the frequency.
    count : integer array (bins,)
        Forecasts in the bin; bins without any are left out.
    """

    confidence: np.ndarray
    frequency: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray


def right_heads(comparison: Comparison, model: str) -> tuple[Entry, ...]:
    """Return the entries of one model whose heads are no mistakes; if there are none, all."""
    entries = tuple(entry for entry in comparison.entries if entry.model == model)
    return tuple(entry for entry in entries if entry.mistake is None) or entries


def confused_pairs(entries: Iterable[Entry], n_classes: int) -> tuple[Pair, ...]:
    """Return every pair of classes that was confused, the most frequent first."""
    tables = [confusion_counts(entry, n_classes) for entry in entries]
    total = sum(tables, np.zeros((n_classes, n_classes), dtype=np.int64))
    np.fill_diagonal(total, 0)
    order = np.argsort(-total, axis=None, kind="stable")[: np.count_nonzero(total)]
    return tuple(
        Pair(int(t), int(p), tuple(int(table[t, p]) for table in tables))
        for t, p in zip(*np.unravel_index(order, total.shape), strict=True)
    )


def pair_rows(entries: Iterable[Entry], pair: Pair, seed: int) -> np.ndarray:
    """Return the test rows of that seed confused so, those confused by most entries first."""
    votes: np.ndarray | None = None
    for entry in entries:
        for run in entry.runs:
            if run.seed == seed:
                hit = (run.labels == pair.true) & (run.predictions == pair.taken)
                votes = hit.astype(int) if votes is None else votes + hit
    if votes is None:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(-votes, kind="stable")
    return order[votes[order] > 0]


def label_errors(entry: Entry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (missed, false alarms, observed) per label of multi-label data, over all seeds."""
    size = entry.runs[0].labels.shape[1]
    missed, alarms, seen = (np.zeros(size, dtype=np.int64) for _ in range(3))
    for run in entry.runs:
        missed += ((run.labels == 1) & (run.predictions == 0)).sum(axis=0)
        alarms += ((run.labels == 0) & (run.predictions == 1)).sum(axis=0)
        seen += (~np.isnan(run.labels)).sum(axis=0)
    return missed, alarms, seen


def agreement(first: Entry, second: Entry) -> Agreement:
    """Return how often two heads of one model are right together, apart, or not at all."""
    totals = np.zeros(4, dtype=np.int64)
    for a, b in zip(first.runs, second.runs, strict=True):
        one, two = _right(a), _right(b)
        totals += [(one & two).sum(), (one & ~two).sum(), (~one & two).sum(), (~one & ~two).sum()]
    both, only_first, only_second, neither = (int(count) for count in totals)
    return Agreement(both, only_first, only_second, neither, disagreements(first, second))


def reliability_bins(entry: Entry, kind: str, *, raw: bool = False) -> Reliability:
    """Return the reliability of the largest probability, with 95 % intervals.

    For binary data it is the probability of the second class, for multi-label data of every cell.
    Ten bins of equal width, so that the diagram shows the whole range; `raw` reads the
    membership values instead of the normalised probabilities.
    """
    confidence, outcome, rows = (np.concatenate(part) for part in _forecasts(entry, kind, raw))
    bins = np.clip((confidence * BINS).astype(np.int64), 0, BINS - 1)
    told = []
    for number in np.unique(bins):
        inside = bins == number
        frequency = float(outcome[inside].mean())
        low, high = wilson_interval(frequency, len(np.unique(rows[inside])))
        told.append((confidence[inside].mean(), frequency, low, high, inside.sum()))
    columns = [np.asarray(column) for column in zip(*told, strict=True)]
    return Reliability(*columns)


def _forecasts(
    entry: Entry, kind: str, raw: bool
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Return lists of confidences, outcomes and row identities, one array a run."""
    confidences, outcomes, identities = [], [], []
    for run in entry.runs:
        values = run.membership if raw and run.membership is not None else run.probs
        rows = run.rows if len(run.rows) == len(run.labels) else np.arange(len(run.labels))
        if kind == "multilabel":
            seen = ~np.isnan(run.labels)
            confidences.append(values[seen])
            outcomes.append(run.labels[seen])
            identities.append(np.broadcast_to(rows[:, None], seen.shape)[seen])
        elif kind == "binary":
            confidences.append(values[:, -1])
            outcomes.append((run.labels == 1).astype(np.float64))
            identities.append(rows)
        else:
            confidences.append(values.max(axis=1))
            outcomes.append((values.argmax(axis=1) == run.labels).astype(np.float64))
            identities.append(rows)
    return confidences, outcomes, identities


def _right(run: Run) -> np.ndarray:
    right = (run.predictions == run.labels) | np.isnan(run.labels)
    return right if right.ndim == 1 else right.all(axis=1)
