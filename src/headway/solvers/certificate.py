"""A rigorous lower bound on the optimum, from one float64 pass over the rows.

For any probabilities q with sum_i w_i (q_i - t_i) = 0 in every class, Fenchel's inequality
potential(z) >= <q, z> - (-entropy(q)) gives, whatever the weights,

    optimum >= D(q) = sum_i w_i entropy(q_i) - sum_j |sum_i w_i (q_i - t_i) x_ij|^2 / (2 penalty_j)

The optimum's own probabilities make it an equality.  Those are not known, but Newton's step s
predicts them to second order: q = p + J X s, which turns the sum in D into the (small) error of
s instead of the gradient.  That makes the bound tight: taking q = p costs 10 to 70 times as much.

Two repairs keep q admissible: values below 0 are cut off, and what is left of the constraint is
taken out by a shift and a mix with the class shares.  The trap: D is a difference of large sums,
so logits, entropies and sums are float64 here even when the features are float32.

References
----------
Rifkin and Lippert (2007), "Value regularization and Fenchel duality", JMLR 8;
Blondel, Martins and Niculae (2020), "Learning with Fenchel-Young losses", JMLR 21.
"""

from dataclasses import dataclass

import numpy as np

from headway.solvers.problem import LinearProblem, backward, forward

__all__ = ["Certificate", "certify"]

UNPENALISED_RESIDUAL = 1e-8


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
        The problem.
    weights, step : float64 arrays of shape (K, d + 1)
        A point and (roughly) Newton's step from it.  The bound holds for ANY step; a good one
        makes it tight.

    Returns
    -------
    Certificate
        Values and bounds.
    """
    there = weights + step
    values = 0.5 * problem.dot(weights * problem.penalty, weights)
    next_values = 0.5 * problem.dot(there * problem.penalty, there)
    duals = np.empty(problem.targets.shape)
    for rows, X in problem.chunks(np.float64):
        logits, change = forward(X, weights), forward(X, step)
        losses, _ = problem.losses_and_probs(logits + change, rows)
        next_values += losses
        losses, probs = problem.losses_and_probs(logits, rows)
        values += losses
        duals[:, rows] = _predicted(problem, probs, change)
    _balance(problem, duals)

    penalised = problem.penalty > 0
    entropies = np.zeros_like(values)
    moments = np.zeros(problem.shape)
    sizes = np.zeros(problem.shape)
    for rows, X in problem.chunks(np.float64):
        q, w = duals[:, rows], problem.cell_weights[:, rows]
        if problem.coupled:
            entropies += (w[0] * _minus_x_log_x(q).sum(axis=0)).sum()
        else:
            cells = _minus_x_log_x(q) + _minus_x_log_x(1.0 - q)
            entropies += (w * cells).sum(axis=1, keepdims=True)
        residual = w * (q - problem.targets[:, rows])
        backward(X, residual, out=moments)
        terms = w * (q + problem.targets[:, rows])
        if problem.penalised:
            sizes[:, -1] += terms.sum(axis=1)
        else:
            backward(abs(X), terms, out=sizes)
    conjugate = 0.5 * problem.dot(
        moments[:, penalised], moments[:, penalised] / problem.penalty[penalised]
    )
    bounds = entropies - conjugate
    # Without a penalty the moments must vanish; what rounding leaves is charged against the
    # bound at the size of the weights that stand against it.
    free = moments * ~penalised
    bounds -= np.abs(problem.dot(np.abs(free), np.abs(there)))
    broken = np.any(np.abs(free) > UNPENALISED_RESIDUAL * sizes, axis=1, keepdims=True)
    bounds[np.any(broken) if problem.coupled else broken] = -np.inf
    return Certificate(values, next_values, bounds)


def _predicted(problem: LinearProblem, probs: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return p + J X s for a chunk, cut to admissible probabilities."""
    duals = probs + problem.probs_change(probs, change)
    np.clip(duals, 0.0, 1.0, out=duals)
    if problem.coupled:
        duals /= duals.sum(axis=0)
    return duals


def _balance(problem: LinearProblem, duals: np.ndarray) -> None:
    """Make sum_i w_i (q_i - t_i) vanish in every class, keeping `duals` admissible, in place.

    Subtracting the mean excess e from every row does it, but may push a q below 0; mixing in
    the class shares r with weight m >= e / (r + e) lifts it back, and (shares - targets) has
    weighted mean 0 already.
    """
    weights = problem.cell_weights
    total = np.maximum(problem.n_row_weights, 1e-300)
    shares = (weights * problem.targets).sum(axis=1, keepdims=True) / total
    excess = (weights * duals).sum(axis=1, keepdims=True) / total - shares
    room = np.where(excess > 0, shares, 1.0 - shares)
    size = np.abs(excess)
    mix = np.divide(size, room + size, out=np.zeros_like(size), where=size > 0)
    if problem.coupled:
        # A column must stay a distribution, so the classes share one mix; only falling below 0
        # is possible.
        mix = np.where(excess > 0, mix, 0.0).max(keepdims=True)
    duals -= excess
    duals *= 1.0 - mix
    duals += mix * shares
    np.clip(duals, 0.0, 1.0, out=duals)


def _minus_x_log_x(x: np.ndarray) -> np.ndarray:
    """Return -x log(x), 0 at 0."""
    return -x * np.log(np.where(x > 0, x, 1.0))
