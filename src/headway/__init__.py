"""headway: the last layer of a classifier.

    features -> MODEL -> logits -> HEAD (link + loss + decision) -> probs -> DECISION

Names are imported when they are first used, so that ``import headway`` costs
a few milliseconds and never loads torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headway._version import __version__

__all__ = [
    "Abstain",
    "AbstainAtError",
    "AbstainAtRate",
    "Argmax",
    "AsymmetricLoss",
    "BinaryFocalLoss",
    "BinaryThreshold",
    "CanonicalLoss",
    "Comparison",
    "ConformalSets",
    "ConvClassifier",
    "EntmaxLink",
    "Evaluation",
    "ExpectedF1",
    "FocalLoss",
    "FromLogits",
    "Head",
    "LabelEncoder",
    "LabelThresholds",
    "LeastCost",
    "LinearClassifier",
    "LinearClassifierCV",
    "MLPClassifier",
    "NetworkClassifier",
    "PredictionSets",
    "RiskControlledSets",
    "SigmoidLink",
    "SoftmaxLink",
    "SparsemaxLink",
    "Threshold",
    "TopK",
    "TuneThresholds",
    "__version__",
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "binary_cross_entropy_with_gradient",
    "calibration",
    "compare",
    "compare_evaluations",
    "cross_entropy",
    "cross_entropy_gradient",
    "cross_entropy_with_gradient",
    "datasets",
    "errors",
    "evaluate",
    "evaluation",
    "explain_prediction",
    "follow_example",
    "inspect_labels",
    "linear_cross_entropy",
    "load",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "metrics",
    "one_hot",
    "policy",
    "preset_head",
    "read_costs",
    "review_labels",
    "sample",
    "save_figures",
    "show_config",
    "sigmoid",
    "soft_cross_entropy",
    "soft_cross_entropy_gradient",
    "soft_cross_entropy_with_gradient",
    "softmax",
    "weighted_mean",
    "wrap",
    "write_report",
]

_ROOMS = {
    "classifiers": (
        "ConvClassifier",
        "FromLogits",
        "LinearClassifier",
        "LinearClassifierCV",
        "MLPClassifier",
        "NetworkClassifier",
        "load",
        "wrap",
    ),
    "comparison": ("Comparison", "compare"),
    "decisions": (
        "Abstain",
        "AbstainAtError",
        "AbstainAtRate",
        "Argmax",
        "BinaryThreshold",
        "ConformalSets",
        "ExpectedF1",
        "LabelThresholds",
        "LeastCost",
        "PredictionSets",
        "RiskControlledSets",
        "Threshold",
        "TopK",
        "TuneThresholds",
        "read_costs",
        "sample",
    ),
    "evaluation": ("Evaluation", "compare_evaluations", "evaluate", "review_labels"),
    "explain": ("explain_prediction", "follow_example"),
    "heads": ("Head", "preset_head"),
    "kernels": ("log_sigmoid", "log_softmax", "logsumexp", "show_config", "sigmoid", "softmax"),
    "labels": ("LabelEncoder", "inspect_labels", "one_hot"),
    "links": ("EntmaxLink", "SigmoidLink", "SoftmaxLink", "SparsemaxLink"),
    "losses": (
        "AsymmetricLoss",
        "BinaryFocalLoss",
        "CanonicalLoss",
        "FocalLoss",
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
    ),
    "report": ("save_figures", "write_report"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}
_SUBMODULES = ("calibration", "datasets", "errors", "evaluation", "metrics", "policy")

if TYPE_CHECKING:
    from headway import calibration, datasets, errors, evaluation, metrics, policy
    from headway.classifiers import (
        ConvClassifier,
        FromLogits,
        LinearClassifier,
        LinearClassifierCV,
        MLPClassifier,
        NetworkClassifier,
        load,
        wrap,
    )
    from headway.comparison import Comparison, compare
    from headway.decisions import (
        Abstain,
        AbstainAtError,
        AbstainAtRate,
        Argmax,
        BinaryThreshold,
        ConformalSets,
        ExpectedF1,
        LabelThresholds,
        LeastCost,
        PredictionSets,
        RiskControlledSets,
        Threshold,
        TopK,
        TuneThresholds,
        read_costs,
        sample,
    )
    from headway.evaluation import Evaluation, compare_evaluations, evaluate, review_labels
    from headway.explain import explain_prediction, follow_example
    from headway.heads import Head, preset_head
    from headway.kernels import log_sigmoid, log_softmax, logsumexp, show_config, sigmoid, softmax
    from headway.labels import LabelEncoder, inspect_labels, one_hot
    from headway.links import EntmaxLink, SigmoidLink, SoftmaxLink, SparsemaxLink
    from headway.losses import (
        AsymmetricLoss,
        BinaryFocalLoss,
        CanonicalLoss,
        FocalLoss,
        binary_cross_entropy,
        binary_cross_entropy_gradient,
        binary_cross_entropy_with_gradient,
        cross_entropy,
        cross_entropy_gradient,
        cross_entropy_with_gradient,
        linear_cross_entropy,
        soft_cross_entropy,
        soft_cross_entropy_gradient,
        soft_cross_entropy_with_gradient,
        weighted_mean,
    )
    from headway.report import save_figures, write_report


def __getattr__(name: str) -> Any:
    """Return a public name from the room it lives in."""
    if name in _ROOM_OF:
        value = getattr(import_module(f"headway.{_ROOM_OF[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"headway.{name}")
    else:
        raise AttributeError(f"module 'headway' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return sorted(__all__)
