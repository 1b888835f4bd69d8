"""Classifiers with scikit-learn's interface: fit, predict_proba, predict, save and load."""

from headway.classifiers.any_module import NetworkClassifier
from headway.classifiers.base import HeadClassifier
from headway.classifiers.from_logits import FromLogits
from headway.classifiers.linear import LinearClassifier
from headway.classifiers.linear_cv import LinearClassifierCV
from headway.classifiers.network import ConvClassifier, MLPClassifier
from headway.classifiers.persistence import load
from headway.classifiers.predictor import Predictor
from headway.classifiers.wrap import WrappedClassifier, wrap
from headway.classifiers.wrap_module import WrappedModule

__all__ = [
    "ConvClassifier",
    "FromLogits",
    "HeadClassifier",
    "LinearClassifier",
    "LinearClassifierCV",
    "MLPClassifier",
    "NetworkClassifier",
    "Predictor",
    "WrappedClassifier",
    "WrappedModule",
    "load",
    "wrap",
]
