"""Scores of probabilities and decisions, one value a row (or a label).

With p the probabilities of a row, y its label and t the one-hot (or 0/1) row of y:

    log-loss = -log p[y]                     (exclusive classes, nats)
    Brier    = sum_k (p_k - t_k)^2           (exclusive classes, 0..2)

Both are proper: no other probabilities score better on average than the true ones.
The log-loss takes LOG-probabilities: `log(p)` of a probability that underflowed is -inf where
the truth is finite, and one such row spoils the mean.

Label matrices may hold NaN (not observed): such cells count nowhere, and a row without an
observed cell scores NaN, which every mean and interval of `headway.metrics` leaves out.
Accuracy, confusion matrices and ranking scores of complete labels are scikit-learn's.
"""

from __future__ import annotations

import numpy as np

from headway.errors import InputValueError
from headway.losses import binary_cross_entropy

__all__ = ["brier_score", "cell_brier_score", "cell_log_loss", "f1_score", "hits", "log_loss"]


def hits(predictions: np.ndarray, labels: np.ndarray, /) -> np.ndarray:
    """Return 1.0 for each row decided rightly and 0.0 for the others; their mean is accuracy.

    Parameters
    ----------
    predictions, labels : integer arrays of shape (n,), or 0/1 arrays of shape (n, L)
        For matrices a row is right when all its observed labels are (subset accuracy).

    Returns
    -------
    float array of shape (n,)
        0, 1, or NaN where no label of the row was observed.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> hits(np.array([0, 2, 1]), np.array([0, 1, 1]))
    array([1., 0., 1.])
    >>> hits(np.array([[1, 0], [1, 0]]), np.array([[1.0, np.nan], [1.0, 1.0]]))
    array([1., 0.])
    """
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    _check_same_shape(predictions, labels)
    if labels.ndim == 1:
        return (predictions == labels).astype(np.float64)
    missing = np.isnan(np.asarray(labels, dtype=np.float64))
    right = ((predictions == labels) | missing).all(axis=1).astype(np.float64)
    right[missing.all(axis=1)] = np.nan
    return right


def log_loss(log_probs: np.ndarray, labels: np.ndarray, /) -> np.ndarray:
    """Return minus the log-probability of each row's true class, in nats.

    Parameters
    ----------
    log_probs : float array of shape (n, K)
        Logarithms of probabilities that sum to 1 in each row (`predict_log_proba`).
    labels : integer array of shape (n,)
        True classes, 0..K-1.

    Returns
    -------
    float array of shape (n,)
        Non-negative; `inf` where the true class was held impossible.

    Raises
    ------
    ValueError
        If a label is outside 0..K-1 or the numbers of rows differ.

    References
    ----------
    Good (1952), "Rational Decisions", JRSS B 14(1).

    Examples
    --------
    >>> import numpy as np
    >>> log_loss(np.log([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 1]))
    array([0.69314718, 0.22314355])
    """
    log_probs, labels = np.asarray(log_probs, dtype=np.float64), np.asarray(labels)
    _check_classes(log_probs, labels, "log_probs")
    # 0.0 - x rather than -x: a certain and right row scores 0.0, not -0.0.
    return 0.0 - np.take_along_axis(log_probs, labels[:, None], axis=1)[:, 0]


def brier_score(probs: np.ndarray, labels: np.ndarray, /) -> np.ndarray:
    """Return the squared distance of each row of `probs` from the one-hot truth.

    Parameters
    ----------
    probs : float array of shape (n, K)
        Values in 0..1.  They need not sum to 1, so raw sigmoid values can be scored too.
    labels : integer array of shape (n,)
        True classes, 0..K-1.

    Returns
    -------
    float array of shape (n,)
        Summed over classes, as Brier defined it: 0 is perfect, 2 is certain and wrong.

    Raises
    ------
    ValueError
        If a label is outside 0..K-1 or the numbers of rows differ.

    References
    ----------
    Brier (1950), "Verification of Forecasts Expressed in Terms of Probability",
    Monthly Weather Review 78(1).

    Examples
    --------
    >>> import numpy as np
    >>> brier_score(np.array([[0.6, 0.4], [0.0, 1.0]]), np.array([0, 0]))
    array([0.32, 2.  ])
    """
    probs, labels = np.asarray(probs, dtype=np.float64), np.asarray(labels)
    _check_classes(probs, labels, "probs")
    distance = probs.copy()
    distance[np.arange(len(labels)), labels] -= 1.0
    return (distance**2).sum(axis=1)


def cell_log_loss(logits: np.ndarray, targets: np.ndarray, /) -> np.ndarray:
    """Return the binary log-loss of each row's observed cells, averaged over them, in nats.

    Parameters
    ----------
    logits : float array of shape (n, L)
        Logits of independent sigmoids; taken instead of probabilities so that nothing rounds.
    targets : array of shape (n, L)
        0, 1, or NaN for a cell that was not observed.

    Returns
    -------
    float array of shape (n,)
        NaN for a row with no observed cell.

    Examples
    --------
    >>> import numpy as np
    >>> cell_log_loss(np.zeros((2, 2)), np.array([[1.0, 0.0], [np.nan, 1.0]]))
    array([0.69314718, 0.69314718])
    """
    logits = np.asarray(logits, dtype=np.float64)
    targets = np.asarray(targets, dtype=np.float64)
    _check_same_shape(logits, targets)
    return _per_observed_cell(binary_cross_entropy(logits, targets), targets)


def cell_brier_score(probs: np.ndarray, targets: np.ndarray, /) -> np.ndarray:
    """Return the squared error of each row's observed cells, averaged over them.

    Parameters
    ----------
    probs : float array of shape (n, L)
        Probabilities of independent labels, 0..1.
    targets : array of shape (n, L)
        0, 1, or NaN for a cell that was not observed.

    Returns
    -------
    float array of shape (n,)
        0..1; NaN for a row with no observed cell.

    Examples
    --------
    >>> import numpy as np
    >>> cell_brier_score(np.array([[0.5, 1.0]]), np.array([[1.0, np.nan]]))
    array([0.25])
    """
    probs, targets = np.asarray(probs, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    _check_same_shape(probs, targets)
    return _per_observed_cell(np.nansum((probs - targets) ** 2, axis=1), targets)


def f1_score(
    predictions: np.ndarray,
    targets: np.ndarray,
    /,
    *,
    average: str,
    weights: np.ndarray | None = None,
) -> float:
    """Return the F1 score of label-matrix decisions, over observed cells only.

    Parameters
    ----------
    predictions : 0/1 array of shape (n, L)
        Decisions.
    targets : array of shape (n, L)
        0, 1, or NaN for a cell that was not observed.
    average : {"micro", "macro"}
        All cells pooled, or the unweighted mean over labels.
    weights : array of shape (n,), optional
        Row weights (a bootstrap draw counts a row as often as it was drawn).

    Returns
    -------
    float
        0..1.  A label that is neither present nor predicted anywhere scores 0, as in
        scikit-learn.

    Raises
    ------
    ValueError
        For another `average`, or if the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> f1_score(np.array([[1, 1], [0, 1]]), np.array([[1, 0], [0, 1]]), average="macro")
    0.8333333333333333
    """
    predictions = np.asarray(predictions, dtype=np.float64)
    targets = np.asarray(targets, dtype=np.float64)
    _check_same_shape(predictions, targets)
    if average not in ("micro", "macro"):
        raise InputValueError(
            f'`average` must be "micro" or "macro", got {average!r}. Choose one of the two.'
        )
    weights = np.ones(len(targets)) if weights is None else np.asarray(weights, dtype=np.float64)
    # F1 = 2 tp / (predicted + present), so three sums over rows are all it needs.
    twice_hits = 2.0 * (weights @ np.where(targets == 1, predictions, 0.0))
    marked = weights @ np.where(np.isnan(targets), 0.0, predictions + targets)
    if average == "micro":
        return float(twice_hits.sum() / marked.sum()) if marked.sum() > 0 else 0.0
    return float(np.mean(twice_hits / np.where(marked > 0, marked, 1.0)))


def _per_observed_cell(sums: np.ndarray, targets: np.ndarray) -> np.ndarray:
    observed = (~np.isnan(targets)).sum(axis=1)
    return np.where(observed > 0, sums / np.maximum(observed, 1), np.nan)


def _check_same_shape(values: np.ndarray, labels: np.ndarray) -> None:
    if values.shape != labels.shape:
        raise InputValueError(
            f"What is scored must have the shape of the truth {labels.shape}, got "
            f"{values.shape}. Score one decision for each label."
        )


def _check_classes(values: np.ndarray, labels: np.ndarray, name: str) -> None:
    if values.ndim != 2 or labels.shape != values.shape[:1]:
        raise InputValueError(
            f"`{name}` must have shape (n, K) and `labels` shape (n,), got {values.shape} and "
            f"{labels.shape}. Give one row of {name} for each label."
        )
    outside = (labels < 0) | (labels >= values.shape[1])
    if outside.any():
        row = int(outside.argmax())
        raise InputValueError(
            f"`labels` must be in 0..{values.shape[1] - 1}, got {labels[row]} at row {row}. "
            "Encode class names with `LabelEncoder` first."
        )
