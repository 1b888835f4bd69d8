"""Gram matrices of the rows, weighted by their curvature: what block preconditioners are made of.

They come from rows drawn with probability proportional to their curvature w p (1 - p): each drawn
row then carries the same weight, so that a matrix is one symmetric product; about 4 d rows do, and
more where they cost little.  Without the penalty they serve at any C, and those of one fold serve
in another: a path of fits shares them (`Grams`).

The trap: shared matrices age with the probabilities.  They only precondition, so that an old one
costs iterations, never the optimum; and one that has cost enough is made anew.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from headway.solvers.prices import FACTOR_RATE, gram_price, pass_price
from headway.solvers.problem import LinearProblem

__all__ = ["ROWS_PER_FEATURE", "Grams", "class_grams", "mean_gram", "sample_size"]

ROWS_PER_FEATURE, MOST_ROWS_PER_FEATURE = 4, 200
CANDIDATES = 16  # rows looked at for each that is drawn


class Grams:
    """Gram matrices that the fits of a path share; by default nothing is kept.

    Parameters
    ----------
    keep : bool
        Whether to keep what is made, at most as much memory as the preconditioners take.
    """

    def __init__(self, *, keep: bool = False):
        self._keep = keep
        self._kept: np.ndarray | None = None

    def has(self, problem: LinearProblem, count: int, /) -> bool:
        """Return whether `count` matrices for so many features are kept."""
        width = problem.shape[1]
        return self._kept is not None and self._kept.shape == (count, width, width)

    def take(
        self, problem: LinearProblem, count: int, make: Callable[[], np.ndarray], /
    ) -> np.ndarray:
        """Return matrices (count, d + 1, d + 1) to be written over: kept ones, or new ones."""
        if self._kept is not None and self.has(problem, count):
            return self._kept.copy()
        made = make()
        if self._keep:
            self._kept = made.copy()
        return made

    def forget(self) -> None:
        """Let go of what is kept."""
        self._kept = None


def class_grams(
    problem: LinearProblem, rng: np.random.Generator, /, *, exact: bool = False
) -> np.ndarray:
    """Return the matrix of each class, (K, d + 1, d + 1), from all rows or from drawn ones."""
    k, width = problem.shape
    n = problem.rows.shape[0]
    blocks: np.ndarray = np.zeros((k, width, width), dtype=_dtype(problem))
    m = sample_size(problem, k)
    if exact or n <= m:
        for c in range(k):
            problem.passes.grams(None, problem.curvature(c)[None], blocks[c : c + 1])
        return blocks
    drawn, weights = np.empty((k, m), dtype=np.int64), np.empty(k)
    for c in range(k):
        drawn[c], weights[c] = _draw(partial(problem.curvature, c), n, m, rng)
    problem.passes.grams(drawn, None, blocks)
    blocks *= weights[:, None, None].astype(blocks.dtype)
    return blocks


def mean_gram(problem: LinearProblem, rng: np.random.Generator, dtype: Any = None, /) -> np.ndarray:
    """Return the matrix of the mean curvature of the classes, (d + 1, d + 1)."""
    width = problem.shape[1]
    n = problem.rows.shape[0]
    block: np.ndarray = np.zeros((1, width, width), dtype=dtype or _dtype(problem))
    m = sample_size(problem)
    if n <= m:
        problem.passes.grams(None, problem.mean_curvature()[None], block)
    else:
        drawn, weight = _draw(problem.mean_curvature, n, m, rng)
        problem.passes.grams(drawn[None], None, block)
        block *= block.dtype.type(weight)
    return block[0]


def sample_size(problem: LinearProblem, count: int = 1, /) -> int:
    """Return of how many rows each of `count` matrices is made.

    Of more where they cost little beside the factors, or all together beside one pass.
    """
    width = problem.shape[1]
    rest = max(width**3 / FACTOR_RATE, pass_price(problem) / count)
    cheap = rest / gram_price(problem)
    return int(max(ROWS_PER_FEATURE * width, min(cheap, MOST_ROWS_PER_FEATURE * width)))


def _dtype(problem: LinearProblem) -> type:
    """Return float64 where blocks are small, or nearly singular for want of a penalty."""
    return np.float64 if problem.shape[1] <= 128 or not problem.penalised else np.float32


def _draw(
    curvature: Callable[[slice], np.ndarray], n: int, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Return rows drawn in proportion to `curvature` and the weight that each then carries."""
    # Where rows abound, they are drawn from every few of them: looking at each costs more.
    step = max(1, n // (CANDIDATES * size))
    ends = np.cumsum(curvature(slice(None, None, step)))
    total = float(ends[-1])
    if total <= 0:
        return np.arange(size) % n, 0.0
    places = (np.arange(size) + rng.random(size)) * (total / size)
    rows = np.minimum(np.searchsorted(ends, places), len(ends) - 1)
    return rows * step, step * total / size
