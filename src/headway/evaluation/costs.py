"""What each decision cost: the price of the action that was taken, where the truth is known.

    costs[i] = cost[labels[i], column of the action taken at row i]

Prices and actions meet by name: a decision need not have all actions of the table, nor in its
order.  The trap is a model that can do what the table does not price, such as to abstain: it is
refused, since a price of 0 would make that the best of all.
"""

from typing import Any

import numpy as np

from headway.classifiers.answers import action_names
from headway.decisions import LeastCost, read_costs
from headway.errors import InputValueError
from headway.labels.names import quote

__all__ = ["costs_of"]


def costs_of(
    cost: Any, decision: Any, actions: np.ndarray, labels: np.ndarray, classes: np.ndarray, /
) -> np.ndarray | None:
    """Return what each row cost, float64 (n,), or None where nothing has a price.

    Parameters
    ----------
    cost : LeastCost, path, dict, array or None
        None for the prices that the decision itself goes by.
    decision : Decision
        Names its actions.
    actions : integer array of shape (n,), or 0/1 matrix
        What it decided.
    labels : integer array of shape (n,), or 0/1/NaN matrix
        The truth.
    classes : array of shape (K,)
        Names of the classes.

    Raises
    ------
    InputValueError
        If the decisions or labels are sets, the table is for other classes, or an action has no
        price.

    Examples
    --------
    >>> from headway.decisions import Argmax
    >>> table = {"ham": {"spam": 10}, "spam": {"ham": 1}}
    >>> names, decided, truth = np.array(["ham", "spam"]), np.array([1, 1]), np.array([0, 1])
    >>> costs_of(table, Argmax(), decided, truth, names)
    array([10.,  0.])
    """
    if cost is None:
        own = isinstance(decision, LeastCost) and labels.ndim == 1
        return decision.cost[labels, actions] if own else None
    if labels.ndim == 2 or actions.ndim == 2:
        raise InputValueError(
            "`cost` is for decisions of one class a row, got "
            f"{'label sets' if labels.ndim == 2 else 'sets of candidates'}. Leave it out; costs "
            "of each row, however they come about, go into `evaluate_probs`."
        )
    table = cost if isinstance(cost, LeastCost) else read_costs(cost, classes)
    if len(table.cost) != len(classes):
        raise InputValueError(
            f"`cost` must have a row for each of the {len(classes)} classes, got "
            f"{len(table.cost)}. Give prices for the classes of the model."
        )
    priced = {str(name): a for a, name in enumerate(action_names(table, classes).tolist())}
    taken = [str(name) for name in action_names(decision, classes).tolist()]
    without = [name for name in taken if name not in priced]
    if without or len(priced) > table.cost.shape[1]:
        raise InputValueError(
            f"`cost` must have a price for every action that the model can take, got none for "
            f"{quote(without or list(priced)[table.cost.shape[1] :])}. Add a column for it."
        )
    columns = np.array([priced[name] for name in taken])
    return table.cost[labels, columns[actions]]
