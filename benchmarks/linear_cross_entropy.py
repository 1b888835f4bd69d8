"""A linear layer and its cross-entropy over 128,000 classes: time, and memory at the peak.

Asked for: the loss and the gradients of features, weights and bias, for a batch of 1024 rows of
256 features, all float32.  torch does it eagerly (logits held whole) and with the chunked options
of `torch.nn.functional.linear_cross_entropy`, 128 and 256 rows at a time.  Its own choice is one or
two rows at a time, 40 s a call, and is left out; so is half precision, another question.

Memory is what the process holds at the peak of one call above what it held before it, inputs
made and library warm on a small problem; so it counts the gradients, 131 MB, for everybody.
The ratios of memory are beside both torch lines; the mark is eager's.
"""

import numpy as np

from benchmarks._fits import memory_now, reset_peak
from benchmarks._kernels import Kernel, as_array, contest
from benchmarks._pairs import interval_of_median
from benchmarks._results import rounds
from benchmarks._worker import PeerError, Worker

QUESTION = (
    "How fast, and in how much memory, is a linear layer with cross-entropy over 128k classes?"
)
SIZE = (1024, 256, 128_000)
SMALL = (64, 256, 1_000)
CHUNKS = (128, 256)


def run():
    """Return one line per contestant for time, and one for memory."""
    kernels = [Kernel("headway", headway_fused), Kernel("torch eager", torch_eager, True)]
    kernels += [
        Kernel(f"torch options, chunks of {chunk}", TORCH_CHUNKED[chunk], True) for chunk in CHUNKS
    ]
    case = "d = 256, K = 128k, batch 1024"
    lines = contest(kernels, {f"time, {case}": SIZE}, tolerance=1e-3, default_rounds=5)
    return lines + _memory_lines(kernels, f"peak memory, {case}", min(rounds(3), 3))


def _memory_lines(kernels, case, count):
    peaks = {kernel.name: _peaks(kernel, count) for kernel in kernels}
    lines = []
    for name, peak in peaks.items():
        line = {"case": case, "contestant": name}
        if peak is None:
            lines.append(line | {"note": "not measured"})
            continue
        line["MB"] = 1e-6 * float(np.median(peak))
        if name != "headway" and peaks["headway"]:
            ratios = np.array(peak) / np.array(peaks["headway"])
            low, high = interval_of_median(ratios)
            line |= {"ratio": float(np.median(ratios)), "low": low, "high": high}
        lines.append(line | {"rounds": count})
    return lines


def _peaks(kernel, count):
    """Return the extra bytes of single calls, each the first large one of a fresh process."""
    try:
        peaks = []
        for _ in range(count):
            worker = Worker(_start, kernel.setup)
            peaks.append(worker.ask("peak"))
            worker.close()
        return None if None in peaks else peaks
    except PeerError:
        return None


def _start(setup):
    def answer(_):
        setup(SMALL)()
        call = setup(SIZE)
        before = reset_peak()
        results = call()
        return None if before is None or not results else memory_now("VmHWM") - before

    return answer


def inputs(size):
    """Return float32 features, weights, int64 labels and bias, the same in every process."""
    n, d, K = size
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, d), dtype=np.float32)
    weights = rng.standard_normal((K, d), dtype=np.float32) / np.float32(np.sqrt(d))
    return features, weights, rng.integers(K, size=n), np.zeros(K, np.float32)


def headway_fused(size):
    import headway

    features, weights, labels, bias = inputs(size)

    def call():
        _, *gradients = headway.linear_cross_entropy(features, weights, labels, bias=bias)
        return tuple(as_array(gradient) for gradient in gradients)

    return call


def torch_eager(size):
    return _torch(size, None)


def torch_chunks_128(size):
    return _chunked(size, 128)


def torch_chunks_256(size):
    return _chunked(size, 256)


TORCH_CHUNKED = {128: torch_chunks_128, 256: torch_chunks_256}


def _chunked(size, chunk):
    from torch.nn import LinearCrossEntropyOptions

    return _torch(size, LinearCrossEntropyOptions(batch_chunk_size=chunk, chunking_method=None))


def _torch(size, options):
    import torch

    features, weights, labels, bias = (torch.from_numpy(array) for array in inputs(size))
    wanted = [tensor.requires_grad_() for tensor in (features, weights, bias)]

    def call():
        loss = torch.nn.functional.linear_cross_entropy(
            features, weights, labels, linear_bias=bias, reduction="sum", options=options
        )
        return tuple(as_array(gradient) for gradient in torch.autograd.grad(loss, wanted))

    return call
