"""Row by row, the table of docs/numerics.md, for every array library it is claimed for.

Warnings are errors in this suite: a RuntimeWarning on any row fails its test.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway._check import check_features
from headway.errors import InputTypeError, InputValueError
from headway.heads import binary_head, sigmoid_head, softmax_head
from headway.kernels import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
from headway.links import SigmoidLink, SoftmaxLink
from headway.losses import (
    CanonicalLoss,
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    cross_entropy,
    cross_entropy_gradient,
    soft_cross_entropy,
    soft_cross_entropy_gradient,
    weighted_mean,
)

pytestmark = pytest.mark.usefixtures("level")

INF, NAN = float("inf"), float("nan")
ROW_KERNELS = [softmax, log_softmax, logsumexp]
CELL_KERNELS = [sigmoid, log_sigmoid, softplus]


@pytest.fixture(params=["float32", "float64"])
def dtype(request, xp):
    return getattr(xp, request.param)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_softmax_takes_any_axis_and_keeps_shape_and_dtype(xp, dtype, axis):
    values = np.random.default_rng(0).normal(size=(3, 4, 5))
    probs = softmax(xp.asarray(values.tolist(), dtype=dtype), axis=axis)
    assert tuple(probs.shape) == (3, 4, 5)
    assert probs.dtype == dtype
    expected = np.exp(values) / np.exp(values).sum(axis=axis, keepdims=True)
    assert_allclose(np.asarray(probs), expected, rtol=3e-6)


def test_integers_become_the_default_float(xp):
    default = xp.asarray([1.0]).dtype
    for kernel in ROW_KERNELS + CELL_KERNELS:
        assert kernel(xp.asarray([1, 2, 3])).dtype == default, kernel.__name__
    assert_allclose(np.asarray(softmax(xp.asarray([0, 0]))), [0.5, 0.5])


def test_float16_is_computed_in_float32():
    # 70,000 equal terms: their sum is beyond float16, and each term is 1.4e-5.
    logits = np.zeros(70_000, dtype=np.float16)
    assert softmax(logits).dtype == np.float16
    assert (softmax(logits) == np.float16(1 / 70_000)).all()
    assert logsumexp(logits) == np.float16(np.log(70_000))
    assert sigmoid(np.array([-11.0], dtype=np.float16)) == np.float16(1 / (1 + np.exp(11.0)))


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_torch_half_types_are_computed_in_float32(half):
    torch = pytest.importorskip("torch")
    dtype = getattr(torch, half)
    logits = torch.linspace(-9, 9, 1000).to(dtype).reshape(10, 100)
    for kernel in ROW_KERNELS + CELL_KERNELS:
        result = kernel(logits)
        assert result.dtype == dtype
        assert torch.equal(result, kernel(logits.float()).to(dtype)), kernel.__name__


def test_one_dimension_is_one_distribution(xp):
    probs = np.asarray(softmax(xp.asarray([-0.5, 1.2, -0.1, 2.4])))
    assert_allclose(probs, [0.0383, 0.2094, 0.0571, 0.6953], atol=5e-5)


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_huge_logits_reach_the_exact_limits(xp, dtype, size):
    logits = xp.asarray([[size, 0.0, -size], [-size, -size, -size]], dtype=dtype)
    third = 1 / 3
    assert_allclose(np.asarray(softmax(logits)), [[1, 0, 0], [third] * 3], rtol=1e-7)
    expected = [[0, -size, -2 * size], [-np.log(3)] * 3]
    assert_allclose(np.asarray(log_softmax(logits)), expected, rtol=1e-7)
    assert_allclose(np.asarray(logsumexp(logits)), [size, -size + np.log(3)], rtol=1e-7)
    assert_array_equal(np.asarray(sigmoid(logits)), [[1, 0.5, 0], [0, 0, 0]])
    loss = cross_entropy(logits, xp.asarray([1, 1]))
    assert_allclose(np.asarray(loss), [size, np.log(3)], rtol=1e-6)


def test_a_logit_of_minus_infinity_is_an_impossible_class(xp, dtype):
    logits = xp.asarray([[-INF, 0.0, 0.0]], dtype=dtype)
    assert_array_equal(np.asarray(softmax(logits)), [[0, 0.5, 0.5]])
    assert np.asarray(log_softmax(logits))[0, 0] == -INF
    assert_array_equal(np.asarray(cross_entropy(logits, xp.asarray([0]))), [INF])
    assert_array_equal(
        np.asarray(cross_entropy_gradient(logits, xp.asarray([0]))), [[-1, 0.5, 0.5]]
    )


@pytest.mark.parametrize("kernel", [softmax, log_softmax])
def test_a_row_without_any_class_is_refused_by_number(xp, kernel):
    logits = xp.asarray([[0.0, 1.0], [-INF, -INF], [-INF, -INF]])
    with pytest.raises(InputValueError, match=r"possible class, but .* at row 1"):
        kernel(logits)
    mask = xp.asarray([[True, True], [True, False], [False, False]])
    with pytest.raises(InputValueError, match="at row 2"):
        kernel(xp.zeros((3, 2)), where=mask)


def test_a_masked_row_can_be_a_row_of_zeros(xp):
    mask = xp.asarray([[True, False, True], [False, False, False]])
    logits = xp.asarray([[0.0, NAN, 0.0], [1.0, INF, NAN]])
    probs = softmax(logits, where=mask, empty="zero")
    assert_array_equal(np.asarray(probs), [[0.5, 0, 0.5], [0, 0, 0]])
    log_probs = np.asarray(log_softmax(logits, where=mask, empty="zero"))
    assert_array_equal(log_probs[1], [-INF] * 3)
    assert_allclose(np.asarray(logsumexp(logits, where=mask)), [np.log(2), -INF], rtol=1e-6)


def test_infinite_logits_share_the_mass(xp, dtype):
    logits = xp.asarray([[INF, 0.0, INF, -INF], [INF, 1e30, 0.0, 0.0]], dtype=dtype)
    assert_array_equal(np.asarray(softmax(logits)), [[0.5, 0, 0.5, 0], [1, 0, 0, 0]])
    log_half = np.log(np.float64(0.5))
    expected = [[log_half, -INF, log_half, -INF], [0, -INF, -INF, -INF]]
    assert_allclose(np.asarray(log_softmax(logits)), expected, rtol=1e-7)
    assert_array_equal(np.asarray(logsumexp(logits)), [INF, INF])
    losses = cross_entropy(logits, xp.asarray([0, 1]))
    assert_allclose(np.asarray(losses), [np.log(2), INF], rtol=1e-7)


@pytest.mark.parametrize("kernel", ROW_KERNELS)
def test_nan_spoils_its_row_alone(xp, dtype, kernel):
    rows = [[0.0, 1.0, 2.0], [0.0, NAN, 2.0], [NAN, INF, -INF], [INF, 0.0, 1.0], [3.0, 1.0, 2.0]]
    result = np.asarray(kernel(xp.asarray(rows, dtype=dtype)))
    assert np.isnan(result[1:3]).all()
    for i in (0, 3, 4):
        assert_array_equal(result[i], np.asarray(kernel(xp.asarray(rows[i], dtype=dtype))))


def test_nan_features_are_named_by_row_and_column():
    features = np.zeros((4, 3))
    features[2, 1] = NAN
    with pytest.raises(InputValueError, match=r"got NaN at row 2, column 1 \('b'\)"):
        check_features(features, feature_names=["a", "b", "c"])


def test_sigmoid_at_the_ends(xp, dtype):
    logits = xp.asarray([INF, 1000.0, 0.0, -1000.0, -INF], dtype=dtype)
    assert_array_equal(np.asarray(sigmoid(logits)), [1, 1, 0.5, 0, 0])
    assert_allclose(np.asarray(log_sigmoid(logits)), [0, 0, -np.log(2), -1000, -INF], rtol=1e-7)
    assert_allclose(np.asarray(softplus(logits)), [INF, 1000, np.log(2), 0, 0], rtol=1e-7)


def test_sigmoid_keeps_the_smallest_numbers(xp):
    # 1 / (1 + exp(-z)) would be 1 / inf = 0 in float32 from -88.8 on.
    small = np.asarray(sigmoid(xp.asarray([-95.0, -100.0], dtype=xp.float32)))
    assert_allclose(small, np.exp([-95.0, -100.0]), atol=3e-45, rtol=0)
    assert (small > 0).all()


def test_binary_cross_entropy_at_infinity(xp, dtype):
    logits = xp.asarray([[INF], [INF], [-INF], [-INF]], dtype=dtype)
    targets = xp.asarray([[1.0], [0.0], [0.0], [1.0]], dtype=dtype)
    losses = binary_cross_entropy(logits, targets)
    assert_array_equal(np.asarray(losses), [0, INF, 0, INF])
    gradient = binary_cross_entropy_gradient(logits, targets)
    assert_array_equal(np.asarray(gradient), [[0], [1], [0], [-1]])
    weighted = binary_cross_entropy(logits, targets, positive_weight=3.0, label_smoothing=0.1)
    assert_array_equal(np.asarray(weighted), [INF] * 4)
    loss = CanonicalLoss(SigmoidLink())
    assert_array_equal(np.asarray(loss.value(logits, targets)), [0, INF, 0, INF])
    assert_array_equal(np.asarray(loss.gradient(logits, targets)), [[0], [1], [0], [-1]])


def test_smoothing_gives_nothing_to_a_masked_class(xp, dtype):
    labels = xp.asarray([0])
    plain = cross_entropy(xp.asarray([[1.0, 2.0]], dtype=dtype), labels, label_smoothing=0.2)
    masked = cross_entropy(
        xp.asarray([[1.0, 2.0, 9.0]], dtype=dtype),
        labels,
        where=xp.asarray([True, True, False]),
        label_smoothing=0.2,
    )
    impossible = xp.asarray([[1.0, 2.0, -INF]], dtype=dtype)
    assert_allclose(np.asarray(masked), np.asarray(plain), rtol=1e-6)
    smoothed = cross_entropy(impossible, labels, label_smoothing=0.2)
    assert_allclose(np.asarray(smoothed), np.asarray(plain), rtol=1e-6)
    gradient = np.asarray(cross_entropy_gradient(impossible, labels, label_smoothing=0.2))
    assert gradient[0, 2] == 0
    assert_allclose(gradient.sum(), 0, atol=1e-6)


def test_nothing_to_average_is_an_error(xp):
    with pytest.raises(InputValueError, match="nothing to average"):
        weighted_mean(xp.asarray([1.0, 2.0]), xp.asarray([0.0, 0.0]))
    with pytest.raises(InputValueError, match="must not be empty"):
        weighted_mean(xp.zeros((0,)))


def test_a_weight_of_zero_ignores_any_value(xp):
    values = xp.asarray([3.0, INF, NAN, 5.0])
    assert float(weighted_mean(values, xp.asarray([1.0, 0.0, 0.0, 1.0]))) == 4.0


def test_empty_input_gives_empty_output(xp, dtype):
    none, labels = xp.zeros((0, 3), dtype=dtype), xp.zeros((0,), dtype=xp.int64)
    for result, shape in [
        (softmax(none), (0, 3)),
        (log_softmax(none), (0, 3)),
        (logsumexp(none), (0,)),
        (logsumexp(none, keepdims=True), (0, 1)),
        (sigmoid(none), (0, 3)),
        (cross_entropy(none, labels), (0,)),
        (cross_entropy_gradient(none, labels, label_smoothing=0.1), (0, 3)),
        (soft_cross_entropy(none, none), (0,)),
        (soft_cross_entropy_gradient(none, none), (0, 3)),
        (binary_cross_entropy(none, none), (0,)),
        (binary_cross_entropy_gradient(none, none), (0, 3)),
        (sigmoid_head(exclusive=True).to_probs(none), (0, 3)),
        (softmax_head().decide(none), (0,)),
    ]:
        assert tuple(result.shape) == shape
        assert result.dtype in (dtype, xp.int64)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 3, 4], InputValueError, r"must be in 0\.\.2, got 3 at row 1"),
        ([0, 0, -1], InputValueError, r"must be in 0\.\.2, got -1 at row 2"),
        ([0.0, 1.0, 2.0], InputTypeError, "must be integers.*use `soft_cross_entropy`"),
        ([0, 1], InputValueError, r"must have shape \(3,\).*got \(2,\)"),
        ([[0], [1], [2]], InputValueError, r"must have shape \(3,\).*got \(3, 1\)"),
    ],
)
def test_a_wrong_label_is_named(xp, labels, error, message):
    for function in (cross_entropy, cross_entropy_gradient):
        with pytest.raises(error, match=message):
            function(xp.zeros((3, 3)), xp.asarray(labels))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[0.5, 0.5], [1.5, -0.5]], "must be probabilities, got -0.5 at row 1, column 1"),
        ([[0.5, 0.5], [NAN, 0.5]], "must be probabilities, got nan at row 1, column 0"),
        ([[0.5, 0.5], [0.5, 0.4]], "must sum to 1 over the classes, got 0.9 at row 1"),
        ([[1.0, 1.0], [0.0, 1.0]], "got 2 at row 0.*use `binary_cross_entropy`"),
        ([1.0, 0.0], r"must have the shape of `logits` \(2, 2\), got \(2,\)"),
    ],
)
def test_a_wrong_soft_target_is_named(xp, targets, message):
    for function in (soft_cross_entropy, soft_cross_entropy_gradient):
        with pytest.raises(InputValueError, match=message):
            function(xp.zeros((2, 2)), xp.asarray(targets))


@pytest.mark.parametrize(("value", "shown"), [(1.0625, "1.0625"), (-1.0, "-1"), (INF, "inf")])
def test_a_wrong_cell_is_named(xp, value, shown):
    for function in (binary_cross_entropy, binary_cross_entropy_gradient):
        with pytest.raises(InputValueError, match=f"got {shown} at row 1, column 0"):
            function(xp.zeros((2, 2)), xp.asarray([[0.0, 1.0], [value, 0.0]]))


def test_missing_labels_add_nothing(xp, dtype):
    logits = xp.asarray([[3.0, -2.0], [1.0, 1.0], [NAN, 0.0]], dtype=dtype)
    targets = xp.asarray([[1.0, NAN], [NAN, NAN], [NAN, 1.0]], dtype=dtype)
    loss = CanonicalLoss(SigmoidLink())
    expected = [np.log1p(np.exp(-3.0)), 0, np.log(2)]
    expected_gradient = [[1 / (1 + np.exp(-3.0)) - 1, 0], [0, 0], [0, -0.5]]
    for losses in (binary_cross_entropy(logits, targets), loss.value(logits, targets)):
        assert_allclose(np.asarray(losses), expected, rtol=1e-6)
    for gradient in (
        binary_cross_entropy_gradient(logits, targets),
        loss.gradient(logits, targets),
    ):
        assert_allclose(np.asarray(gradient), expected_gradient, atol=1e-7)
    smoothed = binary_cross_entropy(logits, targets, label_smoothing=0.2)
    assert np.asarray(smoothed)[1] == 0


def test_finite_logits_whose_difference_overflows_count_as_minus_infinity(xp):
    for dtype, size in ((xp.float32, 3e38), (xp.float64, 1.7e308)):
        logits = xp.asarray([[size, -size]], dtype=dtype)
        assert_array_equal(np.asarray(softmax(logits)), [[1, 0]])
        assert_array_equal(np.asarray(log_softmax(logits)), [[0, -INF]])
        assert_array_equal(np.asarray(cross_entropy(logits, xp.asarray([1]))), [INF])
        assert_array_equal(np.asarray(logsumexp(logits)), np.asarray(logits)[:, 0])


def test_logsumexp_of_nothing_possible_is_minus_infinity(xp, dtype):
    assert np.asarray(logsumexp(xp.asarray([-INF, -INF], dtype=dtype))) == -INF


@pytest.mark.parametrize("kernel", ROW_KERNELS)
def test_no_class_is_refused(xp, kernel):
    with pytest.raises(InputValueError, match=r"at least one class, got shape \(2, 0\)"):
        kernel(xp.zeros((2, 0)))
    with pytest.raises(InputValueError, match="single number"):
        kernel(xp.asarray(1.0))


def test_one_class_is_certain(xp):
    logits = xp.asarray([[5.0], [-1e30]])
    assert_array_equal(np.asarray(softmax(logits)), [[1], [1]])
    assert_array_equal(np.asarray(cross_entropy(logits, xp.asarray([0, 0]))), [0, 0])


def test_a_target_of_zero_at_minus_infinity_adds_nothing(xp, dtype):
    logits = xp.asarray([[0.0, -INF, 0.0]], dtype=dtype)
    targets = xp.asarray([[0.5, 0.0, 0.5]], dtype=dtype)
    assert_allclose(np.asarray(soft_cross_entropy(logits, targets)), [np.log(2)], rtol=1e-6)
    loss = CanonicalLoss(SoftmaxLink())
    assert_allclose(np.asarray(loss.value(logits, targets)), [np.log(2)], rtol=1e-6)


def test_log_probs_are_finite_wherever_the_truth_is(xp, dtype):
    logits = xp.asarray([[0.0, 2000.0], [-3000.0, -5000.0]], dtype=dtype)
    assert_allclose(np.asarray(softmax_head().to_log_probs(logits)), [[-2000, 0], [0, -2000]])
    # log sigmoid(2000) is 0: the sigmoids of the first row are 1/2 and 1.
    expected = [[np.log(1 / 3), np.log(2 / 3)], [0, -2000]]
    head = sigmoid_head(exclusive=True)
    assert_allclose(np.asarray(head.to_log_probs(logits)), expected, rtol=1e-6)
    assert_allclose(np.asarray(head.to_probs(logits)), [[1 / 3, 2 / 3], [1, 0]], rtol=1e-6)
    binary = binary_head().to_log_probs(xp.asarray([[-2000.0], [2000.0]], dtype=dtype))
    assert_array_equal(np.asarray(binary), [[0, -2000], [-2000, 0]])
