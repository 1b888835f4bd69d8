"""Signals of fitted networks: measured at both ends of `fit`, and when asked for."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

pytest.importorskip("torch")

from headway import ConvClassifier, MLPClassifier, load
from headway.classifiers import engine

X, Y = load_iris(return_X_y=True)


def perceptron(**settings):
    settings = {"hidden": (12, 8), "epochs": 5, "random_state": 0, **settings}
    return MLPClassifier(**settings)


def test_fit_measures_every_hidden_layer_at_its_start_and_its_end():
    model = perceptron().fit(X, Y)
    names = ["hidden 1", "hidden 2"]
    assert [layer.name for layer in model.signal_.start.layers] == names
    assert [layer.name for layer in model.signal_.end.layers] == names
    assert model.signal_.start.drawn_last
    assert not model.signal_.end.drawn_last
    assert model.signal_.start.rows <= 64


def test_convolutions_are_layers_too():
    images = np.random.default_rng(0).normal(size=(60, 8, 8))
    model = ConvClassifier(channels=(4,), hidden=(8,), epochs=1, random_state=0)
    model.fit(images, np.arange(60) % 2)
    assert [layer.name for layer in model.signal_.end.layers] == ["convolution 1", "hidden 1"]
    assert model.signal(images, np.arange(60) % 2).normed


def test_measuring_does_not_change_what_is_learned(monkeypatch):
    measured = perceptron().fit(X, Y).logits(X)
    monkeypatch.setattr(engine, "measured_signal", lambda *given, most: None)
    np.testing.assert_array_equal(perceptron().fit(X, Y).logits(X), measured)


def test_signal_measures_the_network_as_it_is_on_the_rows_that_are_given():
    model = perceptron().fit(X, Y)
    before = model.logits(X)
    health = model.signal(X, Y)
    assert health.rows == len(X)
    assert model.signal(X, Y) == health
    np.testing.assert_array_equal(model.logits(X), before)
    assert model.signal(X, Y, sample_weight=np.arange(len(X)) % 3 + 1.0) != health


def test_the_figures_outlive_saving_and_pickling(tmp_path):
    model = perceptron().fit(X, Y)
    model.save(tmp_path / "iris.headway")
    assert load(tmp_path / "iris.headway").signal_ == model.signal_
    assert pickle.loads(pickle.dumps(model)).signal_ == model.signal_


def test_a_deep_sigmoid_network_starts_healthy_and_learns():
    model = perceptron(hidden=(32,) * 10, activation="sigmoid", dropout=0.0, epochs=60)
    model.fit(X, Y)
    assert model.signal_.start.advice.startswith("Nothing to mend")
    assert model.score(X, Y) > 0.9


def test_selu_is_an_activation_with_dropout_of_its_own():
    model = perceptron(activation="selu", hidden=(64,), dropout=0.1, epochs=40).fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert "AlphaDropout" in repr(model.network_)


def test_an_unfitted_network_has_no_signal():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        perceptron().signal(X, Y)


def test_label_matrices_with_missing_cells_are_measured():
    labels = np.column_stack([Y == 0, Y == 1]).astype(float)
    labels[::5, 0] = np.nan
    model = perceptron().fit(X, labels)
    assert np.isfinite(model.signal(X, labels).gradient_kept)
