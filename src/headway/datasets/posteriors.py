"""The exact posteriors of the made-up data, with the error that no classifier can beat.

    Bayes error = E[1 - max_k P(k | X)]              one class a row
                = mean over l of E[min(p_l, 1 - p_l)]     label sets, cell by cell

Expectations are integrals over the known density, not averages over a sample.  The kink where
the best class changes spoils high-order quadrature, so in the plane a fine grid is summed:
there the rectangle rule's error is second order in the step, 1e-5 or better.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad

from headway.errors import InputValueError
from headway.kernels import logsumexp, sigmoid, softmax

__all__ = ["BlobsPosterior", "LabelSetsPosterior", "MoonsPosterior", "moon_points"]

LEAST_NOISE = 0.02
GRID_STEP = 0.02  # in standard deviations of the noise
TAIL = 8.0  # standard deviations; what lies beyond weighs 1e-14
CHUNK = 1 << 22  # cells of a work array: 32 MB


@dataclass(frozen=True, eq=False)
class BlobsPosterior:
    """Gives P(class | x) for Gaussian clouds with unit covariance.

    Attributes
    ----------
    centers : ndarray of shape (K, d)
        Zero beyond the second column.
    shares : ndarray of shape (K,)
        Probabilities of the classes.
    """

    centers: np.ndarray
    shares: np.ndarray

    def logits(self, X: np.ndarray, /) -> np.ndarray:
        """Return log P(x, k) up to a constant of x, shape (n, K): linear in x."""
        offsets = np.log(self.shares) - 0.5 * np.sum(self.centers**2, axis=1)
        return X @ self.centers.T + offsets

    def __call__(self, X: np.ndarray, /) -> np.ndarray:
        """Return P(class | x), shape (n, K)."""
        return softmax(self.logits(np.asarray(X, dtype=np.float64)))

    def bayes_error(self) -> float:
        """Return the least possible probability of naming the wrong class."""
        plane = BlobsPosterior(self.centers[:, :2], self.shares)

        def log_densities(points: np.ndarray) -> np.ndarray:
            square = 0.5 * np.sum(points**2, axis=1, keepdims=True)
            return plane.logits(points) - square - np.log(2 * np.pi)

        low, high = plane.centers.min(axis=0) - TAIL, plane.centers.max(axis=0) + TAIL
        return _integrated_error(log_densities, low, high, GRID_STEP, len(self.shares))


@dataclass(frozen=True, eq=False)
class MoonsPosterior:
    """Gives P(class | x) for two blurred half circles, equally likely.

    The density of a class is an integral over its half circle,

        p(x | k) = 1/pi int_0^pi N(x; point_k(t), noise^2 I) dt,

    whose integrand is analytic, so Gauss-Legendre quadrature gains digits exponentially:
    with 40 + 8 / noise nodes doubling them changes log-densities by less than 1e-10.

    Attributes
    ----------
    noise : float
        Standard deviation of the blur.
    """

    noise: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.noise) and self.noise >= LEAST_NOISE):
            raise InputValueError(
                f"`noise` must be at least {LEAST_NOISE}, got {self.noise}: below that the "
                "posterior is 0 or 1 almost everywhere."
            )

    def log_densities(self, X: np.ndarray, /, *, refine: int = 1) -> np.ndarray:
        """Return log p(x | k), shape (n, 2); `refine` multiplies the quadrature nodes."""
        X = np.asarray(X, dtype=np.float64)
        nodes, weights = np.polynomial.legendre.leggauss(refine * int(40 + 8 / self.noise))
        angles, log_weights = np.pi * (nodes + 1) / 2, np.log(weights / 2)
        result = np.empty((len(X), 2))
        step = max(1, CHUNK // len(angles))
        for start in range(0, len(X), step):
            part = X[start : start + step]
            for label in (0, 1):
                points = moon_points(angles, np.full(len(angles), label))
                square = (part[:, :1] - points[:, 0]) ** 2 + (part[:, 1:] - points[:, 1]) ** 2
                terms = log_weights - square / (2 * self.noise**2)
                result[start : start + step, label] = logsumexp(terms)
        return result - np.log(2 * np.pi * self.noise**2)

    def logits(self, X: np.ndarray, /) -> np.ndarray:
        """Return log p(x | k), shape (n, 2): their difference is the one binary logit."""
        return self.log_densities(X)

    def __call__(self, X: np.ndarray, /) -> np.ndarray:
        """Return P(class | x), shape (n, 2)."""
        return softmax(self.logits(X))

    def bayes_error(self) -> float:
        """Return the least possible probability of naming the wrong class."""
        margin = TAIL * self.noise
        low, high = np.array([-1.0, -0.5]) - margin, np.array([2.0, 1.0]) + margin
        step = max(self.noise / 10, 0.004)

        def log_densities(points: np.ndarray) -> np.ndarray:
            return self.log_densities(points) - np.log(2)

        return _integrated_error(log_densities, low, high, step, 2)


@dataclass(frozen=True, eq=False)
class LabelSetsPosterior:
    """Gives P(label | x) for labels that are independent given standard normal features.

    Attributes
    ----------
    coef : ndarray of shape (L, d)
        Coefficients of the true logits.
    intercept : ndarray of shape (L,)
        Their intercepts.
    """

    coef: np.ndarray
    intercept: np.ndarray

    def logits(self, X: np.ndarray, /) -> np.ndarray:
        """Return the true logits, shape (n, L)."""
        return np.asarray(X, dtype=np.float64) @ self.coef.T + self.intercept

    def __call__(self, X: np.ndarray, /) -> np.ndarray:
        """Return P(label | x), shape (n, L)."""
        return sigmoid(self.logits(X))

    def bayes_error(self) -> float:
        """Return the least possible share of wrong cells.

        The logit of label l is normal with mean b_l and deviation |w_l|, so each label's
        error is an integral over one number.
        """
        errors = []
        for row, shift in zip(self.coef, self.intercept, strict=True):
            scale = float(np.linalg.norm(row))

            def wrong(u: float, scale: float = scale, shift: float = float(shift)) -> float:
                return float(sigmoid(np.array([-abs(scale * u + shift)]))[0]) * np.exp(-u * u / 2)

            kink = [] if scale == 0 else [np.clip(-shift / scale, -TAIL, TAIL)]
            value, _ = quad(wrong, -TAIL, TAIL, points=kink or None, epsabs=1e-12, limit=200)
            errors.append(value / np.sqrt(2 * np.pi))
        return float(np.mean(errors))


def moon_points(angles: np.ndarray, labels: np.ndarray, /) -> np.ndarray:
    """Return points on the two half circles, shape (n, 2); angles in 0..pi.

    Examples
    --------
    >>> moon_points(np.array([0.0, 0.0]), np.array([0, 1])).tolist()
    [[1.0, 0.0], [0.0, 0.5]]
    """
    x, y = np.cos(angles), np.sin(angles)
    upper = labels == 0
    return np.column_stack([np.where(upper, x, 1 - x), np.where(upper, y, 0.5 - y)])


def _integrated_error(
    log_densities: Callable[[np.ndarray], np.ndarray],
    low: np.ndarray,
    high: np.ndarray,
    step: float,
    n_classes: int,
) -> float:
    """Return the integral over a rectangle of the density outside the best class."""
    first = np.arange(low[0], high[0], step)
    second = np.arange(low[1], high[1], step)
    total = 0.0
    rows = max(1, CHUNK // (len(second) * n_classes))
    for start in range(0, len(first), rows):
        mesh = np.meshgrid(first[start : start + rows], second, indexing="ij")
        points = np.column_stack([axis.ravel() for axis in mesh])
        joint = np.exp(log_densities(points))
        total += float(np.sum(np.sum(joint, axis=1) - np.max(joint, axis=1)))
    return total * step * step
