"""Directions along which no loss grows: the sign that an unpenalised head has no optimum.

If some direction (V, a) never lowers the logit of a row's own class against any other, and
raises it for at least one row, then the objective falls for ever along it (Albert and Anderson,
1984, Biometrika 71: complete and quasi-complete separation).  Newton's steps tend to such a
direction by themselves, so it is enough to look at the last one.  The trap is rounding: margins
down to -1e-9 of the largest count as zero.
"""

import numpy as np

from headway.solvers.problem import LinearProblem

__all__ = ["separates"]

ROUNDING = 1e-9


def separates(problem: LinearProblem, direction: np.ndarray, /) -> np.ndarray:
    """Return for each independent part whether `direction` separates its rows, (G, 1) booleans.

    Always False for soft targets: their losses grow in every direction.

    Parameters
    ----------
    problem : LinearProblem
        The rows.
    direction : float64 array of shape (K, d + 1)
        Weights, intercepts last.
    """
    parts = problem.n_parts
    least, most = np.full(parts, np.inf), np.full(parts, -np.inf)
    hard = np.ones(parts, dtype=bool)
    for rows, X in problem.chunks(np.float64):
        scores = X @ direction[:, :-1].T + direction[:, -1]
        targets, weights = problem.rows.weighted_targets(rows)
        ignored = weights == 0
        soft = (targets != 0) & (targets != 1) & ~ignored
        if problem.coupled:
            own = np.einsum("mk,mk->m", targets, scores)
            rivals = np.where(targets == 1, -np.inf, scores).max(axis=1)
            margins, ignored = (own - rivals)[:, None], ignored[:, :1]
            hard &= not soft.any()
        else:
            margins = (2 * targets - 1) * scores
            hard &= ~soft.any(axis=0)
        least = np.minimum(least, np.where(ignored, np.inf, margins).min(axis=0))
        most = np.maximum(most, np.where(ignored, -np.inf, margins).max(axis=0))
    return (hard & (most > 0) & (least >= -ROUNDING * most))[:, None]
