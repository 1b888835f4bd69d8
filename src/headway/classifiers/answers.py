"""Decisions as the user reads them: names, sets of names, "abstain".

A decision answers with column indices, where those from K on are actions that are no class, or
with a 0/1 matrix.  For label sets the matrix is what the labels are; for exclusive classes each
row is a set of candidates.
"""

from typing import Any

import numpy as np

from headway.errors import InputValueError
from headway.labels import LabelEncoder

__all__ = ["ABSTAIN", "action_names", "named_answers", "right_answers"]

ABSTAIN = "abstain"


def action_names(decision: Any, classes: np.ndarray, /) -> np.ndarray:
    """Return the name of each action that a decision for one class a row can take.

    Parameters
    ----------
    decision : Decision
        Names its actions by `actions`, if they are not the classes.
    classes : array of shape (K,)
        The classes.

    Returns
    -------
    array of shape (A,)
        `classes` themselves, or objects: names of the actions, or the classes, "abstain" and
        numbers for what comes after it.

    Raises
    ------
    InputValueError
        If an action that is no class has the name of a class.

    Examples
    --------
    >>> from headway.decisions import Argmax, LeastCost
    >>> action_names(Argmax(), np.array(["ant", "bee"])).tolist()
    ['ant', 'bee']
    >>> action_names(LeastCost([[0.0, 1.0, 0.3], [1.0, 0.0, 0.3]]), np.array([3, 7])).tolist()
    [3, 7, 'abstain']
    """
    actions = getattr(decision, "actions", None)
    cost = getattr(decision, "cost", None)
    if actions is not None:
        known = {str(name): name for name in classes.tolist()}
        names = [known.get(action, action) for action in actions]
    elif getattr(decision, "abstains", cost is not None and cost.shape[1] > len(classes)):
        more = range(len(classes) + 1, len(classes) + 1 if cost is None else cost.shape[1])
        names = [*classes.tolist(), ABSTAIN, *(f"action {a}" for a in more)]
    else:
        return classes
    extra = {str(name) for name in names[len(classes) :]}
    clash = sorted(extra & {str(name) for name in classes.tolist()})
    if clash:
        raise InputValueError(
            f"What is no class must not have the name of one, got a class {clash[0]!r} beside the "
            "action. Rename the class, or name the actions of a LeastCost."
        )
    answers = np.empty(len(names), dtype=object)
    answers[:] = names
    return answers


def named_answers(decisions: np.ndarray, decision: Any, encoder: LabelEncoder, /) -> np.ndarray:
    """Return the decisions in the user's words, shape (n,), or (n, L) for a matrix of labels.

    Parameters
    ----------
    decisions : integer array of shape (n,), or 0/1 matrix
        What `decision` answered.
    decision : Decision
        Names its actions.
    encoder : LabelEncoder
        Knows the classes.
    """
    if encoder.kind_ == "multilabel":
        return encoder.inverse_transform(decisions)
    if decisions.ndim == 1:
        names = action_names(decision, encoder.classes_)
        plain = names is encoder.classes_
        return encoder.inverse_transform(decisions) if plain else names[decisions]
    sets = np.empty(len(decisions), dtype=object)
    names = encoder.classes_.tolist()
    for row, chosen in enumerate(decisions.astype(bool)):
        sets[row] = {names[column] for column in np.flatnonzero(chosen)}
    return sets


def right_answers(decisions: np.ndarray, truth: np.ndarray, encoder: LabelEncoder, /) -> np.ndarray:
    """Return which rows are right, as booleans of shape (n,).

    Parameters
    ----------
    decisions : integer array of shape (n,), or 0/1 matrix
        What was decided.
    truth : array of shape (n,), or 0/1/NaN matrix
        Names of the true classes, or the true labels; a missing cell cannot be wrong.
    encoder : LabelEncoder
        Knows the classes.
    """
    if encoder.kind_ == "multilabel":
        return np.all((truth == decisions) | np.isnan(truth), axis=1)
    candidates = decisions
    if decisions.ndim == 1:
        candidates = decisions[:, None] == np.arange(len(encoder.classes_))
    return ((np.asarray(truth)[:, None] == encoder.classes_) & (candidates == 1)).any(axis=1)
