"""How well probabilities order the labels of each row: one number a row.

With rank(l) the number of observed labels at least as probable as l, ties counted against it:

    coverage error   the largest rank of a true label: how far down one must go to have them all
    ranking loss     share of (true, false) pairs in which the false one is as probable or more
    LRAP             mean over true labels of  (true labels at or above it) / rank
    one-error        1 where the most probable label is not true

A row without a true label has a coverage error and a ranking loss of 0 and an LRAP of 1, as in
scikit-learn; its one-error is undefined (NaN).

References
----------
Tsoumakas, Katakis and Vlahavas (2010), "Mining multi-label data", Data Mining and Knowledge
Discovery Handbook.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from headway.evaluation.sums import ratio

__all__ = ["label_ranking"]


def label_ranking(probs: np.ndarray, labels: np.ndarray, /) -> dict[str, np.ndarray]:
    """Return the four numbers of each row.

    Parameters
    ----------
    probs : float array of shape (n, L)
        Probabilities, 0..1.
    labels : float array of shape (n, L)
        0, 1, or NaN for a cell that was not observed and takes no part.

    Returns
    -------
    dict of float arrays of shape (n,)
        "coverage_error", "ranking_loss", "label_ranking_precision", "one_error".

    Examples
    --------
    >>> scores = label_ranking(np.array([[0.9, 0.5, 0.1]]), np.array([[0.0, 1.0, np.nan]]))
    >>> {name: float(values[0]) for name, values in scores.items()}
    {'coverage_error': 2.0, 'ranking_loss': 1.0, 'label_ranking_precision': 0.5, 'one_error': 1.0}
    """
    seen, true = ~np.isnan(labels), labels == 1
    # Cells not observed go behind all others, cells that are not true behind all that are.
    rank = rankdata(np.where(seen, -probs, 1.0), method="max", axis=1)
    among_true = rankdata(np.where(true, -probs, 1.0), method="max", axis=1)
    n_true = true.sum(axis=1)
    n_false = seen.sum(axis=1) - n_true
    precision = ratio(np.where(true, among_true / rank, 0.0).sum(axis=1), n_true)
    wrong = np.where(true, rank - among_true, 0).sum(axis=1)
    first = np.where(seen, probs, -1.0).argmax(axis=1)
    missed = 1.0 - np.take_along_axis(true, first[:, None], axis=1)[:, 0]
    return {
        "coverage_error": np.where(true, rank, 0).max(axis=1).astype(np.float64),
        "ranking_loss": np.nan_to_num(ratio(wrong, n_true * n_false)),
        "label_ranking_precision": np.where((n_true == 0) | (n_false == 0), 1.0, precision),
        "one_error": np.where(n_true > 0, missed, np.nan),
    }
