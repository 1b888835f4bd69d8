"""What is learned after the logits, on rows that the model was not fitted on.

raw logits, labels -> calibrator;   probs, labels -> decision
"""

from dataclasses import replace
from typing import Any

import numpy as np

from headway.calibration import METHODS, CalibrationReport, Calibrator, calibrate
from headway.classifiers.resolve import check_decision, refuse_class
from headway.decisions import Decision, Tuner
from headway.errors import InputTypeError, InputValueError
from headway.heads import Head
from headway.labels import to_targets
from headway.labels.reading import LabelKind
from headway.links import SigmoidLink, SoftmaxLink

__all__ = ["fit_after_logits", "fit_calibrator", "fit_decision", "needs_rows"]


def needs_rows(calibrator: Any, decision: Any, /) -> bool:
    """Return whether something is to be learned from rows that the model was not fitted on."""
    return isinstance(calibrator, str) or isinstance(decision, Tuner)


def fit_after_logits(
    calibrator: Any,
    decision: Any,
    logits: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None,
    /,
    *,
    head: Head,
    kind: LabelKind,
    random_state: int,
) -> tuple[Calibrator | None, CalibrationReport | None, Head]:
    """Return the calibrator, its report and the head with its decision.

    A decision with a promise (`own_rows`, such as conformal sets) must not see the rows that the
    calibrator was fitted to: each then gets half of them.

    Parameters
    ----------
    calibrator, decision
        As for `fit_calibrator` and `fit_decision`; a decision of None stays the head's own.
    logits, labels, weights
        Rows that the model was not fitted on.
    head, kind, random_state
        As for `fit_calibrator` and `fit_decision`.
    """
    first: Any = slice(None)
    second: Any = slice(None)
    if isinstance(calibrator, str) and getattr(decision, "own_rows", False):
        order = np.random.default_rng(random_state).permutation(len(labels))
        first, second = order[::2], order[1::2]

    def some(rows: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        return logits[rows], labels[rows], None if weights is None else weights[rows]

    found, report = fit_calibrator(calibrator, *some(first), head=head, random_state=random_state)
    if decision is not None:
        z, truth, weigh = some(second)
        probs = head.to_probs(z if found is None else found(z))
        rule = fit_decision(decision, (probs, truth, weigh), kind=kind, random_state=random_state)
        head = replace(head, decision=rule)
    return found, report, head


def fit_calibrator(
    method: Any,
    logits: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None,
    /,
    *,
    head: Head,
    random_state: int,
) -> tuple[Calibrator | None, CalibrationReport | None]:
    """Return the calibrator, or None where none is kept, and the report of what was fitted.

    Parameters
    ----------
    method : name, Calibrator or None
        What to fit; an object, or nothing, is returned as it is, without a report.
    logits : float array of shape (n, K)
        Raw logits.
    labels : integer array of shape (n,), or 0/1/NaN matrix of shape (n, L)
        Encoded labels.
    weights : array of shape (n,) or None
        Row weights.
    head : Head
        Sigmoids of exclusive classes are calibrated one by one, as they were trained.
    random_state : int
        Draws the folds that judge the calibrator.

    Raises
    ------
    InputTypeError, InputValueError
        If `method` is none of these or does not suit the labels.
    """
    refuse_class(method, "calibrator")
    if method is None or isinstance(method, Calibrator):
        return method, None
    if not isinstance(method, str):
        raise InputTypeError(
            f"`calibrator` must be one of {', '.join(METHODS)}, a Calibrator or None, got "
            f"{method!r}. Try 'temperature'."
        )
    if not isinstance(head.link, (SigmoidLink, SoftmaxLink)):
        raise InputValueError(
            "Calibrators are fitted by cross-entropy, to which a probability of exactly 0 is "
            f"infinitely wrong, but the head {head.name!r} gives such. Pass a calibrator that is "
            "fitted, such as Temperature(2.0), or use head='softmax'."
        )
    apart = head.exclusive and isinstance(head.link, SigmoidLink) and logits.shape[1] > 1
    truth = to_targets(labels, "exclusive", logits.shape[1]) if apart else labels
    return calibrate(logits, truth, method, weights=weights, random_state=random_state)


def fit_decision(
    decision: Any,
    rows: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None,
    /,
    *,
    kind: LabelKind,
    random_state: int,
) -> Decision:
    """Return the decision itself, or the one that a tuner finds for some rows.

    Parameters
    ----------
    decision : Decision or Tuner
        A rule, or what finds one.
    rows : (probs, labels, weights) or None
        Rows that the model was not fitted on.
        Those of weight 0 are left out.  If the others weigh 1 each, the tuner is given no
        weights: such as promise something of new rows take none.
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    random_state : int
        For tuners that draw.

    Raises
    ------
    InputTypeError, InputValueError
        If it is neither, does not suit the labels, or has no rows to be tuned on.
    """
    refuse_class(decision, "decision")
    if isinstance(decision, Tuner):
        if rows is None:
            raise InputValueError(
                f"{type(decision).__name__} needs rows to be tuned on, got none. Pass `X` and "
                "`y` of rows that were held out from `fit`."
            )
        probs, labels, weights = _rows_that_count(*rows)
        decision = decision.fit(probs, labels, weights=weights, random_state=random_state)
    return check_decision(decision, kind)


def _rows_that_count(
    probs: np.ndarray, labels: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return the rows with a weight above 0, and None for weights that are all 1."""
    if weights is None:
        return probs, labels, None
    kept = weights > 0
    weights = weights[kept]
    return probs[kept], labels[kept], None if (weights == 1).all() else weights
