"""Two heads (or more) on the same work: paired differences and a verdict."""

from headway.comparison.contest import compare
from headway.comparison.results import Comparison, Entry, Estimate, McNemar, Run, Verdict
from headway.comparison.studies import STUDIES, Study, run_study
from headway.comparison.study_draws import StudySetting
from headway.comparison.study_results import StudyPoint, StudyResult, StudyScores
from headway.comparison.study_telling import study_text
from headway.comparison.views import (
    LossCurve,
    confusion_counts,
    disagreements,
    loss_curve,
)

__all__ = [
    "STUDIES",
    "Comparison",
    "Entry",
    "Estimate",
    "LossCurve",
    "McNemar",
    "Run",
    "Study",
    "StudyPoint",
    "StudyResult",
    "StudyScores",
    "StudySetting",
    "Verdict",
    "compare",
    "confusion_counts",
    "disagreements",
    "loss_curve",
    "run_study",
    "study_text",
]
