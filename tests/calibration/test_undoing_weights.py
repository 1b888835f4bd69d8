"""Class weights shift the intercepts of a logistic model by log w, and one call takes it back."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from headway import LinearClassifier
from headway.calibration import PriorShift
from headway.errors import InputValueError


def rows(shares, seed=0, n=6000):
    """Normal rows with means of their own for each class: a logistic model is the right one."""
    rng = np.random.default_rng(seed)
    y = rng.choice(len(shares), n, p=shares)
    return rng.normal(size=(n, 2)) + 1.5 * np.eye(len(shares), 2)[y], y


def balanced(y):
    return len(y) / (len(np.unique(y)) * np.bincount(y))


def test_balanced_weights_of_two_classes_are_undone_by_one_call():
    X, y = rows([0.9, 0.1])
    model = LinearClassifier(C=np.inf, class_weight="balanced").fit(X, y)
    honest = model.calibrate(X, y, PriorShift.undo_weights(balanced(y), one_column=True))
    assert abs(model.predict_proba(X)[:, 1].mean() - y.mean()) > 0.1
    assert_allclose(honest.predict_proba(X)[:, 1].mean(), y.mean(), atol=0.01)


def test_balanced_weights_of_three_classes_are_undone_by_one_call():
    X, y = rows([0.7, 0.2, 0.1])
    model = LinearClassifier(C=np.inf, class_weight="balanced").fit(X, y)
    honest = model.calibrate(X, y, PriorShift.undo_weights(balanced(y)))
    shares = np.bincount(y) / len(y)
    assert np.abs(model.predict_proba(X).mean(axis=0) - shares).max() > 0.1
    assert_allclose(honest.predict_proba(X).mean(axis=0), shares, atol=0.01)


def test_of_a_model_of_intercepts_alone_the_undoing_is_exact():
    y = np.repeat([0, 1, 2], [70, 20, 10])
    X = np.zeros((100, 1))
    weights = {0: 0.5, 1: 2.0, 2: 5.0}
    model = LinearClassifier(C=1.0, tol=1e-12, class_weight=weights).fit(X, y)
    honest = model.calibrate(X, y, PriorShift.undo_weights(list(weights.values())))
    assert_allclose(honest.predict_proba(X[:1])[0], [0.7, 0.2, 0.1], atol=1e-5)


def test_weights_of_positives_are_undone_label_by_label():
    rng = np.random.default_rng(0)
    y = (rng.random((4000, 2)) < [0.1, 0.3]).astype(int)
    X = rng.normal(size=(4000, 2)) + y
    model = LinearClassifier(C=np.inf, class_weight={0: 9.0, 1: 2.0}).fit(X, y)
    honest = model.calibrate(X, y, PriorShift.undo_weights([9.0, 2.0]))
    assert np.all(model.predict_proba(X).mean(axis=0) > y.mean(axis=0) + 0.1)
    assert_allclose(honest.predict_proba(X).mean(axis=0), y.mean(axis=0), atol=0.01)


@pytest.mark.parametrize("weights", [[1.0, 0.0], [1.0, -2.0], [np.inf, 1.0], [[1.0]]])
def test_weights_must_be_above_0(weights):
    with pytest.raises(InputValueError, match="`class_weight` must be finite and above 0"):
        PriorShift.undo_weights(weights)


def test_one_column_has_two_weights():
    with pytest.raises(InputValueError, match="two weights for one column, got 3"):
        PriorShift.undo_weights([1.0, 2.0, 3.0], one_column=True)
