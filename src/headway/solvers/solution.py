"""What a solver of linear heads returns."""

from dataclasses import dataclass

import numpy as np

__all__ = ["LinearSolution"]


@dataclass(frozen=True)
class LinearSolution:
    """A fitted linear head and how near it is to the optimum.

    Attributes
    ----------
    coef : float64 array of shape (K, d)
        Coefficients.
    intercept : float64 array of shape (K,)
        Intercepts.
    objective : float
        Sum of weighted losses plus penalty, in nats.
    optimality_gap : float
        Upper bound on (objective - optimum) / optimum; NaN where none is known.
    n_iter : int
        Steps taken.
    converged : bool
        Whether the solver did what it was asked to.
    interrupted : bool
        Whether Ctrl-C ended the iteration; the weights are then the best there were.
    separated : tuple of int
        Columns (all of them for softmax) whose rows a direction separates, so that without a
        penalty there is no optimum.
    """

    coef: np.ndarray
    intercept: np.ndarray
    objective: float
    optimality_gap: float
    n_iter: int
    converged: bool
    separated: tuple[int, ...] = ()
    interrupted: bool = False
