"""What this machine can do at best, measured with the same number of threads in the same run.

    copy    GB/s, one read and one write counted, of 256 MB float32 arrays that are in memory
    read    GB/s of the same arrays (a dot product of each part with itself)
    sgemm   GFLOP/s of 2048 x 2048 float32

The trap: the first write to a fresh array measures page faults, so every array is touched first;
and the best of several repeats counts, because a limit is what is possible.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from benchmarks._worker import THREADS, Worker

CELLS = 1 << 26
ORDER = 2048
REPEATS = 8


def machine_limits():
    """Return the limits as a dict, measured in a process of its own."""
    worker = Worker(_start)
    limits = worker.ask("measure")
    worker.close()
    return limits


def _start():
    return lambda _: _measured()


def _measured():
    read_from, write_to = np.ones(CELLS, np.float32), np.ones(CELLS, np.float32)
    parts = shares(CELLS)
    with ThreadPoolExecutor(THREADS) as pool:

        def all_parts(work):
            return lambda: list(pool.map(work, parts))

        copy = _best(all_parts(lambda part: np.copyto(write_to[part], read_from[part])))
    from threadpoolctl import threadpool_limits

    with ThreadPoolExecutor(THREADS) as pool, threadpool_limits(1):
        read = _best(lambda: list(pool.map(lambda p: read_from[p] @ read_from[p], parts)))
    matrix = np.ones((ORDER, ORDER), np.float32)
    product = np.empty_like(matrix)
    gemm = _best(lambda: np.matmul(matrix, matrix, out=product))
    limits = {
        "copy GB/s": 8e-9 * CELLS / copy,
        "read GB/s": 4e-9 * CELLS / read,
        "sgemm GFLOP/s": 2e-9 * ORDER**3 / gemm,
    }
    try:
        import torch
    except ImportError:
        return limits
    torch.set_num_threads(THREADS)
    theirs, mine = torch.from_numpy(read_from), torch.from_numpy(write_to)
    limits["copy GB/s (torch)"] = 8e-9 * CELLS / _best(lambda: mine.copy_(theirs))
    matrix = torch.from_numpy(matrix)
    product = torch.from_numpy(product)
    best = _best(lambda: torch.matmul(matrix, matrix, out=product))
    limits["sgemm GFLOP/s (torch)"] = 2e-9 * ORDER**3 / best
    return limits


def shares(n):
    """Return one slice of n cells for each thread."""
    bounds = [n * thread // THREADS for thread in range(THREADS + 1)]
    return [slice(*pair) for pair in pairwise(bounds)]


def _best(work):
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
