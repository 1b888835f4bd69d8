"""Approximate inverse Hessians for Newton's inner iteration.

    full      the exact Hessian of all classes together      few weights
    blocks    one block a class, from rows drawn with probability proportional to w p (1 - p)
    shared    one Gram matrix X'X in its eigenbasis, scaled for each class      many columns
    diagonal  the diagonal of each block                     very many features

A row drawn with probability proportional to its curvature carries the same weight as every other
drawn row, so a block is one symmetric product of the drawn rows; about 4 d rows a class do.
The trap: float32 factors of a nearly singular block; a ridge far below the rest keeps them
positive, and the inner iteration, which uses exact products, repairs what it changes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg as sla
import scipy.sparse as sp

from headway.solvers.problem import LinearProblem, Point, with_ones

__all__ = ["Preconditioner", "build_preconditioner"]


@dataclass(frozen=True)
class Preconditioner:
    """An approximate inverse Hessian.

    Attributes
    ----------
    apply : callable
        Maps a gradient (K, d + 1) to a direction; linear, symmetric, and positive definite on
        directions of class mean zero.
    lasting : bool
        True if it was costly to make and is worth keeping for several steps.
    basis : Eigenbasis, optional
        The costly part of a preconditioner that is otherwise made anew.
    """

    apply: Callable[[np.ndarray], np.ndarray]
    lasting: bool
    basis: "Eigenbasis | None" = None


Apply = Callable[[np.ndarray], np.ndarray]

FULL_WEIGHTS = 400
FULL_WORK = 2e9
EXACT_BLOCK_WORK = 4e9
BLOCK_BYTES = 512 << 20
MOST_BLOCK_FEATURES = 4000
ROWS_PER_FEATURE = 4
# Collinear features without a penalty have directions of no curvature, along which rounding
# must not be blown up into weights of 1e12.
UNPENALISED_RIDGE = 1e-9


def build_preconditioner(
    problem: LinearProblem,
    point: Point,
    /,
    *,
    far: bool,
    rng: np.random.Generator,
    basis: "Eigenbasis | None" = None,
) -> Preconditioner:
    """Return an approximate inverse of the Hessian at a point.

    Parameters
    ----------
    problem : LinearProblem
        The problem.
    point : Point
        Where the Hessian is taken.
    far : bool
        True while the probabilities still change a lot from step to step; one block for all
        classes is then as good as one for each, and K times cheaper.
    rng : Generator
        Draws the rows.
    basis : Eigenbasis, optional
        That of an earlier preconditioner of the same problem, to be used again.
    """
    k, width = problem.shape
    n = problem.X.shape[0]
    work = float(n) * width**2
    if problem.coupled and k * width <= FULL_WEIGHTS and work * k * (k + 1) / 2 <= FULL_WORK:
        return Preconditioner(_full(problem, point), lasting=False)
    if width > MOST_BLOCK_FEATURES:
        return Preconditioner(_diagonal(problem, point), lasting=False)
    if k * width**2 * 4 > BLOCK_BYTES:
        if basis is None:
            basis = _eigenbasis(problem, point, rng)
        return Preconditioner(_shared(problem, point, basis), lasting=False, basis=basis)
    if work * k <= EXACT_BLOCK_WORK:
        curvatures = problem.curvatures(point.probs)
        return Preconditioner(_blocks(problem, curvatures, rng, np.float64), lasting=False)
    curvatures = problem.curvatures(point.probs)
    if far:
        curvatures = curvatures.mean(axis=0, keepdims=True)
    return Preconditioner(_blocks(problem, curvatures, rng, np.float32), lasting=not far)


def _full(problem: LinearProblem, point: Point) -> Apply:
    """Return the exact inverse Hessian of a softmax with few weights.

    The Hessian is singular along a shared shift of the intercepts (of everything, without a
    penalty); adding |1><1| on the classes fills that null space and changes nothing else.
    """
    k, width = problem.shape
    hessian = np.zeros((k, width, k, width))
    for rows, X in problem.chunks(np.float64):
        X1 = with_ones(X)
        probs = point.probs[:, rows].astype(np.float64)
        weights = problem.cell_weights[0, rows]
        for a in range(k):
            for b in range(a + 1):
                cells = -weights * probs[a] * probs[b]
                if a == b:
                    cells += weights * probs[a]
                hessian[a, :, b] += (X1 * cells[:, None]).T @ X1
    for a in range(k):
        for b in range(a):
            hessian[b, :, a] = hessian[a, :, b].T
    for j in range(width):
        hessian[:, j, :, j] += np.einsum("aa->", hessian[:, j, :, j]) / k**2
    matrix = hessian.reshape(k * width, k * width)
    matrix[np.diag_indices_from(matrix)] += np.tile(problem.penalty, k)
    factor, scale = _factor(matrix, problem.penalised)

    def apply(gradient: np.ndarray) -> np.ndarray:
        moved = sla.cho_solve((factor, True), gradient.ravel() * scale, check_finite=False)
        return problem.project((moved * scale).reshape(k, width))

    return apply


def _blocks(
    problem: LinearProblem, curvatures: np.ndarray, rng: np.random.Generator, dtype: type
) -> Apply:
    """Return the inverses of class blocks from row curvatures (K, n), or (1, n) for all."""
    _, width = problem.shape
    n = problem.X.shape[0]
    inverses: np.ndarray = np.empty((len(curvatures), width, width), dtype=dtype)
    for c, curvature in enumerate(curvatures):
        if dtype == np.float64 or n <= ROWS_PER_FEATURE * width:
            block: np.ndarray = np.zeros((width, width), dtype=dtype)
            for rows, X in problem.chunks(dtype):
                X1 = with_ones(X) * np.sqrt(curvature[rows, None]).astype(dtype)
                block += X1.T @ X1
        else:
            drawn, weight = _draw(curvature, ROWS_PER_FEATURE * width, rng)
            X1 = with_ones(problem.X[drawn]).astype(dtype, copy=False)
            block = X1.T @ X1
            block *= dtype(weight)
        block[np.diag_indices(width)] += problem.penalty.astype(dtype)
        factor, scale = _factor(block, problem.penalised)
        inverses[c] = _inverse(factor) * scale * scale[:, None]

    def apply(gradient: np.ndarray) -> np.ndarray:
        gradient = gradient.astype(dtype, copy=False)
        if len(inverses) == 1:
            moved = gradient @ inverses[0]
        else:
            moved = np.matmul(inverses, gradient[:, :, None])[:, :, 0]
        return problem.project(moved.astype(np.float64))

    return apply


def _shared(problem: LinearProblem, point: Point, basis: "Eigenbasis") -> Apply:
    """Return the inverse of (mean curvature of the class) times one Gram matrix, plus penalty."""
    mass = problem.curvatures(point.probs).sum(axis=1, keepdims=True)
    # The basis diagonalises Gram and penalty together: they become `values` and the identity.
    divisor = mass * basis.values + 1.0

    def apply(gradient: np.ndarray) -> np.ndarray:
        moved = ((gradient / basis.scale) @ basis.vectors / divisor) @ basis.vectors.T
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


def _eigenbasis(problem: LinearProblem, point: Point, rng: np.random.Generator) -> Eigenbasis:
    """Return the eigenbasis of the rows weighted by their curvature in all classes together."""
    _, width = problem.shape
    pooled = problem.curvatures(point.probs).sum(axis=0)
    if problem.X.shape[0] <= ROWS_PER_FEATURE * width:
        gram = np.zeros((width, width))
        for rows, X in problem.chunks(np.float64):
            X1 = with_ones(X) * np.sqrt(pooled[rows, None])
            gram += X1.T @ X1
    else:
        drawn, weight = _draw(pooled, ROWS_PER_FEATURE * width, rng)
        X1 = with_ones(problem.X[drawn]).astype(np.float64, copy=False)
        gram = weight * (X1.T @ X1)
    gram /= max(pooled.sum(), 1e-300)
    # The intercept has no penalty to be measured by; a small one stands in.
    floor = max(float(problem.penalty.max()), 1e-8 * float(np.trace(gram)) / width, 1e-300)
    scale = np.sqrt(np.maximum(problem.penalty, 1e-4 * floor))
    values, vectors = np.linalg.eigh(gram / scale[:, None] / scale)
    return Eigenbasis(np.maximum(values, 0.0), vectors, scale)


def _diagonal(problem: LinearProblem, point: Point) -> Apply:
    """Return the inverse of the Hessian's diagonal."""
    diagonal = np.tile(problem.penalty, (problem.n_classes, 1))
    curvatures = problem.curvatures(point.probs)
    for rows, X in problem.chunks():
        squares = X.multiply(X).tocsr() if sp.issparse(X) else X * X
        diagonal[:, :-1] += (squares.T @ curvatures[:, rows].T.astype(X.dtype)).T
        diagonal[:, -1] += curvatures[:, rows].sum(axis=1)
    diagonal += 1e-10 * max(float(diagonal.max()), 1e-300)

    def apply(gradient: np.ndarray) -> np.ndarray:
        return problem.project(gradient / diagonal)

    return apply


def _draw(curvature: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return rows drawn in proportion to `curvature` and the weight that each then carries."""
    ends = np.cumsum(curvature)
    total = float(ends[-1])
    if total <= 0:
        return np.arange(min(size, len(curvature))), 0.0
    places = (np.arange(size) + rng.random(size)) * (total / size)
    rows = np.minimum(np.searchsorted(ends, places), len(curvature) - 1)
    return rows, total / size


def _factor(matrix: np.ndarray, penalised: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return (L, s): L L' = s M s with unit diagonal, plus the least ridge that works.

    Without the scaling, a feature measured in thousands would drown one measured in units.
    """
    diagonal = np.diag(matrix)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = matrix * scale * scale[:, None]
    ones = np.diag(scaled).copy()
    ridge = 4 * np.finfo(matrix.dtype).eps if penalised else UNPENALISED_RIDGE
    while True:
        np.fill_diagonal(scaled, ones + ridge)
        try:
            factor, _ = sla.cho_factor(scaled, lower=True, check_finite=False)
            return factor, scale
        except np.linalg.LinAlgError:
            ridge *= 10


def _inverse(lower: np.ndarray) -> np.ndarray:
    """Return the full symmetric inverse from a lower Cholesky factor."""
    (potri,) = sla.get_lapack_funcs(("potri",), (lower,))
    inverse, _ = potri(lower, lower=True)
    inverse = np.tril(inverse)
    return inverse + np.tril(inverse, -1).T
