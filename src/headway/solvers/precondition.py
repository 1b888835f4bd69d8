"""Approximate inverse Hessians for Newton's inner iteration, and when each is worth its price.

    diagonal  the diagonal of each block                     costs about a pass over the rows
    one       one block for all classes, of mean curvature   d^3
    blocks    one block a class                              K d^3
    shared    one Gram matrix in its eigenbasis, scaled for each class      where blocks burst
    full      the exact Hessian of all classes together      few weights

Nobody knows beforehand how many passes a better preconditioner saves.  So they form a ladder, and
the next rung is bought once the passes spent on the present one would have paid for a good part
of it: at worst that costs a small multiple of the best choice in hindsight (the ski-rental
argument of Karlin, Manasse, Rudolph and Sleator, 1988, "Competitive snoopy caching", Algorithmica
3).  Prices are computed from shapes, not measured, so that equal fits take equal steps.

The trap: float32 factors of a nearly singular block; a floor under the pivots keeps them positive,
and the inner iteration, which uses exact products, repairs what it changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg as sla

from headway.kernels.factor import factor
from headway.solvers.grams import ROWS_PER_FEATURE, Grams, class_grams, mean_gram, sample_size
from headway.solvers.prices import EIGEN_RATE, FACTOR_RATE, GRAM_RATE, gram_price, pass_price
from headway.solvers.problem import EVERY, LinearProblem

__all__ = ["EVERY", "MOST_BLOCK_FEATURES", "Apply", "Diagonal", "Ladder"]

# Maps gradients (K, d + 1), or those of some columns of sigmoids, to directions.
Apply = Callable[[np.ndarray, Any], np.ndarray]

FULL_WEIGHTS = 400
FULL_ROWS = 20  # rows for each weight that suffice
BLOCK_BYTES = 512 << 20
MOST_BLOCK_FEATURES = 6000
# Collinear features without a penalty have directions of no curvature, along which rounding
# must not be blown up into weights of 1e12.
UNPENALISED_FLOOR = 1e-9
NEAR = 0.1  # relative decrease below which the Hessian has nearly settled
PAID, PAID_FAR = 0.5, 2.0  # shares of the next rung's price at which it is bought
WORN, BLOCKS_WORN, DIAGONAL_WORN = 1.0, 2.0, 4.0  # times its own price at which a rung is made anew


@dataclass(frozen=True)
class Rung:
    """A kind of preconditioner and its price in seconds, by shapes."""

    make: Callable[[LinearProblem], Apply]
    price: float
    lasts: float = WORN
    matrices: int = 0  # Gram matrices that it is made of


class Ladder:
    """Preconditioners of rising price, each bought when the last has cost enough.

    Parameters
    ----------
    problem : LinearProblem
        The problem.
    rng : Generator
        Draws rows.
    grams : Grams, optional
        Gram matrices that another fit of a path has left behind: their rungs are bought already.

    Attributes
    ----------
    pass_price : float
        What one Hessian product costs, in the currency of the prices.
    """

    def __init__(
        self, problem: LinearProblem, rng: np.random.Generator, grams: Grams | None = None
    ):
        self._grams = Grams() if grams is None else grams
        self.pass_price = pass_price(problem)
        self._basis: Eigenbasis | None = None
        self._rng = rng
        self._rungs = self._kinds(problem)
        self._at = 0
        while self._at + 1 < len(self._rungs) and (
            self._rungs[self._at + 1].price <= 2 * self.pass_price
        ):
            self._at += 1
        for place, rung in enumerate(self._rungs):
            if rung.matrices and self._grams.has(problem, rung.matrices):
                self._at = max(self._at, place)
        self._apply: Apply | None = None
        self._spent = 0.0  # on the present rung
        self._used = 0.0  # since it was made

    def climb(self, problem: LinearProblem, /, *, left: float, anew: bool = False) -> Apply:
        """Return the preconditioner to use now: a linear, symmetric map of gradients (K, d + 1).

        Parameters
        ----------
        problem : LinearProblem
            The problem, at the point last looked at.
        left : float
            The relative decrease that the last step predicted: far from the optimum the Hessian
            changes too much for a costly preconditioner to last.
        anew : bool
            Whether the old preconditioner no longer fits the problem.
        """
        rung = self._rungs[self._at]
        following = self._rungs[self._at + 1] if self._at + 1 < len(self._rungs) else None
        if following is not None and self._spent >= self._due(following, left):
            self._at += 1
            self._apply, self._spent = None, 0.0
        worn = self._used >= rung.lasts * rung.price
        if anew or worn:
            self._grams.forget()
        if self._apply is None or anew or worn:
            self._apply = self._rungs[self._at].make(problem)
            self._used = 0.0
        return self._apply

    def budget(self, left: float) -> int:
        """Return after how many products the next rung is due."""
        if self._at + 1 == len(self._rungs):
            return 1 << 30
        due = self._due(self._rungs[self._at + 1], left) - self._spent
        return max(5, int(due / self.pass_price) + 1)

    def spend(self, products: float) -> None:
        """Count products that the present preconditioner has been used for."""
        self._spent += products * self.pass_price
        self._used += products * self.pass_price

    def _due(self, rung: Rung, left: float) -> float:
        return (PAID if left < NEAR else PAID_FAR) * rung.price

    def _kinds(self, problem: LinearProblem) -> list[Rung]:
        k, width = problem.shape
        n = problem.rows.shape[0]
        row_price = gram_price(problem)
        gram = min(n, sample_size(problem)) * row_price
        factor = width**3 / FACTOR_RATE
        if problem.coupled and problem.probs is not None and k * width <= FULL_WEIGHTS:
            pairs = k * (k + 1) / 2
            full = min(n, FULL_ROWS * k * width) * width**2 / 2 * pairs / GRAM_RATE
            full += (k * width) ** 3 / FACTOR_RATE
        else:
            full = np.inf
        rungs = [Rung(_diagonal, self.pass_price, DIAGONAL_WORN)]
        if width <= MOST_BLOCK_FEATURES:
            if problem.coupled or k == 1:
                # The curvatures of label sets have too little in common for one block.
                one = partial(_one_block, rng=self._rng, grams=self._grams)
                rungs.append(Rung(one, gram + factor, matrices=1))
            if problem.probs is None:
                pass  # too many classes to keep probs, and so to tell their curvatures apart
            elif k * width**2 * 4 <= BLOCK_BYTES:
                exact = n <= 2 * ROWS_PER_FEATURE * width
                rows = n if exact else min(n, sample_size(problem, k))
                price = k * (rows * row_price + factor)
                make = partial(_blocks, rng=self._rng, grams=self._grams, exact=exact)
                if k > 1 or exact:
                    rungs.append(Rung(make, price, BLOCKS_WORN, matrices=k))
            elif problem.coupled:
                rungs.append(Rung(self._shared, gram + width**3 / EIGEN_RATE))
        rungs = [rung for rung in rungs if rung.price < full]
        if np.isfinite(full):
            rungs.append(Rung(_full, full))
        return rungs

    def _shared(self, problem: LinearProblem) -> Apply:
        # The costly part is kept: only the masses of the classes change from step to step.
        if self._basis is None:
            self._basis = _eigenbasis(problem, self._rng)
        return _shared(problem, self._basis)


def _full(problem: LinearProblem) -> Apply:
    """Return the inverse Hessian of a softmax with few weights, exact unless rows abound.

    The Hessian is singular along a shared shift of the intercepts (of everything, without a
    penalty); adding |1><1| on the classes fills that null space and changes nothing else.
    """
    k, width = problem.shape
    n = problem.rows.shape[0]
    assert problem.probs is not None
    rows: Any = slice(None)
    if n > FULL_ROWS * k * width:
        rows = np.linspace(0, n - 1, FULL_ROWS * k * width).astype(np.intp)
    X = problem.rows.dense_rows(rows, np.float64)
    X1 = np.concatenate([X, np.ones((len(X), 1))], axis=1)
    probs = problem.probs[rows].astype(np.float64)
    weights: Any = n / len(X)
    if problem.rows.row_weights is not None:
        weights = weights * problem.rows.row_weights[rows]
    hessian = np.zeros((k, width, k, width))
    for a in range(k):
        for b in range(a + 1):
            cells = -weights * probs[:, a] * probs[:, b]
            if a == b:
                cells += weights * probs[:, a]
            hessian[a, :, b] = (X1 * cells[:, None]).T @ X1
    for a in range(k):
        for b in range(a):
            hessian[b, :, a] = hessian[a, :, b].T
    for j in range(width):
        hessian[:, j, :, j] += np.einsum("aa->", hessian[:, j, :, j]) / k**2
    matrix = hessian.reshape(k * width, k * width)
    matrix[np.diag_indices_from(matrix)] += np.tile(problem.penalty, k)
    factors = factor(matrix[None], floor=None if problem.penalised else UNPENALISED_FLOOR)

    def apply(gradient: np.ndarray, columns: Any = EVERY) -> np.ndarray:
        return problem.project(factors.solve(gradient.reshape(1, -1)).reshape(k, width))

    return apply


def _blocks(
    problem: LinearProblem, rng: np.random.Generator, grams: Grams, *, exact: bool
) -> Apply:
    """Return the inverses of the class blocks, from all rows or from drawn ones."""
    made = grams.take(problem, problem.n_classes, lambda: class_grams(problem, rng, exact=exact))
    return _factored(problem, made)


def _one_block(problem: LinearProblem, rng: np.random.Generator, grams: Grams) -> Apply:
    """Return the inverse of one block for all classes, of mean curvature, from drawn rows."""
    return _factored(problem, grams.take(problem, 1, lambda: mean_gram(problem, rng)[None]))


def _factored(problem: LinearProblem, blocks: np.ndarray) -> Apply:
    """Return the inverses of blocks (K, w, w), or (1, w, w) for all classes, destroying them."""
    width = problem.shape[1]
    for block in blocks:
        block[np.diag_indices(width)] += problem.penalty.astype(blocks.dtype)
    factors = factor(blocks, floor=None if problem.penalised else UNPENALISED_FLOOR)
    every = np.arange(len(blocks))

    def apply(gradient: np.ndarray, columns: Any = EVERY) -> np.ndarray:
        return problem.project(
            factors.solve(gradient, None if len(blocks) == 1 else every[columns])
        )

    return apply


def _shared(problem: LinearProblem, basis: "Eigenbasis") -> Apply:
    """Return the inverse of (mean curvature of the class) times one Gram matrix, plus penalty."""
    mass = problem.curvature_masses()[:, None]
    # The basis diagonalises Gram and penalty together: they become `values` and the identity.
    divisor = mass * basis.values + 1.0

    def apply(gradient: np.ndarray, columns: Any = EVERY) -> np.ndarray:
        moved = ((gradient / basis.scale) @ basis.vectors / divisor[columns]) @ basis.vectors.T
        return problem.project(moved / basis.scale)

    return apply


@dataclass(frozen=True)
class Eigenbasis:
    """Eigenvectors of one Gram matrix of all classes, relative to the penalty.

    Memory stays at one matrix however many columns there are, and only the masses of the classes
    change from step to step.
    """

    values: np.ndarray
    vectors: np.ndarray
    scale: np.ndarray


def _eigenbasis(problem: LinearProblem, rng: np.random.Generator) -> Eigenbasis:
    """Return the eigenbasis of the rows weighted by their curvature in all classes together."""
    width = problem.shape[1]
    matrix = mean_gram(problem, rng, np.float64)
    matrix /= max(float(matrix[-1, -1]), 1e-300)  # of the ones: the sum of all curvatures
    # The intercept has no penalty to be measured by; a small one stands in.
    floor = max(float(problem.penalty.max()), 1e-8 * float(np.trace(matrix)) / width, 1e-300)
    scale = np.sqrt(np.maximum(problem.penalty, 1e-4 * floor))
    matrix /= scale[:, None]
    matrix /= scale
    values, vectors = sla.eigh(matrix, lower=True, overwrite_a=True, check_finite=False)
    return Eigenbasis(np.maximum(values, 0.0), vectors, scale)


@dataclass(frozen=True)
class Diagonal:
    """The inverse of a diagonal, (K, d + 1)."""

    problem: LinearProblem
    diagonal: np.ndarray

    def __call__(self, gradient: np.ndarray, columns: Any = EVERY) -> np.ndarray:
        """Return the direction of a gradient."""
        return self.problem.project(gradient / self.diagonal[columns])


def _diagonal(problem: LinearProblem) -> Diagonal:
    """Return the inverse of the Hessian's diagonal, for dense features estimated from some rows."""
    if problem.passes.sparse and problem.probs is not None:
        diagonal = np.empty(problem.shape)
        problem.passes.diagonal(problem.probs, diagonal)
    else:
        diagonal = problem.curvature_masses()[:, None] * problem.mean_squares
    diagonal += problem.penalty
    diagonal += 1e-10 * max(float(diagonal.max()), 1e-300)
    return Diagonal(problem, diagonal)
