"""Labels: what a user calls the truth, and how it becomes targets."""

from headway.labels.encoder import LabelEncoder
from headway.labels.structure import LabelStructure, inspect_labels
from headway.labels.targets import one_hot, smooth_targets, to_targets
from headway.labels.weights import class_weights

__all__ = [
    "LabelEncoder",
    "LabelStructure",
    "class_weights",
    "inspect_labels",
    "one_hot",
    "smooth_targets",
    "to_targets",
]
