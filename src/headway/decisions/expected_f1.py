"""The label set that is expected to score best on the F-measure of its row.

    F(set, truth) = (1 + b^2) |set and truth| / (b^2 |truth| + |set|)

averaged over the truths that the probabilities allow, labels independent of each other given
the features.  The best set consists of the k most probable labels for some k, which depends on
the whole row: no threshold, whether one or one a label, finds it.

The trap is the empty set.  Where the row has no true label either, it scores `zero_division`,
so that its expectation is zero_division * prod(1 - p); left out of the comparison, no row could
ever be empty.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headway._array import Array
from headway._check import check_fraction
from headway.decisions.columns import as_probs, check_beta, check_probabilities
from headway.kernels.example_f1 import ExampleF1, example_f1

__all__ = ["ExpectedF1"]


@dataclass(frozen=True)
class ExpectedF1:
    """Return the 0/1 row with the largest expected example-wise F-beta.

    Exact for labels that are independent given the features; of equal sets the smallest.  It
    wants calibrated probabilities, and needs no tuning.

    Parameters
    ----------
    beta : float, default=1.0
        Above 0: how many times more recall counts than precision.
    zero_division : float, default=1.0
        0..1: what a row scores that has no true and no predicted label.

    Raises
    ------
    InputTypeError
        If one of them is not a number.
    InputValueError
        If `beta` is not positive and finite, or `zero_division` lies outside 0..1.

    References
    ----------
    Ye, Chai, Lee, Chieu (2012), "Optimizing F-measure: A Tale of Two Approaches", ICML.

    Examples
    --------
    Taking the first label alone is expected to score 0.5 (0.5 * 1 + 0.5 * 2/3) = 0.4167, taking
    both 0.25 * 1 + 0.5 * 2/3 = 0.5833, and taking none 0.25:

    >>> ExpectedF1()([[0.5, 0.5]])
    array([[1, 1]])
    >>> ExpectedF1().expected([[0.5, 0.5]]).round(4)
    array([0.5833])
    >>> ExpectedF1()([[0.3, 0.3]]), ExpectedF1(zero_division=0.0)([[0.3, 0.3]])
    (array([[0, 0]]), array([[1, 1]]))
    """

    beta: float = 1.0
    zero_division: float = 1.0
    kinds: ClassVar[tuple[str, ...]] = ("multilabel",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", check_beta(self.beta))
        value = check_fraction(self.zero_division, "zero_division", below_one=False)
        object.__setattr__(self, "zero_division", value)

    def __call__(self, probs: Array, /) -> np.ndarray:
        """Return an int64 0/1 matrix of shape (n, L) for `probs` of shape (n, L)."""
        return self._best(probs).sets

    def expected(self, probs: Array, /) -> np.ndarray:
        """Return what the chosen set of each row is expected to score, 0..1, shape (n,)."""
        return self._best(probs).values

    def _best(self, probs: Array) -> ExampleF1:
        probs = as_probs(probs)
        check_probabilities(probs)
        if probs.dtype not in (np.float32, np.float64):
            probs = probs.astype(np.float64)
        return example_f1(probs, beta=self.beta, empty=self.zero_division)
