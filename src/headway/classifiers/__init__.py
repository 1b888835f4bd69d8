"""Classifiers with scikit-learn's interface: fit, predict_proba, predict."""

from headway.classifiers.base import HeadClassifier

__all__ = ["HeadClassifier"]
