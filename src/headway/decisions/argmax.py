"""The most probable class.

It is the action of least cost when every mistake costs 1, but computed as argmax:
in float32 the products with a cost matrix round away ties and near-ties.
"""

from dataclasses import dataclass
from typing import ClassVar

from headway._array import Array, as_array, namespace
from headway._check import check_probs

__all__ = ["Argmax"]


@dataclass(frozen=True)
class Argmax:
    """Return the column of the largest entry of each row; the first of equals.

    Takes probabilities, or logits: neither link changes the order within a row.

    Examples
    --------
    >>> Argmax()([[0.2, 0.7, 0.1], [0.5, 0.0, 0.5]])
    array([1, 0])
    """

    kinds: ClassVar[tuple[str, ...]] = ("binary", "exclusive")

    def __call__(self, probs: Array, /) -> Array:
        """Return integer indices 0..K-1 of shape (n,) for `probs` of shape (n, K)."""
        probs = as_array(probs)
        xp = namespace(probs)
        check_probs(probs, xp)
        return xp.argmax(probs, axis=1)
