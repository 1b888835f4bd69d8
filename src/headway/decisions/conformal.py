"""Prediction sets that hold the true class in a promised share of rows, whatever the model.

Score the true class of n calibration rows and take the k-th smallest score as the cutoff:

    k = ceil((n + 1) coverage),     P(true class of a new row is in its set) >= coverage

if the new row is exchangeable with the calibration rows; with distinct scores it is k / (n + 1)
exactly, and the number of m new rows that are covered is beta-binomial (m, k, n + 1 - k).  Where k
exceeds n no cutoff can promise it, and every class is included.  `by_class` does the same within
each class: then each class is covered as promised.

The traps: (n + 1) coverage is computed exactly, because 100 * 0.55 is 55.00000000000001 and its
ceiling 56; and rows that anything was chosen on must not calibrate (RAPS sets some apart).
"""

import math
import warnings
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from headway._check import check_fraction
from headway.decisions.conformity import ApsScore, ConformityScore, LacScore
from headway.decisions.prediction_sets import PredictionSets
from headway.decisions.tuning_rows import class_labels, finite_probs, refuse_weights
from headway.errors import InputValueError

__all__ = ["ConformalSets", "conformal_cutoff"]

METHODS = ("lac", "aps", "raps")
CHOOSING_SHARE = 0.2  # of the rows, on which RAPS chooses its penalty
PENALTIES = (0.001, 0.01, 0.1, 0.2, 0.5)  # those of the authors' code


@dataclass(frozen=True)
class ConformalSets:
    """Tune `PredictionSets` for a promised coverage.

    Parameters
    ----------
    coverage : float, default=0.9
        0 < coverage < 1: the share of new rows whose set holds the true class.
    method : {"lac", "aps", "raps"}, default="lac"
        Smallest sets; sets that adapt to how hard a row is; these without long tails.
    by_class : bool, default=False
        Whether the promise holds for the rows of each class.  A class with fewer than
        ceil(1 / (1 - coverage)) - 1 rows is then in every set, with a warning.
    randomized : bool, default=True
        For "aps" and "raps": whether a class enters by a draw that belongs to the row.  Without
        it, sets are larger than the promise asks for.
    penalty : float, optional
        For "raps": what each rank beyond `rank` adds to a score.
    rank : int, optional
        For "raps".  Where one of the two is not given, a fifth of the rows is set apart to choose
        it: `rank` is the ceil((m + 1) coverage)-th smallest rank of their true classes, `penalty`
        that of 0.001, 0.01, 0.1, 0.2 and 0.5 which makes their sets smallest.  A fifth that
        could not promise the coverage chooses nothing: then no penalty is added.
    at_least_one : bool, default=False
        Whether an empty set gets the most probable class.  Coverage can only grow.

    References
    ----------
    Sadinle, Lei and Wasserman (2019), JASA 114; Romano, Sesia and Candes (2020), NeurIPS;
    Angelopoulos, Bates, Malik and Jordan (2021), ICLR; by class: Vovk (2012), "Conditional
    validity of inductive conformal predictors", ACML; Ding et al. (2023), "Class-Conditional
    Conformal Prediction with Many Classes", NeurIPS.

    Examples
    --------
    Of 9 rows and coverage 0.8 it takes the 8th: one true class may be less probable.

    >>> p = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    >>> sets = ConformalSets(coverage=0.8).fit(np.column_stack([p, 1 - p]), np.zeros(9, dtype=int))
    >>> sets.cutoffs, sets.rows
    ((-0.2,), (9,))
    >>> sets([[0.15, 0.85], [0.5, 0.5]])
    array([[0, 1],
           [1, 1]])
    """

    coverage: float = 0.9
    method: str = "lac"
    by_class: bool = False
    randomized: bool = True
    penalty: float | None = None
    rank: int | None = None
    at_least_one: bool = False
    own_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "coverage", _checked_coverage(self.coverage))
        if self.method not in METHODS:
            raise InputValueError(
                f"`method` must be one of {', '.join(METHODS)}, got {self.method!r}. 'lac' gives "
                "the smallest sets."
            )
        if self.method != "raps" and (self.penalty, self.rank) != (None, None):
            raise InputValueError(
                f"`penalty` and `rank` are for method='raps', got {self.method!r}. Leave them out."
            )
        ApsScore(self.penalty or 0.0, self.rank or 0)  # says what is wrong with them

    def fit(
        self,
        probs: np.ndarray,
        labels: np.ndarray,
        /,
        *,
        weights: None = None,
        random_state: int = 0,
    ) -> PredictionSets:
        """Return the sets whose cutoffs these rows choose.

        Parameters
        ----------
        probs : float array of shape (n, K)
            Probabilities of rows that the model was not trained on, nor calibrated.
        labels : integer array of shape (n,)
            True classes in 0..K-1.
        weights : None
            Refused: the promise is about rows that are equally likely.
        random_state : int
            Seed of the rows' draws, and of the rows that RAPS sets apart; at least 0.

        Raises
        ------
        InputTypeError, InputValueError
            If labels do not fit the probs, or there are weights.

        Warns
        -----
        UserWarning
            If there are too few rows, of all or of a class, to promise the coverage.
        """
        refuse_weights(weights, "ConformalSets")
        probs = finite_probs(probs)
        labels = class_labels(probs, labels)
        score: ConformityScore = LacScore()
        if self.method == "aps":
            score = ApsScore(randomized=self.randomized, seed=random_state)
        elif self.method == "raps":
            score, kept = self._regularised(probs, labels, random_state)
            probs, labels = probs[kept], labels[kept]
        true = np.take_along_axis(score(probs), labels[:, None], axis=1)[:, 0]
        groups = [true]
        if self.by_class:
            groups = [true[labels == k] for k in range(probs.shape[1])]
        rows = tuple(len(group) for group in groups)
        self._warn_of_few(rows)
        cutoffs = tuple(conformal_cutoff(group, self.coverage) for group in groups)
        return PredictionSets(score, cutoffs, self.coverage, rows, self.at_least_one)

    def _regularised(
        self, probs: np.ndarray, labels: np.ndarray, seed: int
    ) -> tuple[ApsScore, np.ndarray]:
        """Return the score of RAPS, and which rows are left to calibrate."""
        every = np.arange(len(probs))
        if self.penalty is not None and self.rank is not None:
            return ApsScore(self.penalty, self.rank, self.randomized, seed), every
        apart = int(CHOOSING_SHARE * len(probs))
        if _place(apart, self.coverage) > apart:
            return ApsScore(0.0, self.rank or 0, self.randomized, seed), every
        mixed = np.random.default_rng(seed).permutation(len(probs))
        chosen, kept = mixed[:apart], np.sort(mixed[apart:])
        some, truth = probs[chosen], labels[chosen, None]
        rank = self.rank
        if rank is None:
            own = np.take_along_axis(some, truth, axis=1)
            ahead = (some > own) | ((some == own) & (np.arange(some.shape[1]) < truth))
            rank = int(conformal_cutoff(1.0 + ahead.sum(axis=1), self.coverage))
        penalties = PENALTIES if self.penalty is None else (self.penalty,)
        candidates = [ApsScore(value, rank, self.randomized, seed) for value in penalties]
        sizes = []
        for candidate in candidates:
            scores = candidate(some)
            true = np.take_along_axis(scores, truth, axis=1)[:, 0]
            sizes.append((scores <= conformal_cutoff(true, self.coverage)).sum())
        return candidates[int(np.argmin(sizes))], kept

    def _warn_of_few(self, rows: tuple[int, ...]) -> None:
        few = [k for k, n in enumerate(rows) if _place(n, self.coverage) > n]
        if not few:
            return
        wanted = math.ceil(1 / (1 - _exact(self.coverage))) - 1
        if self.by_class:
            named = ", ".join(map(str, few[:10])) + f" and {len(few) - 10} more" * (len(few) > 10)
            text = f"there are fewer in class {named}, which every set will hold"
        else:
            text = f"there are only {rows[0]}, so that every set will hold all classes"
        warnings.warn(
            f"A coverage of {self.coverage:g} takes at least {wanted} rows to choose a cutoff "
            f"from; {text}. Give more rows, or promise less.",
            UserWarning,
            stacklevel=3,
        )


def conformal_cutoff(scores: np.ndarray, coverage: float, /) -> float:
    """Return the ceil((n + 1) coverage)-th smallest score, or inf if there are too few.

    Parameters
    ----------
    scores : float array of shape (n,)
        Of the true classes.
    coverage : float
        In (0, 1), taken as the decimal number that it prints as.

    Examples
    --------
    >>> conformal_cutoff(np.arange(1.0, 100.0), 0.55), conformal_cutoff(np.zeros(8), 0.9)
    (55.0, inf)
    """
    k = _place(len(scores), coverage)
    return float(np.partition(scores, k - 1)[k - 1]) if k <= len(scores) else math.inf


def _place(n: int, coverage: float) -> int:
    return math.ceil((n + 1) * _exact(coverage))


def _exact(coverage: float) -> Fraction:
    return Fraction(repr(float(coverage)))


def _checked_coverage(coverage: float) -> float:
    coverage = check_fraction(coverage, "coverage", below_one=False)
    if coverage in (0.0, 1.0):
        advice = (
            "Only the set of all classes is always right: give one such as 0.99."
            if coverage
            else "The empty set promises that much: give one such as 0.9."
        )
        raise InputValueError(f"`coverage` must lie between 0 and 1, got {coverage:g}. {advice}")
    return coverage
