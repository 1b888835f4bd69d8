"""The softmax as a policy: draw one action a row, and say how likely it was.

    q_k = p_k^(1/T) / sum over allowed j of p_j^(1/T),      action ~ q

T is the temperature: 1 draws from the probabilities, towards 0 it becomes the most probable
action, and at infinity every allowed action that is possible at all is equally likely.

Draws are made by the Gumbel trick, argmax_k (log q_k + g_k): the trap of the inverse of the
cumulative sum is its last entry, which rounding leaves below 1, so that a draw above it lands on
an action that is masked.  Here a masked action has -inf and cannot win.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway._check import check_logits, check_mask
from headway.decisions.tuning_rows import finite_probs
from headway.errors import InputTypeError, InputValueError
from headway.kernels import log_softmax

__all__ = [
    "Sampled",
    "checked_generator",
    "entropy_of",
    "sample",
    "sample_logits",
    "tempered_log_probs",
]


@dataclass(frozen=True, eq=False)
class Sampled:
    """What was drawn.

    Attributes
    ----------
    actions : int64 array of shape (n,)
        In 0..K-1, never masked.
    log_probs : float64 array of shape (n,)
        log q of the action that was drawn, in nats.
    entropy : float64 array of shape (n,)
        Of q, in nats: 0 where it is certain, log of the number of allowed actions at most.
    """

    actions: np.ndarray
    log_probs: np.ndarray
    entropy: np.ndarray


def sample(
    probs: np.ndarray,
    /,
    *,
    temperature: float = 1.0,
    mask: np.ndarray | None = None,
    rng: np.random.Generator | int,
) -> Sampled:
    """Return one action for each row, drawn from tempered probabilities.

    Parameters
    ----------
    probs : float array of shape (n, K)
        In 0..1.  What underflowed to 0 is never drawn: use `sample_logits` then.
    temperature : float, default=1.0
        0..inf.  At 0 the most probable action, the first of equals.
    mask : boolean array of shape (K,) or (n, K), optional
        True for actions that are allowed.
    rng : numpy.random.Generator or int
        Where the draws come from; a number seeds a new generator.

    Returns
    -------
    Sampled
        Actions, their log-probabilities and the entropies.

    Raises
    ------
    InputTypeError, InputValueError
        If probs, temperature, mask or rng are not what they should be, or a row allows nothing
        that is possible.

    Examples
    --------
    >>> drawn = sample([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]], mask=[True, True, False], rng=0)
    >>> bool((drawn.actions < 2).all())
    True
    >>> np.exp(drawn.entropy).round(2)
    array([2.  , 1.89])
    >>> sample([[0.1, 0.2, 0.7]], temperature=0, rng=0).actions
    array([2])
    """
    with np.errstate(divide="ignore"):
        logits = np.log(finite_probs(probs))
    return _draw(logits, temperature, mask, rng, "probs")


def sample_logits(
    logits: np.ndarray,
    /,
    *,
    temperature: float = 1.0,
    mask: np.ndarray | None = None,
    rng: np.random.Generator | int,
) -> Sampled:
    """Return one action for each row, drawn from the softmax of logits / temperature.

    Parameters
    ----------
    logits : float array of shape (n, K)
        Finite, or -inf for actions that are impossible.
    temperature, mask, rng
        As for `sample`.

    Returns
    -------
    Sampled
        Actions, their log-probabilities and the entropies.

    Raises
    ------
    InputTypeError, InputValueError
        As `sample` does, and if a logit is NaN or +inf.

    Examples
    --------
    >>> drawn = sample_logits(np.array([[0.0, -2000.0]]), mask=[False, True], rng=0)
    >>> drawn.actions, drawn.log_probs
    (array([1]), array([0.]))
    """
    return _draw(_checked_logits(logits), temperature, mask, rng, "logits")


def tempered_log_probs(
    logits: np.ndarray, /, *, temperature: float = 1.0, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return log q of every action, which `sample_logits` draws from.

    Parameters
    ----------
    logits, temperature, mask
        As for `sample_logits`.

    Returns
    -------
    float64 array of shape (n, K)
        In nats; -inf for an action that is masked or impossible.

    Raises
    ------
    InputTypeError, InputValueError
        As `sample_logits` does.

    Examples
    --------
    >>> log_q = tempered_log_probs([[0.0, 0.0, 9.0]], mask=[True, True, False])
    >>> np.exp(log_q)
    array([[0.5, 0.5, 0. ]])
    """
    return _log_q(_checked_logits(logits), temperature, mask, "logits")


def entropy_of(log_q: np.ndarray, /) -> np.ndarray:
    """Return -sum q log q of each row of log-probabilities in nats, with 0 log 0 = 0."""
    entropy = -np.sum(np.exp(log_q) * np.where(log_q > -np.inf, log_q, 0.0), axis=1)
    # -0.0 and what rounding leaves below 0 of a certain row.
    return np.maximum(entropy, 0.0) + 0.0


def checked_generator(rng: Any, name: str, /) -> np.random.Generator:
    """Return `rng` as a generator unless it is neither one nor a seed."""
    if isinstance(rng, bool) or not isinstance(rng, np.random.Generator | int | np.integer):
        raise InputTypeError(
            f"`{name}` must be a numpy.random.Generator or a seed, got {rng!r}. Use "
            "np.random.default_rng()."
        )
    if not isinstance(rng, np.random.Generator) and rng < 0:
        raise InputValueError(
            f"`{name}` must be at least 0 to be a seed, got {rng}. Give one such as 0."
        )
    return np.random.default_rng(rng)


def _checked_logits(logits: Any) -> np.ndarray:
    logits = np.asarray(logits)
    if logits.dtype.kind != "f":
        raise InputTypeError(f"`logits` must be floating, got dtype {logits.dtype}. Give floats.")
    if logits.ndim != 2:
        raise InputValueError(
            f"`logits` must have shape (n, K), got {logits.shape}. Reshape a single row with "
            "`logits[None, :]`."
        )
    check_logits(logits)
    bad = ~(logits < np.inf)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InputValueError(
            f"`logits` must be finite or -inf, got {logits[row, column]:g} at row {row}, column "
            f"{column}. Look at what made them."
        )
    return logits.astype(np.float64)


def _log_q(logits: np.ndarray, temperature: Any, mask: Any, name: str) -> np.ndarray:
    temperature = _checked_temperature(temperature)
    if mask is not None:
        mask = np.asarray(mask)
        check_mask(mask, logits.shape, np, name="mask", of=name)
        logits = np.where(mask, logits, -np.inf)
    largest = logits.max(axis=1, keepdims=True)
    if (largest == -np.inf).any():
        row = int((largest == -np.inf).argmax())
        raise InputValueError(
            f"Each row must allow an action that is possible, got none at row {row} of `{name}`. "
            "Allow one in `mask`, or leave the row out."
        )
    return _tempered(logits - largest, temperature)


def _draw(logits: np.ndarray, temperature: Any, mask: Any, rng: Any, name: str) -> Sampled:
    generator = checked_generator(rng, "rng")
    log_q = _log_q(logits, temperature, mask, name)
    noisy = log_q + generator.gumbel(size=log_q.shape)
    actions = noisy.argmax(axis=1)
    log_probs = np.take_along_axis(log_q, actions[:, None], axis=1)[:, 0]
    return Sampled(actions, log_probs, entropy_of(log_q))


def _tempered(shifted: np.ndarray, temperature: float) -> np.ndarray:
    """Return log q of logits whose largest in each row is 0."""
    if temperature == 0:
        first = np.full(shifted.shape, -np.inf)
        np.put_along_axis(first, shifted.argmax(axis=1)[:, None], 0.0, axis=1)
        return first
    if temperature == np.inf:
        return log_softmax(np.where(shifted > -np.inf, 0.0, -np.inf))
    with np.errstate(over="ignore"):  # to -inf, which is the limit
        return log_softmax(shifted / temperature)


def _checked_temperature(temperature: Any) -> float:
    try:
        value = float(temperature)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"`temperature` must be a number, got {temperature!r}. 1 leaves the probabilities "
            "as they are."
        ) from error
    if not value >= 0:
        raise InputValueError(
            f"`temperature` must be at least 0, got {value:g}. 0 takes the most probable action, "
            "1 leaves the probabilities as they are."
        )
    return value
