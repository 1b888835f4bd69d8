"""What is asked of an environment, and what is said when it is another kind.

The trap: an environment of the old gym package steps with four answers instead of five, and a
vectorised one starts the next episode by itself.  Both would run for a while and teach nonsense.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from headway.errors import InputTypeError, InputValueError

__all__ = ["checked_environments", "first_observation", "take_step"]


def checked_environments(envs: Any, /) -> tuple[list[Any], int]:
    """Return the environments as a list, and how many actions they have.

    Raises
    ------
    InputTypeError, InputValueError
        If one lacks `reset`, `step` or `action_space.n`, or they differ in their actions.
    """
    environments = list(envs) if isinstance(envs, Sequence) else [envs]
    if not environments:
        raise InputValueError(
            "`envs` must hold at least one environment, got none. Make one, for example with "
            'gymnasium.make("CartPole-v1").'
        )
    counts = [_count_actions(env) for env in environments]
    if len(set(counts)) > 1:
        raise InputValueError(
            f"Environments must have the same actions, got {sorted(set(counts))} of them. Give "
            "several of one kind."
        )
    if len({id(env) for env in environments}) < len(environments):
        raise InputValueError(
            "Environments must be different objects, got one of them twice. Write "
            "[make() for _ in range(8)], not [make()] * 8."
        )
    return environments, counts[0]


def _count_actions(env: Any) -> int:
    if hasattr(env, "num_envs"):
        raise InputTypeError(
            f"`envs` must be single environments, got the vectorised {type(env).__name__}, which "
            "starts episodes by itself. Give a list: [gymnasium.make(name) for _ in range(8)]."
        )
    for name in ("reset", "step", "action_space"):
        if not hasattr(env, name):
            raise InputTypeError(
                f"An environment must have `reset`, `step` and `action_space`, got a "
                f"{type(env).__name__} without `{name}`. Make one with gymnasium.make(...), or "
                "give yours that interface."
            )
    n = getattr(env.action_space, "n", None)
    # MultiBinary has an n too, and takes a whole row of 0s and 1s as one action.
    if not isinstance(n, int | np.integer) or getattr(env.action_space, "shape", ()) != ():
        raise InputTypeError(
            "A softmax policy needs an `action_space` with a finite number of actions `n`, got "
            f"{env.action_space}. Choose some actions and map numbers to them, for example with "
            "gymnasium.wrappers.TransformAction."
        )
    return int(n)


def first_observation(env: Any, seed: int, /) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the observation and the mask of a new episode."""
    answer = env.reset(seed=seed)
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], dict)):
        raise InputTypeError(
            f"`reset` must give (observation, info), got {_short(answer)}. Bring the environment "
            "to the interface of gymnasium."
        )
    return _row(answer[0]), _mask(answer[1], env)


def take_step(env: Any, action: int, /) -> tuple[np.ndarray, np.ndarray | None, float, bool]:
    """Return the next observation, its mask, the reward, and whether the episode is over.

    The end of time (truncated) ends an episode like any other end.
    """
    answer = env.step(action + int(getattr(env.action_space, "start", 0)))
    if not (isinstance(answer, tuple) and len(answer) == 5):
        raise InputTypeError(
            "`step` must give (observation, reward, terminated, truncated, info), got "
            f"{_short(answer)}. Bring the environment to the interface of gymnasium."
        )
    observation, reward, terminated, truncated, info = answer
    try:
        reward = float(reward)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"Rewards must be numbers, got {_short(reward)} after action {action}. Look at the "
            "environment."
        ) from error
    if not np.isfinite(reward):
        raise InputValueError(
            f"Rewards must be finite, got {reward:g} after action {action}. Look at the "
            "environment."
        )
    over = bool(terminated or truncated)
    # Nothing is drawn after the end: its mask may be empty.
    return _row(observation), None if over else _mask(info, env), reward, over


def _row(observation: Any) -> np.ndarray:
    row = np.asarray(observation)
    if row.ndim != 1 or row.dtype.kind not in "biuf":
        raise InputTypeError(
            f"An observation must be a row of numbers, got {_short(observation)} of shape "
            f"{row.shape}. Wrap the environment in gymnasium.wrappers.FlattenObservation, which "
            "also turns a number that names a state into a one-hot row."
        )
    return row.astype(np.float64)


def _mask(info: dict[str, Any], env: Any) -> np.ndarray | None:
    if "action_mask" not in info:
        return None
    mask = np.asarray(info["action_mask"])
    n = int(env.action_space.n)
    if mask.shape != (n,) or not np.isin(mask, (0, 1)).all():
        raise InputValueError(
            f'`info["action_mask"]` must have {n} entries of 0 and 1, got {_short(mask)}. Give 1 '
            "for actions that are allowed."
        )
    if not mask.any():
        raise InputValueError(
            'Each `info["action_mask"]` must allow an action, got none before a step. End the '
            "episode where nothing can be done."
        )
    return mask.astype(bool)


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:59] + "…"
