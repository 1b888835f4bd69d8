"""Tells in a second whether an installed wheel works: its compiled core, a kernel and a fit."""

import sys

import numpy as np

import headway
from headway.kernels.core import use_core

config = headway.show_config()
sys.stdout.write(f"{config}\n")
if config.core == "numpy":
    sys.exit(f"The wheel must bring the compiled core, got none: {config.missing_because}.")

logits = np.array([[-0.5, 1.2, -0.1, 2.4], [1e4, -1e4, 0.0, 0.0]], dtype=np.float32)
expected = [[0.0383, 0.2094, 0.0571, 0.6953], [1.0, 0.0, 0.0, 0.0]]
for level in config.available:
    with use_core(level):
        np.testing.assert_allclose(headway.softmax(logits), expected, atol=1e-4, err_msg=level)

X = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
model = headway.LinearClassifier().fit(X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0))
if not model.optimality_gap_ <= model.tol:
    sys.exit(f"The fit must reach its tolerance {model.tol}, got {model.optimality_gap_}.")
sys.stdout.write("works\n")
