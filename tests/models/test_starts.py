"""How weights start: the spread of signals is kept through a stack, whatever the activation."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from headway.errors import InputValueError  # noqa: E402
from headway.models.layers import (  # noqa: E402
    ACTIVATIONS,
    Dropout,
    dropout_layer,
    start_like,
    start_like_relu,
)
from headway.models.mlp import mlp_network  # noqa: E402
from headway.models.scaling import feature_scaling  # noqa: E402
from headway.models.stack import STARTS, stack_network  # noqa: E402

SCALING = feature_scaling(np.random.default_rng(0).normal(size=(50, 256)), False)


def stack(activation, depth, start="fitting", norm=None, width=256, seed=0):
    torch.manual_seed(seed)
    return stack_network(
        256,
        3,
        scaling=SCALING,
        width=width,
        depth=depth,
        activation=activation,
        start=start,
        norm=norm,
    )


def handed_on(network, rows=400):
    torch.manual_seed(1)
    with torch.no_grad():
        return network.body(torch.randn(rows, 256))


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu"])
def test_relu_and_its_kin_start_to_the_same_bits_as_ever(activation):
    layers = [torch.nn.Linear(7, 5) for _ in range(2)]
    torch.manual_seed(3)
    start_like_relu(layers[0])
    torch.manual_seed(3)
    start_like(layers[1], activation)
    assert torch.equal(layers[0].weight, layers[1].weight)
    assert not layers[1].bias.any()


def test_he_keeps_the_second_moment_of_relu():
    torch.manual_seed(0)
    sums, hidden = [], torch.randn(2000, 1024)
    for _ in range(6):
        linear = torch.nn.Linear(1024, 1024)
        start_like(linear, "relu")
        with torch.no_grad():
            sums.append(float((linear(hidden) ** 2).mean()))
            hidden = linear(hidden).relu()
    # Variance 2 / fan-in doubles the second moment, and relu halves it again.
    np.testing.assert_allclose(sums, 2.0, rtol=0.15)


def test_selu_rests_at_mean_0_and_variance_1_after_50_layers():
    hidden = handed_on(stack("selu", 50))
    assert float(hidden.mean()) == pytest.approx(0, abs=0.1)
    assert float(hidden.var()) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("depth", [1, 2, 10, 50])
def test_a_sigmoid_stack_starts_as_a_tanh_stack_does(depth):
    sigmoid, tanh = (handed_on(stack(name, depth)) for name in ("sigmoid", "tanh"))
    np.testing.assert_allclose(sigmoid, (1 + tanh) / 2, atol=1e-4)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "selu"])
def test_after_50_layers_a_fitting_start_has_kept_half_of_the_spread(activation):
    first, last = (handed_on(stack(activation, depth)).var(dim=0).mean() for depth in (1, 50))
    assert 0.5 < float((last / first).sqrt()) < 2


@pytest.mark.parametrize("start", ["glorot", "he", "scaled"])
def test_other_starts_leave_nothing_of_a_sigmoids_spread_after_20_layers(start):
    first, last = (
        handed_on(stack("sigmoid", depth, start=start)).var(dim=0).mean() for depth in (1, 20)
    )
    assert float((last / first).sqrt()) < 1e-2


def test_a_norm_saves_a_sigmoid_stack_after_the_activation_and_not_before():
    first = handed_on(stack("sigmoid", 1, "glorot")).var(dim=0).mean()
    before = handed_on(stack("sigmoid", 10, "glorot", "before")).var(dim=0).mean()
    after = handed_on(stack("sigmoid", 10, "glorot", "after")).var(dim=0).mean()
    assert float((before / first).sqrt()) < 1e-2
    assert float((after / first).sqrt()) > 0.5


def test_networks_start_as_fits_their_activation():
    torch.manual_seed(0)
    network = mlp_network(256, 3, scaling=SCALING, hidden=(256, 256), activation="sigmoid")
    first, second = (layer for layer in network.body if isinstance(layer, torch.nn.Linear))
    assert float(first.weight.detach().std()) == pytest.approx(2 * 1.25 / 16, rel=0.02)
    assert float(second.weight.detach().std()) == pytest.approx(4 * 1.25 / 16, rel=0.02)
    assert not first.bias.any()
    np.testing.assert_allclose(
        second.bias.detach(), -second.weight.detach().sum(dim=1) / 2, atol=1e-6
    )


def test_selu_has_the_dropout_that_keeps_its_fixed_point():
    torch.manual_seed(0)
    hidden = torch.randn(200_000)
    dropped = dropout_layer("selu", 0.3)(hidden)
    assert float(dropped.mean()) == pytest.approx(0, abs=0.02)
    assert float(dropped.var()) == pytest.approx(1, abs=0.02)
    assert all(
        isinstance(dropout_layer(name, 0.3), Dropout) for name in ACTIVATIONS if name != "selu"
    )


def test_an_unknown_start_is_named_with_those_there_are():
    with pytest.raises(InputValueError, match=r"`start` must be one of 'fitting', .* got 'best'"):
        stack("relu", 1, start="best")
    assert "fitting" in STARTS
