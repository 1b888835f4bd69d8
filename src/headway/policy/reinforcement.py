"""REINFORCE: play some episodes, make likelier what turned out better than expected, repeat.

    advantage of a step = return to go - baseline(observation)
    gradient            = mean of advantage (q - onehot(action)) observation^T - bonus d entropy

The baseline may be any function of the observation, since sum over a of q_a (q - onehot(a)) = 0:
it changes the noise of the gradient and not what it is on average.  The trap: that holds only if
the baseline has not seen the returns that it is taken from.  It is fitted to the episodes before;
the first episodes have a baseline of 0.

The end of time counts as an end, although more would have come: harmless in CartPole, where a
baseline and a discount blur it, but not where being cut short is common.

References
----------
Williams (1992), "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement
Learning", Machine Learning 8.
Greensmith, Bartlett, Baxter (2004), "Variance Reduction Techniques for Gradient Estimates in
Reinforcement Learning", JMLR 5 (baselines).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from headway._check import check_fraction
from headway.decisions.columns import check_count
from headway.decisions.sampling import checked_generator
from headway.errors import InputTypeError, InputValueError
from headway.policy.environment import checked_environments, first_observation
from headway.policy.episodes import Episodes, play
from headway.policy.softmax_policy import SoftmaxPolicy

__all__ = ["Reinforced", "Update", "reinforce", "value_baseline"]

RECENT = 100  # episodes whose mean return says whether the policy has solved it


@dataclass(frozen=True)
class Update:
    """One step of the parameters.

    Attributes
    ----------
    episodes, steps : int
        Played so far, with those that this step learned from.
    mean_return : float
        Of the episodes that this step learned from.
    entropy : float
        Mean over their steps before the parameters moved, in nats.
    seconds : float
        Since learning began.
    """

    episodes: int
    steps: int
    mean_return: float
    entropy: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Reinforced:
    """What `reinforce` gives.

    Attributes
    ----------
    policy : SoftmaxPolicy
        After the last update.
    returns : float64 array of shape (E,)
        The sum of the rewards of each episode, in the order in which they began.
    history : tuple of Update
    solved : bool
        Whether the last 100 episodes reached `solved_at` on average.
    """

    policy: SoftmaxPolicy
    returns: np.ndarray
    history: tuple[Update, ...]
    solved: bool


def value_baseline() -> Any:
    """Return the regressor that `reinforce` learns as baseline unless it is given another.

    Ridge regression on the products of two features, which fits how the value of CartPole's states
    falls off around the upright one.

    Returns
    -------
    scikit-learn pipeline
        Not fitted.
    """
    return make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), Ridge(1.0))


def reinforce(
    envs: Any,
    policy: SoftmaxPolicy | None = None,
    /,
    *,
    episodes: int = 2000,
    batch: int = 10,
    learning_rate: float = 0.3,
    discount: float = 0.99,
    entropy_bonus: float = 0.0,
    baseline: Any = None,
    solved_at: float | None = None,
    max_steps: int = 100_000,
    random_state: int | np.random.Generator = 0,
    callback: Callable[[Update], None] | None = None,
) -> Reinforced:
    """Return a policy that has learned from its own episodes, with what it went through.

    Parameters
    ----------
    envs : environment or sequence of environments
        With gymnasium's interface (see `headway.policy.episodes`); several are stepped side by
        side, which is quicker.
    policy : SoftmaxPolicy, optional
        Where to begin; by default every action is equally likely.
    episodes : int, default=2000
        At most so many.
    batch : int, default=10
        Episodes before each update.
    learning_rate : float, default=0.3
        About how far a coefficient moves in the first update, in logits for one unit of its
        feature, the unit being the feature's root mean square over the first episodes.  Update t
        moves 1 / sqrt(t) as far.
    discount : float, default=0.99
        0..1: what a reward one step later counts.
    entropy_bonus : float, default=0.0
        What a nat of entropy counts beside advantages whose root mean square is brought to 1.
    baseline : scikit-learn regressor, optional
        Fitted to observations and returns to go; by default `value_baseline()`.
        `DummyRegressor()` is the mean return alone, and `DummyRegressor(strategy="constant",
        constant=0.0)` is no baseline.
    solved_at : float, optional
        Stop when the last 100 episodes have this mean return.
    max_steps : int, default=100_000
        An episode that is longer is taken for one that never ends.
    random_state : int or numpy.random.Generator, default=0
        Equal seeds give equal policies.
    callback : callable, optional
        Called with each `Update`.

    Returns
    -------
    Reinforced
        The policy and the history.

    Raises
    ------
    InputTypeError, InputValueError
        If an environment or a setting is not what it should be.

    Examples
    --------
    See `docs/policy.md` for CartPole.  Two levers, of which the second pays:

    >>> from types import SimpleNamespace
    >>> class Levers:
    ...     action_space = SimpleNamespace(n=2)
    ...     def reset(self, *, seed=None):
    ...         return [1.0], {}
    ...     def step(self, action):
    ...         return [1.0], float(action == 1), True, False, {}
    >>> learned = reinforce(Levers(), episodes=1000, random_state=0)
    >>> bool(learned.policy.probs([[1.0]])[0, 1] > 0.95)
    True
    """
    environments, n_actions = checked_environments(envs)
    _check_settings(episodes, batch, learning_rate, discount, solved_at, max_steps)
    rng = checked_generator(random_state, "random_state")
    if policy is None:
        d = len(first_observation(environments[0], 0)[0])
        policy = SoftmaxPolicy.uniform(n_features=d, n_actions=n_actions)
    regressor = _checked_baseline(baseline)
    fitted = None
    step: _Adam | None = None
    returns = np.zeros(0)
    history: list[Update] = []
    solved = False
    begin, steps = time.perf_counter(), 0
    while len(returns) < episodes and not solved:
        count = min(batch, episodes - len(returns))
        played = play(policy, environments, episodes=count, max_steps=max_steps, random_state=rng)
        step = step or _Adam(_unit(played.observations), learning_rate)
        to_go = played.returns_to_go(discount)
        advantages = to_go if fitted is None else to_go - fitted.predict(played.observations)
        fitted = clone(regressor).fit(played.observations, to_go)
        entropy = policy.entropy(played.observations, mask=played.masks).mean()
        policy = step(policy, played, _scaled(advantages), entropy_bonus)

        returns = np.concatenate([returns, played.returns])
        steps += len(played.rewards)
        history.append(
            Update(
                episodes=len(returns),
                steps=steps,
                mean_return=float(played.returns.mean()),
                entropy=float(entropy),
                seconds=time.perf_counter() - begin,
            )
        )
        if callback is not None:
            callback(history[-1])
        solved = (
            solved_at is not None
            and len(returns) >= RECENT
            and bool(returns[-RECENT:].mean() >= solved_at)
        )
    return Reinforced(policy, returns, tuple(history), solved)


class _Adam:
    """Adam (Kingma and Ba, ICLR 2015), moving each coefficient in the unit of its feature.

    A step of Adam is as long whatever the scale of the gradient, so that dividing it by the unit
    is the same as learning on scaled features, and the policy needs no scaling of its own.  For
    the same reason steps must be made shorter by hand: once every episode is as good as can be,
    advantages are noise alone, and steps of a fixed length wander off (in CartPole from 500 to
    448 within three updates).
    """

    def __init__(self, unit: np.ndarray, learning_rate: float):
        self._unit, self._rate = unit, learning_rate
        self._mean: Any = 0.0
        self._square: Any = 0.0
        self._count = 0

    def __call__(
        self, policy: SoftmaxPolicy, played: Episodes, advantages: np.ndarray, bonus: float
    ) -> SoftmaxPolicy:
        coef, intercept = policy.gradient(
            played.observations,
            played.actions,
            advantages,
            entropy_bonus=bonus,
            mask=played.masks,
        )
        gradient = np.column_stack([coef / self._unit, intercept])
        self._count += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean = self._mean / (1 - 0.9**self._count)
        square = self._square / (1 - 0.999**self._count)
        move = self._rate / np.sqrt(self._count) * mean / (np.sqrt(square) + 1e-8)
        return replace(
            policy,
            coef=policy.coef - move[:, :-1] / self._unit,
            intercept=policy.intercept - move[:, -1],
        )


def _unit(observations: np.ndarray) -> np.ndarray:
    """Return the root mean square of each feature, 1 for one that was always 0."""
    unit = np.sqrt(np.mean(observations**2, axis=0))
    return np.where(unit > 0, unit, 1.0)


def _scaled(advantages: np.ndarray) -> np.ndarray:
    """Return advantages of root mean square 1, so that the reward's unit does not matter."""
    size = np.sqrt(np.mean(advantages**2))
    return advantages / size if size > 0 else advantages


def _checked_baseline(baseline: Any) -> Any:
    if baseline is None:
        return value_baseline()
    for name in ("fit", "predict", "get_params"):
        if not hasattr(baseline, name):
            raise InputTypeError(
                f"`baseline` must be a scikit-learn regressor, got {baseline!r} without `{name}`. "
                "Give for example sklearn.dummy.DummyRegressor(), or leave it out."
            )
    return baseline


def _check_settings(
    episodes: Any, batch: Any, learning_rate: Any, discount: Any, solved_at: Any, max_steps: Any
) -> None:
    for name, count in (("episodes", episodes), ("batch", batch), ("max_steps", max_steps)):
        check_count(count, name)
    check_fraction(discount, "discount", below_one=False)
    for name, value in (("learning_rate", learning_rate), ("solved_at", solved_at)):
        if value is None and name == "solved_at":
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise InputTypeError(f"`{name}` must be a number, got {value!r}. Give a float.")
        if not np.isfinite(value) or (name == "learning_rate" and value <= 0):
            bound = "positive and finite" if name == "learning_rate" else "finite"
            raise InputValueError(f"`{name}` must be {bound}, got {value:g}. Give another.")
