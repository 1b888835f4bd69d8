"""Slopes, mixtures and intercepts of a softmax, shrunk towards one temperature.

    x = log softmax(z / T)                    T fitted first, and then left alone
    calibrated logits = A x + b               A = diag(slope), or a whole matrix

    least  cross-entropy + K |diag(A) - 1|^2 + K |b|^2 + K (K - 1) |A off the diagonal|^2

The cross-entropy is summed over the rows in nats, so that the penalty weighs less the more rows
there are: with few of them what is left is the temperature.  These strengths are the defaults of
Berta et al. (2025), who chose them on many data sets; penalties of their own for what lies off
the diagonal and for the intercept are from Kull et al. (2019).  A class with fewer than 20 rows,
or all but 20, keeps slope 1 and intercept 0: ten for each of its two numbers.

The function is strictly convex; L-BFGS finds its least value with exact gradients, on coefficients
that are scaled to like curvatures.  The trap: a slope for each class is not blind to a shift of
all logits of a row, but log-probabilities are the same for every shift.

References
----------
Berta, Holzmüller, Jordan and Bach (2025), "Structured Matrix Scaling for Multi-Class
Calibration", arXiv 2511.03685;
Kull, Perello-Nieto, Kängsepp, Silva Filho, Song and Flach (2019), "Beyond temperature scaling:
obtaining well-calibrated multiclass probabilities with Dirichlet calibration", NeurIPS.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from headway.calibration.rows import CalibrationRows
from headway.calibration.temperature import Temperature
from headway.kernels import log_softmax

__all__ = ["Affine", "fit_affine", "free_classes", "mapped", "tempered"]

ROWS_FOR_A_CLASS = 20.0
CELLS_AT_A_TIME = 1 << 20
STEPS, MEMORY = 1000, 30
SETTLED = 1e-12  # share of the loss


@dataclass(frozen=True)
class Affine:
    """A temperature, then A (K, K), or its diagonal (K,), and b (K,)."""

    temperature: float
    a: np.ndarray
    b: np.ndarray


def tempered(logits: np.ndarray, temperature: float, /) -> np.ndarray:
    """Return log softmax(z / T) (n, K), in the dtype of floating logits."""
    return log_softmax(np.ascontiguousarray(Temperature(temperature)(logits)))


def free_classes(rows: CalibrationRows, /) -> np.ndarray:
    """Return which classes (K,) have rows enough for numbers of their own; weights count."""
    assert rows.labels is not None
    mass = np.bincount(rows.labels, rows.weights, minlength=rows.logits.shape[1])
    return np.minimum(mass, rows.total - mass) >= ROWS_FOR_A_CLASS


def fit_affine(rows: CalibrationRows, free: np.ndarray, /, *, whole: bool) -> Affine:
    """Return the map of least penalised cross-entropy.

    Parameters
    ----------
    rows : CalibrationRows
        Of exclusive classes.
    free : boolean array of shape (K,)
        Classes with numbers of their own.
    whole : bool
        Whether A may leave its diagonal.
    """
    assert rows.labels is not None
    k = rows.logits.shape[1]
    temperature = Temperature.fit(rows.logits, rows.labels, weights=rows.weights).value
    start = np.eye(k) if whole else np.ones(k)
    if not free.any():
        return Affine(temperature, start, np.zeros(k))
    problem = _Problem(rows, tempered(rows.logits, temperature), free, whole)
    scale = 1.0 / np.sqrt(problem.curvature())
    found = minimize(
        lambda theta: problem(theta, scale),
        np.zeros(scale.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS, "maxcor": MEMORY, "ftol": SETTLED, "gtol": 1e-6},
    )
    a, b = problem.parts(found.x * scale)
    return Affine(temperature, a, b)


class _Problem:
    """The penalised cross-entropy as a function of what differs from the temperature alone."""

    def __init__(self, rows: CalibrationRows, x: np.ndarray, free: np.ndarray, whole: bool):
        self.rows, self.x, self.free, self.whole = rows, x, free, whole
        k = len(free)
        self.eye = np.eye(k) if whole else np.ones(k)
        self.strength = k * (k - 1.0) + (k - k * (k - 1.0)) * self.eye if whole else k * self.eye

    def parts(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return A and b of the free numbers."""
        a, b = self.eye.copy(), np.zeros(len(self.free))
        b[self.free] = theta[-self.free.sum() :]
        a[self.free] += theta[: -self.free.sum()].reshape(a[self.free].shape)
        return a, b

    def _join(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a[self.free].ravel(), b[self.free]])

    def __call__(self, theta: np.ndarray, scale: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the value and its gradient by theta, where theta * scale are the numbers."""
        k = len(self.free)
        a, b = self.parts(theta * scale)
        away = a - self.eye
        loss = float((self.strength * away**2).sum() + k * (b**2).sum())
        by_a, by_b = 2.0 * self.strength * away, 2.0 * k * b
        for x, labels, weights in self._chunks():
            log_probs = log_softmax(mapped(x, a, b))
            picked = np.arange(len(labels)), labels
            loss -= float(weights @ log_probs[picked])
            residual = np.exp(log_probs)
            residual[picked] -= 1.0
            residual *= weights[:, None]
            by_b += residual.sum(axis=0)
            x = _finite(x)
            by_a += residual.T @ x if self.whole else np.einsum("nk,nk->k", residual, x)
        return loss, self._join(by_a, by_b) * scale

    def curvature(self) -> np.ndarray:
        """Return the diagonal of the Hessian at the temperature alone."""
        k = len(self.free)
        by_a, by_b = 2.0 * self.strength, np.full(k, 2.0 * k)
        for x, _, weights in self._chunks():
            probs = np.exp(x)
            bent = probs * (1.0 - probs) * weights[:, None]
            x = _finite(x)
            by_b += bent.sum(axis=0)
            by_a += bent.T @ x**2 if self.whole else np.einsum("nk,nk->k", bent, x**2)
        return self._join(by_a, by_b)

    def _chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        assert self.rows.labels is not None
        step = max(1, CELLS_AT_A_TIME // self.x.shape[1])
        for start in range(0, len(self.x), step):
            some = slice(start, start + step)
            x, labels = self.x[some].astype(np.float64), self.rows.labels[some]
            weights = self.rows.weights
            yield x, labels, np.ones(len(x)) if weights is None else weights[some]


def mapped(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return A x + b for rows x (n, K); what is impossible under a diagonal stays so."""
    if a.ndim == 2:
        return x @ a.T + b
    return np.where(x > -np.inf, _finite(x) * a + b, -np.inf)


def _finite(x: np.ndarray) -> np.ndarray:
    """Return x with 0 for what is impossible: its probability is 0, whatever its slope."""
    return np.where(x > -np.inf, x, 0.0)
