"""How sure is sure enough: the threshold of `Abstain` for a rate, or for an error rate.

`AbstainAtRate` is a quantile of the largest probabilities of the tuning rows.

`AbstainAtError` promises the error of the rows that are answered (selection with guaranteed
risk).  With e errors among m answered rows, the Clopper-Pearson bound B(e, m, d) lies above the
true rate with probability 1 - d.  Many thresholds are tried, and the luckiest of them looks too
good, so the doubt is shared (learn then test):

    from each of S starts, where 10 %, 20 %, .. 100 % of the rows are answered (S = 10),
    lower the threshold row by row  while  B(e, m, (1 - level) / S) <= error;   take the lowest

Within a walk the doubt is not divided: it ends at the first failure.  Bisection over all
thresholds, which Geifman and El-Yaniv use, divides by fewer, but goes the wrong way for good where
half of the rows are too many by little: it is the sure rows that are too few to prove anything.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from headway._check import check_fraction, check_weights
from headway.decisions.abstain import Abstain
from headway.decisions.tuning_rows import class_labels, finite_probs, refuse_weights
from headway.errors import InputValueError

__all__ = ["AbstainAtError", "AbstainAtRate"]

STARTS = 10


@dataclass(frozen=True)
class AbstainAtRate:
    """Tune `Abstain` so that a share of the rows is not answered.

    Parameters
    ----------
    rate : float
        0 <= rate < 1.  Where rows tie, fewer abstain: never more than this share of the tuning
        rows.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
    >>> AbstainAtRate(0.5).fit(probs)
    Abstain(threshold=0.8)
    """

    rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_fraction(self.rate, "rate"))

    def fit(
        self,
        probs: np.ndarray,
        labels: Any = None,
        /,
        *,
        weights: np.ndarray | None = None,
        random_state: int = 0,
    ) -> Abstain:
        """Return the highest threshold that leaves no more than the rate without an answer.

        Parameters
        ----------
        probs : float array of shape (n, K)
            Probabilities of rows like those to come.
        labels : ignored
            The rate does not depend on the truth.
        weights : array of shape (n,), optional
            Non-negative row weights; the rate is a share of their sum.
        random_state : int
            Ignored: nothing is drawn.

        Raises
        ------
        InputTypeError, InputValueError
            If there are no rows, or probs or weights are not what they should be.
        """
        probs = finite_probs(probs)
        class_labels(probs, np.zeros(len(probs), dtype=np.int64))
        w = np.ones(len(probs))
        if weights is not None:
            w = np.asarray(weights, dtype=np.float64)
            check_weights(w, n_samples=len(probs))
            probs, w = probs[w > 0], w[w > 0]
        sureness, of_row = np.unique(probs.max(axis=1), return_inverse=True)
        mass = np.bincount(of_row, weights=w)
        below = np.cumsum(mass) - mass
        # A rate of 0.1 asks for one of ten rows: 10 * 0.1 must not be missed by rounding.
        fits = below <= self.rate * w.sum() * (1 + 1e-12)
        return Abstain(_as_threshold(sureness[np.flatnonzero(fits)[-1]]))


@dataclass(frozen=True)
class AbstainAtError:
    """Tune `Abstain` to answer as many rows as it can at a promised error rate.

    Parameters
    ----------
    error : float
        0 < error < 1: what the error rate of answered rows may be.
    level : float, default=0.95
        0 < level < 1: how sure it is to be no more, over draws of the tuning rows.

    References
    ----------
    Geifman and El-Yaniv (2017), "Selective Classification for Deep Neural Networks", NeurIPS;
    Angelopoulos, Bates, Candes, Jordan and Lei (2025), "Learn then Test: Calibrating predictive
    algorithms to achieve risk control", Annals of Applied Statistics 19(2);
    Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in the case
    of the binomial", Biometrika 26(4).

    Examples
    --------
    400 rows at 0.9 that are all right, then 100 at 0.6 of which every other one is:

    >>> probs = np.repeat([[0.9, 0.1], [0.6, 0.4]], [400, 100], axis=0)
    >>> labels = np.r_[np.zeros(400, dtype=int), np.arange(100) % 2]
    >>> AbstainAtError(0.02).fit(probs, labels)
    Abstain(threshold=0.9)
    """

    error: float
    level: float = 0.95
    own_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("error", "level"):
            value = check_fraction(getattr(self, name), name)
            if value == 0:
                why = {
                    "error": "No number of rows proves that nothing is wrong: give 0.05.",
                    "level": "A level of 0 promises nothing: give 0.95.",
                }
                raise InputValueError(f"`{name}` must be above 0, got 0. {why[name]}")
            object.__setattr__(self, name, value)

    def fit(
        self,
        probs: np.ndarray,
        labels: np.ndarray,
        /,
        *,
        weights: None = None,
        random_state: int = 0,
    ) -> Abstain:
        """Return the lowest threshold at which the error is proven to be no more.

        Parameters
        ----------
        probs : float array of shape (n, K)
            Probabilities of rows that the model was not trained on.
        labels : integer array of shape (n,)
            True classes in 0..K-1.
        weights : None
            Refused: a weighted row is not so many new rows.
        random_state : int
            Ignored: nothing is drawn.

        Raises
        ------
        InputTypeError, InputValueError
            If labels do not fit the probs, there are weights, or no threshold can be proven.
        """
        refuse_weights(weights, "AbstainAtError")
        probs = finite_probs(probs)
        labels = class_labels(probs, labels)
        sureness, of_row = np.unique(probs.max(axis=1), return_inverse=True)
        wrong = np.bincount(of_row, weights=probs.argmax(axis=1) != labels)
        # At each threshold, from the lowest: those at or above it.
        answered = np.cumsum(np.bincount(of_row)[::-1])[::-1]
        errors = np.cumsum(wrong[::-1])[::-1]
        # The lowest threshold that answers no more than the share; the highest, if all do.
        wanted = -np.arange(1, STARTS + 1) / STARTS * len(probs)
        starts = np.minimum(np.searchsorted(-answered, wanted), len(sureness) - 1)
        starts = np.unique(starts)
        bounds = _upper_bounds(errors, answered, (1 - self.level) / len(starts))
        failures = np.flatnonzero(bounds > self.error)
        lowest = []
        for start in starts[bounds[starts] <= self.error]:
            before = failures[failures < start]
            lowest.append(before[-1] + 1 if len(before) else 0)
        if not lowest:
            best = bounds[starts].min()
            raise InputValueError(
                f"`error` must be one that the {len(probs)} tuning rows can prove at level "
                f"{self.level:g}, got {self.error:g}; the best proven is {best:.3g}. "
                "Ask for more than that, or give more rows."
            )
        return Abstain(_as_threshold(sureness[min(lowest)]))


def _as_threshold(sureness: float) -> float:
    """Return a probability that rounding may have carried beyond 1."""
    return min(float(sureness), 1.0)


def _upper_bounds(errors: np.ndarray, rows: np.ndarray, doubt: float) -> np.ndarray:
    """Return rates that lie above the true ones with probability 1 - doubt each."""
    from scipy.special import betaincinv  # slow to import, and decisions are imported everywhere

    right = rows - errors
    bounds = betaincinv(errors + 1, np.maximum(right, 1), 1 - doubt)
    return np.where(right > 0, bounds, 1.0)
