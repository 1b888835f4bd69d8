"""Decisions: what to do with probabilities.  Each is the action of least expected cost."""

from headway.decisions.abstain import Abstain
from headway.decisions.abstention_tuners import AbstainAtError, AbstainAtRate
from headway.decisions.argmax import Argmax
from headway.decisions.binary_threshold import BinaryThreshold
from headway.decisions.conformal import ConformalSets
from headway.decisions.conformity import ApsScore, LacScore
from headway.decisions.cost_table import read_costs
from headway.decisions.decision import Decision
from headway.decisions.expected_f1 import ExpectedF1
from headway.decisions.label_costs import thresholds_of_costs
from headway.decisions.label_thresholds import LabelThresholds
from headway.decisions.least_cost import LeastCost, threshold_cost, with_abstention, zero_one_cost
from headway.decisions.prediction_sets import PredictionSets
from headway.decisions.risk_control import RiskControlledSets
from headway.decisions.sampling import Sampled, sample, sample_logits, tempered_log_probs
from headway.decisions.threshold import Threshold
from headway.decisions.top_k import TopK
from headway.decisions.tune_thresholds import TuneThresholds
from headway.decisions.tuner import Tuner

__all__ = [
    "Abstain",
    "AbstainAtError",
    "AbstainAtRate",
    "ApsScore",
    "Argmax",
    "BinaryThreshold",
    "ConformalSets",
    "Decision",
    "ExpectedF1",
    "LabelThresholds",
    "LacScore",
    "LeastCost",
    "PredictionSets",
    "RiskControlledSets",
    "Sampled",
    "Threshold",
    "TopK",
    "TuneThresholds",
    "Tuner",
    "read_costs",
    "sample",
    "sample_logits",
    "tempered_log_probs",
    "threshold_cost",
    "thresholds_of_costs",
    "with_abstention",
    "zero_one_cost",
]
