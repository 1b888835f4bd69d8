"""The confident joint: how often rows given one class are confidently held to be another.

With p the out-of-fold probabilities of a row, y its given class and w its weight:

    t[j]      = mean of p[j] over the rows given j                 (self-confidence)
    guess     = argmax of p[j] over the classes with p[j] >= t[j]  (none: the row is not counted)
    C[i, j]   = sum of w over the rows given i whose guess is j    (the confident joint)
    joint[i, j] = C[i, j] / sum_j C[i, j] * (weight given i)       (estimated rows)

Thresholds class by class are what makes this work for models that are more sure of one class
than of another.  The trap: the probabilities must be those of rows that the model was not fitted
on, or it has learned the mistakes by heart and finds none.

References
----------
Northcutt, Jiang and Chuang (2021), "Confident Learning: Estimating Uncertainty in Dataset
Labels", JAIR 70.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["ConfidentJoint", "confident_joint"]


@dataclass(frozen=True, eq=False)
class ConfidentJoint:
    """What was counted.

    Attributes
    ----------
    thresholds : float64 array of shape (K,)
        t; infinite for a class that no row is given.
    guesses : int64 array of shape (n,)
        The class that each row is confidently held to be, or -1 where no class reaches t.
    counts : float64 array of shape (K, K)
        C: given class by guessed class.
    joint : float64 array of shape (K, K)
        Estimated weight of the rows given i that truly are j; rows sum to the weight given i.
    """

    thresholds: np.ndarray
    guesses: np.ndarray
    counts: np.ndarray
    joint: np.ndarray


def confident_joint(probs: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> ConfidentJoint:
    """Return the confident joint of checked rows.

    Parameters
    ----------
    probs : float64 array of shape (n, K)
        Out-of-fold probabilities, 0..1.
    labels : integer array of shape (n,)
        Given classes, 0..K-1.
    weights : float64 array of shape (n,)
        Row weights; a weight of 2 counts as the row given twice.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8]])
    >>> found = confident_joint(probs, np.array([0, 0, 0, 1]), np.ones(4))
    >>> found.thresholds.round(4).tolist()
    [0.5667, 0.8]
    >>> found.counts.tolist()
    [[2.0, 1.0], [0.0, 1.0]]
    """
    n_classes = probs.shape[1]
    given = np.bincount(labels, weights=weights, minlength=n_classes)
    own = probs[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=weights * own, minlength=n_classes)
    thresholds = np.divide(sums, given, out=np.full(n_classes, np.inf), where=given > 0)
    # A mean of equal values may be rounded above all of them.
    reached = np.where(probs >= thresholds * (1 - 1e-12), probs, -1.0)
    guesses = np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)
    sure = guesses >= 0
    counts = np.bincount(
        labels[sure] * n_classes + guesses[sure],
        weights=weights[sure],
        minlength=n_classes * n_classes,
    ).reshape(n_classes, n_classes)
    # Where no row of a class is sure of anything its labels are taken as they are given.
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.eye(n_classes), where=total > 0)
    return ConfidentJoint(thresholds, guesses, counts, shares * given[:, None])
