"""Areas under the ROC and the precision-recall curve, for many columns of row weights at once.

For one label, with the cells in falling order of probability,

    ROC area           sum over positives of  w (negatives below + half of those level)  / (P N)
    average precision  sum over distinct probabilities of  (rise of recall) * precision

Only the positives are places where anything is added up, and they are few.  So the cells are
sorted once and the weights summed over the stretches between positives, a sparse product of
(stretches, rows) with the weights (rows, R); what remains are cumulative sums over stretches.

The trap is ties: cells of equal probability are one step, whatever order the sort left them in.

References
----------
Fawcett (2006), "An introduction to ROC analysis", Pattern Recognition Letters 27(8).
Davis and Goadrich (2006), "The relationship between precision-recall and ROC curves", ICML.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from headway.evaluation.sums import ratio

__all__ = ["Areas"]


class Areas:
    """ROC area and average precision of scored yes/no cells.

    Parameters
    ----------
    scores : float array of shape (cells,)
        Larger means more probable.
    true : array of shape (cells,)
        1 or 0.
    rows : integer array of shape (cells,)
        The row each cell belongs to; its weight is the row's.
    n_rows : int
        Number of rows.

    Examples
    --------
    >>> areas = Areas(np.array([0.9, 0.8, 0.3]), np.array([1, 0, 1]), np.arange(3), 3)
    >>> roc, precision = areas(np.ones((3, 1)))
    >>> float(roc[0]), round(float(precision[0]), 4)
    (0.5, 0.8333)
    """

    def __init__(self, scores: np.ndarray, true: np.ndarray, rows: np.ndarray, n_rows: int):
        order = np.argsort(-scores, kind="stable")
        scores, true = scores[order], true[order] == 1
        steps = np.cumsum(np.r_[False, scores[1:] != scores[:-1]]) if len(scores) else scores
        holds = np.zeros(int(steps[-1]) + 1 if len(scores) else 0, dtype=bool)
        holds[steps[true].astype(np.int64)] = True
        # Stretch 3 g: negatives above the g-th step with a positive; 3 g + 1 and 3 g + 2:
        # positives and negatives on it.  What lies below all positives is the last stretch.
        before = np.cumsum(holds) - holds
        steps = steps.astype(np.int64)
        stretch = 3 * before[steps] + np.where(holds[steps], np.where(true, 1, 2), 0)
        self._steps = int(holds.sum())
        self._sum = csr_matrix(
            (np.ones(len(order)), (stretch, rows[order])), shape=(3 * self._steps + 1, n_rows)
        )

    def __call__(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (ROC areas, average precisions), each (R,); NaN without two kinds of cells."""
        sums = self._sum @ weights
        above, hits, level = (sums[k : 3 * self._steps : 3] for k in range(3))
        positives = hits.sum(axis=0)
        alarms = np.cumsum(above + level, axis=0)  # negatives at or above each step
        negatives = (alarms[-1] if self._steps else 0.0) + sums[-1]
        lost = np.einsum("ij,ij->j", hits, alarms) - 0.5 * np.einsum("ij,ij->j", hits, level)
        found = np.cumsum(hits, axis=0)
        alarms += found
        found /= np.maximum(alarms, np.finfo(float).tiny, out=alarms)
        return (
            ratio(positives * negatives - lost, positives * negatives),
            ratio(np.einsum("ij,ij->j", hits, found), positives),
        )
