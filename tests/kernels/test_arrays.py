"""Arrays of every kind go in, and results go where `out=` says, whoever computes them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputTypeError, InputValueError
from headway.kernels import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus

pytestmark = pytest.mark.usefixtures("level")

SAME_SHAPE = [softmax, log_softmax, sigmoid, log_sigmoid, softplus]
KERNELS = [*SAME_SHAPE, logsumexp]
COLUMNS = [1, 2, 3, 4, 5, 10, 15, 16, 17, 31, 33, 63, 100, 127, 128, 129, 200, 1000]


def _logits(*shape, dtype=np.float32, seed=0):
    return (4 * np.random.default_rng(seed).normal(size=shape)).astype(dtype)


def _truth(kernel, logits):
    """Return the plain formula in float64."""
    z = np.asarray(logits, dtype=np.float64)
    if kernel in (sigmoid, log_sigmoid, softplus):
        soft = np.logaddexp(0, z)
        return {sigmoid: np.exp(z - soft), log_sigmoid: z - soft, softplus: soft}[kernel]
    total = np.log(np.exp(z).sum(axis=-1, keepdims=True))
    if kernel is logsumexp:
        return total[..., 0]
    return np.exp(z - total) if kernel is softmax else z - total


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_columns", COLUMNS)
def test_any_number_of_columns_and_rows_is_right(n_columns, dtype):
    rtol = 5e-6 if dtype is np.float32 else 1e-13
    for n_rows in (1, 2, 7, 16, 17, 50):
        logits = _logits(n_rows, n_columns, dtype=dtype, seed=n_rows)
        for kernel in KERNELS:
            assert_allclose(kernel(logits), _truth(kernel, logits), rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_columns", [4095, 4096, 4097, 20_000, 100_003])
def test_long_rows_are_right(n_columns, dtype):
    rtol = 5e-6 if dtype is np.float32 else 1e-13
    logits = _logits(3, n_columns, dtype=dtype)
    logits[1, : n_columns // 2] = -np.inf
    logits[2] += np.linspace(0, 60, n_columns)  # the largest comes last
    for kernel in (softmax, log_softmax, logsumexp):
        assert_allclose(kernel(logits), _truth(kernel, logits), rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize("n_columns", [3, 16, 40, 200, 5000, 140_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinite_logits_anywhere_in_a_row_have_their_limits(n_columns, dtype):
    last = n_columns - 1
    logits = np.zeros((6, n_columns), dtype=dtype)
    logits[1, [0, last]] = np.inf
    logits[2, 1] = np.nan
    logits[3] = -np.inf
    logits[3, last] = 5
    logits[4, [0, last]] = np.inf, np.nan
    probs, log_probs, total = softmax(logits), log_softmax(logits), logsumexp(logits)
    for row in (2, 4):
        assert np.isnan(probs[row]).all()
        assert np.isnan(log_probs[row]).all()
        assert np.isnan(total[row])
    for row in (0, 5):
        assert_allclose(probs[row], 1 / n_columns, rtol=1e-6)
        assert_allclose(log_probs[row], -np.log(n_columns), rtol=1e-6)
    expected = np.zeros(n_columns)
    expected[[0, last]] = 0.5
    assert_array_equal(probs[1], expected)
    with np.errstate(divide="ignore"):
        assert_allclose(log_probs[1], np.log(expected), rtol=1e-7)
    expected[[0, last]] = 0, 1
    assert_array_equal(probs[3], expected)
    assert_array_equal(total[[1, 3]], [np.inf, 5])
    logits[[3, 5]] = -np.inf
    for kernel in (softmax, log_softmax):
        with pytest.raises(InputValueError, match="at row 3"):
            kernel(logits)
    assert_array_equal(softmax(logits, empty="zero")[3], np.zeros(n_columns))
    assert_array_equal(log_softmax(logits, empty="zero")[5], np.full(n_columns, -np.inf))
    assert logsumexp(logits)[3] == -np.inf
    logits[3, 0] = np.nan  # then it is NaN, and not refused
    with pytest.raises(InputValueError, match="at row 5"):
        softmax(logits)


def test_the_refused_row_is_named_in_the_caller_s_shape():
    logits = np.zeros((3, 4, 5))
    logits[1, :, 3] = -np.inf
    with pytest.raises(InputValueError, match="at row 1, column 3"):
        softmax(logits, axis=1)


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kind_of_array_is_taken(kernel, tmp_path):
    logits = _logits(6, 8)
    expected = kernel(logits)
    fixed = logits.copy()
    fixed.flags.writeable = False
    mapped = np.memmap(tmp_path / "logits", dtype=np.float32, mode="w+", shape=(6, 8))
    mapped[:] = logits
    raw = bytearray(logits.nbytes + 1)
    shifted = np.frombuffer(raw, dtype=np.float32, offset=1, count=48).reshape(6, 8)
    shifted[:] = logits
    for twisted in (
        np.asfortranarray(logits),
        np.repeat(logits, 2, axis=1)[:, ::2],
        logits[::-1].copy()[::-1],
        np.broadcast_to(logits, (2, 6, 8))[1],
        fixed,
        mapped,
        shifted,
        logits.astype(">f4"),
    ):
        before = np.array(twisted)
        result = kernel(twisted)
        assert_array_equal(result, expected)
        assert result.dtype == twisted.dtype
        assert type(result) is np.ndarray
        assert_array_equal(twisted, before)
    assert_array_equal(kernel(np.round(logits).astype(int)), kernel(np.round(logits).astype(float)))
    half = logits.astype(np.float16)
    assert_array_equal(kernel(half), kernel(half.astype(np.float32)).astype(np.float16))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("kernel", [softmax, log_softmax, logsumexp])
def test_any_axis_of_any_layout_is_right_and_left_alone(kernel, axis):
    logits = _logits(4, 5, 6)
    expected = kernel(np.ascontiguousarray(np.moveaxis(logits, axis, -1)))
    if kernel is not logsumexp:
        expected = np.moveaxis(expected, -1, axis)
    for order in ("C", "F"):
        twisted = np.array(logits, order=order)
        out = np.empty(expected.shape, np.float32, order=order)
        assert_array_equal(kernel(twisted, axis=axis), expected)
        assert kernel(twisted, axis=axis, out=out) is out
        assert_array_equal(out, expected)
        assert_array_equal(twisted, logits)


def test_zero_sizes_are_taken():
    for kernel in SAME_SHAPE:
        for shape in ((0, 3), (2, 0, 3)):
            out = np.empty(shape)
            assert kernel(np.zeros(shape), out=out) is out
    assert sigmoid(np.zeros((3, 0))).shape == (3, 0)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_out_is_filled_and_returned(xp, kernel, kind):
    if not hasattr(xp, kind):
        pytest.skip("no such dtype here")
    logits = xp.asarray(_logits(5, 7), dtype=getattr(xp, kind))
    expected = kernel(logits)
    out = xp.empty(tuple(expected.shape), dtype=expected.dtype)
    assert kernel(logits, out=out) is out
    assert_array_equal(np.asarray(out), np.asarray(expected))


def test_out_of_logsumexp_keeps_dimensions_if_asked(xp):
    logits = xp.asarray(_logits(5, 7, 2))
    out = xp.empty((5, 1, 2), dtype=logits.dtype)
    assert logsumexp(logits, axis=1, keepdims=True, out=out) is out
    assert_array_equal(np.asarray(out)[:, 0], np.asarray(logsumexp(logits, axis=1)))


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_wrong_out_is_refused(xp, kernel):
    logits = xp.zeros((3, 4), dtype=xp.float32)
    shape = (3,) if kernel is logsumexp else (3, 4)
    with pytest.raises(InputTypeError, match=r"dtype of the result.*float32, got .*float64"):
        kernel(logits, out=xp.empty(shape, dtype=xp.float64))
    with pytest.raises(InputValueError, match=r"shape of the result, \(3.*got \(4, 4\)"):
        kernel(logits, out=xp.empty((4, 4), dtype=xp.float32))
    with pytest.raises(InputTypeError, match="array of the library of `logits`, got list"):
        kernel(logits, out=[[0.0] * 4] * 3)


def test_a_read_only_out_is_refused():
    out = np.empty((3, 4))
    out.flags.writeable = False
    for kernel in SAME_SHAPE:
        with pytest.raises(InputValueError, match="must be writeable, got a read-only array"):
            kernel(np.zeros((3, 4)), out=out)


def test_out_of_another_library_is_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(InputTypeError, match="library of `logits`, got Tensor"):
        softmax(np.zeros(3), out=torch.zeros(3, dtype=torch.float64))
    with pytest.raises(InputTypeError, match="library of `logits`, got ndarray"):
        sigmoid(torch.zeros(3), out=np.zeros(3, dtype=np.float32))


@pytest.mark.parametrize("kernel", SAME_SHAPE)
@pytest.mark.parametrize("shape", [(7, 10), (7, 300), (2, 9000)])
def test_out_may_be_the_input(kernel, shape):
    logits = _logits(*shape)
    if shape[1] == 10 and kernel in (softmax, log_softmax):
        logits[2, 3], logits[4, 0], logits[5, 5] = np.inf, np.nan, -np.inf
    expected = kernel(logits)
    assert kernel(logits, out=logits) is logits
    assert_array_equal(logits, expected)


@pytest.mark.parametrize("kernel", SAME_SHAPE)
def test_out_may_overlap_the_input(kernel):
    memory = _logits(21, 10)
    for make in (
        lambda m: (m[:20], m[1:]),
        lambda m: (m[1:], m[:20]),
        lambda m: (m.reshape(-1)[3:203].reshape(20, 10), m[:20]),
        lambda m: (m[:20], m[:20][::-1]),
        lambda m: (m[:20, ::2], m[:20, 1::2]),
        lambda m: (m[:10], m[:10].T.reshape(-1).reshape(10, 10)),
        lambda m: (m[:10], m[:10].T),
    ):
        logits, out = make(memory.copy())
        expected = kernel(logits.copy())
        assert kernel(logits, out=out) is out
        assert_array_equal(out, expected)


def test_a_mask_may_be_given_with_out():
    logits = _logits(4, 6)
    mask = np.random.default_rng(1).random((4, 6)) < 0.7
    mask[:, 0] = True
    expected = softmax(logits, where=mask)
    assert softmax(logits, where=mask, out=logits) is logits
    assert_array_equal(logits, expected)


def test_large_results_are_the_same_as_small_ones():
    """Above some size the core writes around the cache, from any alignment."""
    memory = _logits(1_300_001)
    for kernel in SAME_SHAPE:
        for n_columns, offset in ((10, 1), (130, 0), (5000, 1)):
            logits = memory[: 1_300_000 // n_columns * n_columns].reshape(-1, n_columns)
            out = np.zeros(1_300_001, np.float32)[offset : offset + logits.size]
            kernel(logits, out=out.reshape(logits.shape))
            parts = np.array_split(logits, 5)
            assert_array_equal(out, np.concatenate([kernel(part).reshape(-1) for part in parts]))
