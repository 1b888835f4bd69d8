"""A process of its own for each contestant: the same threads, a warm library, and it can be killed.

    worker = Worker(start, *arguments)      start(*arguments) runs there and returns `answer`
    worker.ask(message)                     answer(message), computed there

The traps: libraries that share a process share OpenMP and BLAS pools; environment variables are
read at import; a solver written in C cannot be interrupted; and a peer that patches or tunes its
process must not do so to the others.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from contextlib import contextmanager

THREADS = int(os.environ.get("HEADWAY_BENCH_THREADS", "2"))
THREAD_SETTINGS = {
    name: str(THREADS) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}
# Memory that is freed stays with the process: no page faults for fresh arrays (glibc).
MALLOC_TUNED = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 36),
    "MALLOC_TOP_PAD_": str(1 << 26),
}
START_LIMIT = 600.0


class CutOffError(Exception):
    """The answer took longer than its limit; the worker is gone."""


class PeerError(Exception):
    """The worker raised, or its process died; the text says what."""


class Worker:
    """A process that answers for one contestant."""

    def __init__(self, start, *arguments, environment=None):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, start, arguments), daemon=True)
        with _environment(THREAD_SETTINGS | (environment or {})):
            self._process.start()
        theirs.close()
        try:
            self._receive(START_LIMIT)
        except PeerError:
            self.close()
            raise

    def ask(self, message, limit=START_LIMIT):
        """Return the answer; raise CutOffError after `limit` seconds, PeerError if it failed."""
        self._pipe.send(message)
        return self._receive(limit)

    def _receive(self, limit):
        if not self._pipe.poll(limit):
            self.close()
            raise CutOffError
        try:
            answer = self._pipe.recv()
        except EOFError:
            self.close()
            raise PeerError("its process died") from None
        if isinstance(answer, PeerError):
            raise answer
        return answer

    def close(self):
        """End the process, busy or not."""
        if self._process.is_alive():
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (AttributeError, ProcessLookupError, PermissionError):
                self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe, start, arguments):
    # A group of its own, so that processes that a peer starts end with it; and a daemon, which is
    # ended with the parent, may not start any: scikit-learn's n_jobs=2 would silently be 1.
    if hasattr(os, "setsid"):
        os.setsid()
    _end_with_parent()
    multiprocessing.current_process()._config["daemon"] = False
    # Peers print their progress; nobody reads it, and standard output is the tables'.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        answer = start(*arguments)
    except Exception as error:  # an absent peer or data set: the parent decides what it means
        pipe.send(_failure(error))
        return
    pipe.send(None)
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        try:
            reply = answer(message)
        except Exception as error:
            reply = _failure(error)
        pipe.send(reply)


def _end_with_parent():
    """Ask Linux to end this process with its parent, even in the middle of a solver in C."""
    parent_death_signal = 1
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)


def _failure(error):
    return PeerError(f"{type(error).__name__}: {error}"[:500])


@contextmanager
def _environment(settings):
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
