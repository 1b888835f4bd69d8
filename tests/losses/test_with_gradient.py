"""Losses and gradients out of one read: the same as apart, wherever they are written to."""

import numpy as np
import pytest
import threadpoolctl
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputTypeError, InputValueError
from headway.kernels.core import available_levels, use_core
from headway.losses import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    binary_cross_entropy_with_gradient,
    cross_entropy,
    cross_entropy_gradient,
    cross_entropy_with_gradient,
    soft_cross_entropy,
    soft_cross_entropy_gradient,
    soft_cross_entropy_with_gradient,
)

pytestmark = pytest.mark.usefixtures("level")

INF, NAN = float("inf"), float("nan")
LOSSES = {
    "labels": (cross_entropy, cross_entropy_gradient, cross_entropy_with_gradient),
    "soft": (soft_cross_entropy, soft_cross_entropy_gradient, soft_cross_entropy_with_gradient),
    "binary": (
        binary_cross_entropy,
        binary_cross_entropy_gradient,
        binary_cross_entropy_with_gradient,
    ),
}
# Around the number of lanes, around the seam between short and long rows, and beyond a block.
WIDTHS = [1, 2, 3, 10, 16, 17, 31, 32, 33, 64, 100, 1000, 2500]


@pytest.fixture(params=LOSSES)
def kind(request):
    return request.param


def _case(kind, n, k, dtype=np.float64, seed=0):
    """Return logits, what they are compared with, and a mask that fits."""
    rng = np.random.default_rng(seed)
    logits = (3 * rng.normal(size=(n, k))).astype(dtype)
    mask = rng.random((n, k)) < 0.7
    if kind == "labels":
        labels = rng.integers(0, k, size=n)
        mask[np.arange(n), labels] = True
        return logits, labels, mask
    if kind == "soft":
        mask[:, 0] = True
        targets = rng.dirichlet(np.ones(k), size=n) * mask
        return logits, (targets / targets.sum(axis=1, keepdims=True)).astype(dtype), mask
    targets = np.where(rng.random((n, k)) < 0.5, rng.integers(0, 2, (n, k)), rng.random((n, k)))
    targets[rng.random((n, k)) < 0.1] = NAN
    return logits, targets.astype(dtype), mask


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
def test_every_level_says_what_the_twin_says_in_float64(kind, k, dtype):
    _, _, with_gradient = LOSSES[kind]
    logits, against, mask = _case(kind, 21, k, dtype)
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
def test_together_or_apart_is_the_same(kind, k):
    value, slope, with_gradient = LOSSES[kind]
    logits, against, mask = _case(kind, 70, k, np.float32)
    for options in _options(kind, k, mask):
        losses, gradient = with_gradient(logits, against, **options)
        assert_array_equal(value(logits, against, **options), losses)
        assert_array_equal(slope(logits, against, **options), gradient)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", WIDTHS)
def test_in_place_is_out_of_place_bit_for_bit(kind, k, dtype):
    _, _, with_gradient = LOSSES[kind]
    logits, against, mask = _case(kind, 70, k, dtype)
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
def test_one_and_two_threads_give_the_same_bits(kind, n, k):
    logits, against, _ = _case(kind, n, k, np.float32)
    results = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads):
            results.append(LOSSES[kind][2](logits, against))
    assert_array_equal(results[0][0], results[1][0])
    assert_array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize(("n", "k"), [(450_000, 10), (45_000, 101), (4500, 1001)])
def test_a_gradient_that_goes_past_the_caches_is_the_same(kind, n, k):
    """From 16 MB on the core writes past the caches, except in place."""
    logits, against, _ = _case(kind, n, k, np.float32)
    losses, gradient = LOSSES[kind][2](logits, against)
    some = slice(n // 2, n // 2 + 7)
    few = LOSSES[kind][2](logits[some], against[some])
    assert_array_equal(losses[some], few[0])
    assert_array_equal(gradient[some], few[1])
    in_place = LOSSES[kind][2](logits, against, out=logits)
    assert_array_equal(in_place[0], losses)
    assert_array_equal(in_place[1], gradient)


@pytest.mark.parametrize("k", [3, 40])
def test_gradient_is_the_central_difference_of_the_loss(kind, k):
    _, _, with_gradient = LOSSES[kind]
    logits, against, mask = _case(kind, 5, k)
    h = 1e-5
    for options in _options(kind, k, mask):
        gradient = with_gradient(logits, against, **options)[1]
        for column in range(k):
            step = h * np.eye(k)[column]
            up = with_gradient(logits + step, against, **options)[0]
            down = with_gradient(logits - step, against, **options)[0]
            assert_allclose(gradient[:, column], (up - down) / (2 * h), atol=1e-8)


@pytest.mark.parametrize("k", [4, 40])
def test_a_shared_shift_of_the_logits_changes_nothing(k):
    logits, labels, _ = _case("labels", 9, k)
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
def test_a_row_without_any_class_is_refused_by_number(k):
    logits = np.zeros((200, k))
    logits[[70, 130]] = -INF
    for labels in (np.zeros(200, dtype=int), np.eye(k)[np.zeros(200, dtype=int)]):
        with_gradient = LOSSES["labels" if labels.ndim == 1 else "soft"][2]
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


@pytest.mark.parametrize("k", [4, 40])
def test_any_memory_layout_gives_the_same_result(kind, k, tmp_path):
    _, _, with_gradient = LOSSES[kind]
    logits, against, mask = _case(kind, 12, k)
    expected = with_gradient(logits, against, where=mask)
    file = np.memmap(tmp_path / "logits", dtype=np.float64, mode="w+", shape=logits.shape)
    file[:] = logits
    read_only = logits.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"x" + logits.tobytes(), dtype=np.uint8)[1:].view(np.float64)
    for twisted in (
        np.asfortranarray(logits),
        np.repeat(logits, 2, axis=1)[:, ::2],
        logits[::-1].copy()[::-1],
        logits.astype(">f8"),
        file,
        read_only,
        unaligned.reshape(logits.shape),
    ):
        losses, gradient = with_gradient(twisted, against, where=np.asfortranarray(mask))
        assert_array_equal(losses, expected[0])
        assert_array_equal(gradient, expected[1])
    gradient = with_gradient(file, against, where=mask, out=file)[1]
    assert gradient is file
    assert_array_equal(file, expected[1])
    wide = np.zeros((12, 2 * k))
    for out in (np.zeros((12, k), order="F"), wide[:, ::2]):
        assert with_gradient(logits, against, where=mask, out=out)[1] is out
        assert_array_equal(out, expected[1])
    assert_array_equal(wide[:, 1::2], 0)


def test_an_out_that_overlaps_gives_the_same_result(kind):
    _, _, with_gradient = LOSSES[kind]
    logits, against, _ = _case(kind, 100, 10)
    expected = with_gradient(logits, against)[1]
    for shift in (1, 9, 10, 600):
        memory = np.zeros(logits.size + shift)
        for source, target in [
            (memory[shift:], memory[:-shift]),
            (memory[:-shift], memory[shift:]),
        ]:
            source[:] = logits.reshape(-1)
            out = target.reshape(logits.shape)
            with_gradient(source.reshape(logits.shape), against, out=out)
            assert_array_equal(out, expected)
    if kind != "labels":
        assert_array_equal(with_gradient(logits, against, out=against)[1], expected)
        assert_array_equal(against, expected)


def test_halves_and_integers_are_computed_wider(kind):
    value, slope, with_gradient = LOSSES[kind]
    logits, against, _ = _case(kind, 6, 5)
    half = logits.astype(np.float16)
    losses, gradient = with_gradient(half, against)
    assert losses.dtype == gradient.dtype == np.float16
    assert_array_equal(losses, value(half.astype(np.float32), against).astype(np.float16))
    assert_array_equal(gradient, slope(half.astype(np.float32), against).astype(np.float16))
    assert with_gradient(half, against, out=half)[1] is half
    assert_array_equal(half, gradient)
    integers = logits.astype(np.int64)
    losses, gradient = with_gradient(integers, against)
    assert losses.dtype == gradient.dtype == np.float64
    assert_array_equal(losses, value(integers.astype(np.float64), against))


def test_targets_may_be_whole_numbers():
    logits = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    one_hot = np.eye(3, dtype=np.int8)[[0, 1, 2, 0, 1, 2]]
    expected = cross_entropy_with_gradient(logits, [0, 1, 2, 0, 1, 2])
    for targets in (one_hot, one_hot.astype(bool), one_hot.astype(np.float16)):
        losses, gradient = soft_cross_entropy_with_gradient(logits, targets)
        assert_allclose(losses, expected[0], rtol=1e-6)
        assert_allclose(gradient, expected[1], atol=1e-7)
        binary = binary_cross_entropy_with_gradient(logits, targets)
        assert_array_equal(
            binary[0], binary_cross_entropy_with_gradient(logits, one_hot.astype(np.float32))[0]
        )


@pytest.mark.parametrize("shape", [(0, 3), (0, 50), (2, 0, 4)])
def test_no_rows_give_no_losses(kind, shape):
    none = np.zeros(shape, dtype=np.float32)
    against = np.zeros(shape[:-1], dtype=int) if kind == "labels" else none
    losses, gradient = LOSSES[kind][2](none, against, out=none)
    assert losses.shape == shape[:-1]
    assert losses.dtype == np.float32
    assert gradient is none


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_classes_may_lie_on_any_axis(kind, axis):
    _, _, with_gradient = LOSSES[kind]
    logits, against, mask = _case(kind, 10, 6)
    expected = with_gradient(logits, against, where=mask)

    def moved(array):
        return np.moveaxis(array.reshape(2, 5, 6), -1, axis)

    against = against.reshape(2, 5) if kind == "labels" else moved(against)
    out = np.empty(moved(logits).shape)
    losses, gradient = with_gradient(moved(logits), against, axis=axis, where=moved(mask), out=out)
    assert_array_equal(losses, expected[0].reshape(2, 5))
    assert_array_equal(gradient, moved(expected[1]))
    assert gradient is out


def test_one_dimension_is_one_sample():
    losses, gradient = cross_entropy_with_gradient([0.0, 0.0], 1)
    assert float(losses) == pytest.approx(np.log(2))
    assert_array_equal(gradient, [0.5, -0.5])
    losses, gradient = binary_cross_entropy_with_gradient([0.0, 0.0], [1.0, 0.0])
    assert float(losses) == pytest.approx(2 * np.log(2))


def test_libraries_agree_and_fill_their_own_out(kind, xp):
    _, _, with_gradient = LOSSES[kind]
    logits, against, mask = _case(kind, 6, 5)
    expected = with_gradient(logits, against, where=mask)
    for out in (None, xp.zeros((6, 5), dtype=xp.float64), xp.asarray(logits.copy())):
        losses, gradient = with_gradient(
            xp.asarray(logits), xp.asarray(against), where=xp.asarray(mask), out=out
        )
        assert out is None or gradient is out
        assert_allclose(np.asarray(losses), expected[0], rtol=1e-12)
        assert_allclose(np.asarray(gradient), expected[1], atol=1e-14)


def test_an_out_that_cannot_take_the_gradient_is_refused(kind, xp):
    _, _, with_gradient = LOSSES[kind]
    logits, against, _ = _case(kind, 6, 5)
    logits, against = xp.asarray(logits), xp.asarray(against)
    with pytest.raises(InputValueError, match=r"must have the shape .*\(6, 5\), got \(5, 6\)"):
        with_gradient(logits, against, out=xp.zeros((5, 6), dtype=xp.float64))
    with pytest.raises(InputTypeError, match=r"dtype of the gradient, .*float64, got .*float32"):
        with_gradient(logits, against, out=xp.zeros((6, 5), dtype=xp.float32))
    with pytest.raises(InputTypeError, match=r"must be an array .* got list"):
        with_gradient(logits, against, out=[[0.0] * 5] * 6)


def test_a_read_only_out_is_refused(kind):
    logits, against, _ = _case(kind, 6, 5)
    out = logits.copy()
    out.flags.writeable = False
    with pytest.raises(InputValueError, match="must be writable"):
        LOSSES[kind][2](logits, against, out=out)


def test_arrays_of_two_libraries_are_refused(kind):
    torch = pytest.importorskip("torch")
    logits, against, _ = _case(kind, 6, 5)
    with pytest.raises(InputTypeError, match="one library, got numpy and torch"):
        LOSSES[kind][2](logits, against, out=torch.zeros(6, 5, dtype=torch.float64))


def test_the_levels_are_those_of_this_machine(level):
    assert level in available_levels()
