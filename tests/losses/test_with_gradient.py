"""Losses and gradients out of one read: the same as apart, wherever they are written to."""

import numpy as np
import pytest
import threadpoolctl
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputValueError
from headway.kernels.core import use_core
from headway.losses import (
    binary_cross_entropy_with_gradient,
    cross_entropy_with_gradient,
    soft_cross_entropy_with_gradient,
)

pytestmark = pytest.mark.usefixtures("level")

INF, NAN = float("inf"), float("nan")
# Around the number of lanes, around the seam between short and long rows, and beyond a block.
WIDTHS = [1, 2, 3, 10, 16, 17, 31, 32, 33, 64, 100, 1000, 2500]


def _options(kind, k, mask):
    weight = np.random.default_rng(1).random(k) + 0.1
    name = "positive_weight" if kind == "binary" else "class_weight"
    return [
        {},
        {"label_smoothing": 0.1},
        {name: weight},
        {"where": mask},
        {"where": mask[0] | True},
        {"label_smoothing": 0.2, name: weight, "where": mask},
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", WIDTHS)
def test_every_level_says_what_the_twin_says_in_float64(kind, k, dtype, functions, make_case):
    _, _, with_gradient = functions[kind]
    logits, against, mask = make_case(kind, 21, k, dtype)
    wide = against if kind == "labels" else against.astype(np.float64)
    if kind == "soft":
        wide = wide / wide.sum(axis=1, keepdims=True)
    # A few roundings of the terms, and one for each logit's distance from the largest.
    tolerance = 2e-6 if dtype is np.float32 else 4e-15
    for options in _options(kind, k, mask):
        losses, gradient = with_gradient(logits, against, **options)
        assert losses.dtype == gradient.dtype == dtype
        with use_core("numpy"):
            expected = with_gradient(logits.astype(np.float64), wide, **options)
        assert_allclose(losses, expected[0], rtol=tolerance, atol=tolerance, err_msg=str(options))
        assert_allclose(gradient, expected[1], rtol=0, atol=3 * tolerance, err_msg=str(options))


@pytest.mark.parametrize("k", WIDTHS)
def test_together_or_apart_is_the_same(kind, k, functions, make_case):
    value, slope, with_gradient = functions[kind]
    logits, against, mask = make_case(kind, 70, k, np.float32)
    for options in _options(kind, k, mask):
        losses, gradient = with_gradient(logits, against, **options)
        assert_array_equal(value(logits, against, **options), losses)
        assert_array_equal(slope(logits, against, **options), gradient)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", WIDTHS)
def test_in_place_is_out_of_place_bit_for_bit(kind, k, dtype, functions, make_case):
    _, _, with_gradient = functions[kind]
    logits, against, mask = make_case(kind, 70, k, dtype)
    room = np.empty(logits.size + 1, dtype=dtype)[1:].reshape(logits.shape)
    for options in _options(kind, k, mask):
        expected = with_gradient(logits, against, **options)
        for out in (np.empty_like(logits), room, logits.copy()):
            losses, gradient = with_gradient(logits, against, out=out, **options)
            assert gradient is out
            assert_array_equal(losses, expected[0])
            assert_array_equal(gradient, expected[1])
        logits_there = logits.copy()
        losses, gradient = with_gradient(logits_there, against, out=logits_there, **options)
        assert gradient is logits_there
        assert_array_equal(losses, expected[0])
        assert_array_equal(gradient, expected[1])


@pytest.mark.parametrize(("n", "k"), [(40_000, 10), (3000, 100), (8, 70_000)])
def test_one_and_two_threads_give_the_same_bits(kind, n, k, functions, make_case):
    logits, against, _ = make_case(kind, n, k, np.float32)
    results = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads):
            results.append(functions[kind][2](logits, against))
    assert_array_equal(results[0][0], results[1][0])
    assert_array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize(("n", "k"), [(450_000, 10), (45_000, 101), (4500, 1001)])
def test_a_gradient_that_goes_past_the_caches_is_the_same(kind, n, k, functions, make_case):
    """From 16 MB on the core writes past the caches, except in place."""
    logits, against, _ = make_case(kind, n, k, np.float32)
    losses, gradient = functions[kind][2](logits, against)
    some = slice(n // 2, n // 2 + 7)
    few = functions[kind][2](logits[some], against[some])
    assert_array_equal(losses[some], few[0])
    assert_array_equal(gradient[some], few[1])
    in_place = functions[kind][2](logits, against, out=logits)
    assert_array_equal(in_place[0], losses)
    assert_array_equal(in_place[1], gradient)


@pytest.mark.parametrize("k", [3, 40])
def test_gradient_is_the_central_difference_of_the_loss(kind, k, functions, make_case):
    _, _, with_gradient = functions[kind]
    logits, against, mask = make_case(kind, 5, k)
    h = 1e-5
    for options in _options(kind, k, mask):
        gradient = with_gradient(logits, against, **options)[1]
        for column in range(k):
            step = h * np.eye(k)[column]
            up = with_gradient(logits + step, against, **options)[0]
            down = with_gradient(logits - step, against, **options)[0]
            assert_allclose(gradient[:, column], (up - down) / (2 * h), atol=1e-8)


@pytest.mark.parametrize("k", [4, 40])
def test_a_shared_shift_of_the_logits_changes_nothing(k, make_case):
    logits, labels, _ = make_case("labels", 9, k)
    losses, gradient = cross_entropy_with_gradient(logits, labels)
    shifted = cross_entropy_with_gradient(logits + 100, labels)
    assert_allclose(shifted[0], losses, atol=1e-12)
    assert_allclose(shifted[1], gradient, atol=1e-13)
    assert_allclose(gradient.sum(axis=1), 0, atol=1e-14)


def test_softmax_of_two_is_the_sigmoid_of_one():
    z = 10 * np.random.default_rng(0).normal(size=(50, 1))
    labels = np.random.default_rng(1).integers(0, 2, size=50)
    one = binary_cross_entropy_with_gradient(z, labels[:, None])
    two = cross_entropy_with_gradient(np.hstack([0 * z, z]), labels)
    assert_allclose(one[0], two[0], rtol=1e-12)
    assert_allclose(one[1][:, 0], two[1][:, 1], atol=1e-15)


@pytest.mark.parametrize("k", [5, 50])
def test_the_gradient_is_zero_at_the_true_distribution(k):
    targets = np.random.default_rng(0).dirichlet(np.ones(k), size=20)
    losses, gradient = soft_cross_entropy_with_gradient(np.log(targets), targets)
    assert_allclose(gradient, 0, atol=1e-15)
    assert_allclose(losses, -(targets * np.log(targets)).sum(axis=1), rtol=1e-13)


@pytest.mark.parametrize("padding", [0, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_edges_of_cross_entropy(dtype, padding):
    """A short row, and the same among impossible classes in a long one."""
    rows = np.array(
        [
            [-INF, 0, 0],
            [INF, 0, INF],
            [INF, 0, -INF],
            [0, NAN, 1],
            [NAN, -INF, -INF],
            [INF, NAN, 0],
            [3e38, -3e38, 0],
            [0, 40, 0],
        ],
        dtype=dtype,
    )
    if dtype is np.float64:
        rows[6, :2] = 1.7e308, -1.7e308
    labels = [0, 0, 1, 0, 1, 0, 1, 1]
    n = len(rows)
    logits = np.hstack([rows, np.full((n, padding), -INF, dtype=dtype)])
    losses, gradient = cross_entropy_with_gradient(logits, labels)
    small = 2 * np.exp(-40.0)
    expected = [INF, np.log(2), INF, NAN, NAN, NAN, INF, small]
    assert_allclose(losses, np.array(expected), rtol=1e-6)
    half = [[-1, 0.5, 0.5], [-0.5, 0, 0.5], [1, -1, 0]]
    assert_array_equal(gradient[:3, :3], np.array(half, dtype=dtype))
    assert np.isnan(gradient[3:6]).all()
    assert_array_equal(gradient[6, :3], [1, -1, 0])
    assert np.isfinite(gradient[7]).all()
    # Smoothing reaches the possible classes, which beside +inf have a loss of +inf.
    losses, gradient = cross_entropy_with_gradient(logits, labels, label_smoothing=0.2)
    assert_array_equal(np.isinf(losses), [True, True, True, False, False, False, True, False])
    assert_array_equal(gradient[:, 3:][~np.isnan(gradient[:, 3:])], 0)


@pytest.mark.parametrize("k", [1, 2, 50])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_edges_of_binary_cross_entropy(dtype, k):
    z = np.array([INF, INF, -INF, -INF, NAN, NAN, 40, -1000, 0], dtype=dtype)
    t = np.array([1, 0, 0, 1, 1, NAN, 1, 1, NAN], dtype=dtype)
    logits, targets = np.zeros((len(z), k), dtype=dtype), np.full((len(z), k), NAN, dtype=dtype)
    logits[:, -1], targets[:, -1] = z, t
    losses, gradient = binary_cross_entropy_with_gradient(logits, targets)
    assert_allclose(losses, [0, INF, 0, INF, NAN, 0, np.exp(-40.0), 1000, 0], rtol=1e-6)
    assert_allclose(gradient[:, -1], [0, 1, 0, -1, NAN, 0, 0, -1, 0], atol=1e-16)
    assert_array_equal(gradient[:, :-1], 0)
    assert not np.signbit(losses[~np.isnan(losses)]).any()


@pytest.mark.parametrize("k", [3, 50])
def test_a_row_without_any_class_is_refused_by_number(k, functions):
    logits = np.zeros((200, k))
    logits[[70, 130]] = -INF
    for labels in (np.zeros(200, dtype=int), np.eye(k)[np.zeros(200, dtype=int)]):
        with_gradient = functions["labels" if labels.ndim == 1 else "soft"][2]
        with pytest.raises(InputValueError, match=r"possible class, but .* at row 70"):
            with_gradient(logits, labels)
    with pytest.raises(InputValueError, match=r"at row 1, column 5"):
        cross_entropy_with_gradient(logits[65:85].reshape(2, 10, k)[::-1], np.zeros((2, 10), int))


@pytest.mark.parametrize("k", [3, 50])
def test_what_is_wrong_is_named_also_among_many(k):
    logits = np.zeros((500, k), dtype=np.float32)
    labels = np.zeros(500, dtype=np.int32)
    for wrong in (-1, k, 2**31 - 1):
        labels[444] = wrong
        before = logits.copy()
        with pytest.raises(InputValueError, match=rf"in 0\.\.{k - 1}, got {wrong} at row 444"):
            cross_entropy_with_gradient(logits, labels, out=logits)
        assert_array_equal(logits, before)
    with pytest.raises(InputValueError, match=r"got 18446744073709551615 at row 0"):
        cross_entropy_with_gradient(logits[:1], np.array([2**64 - 1], dtype=np.uint64))
    mask = np.arange(k) != 1
    with pytest.raises(InputValueError, match="False for class 1 at row 444"):
        cross_entropy_with_gradient(logits, np.where(labels > 0, 1, 0), where=mask)
    for value, message in [(-0.5, "got -0.5 at row 7, column 2"), (NAN, "got nan at row 7")]:
        targets = np.eye(k, dtype=np.float32)[np.zeros(500, dtype=int)]
        targets[7, 2] = value
        with pytest.raises(InputValueError, match=message):
            soft_cross_entropy_with_gradient(logits, targets)
    targets[7, 2] = 1e-4
    with pytest.raises(InputValueError, match=r"sum to 1 over the classes, got 1\.0001 at row 7"):
        soft_cross_entropy_with_gradient(logits, targets)
    targets[7, 2] = 8e-6  # within what rounding may leave
    soft_cross_entropy_with_gradient(logits, targets)
    for value in (-1e-30, 1.0000001, INF):
        targets[7, 2] = value
        with pytest.raises(InputValueError, match=r"in 0\.\.1, .* at row 7, column 2"):
            binary_cross_entropy_with_gradient(logits, targets)
        # Rounded to float32, this one would pass.
    wide = np.zeros((500, k))
    wide[3, 1] = 1 + 1e-12
    with pytest.raises(InputValueError, match="at row 3, column 1"):
        binary_cross_entropy_with_gradient(logits, wide)
