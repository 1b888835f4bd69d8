"""Playing and learning: small environments with known best policies, then CartPole."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.dummy import DummyRegressor

from headway.errors import InputTypeError, InputValueError
from headway.policy import Episodes, SoftmaxPolicy, play, reinforce

UNIFORM = SoftmaxPolicy.uniform(n_features=1, n_actions=2)


class Signs:
    """Ten steps; each shows a sign, and the action that agrees with it pays 1."""

    def __init__(self, n=2, start=0, steps=10, info=None):
        self.action_space = SimpleNamespace(n=n, start=start)
        self.start, self.steps, self.info = start, steps, info or {}

    def reset(self, *, seed=None):
        self.rng, self.t = np.random.default_rng(seed), 0
        return self.show(), self.info

    def show(self):
        self.sign = 1.0 if self.rng.random() < 0.5 else -1.0
        return np.array([self.sign])

    def step(self, action):
        assert self.start <= action < self.start + self.action_space.n
        reward = float((action - self.start == 1) == (self.sign > 0))
        self.t += 1
        return self.show(), reward, False, self.t == self.steps, self.info


class Chance(Signs):
    """Episodes of one step or fifty, by chance."""

    def reset(self, *, seed=None):
        answer = super().reset(seed=seed)
        self.steps = int(self.rng.choice([1, 50]))
        return answer


def test_it_learns_to_follow_the_sign():
    learned = reinforce(Signs(), episodes=200, random_state=0)
    assert play(learned.policy, Signs(), random_state=1).returns.mean() > 9.5
    assert_array_equal(play(learned.policy.at_temperature(0), Signs()).returns, 10)


def test_equal_seeds_give_equal_policies_and_others_do_not():
    first, again, other = (
        reinforce([Signs(), Signs()], episodes=30, random_state=seed) for seed in (3, 3, 4)
    )
    assert_array_equal(first.policy.coef, again.policy.coef)
    assert_array_equal(first.returns, again.returns)
    assert not np.array_equal(first.policy.coef, other.policy.coef)


def test_history_adds_up():
    seen = []
    learned = reinforce(Signs(), episodes=25, batch=10, callback=seen.append)
    assert tuple(seen) == learned.history
    assert [update.episodes for update in learned.history] == [10, 20, 25]
    assert [update.steps for update in learned.history] == [100, 200, 250]
    assert_allclose(learned.history[1].mean_return, learned.returns[10:20].mean())
    assert_allclose(learned.history[0].entropy, np.log(2))
    assert len(learned.returns) == 25
    assert not learned.solved


def test_it_stops_when_the_last_hundred_episodes_reach_the_mark():
    learned = reinforce(Signs(), episodes=2000, solved_at=8.0)
    assert learned.solved
    assert len(learned.returns) < 2000
    assert learned.returns[-100:].mean() >= 8.0
    at_once = reinforce(Signs(), episodes=2000, solved_at=0.0)
    assert len(at_once.returns) == 100


@pytest.mark.parametrize("unit", [2.0**10, 2.0**-40])
def test_the_unit_of_features_and_rewards_does_not_matter(unit):
    class Scaled(Signs):
        def show(self):
            return unit * super().show()

        def step(self, action):
            observation, reward, terminated, truncated, info = super().step(action)
            return observation, 4.0 * reward, terminated, truncated, info

    plain = reinforce(Signs(), episodes=60)
    scaled = reinforce(Scaled(), episodes=60)
    assert_allclose(scaled.policy.coef * unit, plain.policy.coef, rtol=1e-6)
    assert_allclose(scaled.policy.intercept, plain.policy.intercept, rtol=1e-5, atol=1e-8)


def test_a_baseline_makes_learning_steadier():
    class Rich(Signs):
        """Every step pays 100 whatever is done."""

        def step(self, action):
            observation, reward, terminated, truncated, info = super().step(action)
            return observation, reward + 100.0, terminated, truncated, info

    none = DummyRegressor(strategy="constant", constant=0.0)
    options = {"episodes": 100, "discount": 0.0}
    ends = [
        play(reinforce(Rich(), baseline=baseline, **options).policy, Signs()).returns.mean()
        for baseline in (DummyRegressor(), none)
    ]
    assert ends[0] > 9 > ends[1]


def test_an_entropy_bonus_keeps_the_policy_curious():
    bold, curious = (
        reinforce(Signs(), episodes=150, entropy_bonus=bonus).policy for bonus in (0.0, 1.0)
    )
    assert curious.entropy([[1.0]])[0] > 2 * bold.entropy([[1.0]])[0]


def test_a_mask_in_info_is_kept_to():
    mask = {"action_mask": np.array([0, 1, 1], dtype=np.int8)}
    played = play(
        SoftmaxPolicy.uniform(n_features=1, n_actions=3), Signs(n=3, info=mask), episodes=20
    )
    assert set(played.actions) == {1, 2}
    assert_array_equal(played.masks, np.tile([False, True, True], (200, 1)))
    learned = reinforce(Signs(n=3, info=mask), episodes=100)
    assert_array_equal(learned.policy.coef[0], 0)


def test_actions_count_from_where_the_space_says():
    assert play(UNIFORM, Signs(start=5), episodes=3).actions.max() <= 1


def test_every_episode_that_begins_is_played_to_its_end_whatever_its_length():
    envs = [Chance() for _ in range(7)]
    played = play(UNIFORM, envs, episodes=200)
    assert len(played.lengths) == 200
    assert set(played.lengths) == {1, 50}
    # Of 200 fair coins; to keep the first to finish would take nearly all of the short ones.
    assert 70 <= np.sum(played.lengths == 50) <= 130
    assert played.lengths.sum() == len(played.rewards) == len(played.observations)


def test_returns_to_go_are_sums_within_the_episode():
    rng = np.random.default_rng(0)
    lengths = np.array([3, 1, 4])
    rewards = rng.normal(size=8)
    episodes = Episodes(np.zeros((8, 1)), np.zeros(8, int), rewards, lengths)
    by_hand = [
        sum(0.9**later * reward for later, reward in enumerate(part[step:]))
        for part in np.split(rewards, [3, 4])
        for step in range(len(part))
    ]
    assert_allclose(episodes.returns_to_go(0.9), by_hand)
    assert_allclose(episodes.returns, [rewards[:3].sum(), rewards[3], rewards[4:].sum()])


def broken(**changes):
    env = Signs()
    for name, value in changes.items():
        setattr(env, name, value)
    return env


@pytest.mark.parametrize(
    ("envs", "message"),
    [
        ([], "at least one environment, got none"),
        ("CartPole-v1", "without `reset`"),
        (SimpleNamespace(reset=None, step=None), "without `action_space`"),
        (broken(action_space=SimpleNamespace(shape=(2,))), "finite number of actions"),
        (broken(action_space=SimpleNamespace(n=4, shape=(4,))), "finite number of actions"),
        (broken(num_envs=4), "the vectorised Signs"),
        ([Signs(), Signs(n=3)], r"the same actions, got \[2, 3\]"),
        ([Signs()] * 2, "different objects"),
        (broken(reset=lambda seed: np.zeros(1)), r"`reset` must give \(observation, info\)"),
        (broken(reset=lambda seed: (3, {})), "must be a row of numbers, got 3 of shape"),
        (broken(reset=lambda seed: (np.zeros((8, 8)), {})), "FlattenObservation"),
        (broken(reset=lambda seed: ([np.nan], {})), "must be finite, got nan at row 0, column 0"),
        (broken(step=lambda action: ([0.0], 1.0, True, {})), "`step` must give .observation, rew"),
        (
            broken(step=lambda a: ([0.0], np.nan, True, False, {})),
            "Rewards must be finite, got nan",
        ),
        (broken(step=lambda a: ([0.0], None, True, False, {})), "Rewards must be numbers, got Non"),
        (broken(step=lambda a: ([0.0], 1.0, False, False, {})), "end within max_steps=1000 steps"),
        (Signs(info={"action_mask": [0, 0]}), "must allow an action, got none"),
        (Signs(info={"action_mask": [1, 1, 0]}), "must have 2 entries of 0 and 1"),
        (Signs(info={"action_mask": [1, 2]}), "must have 2 entries of 0 and 1"),
    ],
)
def test_a_wrong_environment_says_what_to_do(envs, message):
    with pytest.raises((InputTypeError, InputValueError), match=message):
        play(UNIFORM, envs, max_steps=1000)
    with pytest.raises((InputTypeError, InputValueError), match=message):
        reinforce(envs, UNIFORM, max_steps=1000)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"episodes": 0}, "`episodes` must be at least 1, got 0"),
        ({"batch": 2.5}, "`batch` must be a whole number, got 2.5"),
        ({"learning_rate": 0}, "`learning_rate` must be positive and finite, got 0"),
        ({"learning_rate": "fast"}, "`learning_rate` must be a number"),
        ({"discount": 1.1}, "`discount` must satisfy"),
        ({"entropy_bonus": -1}, "`entropy_bonus` must be finite and at least 0"),
        ({"baseline": 3.0}, "`baseline` must be a scikit-learn regressor, got 3.0"),
        ({"solved_at": np.nan}, "`solved_at` must be finite"),
        ({"random_state": None}, "`random_state` must be a numpy.random.Generator or a seed"),
        ({"random_state": -1}, "`random_state` must be at least 0 to be a seed, got -1"),
        ({"max_steps": 3}, "end within max_steps=3 steps"),
    ],
)
def test_a_wrong_setting_says_what_to_do(options, message):
    with pytest.raises((InputTypeError, InputValueError), match=message):
        reinforce(Signs(), **options)


def test_a_policy_for_other_actions_or_a_greedy_one_is_refused():
    with pytest.raises(InputValueError, match="one action for each of the environment's 3, got 2"):
        play(UNIFORM, Signs(n=3))
    with pytest.raises(InputTypeError, match="must be a SoftmaxPolicy, got function"):
        play(lambda observation: 0, Signs())
    with pytest.raises(InputValueError, match="where a policy learns, got 0"):
        reinforce(Signs(), UNIFORM.at_temperature(0))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cartpole_is_solved(seed):
    gymnasium = pytest.importorskip("gymnasium", reason="gymnasium is not installed")
    envs = [gymnasium.make("CartPole-v1", disable_env_checker=True) for _ in range(10)]
    learned = reinforce(envs, solved_at=490, random_state=seed)
    assert play(learned.policy, envs, random_state=1000 + seed).returns.mean() >= 475


def test_a_continuous_gymnasium_environment_is_refused():
    gymnasium = pytest.importorskip("gymnasium", reason="gymnasium is not installed")
    with pytest.raises(InputTypeError, match="finite number of actions `n`, got Box"):
        reinforce(gymnasium.make("Pendulum-v1"))
    vectorised = gymnasium.make_vec("CartPole-v1", num_envs=2)
    with pytest.raises(InputTypeError, match="vectorised"):
        reinforce(vectorised)


def test_a_gymnasium_environment_of_named_states_learns_behind_a_wrapper():
    gymnasium = pytest.importorskip("gymnasium", reason="gymnasium is not installed")
    lake = gymnasium.make("FrozenLake-v1", is_slippery=False)
    with pytest.raises(InputTypeError, match="FlattenObservation"):
        reinforce(lake)
    wrapped = gymnasium.wrappers.FlattenObservation(lake)
    learned = reinforce(wrapped, episodes=400, random_state=0, solved_at=0.9)
    assert play(learned.policy.at_temperature(0), wrapped, episodes=5).returns.mean() == 1
