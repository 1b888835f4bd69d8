"""Laws of the fused pass over a linear problem, at every level, against plain float64 formulas."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logsumexp

from headway.kernels import linear
from headway.kernels.core import core
from headway.kernels.linear import LinearRows, linear_pass, linear_rows

# Narrow and wide, one vector and several, one class and many; no size is a multiple of a lane.
SHAPES = [(61, 3, 2), (300, 17, 3), (130, 40, 10), (90, 700, 33), (75, 3000, 70)]
# One logit goes by rows side by side: on few features or more, in whole vectors or not.
ONE_LOGIT = [(333, 5, 1), (70, 6, 1), (64, 12, 1), (45, 13, 1)]
HEADS = [(shape, coupled) for shape in SHAPES for coupled in (True, False)]
HEADS += [(shape, False) for shape in ONE_LOGIT]
KINDS = ["labels", "smoothed", "values", "codes", "missing", "weighted"]


def made(shape, kind, coupled, *, sparse=False, dtype=np.float64):
    n, d, k = shape
    rng = np.random.default_rng([n, d, k])
    X = rng.normal(size=(n, d)) / np.sqrt(d)
    X[np.abs(X) * np.sqrt(d) < 0.7] = 0
    X = X.astype(dtype)
    labels = rng.integers(0, k, n).astype(np.int32)
    labels[:k] = np.arange(k)
    extra = {"row_weights": rng.uniform(0.5, 2, n)}
    if kind == "labels":
        forms = {"labels": labels}
    elif kind == "smoothed":
        forms = {"labels": labels, "on": 0.9 + 0.1 / k, "off": 0.1 / k}
    elif kind == "values" or coupled:
        forms = {"values": rng.dirichlet(np.ones(k), n)}
    elif kind == "codes":
        forms = {"codes": rng.integers(0, 2, (n, k)).astype(np.uint8)}
    else:
        forms = {"codes": rng.integers(0, 3, (n, k)).astype(np.uint8)}
        if kind == "weighted":
            extra["positive_weight"] = rng.uniform(0.5, 3, k)
    rows = LinearRows(sp.csr_array(X) if sparse else X, k, **forms, **extra)
    weights, direction = rng.normal(size=(2, k, d + 1))
    return rows, weights, 0.1 * direction


def truth(rows, weights, coupled):
    """Losses, probs, sums and cells of the plain formulas, in float64."""
    X = rows.X.toarray() if sp.issparse(rows.X) else rows.X
    X1 = np.c_[X.astype(np.float64), np.ones(len(X))]
    targets, cells = rows.weighted_targets(slice(None))
    logits = X1 @ weights.T
    if coupled:
        top = logsumexp(logits, axis=1)
        probs = np.exp(logits - top[:, None])
        losses = np.array([cells[:, 0] @ (top - (targets * logits).sum(axis=1))])
    else:
        probs = expit(logits)
        losses = (cells * (np.logaddexp(0, logits) - targets * logits)).sum(axis=0)
    return losses, probs, (cells * (probs - targets)).T @ X1, X1, cells, targets


def gradient(passes, rows, weights, coupled, single=False):
    n, d = rows.shape
    values = np.empty(1 if coupled else rows.n_classes)
    sums, probs = np.empty((rows.n_classes, d + 1)), np.empty((n, rows.n_classes), np.float32)
    passes.gradient(weights, values, sums, probs, single)
    return values, probs, sums


def product(passes, rows, direction, probs, weights, single=False):
    sums = np.empty((rows.n_classes, rows.shape[1] + 1))
    passes.product(direction, sums, probs, weights, single)
    return sums


CASES = [
    pytest.param(shape, kind, coupled, sparse, id=f"{shape}-{kind}-{coupled}-{sparse}")
    for shape, coupled in HEADS
    for kind in KINDS
    for sparse in (True, False)
    if not (coupled and kind in ("codes", "missing", "weighted"))
]


@pytest.mark.parametrize(("shape", "kind", "coupled", "sparse"), CASES)
def test_a_pass_is_the_plain_formula(level, shape, kind, coupled, sparse):
    rows, weights, direction = made(shape, kind, coupled, sparse=sparse)
    passes = linear_pass(rows, coupled=coupled)
    losses, probs, sums, X1, cells, _ = truth(rows, weights, coupled)
    values, kept, found = gradient(passes, rows, weights, coupled)
    assert_allclose(values, losses, rtol=1e-11)
    assert_allclose(kept, probs, atol=1e-6)
    assert_allclose(found, sums, atol=1e-10 * np.abs(sums).max())
    change = X1 @ direction.T
    if coupled:
        change -= (probs * change).sum(axis=1, keepdims=True)
        moved = cells * probs * change
    else:
        moved = cells * probs * (1 - probs) * change
    expected = moved.T @ X1
    size = np.abs(expected).max()
    assert_allclose(product(passes, rows, direction, kept, None), expected, atol=1e-5 * size)
    assert_allclose(product(passes, rows, direction, None, weights), expected, atol=1e-10 * size)
    if sparse:
        passes.diagonal(kept, found)
        diagonal = (cells * probs * (1 - probs)).T @ X1**2
        assert_allclose(found, diagonal, rtol=1e-4, atol=1e-5 * diagonal.max())


@pytest.mark.parametrize(("shape", "kind", "coupled", "sparse"), CASES)
@pytest.mark.parametrize("single", [True, False])
def test_a_penalty_adds_itself_times_the_weights(level, shape, kind, coupled, sparse, single):
    rows, weights, direction = made(shape, kind, coupled, sparse=sparse)
    passes = linear_pass(rows, coupled=coupled)
    penalty = np.random.default_rng(0).uniform(0.5, 2.0, weights.shape[1])
    values, probs, plain = gradient(passes, rows, weights, coupled, single)
    penalised = np.empty_like(plain)
    passes.gradient(weights, values, penalised, probs, single, penalty)
    assert_allclose(penalised, plain + penalty * weights, rtol=1e-12, atol=1e-12)
    passes.product(direction, plain, probs, None, single, 1)
    passes.product(direction, penalised, probs, None, single, 1, penalty)
    assert_allclose(penalised, plain + penalty * direction, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("shape", "kind", "coupled", "sparse"), CASES)
def test_the_dual_passes_are_the_plain_formulas(level, shape, kind, coupled, sparse):
    rows, weights, step = made(shape, kind, coupled, sparse=sparse)
    passes = linear_pass(rows, coupled=coupled)
    losses, probs, _, X1, cells, targets = truth(rows, weights, coupled)
    k, parts = rows.n_classes, 1 if coupled else rows.n_classes
    change = X1 @ step.T
    if coupled:
        q = probs + probs * (change - (probs * change).sum(axis=1, keepdims=True))
    else:
        q = probs + probs * (1 - probs) * change
    q = np.clip(q, 0, 1)
    q /= q.sum(axis=1, keepdims=True) if coupled else 1.0
    rng = np.random.default_rng(0)
    tilt, shift, shares, mix = rng.uniform(0, 1e-3, (4, k))
    balanced = q + q * (tilt - (q @ tilt[:, None] if coupled else q * tilt))
    balanced = np.clip((balanced - shift) * (1 - mix) + mix * shares, 0, 1)

    def entropy(x):
        return -x * np.log(np.where(x > 0, x, 1.0))

    entropies = cells * (entropy(balanced) + (0 if coupled else entropy(1 - balanced)))
    moments = (cells * (balanced - targets)).T @ X1
    for kept in (np.empty(q.shape, np.float32), None):
        values, after, excess = np.empty(parts), np.empty(parts), np.empty(k)
        passes.dual(weights, step, values, after, excess, kept)
        assert_allclose(values, losses, rtol=1e-11)
        assert_allclose(after, truth(rows, weights + step, coupled)[0], rtol=1e-11)
        assert_allclose(excess, (cells * q).sum(axis=0), rtol=1e-6)
        sums = np.empty((k, rows.shape[1] + 1))
        passes.moments(kept, weights, step, tilt, shift, shares, mix, values, sums)
        expected = entropies.sum(axis=0)
        assert_allclose(values, expected.sum() if coupled else expected, rtol=1e-5)
        assert_allclose(sums, moments, atol=1e-6 * np.abs(moments).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("shape", ONE_LOGIT)
def test_float_features_are_certified_in_double(level, shape, apart, kind):
    rows, weights, step = made(shape, kind, False, dtype=np.float32)
    if apart:
        wide = np.full((shape[0], shape[1] + 3), np.nan, np.float32)
        wide[:, :-3] = rows.X
        rows = replace(rows, X=wide[:, :-3])
    found = []
    for each in (rows, replace(rows, X=rows.X.astype(np.float64))):
        passes = linear_pass(each, coupled=False)
        values, after, excess, entropy = np.empty((4, 1))
        kept, sums = np.empty((shape[0], 1), np.float32), np.empty((1, shape[1] + 1))
        passes.dual(weights, step, values, after, excess, kept)
        repairs = np.full((4, 1), 1e-3)
        passes.moments(kept, weights, step, *repairs, entropy, sums)
        found.append(np.concatenate([values, after, excess, entropy, sums[0], kept[:, 0]]))
    assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-6)
    assert_allclose(found[0][:4], found[1][:4], rtol=1e-9)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize(("shape", "coupled"), HEADS)
def test_float32_products_differ_by_rounding_alone(level, shape, coupled, sparse):
    rows, weights, _ = made(shape, "labels", coupled, sparse=sparse, dtype=np.float32)
    passes = linear_pass(rows, coupled=coupled)
    wide = gradient(passes, rows, weights, coupled)
    single = gradient(passes, rows, weights, coupled, single=True)
    assert_allclose(single[0], wide[0], rtol=1e-6)
    assert_allclose(single[2], wide[2], atol=2e-5 * np.abs(wide[2]).max())


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize(("shape", "coupled"), HEADS)
def test_one_and_two_threads_give_the_same_bits(level, shape, coupled, sparse):
    if core() is None:
        pytest.skip("the NumPy twins have no threads of their own")
    rows, weights, _ = made(shape, "labels", coupled, sparse=sparse, dtype=np.float32)
    before = core().threads()
    try:
        results = []
        for threads in (1, 2, 3):
            core().set_threads(threads)
            passes = linear_pass(rows, coupled=coupled)
            results.append(gradient(passes, rows, weights, coupled, single=True))
    finally:
        core().set_threads(before)
    for result in results[1:]:
        for one, other in zip(results[0], result, strict=True):
            assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_memory_order_and_type_change_nothing(level, dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, (150, 21)).astype(dtype)
    rows = LinearRows(X, 4, labels=rng.integers(0, 4, 150).astype(np.int32))
    weights = rng.normal(size=(4, 22))
    expected = truth(replace(rows, X=X.astype(np.float64)), weights, coupled=True)[2]
    wide, tall = np.zeros((150, 42), dtype), np.zeros((300, 21), dtype)
    wide[:, ::2], tall[::2] = X, X
    records = np.zeros(150, dtype=[("odd", np.uint8), ("x", dtype, 21)])
    records["x"] = X
    frozen = X.copy()
    frozen.setflags(write=False)
    for same in (
        X,
        np.asfortranarray(X),
        wide[:, ::2],
        tall[::2],
        X[::-1].copy()[::-1],
        X[:, ::-1].copy()[:, ::-1],
        records["x"],
        frozen,
    ):
        passes = linear_pass(replace(rows, X=same), coupled=True)
        found = gradient(passes, rows, weights, coupled=True)[2]
        assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())


def test_columns_are_shifted_and_scaled_on_the_way_in(level):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(200, 6)) + 1e4).astype(np.float32)
    shift, scale = X.astype(np.float64).mean(axis=0), rng.uniform(0.5, 2, 6)
    labels = rng.integers(0, 3, 200).astype(np.int32)
    weights = rng.normal(size=(3, 7))
    plain = LinearRows((X.astype(np.float64) - shift) * scale, 3, labels=labels)
    expected = truth(plain, weights, coupled=True)[2]
    rows = LinearRows(X, 3, labels=labels, shift=shift, scale=scale)
    for single, tolerance in ((False, 1e-10), (True, 1e-5)):
        found = gradient(linear_pass(rows, coupled=True), rows, weights, True, single)[2]
        assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


def test_mostly_zero_features_are_compressed_and_give_the_same(monkeypatch):
    if core() is None:
        pytest.skip("the NumPy twins read features as they are")
    monkeypatch.setattr(linear, "WORTH_COMPRESSING", 0)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 30)).astype(np.float32) * (rng.random((80, 30)) < 0.2)
    rows = LinearRows(X, 3, labels=rng.integers(0, 3, 80).astype(np.int32))
    passes = linear_pass(rows, coupled=True)
    assert passes.sparse
    weights = rng.normal(size=(3, 31))
    found = gradient(passes, rows, weights, coupled=True)[2]
    assert_allclose(found, truth(rows, weights, coupled=True)[2], atol=1e-6)
    dense = linear_pass(replace(rows, X=X + 1), coupled=True)
    assert not dense.sparse


@pytest.mark.parametrize("drawn", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gram_matrices_are_sums_over_the_rows_drawn(level, drawn, sparse, dtype):
    rows, _, _ = made((300, 150, 3), "labels", True, sparse=sparse, dtype=dtype)
    rng = np.random.default_rng(0)
    m = 410 if drawn else 300
    chosen = rng.integers(0, 300, (2, m)) if drawn else None
    weights = rng.uniform(0, 2, (2, m))
    found = np.zeros((2, 151, 151), dtype)
    linear_pass(rows, coupled=True).grams(chosen, weights, found)
    X = rows.X.toarray() if sparse else rows.X
    X1 = np.c_[X, np.ones(300)].astype(np.float64)
    for c in range(2):
        some = X1 if chosen is None else X1[chosen[c]]
        expected = np.tril(some.T @ (weights[c][:, None] * some))
        assert_allclose(np.tril(found[c]), expected, atol=3e-5 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gram_matrices_of_few_cells_a_row_add_up_repeated_columns(level, dtype):
    rng = np.random.default_rng(0)
    n, d, cells = 50, 150, 4
    # In no order and, by chance, with the same column twice in a row.
    columns = rng.integers(0, d, (n, cells))
    columns[0] = 7
    X = sp.csr_array(
        (
            rng.normal(size=n * cells).astype(dtype),
            columns.ravel().astype(np.int32),
            np.arange(0, n * cells + 1, cells),
        ),
        shape=(n, d),
    )
    rows = LinearRows(X, 2, labels=np.arange(n, dtype=np.int32) % 2)
    weights = rng.uniform(0, 2, (1, n))
    found = np.zeros((1, d + 1, d + 1), dtype)
    linear_pass(rows, coupled=True).grams(None, weights, found)
    X1 = np.c_[X.toarray(), np.ones(n)].astype(np.float64)
    expected = np.tril(X1.T @ (weights[0][:, None] * X1))
    assert_allclose(np.tril(found[0]), expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("coupled", [True, False])
def test_products_of_some_rows_stand_for_all(level, coupled, sparse):
    rng = np.random.default_rng(0)
    n, d, k = 40_000, 40, 3
    X = rng.normal(size=(n, d)).astype(np.float32)
    labels = rng.integers(0, k, n).astype(np.int32)
    weights, direction = rng.normal(size=(2, k, d + 1))
    for rows_alike in (True, False):
        features = np.repeat(X[:1], n, axis=0) if rows_alike else X
        rows = LinearRows(sp.csr_array(features) if sparse else features, k, labels=labels)
        passes = linear_pass(rows, coupled=coupled)
        probs = gradient(passes, rows, weights, coupled)[1]
        found = []
        for every in (1, 4):
            sums = np.empty((k, d + 1))
            passes.product(direction, sums, probs, weights, True, every)
            found.append(sums)
        size = np.abs(found[0]).max()
        assert_allclose(found[1], found[0], atol=(1e-3 if rows_alike else 0.2) * size)
        assert rows_alike or np.abs(found[1] - found[0]).max() > 2e-3 * size


@pytest.mark.parametrize(("shape", "coupled"), HEADS)
def test_the_compiled_iteration_solves_newtons_equations(level, shape, coupled):
    if core() is None:
        pytest.skip("the NumPy twins iterate in Python")
    rows, weights, _ = made(shape, "labels", coupled, sparse=True, dtype=np.float32)
    passes = linear_pass(rows, coupled=coupled)
    values, probs, slope = gradient(passes, rows, weights, coupled, single=True)
    slope[:, :-1] += 2.0 * weights[:, :-1]
    diagonal = np.empty_like(slope)
    passes.diagonal(probs, diagonal)
    diagonal += 2.0
    d = rows.shape[1]
    step = np.empty_like(slope)
    penalty, means = np.full(d, 2.0, np.float32), np.zeros(d, np.float32)
    tight = (500, np.inf, 1e-12, 1e-6, 1e-6)
    products = passes.cg(slope, diagonal, penalty, means, values, probs, step, *tight)
    assert products > 1
    residual = product(passes, rows, step, probs, None)
    residual[:, :-1] += 2.0 * step[:, :-1]
    residual += slope
    if coupled:
        residual -= residual.mean(axis=0)
    assert np.abs(residual).max() < 1e-3 * np.abs(slope).max()


def test_targets_take_their_smallest_form():
    X = np.zeros((2, 1))
    hard = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert linear_rows(X, hard, coupled=True).labels.tolist() == [0, 1]
    holes = np.array([[1.0, np.nan], [0.0, 1.0]])
    assert linear_rows(X, holes, coupled=False).codes.tolist() == [[1, 2], [0, 1]]
    soft = linear_rows(X, np.array([[0.5, 0.5], [0.1, 0.9]]), coupled=True)
    assert soft.values is not None


def test_columns_are_chosen_in_any_order():
    rows = LinearRows(np.zeros((3, 1)), 4, labels=np.array([2, 0, 2], dtype=np.int32))
    kept = rows.columns(np.array([2, 0]))
    assert kept.n_classes == 2
    assert kept.labels.tolist() == [0, 1, 0]
    fewer = rows.columns(np.array([3, 2]))
    assert fewer.codes.tolist() == [[0, 1], [0, 0], [0, 1]]
