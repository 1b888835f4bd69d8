"""Calls every kernel of the core on small arrays of awkward sizes, for valgrind.sh."""

import numpy as np
import scipy.sparse as sp

from headway import (
    binary_cross_entropy_with_gradient,
    cross_entropy_with_gradient,
    linear_cross_entropy,
    soft_cross_entropy_with_gradient,
)
from headway.kernels import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
from headway.kernels.core import core
from headway.kernels.example_f1 import example_f1
from headway.kernels.factor import factor
from headway.kernels.linear import LinearRows, linear_pass
from headway.kernels.temperature import sharpness_sums

assert core() is not None, "the compiled core is needed"
rng = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    for shape in (
        (1, 1),
        (3, 2),
        (17, 3),
        (1, 10),
        (33, 10),
        (5, 100),
        (3, 257),
        (2, 9001),
        (1, 70001),
    ):
        # Exactly as much memory as the entries need: valgrind sees the first byte beyond.
        logits = rng.normal(size=shape).astype(dtype)
        logits[0, -1] = np.inf
        for kernel in (softmax, log_softmax, logsumexp, sigmoid, log_sigmoid, softplus):
            result = kernel(logits)
            assert not np.isnan(result).any(), kernel.__name__
            if kernel is not logsumexp:
                kernel(logits.copy(), out=np.empty_like(logits))
        finite = np.where(np.isinf(logits), 1, logits).astype(dtype)
        labels = rng.integers(0, shape[1], shape[0])
        targets = rng.dirichlet(np.ones(shape[1]), shape[0]).astype(dtype)
        cross_entropy_with_gradient(finite, labels)
        soft_cross_entropy_with_gradient(finite, targets)
        binary_cross_entropy_with_gradient(finite, targets)
        sharpness_sums(finite, labels, None, None, 1.3)
        sharpness_sums(finite, None, targets, np.ones(shape[0]), 0.7)
        if shape[1] < 1000:
            example_f1(sigmoid(finite), beta=1.5, empty=0.5)
    for width in (1, 5, 64, 65, 130):
        A = rng.normal(size=(2, width + 3, width)).astype(dtype)
        factors = factor(np.einsum("cij,cik->cjk", A, A))
        factors.solve(rng.normal(size=(2, width)), np.array([1, 0]))
        factors.solve(rng.normal(size=(7, width)))

for n, d, k in ((37, 3, 1), (45, 12, 1), (41, 13, 1), (50, 7, 3), (70, 90, 17), (30, 600, 40)):
    X = rng.normal(size=(n, d))
    X[np.abs(X) < 0.7] = 0
    labels = rng.integers(0, k, n).astype(np.int32)
    forms = {"codes": (labels[:, None] == np.arange(k)).astype(np.uint8)}
    for coupled in (True, False)[k == 1 :]:
        for features in (X, X.astype(np.float32), sp.csr_array(X.astype(np.float32))):
            rows = LinearRows(features, k, **({"labels": labels} if coupled else forms))
            passes = linear_pass(rows, coupled=coupled)
            weights, step, sums = rng.normal(size=(3, k, d + 1)) / d
            values, after, entropies = np.empty((3, 1 if coupled else k))
            excess, tilt, shift, shares, mix = np.full((5, k), 1e-3)
            probs = np.empty((n, k), np.float32)
            for single in (True, False):
                passes.gradient(weights, values, sums, probs, single)
                passes.product(step, sums, probs, weights, single)
                passes.product(step, sums, None, weights, single)
                passes.gradient(weights, values, sums, probs, single, np.ones(d + 1))
            passes.dual(weights, step, values, after, excess, probs)
            passes.moments(probs, weights, step, tilt, shift, shares, mix, entropies, sums)
            grams = np.empty((2, d + 1, d + 1), np.float32)
            passes.grams(rng.integers(0, n, (2, 25)), None, grams)
            if passes.sparse:
                passes.diagonal(probs, sums)
                ones = np.ones(d, np.float32)
                passes.cg(sums, sums + 1, ones, ones, values, probs, step, 5, 0.1, 0.1, 0.1, 0.1)
            if k * d < 400:
                passes.newton(weights, step, np.append(np.ones(d), 0.0), 1e-9, 20)
            linear_cross_entropy(X.astype(np.float32), weights[:, :-1].astype(np.float32), labels)
