import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.decisions import LeastCost, Threshold
from headway.errors import InputValueError
from headway.heads import (
    HEAD_NAMES,
    MISTAKES,
    Head,
    binary_head,
    preset_head,
    sigmoid_head,
    softmax_head,
)
from headway.links import SigmoidLink, SoftmaxLink
from headway.losses import CanonicalLoss


@pytest.mark.parametrize(
    ("name", "kind", "resolved", "link", "exclusive"),
    [
        ("auto", "exclusive", "softmax", SoftmaxLink(), True),
        ("auto", "multilabel", "sigmoid", SigmoidLink(), False),
        ("auto", "binary", "sigmoid", SigmoidLink(), True),
        ("softmax", "binary", "softmax", SigmoidLink(), True),
        ("softmax", "exclusive", "softmax", SoftmaxLink(), True),
        ("sigmoid", "exclusive", "sigmoid", SigmoidLink(), True),
        ("sigmoid", "multilabel", "sigmoid", SigmoidLink(), False),
        ("double-softmax", "exclusive", "double-softmax", SoftmaxLink(), True),
        ("softmax+bce", "binary", "softmax+bce", SigmoidLink(), True),
        ("sigmoid+mse", "multilabel", "sigmoid+mse", SigmoidLink(), False),
    ],
)
def test_a_name_and_a_kind_make_a_head(name, kind, resolved, link, exclusive):
    head = preset_head(name, kind)
    assert (head.name, head.link, head.exclusive) == (resolved, link, exclusive)
    assert head.mistake == MISTAKES.get(resolved)


def test_every_mistake_is_a_name_and_says_what_is_wrong():
    assert set(MISTAKES) == {"sigmoid+mse", "double-softmax", "softmax+bce"}
    assert set(MISTAKES) < set(HEAD_NAMES)
    assert all(text.endswith(".") for text in MISTAKES.values())


@pytest.mark.parametrize("name", ["softmax", "double-softmax", "softmax+bce"])
def test_softmax_on_multilabel_data_is_refused_with_the_reason(name):
    with pytest.raises(InputValueError, match=r'multi-label: softmax shares.*Use head="sigmoid"'):
        preset_head(name, "multilabel")


def test_unknown_names_are_refused():
    with pytest.raises(InputValueError, match=r"`head` must be one of auto, softmax.*got 'relu'"):
        preset_head("relu", "exclusive")
    with pytest.raises(InputValueError, match=r"`kind` must be one of binary.*got 'several'"):
        preset_head("softmax", "several")


def test_sigmoids_of_exclusive_classes_are_normalised_even_when_all_underflow(xp):
    logits = xp.asarray([[-1000.0, -1001.0], [2.0, 1.0]])
    head = sigmoid_head(exclusive=True)
    assert_array_equal(np.asarray(head.membership(logits))[0], [0, 0])
    probs = np.asarray(head.to_probs(logits))
    assert_allclose(probs[0], [1 / (1 + np.exp(-1)), 1 / (1 + np.e)], rtol=1e-6)
    cells = 1 / (1 + np.exp([-2.0, -1.0]))
    assert_allclose(probs[1], cells / cells.sum(), rtol=1e-6)


def test_saturated_sigmoids_are_decided_by_their_logits():
    head = sigmoid_head(exclusive=True)
    logits = np.array([[50.0, 60.0, 55.0]])
    assert (head.membership(logits) == 1).all()
    assert_array_equal(head.decide(logits), [1])


def test_a_binary_head_shows_two_columns(xp):
    head = binary_head()
    probs = np.asarray(head.to_probs(xp.asarray([[0.0], [50.0], [-800.0]])))
    assert probs.shape == (3, 2)
    assert_allclose(probs[:2], [[0.5, 0.5], [np.exp(-50), 1]], rtol=1e-5)
    assert_array_equal(np.asarray(head.decide(xp.asarray([[0.0], [1e-9], [-1.0]]))), [0, 1, 0])
    assert tuple(head.membership(xp.asarray([[0.0]])).shape) == (1, 1)


def test_multilabel_decisions_are_a_matrix():
    head = sigmoid_head(exclusive=False)
    assert_array_equal(head.decide([[3.0, -1.0], [-2.0, -2.0]]), [[1, 0], [0, 0]])
    assert_array_equal(head.to_probs([[0.0]]), [[0.5]])


def test_any_decision_may_be_put_into_a_head():
    link = SoftmaxLink()
    cost = LeastCost([[0.0, 1.0], [100.0, 0.0]])
    careful = Head("careful", link, CanonicalLoss(link), cost, exclusive=True)
    assert_array_equal(careful.decide([[3.0, 0.0], [9.0, 0.0]]), [1, 0])
    link = SigmoidLink()
    strict = Head("strict", link, CanonicalLoss(link), Threshold(0.9), exclusive=False)
    assert_array_equal(strict.decide([[2.0, 3.0]]), [[0, 1]])


@pytest.mark.parametrize("shape", [(3,), (3, 0), (2, 2, 2)])
@pytest.mark.parametrize("method", ["membership", "to_probs", "to_log_probs", "decide"])
def test_logits_are_a_matrix(shape, method):
    with pytest.raises(InputValueError, match=r"`logits` must have shape \(n, K\)"):
        getattr(softmax_head(), method)(np.zeros(shape))
