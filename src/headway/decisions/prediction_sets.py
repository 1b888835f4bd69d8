"""Sets of candidates for one true class: all classes whose score is not above a cutoff.

    set(row) = {k : s_k(row) <= cutoff_k}

The cutoffs come from `ConformalSets`, which chooses them for a promised coverage.  The trap is the
empty set: it is how a conformal set says that nothing fits, the promise counts it, and a caller
that takes "the first of the set" breaks on it.  `at_least_one` adds the most probable class.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headway._check import check_fraction
from headway.decisions.conformity import ConformityScore
from headway.decisions.tuning_rows import finite_probs
from headway.errors import InputTypeError, InputValueError

__all__ = ["PredictionSets"]


@dataclass(frozen=True)
class PredictionSets:
    """Return 1 for each class that is a candidate, else 0.

    Parameters
    ----------
    score : LacScore or ApsScore
        How badly a class fits.
    cutoffs : tuple of float
        One for all classes, or one for each of the K classes; inf always includes.
    coverage : float, optional
        The share of rows whose set was promised to hold the true class.
    rows : tuple of int, optional
        How many rows each cutoff was chosen from.
    at_least_one : bool, default=False
        Whether an empty set gets the most probable class.

    Examples
    --------
    >>> from headway.decisions import LacScore
    >>> sets = PredictionSets(LacScore(), (-0.3,))
    >>> sets([[0.9, 0.05, 0.05], [0.3, 0.4, 0.3], [0.25, 0.25, 0.5]])
    array([[1, 0, 0],
           [1, 1, 1],
           [0, 0, 1]])
    """

    score: ConformityScore
    cutoffs: tuple[float, ...]
    coverage: float | None = None
    rows: tuple[int, ...] | None = None
    at_least_one: bool = False
    kinds: ClassVar[tuple[str, ...]] = ("binary", "exclusive")

    def __post_init__(self) -> None:
        if not isinstance(self.score, ConformityScore):
            raise InputTypeError(
                f"`score` must be a conformity score, got {self.score!r}. Use LacScore()."
            )
        try:
            cutoffs = tuple(float(value) for value in self.cutoffs)
        except (TypeError, ValueError) as error:
            raise InputTypeError(
                f"`cutoffs` must be a tuple of numbers, got {self.cutoffs!r}. Give (value,) for "
                "one, or one for each class."
            ) from error
        if not cutoffs or any(np.isnan(value) for value in cutoffs):
            raise InputValueError(
                f"`cutoffs` must hold at least one number and no NaN, got {cutoffs}. Let "
                "ConformalSets choose them."
            )
        object.__setattr__(self, "cutoffs", cutoffs)
        if self.coverage is not None:
            object.__setattr__(self, "coverage", check_fraction(self.coverage, "coverage"))

    def __call__(self, probs: np.ndarray, /) -> np.ndarray:
        """Return an int64 0/1 matrix of shape (n, K) for `probs` of shape (n, K)."""
        probs = finite_probs(probs)
        if len(self.cutoffs) not in (1, probs.shape[1]):
            raise InputValueError(
                f"`probs` must have one column for each of the {len(self.cutoffs)} classes that "
                f"have a cutoff, got {probs.shape[1]}. Give those of the model it was tuned for."
            )
        sets = self.score(probs) <= np.array(self.cutoffs)
        if self.at_least_one:
            sets[np.arange(len(sets)), probs.argmax(axis=1)] |= ~sets.any(axis=1)
        return sets.astype(np.int64)
