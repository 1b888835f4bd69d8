"""The last layer of a network, solved exactly: logistic regression on its hidden features.

    minimise  sum_i w_i loss(hidden_i W' + b, targets_i) + |W|^2 / (2 C)

Gradient steps stop somewhere near this minimum; the linear solver finds it, with a proof.  What
comes out is never worse than the layer that was there, on the objective and the rows given.  The
trap: hidden features were made on the training rows, so an exact fit to these same rows can follow
them too far; choose C on rows held out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.classifiers.linear import LinearClassifier
from headway.heads import Head
from headway.losses import weighted_mean

__all__ = ["HeadRefit", "solved_last_layer"]


@dataclass(frozen=True)
class HeadRefit:
    """What solving the last layer changed, on the rows it was solved on.

    Attributes
    ----------
    objective_before, objective_after : float
        Sum of weighted losses plus penalty, in nats.
    loss_before, loss_after : float
        Weighted mean loss, in nats.
    accuracy_before, accuracy_after : float
        Weighted share of rows that are right in full, in 0..1.
    optimality_gap : float
        Proven upper bound on (objective - optimum) / optimum; NaN where there is no proof.
    kept : bool
        Whether the new layer took the place of the old one; not if the objective would rise.
    """

    objective_before: float
    objective_after: float
    loss_before: float
    loss_after: float
    accuracy_before: float
    accuracy_after: float
    optimality_gap: float
    kept: bool

    def to_text(self) -> str:
        """Return what changed in one line.

        Examples
        --------
        >>> print(HeadRefit(9.0, 6.0, 0.25, 0.125, 0.9, 0.95, 1e-7, True).to_text())
        loss 0.2500 -> 0.1250 nats, accuracy 90.00 -> 95.00 %, objective 9 -> 6 (gap 1e-07)
        """
        text = (
            f"loss {self.loss_before:.4f} -> {self.loss_after:.4f} nats, accuracy "
            f"{100 * self.accuracy_before:.2f} -> {100 * self.accuracy_after:.2f} %, objective "
            f"{self.objective_before:.6g} -> {self.objective_after:.6g} "
            f"(gap {self.optimality_gap:.2g})"
        )
        return text if self.kept else f"{text}; the old layer was better and stays"


def solved_last_layer(
    model: Any,
    hidden: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None,
    before: tuple[np.ndarray, np.ndarray],
    /,
    *,
    C: float,
    tol: float,
) -> tuple[LinearClassifier, HeadRefit]:
    """Return the linear model of hidden features, and what it changes.

    Parameters
    ----------
    model : HeadClassifier
        Fitted; its labels and head are taken over.
    hidden : float array of shape (n, width)
    labels, weights
        As for `HeadClassifier._fit_model`.
    before : (coef, intercept)
        The last layer as it is, shapes (K, width) and (K,).
    C, tol : float
        As for LinearClassifier.
    """
    linear = LinearClassifier(
        model.head, C, label_smoothing=model.label_smoothing, tol=tol, random_state=0
    )
    linear.head_, linear.label_encoder_ = model.head_, model.label_encoder_
    linear.kind_, linear.classes_ = model.kind_, model.classes_
    linear.calibrator_, linear.calibration_report_ = None, None
    linear.n_features_in_ = hidden.shape[1]
    linear._fit_model(hidden, labels, weights)
    targets, head = model._targets(labels), model.head_
    old = _figures(head, hidden, *before, targets, weights, C)
    new = _figures(head, hidden, linear.coef_, linear.intercept_, targets, weights, C)
    kept = new[0] <= old[0]
    after = new if kept else old
    report = HeadRefit(
        objective_before=old[0],
        objective_after=after[0],
        loss_before=old[1],
        loss_after=after[1],
        accuracy_before=old[2],
        accuracy_after=after[2],
        optimality_gap=linear.optimality_gap_,
        kept=kept,
    )
    return linear, report


def _figures(
    head: Head,
    hidden: np.ndarray,
    coef: np.ndarray,
    intercept: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray | None,
    C: float,
) -> tuple[float, float, float]:
    """Return objective, mean loss and accuracy of a last layer."""
    logits = hidden.astype(np.float64) @ coef.T + intercept
    losses = np.asarray(head.loss.value(logits, targets))
    rows = np.ones(len(losses)) if weights is None else weights
    objective = float(losses @ rows) + float(np.sum(coef**2)) / (2 * C)
    if head.exclusive and logits.shape[1] > 1:
        right = logits.argmax(axis=1) == targets.argmax(axis=1)
    else:
        right = (((logits > 0) == (targets > 0.5)) | np.isnan(targets)).all(axis=1)
    mean = weighted_mean(losses, weights)
    return objective, float(mean), float(weighted_mean(right.astype(np.float64), weights))
