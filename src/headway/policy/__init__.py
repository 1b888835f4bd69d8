"""Policies: a softmax over actions, the gradient that teaches it, and REINFORCE."""

from headway.policy.episodes import Episodes, play
from headway.policy.gradient import policy_gradient, policy_loss
from headway.policy.reinforcement import Reinforced, Update, reinforce, value_baseline
from headway.policy.softmax_policy import SoftmaxPolicy

__all__ = [
    "Episodes",
    "Reinforced",
    "SoftmaxPolicy",
    "Update",
    "play",
    "policy_gradient",
    "policy_loss",
    "reinforce",
    "value_baseline",
]
