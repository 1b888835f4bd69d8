"""What enters a classifier is checked at its door: heads, weights, rows to score."""

import numpy as np
import pytest

from headway import LinearClassifier
from headway.decisions import Argmax, LeastCost, Threshold, threshold_cost
from headway.errors import InputValueError
from headway.heads import Head, sigmoid_head, softmax_head
from headway.links import SigmoidLink, SoftmaxLink
from headway.losses import CanonicalLoss, CrossEntropyOnProbs

X = np.random.default_rng(0).normal(size=(60, 3))
TWO = np.where(X[:, 0] > 0, "b", "a")
SETS = (X[:, :2] > 0).astype(int)


@pytest.mark.parametrize("name", ["softmax", "mine"])
def test_a_softmax_head_on_two_classes_keeps_its_decision(name):
    careful = LeastCost(threshold_cost(0.9))
    head = Head(name, SoftmaxLink(), CanonicalLoss(SoftmaxLink()), careful, exclusive=True)
    fitted = LinearClassifier(head, C=0.1).fit(X, TWO)
    probs = fitted.predict_proba(X)
    assert probs.shape == (60, 2)
    np.testing.assert_array_equal(fitted.predict(X), np.where(probs[:, 1] > 0.9, "b", "a"))
    plain = LinearClassifier("softmax", C=0.1).fit(X, TWO)
    np.testing.assert_allclose(probs, plain.predict_proba(X), atol=1e-9)


def test_a_softmax_head_on_two_classes_keeps_its_loss():
    head = Head("mine", SoftmaxLink(), CrossEntropyOnProbs(), Argmax(), exclusive=True)
    mine = LinearClassifier(head).fit(X, TWO)
    preset = LinearClassifier("double-softmax").fit(X, TWO)
    np.testing.assert_allclose(mine.predict_proba(X), preset.predict_proba(X), atol=1e-9)


def test_a_decision_that_does_not_suit_the_labels_is_refused_at_fit():
    link = SigmoidLink()
    many = Head("many", link, CanonicalLoss(link), Threshold(0.5), exclusive=True)
    with pytest.raises(InputValueError, match=r"got Threshold for one class a row. Pass Argmax"):
        LinearClassifier(many).fit(X, TWO)
    one = Head("one", link, CanonicalLoss(link), Argmax(), exclusive=False)
    with pytest.raises(InputValueError, match=r"got Argmax for labels .* Pass Threshold"):
        LinearClassifier(one).fit(X, SETS)


def test_heads_that_suit_are_taken():
    assert LinearClassifier(softmax_head()).fit(X, TWO).logits(X).shape == (60, 1)
    assert LinearClassifier(sigmoid_head(exclusive=False)).fit(X, SETS).logits(X).shape == (60, 2)


@pytest.mark.parametrize(
    ("weights", "got"), [({"a": 0}, "only one class: 'b'"), ({"a": 0, "b": 0}, "no class")]
)
def test_class_weights_that_leave_one_class_or_none_are_refused(weights, got):
    with pytest.raises(InputValueError, match=f"a positive `class_weight`, got {got}"):
        LinearClassifier(class_weight=weights).fit(X, TWO)


@pytest.mark.parametrize("y", [["a"], "a", TWO[:-1]])
def test_score_wants_one_label_a_row(y):
    with pytest.raises(InputValueError, match="inconsistent numbers of samples: `X` has 60 rows"):
        LinearClassifier().fit(X, TWO).score(X, y)


def test_score_wants_one_row_of_labels_a_row():
    with pytest.raises(InputValueError, match=r"`y` has shape \(1, 2\)"):
        LinearClassifier().fit(X, SETS).score(X, SETS[:1])


@pytest.mark.parametrize("weights", [np.ones(59), np.zeros(60), -np.ones(60)])
def test_score_checks_its_weights(weights):
    with pytest.raises(InputValueError, match="weights"):
        LinearClassifier().fit(X, TWO).score(X, TWO, sample_weight=weights)


def test_weighted_score_is_the_weighted_share():
    fitted = LinearClassifier(C=0.01).fit(X, TWO)
    right = fitted.predict(X) == TWO
    weights = np.arange(60.0)
    expected = np.average(right, weights=weights)
    assert fitted.score(X, TWO, sample_weight=weights) == pytest.approx(expected)
