"""A contest of row-wise kernels: the same input in every process, turns taken within each round.

A contestant is a function `setup(case)` that makes its input (seeded, not timed) and returns a
call without arguments; the call returns the arrays it computed.  Before a case counts, the first
rows of every contestant are compared with headway's.

Traps: a call under 20 ms is repeated until it is that long; the first call after another process
had the cache is not counted; results that are dropped give their memory back, and the next call
pays for it in page faults, unless malloc is tuned or an output is reused.  Calls over 0.3 s do
without the call that is not counted.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from benchmarks._machine import shares
from benchmarks._pairs import paired_ratio
from benchmarks._results import rounds
from benchmarks._worker import MALLOC_TUNED, THREADS, PeerError, Worker

SHORTEST, LONG = 0.02, 0.3
SAMPLED_ROWS = 64
OURS, COPY = "headway", "copy"


@dataclass(frozen=True)
class Kernel:
    """A contestant: its name, its setup, and whether its process keeps freed memory."""

    name: str
    setup: object
    malloc_tuned: bool = False
    environment: tuple = ()


def contest(kernels, cases, *, bytes_moved=None, tolerance=1e-5, default_rounds=15):
    """Return one line per case and kernel; `cases` maps a name to what setup is given."""
    workers, lines = {}, []
    for kernel in kernels:
        environment = (MALLOC_TUNED if kernel.malloc_tuned else {}) | dict(kernel.environment)
        try:
            workers[kernel.name] = Worker(_start, kernel.setup, environment=environment)
        except PeerError as error:
            lines.append({"case": "all", "contestant": kernel.name, "note": f"absent: {error}"})
    try:
        for name, case in cases.items():
            seconds, notes = _rounds(name, case, workers, rounds(default_rounds), tolerance)
            moved = bytes_moved(case) if bytes_moved else None
            lines += _lines(name, seconds, notes, moved)
    finally:
        for worker in workers.values():
            worker.close()
    return lines


def _rounds(name, case, workers, count, tolerance):
    seconds, notes, expected = {}, {}, None
    for contestant, worker in workers.items():
        try:
            sample = worker.ask(("prepare", case))
        except PeerError as error:
            notes[contestant] = str(error)
            continue
        if contestant == OURS:
            expected = sample
        notes[contestant] = ""
        if expected and not contestant.startswith(COPY):
            notes[contestant] = _disagreement(sample, expected, tolerance)
        seconds[contestant] = []
    for number in range(count):
        turn = list(seconds) if number % 2 == 0 else list(seconds)[::-1]
        for contestant in turn:
            seconds[contestant].append(workers[contestant].ask(("run",)))
    for contestant, taken in seconds.items():
        workers[contestant].ask(("forget",))
        print(f"  {name}: {contestant} {1e3 * np.median(taken):.3f} ms", file=sys.stderr)
    return seconds, notes


def _lines(name, seconds, notes, moved):
    lines = []
    for contestant, note in notes.items():
        line = {"case": name, "contestant": contestant, "milliseconds": None, "note": note}
        if contestant in seconds:
            taken = seconds[contestant]
            line["milliseconds"] = 1e3 * float(np.median(taken))
            if moved:
                line["GB/s"] = 1e-9 * moved / float(np.median(taken))
            if contestant != OURS and OURS in seconds:
                ratio, low, high = paired_ratio(taken, seconds[OURS])
                line |= {"ratio": ratio, "low": low, "high": high}
            line["rounds"] = len(taken)
        lines.append(line)
    return lines


def _disagreement(sample, expected, tolerance):
    for theirs, ours in zip(sample, expected, strict=True):
        apart = float(np.max(np.abs(theirs - ours) / (1 + np.abs(ours))))
        if not apart <= tolerance:
            return f"differs from headway by {apart:.1e}"
    return ""


def _start(setup):
    state = {}

    def answer(message):
        if message[0] == "forget":
            state.clear()
            return None
        if message[0] == "prepare":
            state.clear()
            state["call"] = setup(message[1])
            # Copied: an output that is reused is overwritten by the next call.
            sample = [np.array(part[:SAMPLED_ROWS]) for part in state["call"]()]
            state["seconds"] = _seconds(state["call"], 1)
            state["repeats"] = int(SHORTEST / state["seconds"]) + 1
            return sample
        if state["seconds"] < LONG:
            _seconds(state["call"], 1)
        return _seconds(state["call"], state["repeats"])

    return answer


def _seconds(call, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def copy_of(x):
    """Return a call that copies an array into another with all threads, as NumPy copies."""
    flat, out = x.reshape(-1), np.zeros_like(x)
    places = shares(len(flat))
    pool = ThreadPoolExecutor(THREADS)

    def copy(place):
        np.copyto(out.reshape(-1)[place], flat[place])

    def call():
        list(pool.map(copy, places))
        return (as_array(out),)

    return call


def as_array(rows):
    """Return 2-D NumPy rows of a NumPy array or torch tensor, for the comparison."""
    rows = np.asarray(rows)
    return rows[:, None] if rows.ndim == 1 else rows
