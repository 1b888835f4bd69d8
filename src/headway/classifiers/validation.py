"""Rows to hold out from training: stratified, and only where every class can spare them.

A validation split of ten rows a class steers by chance, and takes from the training rows what they
cannot spare.  So rows are held out only if the split then holds at least ten of every class; of
label sets, at least ten rows with and ten without every label.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

__all__ = ["LEAST_ROWS", "held_out_rows", "rarest_label"]

LEAST_ROWS = 10


def held_out_rows(
    labels: np.ndarray, fraction: float, /, *, seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the rows to train on and those to hold out, or None if a class has too few.

    Parameters
    ----------
    labels : integer array of shape (n,), or 0/1/NaN matrix of shape (n, L)
        Encoded labels.
    fraction : float
        Share of rows to hold out, in 0..1.
    seed : int

    Examples
    --------
    >>> kept, held = held_out_rows(np.repeat([0, 1], 100), 0.1, seed=0)
    >>> len(kept), len(held)
    (180, 20)
    >>> held_out_rows(np.repeat([0, 1], [100, 99]), 0.1, seed=0) is None
    True
    """
    rarest = _rarest_count(labels)
    if rarest * fraction < LEAST_ROWS:
        return None
    kept, held = train_test_split(
        np.arange(len(labels)),
        test_size=fraction,
        random_state=seed,
        stratify=labels if labels.ndim == 1 else rarest_label(labels),
    )
    return np.sort(kept), np.sort(held)


def _rarest_count(labels: np.ndarray) -> int:
    counts: Sequence[Any]
    if labels.ndim == 1:
        counts = np.unique(labels, return_counts=True)[1].tolist()
    else:
        counts = [*np.sum(labels == 1, axis=0), *np.sum(labels == 0, axis=0)]
    return int(min(counts))


def rarest_label(labels: np.ndarray) -> np.ndarray:
    """Return for each row of a label matrix the rarest label it carries, or L for none.

    Splitting by it spreads rare labels evenly, which splitting by whole sets cannot: most sets
    occur once.  Sechidis, Tsoumakas, Vlahavas (2011), "On the Stratification of Multi-label
    Data", ECML PKDD, likewise deal with the rarest label first.
    """
    present = labels == 1
    by_rarity = np.argsort(present.sum(axis=0), kind="stable")
    ordered = present[:, by_rarity]
    first = by_rarity[ordered.argmax(axis=1)]
    stratum = np.where(ordered.any(axis=1), first, labels.shape[1])
    # A stratum of one row cannot be in both parts: it joins the rows that carry nothing.
    numbers, counts = np.unique(stratum, return_counts=True)
    lonely = numbers[counts < 2]
    largest = numbers[counts.argmax()]
    return np.where(np.isin(stratum, lonely), largest, stratum)
