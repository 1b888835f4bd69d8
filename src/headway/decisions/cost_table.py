"""A table of costs as people write it: names of the true classes and of the actions, and prices.

    true class,   cat,  dog,  abstain          one row for each true class, in any order;
    dog,            1,    0,      0.2          one column for each class that can be answered,
    cat,            0,   10,      0.2          and for what else can be done

Rows and columns are found by name and come out in the order of the classes, the other actions
after them.  The trap is a table that was written the other way round (answers down, truth
across): its numbers are as plausible as the right ones.  What can be seen is refused: a right
answer that costs more than a wrong one.
"""

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from headway.decisions.cost_file import read_cost_cells
from headway.decisions.idle_actions import never_least
from headway.decisions.least_cost import LeastCost
from headway.errors import InputTypeError, InputValueError
from headway.labels.names import nearest_names, quote

__all__ = ["read_costs"]

ABSTAIN = "abstain"


def read_costs(
    source: str | os.PathLike[str] | Mapping[Any, Mapping[Any, float]] | np.ndarray,
    classes: Sequence[Any] | np.ndarray,
    /,
    *,
    default: float | None = None,
    allow_dear_truth: bool = False,
) -> LeastCost:
    """Return the decision of least cost that a table of prices with names describes.

    Parameters
    ----------
    source : path, dict or array
        A CSV file: actions in the first line, true classes in the first column.  Or
        {true class: {action: price}}, where a right answer that is not mentioned costs 0.  Or an
        array of shape (K, A) in the order of `classes`, the other actions in the last columns.
    classes : sequence of K names
        The classes in the order of the columns of probs, such as `model.classes_`.
    default : float, optional
        Price of what a dict does not mention; without it that is an error.
    allow_dear_truth : bool
        Whether a right answer may cost more than a wrong one.

    Returns
    -------
    LeastCost
        With `actions`: the classes, then the other actions in the order of the source.

    Raises
    ------
    DataNotFoundError, FileFormatError
        If there is no such file, or it is no table.
    InputTypeError, InputValueError
        If a class or a price is missing, unknown, repeated, not a finite number, or dearer where
        it is right than where it is wrong.

    Warns
    -----
    UserWarning
        If an action that is no class is never the cheapest, whatever the probabilities.

    Examples
    --------
    >>> decision = read_costs({"well": {"ill": 1, "ask": 0.5}, "ill": {"well": 9, "ask": 0.5}},
    ...                       ["ill", "well"])
    >>> decision.actions, decision.cost.tolist()
    (('ill', 'well', 'ask'), [[0.0, 9.0, 0.5], [1.0, 0.0, 0.5]])
    >>> [decision.actions[a] for a in decision([[0.02, 0.98], [0.3, 0.7], [0.6, 0.4]])]
    ['well', 'ask', 'ill']
    """
    names = _class_names(classes)
    if isinstance(source, Mapping):
        decision = _by_name(*_from_dict(source, default), names)
    elif default is not None:
        raise InputValueError(
            f"`default` is for a dict, got {default!r} with another source. Write every price."
        )
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        cells, line_of = read_cost_cells(path)
        places = {true: f" (line {line} of {path})" for true, line in line_of.items()}
        decision = _by_name(cells, None, names, places)
    else:
        decision = _from_array(source, names)
    if not allow_dear_truth:
        _refuse_dear_truth(decision, names)
    _warn_of_idle_actions(decision, len(names))
    return decision


def _class_names(classes: Any) -> list[str]:
    names = [_text(name) for name in classes]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InputValueError(
                f"`classes` must be distinct, got {name!r} at places {names.index(name)} and "
                f"{place}. Give each class once, as in `model.classes_`."
            )
    if not names:
        raise InputValueError("`classes` must name at least one class, got none. Give all of them.")
    return names


def _text(name: Any) -> str:
    """Return a name as it stands in a file; pandas makes 1.0 of an integer beside a gap."""
    if isinstance(name, np.generic):
        name = name.item()
    return str(int(name)) if isinstance(name, float) and name.is_integer() else str(name).strip()


def _from_array(source: Any, names: list[str]) -> LeastCost:
    cost = LeastCost(source).cost
    if cost.shape[0] != len(names) or cost.shape[1] < len(names):
        raise InputValueError(
            f"An array of costs must have {len(names)} rows, one for each class, and at least as "
            f"many columns, got shape {cost.shape}. Put actions that are no class last."
        )
    extra = cost.shape[1] - len(names)
    others = [ABSTAIN if i == 0 else f"action {len(names) + i}" for i in range(extra)]
    clash = sorted(set(others) & set(names))
    if clash:
        raise InputValueError(
            f"An action that is no class must not have the name of one, got a class {clash[0]!r}. "
            "Give a dict, with a name for each action."
        )
    return LeastCost(cost, (*names, *others))


def _from_dict(
    source: Mapping[Any, Any], default: float | None
) -> tuple[dict[str, dict[str, Any]], float | None]:
    """Return {true class: {action: price}} with names as text."""
    rows = {}
    for true, prices in source.items():
        if not isinstance(prices, Mapping):
            raise InputTypeError(
                f"Costs must be {{true class: {{action: price}}}}, got {prices!r} for "
                f"{true!r}. Give a dict of prices for each true class."
            )
        rows[_text(true)] = {_text(action): price for action, price in prices.items()}
        if len(rows[_text(true)]) < len(prices):
            raise InputValueError(
                f"Actions must have distinct names, got one twice for the true class {true!r}. "
                "Give each action once."
            )
    if len(rows) < len(source):
        raise InputValueError(
            f"True classes must have distinct names, got {quote(source)}. Give each class once."
        )
    return rows, None if default is None else _price(default, "`default`")


def _by_name(
    rows: Mapping[str, Mapping[str, Any]],
    default: float | None,
    names: list[str],
    places: Mapping[str, str] = MappingProxyType({}),
) -> LeastCost:
    """Return the costs in the order of the classes; `places` says where a true class stands."""
    _check_true_classes(list(rows), names)
    mentioned = dict.fromkeys(action for row in rows.values() for action in row)
    actions = [*names, *(action for action in mentioned if action not in names)]
    cost = np.zeros((len(names), len(actions)))
    for k, true in enumerate(names):
        for a, action in enumerate(actions):
            where = f"true class {true!r}, action {action!r}{places.get(true, '')}"
            if action in rows[true]:
                cost[k, a] = _price(rows[true][action], where)
            elif action != true and default is None:
                near = nearest_names(action, [name for name in rows[true] if name not in names])
                hint = f" Nearest there: {quote(near)}." if near else ""
                raise InputValueError(
                    f"Every class must be an action with a price where it is wrong, and every "
                    f"other action have one, got none for {where}.{hint} Add it (a large one if "
                    "it must not happen); a dict may do with `default=`."
                )
            elif action != true:
                cost[k, a] = default
    return LeastCost(cost, tuple(actions))


def _check_true_classes(found: list[str], names: list[str]) -> None:
    missing = [name for name in names if name not in found]
    unknown = [name for name in found if name not in names]
    if unknown:
        near = nearest_names(unknown[0], missing or names)
        hint = f"Nearest: {quote(near)}." if near else f"The classes are {quote(names)}."
        raise InputValueError(
            f"Each true class must be one of the {len(names)} classes, got {unknown[0]!r}. {hint}"
        )
    if missing:
        raise InputValueError(
            f"There must be a row for each true class, got none for {quote(missing)}. "
            "Add what each action costs there."
        )


def _price(value: Any, where: str) -> float:
    try:
        price = float(value)
    except (TypeError, ValueError) as error:
        raise InputValueError(
            f"A price must be a number, got {value!r} at {where}. Write one such as 2.5."
        ) from error
    if not math.isfinite(price):
        raise InputValueError(
            f"A price must be finite, got {value!r} at {where}. Use a large price for what must "
            "not happen."
        )
    return price


def _refuse_dear_truth(decision: LeastCost, names: list[str]) -> None:
    answers = decision.cost[:, : len(names)]
    dear = np.diag(answers) > answers.min(axis=1)
    if dear.any():
        k = int(dear.argmax())
        a = int(answers[k].argmin())
        raise InputValueError(
            f"A right answer must not cost more than a wrong one, got {answers[k, k]:g} for "
            f"{names[k]!r} where it is true and {answers[k, a]:g} for answering {names[a]!r} there "
            f"(row {k}). Rows are true classes, columns are actions: transpose the table, correct "
            "the price, or give allow_dear_truth=True."
        )


def _warn_of_idle_actions(decision: LeastCost, n_classes: int) -> None:
    assert decision.actions is not None
    for a in range(n_classes, decision.cost.shape[1]):
        if never_least(decision.cost, a):
            warnings.warn(
                f"The action {decision.actions[a]!r} never happens: whatever the probabilities, "
                "another costs no more. Lower its price, or leave it out.",
                UserWarning,
                stacklevel=3,
            )
