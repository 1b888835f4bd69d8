"""Two heads (or more) on the same work: paired differences and a verdict."""

from headway.comparison.contest import compare
from headway.comparison.results import Comparison, Entry, Estimate, McNemar, Run, Verdict
from headway.comparison.views import (
    LossCurve,
    confusion_counts,
    disagreements,
    loss_curve,
)

__all__ = [
    "Comparison",
    "Entry",
    "Estimate",
    "LossCurve",
    "McNemar",
    "Run",
    "Verdict",
    "compare",
    "confusion_counts",
    "disagreements",
    "loss_curve",
]
