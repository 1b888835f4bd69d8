"""How much each feature moved the logits of one row, compared with a baseline row.

    linear model   contribution_i = (x_i - baseline_i) * weight_i              exact
    network        integrated gradients along the line from baseline to row    to a tolerance

Contributions add up: logit at the row = logit at the baseline + their sum.  They are those of the
model's own, uncalibrated logits.  The trap is the baseline: a feature at its baseline contributes
nothing, whatever it is, so that an explanation without its baseline says nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.classifiers.base import HeadClassifier
from headway.classifiers.engine import NetworkEngine
from headway.classifiers.from_logits import FromLogits
from headway.classifiers.linear import LinearClassifier
from headway.classifiers.linear_cv import LinearClassifierCV

__all__ = ["TOLERANCE", "Contributions", "contributions_to", "why_no_contributions"]

TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contributions of d features to m logits or differences of logits.

    Attributes
    ----------
    values : float64 array of shape (m, d)
        One row for each direction asked.
    base : float64 array of shape (m,)
        The logits (or differences) at the baseline.
    method : str
        "exact" or "integrated gradients".
    error : float
        The largest |base + sum of values - logit|.
    steps : int
        Points at which a network's gradient was read; 0 for linear models.
    """

    values: np.ndarray
    base: np.ndarray
    method: str
    error: float
    steps: int


def why_no_contributions(model: Any, /) -> str | None:
    """Return why the contributions of a model's features are not known, or None if they are.

    Examples
    --------
    >>> why_no_contributions(LinearClassifier()) is None
    True
    >>> why_no_contributions(FromLogits())
    'The features are the logits themselves: nothing stands before them.'
    """
    if isinstance(model, FromLogits):
        return "The features are the logits themselves: nothing stands before them."
    if isinstance(model, (LinearClassifier, LinearClassifierCV, NetworkEngine)):
        return None
    return (
        f"What moved the logits of {type(model).__name__} is not known: its model is neither "
        "linear nor one of headway's networks."
    )


def contributions_to(
    model: HeadClassifier,
    row: np.ndarray,
    baseline: np.ndarray,
    directions: np.ndarray,
    /,
    *,
    most_steps: int = 2048,
) -> Contributions:
    """Return how much each feature of a row contributes to directions @ logits.

    Parameters
    ----------
    model : LinearClassifier, LinearClassifierCV, MLPClassifier or ConvClassifier
        Fitted.
    row, baseline : float arrays of shape (d,)
        Checked features.
    directions : float array of shape (m, K)
        One logit: zeros and a 1.  The difference of two: a 1 and a -1.
    most_steps : int
        Most points at which a network's gradient is read.

    Examples
    --------
    >>> model = LinearClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> found = contributions_to(model, np.array([3.0]), np.array([1.5]), np.array([[1.0]]))
    >>> logit = found.base + found.values.sum(axis=1)
    >>> bool(np.allclose(logit, model.raw_logits([[3.0]])[0])), found.method
    (True, 'exact')
    """
    if isinstance(model, NetworkEngine):
        from headway.training.integrated_gradients import integrate_gradients

        end, start = (model._prepare_features(x[None, :]) for x in (row, baseline))
        base = directions @ model._logits(baseline[None, :])[0].astype(np.float64)
        found = integrate_gradients(
            model.network_, end, start, directions, tolerance=TOLERANCE, most_steps=most_steps
        )
        return Contributions(found.values, base, "integrated gradients", found.error, found.steps)
    assert isinstance(model, (LinearClassifier, LinearClassifierCV))
    weights = directions @ model.coef_
    base = directions @ (model.intercept_ + model.coef_ @ baseline)
    values = weights * (row - baseline)
    logit = directions @ (model.intercept_ + model.coef_ @ row)
    return Contributions(values, base, "exact", _largest(base + values.sum(axis=1) - logit), 0)


def _largest(differences: np.ndarray) -> float:
    return float(np.abs(differences).max(initial=0.0))
