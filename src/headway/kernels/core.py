"""The compiled core, if there is one: which build of it runs, and on how many threads.

    HEADWAY_CORE=numpy                     use the NumPy twins instead
    HEADWAY_CORE=baseline|avx2|avx512      use this build of the core's hot loops

The core's threads are one pool, of the size of OMP_NUM_THREADS or else of the processors this
process may use; threadpoolctl changes it like any other pool.  The trap: code that asks whether
the core is there must ask each time, since tests and users may switch it off.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import threadpoolctl

from headway.errors import InputValueError

_compiled: Any = None
_missing_because: str | None = None
try:
    _compiled = import_module("headway.kernels._headway_core")
except ImportError as error:
    _missing_because = str(error)

__all__ = ["LEVELS", "available_levels", "core", "core_level", "missing_because", "use_core"]

LEVELS = ("numpy", "baseline", "avx2", "avx512")

_in_use: Any = _compiled


def core() -> Any:
    """Return the compiled module in use, or None where the NumPy twins do the work.

    Examples
    --------
    >>> with use_core("numpy"):
    ...     core() is None
    True
    """
    return _in_use


def core_level() -> str:
    """Return what runs now: "numpy", "baseline", "avx2" or "avx512"."""
    return "numpy" if _in_use is None else _in_use.level()


def available_levels() -> tuple[str, ...]:
    """Return what `use_core` accepts on this machine, slowest first."""
    if _compiled is None:
        return LEVELS[:1]
    return LEVELS[: LEVELS.index(_compiled.best_level()) + 1]


def missing_because() -> str | None:
    """Return why there is no compiled core, or None if there is one (in use or not)."""
    return _missing_because


@contextlib.contextmanager
def use_core(level: str, /) -> Iterator[None]:
    """Return a context in which the kernels run at this level, for all threads.

    Parameters
    ----------
    level : {"numpy", "baseline", "avx2", "avx512"}
        One of `available_levels()`.

    Raises
    ------
    InputValueError
        If the level is unknown or this machine does not have it.
    """
    before = core_level()
    _switch(level)
    try:
        yield
    finally:
        _switch(before)


def _switch(level: str) -> None:
    global _in_use
    if level not in available_levels():
        raise InputValueError(
            f"The level of the core must be one of {', '.join(available_levels())} on this "
            f"machine, got {level!r}. Unset HEADWAY_CORE to take the best one."
        )
    if level == "numpy":
        _in_use = None
    else:
        _compiled.set_level(level)
        _in_use = _compiled


class _CoreController(threadpoolctl.LibController):
    """Tells threadpoolctl how to size the core's pool."""

    user_api = "openmp"  # so that whoever limits OpenMP, as joblib does, limits the core too
    internal_api = "headway"
    filename_prefixes = ("_headway_core",)

    def get_num_threads(self) -> int:
        return self.dynlib.headway_get_num_threads()

    def set_num_threads(self, num_threads: int) -> None:
        self.dynlib.headway_set_num_threads(num_threads)

    def get_version(self) -> str | None:
        return None


if _compiled is not None:
    threadpoolctl.register(_CoreController)

if "HEADWAY_CORE" in os.environ:
    _switch(os.environ["HEADWAY_CORE"])
elif _compiled is None:
    warnings.warn(
        f"headway runs without its compiled core, several times slower ({_missing_because}). "
        "Install a C++ compiler, then headway again (`pip install --force-reinstall --no-deps "
        "--no-cache-dir`); HEADWAY_CORE=numpy silences this notice.",
        RuntimeWarning,
        stacklevel=2,
    )
