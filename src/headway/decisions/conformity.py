"""How badly a class fits a row: the scores that conformal sets are cut from.

    LAC    s_k = -p_k
    APS    s_k = (sum of the p_j that rank above k) + u p_k            u uniform in [0, 1)
    RAPS   s_k = APS + penalty * max(0, o_k - rank)                    o_k = 1, 2, .. rank of p_k

LAC gives the smallest sets on average; APS spends more on hard rows and less on easy ones, for a
coverage that differs less between them; RAPS keeps APS from long tails.  The published LAC score
is 1 - p, which gives the same sets but makes all probabilities below 1e-16 one; hence -p.

The trap is u.  With u = 1 throughout (`randomized=False`) sets are valid but too large; with a
draw from a stream the sets would change from call to call.  Here u belongs to the row (see
`row_draws`), so that a score is a fixed function of the row and calibration is exact.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from headway.decisions.row_draws import row_draws
from headway.errors import InputTypeError, InputValueError

__all__ = ["ApsScore", "ConformityScore", "LacScore"]


@runtime_checkable
class ConformityScore(Protocol):
    """Turns float64 probs (n, K) into scores (n, K): the larger, the worse the class fits."""

    def __call__(self, probs: np.ndarray, /) -> np.ndarray:
        """Return float64 scores of shape (n, K)."""


@dataclass(frozen=True)
class LacScore:
    """Return minus the probability of each class.

    References
    ----------
    Sadinle, Lei and Wasserman (2019), "Least Ambiguous Set-Valued Classifiers With Bounded Error
    Levels", JASA 114.

    Examples
    --------
    >>> LacScore()(np.array([[0.25, 0.75]]))
    array([[-0.25, -0.75]])
    """

    def __call__(self, probs: np.ndarray, /) -> np.ndarray:
        """Return float64 scores of shape (n, K), in -1..0."""
        return -probs


@dataclass(frozen=True)
class ApsScore:
    """Return the probability of the classes above each one, and a share of its own.

    Parameters
    ----------
    penalty : float, default=0.0
        At least 0.  What each rank beyond `rank` adds: above 0 this is RAPS.
    rank : int, default=0
        At least 0.  Ranks that cost nothing.
    randomized : bool, default=True
        Whether the share of its own is the row's draw; else it is all of it.
    seed : int, default=0
        At least 0.  Another seed, other draws.

    References
    ----------
    Romano, Sesia and Candes (2020), "Classification with Valid and Adaptive Coverage", NeurIPS;
    Angelopoulos, Bates, Malik and Jordan (2021), "Uncertainty Sets for Image Classifiers using
    Conformal Prediction", ICLR.

    Examples
    --------
    >>> ApsScore(randomized=False)(np.array([[0.25, 0.625, 0.125]]))
    array([[0.875, 0.625, 1.   ]])
    >>> ApsScore(penalty=1.0, rank=1, randomized=False)(np.array([[0.25, 0.625, 0.125]]))
    array([[1.875, 0.625, 3.   ]])
    """

    penalty: float = 0.0
    rank: int = 0
    randomized: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.penalty, bool) or not isinstance(
            self.penalty, (int, float, np.floating, np.integer)
        ):
            raise InputTypeError(
                f"`penalty` must be a number, got {self.penalty!r}. Give one such as 0.01."
            )
        if not 0 <= self.penalty < np.inf:
            raise InputValueError(
                f"`penalty` must be finite and at least 0, got {self.penalty!r}. 0 is plain APS."
            )
        object.__setattr__(self, "penalty", float(self.penalty))
        for name in ("rank", "seed"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise InputTypeError(f"`{name}` must be an integer, got {value!r}. Try 0.")
            if value < 0:
                raise InputValueError(f"`{name}` must be at least 0, got {value}. Try 0.")
            object.__setattr__(self, name, int(value))

    def __call__(self, probs: np.ndarray, /) -> np.ndarray:
        """Return float64 scores of shape (n, K), at least 0."""
        order = np.argsort(-probs, axis=1, kind="stable")
        ranked = np.take_along_axis(probs, order, axis=1)
        above = np.zeros_like(ranked)
        np.cumsum(ranked[:, :-1], axis=1, out=above[:, 1:])
        share = row_draws(probs, self.seed)[:, None] if self.randomized else 1.0
        ranked = above + share * ranked
        if self.penalty:
            beyond = np.maximum(np.arange(1, probs.shape[1] + 1) - self.rank, 0)
            ranked += self.penalty * beyond
        scores = np.empty_like(ranked)
        np.put_along_axis(scores, order, ranked, axis=1)
        return scores
