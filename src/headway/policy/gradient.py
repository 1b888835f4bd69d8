"""The policy gradient at the logits: cross-entropy's, with the action that was drawn as label.

With q = softmax(z / T) over the allowed actions, a the action that was drawn, A its advantage (how
much better it turned out than expected) and H(q) the entropy,

    loss(z)     = -A log q[a] - bonus H(q)
    gradient(z) = (A (q - onehot(a)) + bonus q (log q + H(q))) / T

At T = 1, without a bonus and at A = 1 it is the gradient of `cross_entropy`: a classifier is told
the right label, a policy tries an action and weighs it with what came of it.  The sign: gradients
here are of losses, to be stepped against; that of log q[a] itself is onehot(a) - q.

The trap: an action of probability 0 has q log q = 0 * -inf in the bonus, and is counted as 0.
"""

from typing import Any

import numpy as np

from headway.decisions.sampling import entropy_of, tempered_log_probs
from headway.errors import InputTypeError, InputValueError

__all__ = ["policy_gradient", "policy_loss"]


def policy_loss(
    logits: np.ndarray,
    actions: np.ndarray,
    advantages: np.ndarray,
    /,
    *,
    entropy_bonus: float = 0.0,
    temperature: float = 1.0,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Return the loss of each row whose gradient is the policy gradient.

    Its value says little: it is no measure of how good the policy is.

    Parameters
    ----------
    logits : float array of shape (n, K)
        Finite, or -inf for actions that are impossible.
    actions : integer array of shape (n,)
        The actions that were drawn, each in 0..K-1 and allowed.
    advantages : array of shape (n,)
        Finite: the return minus the baseline, in the unit of the rewards.
    entropy_bonus : float, default=0.0
        At least 0: what one nat of entropy is worth, in the unit of the advantages.
    temperature : float, default=1.0
        Above 0 and finite; the one that the actions were drawn with.
    mask : boolean array of shape (K,) or (n, K), optional
        True for actions that were allowed.

    Returns
    -------
    float64 array of shape (n,)
        Of either sign, since advantages are.

    Raises
    ------
    InputTypeError, InputValueError
        If shapes disagree, an action is outside 0..K-1 or could not have been drawn, a row allows
        nothing, or a number is not what it should be.

    Examples
    --------
    >>> policy_loss(np.array([[0.0, np.log(3.0)]]), [1], [2.0]).round(3)  # -2 log 0.75
    array([0.575])
    """
    log_q, actions, advantages, bonus = _checked(
        logits, actions, advantages, entropy_bonus, temperature, mask
    )
    drawn = np.take_along_axis(log_q, actions[:, None], axis=1)[:, 0]
    return -advantages * drawn - bonus * entropy_of(log_q)


def policy_gradient(
    logits: np.ndarray,
    actions: np.ndarray,
    advantages: np.ndarray,
    /,
    *,
    entropy_bonus: float = 0.0,
    temperature: float = 1.0,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Return the derivative of `policy_loss` by the logits: advantage times (q - onehot).

    Parameters
    ----------
    logits, actions, advantages, entropy_bonus, temperature, mask
        As for `policy_loss`.

    Returns
    -------
    float64 array of shape (n, K)
        One row for each action drawn, not divided by their number; rows sum to 0, and masked
        actions have 0.

    Raises
    ------
    InputTypeError, InputValueError
        As `policy_loss` does.

    References
    ----------
    Williams (1992), "Simple Statistical Gradient-Following Algorithms for Connectionist
    Reinforcement Learning", Machine Learning 8 (REINFORCE).
    Williams and Peng (1991), "Function Optimization Using Connectionist Reinforcement Learning
    Algorithms", Connection Science 3 (the entropy bonus).

    Examples
    --------
    An action that turned out well is made more likely by stepping against this, and one that
    turned out badly less likely:

    >>> policy_gradient(np.zeros((2, 2)), [0, 0], [1.0, -3.0])
    array([[-0.5,  0.5],
           [ 1.5, -1.5]])
    """
    log_q, actions, advantages, bonus = _checked(
        logits, actions, advantages, entropy_bonus, temperature, mask
    )
    q = np.exp(log_q)
    gradient = q * advantages[:, None]
    gradient[np.arange(len(actions)), actions] -= advantages
    if bonus:
        surprise = np.where(log_q > -np.inf, log_q, 0.0) + entropy_of(log_q)[:, None]
        gradient += bonus * q * surprise
    return gradient / temperature


def _checked(
    logits: Any, actions: Any, advantages: Any, bonus: Any, temperature: Any, mask: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    log_q = tempered_log_probs(logits, temperature=temperature, mask=mask)
    n, K = log_q.shape
    if not 0 < temperature < np.inf:
        raise InputValueError(
            "`temperature` must be above 0 and finite where a policy learns, got "
            f"{float(temperature):g}: the gradient is nowhere or zero. Learn at 1, and act at "
            f"{float(temperature):g} afterwards."
        )
    actions = np.asarray(actions)
    if actions.dtype.kind not in "iu":
        raise InputTypeError(
            f"`actions` must be integers, got dtype {actions.dtype}. Give the numbers of the "
            "actions that were drawn."
        )
    advantages = np.asarray(advantages)
    if advantages.dtype.kind not in "iuf":
        raise InputTypeError(
            f"`advantages` must be real numbers, got dtype {advantages.dtype}. Give the return "
            "minus the baseline."
        )
    for name, values in (("actions", actions), ("advantages", advantages)):
        if values.shape != (n,):
            raise InputValueError(
                f"`{name}` must have shape ({n},), one for each row of `logits`, got "
                f"{values.shape}. Give one number for each action that was drawn."
            )
    _first(
        (actions < 0) | (actions >= K),
        lambda row: (
            f"`actions` must be in 0..{K - 1}, got {actions[row]} at row {row}. Count "
            "actions from 0, or give one logit for each."
        ),
    )
    _first(
        np.take_along_axis(log_q, actions[:, None].astype(np.intp), axis=1)[:, 0] == -np.inf,
        lambda row: (
            f"`actions` must be possible, got action {actions[row]} of probability 0 at "
            f"row {row}. Give the mask and the temperature that it was drawn with."
        ),
    )
    _first(
        ~np.isfinite(advantages),
        lambda row: (
            f"`advantages` must be finite, got {advantages[row]:g} at row {row}. Look at "
            "the rewards and the baseline."
        ),
    )
    return log_q, actions.astype(np.intp), advantages.astype(np.float64), _bonus(bonus)


def _first(bad: np.ndarray, message: Any) -> None:
    if bad.any():
        raise InputValueError(message(int(bad.argmax())))


def _bonus(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"`entropy_bonus` must be a number, got {value!r}. Give 0, or a little such as 0.01."
        ) from error
    if not 0 <= number < np.inf:
        raise InputValueError(
            f"`entropy_bonus` must be finite and at least 0, got {number:g}. Give 0, or a little "
            "such as 0.01."
        )
    return number
