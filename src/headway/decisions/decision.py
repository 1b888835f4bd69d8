"""What every decision can do: turn rows of probabilities into actions."""

from typing import Protocol, runtime_checkable

from headway._array import Array

__all__ = ["Decision"]


@runtime_checkable
class Decision(Protocol):
    """Turns probs (n, K) into one action index a row, or into a 0/1 matrix.

    Indices 0..K-1 are the classes; those from K on are actions that are no class, such as to
    abstain.  A matrix says which labels hold, or which exclusive classes are candidates.  A
    decision may state by `kinds` which of "binary", "exclusive" and "multilabel" labels it is for.

    Examples
    --------
    >>> from headway.decisions import Argmax
    >>> isinstance(Argmax(), Decision)
    True
    """

    def __call__(self, probs: Array, /) -> Array:
        """Return the decisions, shape (n,) or (n, L)."""
