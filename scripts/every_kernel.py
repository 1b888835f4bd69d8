"""Calls every kernel of the core on small arrays of awkward sizes, for valgrind.sh."""

import numpy as np

from headway.kernels import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
from headway.kernels.core import core

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
