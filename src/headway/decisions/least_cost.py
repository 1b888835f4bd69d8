"""The action of least expected cost.

`cost[k, a]` is the price of taking action `a` when the true class is `k`; the
expected cost of `a` is sum_k p[k] cost[k, a].  Argmax, a threshold and abstaining
are three cost matrices.  The trap: expected costs are summed in floating point,
so where two actions cost the same, rounding chooses.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from headway._array import Array, as_array, like, namespace, to_floating
from headway._check import check_fraction, check_probs
from headway._frozen import restore_frozen
from headway.errors import InputTypeError, InputValueError

__all__ = ["LeastCost", "threshold_cost", "with_abstention", "zero_one_cost"]


@dataclass(frozen=True, eq=False)
class LeastCost:
    """Return, for each sample, the action whose expected cost is least.

    Parameters
    ----------
    cost : array of shape (K, A)
        Finite prices: one row for each true class, one column for each action.  They are taken
        as they are; `read_costs` refuses a right answer that costs more than a wrong one.
    actions : sequence of A str, optional
        Names of the actions.  Action a < K stands for class a; those from K on are no classes,
        and one such action without a name is called "abstain".

    References
    ----------
    Elkan (2001), "The Foundations of Cost-Sensitive Learning", IJCAI.

    Examples
    --------
    >>> LeastCost([[0.0, 1.0], [10.0, 0.0]])([[0.95, 0.05], [0.8, 0.2]])
    array([0, 1])
    """

    cost: np.ndarray
    actions: tuple[str, ...] | None = None
    kinds: ClassVar[tuple[str, ...]] = ("binary", "exclusive")

    __setstate__ = restore_frozen

    def __post_init__(self) -> None:
        cost = np.array(self.cost, dtype=np.float64)
        if cost.ndim != 2 or 0 in cost.shape:
            raise InputValueError(
                f"`cost` must have shape (classes, actions), got {cost.shape}. "
                "Give one row for each true class."
            )
        if not np.isfinite(cost).all():
            row, column = np.argwhere(~np.isfinite(cost))[0]
            raise InputValueError(
                f"`cost` must be finite, got {cost[row, column]:g} at row {row}, column {column}. "
                "Use a large price for what must not happen."
            )
        cost.setflags(write=False)
        object.__setattr__(self, "cost", cost)
        if self.actions is not None:
            object.__setattr__(self, "actions", _checked_names(self.actions, cost.shape[1]))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, LeastCost)
            and np.array_equal(self.cost, other.cost)
            and self.actions == other.actions
        )

    def __hash__(self) -> int:
        return hash((self.cost.shape, self.cost.tobytes(), self.actions))

    def __call__(self, probs: Array, /) -> Array:
        """Return integer actions 0..A-1 of shape (n,) for `probs` of shape (n, K)."""
        probs = as_array(probs)
        xp = namespace(probs)
        check_probs(probs, xp)
        if probs.shape[1] != self.cost.shape[0]:
            raise InputValueError(
                f"`probs` must have one column for each of the {self.cost.shape[0]} classes of "
                f"`cost`, got {probs.shape[1]}. Give a cost matrix with a row for each class."
            )
        probs, _ = to_floating(probs, xp, name="probs")
        return xp.argmin(probs @ like(self.cost, probs, xp), axis=1)


def _checked_names(actions: Any, count: int) -> tuple[str, ...]:
    if isinstance(actions, str) or not all(isinstance(name, str) for name in actions):
        raise InputTypeError(
            f"`actions` must be a sequence of text, got {actions!r}. Name each action, for "
            'example ("cat", "dog", "abstain").'
        )
    names = tuple(actions)
    if len(names) != count:
        raise InputValueError(
            f"`actions` must name each of the {count} columns of `cost`, got {len(names)} names. "
            "Give one for each column, in their order."
        )
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            raise InputValueError(
                f"`actions` must be distinct and not empty, got {name!r} at place {place}. "
                "Rename it."
            )
    return names


def zero_one_cost(n_classes: int, /) -> np.ndarray:
    """Return the cost matrix under which the least cost is the most probable class.

    Parameters
    ----------
    n_classes : int
        Number of classes, at least 1.

    Returns
    -------
    array of shape (K, K)
        0 on the diagonal, 1 elsewhere.

    Raises
    ------
    InputValueError
        If there is no class.

    Examples
    --------
    >>> zero_one_cost(2)
    array([[0., 1.],
           [1., 0.]])
    """
    if n_classes < 1:
        raise InputValueError(f"`n_classes` must be at least 1, got {n_classes}. Count the labels.")
    return 1.0 - np.eye(n_classes)


def threshold_cost(threshold: float, /) -> np.ndarray:
    """Return the 2x2 cost matrix that decides class 1 exactly above a threshold.

    Parameters
    ----------
    threshold : float
        0 <= threshold <= 1 on the probability of class 1.

    Returns
    -------
    array of shape (2, 2)
        A false alarm costs `threshold`, a miss costs 1 - `threshold`.

    Raises
    ------
    InputValueError
        If the threshold is outside 0..1.

    Examples
    --------
    >>> threshold_cost(0.25)
    array([[0.  , 0.25],
           [0.75, 0.  ]])
    """
    threshold = check_fraction(threshold, "threshold", below_one=False)
    return np.array([[0.0, threshold], [1.0 - threshold, 0.0]])


def with_abstention(cost: Array, /, *, price: float) -> np.ndarray:
    """Return the cost matrix with a last action, "abstain", at the same price everywhere.

    Parameters
    ----------
    cost : array of shape (K, A)
        Prices of the other actions.
    price : float
        Finite price of handing the sample to somebody else.

    Returns
    -------
    array of shape (K, A + 1)
        Under zero-one cost, abstains where the largest probability is below 1 - price.

    Raises
    ------
    InputValueError
        If `cost` is not a matrix or `price` is not finite.

    References
    ----------
    Chow (1970), "On Optimum Recognition Error and Reject Tradeoff", IEEE Trans. IT 16.

    Examples
    --------
    >>> with_abstention(zero_one_cost(2), price=0.2)
    array([[0. , 1. , 0.2],
           [1. , 0. , 0.2]])
    """
    table = LeastCost(cost).cost
    if not np.isfinite(price):
        raise InputValueError(
            f"`price` must be finite, got {price}. To never abstain, leave the cost as it is."
        )
    return np.column_stack([table, np.full(len(table), float(price))])
