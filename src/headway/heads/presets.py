"""The heads one asks for by name, right ones and common mistakes.

Names are resolved here, for estimators and the command line; below, objects are
passed, never names.
"""

from typing import Literal, get_args

from headway.decisions import Argmax, Threshold
from headway.errors import InputValueError
from headway.heads.head import Head
from headway.links import EntmaxLink, Link, OneColumnLink, SigmoidLink, SoftmaxLink, SparsemaxLink
from headway.losses import (
    AsymmetricLoss,
    BinaryCrossEntropyOnSoftmax,
    BinaryFocalLoss,
    CanonicalLoss,
    CrossEntropyOnProbs,
    FocalLoss,
    Loss,
    OneColumnLoss,
    SquaredErrorOnSigmoid,
)

__all__ = [
    "HEAD_NAMES",
    "LABEL_HEADS",
    "MISTAKES",
    "binary_head",
    "preset_head",
    "sigmoid_head",
    "softmax_head",
]

LabelKind = Literal["binary", "exclusive", "multilabel"]
# For labels that are not exclusive.
LABEL_HEADS: tuple[str, ...] = ("sigmoid", "focal", "asymmetric", "sigmoid+mse")
SPARSE: dict[str, Link] = {"sparsemax": SparsemaxLink(), "entmax": EntmaxLink()}

HEAD_NAMES: tuple[str, ...] = (
    "auto",
    "softmax",
    "sigmoid",
    "sparsemax",
    "entmax",
    "focal",
    "asymmetric",
    "sigmoid+mse",
    "double-softmax",
    "softmax+bce",
)

MISTAKES: dict[str, str] = {
    "sigmoid+mse": (
        "Squared error on sigmoid probabilities: the gradient vanishes where the model is "
        "confidently wrong, so those examples are hardly learned from."
    ),
    "double-softmax": (
        "Softmax applied twice: the loss takes probabilities for logits, can never come near 0 "
        "and keeps pulling on examples that are already right."
    ),
    "softmax+bce": (
        "Binary cross-entropy on softmax probabilities: the other classes are punished twice, "
        "and the loss is no longer convex in the logits."
    ),
}


def softmax_head() -> Head:
    """Return the head for exclusive classes: softmax, cross-entropy, argmax.

    Examples
    --------
    >>> softmax_head().to_probs([[0.0, 0.0]])
    array([[0.5, 0.5]])
    """
    link = SoftmaxLink()
    return Head("softmax", link, CanonicalLoss(link), Argmax(), exclusive=True)


def sigmoid_head(*, exclusive: bool) -> Head:
    """Return the head with one sigmoid for each class.

    Parameters
    ----------
    exclusive : bool
        True if each sample has exactly one class: decides by argmax and
        normalises the probabilities.  False if labels may occur together: each
        is decided on its own, above 0.5.

    Examples
    --------
    >>> sigmoid_head(exclusive=False).decide([[2.0, -1.0, 0.5]])
    array([[1, 0, 1]])
    >>> sigmoid_head(exclusive=True).decide([[2.0, -1.0, 0.5]])
    array([0])
    """
    link = SigmoidLink()
    decision = Argmax() if exclusive else Threshold(0.5)
    return Head("sigmoid", link, CanonicalLoss(link), decision, exclusive=exclusive)


def binary_head() -> Head:
    """Return the head for two classes: one logit column, read as (0, z).

    Softmax over two classes is this very head, written with a redundant column.

    Examples
    --------
    >>> binary_head().decide([[-0.1], [0.1]])
    array([0, 1])
    """
    return _renamed(sigmoid_head(exclusive=True), "binary")


def preset_head(name: str, kind: LabelKind, /) -> Head:
    """Return the head of that name for that kind of labels.

    Parameters
    ----------
    name : str
        One of `HEAD_NAMES`.  "auto" is softmax for exclusive classes, else sigmoid.
        "sparsemax" and "entmax" (alpha 1.5) give probabilities of exactly 0.  "focal" (gamma 2)
        is a softmax for exclusive classes, else sigmoids; "asymmetric" (0, 4, margin 0.05) is
        sigmoids always.  Probabilities of the last two need calibration.  For other parameters
        pass a `Head`.
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.

    Returns
    -------
    Head
        For binary labels a head with one logit column, under the name asked for.

    Raises
    ------
    InputValueError
        If the name is unknown, or labels that are not exclusive are to share one unit.

    Examples
    --------
    >>> preset_head("auto", "multilabel").name
    'sigmoid'
    >>> preset_head("softmax", "multilabel")
    Traceback (most recent call last):
    ...
    headway.errors.InputValueError: The head "softmax" needs classes of which ...
    """
    if kind not in get_args(LabelKind):
        raise InputValueError(
            f"`kind` must be one of {', '.join(get_args(LabelKind))}, got {kind!r}. "
            "Find it with `inspect_labels`."
        )
    if name not in HEAD_NAMES:
        raise InputValueError(
            f"`head` must be one of {', '.join(HEAD_NAMES)}, got {name!r}. "
            "For another combination pass a `Head`."
        )
    if name == "auto":
        name = "softmax" if kind == "exclusive" else "sigmoid"
    if kind == "multilabel" and name not in LABEL_HEADS:
        shares = name if name in SPARSE else "softmax"
        raise InputValueError(
            f'The head "{name}" needs classes of which each row has exactly one, but these are '
            f"multi-label: {shares} shares one unit of probability among the labels, so two that "
            'are both present could never both come near 1. Use head="sigmoid".'
        )
    return _renamed(_right_head(name, kind), name, mistake=MISTAKES.get(name))


def _right_head(name: str, kind: LabelKind) -> Head:
    """Return the head of that name, its loss right or wrong, under any name."""
    if name in SPARSE:
        link = SPARSE[name] if kind == "exclusive" else OneColumnLink(SPARSE[name])
        return Head(name, link, CanonicalLoss(link), Argmax(), exclusive=True)
    softmax_like = name in ("softmax", "double-softmax", "softmax+bce") or (
        name == "focal" and kind == "exclusive"
    )
    if kind == "binary":
        head = binary_head()
    else:
        head = softmax_head() if softmax_like else sigmoid_head(exclusive=kind == "exclusive")
    losses: dict[str, Loss] = {
        "focal": FocalLoss() if softmax_like else BinaryFocalLoss(),
        "asymmetric": AsymmetricLoss(),
        "sigmoid+mse": SquaredErrorOnSigmoid(),
        "double-softmax": CrossEntropyOnProbs(),
        "softmax+bce": BinaryCrossEntropyOnSoftmax(),
    }
    loss = losses.get(name, head.loss)
    if kind == "binary" and softmax_like and name in losses:
        loss = OneColumnLoss(loss)
    return Head(name, head.link, loss, head.decision, head.exclusive)


def _renamed(head: Head, name: str, mistake: str | None = None) -> Head:
    return Head(name, head.link, head.loss, head.decision, head.exclusive, mistake)
