"""The head and the decision that a classifier is asked for, checked against its labels."""

from dataclasses import replace
from typing import Any

from headway.decisions import Decision
from headway.errors import InputTypeError, InputValueError
from headway.heads import HEAD_NAMES, Head, preset_head
from headway.labels.reading import LabelKind
from headway.links import EntmaxLink, OneColumnLink, SigmoidLink, SoftmaxLink, SparsemaxLink
from headway.losses import CanonicalLoss, Loss, OneColumnLoss

__all__ = ["check_decision", "refuse_class", "resolve_head"]

EXAMPLES = {"binary": "Argmax()", "exclusive": "Argmax()", "multilabel": "Threshold(0.5)"}
WORDS = {
    "binary": "one class a row",
    "exclusive": "one class a row",
    "multilabel": "labels of which several can hold",
}


def resolve_head(head: Any, kind: LabelKind, /) -> Head:
    """Return the head that a name (or a Head) stands for on labels of this kind.

    Raises
    ------
    InputTypeError
        If `head` is neither a name nor a Head.
    InputValueError
        If the name is unknown or the head does not suit the labels.
    """
    if isinstance(head, str):
        return preset_head(head, kind)
    if not isinstance(head, Head):
        raise InputTypeError(
            f"`head` must be a Head or one of {', '.join(map(repr, HEAD_NAMES))}, "
            f"got {head!r}. Try head='auto'."
        )
    if kind == "multilabel" and head.exclusive:
        raise InputValueError(
            f"`head` must let labels hold independently, got the exclusive head {head.name!r} "
            "for labels of which several can hold at once. Pass head='sigmoid'."
        )
    if kind != "multilabel" and not head.exclusive:
        raise InputValueError(
            f"`head` must pick one class a row, got {head.name!r}, which is for label sets, "
            "with one label a row. Pass sigmoid_head(exclusive=True)."
        )
    check_decision(head.decision, kind)
    if kind == "binary" and isinstance(head.link, SoftmaxLink):
        # One logit column z, read as (0, z): the softmax of the pair is the sigmoid of z.
        canonical = isinstance(head.loss, CanonicalLoss)
        loss: Loss = CanonicalLoss(SigmoidLink()) if canonical else OneColumnLoss(head.loss)
        return replace(head, link=SigmoidLink(), loss=loss)
    if kind == "binary" and isinstance(head.link, (EntmaxLink, SparsemaxLink)):
        link = OneColumnLink(head.link)
        canonical = head.loss == CanonicalLoss(head.link)
        loss = CanonicalLoss(link) if canonical else OneColumnLoss(head.loss)
        return replace(head, link=link, loss=loss)
    return head


def check_decision(decision: Any, kind: LabelKind, /) -> Decision:
    """Return the decision if it suits labels of this kind.

    Raises
    ------
    InputTypeError
        If it is no decision.
    InputValueError
        If it is one for labels of another kind.
    """
    refuse_class(decision, "decision")
    if not isinstance(decision, Decision):
        raise InputTypeError(
            f"`decision` must be a Decision, such as {EXAMPLES[kind]}, got {decision!r}. "
            "headway.decisions has them all."
        )
    if kind not in getattr(decision, "kinds", (kind,)):
        raise InputValueError(
            f"The decision must suit the labels, got {type(decision).__name__} for "
            f"{WORDS[kind]}. Pass {EXAMPLES[kind]}."
        )
    return decision


def refuse_class(value: Any, name: str, /) -> None:
    """Raise if a class was given for an object: a class has all methods, and can be called."""
    if isinstance(value, type):
        raise InputTypeError(
            f"`{name}` must be an object, got the class {value.__name__} itself. Write "
            f"{value.__name__}(...)."
        )
