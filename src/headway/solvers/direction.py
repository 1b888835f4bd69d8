"""Newton's step by preconditioned conjugate gradients on exact Hessian products.

The independent columns of a sigmoid head go through the same passes side by side, each with its
own step lengths.  Columns that are solved stand still, and once they are the larger part, the
passes go on without them.  The trap: the slowest of 159 labels would otherwise make all the
others pay for its iterations.

References
----------
Hestenes and Stiefel (1952), "Methods of conjugate gradients for solving linear systems", Journal
of Research of the National Bureau of Standards 49;
Dembo, Eisenstat and Steihaug (1982), "Inexact Newton methods", SIAM J. Numer. Anal. 19.
"""

from typing import Any

import numpy as np

from headway.solvers.precondition import EVERY, Apply, Diagonal
from headway.solvers.problem import LinearProblem, Point

__all__ = ["near_enough", "newton_direction"]

CG_ITERATIONS = 300
FORCING = 0.1
LOOSE = 0.25
EXACT = 1e-6  # without a penalty the certificate needs the step itself
SOLVED = 1e-26  # share of a squared residual that is rounding
NEAR = 0.1  # times the root of `tol`: a decrement from which a quadratic step may reach `tol`
LOST = 0.1  # share of `tol` that the certificate may lose to the residual
FEWER = 0.6  # share of unfinished columns below which the others are left out
FEW_COLUMNS = 8
MOST_CLASSES = 2048  # that the compiled iteration takes


def newton_direction(
    problem: LinearProblem,
    point: Point,
    precondition: Apply,
    tol: float,
    wanted: np.ndarray,
    budget: int,
) -> tuple[np.ndarray, int]:
    """Return Newton's step for the wanted parts and the number of Hessian products it took.

    Near the optimum the step must also be good enough for the certificate, which pays
    |residual|^2 / (2 penalty).

    Parameters
    ----------
    problem : LinearProblem
        The problem, at `point`.
    point : Point
        Where to step from.
    precondition : callable
        Approximate inverse Hessian.
    tol : float
        Relative gap that is asked for.
    wanted : boolean array of shape (G, 1)
        Parts to step in.
    budget : int
        Most products.
    """
    if isinstance(precondition, Diagonal) and _is_for_core(problem, wanted):
        return _sparse_direction(problem, point, precondition, tol, budget)
    result = np.zeros_like(point.weights)
    columns: Any = EVERY
    step = result
    gradient, values = point.gradient, point.values
    residual = np.where(wanted, -problem.project(gradient), 0.0)
    moved = precondition(residual, columns)
    direction = moved
    size = first = problem.dot(residual, moved)
    iteration = 0
    while iteration < min(CG_ITERATIONS, budget):
        iteration += 1
        product = problem.curvature_product(point, direction)
        curvature = problem.dot(direction, product)
        # A part that is solved to rounding stands still: more steps would only add noise.
        moving = (curvature > 0) & (size > SOLVED * first)
        length = np.divide(size, curvature, out=np.zeros_like(size), where=moving)
        step += length * direction
        residual = problem.project(residual - length * product)
        moved = precondition(residual, columns)
        new_size = problem.dot(residual, moved)
        near = -0.5 * problem.dot(gradient, step) <= near_enough(tol) * values
        finished = new_size <= _forcing(near, problem.penalised) ** 2 * first
        if np.any(finished & near):
            finished &= ~near | (_lost(problem, residual) <= LOST * tol * values)
        finished |= ~moving
        if finished.all():
            break
        ratio = np.divide(new_size, size, out=np.zeros_like(size), where=~finished & (size > 0))
        direction = np.where(finished, 0.0, moved + ratio * direction)
        size = np.where(finished, 0.0, new_size)
        if len(finished) > FEW_COLUMNS and finished.mean() > 1 - FEWER:
            left = np.flatnonzero(~finished[:, 0])
            result[columns] = step
            columns = left if columns is EVERY else columns[left]
            problem = problem.columns(left)
            point = Point(point.weights[left], point.values[left], point.gradient[left])
            gradient, values = point.gradient, point.values
            step, residual, direction = step[left], residual[left], direction[left]
            size, first = size[left], first[left]
    result[columns] = step
    return result, iteration


def near_enough(tol: float, /) -> float:
    """Return the relative decrement below which a certificate is tried."""
    return max(NEAR * tol**0.5, tol)


def _forcing(near: np.ndarray, penalised: bool) -> np.ndarray:
    return np.where(near, FORCING if penalised else EXACT, LOOSE)


def _is_for_core(problem: LinearProblem, wanted: np.ndarray) -> bool:
    """Return whether the core has this iteration as a whole: sparse rows, a diagonal, float32."""
    return bool(
        hasattr(problem.passes, "cg")
        and problem.passes.sparse
        and problem.single
        and problem.penalised
        and problem.probs is not None
        and problem.n_classes <= MOST_CLASSES
        and wanted.all()
    )


def _sparse_direction(
    problem: LinearProblem, point: Point, precondition: Diagonal, tol: float, budget: int
) -> tuple[np.ndarray, int]:
    """Return the step of the compiled iteration, whose vectors are float32."""
    step = np.zeros_like(point.weights)
    diagonal = precondition.diagonal
    left = np.flatnonzero(_lost(problem, point.gradient) > LOST * tol * point.values)
    few = not problem.coupled and len(left) <= FEWER * problem.n_classes
    if few and not len(left):
        return step, 0  # near enough to the optimum as they are
    if few:
        problem, diagonal = problem.columns(left), np.ascontiguousarray(diagonal[left])
        point = Point(point.weights[left], point.values[left], point.gradient[left])
    found = np.empty_like(point.weights)
    products = problem.passes.cg(
        point.gradient,
        diagonal,
        problem.penalty[:-1].astype(np.float32),
        problem.feature_means.astype(np.float32),
        np.ascontiguousarray(point.values[:, 0]),
        problem.probs,
        found,
        min(CG_ITERATIONS, budget),
        near_enough(tol),
        LOST * tol,
        FORCING,
        LOOSE,
        problem.every,
    )
    step[left if few else EVERY] = found
    return step, products


def _lost(problem: LinearProblem, residual: np.ndarray) -> np.ndarray:
    """Return what the certificate loses to a residual, in the units of the objective, (G, 1).

    The certificate takes the residual of the intercepts out by a tilt, which moves the other
    residuals by the mean of their features.
    """
    penalty, means = problem.penalty[:-1], problem.feature_means
    inverse = np.divide(1.0, penalty, out=np.zeros_like(penalty), where=penalty > 0)
    rows, intercepts = residual[:, :-1], residual[:, -1]
    squares = np.einsum("kj,kj,j->k", rows, rows, inverse)
    cross = rows @ (means * inverse)
    lost = squares - 2.0 * intercepts * cross + intercepts**2 * (means**2 @ inverse)
    return 0.5 * problem.parts(lost)
