"""The most probable class, unless it is not probable enough: then nobody is answered.

    action = argmax p   if max p >= threshold,   else K, "abstain"

It is the action of least cost when a mistake costs 1 and abstaining costs 1 - threshold.  The
trap: a threshold of 1 / K or less never abstains, and in many classes the largest probability
of a good model may be small, so that thresholds are better tuned (`AbstainAtRate`,
`AbstainAtError`) than guessed.
"""

from dataclasses import dataclass
from typing import ClassVar

from headway._array import Array, as_array, namespace
from headway._check import check_fraction, check_probs

__all__ = ["Abstain"]


@dataclass(frozen=True)
class Abstain:
    """Return the most probable class, or K where its probability is below the threshold.

    Parameters
    ----------
    threshold : float
        0 <= threshold <= 1; a probability equal to it is answered.

    References
    ----------
    Chow (1970), "On Optimum Recognition Error and Reject Tradeoff", IEEE Trans. IT 16.

    Examples
    --------
    >>> Abstain(0.7)([[0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    array([1, 2, 0])
    """

    threshold: float
    abstains: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("binary", "exclusive")

    def __post_init__(self) -> None:
        threshold = check_fraction(self.threshold, "threshold", below_one=False)
        object.__setattr__(self, "threshold", threshold)

    def __call__(self, probs: Array, /) -> Array:
        """Return integer actions 0..K of shape (n,) for `probs` (n, K); K where one is NaN."""
        probs = as_array(probs)
        xp = namespace(probs)
        check_probs(probs, xp)
        chosen = xp.argmax(probs, axis=1)
        # Not "below", which a NaN never is: what is unknown is not answered.
        unsure = ~(xp.max(probs, axis=1) >= self.threshold)
        return xp.where(unsure, xp.full_like(chosen, probs.shape[1]), chosen)
