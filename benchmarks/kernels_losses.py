"""Cross-entropy and binary cross-entropy with their gradient, beside torch forward and backward.

Asked for: the loss of each row and the gradient of their sum with respect to the logits.  torch
gets malloc tuned (its best) and is asked for the sum and the gradient, which is less.  Its
compiled line fuses both passes, where there is a compiler.  GB/s counts one read of the logits
(and targets) and one write of the gradient.
"""

import numpy as np

from benchmarks._kernels import Kernel, as_array, contest
from benchmarks.kernels_softmax import logits

QUESTION = "How fast are the losses with their gradient?"
CROSS_ENTROPY = {
    "cross-entropy, 1M x 10": (1_000_000, 10),
    "cross-entropy, 10k x 1000": (10_000, 1_000),
    "cross-entropy, 512 x 128k": (512, 128_000),
}
BINARY = {"binary cross-entropy, 100k x 100": (100_000, 100)}


def run():
    """Return one line per loss, size and contestant."""
    lines = contest(
        (
            Kernel("headway", headway_cross_entropy),
            Kernel("torch", torch_cross_entropy),
            Kernel("torch, malloc tuned", torch_cross_entropy, malloc_tuned=True),
            Kernel("torch compiled, malloc tuned", compiled_cross_entropy, malloc_tuned=True),
        ),
        CROSS_ENTROPY,
        bytes_moved=lambda case: 8 * case[0] * case[1],
    )
    return lines + contest(
        (
            Kernel("headway", headway_binary),
            Kernel("torch", torch_binary),
            Kernel("torch, malloc tuned", torch_binary, malloc_tuned=True),
            Kernel("torch compiled, malloc tuned", compiled_binary, malloc_tuned=True),
        ),
        BINARY,
        bytes_moved=lambda case: 12 * case[0] * case[1],
    )


def _labels(case):
    return np.random.default_rng(1).integers(case[1], size=case[0])


def _targets(case):
    return (np.random.default_rng(1).random(case, dtype=np.float32) < 0.1).astype(np.float32)


def headway_cross_entropy(case):
    import headway

    x, labels, out = logits(case), _labels(case), np.zeros(case, np.float32)
    return lambda: (as_array(headway.cross_entropy_with_gradient(x, labels, out=out)[1]),)


def headway_binary(case):
    import headway

    x, targets, out = logits(case), _targets(case), np.zeros(case, np.float32)
    return lambda: (as_array(headway.binary_cross_entropy_with_gradient(x, targets, out=out)[1]),)


def torch_cross_entropy(case, compiled=False):
    import torch

    labels = torch.from_numpy(_labels(case))
    return _with_gradient(
        lambda x: torch.nn.functional.cross_entropy(x, labels, reduction="sum"), case, compiled
    )


def torch_binary(case, compiled=False):
    import torch

    targets = torch.from_numpy(_targets(case))
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return _with_gradient(lambda x: loss(x, targets, reduction="sum"), case, compiled)


def compiled_cross_entropy(case):
    return torch_cross_entropy(case, compiled=True)


def compiled_binary(case):
    return torch_binary(case, compiled=True)


def _with_gradient(loss, case, compiled):
    import torch

    if compiled:
        loss = torch.compile(loss, dynamic=False)
    x = torch.from_numpy(logits(case)).requires_grad_()
    return lambda: (as_array(torch.autograd.grad(loss(x), x)[0]),)
