"""Signal health: what is measured is what the formulas say, and nothing is changed by it."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from headway.heads import preset_head  # noqa: E402
from headway.labels import one_hot  # noqa: E402
from headway.models.mlp import mlp_network  # noqa: E402
from headway.models.scaling import feature_scaling  # noqa: E402
from headway.models.stack import stack_network  # noqa: E402
from headway.training.network import InMemory, Rows, scaled_features, seeded  # noqa: E402
from headway.training.signal import _slopes, _steepest, measure_signal  # noqa: E402
from headway.training.signal_health import (  # noqa: E402
    LayerSignal,
    SignalHealth,
    TrainingSignal,
)

HEAD = preset_head("softmax", "exclusive")
X = np.random.default_rng(0).normal(size=(60, 5))
Y = torch.from_numpy((X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5))


def stack(activation="relu", depth=3, **settings):
    with seeded(0):
        return stack_network(
            5,
            3,
            scaling=feature_scaling(X, False),
            width=16,
            depth=depth,
            activation=activation,
            **settings,
        )


def rows_of(network, weights=None):
    weights = torch.ones(len(X), 1) if weights is None else weights
    return Rows(InMemory(scaled_features(network, X)), one_hot(Y, 3).float(), weights)


def test_no_slope_of_the_sigmoid_is_above_a_quarter():
    assert _steepest(torch.nn.Sigmoid()) == pytest.approx(0.25, rel=1e-6)
    assert _steepest(torch.nn.Tanh()) == pytest.approx(1.0, rel=1e-6)
    z = torch.linspace(-3, 3, 7, dtype=torch.float64)
    np.testing.assert_allclose(
        _slopes(torch.nn.Sigmoid(), z), torch.sigmoid(z) * (1 - torch.sigmoid(z))
    )


def test_the_figures_are_those_of_the_formulas():
    network = stack("sigmoid", depth=2)
    torch.nn.init.normal_(network.last.weight)
    rows = rows_of(network)
    health = measure_signal(network, HEAD, rows)
    assert not health.drawn_last
    logits = network(torch.from_numpy(X))
    torch.nn.functional.cross_entropy(logits, Y).backward()
    with torch.no_grad():
        hidden = scaled_features(network, X)
        for measured, linear in zip(health.layers, network.body[::2], strict=True):
            hidden = torch.sigmoid(linear(hidden))
            slopes = hidden * (1 - hidden)
            assert measured.spread == pytest.approx(float(hidden.numpy().var(axis=0).mean() ** 0.5))
            assert measured.saturated == pytest.approx(float((slopes < 0.025).float().mean()))
            assert measured.gradient == pytest.approx(float(linear.weight.grad.norm()), rel=1e-4)
            assert measured.ratio == pytest.approx(
                float(linear.weight.grad.norm() / linear.weight.norm()), rel=1e-4
            )


def test_measuring_changes_neither_weights_nor_gradients_nor_chance():
    network = stack("selu", depth=2)
    network.train()
    network.body[0].weight.grad = torch.full_like(network.body[0].weight, 7.0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    first = measure_signal(network, HEAD, rows_of(network))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert (network.body[0].weight.grad == 7.0).all()
    assert network.last.weight.grad is None
    assert network.training
    assert not network.body[1]._forward_hooks
    assert measure_signal(network, HEAD, rows_of(network)) == first


@pytest.mark.parametrize("activation", ["relu", "selu"])
def test_dropout_is_off_while_signals_are_measured(activation):
    scaling = feature_scaling(X, False)
    with seeded(0):
        network = mlp_network(
            5, 3, scaling=scaling, hidden=(16, 8), activation=activation, dropout=0.5
        )
    network.train()
    state = torch.get_rng_state()
    first = measure_signal(network, HEAD, rows_of(network))
    assert torch.equal(torch.get_rng_state(), state)
    assert measure_signal(network, HEAD, rows_of(network)) == first
    assert all(module.training for module in network.modules())


def test_an_untrained_last_layer_of_zeros_is_measured_as_one_that_lets_gradients_through():
    health = measure_signal(network := stack(), HEAD, rows_of(network))
    assert health.drawn_last
    assert min(layer.gradient for layer in health.layers) > 0
    assert not network.last.weight.any()


def test_a_weight_of_2_counts_like_the_row_twice():
    network = stack("tanh")
    weights = torch.ones(len(X), 1)
    weights[0] = 2.0
    twice = torch.arange(len(X)).clamp(max=len(X) - 1)
    twice = torch.cat([torch.tensor([0]), twice])
    plain = rows_of(network)
    repeated = Rows(
        InMemory(plain.source.features[twice]), plain.targets[twice], plain.weights[twice]
    )
    once = measure_signal(network, HEAD, rows_of(network, weights / weights.mean()))
    both = measure_signal(network, HEAD, repeated)
    for one, other in zip(once.layers, both.layers, strict=True):
        assert one.gradient == pytest.approx(other.gradient, rel=1e-4)


def test_a_layer_that_answers_to_no_row_is_reported_as_dead():
    network = stack("relu", depth=3)
    network.body[2].bias.data.fill_(-100.0)
    health = measure_signal(network, HEAD, rows_of(network))
    assert [layer.dead == 1.0 for layer in health.layers] == [False, True, True]
    assert health.layers[1].spread == 0
    assert health.advice.startswith("Hidden 2 has 100 % dead units")


def test_a_network_without_hidden_layers_has_nothing_to_lose():
    network = stack(depth=0)
    health = measure_signal(network, HEAD, rows_of(network))
    assert health.layers == ()
    assert health.advice.startswith("Nothing to mend")


def layers(*gradients, activation="relu", spread=1.0, **settings):
    figures = {"saturated": 0.0, "dead": 0.0, "weights": 8.0, **settings}
    return SignalHealth(
        tuple(
            LayerSignal(f"hidden {k + 1}", activation, spread, gradient=gradient, **figures)
            for k, gradient in enumerate(gradients)
        ),
        rows=60,
    )


@pytest.mark.parametrize(
    ("health", "sentence"),
    [
        (layers(1.0, 1.0), r"^Nothing to mend: hidden 2 has 1 times the spread"),
        (layers(0.0101, 1.0), r"^Nothing to mend"),
        (layers(*[1.0] * 30), r"^Nothing to mend"),
        (layers(*[1.0] * 31), r"^The signal is kept, but in 31 layers .*: take fewer\.$"),
        (layers(0.0099, 1.0), r"^The gradient of hidden 1 is 0.0099 times .*variance 2 / fan-in"),
        (layers(1e-9, 1.0, activation="sigmoid"), r"lost on the way: start it as a tanh stack"),
        (layers(1e-9, 1.0, activation="tanh"), r"gain 5/4"),
        (layers(1e-9, 1.0, activation="selu"), r"variance 1 / fan-in"),
        (layers(1e-9, 1.0, activation="gelu"), r"fewer layers"),
        (layers(101.0, 1.0), r"^The gradient of hidden 1 is 1e\+02 times .*smaller"),
        (layers(1.0, 1.0, dead=0.5), r"^Hidden 1 has 50 % dead units"),
        (layers(1.0, 1.0, dead=0.49), r"^Nothing to mend"),
        (layers(1.0, 1.0, saturated=0.5), r"^Nothing to mend"),
        (layers(1.0, 1.0, saturated=0.5, activation="tanh"), r"50 % .* flat ends of the tanh"),
        (layers(1.0, math.nan), r"^Hidden 2 has a spread of 1 and a gradient of nan"),
    ],
)
def test_the_advice_follows_the_stated_rule(health, sentence):
    assert re.search(sentence, health.advice)
    assert health.advice.count(". ") == 0  # one sentence


def test_a_spread_that_is_lost_is_told_where_the_gradient_is_kept():
    health = layers(1.0, 1.0)
    faded = replace(health.layers[1], spread=0.001)
    health = replace(health, layers=(health.layers[0], faded))
    assert health.advice.startswith("The spread of hidden 2 is 0.001 times that of hidden 1")


def test_the_advice_on_training_is_that_on_its_start_if_that_has_a_fault():
    good, bad = layers(1.0, 1.0), layers(1e-9, 1.0)
    assert TrainingSignal(bad, good).advice == bad.advice
    assert TrainingSignal(good, bad).advice == bad.advice
    assert TrainingSignal(good, good).advice == good.advice


def test_what_is_written_down_reads_back_as_the_same():
    both = TrainingSignal(layers(1.0, 2.0), layers(1e-9, 1.0, activation="sigmoid"))
    assert TrainingSignal.from_dict(both.to_dict()) == both


def test_the_table_fits_80_columns():
    network = stack("sigmoid", depth=12, start="glorot")
    text = measure_signal(network, HEAD, rows_of(network)).to_text()
    assert max(map(len, text.splitlines())) <= 80
    assert text.splitlines()[12].startswith("hidden 12       sigmoid")
