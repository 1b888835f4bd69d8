"""How many threads BLAS may use: one where a pass over the features is shorter than a wake-up.

The trap: OpenBLAS lets its threads spin while they wait.  On a busy machine a product of a few
microseconds then waits for a thread that is not running: a fit of 0.1 s was seen to take 30 s.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

__all__ = ["threads_for"]

# Multiply-adds of one product of all features with all weights, some milliseconds of work.
SHARED_WORK = 1 << 26


def threads_for(n_products: int, /) -> AbstractContextManager[Any]:
    """Return a context in which BLAS uses one thread if `n_products` multiply-adds are few.

    Examples
    --------
    >>> with threads_for(900 * 64 * 10):
    ...     pass
    """
    if n_products >= SHARED_WORK:
        return nullcontext()
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    # Finding the loaded libraries takes milliseconds, so it is done once, after SciPy's BLAS.
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()
