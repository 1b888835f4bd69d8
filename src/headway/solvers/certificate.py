"""A rigorous lower bound on the optimum, from two float64 passes over the rows.

For any probabilities q with sum_i w_i (q_i - t_i) = 0 in every class, Fenchel's inequality
potential(z) >= <q, z> - (-entropy(q)) gives, whatever the weights,

    optimum >= D(q) = sum_i w_i entropy(q_i) - sum_j |sum_i w_i (q_i - t_i) x_ij|^2 / (2 penalty_j)

The optimum's own probabilities make it an equality.  Those are not known, but Newton's step s
predicts them to second order: q = p + J X s, which turns the sum in D into the (small) error of
s instead of the gradient.  That makes the bound tight: taking q = p costs 10 to 70 times as much.

Three repairs keep q admissible: values below 0 are cut off; a small tilt q + J(q) b, which cannot
leave 0..1, takes out what is left of the constraint; and where that does not do, a shift and a mix
with the class shares.  (The mix comes last because it is dear: it gives mass to cells of almost
none, which costs about its weight times the size of their logits.)  The trap: D is a difference
of large sums, so logits, entropies and sums are float64 here even when the features are float32.
(q itself may be rounded: any admissible q gives a bound.)

References
----------
Rifkin and Lippert (2007), "Value regularization and Fenchel duality", JMLR 8;
Blondel, Martins and Niculae (2020), "Learning with Fenchel-Young losses", JMLR 21.
"""

from dataclasses import dataclass

import numpy as np

from headway.solvers.problem import LinearProblem

__all__ = ["Certificate", "certify"]

UNPENALISED_RESIDUAL = 1e-8
MOST_TILT = 1e-3  # beyond it the rounding of its products would show
TILT_STEPS, SOLVED = 50, 1e-13  # float32 products go no further


@dataclass(frozen=True)
class Certificate:
    """What a certifying pass found, for each independent part, (G, 1).

    Attributes
    ----------
    values : float64 array
        The objective at the weights.
    next_values : float64 array
        The objective after the full step.
    bounds : float64 array
        Lower bounds on the optimum; -inf where nothing could be shown.
    """

    values: np.ndarray
    next_values: np.ndarray
    bounds: np.ndarray


def certify(problem: LinearProblem, weights: np.ndarray, step: np.ndarray, /) -> Certificate:
    """Return the objective at `weights` and one `step` on, with a lower bound on the optimum.

    Parameters
    ----------
    problem : LinearProblem
        The problem; its kept probs are overwritten.
    weights, step : float64 arrays of shape (K, d + 1)
        A point and (roughly) Newton's step from it.  The bound holds for ANY step; a good one
        makes it tight.

    Returns
    -------
    Certificate
        Values and bounds.
    """
    k, parts = problem.n_classes, problem.n_parts
    values, next_values, excess = np.empty(parts), np.empty(parts), np.empty(k)
    problem.passes.dual(weights, step, values, next_values, excess, problem.probs)
    there = weights + step
    values = values[:, None] + problem.penalties(weights, weights)
    next_values = next_values[:, None] + problem.penalties(there, there)

    tilt = _tilt(problem, excess)
    if tilt is None:
        tilt = np.zeros(k)
        shift, mix, shares = _shift_and_mix(problem, excess)
    else:
        shift, mix, shares = np.zeros(k), np.zeros(k), np.zeros(k)
    entropies, moments = np.empty(parts), np.empty(problem.shape)
    problem.passes.moments(
        problem.probs, weights, step, tilt, shift, shares, mix, entropies, moments
    )
    free = np.flatnonzero(problem.penalty == 0)
    bounds = entropies[:, None] - _conjugate(problem, moments)
    # Without a penalty the moments must vanish; what rounding leaves is charged against the
    # bound at the size of the weights that stand against it.
    left = np.abs(moments[:, free])
    bounds -= problem.dot(left, np.abs(there[:, free]))
    allowed = UNPENALISED_RESIDUAL * _sizes(problem, free)
    broken = np.any(left > allowed, axis=1, keepdims=True)
    bounds[np.any(broken) if problem.coupled else broken] = -np.inf
    return Certificate(values, next_values, bounds)


def _conjugate(problem: LinearProblem, moments: np.ndarray) -> np.ndarray:
    """Return the sum of moment^2 / (2 penalty) over the penalised features of each part."""
    penalty = problem.penalty
    inverse = np.divide(1.0, penalty, out=np.zeros_like(penalty), where=penalty > 0)
    return 0.5 * problem.parts(np.einsum("kj,kj,j->k", moments, moments, inverse))


def _tilt(problem: LinearProblem, excess: np.ndarray) -> np.ndarray | None:
    """Return b with sum_i w_i (q_i + J(q_i) b - t_i) = 0 in every class, or None if it is large.

    The sum is linear in b, and its matrix is met through products with q alone, so a few steps of
    conjugate gradients do.
    """
    if problem.probs is None:
        return None
    q = problem.probs
    missing = problem.masses[1] - excess
    if not problem.coupled:
        curvatures = problem.curvature_masses()
        tilt = np.divide(missing, curvatures, out=np.zeros_like(missing), where=curvatures > 0)
        return tilt if np.abs(tilt).max() < MOST_TILT else None
    weights = problem.rows.row_weights
    scale = 1.0 / np.maximum(excess, 1e-9 * excess.max())

    def product(b: np.ndarray) -> np.ndarray:
        mean = (q @ b.astype(np.float32)).astype(np.float64)
        if weights is not None:
            mean *= weights
        return excess * b - (mean.astype(np.float32) @ q)

    tilt = np.zeros_like(excess)
    residual = missing - missing.mean()
    direction = moved = scale * residual
    size = first = float(residual @ moved)
    for _ in range(TILT_STEPS):
        changed = product(direction)
        curvature = float(direction @ changed)
        if size <= SOLVED * first or curvature <= 0:
            break
        length = size / curvature
        tilt += length * direction
        residual = residual - length * changed
        moved = scale * residual
        new = float(residual @ moved)
        direction = moved + (new / size) * direction
        size = new
    small = np.abs(tilt).max() < MOST_TILT and np.isfinite(tilt).all()
    return tilt if small else None


def _shift_and_mix(
    problem: LinearProblem, excess: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (shift, mix, shares) that make sum_i w_i (q_i - t_i) vanish in every class.

    Subtracting the mean excess e from every row does it, but may push a q below 0; mixing in
    the class shares r with weight m >= e / (r + e) lifts it back, and (shares - targets) has
    weighted mean 0 already.
    """
    weights, targets = problem.masses
    total = np.maximum(weights, 1e-300)
    shares = targets / total
    shift = excess / total - shares
    room = np.where(shift > 0, shares, 1.0 - shares)
    size = np.abs(shift)
    mix = np.divide(size, room + size, out=np.zeros_like(size), where=size > 0)
    if problem.coupled:
        # A row must stay a distribution, so the classes share one mix; only falling below 0
        # is possible.
        mix = np.full_like(mix, np.where(shift > 0, mix, 0.0).max())
    return shift, mix, shares


def _sizes(problem: LinearProblem, free: np.ndarray) -> np.ndarray:
    """Return how large the terms are whose sum must vanish, (K, free)."""
    _, targets = problem.masses
    scales = np.ones(problem.shape[1])
    if not problem.penalised:
        # The root mean square of a feature stands for the size of its cells.
        scales[:-1] = np.sqrt(problem.feature_scales[:-1] / problem.feature_scales[-1])
    return np.maximum(targets, 1e-300)[:, None] * scales[free]
