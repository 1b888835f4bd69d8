"""Laws of Cholesky factors and their solves, at every level, against NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from headway.kernels.core import core
from headway.kernels.factor import factor

SHAPES = [(1, 1), (3, 2), (2, 31), (3, 64), (1, 65), (1, 300), (2, 333)]
DTYPES = [np.float32, np.float64]


def matrices(count, width, dtype=np.float64):
    """Return well-conditioned matrices in bad units, and their lower triangles alone."""
    rng = np.random.default_rng([count, width])
    A = rng.normal(size=(count, width + 5, width)) / np.sqrt(width)
    units = 10.0 ** rng.uniform(-3, 3, width)
    whole = (np.einsum("cij,cik->cjk", A, A) + np.eye(width)) * units * units[:, None]
    lower = np.tril(whole) + np.triu(np.full(whole.shape, np.nan), 1)
    return whole, np.ascontiguousarray(lower, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("count", "width"), SHAPES)
def test_a_solve_undoes_its_matrix_and_reads_its_lower_triangle_alone(level, count, width, dtype):
    whole, lower = matrices(count, width, dtype)
    solved = np.random.default_rng(0).normal(size=(count, width))
    right = np.einsum("cij,cj->ci", whole, solved)
    factors = factor(lower)
    error = 100 * np.finfo(dtype).eps * np.sqrt(width)
    units = np.sqrt(np.einsum("cii->ci", whole))
    found = factors.solve(right, np.arange(count))
    assert_allclose(found * units, solved * units, atol=error * np.abs(solved * units).max())


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("width", [1, 6, 70])
def test_right_sides_are_solved_alone_or_together(level, rows, width):
    _, lower = matrices(1, width)
    factors = factor(lower)
    right = np.random.default_rng(1).normal(size=(rows, width))
    alone = [factors.solve(right[[r]])[0] for r in range(rows)]
    assert_allclose(factors.solve(right), alone, rtol=1e-12)


def test_each_right_side_finds_its_matrix(level):
    whole, lower = matrices(3, 20)
    right = np.ones((4, 20))
    which = np.array([2, 0, 2, 1])
    expected = [np.linalg.solve(whole[c], right[0]) for c in which]
    assert_allclose(factor(lower).solve(right, which), expected, rtol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_singular_matrix_is_solved_where_it_can_be(level, dtype):
    rng = np.random.default_rng(0)
    A = rng.normal(size=(40, 80))
    A[:, 7] = 0.0  # a feature that is always zero
    whole = A.T @ A
    factors = factor(np.array(whole[None], dtype=dtype))
    solved = factors.solve((whole @ rng.normal(size=80))[None])
    assert np.isfinite(solved).all()
    # Positive definite: what a preconditioner must be.
    directions = rng.normal(size=(20, 80))
    assert (np.einsum("ij,ij->i", directions, factors.solve(directions)) > 0).all()


def test_one_and_two_threads_give_the_same_bits(level):
    if core() is None:
        pytest.skip("the NumPy twins have no threads of their own")
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            factors = factor(matrices(1, 700, np.float32)[1])
            found.append(np.triu(factors.upper[0]))
            found.append(factors.solve(np.ones((9, 700))))
    assert_array_equal(found[0], found[2])
    assert_array_equal(found[1], found[3])


def test_what_does_not_fit_is_refused(level):
    if core() is None:
        pytest.skip("the NumPy twins leave this to SciPy")
    factors = factor(matrices(2, 5)[1])
    with pytest.raises(ValueError, match="no such matrix"):
        factors.solve(np.ones((1, 5)), np.array([2]))
    with pytest.raises(ValueError, match="right sides"):
        factors.solve(np.ones((1, 6)))
