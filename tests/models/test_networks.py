"""The networks: their shapes, their start, and the images they are shown."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from headway.errors import InputValueError  # noqa: E402
from headway.models.cnn import ShiftedImages, conv_network  # noqa: E402
from headway.models.layers import ACTIVATIONS, Dropout  # noqa: E402
from headway.models.mlp import mlp_network  # noqa: E402
from headway.models.scaling import feature_scaling, image_scaling  # noqa: E402


def perceptron(**settings):
    scaling = feature_scaling(np.random.default_rng(0).normal(size=(20, 6)), "shared")
    return mlp_network(6, 3, scaling=scaling, **settings)


def convolutional(shape, **settings):
    images = np.random.default_rng(0).normal(size=(20, *shape))
    return conv_network(shape, 3, scaling=image_scaling(images, True), **settings)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_untrained_network_is_the_constant_model(activation):
    network = perceptron(hidden=(5,), activation=activation)
    network.start_at([0.5, -1.0, 2.0])
    logits = network(torch.randn(4, 6))
    np.testing.assert_array_equal(logits.detach().numpy(), np.tile([0.5, -1.0, 2.0], (4, 1)))


def test_a_perceptron_without_hidden_layers_is_linear():
    network = perceptron(hidden=())
    assert [p.shape for p in network.parameters()] == [(3, 6), (3,)]


def test_an_unknown_activation_is_named_with_those_there_are():
    with pytest.raises(InputValueError, match=r"`activation` must be one of 'relu', .* got 'rleu'"):
        perceptron(activation="rleu")


@pytest.mark.parametrize(
    ("shape", "width"),
    [
        ((1, 8, 8), 64 * 4 * 4),
        ((1, 28, 28), 64 * 7 * 7),
        ((3, 7, 16), 64 * 7 * 4),
        ((1, 1, 2), 64 * 1 * 2),
        ((1, 1, 1), 64),
    ],
)
def test_an_axis_is_halved_while_it_has_at_least_8_pixels(shape, width):
    network = convolutional(shape, channels=(32, 64), hidden=())
    assert network.last.in_features == width
    assert network(torch.randn(2, *shape)).shape == (2, 3)


# gelu and silu dip below zero first: for them the order matters.
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_the_maximum_before_a_rising_activation_equals_the_maximum_after_it(activation):
    images = torch.randn(4, 1, 8, 8)
    rise = ACTIVATIONS[activation]()
    pool = torch.nn.MaxPool2d(2)
    np.testing.assert_allclose(rise(pool(images)), pool(rise(images)), rtol=1e-6)


def test_shifted_images_are_the_images_moved_by_at_most_the_distance():
    image = torch.arange(20.0).reshape(1, 1, 4, 5)
    source = ShiftedImages(image, 1)
    taken = source.take(torch.zeros(300, dtype=torch.long), torch.Generator().manual_seed(0))
    padded = np.pad(image[0, 0].numpy(), 1, mode="edge")
    expected = {padded[dy : dy + 4, dx : dx + 5].tobytes() for dy in range(3) for dx in range(3)}
    assert {one[0].numpy().tobytes() for one in taken} == expected


def test_images_are_moved_one_by_one_and_by_the_generator_alone():
    images = torch.randn(50, 1, 6, 6)
    source, rows = ShiftedImages(images, 1), torch.arange(50)
    first = source.take(rows, torch.Generator().manual_seed(3))
    again = source.take(rows, torch.Generator().manual_seed(3))
    other = source.take(rows, torch.Generator().manual_seed(4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    still = sum(torch.equal(a, b) for a, b in zip(first, images, strict=True))
    assert 0 < still < 25


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_dropout_zeroes_its_share_everywhere_alike_and_keeps_the_mean(share, dtype):
    torch.manual_seed(0)
    layer = Dropout(share)
    dropped = layer(torch.ones(4001, 16, dtype=dtype))
    assert dropped.dtype == dtype
    zero = (dropped == 0).double()
    # Five standard errors, plus the rounding of the share to 1/256.
    slack = 5 * (share * (1 - share) / 4001) ** 0.5 + 1 / 512
    np.testing.assert_allclose(zero.mean(dim=0).numpy(), share, atol=slack)
    assert float(dropped.double().mean()) == pytest.approx(1, abs=0.05)
    neighbours = np.corrcoef(zero.numpy().T)[np.triu_indices(16, 1)]
    assert np.abs(neighbours).max() < 0.09


def test_dropout_does_nothing_when_predicting_or_at_zero():
    features = torch.randn(5, 3)
    assert Dropout(0.5).eval()(features) is features
    assert Dropout(0.0)(features) is features


def test_dropout_passes_gradients_through_the_kept_features_only():
    torch.manual_seed(0)
    features = torch.ones(50, 7, requires_grad=True)
    dropped = Dropout(0.5)(features)
    dropped.sum().backward()
    assert torch.equal(features.grad, dropped.detach())
