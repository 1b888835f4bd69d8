"""Every loss in its three forms, and problems to try them on."""

import numpy as np
import pytest

from headway.losses import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    binary_cross_entropy_with_gradient,
    cross_entropy,
    cross_entropy_gradient,
    cross_entropy_with_gradient,
    soft_cross_entropy,
    soft_cross_entropy_gradient,
    soft_cross_entropy_with_gradient,
)

LOSSES = {
    "labels": (cross_entropy, cross_entropy_gradient, cross_entropy_with_gradient),
    "soft": (soft_cross_entropy, soft_cross_entropy_gradient, soft_cross_entropy_with_gradient),
    "binary": (
        binary_cross_entropy,
        binary_cross_entropy_gradient,
        binary_cross_entropy_with_gradient,
    ),
}


@pytest.fixture(params=LOSSES)
def kind(request):
    """Return what the logits are compared with."""
    return request.param


@pytest.fixture
def functions():
    """Return value, gradient and both at once, by what the logits are compared with."""
    return LOSSES


@pytest.fixture
def make_case():
    """Return a maker of problems."""
    return _case


def _case(kind, n, k, dtype=np.float64, seed=0):
    """Return logits, what they are compared with, and a mask that fits."""
    rng = np.random.default_rng(seed)
    logits = (3 * rng.normal(size=(n, k))).astype(dtype)
    mask = rng.random((n, k)) < 0.7
    if kind == "labels":
        labels = rng.integers(0, k, size=n)
        mask[np.arange(n), labels] = True
        return logits, labels, mask
    if kind == "soft":
        mask[:, 0] = True
        targets = rng.dirichlet(np.ones(k), size=n) * mask
        return logits, (targets / targets.sum(axis=1, keepdims=True)).astype(dtype), mask
    targets = np.where(rng.random((n, k)) < 0.5, rng.integers(0, 2, (n, k)), rng.random((n, k)))
    targets[rng.random((n, k)) < 0.1] = np.nan
    return logits, targets.astype(dtype), mask
