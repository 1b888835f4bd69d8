"""Episodes: what a policy does in environments, and what came of it.

    return to go of step t = r_t + discount r_(t+1) + discount^2 r_(t+2) + ...    in its episode

An environment is anything with the interface of gymnasium (Towers et al., 2024): `reset(seed=)`
gives (observation, info), `step(action)` gives (observation, reward, terminated, truncated, info),
and `action_space.n` actions are counted from `action_space.start` (0 if it has none).  Nothing is
imported for it.  Where `info["action_mask"]` is given, actions with 0 in it are not drawn.

Several environments are stepped side by side, so that one product serves them all.  The trap: to
stop when enough episodes are over would keep the short ones and drop the long ones under way.
Here the number that begins is fixed, and every one that begins is played to its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.decisions.columns import check_count
from headway.decisions.sampling import checked_generator
from headway.errors import InputTypeError, InputValueError
from headway.policy.environment import checked_environments, first_observation, take_step
from headway.policy.softmax_policy import SoftmaxPolicy

__all__ = ["Episodes", "play"]


@dataclass(frozen=True, eq=False)
class Episodes:
    """Steps of whole episodes, one episode after the other.

    Attributes
    ----------
    observations : float64 array of shape (n, d)
        What was seen before each of n steps.
    actions : int64 array of shape (n,)
        In 0..K-1.
    rewards : float64 array of shape (n,)
    lengths : int64 array of shape (E,)
        Steps of each of E episodes; their sum is n.
    masks : boolean array of shape (n, K) or None
        True for actions that were allowed; None where no environment gave a mask.
    """

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    lengths: np.ndarray
    masks: np.ndarray | None = None

    @property
    def returns(self) -> np.ndarray:
        """Return the sum of the rewards of each episode, shape (E,)."""
        return np.add.reduceat(self.rewards, np.cumsum(self.lengths) - self.lengths)

    def returns_to_go(self, discount: float, /) -> np.ndarray:
        """Return the discounted sum of the rewards from each step on, shape (n,).

        Examples
        --------
        >>> two = Episodes(np.zeros((4, 1)), np.zeros(4, int), np.ones(4), np.array([3, 1]))
        >>> two.returns_to_go(0.5)
        array([1.75, 1.5 , 1.  , 1.  ])
        """
        last = np.zeros(len(self.rewards), dtype=bool)
        last[np.cumsum(self.lengths) - 1] = True
        result = np.empty(len(self.rewards))
        following = 0.0
        for step in range(len(result) - 1, -1, -1):
            following = self.rewards[step] + (0.0 if last[step] else discount * following)
            result[step] = following
        return result


def play(
    policy: SoftmaxPolicy,
    envs: Any,
    /,
    *,
    episodes: int = 100,
    max_steps: int = 100_000,
    random_state: int | np.random.Generator = 0,
) -> Episodes:
    """Return what the policy did in so many whole episodes; it does not learn from them.

    Parameters
    ----------
    policy : SoftmaxPolicy
        `policy.at_temperature(0)` is greedy.
    envs : environment or sequence of environments
        With gymnasium's interface (see the module); several are stepped side by side, which
        is quicker.
    episodes : int, default=100
    max_steps : int, default=100_000
        An episode that is longer is taken for one that never ends.
    random_state : int or numpy.random.Generator, default=0
        Seeds the draws, and each episode through `reset(seed=)`.

    Returns
    -------
    Episodes
        In the order in which they began.

    Raises
    ------
    InputTypeError, InputValueError
        If an environment is not of that kind, gives what is not finite, allows no action, or
        an episode does not end.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> class Corridor:  # three steps, each rewarded if it goes right
    ...     action_space = SimpleNamespace(n=2)
    ...     def reset(self, *, seed=None):
    ...         self.t = 0
    ...         return [0.0], {}
    ...     def step(self, action):
    ...         self.t += 1
    ...         return [float(self.t)], float(action), self.t == 3, False, {}
    >>> right = SoftmaxPolicy([[0.0], [0.0]], [0.0, 50.0])
    >>> play(right, Corridor(), episodes=2).returns
    array([3., 3.])
    """
    environments, n_actions = checked_environments(envs)
    if not isinstance(policy, SoftmaxPolicy):
        raise InputTypeError(
            f"`policy` must be a SoftmaxPolicy, got {type(policy).__name__}. Take the one that "
            "`reinforce(...).policy` learned, or SoftmaxPolicy.uniform(...)."
        )
    if n_actions != len(policy.coef):
        raise InputValueError(
            f"`policy` must have one action for each of the environment's {n_actions}, got "
            f"{len(policy.coef)}. Begin with SoftmaxPolicy.uniform(n_actions={n_actions}, ...)."
        )
    for name, value in (("episodes", episodes), ("max_steps", max_steps)):
        check_count(value, name)
    rng = checked_generator(random_state, "random_state")
    return _play(policy, environments, episodes, max_steps, rng)


class _Track:
    """One episode under way: the environment, what is seen now, and every step so far."""

    def __init__(self, env: Any, rng: np.random.Generator):
        self.env = env
        self.observation, self.mask = first_observation(env, int(rng.integers(2**31)))
        self.observations: list[np.ndarray] = []
        self.masks: list[np.ndarray | None] = []
        self.actions: list[int] = []
        self.rewards: list[float] = []

    def step(self, action: int) -> bool:
        """Return whether the episode is over after this action."""
        self.observations.append(self.observation)
        self.masks.append(self.mask)
        self.actions.append(action)
        self.observation, self.mask, reward, over = take_step(self.env, action)
        self.rewards.append(reward)
        return over


def _play(
    policy: SoftmaxPolicy,
    envs: Sequence[Any],
    episodes: int,
    max_steps: int,
    rng: np.random.Generator,
) -> Episodes:
    begun = [_Track(env, rng) for env in envs[:episodes]]
    running = list(begun)
    n_actions = len(policy.coef)
    while running:
        observations = np.stack([track.observation for track in running])
        mask = _stacked([track.mask for track in running], n_actions)
        actions = policy.act(observations, mask=mask, rng=rng).actions.tolist()
        going = []
        for track, action in zip(running, actions, strict=True):
            if not track.step(action):
                if len(track.rewards) >= max_steps:
                    raise InputValueError(
                        f"An episode must end within max_steps={max_steps} steps, got one that "
                        "goes on. Limit it with gymnasium.wrappers.TimeLimit, or raise max_steps."
                    )
                going.append(track)
            elif len(begun) < episodes:
                begun.append(_Track(track.env, rng))
                going.append(begun[-1])
        running = going
    masks = [mask for track in begun for mask in track.masks]
    return Episodes(
        observations=np.stack([row for track in begun for row in track.observations]),
        actions=np.array([action for track in begun for action in track.actions], dtype=np.int64),
        rewards=np.array([reward for track in begun for reward in track.rewards]),
        lengths=np.array([len(track.rewards) for track in begun], dtype=np.int64),
        masks=_stacked(masks, n_actions),
    )


def _stacked(masks: Sequence[np.ndarray | None], n_actions: int) -> np.ndarray | None:
    """Return the masks as a matrix, or None if nobody gave one."""
    if all(mask is None for mask in masks):
        return None
    everything = np.ones(n_actions, dtype=bool)
    return np.stack([everything if mask is None else mask for mask in masks])
