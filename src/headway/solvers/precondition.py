"""Approximate inverse Hessians for Newton's inner iteration.

    full      the Hessian of all classes together, from all rows or a sample     few weights
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

from headway.solvers.problem import LinearProblem, with_ones

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
    /,
    *,
    far: bool,
    rng: np.random.Generator,
    basis: "Eigenbasis | None" = None,
) -> Preconditioner:
    """Return an approximate inverse of the Hessian at the point last looked at.

    Parameters
    ----------
    problem : LinearProblem
        The problem; its probs are those of the point.
    far : bool
        True while the probabilities still change a lot from step to step; one block for all
        classes is then as good as one for each, and K times cheaper.
    rng : Generator
        Draws the rows.
    basis : Eigenbasis, optional
        That of an earlier preconditioner of the same problem, to be used again.
    """
    k, width = problem.shape
    n = problem.rows.shape[0]
    work = float(n) * width**2
    known = problem.probs is not None
    if (
        problem.coupled
        and known
        and k * width <= FULL_WEIGHTS
        and work * k * (k + 1) / 2 <= FULL_WORK
    ):
        return Preconditioner(_full(problem), lasting=False)
    if width > MOST_BLOCK_FEATURES:
        return Preconditioner(_diagonal(problem), lasting=False)
    if k * width**2 * 4 > BLOCK_BYTES:
        if basis is None:
            basis = _eigenbasis(problem, rng)
        return Preconditioner(_shared(problem, basis), lasting=False, basis=basis)
    exact = work * k <= EXACT_BLOCK_WORK
    if exact:
        return Preconditioner(_blocks(problem, rng, np.float64, exact=True), lasting=False)
    if far:
        return Preconditioner(_one_block(problem, rng), lasting=False)
    return Preconditioner(_blocks(problem, rng, np.float32, exact=False), lasting=True)


def _full(problem: LinearProblem) -> Apply:
    """Return the exact inverse Hessian of a softmax with few weights.

    The Hessian is singular along a shared shift of the intercepts (of everything, without a
    penalty); adding |1><1| on the classes fills that null space and changes nothing else.
    """
    k, width = problem.shape
    hessian = np.zeros((k, width, k, width))
    assert problem.probs is not None
    for rows, X in problem.chunks(np.float64):
        X1 = with_ones(X)
        probs = problem.probs[rows].astype(np.float64)
        weights = 1.0
        if problem.rows.row_weights is not None:
            weights = problem.rows.row_weights[rows]
        for a in range(k):
            for b in range(a + 1):
                cells = -weights * probs[:, a] * probs[:, b]
                if a == b:
                    cells += weights * probs[:, a]
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


def _blocks(problem: LinearProblem, rng: np.random.Generator, dtype: type, *, exact: bool) -> Apply:
    """Return the inverses of the class blocks, from all rows or from drawn ones."""
    k, width = problem.shape
    n = problem.rows.shape[0]
    blocks = np.zeros((k, width, width), dtype=dtype)
    m = ROWS_PER_FEATURE * width
    if exact or n <= m:
        for c in range(k):
            problem.passes.grams(None, problem.curvature(c)[None], blocks[c : c + 1])
    else:
        drawn, weights = np.empty((k, m), dtype=np.int64), np.empty(k)
        for c in range(k):
            drawn[c], weights[c] = _draw(problem.curvature(c), m, rng)
        problem.passes.grams(drawn, None, blocks)
        blocks *= weights[:, None, None].astype(dtype)
    return _apply_inverses(problem, blocks)


def _one_block(problem: LinearProblem, rng: np.random.Generator) -> Apply:
    """Return the inverse of one block for all classes, of mean curvature, from drawn rows."""
    width = problem.shape[1]
    n = problem.rows.shape[0]
    curvature = problem.mean_curvature()
    block = np.zeros((1, width, width), dtype=np.float32)
    m = ROWS_PER_FEATURE * width
    if n <= m:
        problem.passes.grams(None, curvature[None], block)
    else:
        drawn, weight = _draw(curvature, m, rng)
        problem.passes.grams(drawn[None], None, block)
        block *= np.float32(weight)
    return _apply_inverses(problem, block)


def _apply_inverses(problem: LinearProblem, blocks: np.ndarray) -> Apply:
    """Return the inverses of blocks (K, w, w), or (1, w, w) for all classes, destroying them."""
    width = problem.shape[1]
    dtype = blocks.dtype
    for c, block in enumerate(blocks):
        block[np.diag_indices(width)] += problem.penalty.astype(dtype)
        factor, scale = _factor(block, problem.penalised)
        blocks[c] = _inverse(factor) * scale * scale[:, None]

    def apply(gradient: np.ndarray) -> np.ndarray:
        gradient = gradient.astype(dtype, copy=False)
        if len(blocks) == 1:
            moved = gradient @ blocks[0]
        else:
            moved = np.matmul(blocks, gradient[:, :, None])[:, :, 0]
        return problem.project(moved.astype(np.float64))

    return apply


def _shared(problem: LinearProblem, basis: "Eigenbasis") -> Apply:
    """Return the inverse of (mean curvature of the class) times one Gram matrix, plus penalty."""
    mass = problem.curvature_masses()[:, None]
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


def _eigenbasis(problem: LinearProblem, rng: np.random.Generator) -> Eigenbasis:
    """Return the eigenbasis of the rows weighted by their curvature in all classes together."""
    k, width = problem.shape
    pooled = k * problem.mean_curvature()
    gram = np.zeros((1, width, width))
    if problem.rows.shape[0] <= ROWS_PER_FEATURE * width:
        problem.passes.grams(None, pooled[None], gram)
    else:
        drawn, weight = _draw(pooled, ROWS_PER_FEATURE * width, rng)
        problem.passes.grams(drawn[None], None, gram)
        gram *= weight
    matrix = gram[0] / max(pooled.sum(), 1e-300)
    # The intercept has no penalty to be measured by; a small one stands in.
    floor = max(float(problem.penalty.max()), 1e-8 * float(np.trace(matrix)) / width, 1e-300)
    scale = np.sqrt(np.maximum(problem.penalty, 1e-4 * floor))
    matrix /= scale[:, None]
    matrix /= scale
    values, vectors = sla.eigh(matrix, lower=True, overwrite_a=True, check_finite=False)
    return Eigenbasis(np.maximum(values, 0.0), vectors, scale)


def _diagonal(problem: LinearProblem) -> Apply:
    """Return the inverse of the Hessian's diagonal."""
    diagonal = np.tile(problem.penalty, (problem.n_classes, 1))
    curvatures = np.stack([problem.curvature(c) for c in range(problem.n_classes)])
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
        return np.arange(size) % len(curvature), 0.0
    places = (np.arange(size) + rng.random(size)) * (total / size)
    rows = np.minimum(np.searchsorted(ends, places), len(curvature) - 1)
    return rows, total / size


def _factor(matrix: np.ndarray, penalised: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return (L, s): L L' = s M s with unit diagonal, plus the least ridge that works.

    Only the lower triangle of M is read.  Without the scaling, a feature measured in thousands
    would drown one measured in units.
    """
    diagonal = np.diag(matrix)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = matrix * scale * scale[:, None]
    ones = np.diag(scaled).copy()
    ridge = 4 * np.finfo(matrix.dtype).eps if penalised else UNPENALISED_RIDGE
    while True:
        np.fill_diagonal(scaled, ones + ridge)
        try:
            # The transpose is in LAPACK's order, and its upper triangle is our lower one.
            factor, _ = sla.cho_factor(scaled.T, lower=False, check_finite=False)
            return factor.T, scale
        except np.linalg.LinAlgError:
            ridge *= 10


def _inverse(lower: np.ndarray) -> np.ndarray:
    """Return the full symmetric inverse from a lower Cholesky factor."""
    (potri,) = sla.get_lapack_funcs(("potri",), (lower,))
    inverse, _ = potri(lower.T, lower=False)
    inverse = np.triu(inverse)
    return inverse + np.triu(inverse, 1).T
