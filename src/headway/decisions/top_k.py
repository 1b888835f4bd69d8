"""The k most probable classes, or labels, of each row.

Of all sets of k it is the one of the largest expected number of hits, sum of p over the set:
for exclusive classes the probability that the truth is among them.  The trap is ties, which a
partial sort leaves to chance: here the first columns of equals are taken.
"""

from dataclasses import dataclass

import numpy as np

from headway._array import Array
from headway.decisions.columns import as_probs, check_count, largest_columns
from headway.errors import InputValueError

__all__ = ["TopK"]


@dataclass(frozen=True)
class TopK:
    """Return 1 for the k largest of each row, else 0.

    Parameters
    ----------
    k : int
        How many; at least 1, and at most the number of columns.

    Raises
    ------
    InputTypeError
        If `k` is not a whole number.
    InputValueError
        If it is below 1.

    Examples
    --------
    >>> TopK(2)([[0.5, 0.2, 0.3], [0.4, 0.4, 0.4]])
    array([[1, 0, 1],
           [1, 1, 0]])
    """

    k: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", check_count(self.k, "k"))

    def __call__(self, probs: Array, /) -> np.ndarray:
        """Return an int64 0/1 matrix of shape (n, K), k ones a row, for `probs` (n, K)."""
        probs = as_probs(probs)
        if self.k > probs.shape[1]:
            raise InputValueError(
                f"`probs` must have at least {self.k} columns to take the {self.k} largest, got "
                f"{probs.shape[1]}. Use a smaller `k`."
            )
        return largest_columns(probs, self.k).astype(np.int64)
