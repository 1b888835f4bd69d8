"""Which rows train and which test, drawn by seed.

Exclusive classes are split class by class, so that both parts hold every class in its share.
Label sets cannot be: rows are dealt out label by label, rarest first, each row to the part that
still lacks that label most (iterative stratification).  The trap that this avoids: a plain
shuffle leaves a rare label out of the training rows every so often, and a column that is
always 0 cannot be learned.

References
----------
Sechidis, Tsoumakas and Vlahavas (2011), "On the stratification of multi-label data", ECML PKDD.
"""

from __future__ import annotations

import numpy as np

__all__ = ["stratified_split"]


def stratified_split(
    labels: np.ndarray, /, *, test_size: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (training rows, test rows), shuffled and stratified.

    Parameters
    ----------
    labels : integer array of shape (n,), or 0/1/NaN array of shape (n, L)
        Encoded labels.
    test_size : float
        Share of the rows to test on, in (0, 1).
    seed : int
        The same seed gives the same split.

    Returns
    -------
    tuple of integer arrays
        Disjoint row numbers, in random order, that together are 0..n-1.  Of a class with two
        rows or more both parts get at least one; a class with a single row is trained on.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> train, test = stratified_split(labels, test_size=0.5, seed=0)
    >>> np.bincount(labels[train]).tolist(), np.bincount(labels[test]).tolist()
    ([2, 2], [2, 2])
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    if labels.ndim == 2:
        in_test = _deal_out(np.nan_to_num(labels[order]) == 1, test_size, rng)
    else:
        in_test = _take_from_each_class(labels[order], test_size)
    return order[~in_test], order[in_test]


def _take_from_each_class(labels: np.ndarray, test_size: float) -> np.ndarray:
    """Return which of the (already shuffled) rows go to the test part."""
    counts = np.bincount(labels)
    exact = counts * test_size
    quota = np.floor(exact).astype(np.int64)
    # Largest remainders get the rows that rounding down left over.
    left_over = round(len(labels) * test_size) - int(quota.sum())
    if left_over > 0:
        quota[np.argsort(quota - exact, kind="stable")[:left_over]] += 1
    quota = np.clip(quota, np.minimum(1, counts - 1).clip(0), np.maximum(counts - 1, 0))
    # The place of each row among the rows of its class: 0, 1, 2, ...
    by_class = np.argsort(labels, kind="stable")
    place = np.empty(len(labels), dtype=np.int64)
    place[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place < quota[labels]


def _deal_out(carries: np.ndarray, test_size: float, rng: np.random.Generator) -> np.ndarray:
    """Return which rows go to the test part, dealing rows of the rarest label first."""
    shares = np.array([1.0 - test_size, test_size])
    wanted_rows = len(carries) * shares
    wanted = np.outer(shares, carries.sum(axis=0))
    in_test = np.zeros(len(carries), dtype=bool)
    waiting = np.ones(len(carries), dtype=bool)
    left = carries.sum(axis=0)
    while left.any():
        label = int(np.where(left > 0, left, np.iinfo(np.int64).max).argmin())
        for row in np.flatnonzero(waiting & carries[:, label]):
            # The part that lacks this label most; then the one that lacks rows; then chance.
            lacking = np.lexsort((rng.random(2), wanted_rows, wanted[:, label]))[-1]
            in_test[row] = lacking == 1
            waiting[row] = False
            wanted[lacking] -= carries[row]
            wanted_rows[lacking] -= 1
            left = left - carries[row]
    rest = np.flatnonzero(waiting)
    n_test = int(np.clip(round(wanted_rows[1]), 0, len(rest)))
    in_test[rest[:n_test]] = True
    return in_test
