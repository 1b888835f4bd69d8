"""How many threads BLAS may use: one beside the core, or where a pass is shorter than a wake-up.

The trap: OpenBLAS lets its threads spin for some milliseconds after each call.  The core's threads
then share their processors with threads that do nothing: a pass of 8 ms was seen to take 20.  And
on a busy machine a product of a few microseconds waits for a thread that is not running: a fit of
0.1 s was seen to take 30 s.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

from headway.kernels.core import core

__all__ = ["threads_for"]

# Multiply-adds of one product of all features with all weights, some milliseconds of work.
SHARED_WORK = 1 << 26


def threads_for(n_products: int, /) -> AbstractContextManager[Any]:
    """Return a context in which BLAS uses one thread where more would not help.

    The compiled core spreads its own work over the threads; without it, few (`n_products`)
    multiply-adds a pass are not worth it.

    Examples
    --------
    >>> with threads_for(900 * 64 * 10):
    ...     pass
    """
    if core() is None and n_products >= SHARED_WORK:
        return nullcontext()
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    # Finding the loaded libraries takes milliseconds, so it is done once, after SciPy's BLAS.
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()
