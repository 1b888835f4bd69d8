"""Integrated gradients: they add up, vanish where nothing moved, and are exact on linear parts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

torch = pytest.importorskip("torch")

from headway.models.cnn import conv_network  # noqa: E402
from headway.models.mlp import mlp_network  # noqa: E402
from headway.models.scaling import FeatureScaling, feature_scaling, image_scaling  # noqa: E402
from headway.training.integrated_gradients import integrate_gradients  # noqa: E402
from headway.training.network import compute_logits, seeded  # noqa: E402

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(50, 6))
SETTINGS = {"tolerance": 1e-3, "most_steps": 2048}


def network(activation="gelu", hidden=(16, 8), scaling=None):
    scaling = feature_scaling(ROWS, "feature") if scaling is None else scaling
    with seeded(1):
        made = mlp_network(6, 3, scaling=scaling, hidden=hidden, activation=activation, dropout=0.2)
        torch.nn.init.normal_(made.last.weight)
    return made


@pytest.mark.parametrize("activation", ["gelu", "relu", "tanh", "silu", "sigmoid"])
def test_contributions_add_up_to_the_change_of_the_logits(activation):
    made = network(activation)
    for row in range(5):
        x, b = ROWS[row : row + 1], ROWS[row + 10 : row + 11]
        found = integrate_gradients(made, x, b, np.eye(3), **SETTINGS)
        change = (compute_logits(made, x) - compute_logits(made, b))[0]
        assert_allclose(found.values.sum(axis=1), change, atol=found.error + 1e-5)
        assert found.error <= 1e-3 * max(1.0, np.abs(change).max())


def test_a_feature_that_did_not_move_contributes_nothing():
    b = ROWS[:1].copy()
    b[0, 2] += 1.0
    found = integrate_gradients(network(), ROWS[:1], b, np.eye(3), **SETTINGS)
    assert not found.values[:, [0, 1, 3, 4, 5]].any()
    assert found.values[:, 2].all()


def test_without_hidden_layers_they_are_difference_times_weight():
    made = network(hidden=(), scaling=FeatureScaling(np.zeros(6), np.ones(6), bounded=False))
    found = integrate_gradients(made, ROWS[:1], ROWS[1:2], np.eye(3), **SETTINGS)
    weights = made.last.weight.detach().numpy()
    assert_allclose(found.values, weights * (ROWS[:1] - ROWS[1:2]), rtol=1e-5)
    assert found.steps == 16


def test_a_direction_is_a_sum_of_logits():
    made = network()
    apart = integrate_gradients(made, ROWS[:1], ROWS[1:2], np.eye(3), **SETTINGS)
    both = integrate_gradients(made, ROWS[:1], ROWS[1:2], np.array([[1.0, -1.0, 0.0]]), **SETTINGS)
    assert_allclose(both.values[0], apart.values[0] - apart.values[1], atol=1e-3)


def test_images_keep_the_order_of_their_pixels():
    images = RNG.random(size=(4, 1, 8, 8))
    with seeded(0):
        made = conv_network((1, 8, 8), 3, scaling=image_scaling(images, True), channels=(4,))
        torch.nn.init.normal_(made.last.weight)
    b = images[:1].copy()
    b[0, 0, 2, 5] = 0.0
    found = integrate_gradients(made, images[:1], b, np.eye(3), **SETTINGS)
    assert set(np.flatnonzero(found.values.any(axis=0))) == {2 * 8 + 5}


def test_the_number_of_steps_is_bounded_and_the_error_told():
    made = network("relu")
    found = integrate_gradients(
        made, 50 * ROWS[:1], -40 * ROWS[1:2], np.eye(3), tolerance=0.0, most_steps=64
    )
    assert found.steps == 64
    assert found.error > 0
