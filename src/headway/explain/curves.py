"""Sigmoid, tanh and softmax as numbers to draw: values, slopes, Jacobians, noise.

    sigmoid'(z) = sigmoid(z) (1 - sigmoid(z))        at most 1/4
    tanh(z)     = 2 sigmoid(2 z) - 1                 tanh' = 1 - tanh^2, at most 1
    d softmax_k / d z_j = p_k ([k = j] - p_j)        every column sums to zero
    d sigmoid_k / d z_j = [k = j] p_k (1 - p_k)      zero off the diagonal
    sigmoid(z)  = P(logistic noise < z)

The noise is drawn as the difference of two Gumbel variates, so the sigmoid formula is nowhere in
the sample: sampling through the inverse of the sigmoid would prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.kernels import sigmoid, softmax
from headway.links import SigmoidLink, SoftmaxLink

__all__ = ["Curves", "trace_curves"]

EXAMPLE = (-0.5, 1.2, -0.1, 2.4)
OTHERS = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves on one grid, two Jacobians and a sample of noise.

    Attributes
    ----------
    z : float array (m,)
        The grid.
    sigmoid, sigmoid_slope, tanh, tanh_slope : float array (m,)
        Values and derivatives.
    tanh_by_sigmoid : float array (m,)
        2 sigmoid(2 z) - 1.
    others : float array (2,)
        The logits held still while the first one runs over the grid.
    softmax, softmax_slope : float array (m, 3)
        Softmax of (z, others), and its derivative by z: each row of slopes sums to zero.
    example : float array (4,)
        The logits of the Jacobians.
    softmax_jacobian, sigmoid_jacobian : float array (4, 4)
        Entry (k, j) is how prob k answers to logit j.
    noise : float array (size,)
        Sorted draws of logistic noise.
    distance : float
        The largest gap between the share of draws below z and sigmoid(z)
        (the Kolmogorov-Smirnov distance).
    """

    z: np.ndarray
    sigmoid: np.ndarray
    sigmoid_slope: np.ndarray
    tanh: np.ndarray
    tanh_slope: np.ndarray
    tanh_by_sigmoid: np.ndarray
    others: np.ndarray
    softmax: np.ndarray
    softmax_slope: np.ndarray
    example: np.ndarray
    softmax_jacobian: np.ndarray
    sigmoid_jacobian: np.ndarray
    noise: np.ndarray
    distance: float

    def to_dict(self) -> dict[str, Any]:
        """Return the curves as JSON-ready lists; of the noise only its size and distance."""
        names = (
            "z sigmoid sigmoid_slope tanh tanh_slope tanh_by_sigmoid others softmax "
            "softmax_slope example softmax_jacobian sigmoid_jacobian"
        )
        told: dict[str, Any] = {name: getattr(self, name).tolist() for name in names.split()}
        told["noise"] = {"size": len(self.noise), "distance": self.distance}
        return told


def trace_curves(*, points: int = 241, samples: int = 2000, random_state: int = 0) -> Curves:
    """Return the curves on a grid from -6 to 6, with `samples` draws of logistic noise.

    Examples
    --------
    >>> curves = trace_curves()
    >>> float(curves.sigmoid_slope.max()), float(curves.tanh_slope.max())
    (0.25, 1.0)
    >>> bool(abs(curves.softmax_jacobian.sum(axis=0)).max() < 1e-15)
    True
    >>> curves.distance < 0.03
    True
    """
    z = np.linspace(-6.0, 6.0, points)
    soft, hard = SoftmaxLink(), SigmoidLink()
    others = np.asarray(OTHERS)
    rows = np.column_stack([z, np.broadcast_to(others, (points, len(others)))])
    probs = softmax(rows)
    first = np.zeros_like(rows)
    first[:, 0] = 1.0
    example = np.asarray(EXAMPLE)
    values = sigmoid(z)
    tanh = np.tanh(z)
    rng = np.random.default_rng(random_state)
    noise = np.sort(rng.gumbel(size=samples) - rng.gumbel(size=samples))
    below = np.arange(samples) / samples
    truth = sigmoid(noise)
    return Curves(
        z=z,
        sigmoid=values,
        sigmoid_slope=values * (1.0 - values),
        tanh=tanh,
        tanh_slope=1.0 - tanh**2,
        tanh_by_sigmoid=2.0 * sigmoid(2.0 * z) - 1.0,
        others=others,
        softmax=probs,
        softmax_slope=soft.jacobian_product(probs, first),
        example=example,
        softmax_jacobian=_jacobian(soft, example),
        sigmoid_jacobian=_jacobian(hard, example),
        noise=noise,
        distance=float(np.maximum(abs(below - truth), abs(below + 1 / samples - truth)).max()),
    )


def _jacobian(link: SoftmaxLink | SigmoidLink, logits: np.ndarray) -> np.ndarray:
    """Return the Jacobian of the probs by the logits: row k holds the answers of prob k."""
    size = len(logits)
    probs = np.broadcast_to(link.to_probs(logits[None, :]), (size, size))
    return link.jacobian_product(probs, np.eye(size)).T
