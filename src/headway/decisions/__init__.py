"""Decisions: what to do with probabilities.  Each is the action of least expected cost."""

from headway.decisions.argmax import Argmax
from headway.decisions.binary_threshold import BinaryThreshold
from headway.decisions.decision import Decision
from headway.decisions.label_thresholds import LabelThresholds
from headway.decisions.least_cost import LeastCost, threshold_cost, with_abstention, zero_one_cost
from headway.decisions.threshold import Threshold
from headway.decisions.top_k import TopK
from headway.decisions.tuner import Tuner

__all__ = [
    "Argmax",
    "BinaryThreshold",
    "Decision",
    "LabelThresholds",
    "LeastCost",
    "Threshold",
    "TopK",
    "Tuner",
    "threshold_cost",
    "with_abstention",
    "zero_one_cost",
]
