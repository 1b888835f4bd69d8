"""Classifiers with scikit-learn's interface: fit, predict_proba, predict."""

from headway.classifiers.base import HeadClassifier
from headway.classifiers.linear import LinearClassifier
from headway.classifiers.network import ConvClassifier, MLPClassifier

__all__ = ["ConvClassifier", "HeadClassifier", "LinearClassifier", "MLPClassifier"]
