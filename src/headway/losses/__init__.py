"""Losses of logits against labels or targets: one value for each sample, in nats."""

from headway.losses.asymmetric import AsymmetricLoss
from headway.losses.binary_cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    binary_cross_entropy_with_gradient,
)
from headway.losses.canonical import CanonicalLoss
from headway.losses.cross_entropy import (
    cross_entropy,
    cross_entropy_gradient,
    cross_entropy_with_gradient,
)
from headway.losses.focal import BinaryFocalLoss, FocalLoss
from headway.losses.linear_cross_entropy import LinearCrossEntropy, linear_cross_entropy
from headway.losses.loss import Loss
from headway.losses.mistakes import (
    BinaryCrossEntropyOnSoftmax,
    CrossEntropyOnProbs,
    SquaredErrorOnSigmoid,
)
from headway.losses.one_column import OneColumnLoss
from headway.losses.positive_weighted import PositiveWeightedLoss
from headway.losses.reduction import weighted_mean
from headway.losses.soft_cross_entropy import (
    soft_cross_entropy,
    soft_cross_entropy_gradient,
    soft_cross_entropy_with_gradient,
)

__all__ = [
    "AsymmetricLoss",
    "BinaryCrossEntropyOnSoftmax",
    "BinaryFocalLoss",
    "CanonicalLoss",
    "CrossEntropyOnProbs",
    "FocalLoss",
    "LinearCrossEntropy",
    "Loss",
    "OneColumnLoss",
    "PositiveWeightedLoss",
    "SquaredErrorOnSigmoid",
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "binary_cross_entropy_with_gradient",
    "cross_entropy",
    "cross_entropy_gradient",
    "cross_entropy_with_gradient",
    "linear_cross_entropy",
    "soft_cross_entropy",
    "soft_cross_entropy_gradient",
    "soft_cross_entropy_with_gradient",
    "weighted_mean",
]
