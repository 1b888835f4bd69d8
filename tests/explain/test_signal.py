"""Stacks by activation, recipe and depth: the loss of signal, its cures, and bad input."""

import json
import sys

import numpy as np
import pytest
from sklearn.datasets import load_iris

from headway.cli import main
from headway.datasets import load
from headway.errors import InputTypeError, InputValueError, MissingDependencyError
from headway.explain import sweep_signal

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def lesson():
    return sweep_signal(
        load("digits"),
        activations=["sigmoid", "relu"],
        depths=[2, 20],
        recipes=["glorot", "fitting"],
    )


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def kept(sweep, *stack):
    return sweep.select(*stack)[0].before.gradient_kept


def test_a_sigmoid_stack_loses_its_gradient_layer_by_layer_with_the_usual_start(lesson):
    assert kept(lesson, "sigmoid", "glorot", 2) > 0.1
    assert kept(lesson, "sigmoid", "glorot", 20) < 1e-9
    assert kept(lesson, "relu", "glorot", 20) > 0.1


def test_a_start_that_fits_keeps_the_gradient(lesson):
    assert 0.1 < kept(lesson, "sigmoid", "fitting", 20) < 10


def test_the_text_fits_80_columns_and_advises_from_the_shallowest_loss_on(lesson):
    text = lesson.to_text()
    assert max(map(len, text.splitlines())) <= 80
    assert "sigmoid, glorot, from depth 20 on. The gradient of hidden 1" in text
    assert "sigmoid, fitting, from" not in text


# What each sentence of advice says, done: a quick version of benchmarks/signal_advice.py.
@pytest.mark.parametrize(
    ("activation", "recipe"), [("sigmoid", "fitting"), ("relu", "he"), ("sigmoid", "norm-after")]
)
def test_a_deep_sigmoid_stack_learns_nothing_and_each_cure_makes_it_learn(activation, recipe):
    digits = load("digits")
    settings = {"depths": [10], "epochs": 4, "width": 48}
    lost = sweep_signal(digits, activations=["sigmoid"], recipes=["glorot"], **settings).runs[0]
    cured = sweep_signal(digits, activations=[activation], recipes=[recipe], **settings).runs[0]
    assert "lost on the way" in lost.before.advice
    assert cured.before.advice.startswith("Nothing to mend")
    assert lost.accuracy < 0.25
    assert cured.accuracy > 0.6


def test_equal_seeds_give_equal_sweeps_and_others_others(iris):
    def figures(seed):
        sweep = sweep_signal(*iris, activations=["tanh"], depths=[3], random_state=seed, epochs=1)
        return [run.to_dict() for run in sweep.runs]

    assert figures(1) == figures(1)
    assert figures(1) != figures(2)


def test_labels_that_are_a_matrix_with_missing_cells_are_measured_too():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(80, 4)), rng.integers(0, 2, size=(80, 3)).astype(float)
    Y[::7, 1] = np.nan
    run = sweep_signal(X, Y, activations=["relu"], depths=[2], recipes=["he"], epochs=1).runs[0]
    assert np.isfinite(run.before.gradient_kept)
    assert 0 <= run.accuracy <= 1


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"activations": ["step"]}, InputValueError, r"`activations` must be .* got \['step'\]"),
        (
            {"activations": "relu"},
            InputValueError,
            r"`activations` must be a list of .* got 'relu'",
        ),
        ({"activations": []}, InputValueError, r"`activations` must be a list"),
        ({"recipes": ["best"]}, InputValueError, r"`recipes` must be a list of 'glorot'"),
        ({"depths": [2, 0]}, InputValueError, r"`depths` must be at least 1, got 0"),
        ({"depths": []}, InputValueError, r"`depths` must be at least 1"),
        ({"depths": [2.5]}, InputTypeError, r"`depths` must be whole, got 2.5"),
        ({"width": 0}, InputValueError, r"`width` must be at least 1, got 0"),
        ({"epochs": -1}, InputValueError, r"`epochs` must be at least 0, got -1"),
        ({"seeds": 0}, InputValueError, r"`seeds` must be at least 1, got 0"),
    ],
)
def test_settings_that_cannot_be_are_named(settings, error, message, iris):
    with pytest.raises(error, match=message):
        sweep_signal(*iris, **settings)


def test_labels_must_be_given_and_be_as_many_as_rows(iris):
    X, y = iris
    with pytest.raises(InputValueError, match=r"`y` must be given"):
        sweep_signal(X)
    with pytest.raises(InputValueError, match=r"as many rows, got 150 and 149"):
        sweep_signal(X, y[:-1])
    with pytest.raises(InputValueError, match=r"at least 2 rows, got \(150,\)"):
        sweep_signal(X[:, 0], y)


def test_without_torch_it_says_how_to_get_it(monkeypatch, iris):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'headway\[torch\]'"):
        sweep_signal(*iris)


def test_the_command_prints_tables_or_json_and_draws(capsys, tmp_path):
    words = ["signal", "--activation", "sigmoid", "--depth", "2,12", "--width", "16"]
    figure = tmp_path / "signal.svg"
    assert main([*words, "--figure", str(figure)]) == 0
    assert "depth 12" in capsys.readouterr().out
    assert figure.read_text().startswith("<?xml")
    assert main([*words, "--json", "--epochs", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [run["depth"] for run in told["runs"]] == [2, 12, 2, 12]
    assert 0 <= told["runs"][0]["accuracy"] <= 1
    assert len(told["runs"][1]["before"]["layers"]) == 12


@pytest.mark.parametrize("depth", ["0", "2,x", "", "-1", "2.5"])
def test_a_depth_that_cannot_be_is_a_usage_error(depth, capsys):
    assert main(["signal", f"--depth={depth}"]) == 2
    assert "whole numbers of at least 1" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("words", [["--activation", "step"], ["--recipe", "best"]])
def test_an_unknown_name_is_a_usage_error(words, capsys):
    assert main(["signal", *words]) == 2
    assert "is not one of" in capsys.readouterr().err
