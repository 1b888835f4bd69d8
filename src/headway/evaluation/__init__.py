"""How good a model is on rows it has not seen: scores with intervals, and paired differences."""

from headway.evaluation.assessment import evaluate, evaluate_probs
from headway.evaluation.paired import compare_evaluations
from headway.evaluation.results import (
    Evaluation,
    LabelScores,
    PairedEvaluation,
    PairedScore,
    Score,
)

__all__ = [
    "Evaluation",
    "LabelScores",
    "PairedEvaluation",
    "PairedScore",
    "Score",
    "compare_evaluations",
    "evaluate",
    "evaluate_probs",
]
