"""A score split into what calibration loses and what the forecasts tell apart.

For yes/no forecasts, with S the mean score, c the forecasts recalibrated by the best rising
function of themselves (isotonic regression) and r the share of events:

    S = miscalibration - discrimination + uncertainty
        S(p) - S(c)      S(r) - S(c)      S(r)

exactly, and no part is negative.  Miscalibration is the calibration loss: it vanishes once the
forecasts are recalibrated.  Uncertainty - discrimination = S(c) is the refinement loss: what is
left when they are.  One rising function is best for the log-loss and the Brier score alike, so
that nothing has to be binned or tuned.

The trap: isotonic regression also fits chance.  Of few cases miscalibration and discrimination
are both too large, by the same amount; between two models on the same rows most of it cancels.

A classifier of many classes makes yes/no forecasts in two ways: its largest probability
(`top_label`), or each class against the others (`by_label`; the Brier scores of the classes then
add up to the Brier score of the rows).

References
----------
Dimitriadis, Gneiting and Jordan (2021), "Stable reliability diagrams for probabilistic
classifiers", PNAS 118(8);
Murphy (1973), "A new vector partition of the probability score", J. Applied Meteorology 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import xlogy

from headway.errors import InputValueError
from headway.kernels import softplus
from headway.metrics.forecasts import case_weights, check_forecasts, check_outcomes

__all__ = ["ScoreParts", "brier_parts", "log_loss_parts"]


@dataclass(frozen=True)
class ScoreParts:
    """A mean score and its parts.

    Attributes
    ----------
    score : float
        The mean score; miscalibration - discrimination + uncertainty.
    miscalibration : float
        The calibration loss, at least 0.
    discrimination : float
        What the order of the forecasts is worth, at least 0.
    uncertainty : float
        The score of forecasting the share of events every time.
    """

    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float

    @property
    def refinement(self) -> float:
        """Return the refinement loss, uncertainty - discrimination."""
        return self.uncertainty - self.discrimination


def brier_parts(
    confidence: np.ndarray, outcome: np.ndarray, /, *, weights: np.ndarray | None = None
) -> ScoreParts:
    """Return the parts of the Brier score, the mean of (p - outcome)^2, of yes/no forecasts.

    Parameters
    ----------
    confidence : float array of shape (n,)
        Probabilities given, 0..1.
    outcome : array of shape (n,)
        1 where the event happened, else 0.
    weights : array of shape (n,), optional
        Non-negative weights of the cases.

    Returns
    -------
    ScoreParts
        NaN throughout for no cases.

    Raises
    ------
    ValueError
        If the shapes differ, a confidence is outside 0..1, an outcome is not 0 or 1 or a weight
        is negative.

    Examples
    --------
    Two forecasts in the right order, both 0.1 too near to the middle:

    >>> import numpy as np
    >>> parts = brier_parts(np.repeat([0.3, 0.7], 5), np.array([0, 0, 0, 0, 1, 0, 1, 1, 1, 1]))
    >>> [round(x, 3) for x in (parts.miscalibration, parts.discrimination, parts.uncertainty)]
    [0.01, 0.09, 0.25]
    >>> round(parts.score, 3), round(parts.refinement, 3)
    (0.17, 0.16)
    """
    confidence, outcome = check_forecasts(confidence, outcome)
    return _parts(confidence, outcome, weights, (confidence - outcome) ** 2, _brier)


def log_loss_parts(
    log_odds: np.ndarray, outcome: np.ndarray, /, *, weights: np.ndarray | None = None
) -> ScoreParts:
    """Return the parts of the log-loss of yes/no forecasts, in nats.

    Parameters
    ----------
    log_odds : float array of shape (n,)
        log p - log(1 - p): the logit of a label, or a column of `class_log_odds`; may be infinite.
    outcome, weights
        As for `brier_parts`.

    Returns
    -------
    ScoreParts
        NaN throughout for no cases; score and miscalibration are infinite where the impossible
        happened.

    Raises
    ------
    ValueError
        As for `brier_parts`; if a log-odds is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> parts = log_loss_parts(np.zeros(4), np.array([1, 1, 1, 0]))
    >>> [round(x, 3) for x in (parts.score, parts.miscalibration, parts.uncertainty)]
    [0.693, 0.131, 0.562]
    """
    log_odds, outcome = np.asarray(log_odds, dtype=np.float64), check_outcomes(outcome)
    if log_odds.ndim != 1 or log_odds.shape != outcome.shape:
        raise InputValueError(
            f"`log_odds` and `outcome` must have the same shape (n,), got {log_odds.shape} and "
            f"{outcome.shape}. Use `class_log_odds` and `by_label` for classes."
        )
    if np.isnan(log_odds).any():
        raise InputValueError(
            f"`log_odds` must not be NaN, got NaN at row {int(np.isnan(log_odds).argmax())}. "
            "Leave out what was not forecast."
        )
    against = np.where(outcome == 1, -log_odds, log_odds)
    return _parts(log_odds, outcome, weights, softplus(against), _entropy)


def _parts(
    forecast: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray | None,
    scores: np.ndarray,
    of_frequency: Callable[..., float],
) -> ScoreParts:
    """Return the parts of the mean of `scores`; `of_frequency` scores groups of cases."""
    weights = case_weights(weights, len(outcome))
    mass = np.ones(len(outcome)) if weights is None else weights
    kept = mass > 0
    forecast, outcome, scores, mass = forecast[kept], outcome[kept], scores[kept], mass[kept]
    if not len(outcome):
        return ScoreParts(math.nan, math.nan, math.nan, math.nan)
    total = mass.sum()
    score = float(mass @ scores / total)
    # Equal forecasts are one case: no rising function can part them.
    _, places = np.unique(forecast, return_inverse=True)
    count, events = np.bincount(places, mass), np.bincount(places, mass * outcome)
    recalibrated = np.clip(isotonic_regression(events / count, weights=count).x, 0.0, 1.0)
    refinement = float(of_frequency(recalibrated, count, events) / total)
    share = np.clip(events.sum() / total, 0.0, 1.0)
    uncertainty = float(of_frequency(share, total, events.sum()) / total)
    # What rounding leaves below 0.
    return ScoreParts(
        score, max(score - refinement, 0.0), max(uncertainty - refinement, 0.0), uncertainty
    )


def _brier(frequency: Any, count: Any, events: Any) -> float:
    """Return the summed Brier score of forecasts of groups of cases."""
    return float(np.sum(events * (1.0 - frequency) ** 2 + (count - events) * frequency**2))


def _entropy(frequency: Any, count: Any, events: Any) -> float:
    """Return the summed log-loss of forecasts of groups of cases, in nats."""
    # 0 minus the sum, since minus a sum of 0 is -0.
    return 0.0 - float(np.sum(xlogy(events, frequency) + xlogy(count - events, 1.0 - frequency)))
