"""What arrays the losses with gradients take, and where they write."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputTypeError, InputValueError
from headway.losses import (
    binary_cross_entropy_with_gradient,
    cross_entropy_with_gradient,
    soft_cross_entropy_with_gradient,
)

pytestmark = pytest.mark.usefixtures("level")


@pytest.mark.parametrize("k", [4, 40])
def test_any_memory_layout_gives_the_same_result(kind, k, tmp_path, functions, make_case):
    _, _, with_gradient = functions[kind]
    logits, against, mask = make_case(kind, 12, k)
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


def test_an_out_that_overlaps_gives_the_same_result(kind, functions, make_case):
    _, _, with_gradient = functions[kind]
    logits, against, _ = make_case(kind, 100, 10)
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


def test_halves_and_integers_are_computed_wider(kind, functions, make_case):
    value, slope, with_gradient = functions[kind]
    logits, against, _ = make_case(kind, 6, 5)
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
def test_no_rows_give_no_losses(kind, shape, functions):
    none = np.zeros(shape, dtype=np.float32)
    against = np.zeros(shape[:-1], dtype=int) if kind == "labels" else none
    losses, gradient = functions[kind][2](none, against, out=none)
    assert losses.shape == shape[:-1]
    assert losses.dtype == np.float32
    assert gradient is none


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_classes_may_lie_on_any_axis(kind, axis, functions, make_case):
    _, _, with_gradient = functions[kind]
    logits, against, mask = make_case(kind, 10, 6)
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


def test_libraries_agree_and_fill_their_own_out(kind, xp, functions, make_case):
    _, _, with_gradient = functions[kind]
    logits, against, mask = make_case(kind, 6, 5)
    expected = with_gradient(logits, against, where=mask)
    for out in (None, xp.zeros((6, 5), dtype=xp.float64), xp.asarray(logits.copy())):
        losses, gradient = with_gradient(
            xp.asarray(logits), xp.asarray(against), where=xp.asarray(mask), out=out
        )
        assert out is None or gradient is out
        assert_allclose(np.asarray(losses), expected[0], rtol=1e-12)
        assert_allclose(np.asarray(gradient), expected[1], atol=1e-14)


def test_an_out_that_cannot_take_the_gradient_is_refused(kind, xp, functions, make_case):
    _, _, with_gradient = functions[kind]
    logits, against, _ = make_case(kind, 6, 5)
    logits, against = xp.asarray(logits), xp.asarray(against)
    with pytest.raises(InputValueError, match=r"must have the shape .*\(6, 5\), got \(5, 6\)"):
        with_gradient(logits, against, out=xp.zeros((5, 6), dtype=xp.float64))
    with pytest.raises(InputTypeError, match=r"dtype of the gradient, .*float64, got .*float32"):
        with_gradient(logits, against, out=xp.zeros((6, 5), dtype=xp.float32))
    with pytest.raises(InputTypeError, match=r"must be an array .* got list"):
        with_gradient(logits, against, out=[[0.0] * 5] * 6)


def test_a_read_only_out_is_refused(kind, functions, make_case):
    logits, against, _ = make_case(kind, 6, 5)
    out = logits.copy()
    out.flags.writeable = False
    with pytest.raises(InputValueError, match="must be writable"):
        functions[kind][2](logits, against, out=out)


def test_arrays_of_two_libraries_are_refused(kind, functions, make_case):
    torch = pytest.importorskip("torch")
    logits, against, _ = make_case(kind, 6, 5)
    with pytest.raises(InputTypeError, match="one library, got numpy and torch"):
        functions[kind][2](logits, against, out=torch.zeros(6, 5, dtype=torch.float64))
