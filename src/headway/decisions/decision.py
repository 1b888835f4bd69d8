"""What every decision can do: turn rows of probabilities into actions."""

from typing import Protocol, runtime_checkable

from headway._array import Array

__all__ = ["Decision"]


@runtime_checkable
class Decision(Protocol):
    """Turns probs (n, K) into one action index a row, or into a 0/1 matrix.

    Examples
    --------
    >>> from headway.decisions import Argmax
    >>> isinstance(Argmax(), Decision)
    True
    """

    def __call__(self, probs: Array, /) -> Array:
        """Return the decisions, shape (n,) or (n, L)."""
