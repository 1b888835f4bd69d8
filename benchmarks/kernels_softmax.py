"""Row-wise softmax beside torch and SciPy, over rows of 10 to 128,000 logits.

Everybody reads a float32 matrix that is in memory and writes one of the same size; GB/s counts
one read and one write, to be held against the copy limit of the machine.  torch is measured as
it is called, with malloc tuned, into `out=`, and compiled (one fused kernel, if there is a
compiler).  SciPy has no `out=`; its malloc-tuned line is its best.  The two copies are the limit:
the same bytes, read and written by two threads in the same rounds, and nothing computed.
"""

import numpy as np

from benchmarks._kernels import Kernel, as_array, contest, copy_of

QUESTION = "How fast is softmax, and how near to the machine's copy limit?"
CASES = {
    "1M x 10": (1_000_000, 10),
    "100k x 100": (100_000, 100),
    "10k x 1000": (10_000, 1_000),
    "512 x 128k": (512, 128_000),
}


def run():
    """Return one line per size and contestant."""
    kernels = (
        Kernel("headway", headway_out),
        Kernel("copy, NumPy", numpy_copy),
        Kernel("copy, torch", torch_copy),
        Kernel("headway, fresh arrays", headway_fresh),
        Kernel("torch", torch_fresh),
        Kernel("torch, malloc tuned", torch_fresh, malloc_tuned=True),
        Kernel("torch, out=", torch_out),
        Kernel("torch compiled, malloc tuned", torch_compiled, malloc_tuned=True),
        Kernel("scipy", scipy_fresh),
        Kernel("scipy, malloc tuned", scipy_fresh, malloc_tuned=True),
    )
    return contest(kernels, CASES, bytes_moved=lambda case: 8 * case[0] * case[1])


def logits(case):
    """Return float32 logits of deviation 3, the same in every process."""
    x = np.random.default_rng(0).standard_normal(case, dtype=np.float32)
    x *= np.float32(3)
    return x


def headway_out(case):
    import headway

    x, out = logits(case), np.zeros(case, np.float32)
    return lambda: (as_array(headway.softmax(x, out=out)),)


def headway_fresh(case):
    import headway

    x = logits(case)
    return lambda: (as_array(headway.softmax(x)),)


def torch_fresh(case):
    import torch

    x = torch.from_numpy(logits(case))
    return lambda: (as_array(torch.softmax(x, -1)),)


def torch_out(case):
    import torch

    x, out = torch.from_numpy(logits(case)), torch.zeros(case)
    return lambda: (as_array(torch.softmax(x, -1, out=out)),)


def torch_compiled(case):
    import torch

    x = torch.from_numpy(logits(case))
    compiled = torch.compile(lambda rows: torch.softmax(rows, -1), dynamic=False)
    return lambda: (as_array(compiled(x)),)


def scipy_fresh(case):
    from scipy.special import softmax

    x = logits(case)
    return lambda: (as_array(softmax(x, axis=-1)),)


def numpy_copy(case):
    return copy_of(logits(case))


def torch_copy(case):
    import torch

    x, out = torch.from_numpy(logits(case)), torch.zeros(case)
    return lambda: (as_array(out.copy_(x)),)
