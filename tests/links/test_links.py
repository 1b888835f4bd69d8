import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.errors import InputValueError
from headway.kernels import sigmoid, softmax
from headway.links import SigmoidLink, SoftmaxLink, one_column_logits, two_column_logits


def test_two_column_softmax_is_the_sigmoid_of_the_difference(xp):
    logits = xp.asarray(np.random.default_rng(0).normal(size=(50, 2)) * 20)
    difference = one_column_logits(logits)
    assert_allclose(np.asarray(softmax(logits))[:, 1:], np.asarray(sigmoid(difference)), rtol=1e-13)
    back = two_column_logits(difference)
    assert_allclose(np.asarray(softmax(back)), np.asarray(softmax(logits)), rtol=1e-13)


def test_one_column_is_read_as_zero_and_z(xp):
    z = xp.asarray([[2.0], [-1.0]])
    assert_array_equal(np.asarray(two_column_logits(z)), [[0, 2], [0, -1]])
    assert_array_equal(np.asarray(two_column_logits(z[:, 0])), [[0, 2], [0, -1]])
    assert_array_equal(np.asarray(one_column_logits(two_column_logits(z))), np.asarray(z))


@pytest.mark.parametrize("shape", [(3, 2), (3, 0), (), (2, 1, 1)])
def test_more_than_one_column_is_not_binary(shape):
    with pytest.raises(InputValueError, match=r"shape \(n,\) or \(n, 1\), got"):
        two_column_logits(np.zeros(shape))


@pytest.mark.parametrize("shape", [(3, 1), (3, 3), (2,)])
def test_only_two_columns_become_one(shape):
    with pytest.raises(InputValueError, match=r"shape \(n, 2\), got"):
        one_column_logits(np.zeros(shape))


def test_softmax_columns_of_the_jacobian_sum_to_zero_and_the_sigmoid_one_is_diagonal():
    """What one class gains the others lose; under the sigmoid nobody notices."""
    logits = np.random.default_rng(1).normal(size=(1, 4))
    coupled, alone = SoftmaxLink(), SigmoidLink()
    softmax_jacobian = np.stack(
        [coupled.jacobian_product(coupled.to_probs(logits), row[None])[0] for row in np.eye(4)]
    )
    assert_allclose(softmax_jacobian.sum(axis=1), 0, atol=1e-16)
    sigmoid_jacobian = np.stack(
        [alone.jacobian_product(alone.to_probs(logits), row[None])[0] for row in np.eye(4)]
    )
    off_diagonal = ~np.eye(4, dtype=bool)
    assert (softmax_jacobian[off_diagonal] < 0).all()
    assert (sigmoid_jacobian[off_diagonal] == 0).all()
    p = alone.to_probs(logits)[0]
    assert_allclose(np.diag(sigmoid_jacobian), p * (1 - p))


def test_entropies_by_hand():
    assert_allclose(SoftmaxLink().entropy(np.array([[0.25] * 4, [1, 0, 0, 0]])), [np.log(4), 0])
    cells = np.array([[0.5, 0.5, 0.5], [0.0, 1.0, 0.5]])
    assert_allclose(SigmoidLink().entropy(cells), [3 * np.log(2), np.log(2)])
    assert SoftmaxLink().entropy(np.array([[0.5, 0.5], [0.9, 0.1]])).argmax() == 0
