"""Scores that are functions of sums over rows, for many columns of row weights at once.

    mean        sum w x / sum w                     x a number of each row
    precision   TP / P,   recall  TP / T,   F1  2 TP / (P + T)

with TP, P and T the weighted counts of hits, decided and true rows of each class.  0 / 0 is not
one thing: a class that is decided and never true (or true and never decided) scores 0; one that
is neither is undefined, NaN.

References
----------
Gorodkin (2004), "Comparing two K-category assignments by a K-category correlation coefficient",
Computational Biology and Chemistry 28.
Cohen (1960), "A coefficient of agreement for nominal scales", Educational and Psychological
Measurement 20(1).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

__all__ = [
    "ClassCounts",
    "Counter",
    "RowMeans",
    "count_cells",
    "count_columns",
    "mean_over_labels",
    "ratio",
]


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """Weighted counts of every class, one column for each column of weights.

    Attributes
    ----------
    hits, decided, true : float arrays of shape (K, R)
        Rows of the class that were decided so; rows decided so; rows of the class.
    """

    hits: np.ndarray
    decided: np.ndarray
    true: np.ndarray

    @property
    def precision(self) -> np.ndarray:
        """Return TP / P, (K, R)."""
        return self._rate(self.hits, self.decided)

    @property
    def recall(self) -> np.ndarray:
        """Return TP / T, (K, R)."""
        return self._rate(self.hits, self.true)

    @property
    def f1(self) -> np.ndarray:
        """Return 2 TP / (P + T), (K, R)."""
        return self._rate(2 * self.hits, self.decided + self.true)

    def _rate(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        rate = part / np.where(whole > 0, whole, 1.0)
        return np.where((self.decided > 0) | (self.true > 0), rate, np.nan)


class Counter:
    """Counts hits, decided and true rows of every class; see `count_columns`, `count_cells`.

    Parameters
    ----------
    hits, decided, true : sparse 0/1 matrices of shape (K, n)
    """

    def __init__(self, hits: csr_matrix, decided: csr_matrix, true: csr_matrix):
        self._parts = (hits, decided, true)

    def __call__(self, weights: np.ndarray) -> ClassCounts:
        """Return the counts for weights (n, R)."""
        return ClassCounts(*(part @ weights for part in self._parts))


def count_columns(decided: np.ndarray, labels: np.ndarray, n_columns: int) -> Counter:
    """Return the counter of one decided and one true column a row.

    Examples
    --------
    >>> counts = count_columns(np.array([0, 1]), np.array([0, 0]), 2)(np.ones((2, 1)))
    >>> counts.recall.ravel().tolist(), counts.precision.ravel().tolist()
    ([0.5, 0.0], [1.0, 0.0])
    """
    right = np.flatnonzero(decided == labels)
    everyone = np.arange(len(labels))

    def marks(columns: np.ndarray, rows: np.ndarray) -> csr_matrix:
        return csr_matrix((np.ones(len(rows)), (columns, rows)), shape=(n_columns, len(labels)))

    return Counter(marks(labels[right], right), marks(decided, everyone), marks(labels, everyone))


def count_cells(decided: np.ndarray, true: np.ndarray) -> Counter:
    """Return the counter of two 0/1 matrices (n, L); cells whose truth is NaN count nowhere."""
    seen, present = ~np.isnan(true), true == 1
    chosen = (decided == 1) & seen
    # Few labels hold in a row, so sparse products skip almost everything.
    parts = (csr_matrix(part.T.astype(float)) for part in (chosen & present, chosen, present))
    return Counter(*parts)


class RowMeans:
    """Weighted means of several numbers of each row.

    Parameters
    ----------
    columns : mapping of str to float arrays of shape (n,)
        NaN where a row does not count; infinite values make an infinite mean.
    """

    def __init__(self, columns: Mapping[str, np.ndarray]):
        self._names = tuple(columns)
        table = np.column_stack(
            [np.asarray(column, dtype=np.float64) for column in columns.values()]
        )
        # Not inf * 0: a row that a resample left out must not spoil it.
        self._infinite = np.isinf(table)
        self._seen = ~np.isnan(table)
        self._values = np.where(self._infinite | ~self._seen, 0.0, table)

    def __call__(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return the means for weights (n, R), each of shape (R,)."""
        sums = self._values.T @ weights
        if self._infinite.any():
            sums[(self._infinite.T.astype(float) @ weights) > 0] = np.inf
        totals = (
            weights.sum(axis=0)[None, :]
            if self._seen.all()
            else self._seen.T.astype(float) @ weights
        )
        return dict(zip(self._names, ratio(sums, totals), strict=True))


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, NaN where the whole is 0.

    Examples
    --------
    >>> ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def mean_over_labels(values: np.ndarray, /) -> np.ndarray:
    """Return the mean over labels (rows of `values`) of those that are defined, column by column.

    Examples
    --------
    >>> mean_over_labels(np.array([[1.0, np.nan], [0.5, np.nan]]))
    array([0.75,  nan])
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no label at all is defined: NaN
        return np.nanmean(values, axis=0)
