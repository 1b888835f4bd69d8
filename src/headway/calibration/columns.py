"""Logistic regressions of each label on a few features of its own logit, side by side.

    calibrated logit = <coefficients, features>
    loss = cross-entropy + sum of  strength / 2 (coefficient - centre)^2

Newton's method, label by label on its own rows: the features of a label lie next to each other,
and the loss is convex.  Targets enter once, as sums of target times feature.  The trap: features
that say the same twice have no least value; the Hessian is scaled to a unit diagonal and then
lifted by a hair, which leaves what the rows cannot tell at its start.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from headway.calibration.rows import CalibrationRows
from headway.kernels import sigmoid, softplus

__all__ = ["Fit", "Prior", "fit_columns", "soft_targets"]

STEPS, HALVINGS = 100, 40
SETTLED = 1e-10  # share of the loss that a step promises: the step after it is exact enough
HAIR = 1e-12
CELLS_AT_A_TIME = 1 << 17


@dataclass(frozen=True)
class Prior:
    """A normal prior of each coefficient: its centre and one over its variance, (F,) both."""

    centre: np.ndarray
    strength: np.ndarray


class Fit(NamedTuple):
    """Coefficients (L, F) and losses (L,) with the prior's part, in nats."""

    coefficients: np.ndarray
    loss: np.ndarray


def soft_targets(rows: CalibrationRows) -> np.ndarray:
    """Return Platt's targets (n, L), which are never certain; NaN where missing.

    (positives + 1) / (positives + 2) for a positive and 1 / (negatives + 2) for a negative.
    """
    assert rows.targets is not None
    t = rows.targets.astype(np.float64)
    weights = np.ones(len(t)) if rows.weights is None else rows.weights
    positives = weights @ (t == 1)
    negatives = weights @ (t == 0)
    return np.where(
        t > 0,
        (positives + 1.0) / (positives + 2.0),
        np.where(t == 0, 1.0 / (negatives + 2.0), np.nan),
    )


def fit_columns(
    rows: CalibrationRows,
    targets: np.ndarray,
    features: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    /,
    *,
    held: np.ndarray,
    prior: Prior,
) -> Fit:
    """Return the coefficients of least loss for every label.

    Parameters
    ----------
    rows : CalibrationRows
        Of independent labels.
    targets : float64 array of shape (n, L)
        In 0..1, NaN where missing.
    features : function
        Of logits (l, n) to features (l, F, n).
    start : float64 array of shape (L, F)
        Where the search starts.
    held : boolean array of shape (L, F)
        Coefficients that stay at their start.
    prior : Prior
        What the loss draws to.
    """
    coefficients, loss = start.copy(), np.empty(len(start))
    for some in _chunks(*rows.logits.shape):
        z = np.ascontiguousarray(rows.logits[:, some].T, dtype=np.float64)
        t = np.ascontiguousarray(targets[:, some].T)
        missing = np.isnan(t)
        weights = None if rows.weights is None else np.broadcast_to(rows.weights, t.shape)
        if missing.any():
            t = np.where(missing, 0.0, t)
            weights = np.where(missing, 0.0, 1.0 if weights is None else weights)
        problem = _Columns(features(z), t, weights, prior)
        coefficients[some], loss[some] = _newton(problem, start[some], held[some])
    return Fit(coefficients, loss)


def _chunks(n: int, columns: int) -> Iterator[slice]:
    step = max(1, CELLS_AT_A_TIME // n)
    return (slice(start, start + step) for start in range(0, columns, step))


class _Columns:
    """The losses of some labels, as functions of their coefficients (l, F)."""

    def __init__(
        self,
        features: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray | None,
        prior: Prior,
    ):
        self.features, self.weights, self.prior = features, weights, prior
        mass = targets if weights is None else targets * weights
        self.observed = _sums(features, mass)

    def __call__(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the losses (l,), gradients (l, F) and Hessians (l, F, F)."""
        y = np.matmul(coefficients[:, None, :], self.features)[:, 0, :]
        p = sigmoid(y)
        mass = p if self.weights is None else p * self.weights
        away = coefficients - self.prior.centre
        cells = softplus(y)
        total = cells.sum(axis=1) if self.weights is None else (cells * self.weights).sum(axis=1)
        loss = total - (coefficients * self.observed).sum(axis=1)
        loss += 0.5 * (self.prior.strength * away**2).sum(axis=1)
        gradient = _sums(self.features, mass) - self.observed + self.prior.strength * away
        bent = mass * (1.0 - p)
        hessian = np.matmul(self.features * bent[:, None, :], self.features.transpose(0, 2, 1))
        return loss, gradient, hessian + np.diag(self.prior.strength)


def _sums(features: np.ndarray, mass: np.ndarray) -> np.ndarray:
    return np.matmul(features, mass[:, :, None])[:, :, 0]


def _newton(
    problem: _Columns, start: np.ndarray, held: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    coefficients = start
    loss, gradient, hessian = problem(coefficients)
    for _ in range(STEPS):
        step = _step(gradient, hessian, held)
        promised = -0.5 * (gradient * step).sum(axis=1)
        if np.all(promised <= SETTLED * loss):
            return coefficients + step, loss - promised
        length = np.ones((len(loss), 1))
        for _ in range(HALVINGS):
            following = problem(coefficients + length * step)
            worse = following[0] > loss * (1.0 + 1e-14)
            if not worse.any():
                break
            length = np.where(worse[:, None], length / 2, length)
        coefficients = coefficients + length * step
        loss, gradient, hessian = following
    return coefficients, loss


def _step(gradient: np.ndarray, hessian: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return Newton's step; what is held, or has no curvature, does not move."""
    size = np.sqrt(np.einsum("lff->lf", hessian))
    still = held | (size == 0.0)
    scale = np.where(still, 0.0, 1.0 / np.where(still, 1.0, size))
    scaled = hessian * scale[:, :, None] * scale[:, None, :]
    diagonal = np.einsum("lff->lf", scaled)
    diagonal[:] = 1.0 + HAIR
    return -scale * np.linalg.solve(scaled, (scale * gradient)[:, :, None])[:, :, 0]
