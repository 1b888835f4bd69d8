"""Yes/no forecasts: a probability given, and whether the event happened.

Every kind of classifier makes some: the largest probability of a row and whether that class was
right, each class against all others, each cell of a label matrix.  What is measured of yes/no
forecasts (calibration, the parts of a score) is measured of all of them by way of this module.
The trap: log p - log(1 - p) of a probability near 1 has lost its digits; log-odds are taken from
log-probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from headway.errors import InputValueError
from headway.kernels import logsumexp

__all__ = [
    "SMALLEST_BIN",
    "by_label",
    "case_weights",
    "check_forecasts",
    "check_outcomes",
    "class_log_odds",
    "equal_bins",
    "observed_cells",
    "top_label",
]

# Fewer cases than this cannot show a frequency, and their variance is guesswork.
SMALLEST_BIN = 10
Result = TypeVar("Result")


def top_label(probs: np.ndarray, labels: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    """Return (largest probability of each row, 1.0 where that class is the true one).

    Parameters
    ----------
    probs : float array of shape (n, K)
        Probabilities, or raw membership values, 0..1.
    labels : integer array of shape (n,)
        True classes, 0..K-1.

    Returns
    -------
    tuple of float arrays of shape (n,)
        What `calibration_error` and `reliability_curve` take.

    Examples
    --------
    >>> import numpy as np
    >>> top_label(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]))
    (array([0.9, 0.6]), array([1., 0.]))
    """
    probs, labels = np.asarray(probs, dtype=np.float64), np.asarray(labels)
    return probs.max(axis=1), (probs.argmax(axis=1) == labels).astype(np.float64)


def observed_cells(
    probs: np.ndarray, targets: np.ndarray, /
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (probability, truth, row number) of every observed cell of a label matrix.

    Parameters
    ----------
    probs : float array of shape (n, L)
        Probabilities of independent labels.
    targets : array of shape (n, L)
        0, 1, or NaN for a cell that was not observed.

    Returns
    -------
    tuple of arrays of shape (cells,)
        The row numbers are the `groups` of `squared_calibration_error`: the labels of one row
        are not independent of each other.

    Examples
    --------
    >>> import numpy as np
    >>> observed_cells(np.array([[0.9, 0.2]]), np.array([[1.0, np.nan]]))
    (array([0.9]), array([1.]), array([0]))
    """
    probs, targets = np.asarray(probs, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    seen = ~np.isnan(targets)
    return probs[seen], targets[seen], np.nonzero(seen)[0]


def class_log_odds(log_probs: np.ndarray, /) -> np.ndarray:
    """Return log p - log(1 - p) of every class, (n, K).

    Parameters
    ----------
    log_probs : float array of shape (n, K)
        Log-probabilities of exclusive classes (log_softmax of their logits).

    Returns
    -------
    float64 array of shape (n, K)
        What `log_loss_parts` takes for each class; +inf where a class is certain.

    Examples
    --------
    >>> import numpy as np
    >>> class_log_odds(np.log([[0.75, 0.25]])).round(3)
    array([[ 1.099, -1.099]])
    """
    log_probs = np.asarray(log_probs, dtype=np.float64)
    rows = np.arange(len(log_probs))
    top = log_probs.argmax(axis=1)
    others = log_probs.copy()
    others[rows, top] = -np.inf
    with np.errstate(divide="ignore"):
        against = np.log1p(-np.minimum(np.exp(log_probs), 1.0))
        # The largest alone can be near 1: what is left of it is the sum of the others.
        against[rows, top] = logsumexp(others)
    return log_probs - against


def by_label(
    measure: Callable[..., Result],
    forecasts: np.ndarray,
    targets: np.ndarray,
    /,
    *,
    weights: np.ndarray | None = None,
) -> tuple[Result, ...]:
    """Return what a measure of yes/no forecasts says of each label, over its observed cells.

    Parameters
    ----------
    measure : function
        Of (forecasts, outcomes, weights=...), such as `calibration_interval`, `brier_parts` or
        `log_loss_parts`.
    forecasts : float array of shape (n, L)
        Probabilities or log-odds, as the measure takes them.
    targets : array of shape (n, L), or integers of shape (n,)
        0, 1, or NaN for a cell that was not observed; or classes 0..L-1, each of which is then a
        label that is present or absent.
    weights : array of shape (n,), optional
        Non-negative row weights.

    Returns
    -------
    tuple of L results

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> count = lambda forecasts, outcomes, weights: len(outcomes)
    >>> by_label(count, np.full((2, 2), 0.5), np.array([[0.0, 1.0], [1.0, np.nan]]))
    (2, 1)
    """
    forecasts, targets = np.asarray(forecasts), np.asarray(targets)
    if targets.ndim == 1 and forecasts.ndim == 2:
        targets = targets[:, None] == np.arange(forecasts.shape[1])
    targets = targets.astype(np.float64)
    if forecasts.ndim != 2 or targets.shape != forecasts.shape:
        raise InputValueError(
            f"`forecasts` and `targets` must have the same shape (n, L), got {forecasts.shape} "
            f"and {targets.shape}. Give a column for each label."
        )
    row_weights = case_weights(weights, len(forecasts))
    results = []
    for column, truth in zip(forecasts.T, targets.T, strict=True):
        seen = ~np.isnan(truth)
        some = None if row_weights is None else row_weights[seen]
        results.append(measure(column[seen], truth[seen], weights=some))
    return tuple(results)


def equal_bins(confidence: np.ndarray, n_bins: int, weights: np.ndarray | None) -> np.ndarray:
    """Return the bin number (0, 1, ...) of each case: near-equal counts, ties together."""
    if n_bins < 1:
        raise InputValueError(f"`n_bins` must be at least 1, got {n_bins}. 15 is a good choice.")
    if not len(confidence):
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(confidence, kind="stable")
    # The case that holds a rank: with weights, ranks are those of repeated cases.
    mass = np.arange(1, len(order) + 1) if weights is None else np.cumsum(weights[order])
    n_bins = max(1, min(n_bins, int(mass[-1] // SMALLEST_BIN)))
    ranks = np.floor(np.arange(1, n_bins) * mass[-1] / n_bins)
    starts = confidence[order[np.searchsorted(mass, ranks, side="right")]]
    numbers = np.searchsorted(np.unique(starts), confidence, side="right")
    # Ties can leave a bin without cases; number only those that have some.
    return np.unique(numbers, return_inverse=True)[1]


def check_forecasts(confidence: np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and outcomes as floats, if they are such and fit together."""
    confidence = np.asarray(confidence, dtype=np.float64)
    outcome = np.asarray(outcome, dtype=np.float64)
    if confidence.ndim != 1 or confidence.shape != outcome.shape:
        raise InputValueError(
            f"`confidence` and `outcome` must have the same shape (n,), got {confidence.shape} "
            f"and {outcome.shape}. Use `top_label` or `observed_cells` to make them."
        )
    bad = ~((confidence >= 0) & (confidence <= 1))
    if bad.any():
        row = int(bad.argmax())
        raise InputValueError(
            f"`confidence` must be in 0..1, got {confidence[row]} at row {row}. "
            "Give probabilities, not logits."
        )
    return confidence, check_outcomes(outcome)


def check_outcomes(outcome: np.ndarray) -> np.ndarray:
    """Return outcomes as floats, if each is 0 or 1."""
    outcome = np.asarray(outcome, dtype=np.float64)
    odd = (outcome != 0) & (outcome != 1)
    if odd.any():
        row = int(odd.argmax())
        raise InputValueError(
            f"`outcome` must be 0 or 1, got {outcome[row]} at row {row}. "
            "Say whether the event happened."
        )
    return outcome


def case_weights(weights: np.ndarray | None, n: int) -> np.ndarray | None:
    """Return weights as floats, if there is a finite one of at least 0 for each case."""
    if weights is None:
        return None
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (n,) or not np.all((weights >= 0) & np.isfinite(weights)):
        raise InputValueError(
            f"`weights` must hold a finite number of at least 0 for each of the {n} cases, got "
            f"{weights!r}. Leave them away to count all cases alike."
        )
    return weights
