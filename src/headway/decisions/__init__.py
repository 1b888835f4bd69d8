"""Decisions: what to do with probabilities.  Each is the action of least expected cost."""

from headway.decisions.argmax import Argmax
from headway.decisions.decision import Decision
from headway.decisions.least_cost import LeastCost, threshold_cost, with_abstention, zero_one_cost
from headway.decisions.threshold import Threshold

__all__ = [
    "Argmax",
    "Decision",
    "LeastCost",
    "Threshold",
    "threshold_cost",
    "with_abstention",
    "zero_one_cost",
]
