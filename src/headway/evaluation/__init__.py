"""How good a model is on rows it has not seen, and which labels of the data it contradicts."""

from headway.evaluation.assessment import evaluate, evaluate_probs
from headway.evaluation.label_doubts import LabelDoubt, LabelReview
from headway.evaluation.label_review import review_labels, review_probs
from headway.evaluation.paired import compare_evaluations
from headway.evaluation.results import (
    Evaluation,
    LabelScores,
    PairedEvaluation,
    PairedScore,
    Score,
)
from headway.evaluation.tuning import evaluate_tuning

__all__ = [
    "Evaluation",
    "LabelDoubt",
    "LabelReview",
    "LabelScores",
    "PairedEvaluation",
    "PairedScore",
    "Score",
    "compare_evaluations",
    "evaluate",
    "evaluate_probs",
    "evaluate_tuning",
    "review_labels",
    "review_probs",
]
