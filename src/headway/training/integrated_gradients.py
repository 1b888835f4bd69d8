"""Integrated gradients: how much each feature moved a logit of a network.

    contribution_i = (x_i - b_i) * mean over t in 0..1 of  dz/dx_i at b + t (x - b)

The contributions of a row x, compared with a baseline b, add up to z(x) - z(b): the fundamental
theorem of calculus along a straight line.  The mean is an integral, done by Gauss's rule on more
and more pieces of the line until the sum comes out right.  The trap: relu and the maximum of
pixels have kinks, where any rule converges slowly; what is left of the error is returned.

References
----------
Sundararajan, Taly and Yan (2017), "Axiomatic Attribution for Deep Networks", ICML.
"""

from dataclasses import dataclass

import numpy as np
import torch

from headway.models.layers import Network

__all__ = ["PathIntegral", "integrate_gradients"]

NODES = 4  # of Gauss's rule on each piece: exact for polynomials of degree 7
FIRST_PIECES = 4
AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class PathIntegral:
    """Contributions along a straight line, and how well they add up.

    Attributes
    ----------
    values : float64 array of shape (m, d)
        One row for each direction.
    error : float
        The largest |sum of the contributions - (z(x) - z(baseline))| of the directions.
    steps : int
        Points of the line at which the gradient was read.
    """

    values: np.ndarray
    error: float
    steps: int


def integrate_gradients(
    network: Network,
    row: np.ndarray,
    baseline: np.ndarray,
    directions: np.ndarray,
    /,
    *,
    tolerance: float,
    most_steps: int,
) -> PathIntegral:
    """Return the contribution of each feature to directions @ logits.

    Parameters
    ----------
    network : Network
        From unscaled features to logits.
    row, baseline : floating arrays of shape (1, ...)
        Features as the network takes them.
    directions : float array of shape (m, K)
        What is asked: a logit is a row of zeros with a 1, a difference of logits has a -1 too.
    tolerance : float
        The error at which to stop, in logits, or relative to a change larger than 1.
    most_steps : int
        At which number of points to stop all the same; at least 16 are taken.
    """
    network.eval()
    start = torch.from_numpy(np.array(baseline, dtype=np.float64))
    line = torch.from_numpy(np.array(row, dtype=np.float64)) - start
    asked = torch.from_numpy(np.array(directions, dtype=np.float32))
    with torch.no_grad():
        ends = network(torch.cat([start, start + line])).double() @ asked.double().T
    change = (ends[1] - ends[0]).numpy()
    pieces = FIRST_PIECES
    while True:
        slopes = _mean_slopes(network, start, line, asked, pieces)
        values = slopes * line.numpy().reshape(1, -1)
        errors = np.abs(values.sum(axis=1) - change)
        enough = np.all(errors <= tolerance * np.maximum(1.0, np.abs(change)))
        if enough or 2 * pieces * NODES > most_steps:
            return PathIntegral(values, float(errors.max(initial=0.0)), pieces * NODES)
        pieces *= 2


def _mean_slopes(
    network: Network, start: torch.Tensor, line: torch.Tensor, asked: torch.Tensor, pieces: int
) -> np.ndarray:
    """Return the mean gradient of each direction along the line, (m, d)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    places = ((np.arange(pieces)[:, None] + (nodes + 1.0) / 2.0) / pieces).ravel()
    shares = np.tile(weights / (2.0 * pieces), pieces)
    sums = torch.zeros((len(asked), line.numel()), dtype=torch.float64)
    for first in range(0, len(places), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        t = torch.from_numpy(places[some]).reshape(-1, *([1] * (line.ndim - 1)))
        points = (start + t * line).requires_grad_(True)
        logits = network(points)
        share = torch.from_numpy(shares[some])
        for number, direction in enumerate(asked):
            last = number == len(asked) - 1
            (slope,) = torch.autograd.grad(
                (logits @ direction).sum(), points, retain_graph=not last
            )
            sums[number] += share @ slope.flatten(1)
    return sums.numpy()
