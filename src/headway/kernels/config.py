"""What headway runs on, for people who ask why it is slow and for reports of faults.

The trap: BLAS libraries are seen by threadpoolctl only once something has loaded them, and torch
must not be loaded to learn its version.
"""

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from operator import itemgetter
from pathlib import Path
from typing import Any

import threadpoolctl

from headway._version import __version__
from headway.kernels.core import available_levels, core, core_level, missing_because

__all__ = ["BlasLibrary", "Config", "show_config"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch")


@dataclass(frozen=True)
class BlasLibrary:
    """One loaded library of matrix products.

    Parameters
    ----------
    name : str
        Such as "openblas" or "mkl".
    version, architecture : str or None
        As the library says.
    threads : int
        How many threads it may use now.
    file : str
        Its file and folder; each package may bring a library of its own.
    """

    name: str
    version: str | None
    architecture: str | None
    threads: int
    file: str

    def __str__(self) -> str:
        model = f" ({self.architecture})" if self.architecture else ""
        version = f" {self.version}" if self.version else ""
        return f"{self.name}{version}{model}, {_count(self.threads, 'thread')}, {self.file}"


@dataclass(frozen=True, repr=False)
class Config:
    """What headway runs on; printed, it is a table.

    Parameters
    ----------
    headway : str
        Version.
    core : {"numpy", "baseline", "avx2", "avx512"}
        What the kernels run on now: NumPy, or a build of the compiled core.
    available : tuple of str
        What `HEADWAY_CORE` may ask for on this machine, slowest first.
    missing_because : str or None
        Why there is no compiled core: what its import said.
    threads : int
        Threads of the core's pool; 1 where NumPy does the work.
    blas : tuple of BlasLibrary
        The libraries behind NumPy's and SciPy's matrix products.
    python : str
        Version.
    packages : dict of str to str or None
        Versions; None for a package that is not installed.
    processor : str
        Its name.
    processors : int
        How many this process may use.
    """

    headway: str
    core: str
    available: tuple[str, ...]
    missing_because: str | None
    threads: int
    blas: tuple[BlasLibrary, ...]
    python: str
    packages: dict[str, str | None]
    processor: str
    processors: int

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.rows())
        return "\n".join(f"{name:<{width}}  {value}" for name, value in self.rows())

    __repr__ = __str__

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values as text, one pair a line of the table."""
        return [
            ("headway", self.headway),
            ("core", self._core()),
            ("threads", str(self.threads)),
            *(("blas", str(library)) for library in self.blas),
            ("python", self.python),
            *((name, found or "not installed") for name, found in self.packages.items()),
            ("processor", f"{self.processor}, {_count(self.processors, 'core')}"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as a dict that JSON can hold."""
        return asdict(self)

    def _core(self) -> str:
        if self.missing_because is not None:
            return f"numpy, for there is no compiled core: {self.missing_because}"
        if self.core == "numpy":
            return f"numpy, asked for; there is {', '.join(self.available[1:])}"
        slower = self.available[: self.available.index(self.core)]
        faster = self.available[len(slower) + 1 :]
        return f"{self.core}; there is also {', '.join(slower + faster)}"


def show_config() -> Config:
    """Return what headway runs on: its compiled core, threads, libraries and machine.

    Returns
    -------
    Config
        Prints as a table; `to_dict()` is ready for JSON.

    See Also
    --------
    headway.kernels.core.use_core : run the kernels at another level for a while.

    Examples
    --------
    >>> config = show_config()
    >>> config.core in config.available
    True
    >>> str(config).splitlines()[0]
    'headway       0.1.0'
    """
    compiled = core()
    return Config(
        headway=__version__,
        core=core_level(),
        available=available_levels(),
        missing_because=missing_because(),
        threads=1 if compiled is None else compiled.threads(),
        blas=_blas_libraries(),
        python=platform.python_version(),
        packages={package: _version(package) for package in PACKAGES},
        processor=_processor(),
        processors=_processors(),
    )


def _blas_libraries() -> tuple[BlasLibrary, ...]:
    # Loads SciPy's BLAS, so that threadpoolctl finds it.
    import scipy.linalg  # noqa: F401

    return tuple(
        BlasLibrary(
            name=found["internal_api"],
            version=found["version"],
            architecture=found.get("architecture"),
            threads=found["num_threads"],
            file="/".join(Path(found["filepath"]).parts[-2:]),
        )
        for found in sorted(threadpoolctl.threadpool_info(), key=itemgetter("filepath"))
        if found["user_api"] == "blas"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processors() -> int:
    # Containers often grant fewer than the machine has; macOS cannot say.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
