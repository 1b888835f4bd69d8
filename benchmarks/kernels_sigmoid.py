"""Sigmoid of ten million logits beside torch and SciPy, all into an output that is reused.

GB/s counts one read and one write.  The two copies are the limit: the same bytes, read and written
by two threads in the same rounds, and nothing computed.
"""

import numpy as np

from benchmarks._kernels import Kernel, as_array, contest, copy_of

QUESTION = "How fast is the sigmoid, and how near to the machine's copy limit?"
CASES = {"10M": 10_000_000}


def run():
    """Return one line per contestant."""
    kernels = (
        Kernel("headway", headway_out),
        Kernel("copy, NumPy", numpy_copy),
        Kernel("copy, torch", torch_copy),
        Kernel("torch, out=", torch_out),
        Kernel("torch, malloc tuned", torch_fresh, malloc_tuned=True),
        Kernel("scipy, out=", scipy_out),
    )
    return contest(kernels, CASES, bytes_moved=lambda case: 8 * case)


def logits(n):
    """Return float32 logits of deviation 3, the same in every process."""
    return np.random.default_rng(0).standard_normal(n, dtype=np.float32) * np.float32(3)


def headway_out(n):
    import headway

    x, out = logits(n), np.zeros(n, np.float32)
    return lambda: (as_array(headway.sigmoid(x, out=out)),)


def torch_out(n):
    import torch

    x, out = torch.from_numpy(logits(n)), torch.zeros(n)
    return lambda: (as_array(torch.sigmoid(x, out=out)),)


def torch_fresh(n):
    import torch

    x = torch.from_numpy(logits(n))
    return lambda: (as_array(torch.sigmoid(x)),)


def scipy_out(n):
    from scipy.special import expit

    x, out = logits(n), np.zeros(n, np.float32)
    return lambda: (as_array(expit(x, out=out)),)


def numpy_copy(n):
    return copy_of(logits(n))


def torch_copy(n):
    import torch

    x, out = torch.from_numpy(logits(n)), torch.zeros(n)
    return lambda: (as_array(out.copy_(x)),)
