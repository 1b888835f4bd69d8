import json

import numpy as np
from numpy.testing import assert_allclose

from headway.explain import trace_curves

CURVES = trace_curves()


def test_slopes_are_the_differences_of_the_values():
    step = CURVES.z[1] - CURVES.z[0]
    for values, slopes in (
        (CURVES.sigmoid, CURVES.sigmoid_slope),
        (CURVES.tanh, CURVES.tanh_slope),
        (CURVES.softmax, CURVES.softmax_slope),
    ):
        central = (values[2:] - values[:-2]) / (2 * step)
        assert_allclose(slopes[1:-1], central, atol=2e-3)


def test_tanh_is_a_stretched_sigmoid():
    assert_allclose(CURVES.tanh_by_sigmoid, CURVES.tanh, atol=1e-15)


def test_what_one_class_gains_under_softmax_the_others_lose():
    assert_allclose(CURVES.softmax_slope.sum(axis=1), 0, atol=1e-15)
    assert_allclose(CURVES.softmax_jacobian.sum(axis=0), 0, atol=1e-15)


def test_jacobians_are_the_differences_of_the_links():
    h = 1e-6
    softmax = np.exp(CURVES.example) / np.exp(CURVES.example).sum()
    sigmoid = 1 / (1 + np.exp(-CURVES.example))
    for j in range(4):
        moved = CURVES.example + h * np.eye(4)[j]
        by_softmax = (np.exp(moved) / np.exp(moved).sum() - softmax) / h
        by_sigmoid = (1 / (1 + np.exp(-moved)) - sigmoid) / h
        assert_allclose(CURVES.softmax_jacobian[:, j], by_softmax, atol=1e-6)
        assert_allclose(CURVES.sigmoid_jacobian[:, j], by_sigmoid, atol=1e-6)


def test_a_sigmoid_value_minds_its_own_logit_alone():
    off_diagonal = CURVES.sigmoid_jacobian[~np.eye(4, dtype=bool)]
    assert (off_diagonal == 0).all()


def test_the_share_of_noise_below_z_nears_the_sigmoid_as_the_sample_grows():
    # Kolmogorov: the gap exceeds 1.95 / sqrt(n) once in a thousand samples.
    for samples in (200, 20_000):
        assert trace_curves(samples=samples).distance < 1.95 / np.sqrt(samples)


def test_the_same_seed_draws_the_same_noise():
    assert (trace_curves().noise == CURVES.noise).all()
    assert (trace_curves(random_state=1).noise != CURVES.noise).any()


def test_curves_survive_json():
    again = json.loads(json.dumps(CURVES.to_dict(), allow_nan=False))
    assert len(again["sigmoid"]) == len(again["z"]) == 241
    assert again["noise"]["size"] == 2000
