"""A start for Newton's method from some of the rows, where rows are many beside the weights.

The optimum of m drawn rows lies about (number of weights) / (2 m) nats a row above that of all of
them: with a hundred rows a weight that is a fraction of a percent, from where one or two steps on
all rows do.  So the far steps, whose curvature is soon out of date, are taken where they are cheap.

The trap: with fewer rows a weight, the optimum of the few is no nearer than the class shares.
(On the 60,000 digits of MNIST, 8 rows a weight, a start from a quarter of them gained nothing.)
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from headway.kernels.linear import LinearRows
from headway.solvers.newton import NewtonResult, newton
from headway.solvers.problem import LinearProblem

__all__ = ["nested_start"]

ROWS_PER_WEIGHT = 100
LEAST_SHARE = 1 / 64  # of the rows, which then cost next to nothing
MOST_SHARE = 1 / 4
LEAST_ROWS = 1 << 16  # in all
NEAR_ENOUGH = 1e-3


def nested_start(
    problem: LinearProblem,
    start: np.ndarray,
    /,
    *,
    max_iter: int,
    rng: np.random.Generator,
    report: Callable[[str], None] | None = None,
) -> NewtonResult | None:
    """Return the optimum of some of the rows, or None where that would not help.

    Parameters
    ----------
    problem : LinearProblem
        The problem of all rows.
    start : float64 array of shape (K, d + 1)
        Where to begin.
    max_iter : int
        Most Newton steps.
    rng : Generator
        Draws rows for preconditioners.
    report : callable, optional
        Is handed one line of text a step.
    """
    n = problem.rows.shape[0]
    wanted = max(ROWS_PER_WEIGHT * start.size, LEAST_SHARE * n)
    if n < LEAST_ROWS or wanted > MOST_SHARE * n or not problem.penalised:
        return None
    every = int(n / wanted)
    some = LinearProblem(
        every_nth(problem.rows, every), problem.penalty, problem.coupled, single=problem.single
    )
    mass, present = some.masses
    if np.any(present <= 0) or (not problem.coupled and np.any(present >= mass)):
        return None  # a rare class is not among them

    def line(text: str) -> None:
        if report is not None:
            report(f"1 row of {every}: {text}")

    return newton(
        some, start, tol=NEAR_ENOUGH, max_iter=max_iter, rng=rng, report=line, polish=False
    )


def every_nth(rows: LinearRows, n: int, /) -> LinearRows:
    """Return every n-th row, standing for n of them."""
    chosen: Any = slice(None, None, n)
    count = len(range(0, rows.shape[0], n))
    weights = np.ones(count) if rows.row_weights is None else rows.row_weights[chosen]

    def part(array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else np.ascontiguousarray(array[chosen])

    return replace(
        rows,
        X=rows.X[chosen],
        labels=part(rows.labels),
        codes=part(rows.codes),
        values=part(rows.values),
        row_weights=float(n) * weights,
    )
