"""The objective that judges every contestant, and the problems it is made of."""

import numpy as np
import pytest
import scipy.sparse as sp
from benchmarks._problems import Problem, objective
from benchmarks._shapes import SHAPES, Shape, make

from benchmarks import _problems
from headway import LinearClassifier


@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_the_objective_is_the_one_that_headway_reports(head, K):
    shape = Shape("few", "table", n=80, d=3, K=K, C=0.7)
    X, y = make(shape)
    model = LinearClassifier(head=head, C=0.7).fit(X, y)
    problem = Problem("few", X, y, head, 0.7)
    assert objective(problem, model.coef_, model.intercept_) == pytest.approx(
        model.objective_, rel=1e-6
    )


def test_blocks_of_rows_and_sparse_features_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    X, Y = rng.random((50, 4)).astype(np.float32), rng.integers(2, size=(50, 3))
    coef, intercept = rng.standard_normal((3, 4)), rng.standard_normal(3)
    whole = objective(Problem("any", X, Y, "sigmoid", 1.0), coef, intercept)
    monkeypatch.setattr(_problems, "CELLS_AT_A_TIME", 28)
    sparse = Problem("any", sp.csr_matrix(X), Y, "sigmoid", 1.0)
    assert objective(sparse, coef, intercept) == pytest.approx(whole, rel=1e-12)


def test_the_shapes_span_what_they_should():
    assert len(SHAPES) == len({shape.name for shape in SHAPES}) == 12
    for name, least, most in (("n", 1_000, 1_000_000), ("d", 5, 5_000), ("K", 2, 1_000)):
        sizes = [getattr(shape, name) for shape in SHAPES]
        assert (min(sizes), max(sizes)) == (least, most)


@pytest.mark.parametrize("family", ["table", "vectors", "words", "clicks"])
def test_a_shape_is_the_same_each_time_and_lacks_no_class(family):
    shape = Shape("few", family, n=300, d=40, K=3, C=1.0, decay=0.5, per_row=6)
    X, y = make(shape)
    again, labels = make(shape)
    assert X.shape == (300, 40)
    assert X.dtype == np.float32
    assert abs(X - again).max() == 0
    assert np.array_equal(y, labels)
    assert set(y) == {0, 1, 2}
