"""All thresholds of a label at once: its scores sorted, and what lies above each cut.

With the cells of a label sorted from the largest score down, cut c predicts the first c:

    hits[c]       weight of the positives among them
    predicted[c]  weight of all of them

so that every count of a confusion matrix, at every threshold, costs one sort and two running
sums.  The trap is ties: a threshold cannot part equal scores, and a cut inside a tie promises
what no threshold keeps.  Only cuts between distinct scores are allowed.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Sweep", "best_cuts", "dinkelbach_cuts", "sweep", "thresholds_at"]


class Sweep(NamedTuple):
    """Columns are labels; rows of all but `scores` are the cuts 0..n."""

    scores: np.ndarray  # (n, L), downwards; below 0 where a cell does not count
    allowed: np.ndarray  # (n + 1, L), whether some threshold cuts here
    hits: np.ndarray  # (n + 1, L)
    predicted: np.ndarray  # (n + 1, L)

    @property
    def positives(self) -> np.ndarray:
        """Return the weight of each label's positives, (L,)."""
        return self.hits[-1]

    @property
    def events(self) -> np.ndarray:
        """Return the weight of the rarer of positives and negatives, (L,)."""
        return np.minimum(self.hits[-1], self.predicted[-1] - self.hits[-1])


def sweep(probs: np.ndarray, labels: np.ndarray, weights: np.ndarray, /) -> Sweep:
    """Return the counts of each label at every cut.

    Parameters
    ----------
    probs : float array of shape (n, L)
        At least 0.
    labels : 0/1 array of shape (n, L)
        The truth; anything where the weight is 0.
    weights : float array of shape (n, L)
        Of each cell, at least 0.  Cells of weight 0 are left out, their scores too.

    Examples
    --------
    >>> made = sweep(np.array([[0.9], [0.4], [0.4]]), np.array([[1], [1], [0]]), np.ones((3, 1)))
    >>> made.hits[:, 0], made.allowed[:, 0]
    (array([0., 1., 2., 2.]), array([ True,  True, False,  True]))
    """
    # Labels as rows, so that sorting and summing walk through neighbours in memory.
    counted = np.ascontiguousarray(np.where(weights > 0, probs, -1.0).T)
    order = np.argsort(-counted, axis=1, kind="stable")
    scores = np.take_along_axis(counted, order, axis=1)
    sizes = np.take_along_axis(np.ascontiguousarray(weights.T), order, axis=1)
    present = np.take_along_axis(np.ascontiguousarray(labels.T) == 1, order, axis=1)
    n_labels, n = scores.shape
    hits, predicted = np.zeros((2, n_labels, n + 1))
    np.cumsum(sizes, axis=1, out=predicted[:, 1:])
    sizes[~present] = 0.0
    np.cumsum(sizes, axis=1, out=hits[:, 1:])
    allowed = np.ones((n + 1, n_labels), dtype=bool, order="F")
    # A score of 0 exceeds no threshold, so that the last cut needs all of them above 0.
    scores = scores.T
    allowed[1:] = scores > _below(scores)
    return Sweep(scores, allowed, hits.T, predicted.T)


def _below(scores: np.ndarray) -> np.ndarray:
    """Return the score that follows each, or 0 where no cell that counts does."""
    below = np.zeros_like(scores)
    np.maximum(scores[1:], 0.0, out=below[:-1])
    return below


def thresholds_at(made: Sweep, cuts: np.ndarray, /) -> np.ndarray:
    """Return the threshold of each label's cut: midway between the scores that it parts.

    Parameters
    ----------
    made : Sweep
        Of L labels.
    cuts : integer array of shape (L,)
        Allowed ones.

    Returns
    -------
    float64 array of shape (L,)
        1 where nothing is predicted; half the smallest score where everything is.

    Examples
    --------
    >>> made = sweep(np.array([[0.75], [0.25]]), np.array([[1], [0]]), np.ones((2, 1)))
    >>> [float(thresholds_at(made, np.array([cut]))[0]) for cut in (0, 1, 2)]
    [1.0, 0.5, 0.125]
    """
    columns, last = np.arange(len(cuts)), np.maximum(cuts - 1, 0)
    high, low = made.scores[last, columns], _below(made.scores)[last, columns]
    middle = low + (high - low) / 2
    # Of neighbouring numbers the middle rounds to one of them, and high must exceed it.
    middle = np.where(middle < high, middle, low)
    return np.where(cuts == 0, 1.0, np.minimum(middle, 1.0))


def best_cuts(made: Sweep, values: np.ndarray, /, *, most: bool = False) -> np.ndarray:
    """Return the allowed cut of the largest value for each label.

    Parameters
    ----------
    made : Sweep
        Of L labels.
    values : float array of shape (n + 1, L)
        What each cut is worth.
    most : bool, default=False
        Of equal ones, whether to take the one that predicts most instead of fewest.

    Examples
    --------
    >>> made = sweep(np.array([[0.75], [0.25]]), np.array([[1], [0]]), np.ones((2, 1)))
    >>> best_cuts(made, np.array([[0.0], [5.0], [5.0]]))
    array([1])
    """
    values = np.where(made.allowed, values, -np.inf)
    if most:
        return len(values) - 1 - values[::-1].argmax(axis=0)
    return values.argmax(axis=0)


def dinkelbach_cuts(made: Sweep, /, *, beta: float) -> np.ndarray:
    """Return the cuts that together maximise the micro-averaged F-beta: exact.

    F = (1 + b^2) sum hits / (b^2 sum positives + sum predicted) is a ratio of sums over labels.
    At a guess r of its maximum, the cuts that maximise (1 + b^2) hits - r predicted, each label
    on its own, have an F of at least r, and of exactly r at the maximum alone.  Taking that F as
    the next guess ends after a few rounds.

    Parameters
    ----------
    made : Sweep
        Of L labels.  Without a positive cell, nothing is predicted.
    beta : float
        Above 0.

    References
    ----------
    Dinkelbach (1967), "On Nonlinear Fractional Programming", Management Science 13(7).

    Examples
    --------
    >>> made = sweep(np.array([[0.75], [0.25]]), np.array([[1], [0]]), np.ones((2, 1)))
    >>> dinkelbach_cuts(made, beta=1.0)
    array([1])
    """
    factor, columns = 1.0 + beta**2, np.arange(made.scores.shape[1])
    gains = factor * made.hits
    cuts, ratio = np.zeros(len(columns), dtype=np.int64), 0.0
    while True:
        new = best_cuts(made, gains - ratio * made.predicted)
        hit = gains[new, columns].sum()
        marked = beta**2 * made.positives.sum() + made.predicted[new, columns].sum()
        if hit <= ratio * marked:
            return cuts
        found = float(hit / marked)
        if found <= ratio:  # but for rounding
            return cuts
        cuts, ratio = new, found
